"""A request that went wrong in, how long to wait before it is made once more out, or that it is not. Pure.

GitHub's limits: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
"""

from collections.abc import Mapping

from msgspec import Struct

MOST_TRIES = 5
FIRST_PAUSE_S = 0.5
SECONDARY_S = 60.0
"""GitHub asks for a minute at least, where it does not say how long."""
BROKEN = frozenset({500, 502, 503, 504})
LIMITED = frozenset({403, 429})
SECONDARY = ("secondary rate limit", "abuse detection")


class Trouble(Struct, frozen=True, kw_only=True):
    """What came instead of an answer. `status` is None when nothing came; the names of `headers` are lower-case."""

    message: str
    status: int | None = None
    headers: Mapping[str, str] = {}

    @property
    def maybe_done(self) -> bool:
        """Tell whether GitHub may have carried it out all the same."""
        return self.status is None or self.status in BROKEN


def pause_s(trouble: Trouble, tries: int, now: float) -> float | None:
    """Give the seconds to wait after so many tries; None when trying again changes nothing. `now`: epoch seconds."""
    if trouble.maybe_done:
        return FIRST_PAUSE_S * 2 ** (tries - 1) if tries < MOST_TRIES else None
    if trouble.status not in LIMITED:
        return None
    asked = _seconds(trouble.headers.get("retry-after"))
    if asked is not None:
        return asked
    resets = _seconds(trouble.headers.get("x-ratelimit-reset"))
    if trouble.headers.get("x-ratelimit-remaining") == "0" and resets is not None:
        return max(1.0, resets - now)
    if trouble.status == 429 or any(word in trouble.message.lower() for word in SECONDARY):  # noqa: PLR2004
        return SECONDARY_S
    return None


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdecimal() else None
