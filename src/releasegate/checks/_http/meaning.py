"""What an answer's headers and URLs mean. Pure."""

from urllib.parse import quote, urljoin, urlsplit

from releasegate.checks.compose import SAFE_IN_PATH, Headers
from releasegate.errors import CouldNotLook

LONGEST_RETRY_AFTER_S = 5.0
BEFORE_A_BYTE = frozenset({"closed", "reset"})


def header(headers: Headers, name: str) -> str | None:
    """Give the first header of that (lower-case) name."""
    return next((value for known, value in headers if known == name), None)


def cookies_set(headers: Headers) -> Headers:
    """Read name and value of each Set-Cookie."""
    pairs = (value.partition(";")[0].partition("=") for name, value in headers if name == "set-cookie")
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def retry_after_s(headers: Headers) -> float | None:
    """Read a Retry-After in seconds, if it is one that a sample can wait for."""
    said = (header(headers, "retry-after") or "").strip()
    if not said.isascii() or not said.isdigit() or len(said) > 3:  # noqa: PLR2004
        return None
    return float(said) if float(said) <= LONGEST_RETRY_AFTER_S else None


def closed_before_a_byte(error: CouldNotLook) -> bool:
    silent = error.contact is None or error.contact.bytes_received == 0
    return silent and error.trouble.reason in BEFORE_A_BYTE


def joined(base: str, location: str) -> str:
    """Resolve where staging points to, encoded; nonsense comes back as it is, and is on no target."""
    try:
        return quote(urljoin(base, location).partition("#")[0], safe=SAFE_IN_PATH)
    except ValueError:
        return ""


def shown(url: str) -> str:
    """Give a URL as it may be printed: without userinfo, query and fragment; those hold secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "nonsense"
    host = parts.netloc.rpartition("@")[2]
    text = f"{parts.scheme}://{host}{parts.path}"
    return text if len(text) <= 200 else f"{text[:199]}…"  # noqa: PLR2004
