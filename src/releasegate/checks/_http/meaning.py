"""An answer's headers, URLs and peer, or a failure, in; what they mean out. Pure."""

import re
from urllib.parse import quote, urljoin, urlsplit

from msgspec.structs import replace

from releasegate.checks.compose import SAFE_IN_PATH, Headers
from releasegate.errors import CouldNotLook
from releasegate.model import Contact

LONGEST_RETRY_AFTER_S = 5.0
MOST_DIGITS = 15
OF_CACHES = {"x-cache": "X-Cache", "cf-cache-status": "CF-Cache-Status"}
HIT = re.compile(r"(?<![a-z])hit(?![a-z])", re.IGNORECASE)
BEFORE_A_BYTE = frozenset({"closed", "reset"})
LONGEST_RACE_S = 1.0


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


def stored_s_ago(headers: Headers) -> float | None:
    """Give how long ago a cache stored the answer: the largest Age that is a number of seconds; None if none is."""
    for name, _ in headers:
        if name == "age":
            break
    else:
        return None
    ages = (part.strip() for name, value in headers if name == "age" for part in value.split(","))
    return max(
        (float(age.lstrip("0")[:MOST_DIGITS] or 0) for age in ages if age.isascii() and age.isdigit()), default=None
    )


def from_a_cache(headers: Headers) -> str | None:
    """Say what an answer tells of a cache where it does not tell its age; None where there is nothing to say."""
    told = [name for name, value in headers if name == "age" or (name in OF_CACHES and HIT.search(value))]
    if not told:
        return None
    if "age" in told:
        return None if stored_s_ago(headers) is not None else "its Age is no number of seconds, and was not judged"
    return f"{OF_CACHES[told[0]]} says HIT, without an Age: it may be an old answer from a cache"


def closed_before_a_byte(error: CouldNotLook) -> bool:
    silent = error.contact is None or error.contact.bytes_received == 0
    return silent and error.trouble.reason in BEFORE_A_BYTE


def lost_a_race(error: CouldNotLook) -> bool:
    """Tell a request that met the end of a connection kept for it: it lay idle for too long, and staging did no wrong.

    Such an end was on its way already; a connection that ends later was ended by what the request did.
    """
    spent_s = sum(phase.duration_s for phase in error.phases)
    return error.reused and closed_before_a_byte(error) and spent_s <= LONGEST_RACE_S


def joined(base: str, location: str) -> str:
    """Resolve where staging points to, encoded; nonsense comes back as it is, and is on no target."""
    try:
        return quote(urljoin(base, _as_utf8(location)).partition("#")[0], safe=SAFE_IN_PATH)
    except ValueError:
        return ""


def _as_utf8(text: str) -> str:
    """Give a header's text, which has a character for each byte, as the UTF-8 that it is, if it is."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def shown(url: str) -> str:
    """Give a URL as it may be printed: without userinfo, query and fragment; those hold secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "nonsense"
    host = parts.netloc.rpartition("@")[2]
    text = f"{parts.scheme}://{host}{parts.path}"
    return text if len(text) <= 200 else f"{text[:199]}…"  # noqa: PLR2004


def add_contact(contacts: list[Contact], contact: Contact) -> None:
    """Append who answered, or add it to the contact with the same peer."""
    for index, known in enumerate(contacts):
        if (known.target, known.address, known.port, known.tls) == (
            contact.target, contact.address, contact.port, contact.tls,
        ):  # fmt: skip
            contacts[index] = replace(
                known,
                requests=known.requests + contact.requests,
                bytes_sent=known.bytes_sent + contact.bytes_sent,
                bytes_received=known.bytes_received + contact.bytes_received,
            )
            return
    contacts.append(contact)
