"""A request of the config and a sample's scope in, the path, headers and body bytes that are sent out. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from releasegate import __version__
from releasegate.checks._http.spec import Content, File, Headers, Part, Request
from releasegate.template import Template, as_text, compile_text, fill, names_in

USER_AGENT = f"releasegate/{__version__}"
DEFAULTS: Headers = (("User-Agent", USER_AGENT), ("Accept", "*/*"))
SAFE_IN_PATH = "/?&=%:@!$'()*+,;~-._[]"
DOTS = frozenset({".", ".."})
BOUNDARY = "releasegate-{{nonce}}"
CONTENT_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
    "multipart": f"multipart/form-data; boundary={BOUNDARY}",
    "file": "application/octet-stream",
}
ReadFile = Callable[[File], bytes]


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


def default_headers(
    headers: tuple[tuple[str, str | Template], ...], method: str, form: str | None
) -> tuple[tuple[str, str | Template], ...]:
    """Put what every request says before what this one says, and the type of its body.

    Some servers refuse a POST that does not say that it has no body (411).
    """
    said = {name.lower() for name, _ in headers}
    before: list[tuple[str, str | Template]] = [(n, v) for n, v in DEFAULTS if n.lower() not in said]
    if form and "content-type" not in said:
        before.append(("Content-Type", compile_text(CONTENT_TYPES[form])))
    if form is None and method in {"post", "put", "patch"}:
        before.append(("Content-Length", "0"))
    return (*before, *headers)


def filled_headers(request: Request, scope: Mapping[str, Any]) -> Headers:
    """Fill the headers. Raises Refused for a value that is not printable ASCII: it could become another header."""
    if request.plain_headers is not None:
        return request.plain_headers
    out = []
    for name, compiled in request.headers:
        value = compiled if isinstance(compiled, str) else compiled.text(scope)
        if not is_header_value(value):
            raise Refused(f"the value for the header {name} is not printable ASCII")
        out.append((name, value))
    return tuple(out)


def is_header_value(value: str) -> bool:
    return value.isascii() and value.isprintable()


def merged(*layers: Headers) -> Headers:
    """Join layers of headers; a name in a later layer replaces it in the earlier ones, whatever its case."""
    said: set[str] = set()
    kept: list[Headers] = []
    for layer in reversed(layers):
        kept.append(tuple(pair for pair in layer if pair[0].lower() not in said))
        said.update(name.lower() for name, _ in layer)
    return tuple(pair for layer in reversed(kept) for pair in layer)


def prepared(content: Content | None) -> "bytes | Content | None":
    """Encode at once what has no holes and reads no file."""
    if content is None or content.form in {"multipart", "file"} or any(names_in(content.value)):
        return content
    return encode_content(content, {}, _no_file)


def encode_content(content: Content, scope: Mapping[str, Any], read: ReadFile) -> bytes:
    match content.form:
        case "json":
            import json

            filled = fill(content.value, scope)
            return json.dumps(filled, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        case "form":
            return _form(fill(content.value, scope)).encode()
        case "multipart":
            return _multipart(content.value, scope, read)
        case "file":
            return read(content.value)
    return as_text(fill(content.value, scope)).encode()


def _form(fields: Mapping[str, Any]) -> str:
    return "&".join(
        f"{quote_plus(name)}={quote_plus(as_text(item))}"
        for name, value in fields.items()
        for item in (value if isinstance(value, list) else [value])
    )


def _multipart(parts: tuple[Part, ...], scope: Mapping[str, Any], read: ReadFile) -> bytes:
    boundary = b"--releasegate-" + as_text(scope["nonce"]).encode()
    out = bytearray()
    for part in parts:
        head = f'Content-Disposition: form-data; name="{_quoted(part.name)}"'
        if part.file:
            filename = part.filename or part.file.path.rsplit("/", 1)[-1]
            head += f'; filename="{_quoted(filename)}"'
            head += f"\r\nContent-Type: {part.content_type or CONTENT_TYPES['file']}"
        elif part.content_type:
            head += f"\r\nContent-Type: {part.content_type}"
        data = read(part.file) if part.file else as_text(fill(part.value, scope)).encode()
        out += boundary + b"\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n"
    return bytes(out + boundary + b"--\r\n")


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _no_file(file: File) -> bytes:
    raise Refused(f"{file.path} is read when the sample is taken")
