"""libcurl's times, codes and messages in; phases, reasons and sentences out. Pure."""

from typing import Any

import pycurl

from releasegate.model import Phase
from releasegate.wire.reasons import OS_REASONS

MICRO = 1e-6
OPENING = ("name", "connect", "TLS")
ORDER = (*OPENING, "request", "first byte", "transfer")
SENT_T = getattr(pycurl, "POSTTRANSFER_TIME_T", None)  # libcurl 8.10; before, the start of sending stands for its end

TOO_LARGE = 100  # CURLE_TOO_LARGE: more header fields, or a longer one, than libcurl takes
TLS_CODES = frozenset({35, 51, 53, 54, 58, 59, 60, 64, 66, 77, 80, 82, 83, 90, 91, 98})
CUT_CODES = frozenset({pycurl.E_COULDNT_CONNECT, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR})
REASONS = {
    pycurl.E_COULDNT_RESOLVE_HOST: "dns",
    pycurl.E_COULDNT_RESOLVE_PROXY: "dns",
    pycurl.E_COULDNT_CONNECT: "refused",
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_GOT_NOTHING: "closed",
    pycurl.E_PARTIAL_FILE: "closed",
    pycurl.E_FILESIZE_EXCEEDED: "too large",
    TOO_LARGE: "too large",
    97: "proxy",  # CURLE_PROXY: a SOCKS proxy says no
    **dict.fromkeys(TLS_CODES, "tls"),
}
SAID = (  # what libcurl has no code of its own for
    ("Too large response headers", "too large"),
    ("CONNECT tunnel failed", "proxy"),
    ("unexpected eof", "closed"),
    ("Connection closed", "closed"),
    ("Connection died", "closed"),
)


def reason_for(code: int, os_error: int, message: str) -> str:
    """Give the normalised reason of a failure."""
    for words, reason in SAID:
        if words in message:
            return reason
    if code in CUT_CODES and os_error in OS_REASONS:
        return OS_REASONS[os_error]
    return REASONS.get(code, "protocol")


def cut_reason(os_error: int) -> str:
    """Give the reason of a connection that ended without an answer."""
    return "reset" if OS_REASONS.get(os_error) == "reset" else "closed"


def phases(info: Any) -> tuple[Phase, ...]:
    """Give the phases that took place. libcurl's times count from the start; a connection used again has none."""
    out: list[Phase] = []
    at = 0.0
    begun = info(pycurl.PRETRANSFER_TIME)
    if info(pycurl.NUM_CONNECTS) or not begun:
        at = _opening(info, out)
    if begun:
        sent = (info(SENT_T) * MICRO if SENT_T else begun) or at
        if sent > at:
            out.append(Phase(name="request", duration_s=sent - at))
            at = sent
        first = info(pycurl.STARTTRANSFER_TIME)
        if first:
            out.append(Phase(name="first byte", duration_s=first - at if first > at else 0.0))
            at = max(at, first)
            out.append(Phase(name="transfer", duration_s=max(0.0, info(pycurl.TOTAL_TIME) - at)))
    return tuple(out)


def after_look_up(phases: tuple[Phase, ...], spent_s: float) -> tuple[Phase, ...]:
    """Add the time of a look-up that was made before libcurl began."""
    if not spent_s:
        return phases
    own = phases[:1] if phases and phases[0].name == "name" else ()
    name = Phase(name="name", duration_s=spent_s + sum(phase.duration_s for phase in own))
    return (name, *phases[len(own) :])


def _opening(info: Any, out: list[Phase]) -> float:
    at = 0.0
    for label, key in (
        ("name", pycurl.NAMELOOKUP_TIME), ("connect", pycurl.CONNECT_TIME), ("TLS", pycurl.APPCONNECT_TIME),
    ):  # fmt: skip
        until = info(key)
        if until > 0:
            out.append(Phase(name=label, duration_s=max(0.0, until - at)))
            at = max(at, until)
    return at


def failed_phase(info: Any, code: int, *, secure: bool) -> str:
    """Name the phase in which a request failed: the one that had begun and not ended.

    When a connection fails, libcurl sets the times of what would have come after it too; so they tell nothing
    before something was sent.
    """
    if code in TLS_CODES or (secure and info(pycurl.CONNECT_TIME) > 0 and not info(pycurl.APPCONNECT_TIME)):
        return "TLS"
    if not info(pycurl.REQUEST_SIZE):
        if info(pycurl.CONNECT_TIME) > 0:
            return "request"
        return "connect" if info(pycurl.NAMELOOKUP_TIME) > 0 else "name"
    if info(pycurl.STARTTRANSFER_TIME) > 0:
        return "transfer"
    return "request" if SENT_T and not info(SENT_T) else "first byte"


def failed_phases(info: Any, phase: str, *, resent: bool = False) -> tuple[Phase, ...]:
    """Give the phases before the one that failed, and the time that was spent in that one.

    Of a request that was about to be sent again libcurl's times tell of the second try.
    """
    if resent:
        return (Phase(name=phase, duration_s=info(pycurl.TOTAL_TIME)),)
    done: tuple[Phase, ...] | list[Phase]
    if phase in OPENING:
        done = []
        _opening(info, done)
    else:
        done = phases(info)
    before = tuple(known for known in done if ORDER.index(known.name) < ORDER.index(phase))
    spent_s = sum(known.duration_s for known in before)
    return (*before, Phase(name=phase, duration_s=max(0.0, info(pycurl.TOTAL_TIME) - spent_s)))
