"""A trace id and a count in, the W3C header by which a request is found again in the traces of staging out. Pure.

https://www.w3.org/TR/trace-context/, version 00. The flag asks those who sample traces to keep this one.
"""

import re

HEADER = "traceparent"
FORM = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")

Headers = tuple[tuple[str, str], ...]


def traced(headers: Headers, trace: str, number: int) -> Headers:
    """Add the header of the `number`th request, counted from 1, of a trace: 32 hex digits. One that is there stays."""
    if any(name.lower() == HEADER for name, _ in headers):
        return headers
    return (*headers, (HEADER, f"00-{trace}-{number:016x}-01"))


def trace_of(headers: Headers) -> str | None:
    """Give the trace that a request belongs to; None when its header is no sound one."""
    said = next((value for name, value in headers if name.lower() == HEADER), "")
    match = FORM.fullmatch(said.strip())
    return match[1] if match else None
