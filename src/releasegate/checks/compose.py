"""Compiled paths and headers of a config and a sample's scope in, what is sent of them out. Pure; no kind owns it."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from releasegate.config.asking import is_header_value
from releasegate.template import Template, as_text, fill

SAFE_IN_PATH = "/?&=%:@!$'()*+,;~-._[]"
COOKIE_FIELDS = 7
DOTS = frozenset({".", ".."})
Headers = tuple[tuple[str, str], ...]


class Refused(ValueError):  # noqa: N818 - it says what was done to the value
    """A value from staging that may not be put where the config wants it."""


def encode_path(compiled: str | Template) -> str | Template:
    """Percent-encode what is literal; what has the form %XX is left, holes are encoded when they are filled."""
    if isinstance(compiled, str):
        return quote(compiled, safe=SAFE_IN_PATH)
    literal = (quote(p, safe=SAFE_IN_PATH) if i % 2 == 0 else p for i, p in enumerate(compiled.parts))
    return Template(compiled.source, tuple(literal))


def filled_path(path: str | Template, query: tuple[tuple[str, Any], ...], scope: Mapping[str, Any]) -> str:
    """Fill path and query. A list repeats its name, null sends the name alone.

    Raises Refused when a hole made a segment `..`: deleting /orders/.. is not what the config says.
    """
    text = path if isinstance(path, str) else path.text(scope, percent_encode=True)
    if not isinstance(path, str) and not DOTS.isdisjoint(text.partition("?")[0].split("/")):
        raise Refused(f"what fills {path.source} leads to another path")
    if not query:
        return text
    pairs = "&".join(_pairs(query, scope))
    if not pairs:
        return text
    return f"{text}{'&' if '?' in text else '?'}{pairs}"


def _pairs(fields: tuple[tuple[str, Any], ...], scope: Mapping[str, Any]) -> Iterator[str]:
    for name, compiled in fields:
        value = fill(compiled, scope)
        for item in value if isinstance(value, list) else [value]:
            yield quote(name, safe="") if item is None else f"{quote(name, safe='')}={quote(as_text(item), safe='')}"


def filled_headers(headers: tuple[tuple[str, str | Template], ...], scope: Mapping[str, Any]) -> Headers:
    """Fill headers. Raises Refused for a value that is not printable ASCII: it could become another header."""
    out = []
    for name, compiled in headers:
        value = compiled if isinstance(compiled, str) else compiled.text(scope)
        if not is_header_value(value):
            raise Refused(f"the value for the header {name} is not printable ASCII")
        out.append((name, value))
    return tuple(out)


def merged(*layers: Headers) -> Headers:
    """Join layers of headers; a name in a later layer replaces it in the earlier ones, whatever its case."""
    said: set[str] = set()
    kept: list[Headers] = []
    for layer in reversed(layers):
        kept.append(tuple(pair for pair in layer if pair[0].lower() not in said))
        said.update(name.lower() for name, _ in layer)
    return tuple(pair for layer in reversed(kept) for pair in layer)


def cookie_header(lines: tuple[str, ...], path: str) -> Headers:
    """Write the cookies for a path, given as Netscape lines, as the header that shows them."""
    cookies = (line.split("\t") for line in lines if line.count("\t") == COOKIE_FIELDS - 1)
    pairs = [f"{name}={value}" for _, _, scope, _, _, name, value in cookies if _is_within(path, scope)]
    return (("Cookie", "; ".join(pairs)),) if pairs else ()


def _is_within(path: str, scope: str) -> bool:
    """Tell whether a cookie of one path is shown at another (RFC 6265, 5.1.4)."""
    return path == scope or path.startswith(scope if scope.endswith("/") else f"{scope}/")
