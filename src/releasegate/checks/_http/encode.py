"""A request of the config and a sample's scope in, the headers and body bytes that are sent out. Pure."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus

from releasegate import __version__
from releasegate.checks._http.spec import Content, File, Part
from releasegate.checks.compose import Headers, Refused
from releasegate.template import Template, as_text, compile_text, fill, names_in

USER_AGENT = f"releasegate/{__version__}"
DEFAULTS: Headers = (("User-Agent", USER_AGENT), ("Accept", "*/*"))
BOUNDARY = "releasegate-{{nonce}}"
CONTENT_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
    "multipart": f"multipart/form-data; boundary={BOUNDARY}",
    "file": "application/octet-stream",
}
ReadFile = Callable[[File], bytes]


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
