"""Secrets and text in, text without the secrets out, in whatever encoding staging gave them back.

Plain, URL-encoded, JSON- and HTML-escaped as servers of several languages do, in hex, and in base64 at any of its three
offsets: for each the part of the encoding that does not depend on what stands around the secret.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

import msgspec

from releasegate.model import (
    CheckResult,
    Contact,
    Diagnosis,
    Expectation,
    Measurement,
    Origin,
    Phase,
    Reading,
    Sample,
    Trouble,
)

SHOWN = "***"
SHORTEST = 4
SHORTEST_ENCODED = 6
"""A shorter stable part of an encoding would be found in innocent text."""
OURS: dict[type, frozenset[str]] = {
    CheckResult: frozenset({"id", "suite", "kind", "label", "profile", "hash", "targets", "twin", "needs", "diagnose"}),
    Sample: frozenset({"outcome", "started", "target", "fallback"}),
    Diagnosis: frozenset({"check"}),
    Expectation: frozenset({"subject", "operator", "level", "step"}),
    Phase: frozenset({"name", "step"}),
    Trouble: frozenset({"phase", "reason", "target", "step"}),
    Contact: frozenset({"target"}),
    Reading: frozenset({"target", "moment", "at"}),
    Origin: frozenset({"pull", "base", "changed", "deleted", "added", "terms", "approvers", "approved_by"}),
    Measurement: frozenset({"name", "file", "at", "unit"}),
}
"""What the config names and the gate says itself: a secret that is also a word of ours would garble the verdict."""
TELLING = 12
"""So many characters of the beginning of a secret are taken for it, wherever they stand."""
CUT = "…"
LINE_ENDS = frozenset("\r\n")
NUMBERS = (int, float)
Cleaned = TypeVar("Cleaned")


class Redactor:
    """Replaces secrets. Values shorter than four characters are left alone, and named by `too_short`."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets: set[str] = set()
        self.too_short = 0
        self._forms: tuple[str, ...] = ()
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Learn more secrets: tokens are obtained and minted while a run goes."""
        fresh = {secret for secret in secrets if secret and secret not in self.secrets}
        self.too_short += sum(len(secret) < SHORTEST for secret in fresh)
        self.secrets |= {secret for secret in fresh if len(secret) >= SHORTEST}
        if fresh:
            forms = {form for secret in self.secrets for form in encodings(secret)}
            self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))

    def clean(self, text: str) -> str:
        """Give the text with every secret replaced by `***`, also one of which a cut left only the beginning."""
        there = [form for form in self._forms if form[:TELLING] in text]
        for form in there:
            text = text.replace(form, SHOWN)
        for beginning in dict.fromkeys(form[:TELLING] for form in there):
            text = _without_beginnings(text, beginning, [form for form in there if form[:TELLING] == beginning])
        return self._without_cut(text) if CUT in text else text

    def _without_cut(self, text: str) -> str:
        """Take away what stands before a cut and is the beginning of a secret, though too short to tell elsewhere."""
        *parts, last = text.split(CUT)
        return CUT.join([*(self._trimmed(part) for part in parts), last])

    def _trimmed(self, part: str) -> str:
        for form in self._forms:
            for size in range(min(len(form), TELLING) - 1, SHORTEST - 1, -1):
                if part.endswith(form[:size]):
                    return part[: len(part) - size] + SHOWN
        return part

    def clean_struct(self, struct: Cleaned) -> Cleaned:
        """Clean the texts of a struct that are not OURS.

        An expectation whose values had to change can no longer be judged from them.
        """
        if not self.secrets:
            return struct
        encoded = msgspec.json.encode(struct).decode()
        return struct if self.clean(encoded) == encoded else self._rebuilt(struct)

    def _rebuilt(self, value: Any) -> Any:
        if isinstance(value, msgspec.Struct):
            ours = OURS.get(type(value), frozenset())
            fields = {name: getattr(value, name) for name in value.__struct_fields__}
            fields |= {n: self._rebuilt(v) for n, v in fields.items() if n not in ours and not isinstance(v, NUMBERS)}
            if isinstance(value, Expectation):
                fields["demanded"] = self._rebuilt(value.demanded)
                same = (fields["found"], fields["demanded"]) == (value.found, value.demanded)
                fields["kept"] = value.kept and same
            return type(value)(**fields)
        if isinstance(value, tuple):
            return tuple(self._rebuilt(item) for item in value)
        if isinstance(value, list):
            return [self._rebuilt(item) for item in value]
        if isinstance(value, dict):
            return {self.clean(key): self._rebuilt(item) for key, item in value.items()}
        if isinstance(value, NUMBERS) and not isinstance(value, bool):
            cleaned = self.clean(str(value))  # a key of digits may come back as a number
            return value if SHOWN not in cleaned else cleaned
        return self.clean(value) if type(value) is str else value


def _without_beginnings(text: str, beginning: str, forms: Iterable[str]) -> str:
    """Replace each place that agrees with the beginning of forms, as far as it agrees with any."""
    out, at = "", 0
    while (found := text.find(beginning, at)) >= 0:
        out += text[at:found] + SHOWN
        at = max(_agreeing(text, found, form) for form in forms)
    return out + text[at:]


def _agreeing(text: str, at: int, form: str) -> int:
    """Give where a text ceases to agree with a form: lines may be broken anywhere, as base64 often is."""
    end = at
    for char in form:
        while text[at : at + 1] in LINE_ENDS:
            at += 1
        if text[at : at + 1] != char:
            break
        at = end = at + 1
    return end


def encodings(secret: str) -> Iterator[str]:
    """Give the forms in which a secret may come back."""
    import html

    raw = secret.encode("utf-8", "surrogatepass")
    yield secret
    plain = {quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace"), quote(secret)}
    yield from plain
    yield from (re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), form) for form in plain)
    yield from {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    yield from {json.dumps(secret)[1:-1].replace("/", "\\/"), html.escape(secret), html.escape(secret, quote=False)}
    yield from {html.escape(secret).replace("&#x27;", "&#39;").replace("&quot;", quot) for quot in ("&quot;", "&#34;")}
    yield from _json_for_html(secret)
    yield from {raw.hex(), raw.hex().upper()}
    yield from _base64(raw)


def _json_for_html(secret: str) -> Iterator[str]:
    """Give it as encoders write JSON that may stand in HTML: those of Go, and of .NET."""
    text = json.dumps(secret)[1:-1]
    yield re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text)
    yield re.sub("\\\\?\"|[<>&'+`]", lambda found: f"\\u{ord(found[0][-1]):04X}", text)


def _base64(raw: bytes) -> Iterator[str]:
    """Give the characters of the base64 form that the secret alone decides, at each of the three offsets."""
    for offset in range(3):
        encoded = b64encode(b"\0" * offset + raw).decode()
        first = (offset * 8 + 5) // 6
        last = (offset + len(raw)) * 8 // 6
        core = encoded[first:last]
        if len(core) >= SHORTEST_ENCODED:
            yield core
            yield core.replace("+", "-").replace("/", "_")
