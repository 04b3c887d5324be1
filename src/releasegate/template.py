r"""`{{name}}` holes: text or JSON values in, compiled templates out, filled from a sample's scope.

A hole that is alone in a scalar keeps the type of what fills it; `\{{` stands for a literal `{{`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

HOLE = re.compile(r"\\\{\{|\{\{\s*([A-Za-z0-9_.-]*)\s*\}\}")
BUILTIN_HOLES = frozenset({"nonce", "uuid", "now"})


class Template:
    """Text with holes. `parts` alternates literal text and hole names, beginning with text."""

    __slots__ = ("names", "parts", "source")

    def __init__(self, source: str, parts: tuple[str, ...]) -> None:
        self.source = source
        self.parts = parts
        self.names = frozenset(parts[1::2])

    def fill(self, scope: Mapping[str, Any]) -> Any:
        """Give the value: the hole's own type if it stands alone, else text. Raises KeyError on an empty hole."""
        if len(self.parts) == 3 and not self.parts[0] and not self.parts[2]:  # noqa: PLR2004
            return scope[self.parts[1]]
        return self.text(scope)

    def text(self, scope: Mapping[str, Any], *, percent_encode: bool = False) -> str:
        out = [self.parts[0]]
        for index in range(1, len(self.parts), 2):
            value = as_text(scope[self.parts[index]])
            out.append(quote(value, safe="") if percent_encode else value)
            out.append(self.parts[index + 1])
        return "".join(out)

    def __repr__(self) -> str:
        return f"Template({self.source!r})"


def as_text(value: Any) -> str:
    """Text of a JSON value as it is put into other text: `true`, `null`, numbers as JSON writes them."""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def compile_text(source: str) -> "str | Template":
    """Compile; text without holes comes back as plain text, with its escapes resolved."""
    if "{{" not in source:
        return source
    parts: list[str] = [""]
    at = 0
    for match in HOLE.finditer(source):
        parts[-1] += source[at : match.start()]
        at = match.end()
        if match.group(1) is None:
            parts[-1] += "{{"
        else:
            parts += [match.group(1), ""]
    parts[-1] += source[at:]
    return parts[0] if len(parts) == 1 else Template(source, tuple(parts))


def compile_value(value: Any) -> Any:
    """Compile every string of a JSON value; containers are rebuilt, so a constant stays a constant."""
    if isinstance(value, str):
        return compile_text(value)
    if isinstance(value, list):
        return [compile_value(item) for item in value]
    if isinstance(value, dict):
        return {key: compile_value(item) for key, item in value.items()}
    return value


def fill(value: Any, scope: Mapping[str, Any]) -> Any:
    """Fill every template inside a compiled value."""
    if isinstance(value, Template):
        return value.fill(scope)
    if isinstance(value, list):
        return [fill(item, scope) for item in value]
    if isinstance(value, dict):
        return {key: fill(item, scope) for key, item in value.items()}
    return value


def names_in(value: Any) -> Iterator[str]:
    """Give the names of all holes inside a compiled value."""
    if isinstance(value, Template):
        yield from value.names
    elif isinstance(value, list):
        for item in value:
            yield from names_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from names_in(item)
