"""One failing sample in, what a person should look at next out: built-in knowledge of how staging breaks."""

# ruff: noqa: E501 - a table of sentences is read by the sentence

import re
from collections.abc import Callable

from releasegate.model import CheckResult, Expectation, Label, Level, Sample
from releasegate.report.stores import refusal
from releasegate.report.words import seconds

WAITED = re.compile(r"timeout waiting for (?P<event>.+?), (?P<where>\S+ m?s after .*)")
STATUS = re.compile(r"\b[345]\d\d\b")
_FRACTION = re.compile(r"\.\d+")

UNREACHABLE = {
    "refused": "is the new build crash-looping? {target} refuses connections: look at its start-up log, and at the port it listens on",
    "dns": "the name of {target} does not resolve: look at the target's url and at staging's DNS",
    "tls": "{target} fails at TLS: does that port speak TLS? if so, look at its certificate's names, chain and expiry, and at the proxy that serves it",
    "unreachable": "there is no route to {target}: look at the network between the gate and staging, and at its firewall",
    "reset": "{target} cuts the connection in the middle: look for a crash or a restart at {when}, then for a proxy that cuts",
    "closed": "{target} closes the connection too early: look for a crash or a restart at {when}, then for a proxy's idle limit",
    "proxy": "the proxy on the way to {target} refuses: look at the proxy's settings before staging",
    "too-large": "the answer of {target} is larger than max_body allows: it grew, or max_body is too small",
    "protocol": "{target} does not speak the protocol expected: is the url's scheme right, and does the proxy pass upgrades?",
    "not-allowed": "the gate itself refuses: see the message for the address, file or header that is not allowed, and declare it if it is meant",
    "no-file": "the file that the check sends cannot be read: is it committed, and does the job check it out?",
    "login": "the identity could not be had: look at its secret, at the clocks, and at the target it logs in to",
}
BROKEN_ON_ITS_WAY = "the answer of {target} is broken or cut on its way: look at what compresses or passes it on, in the app and in the proxies"
ALIASES = {
    "name": "dns", "resolve": "dns", "certificate": "tls", "eof": "closed", "disconnected": "closed", "aborted": "reset",
    "forbidden": "not-allowed", "address": "not-allowed", "origin": "not-allowed", "identity": "login", "credentials": "login",
}  # fmt: skip
LATE = {
    "name": "the name of {target} resolves too slowly: look at staging's DNS",
    "upgrade": "{target} takes the connection and does not upgrade it: look at the proxy before it, and at its workers",
    "connect": "{target} does not take connections: look whether it is up, scaled to zero or cut off by a firewall",
    "TLS": "{target} takes connections and does not finish TLS: look at the proxy before it",
    "first byte": "{target} takes the request and does not answer: look in its log at {when} for what it waits on (database, cache, another service)",
    "request": "{target} does not read the request: look whether its workers are all busy or stuck at {when}",
    "authenticate": "{target} takes the connection and does not let anybody in: look at its load, and at what it asks about logins",
    "command": "{target} takes the command and does not answer: look in its slow log at {when}, and at who holds it up",
    "query": "{target} takes the query and does not answer: look for locks and slow queries at {when}, and at the query's plan",
    "endpoint": "{target} opens an event stream and does not say where to send messages: is the path right, and is it a server of the transport sse?",
    "initialize": "{target} takes the handshake and does not answer: look in the MCP server's log at {when}, and at its workers",
    "tools": "{target} shakes hands and does not list its tools: look in the MCP server's log at {when}",
    "call": "{target} does not answer the call: look in the MCP server's log at {when} for what the tool waits on",
    "transfer": "{target} begins to answer and does not end: look in its log at {when} for what the answer streams from",
}
UNSAMPLED = {
    "twin": "mend its twin first: alone it would also be green where nothing works",
    "without contact": "nothing was looked at: find out what answered instead of the target",
    "needs ": "mend what it needs first; it was not sampled",
    "deadline": "raise the deadline or the concurrency, or find what is slow: not every sample could be taken",
    "interrupted": "run the gate again: it was stopped before all samples were taken",
    "control": "mend staging's edge first; it was not sampled",
}
CLOSED = re.compile(r"closed with (\d+)\b")
OWN_CODES = range(4000, 5000)
CLOSE_CODES = {
    1000: "{target} says goodbye as if all were done: did the change end the conversation too early?",
    1001: "{target} goes away in the middle: is it being deployed or scaled down? look at its restarts at {when}",
    1002: "{target} says that the gate broke the protocol: is there a proxy between that changes frames?",
    1003: "{target} does not take such a message: did the change alter what it accepts, or did the check not follow?",
    1005: "{target} says goodbye without saying why: look in its log at {when}",
    1007: "{target} cannot read the message: did the change alter what it accepts, or did the check not follow?",
    1008: "{target} refuses to go on by its policy: look at the identity's permissions, and at its log at {when}",
    1009: "{target} finds a message too large: look at its limit",
    1011: "{target} failed inside: look for the exception in its log at {when}",
    1012: "{target} restarts: is it being deployed? look at its restarts at {when}",
    1013: "{target} is overloaded and asks to come again later: look at its load at {when}",
    1014: "the proxy before {target} got no good answer: is the new build up? look at its start-up log",
}
SWITCHING = 101
NO_KNOWN_STATE = {
    "no state": "the answer of {target} names no state: did its shape change?",
    "unknown state": "{target} names a state that the order does not know: did the change bring it? then write it there",
}
JUDGED_ALONE = frozenset({"command", "query"})
"""Phases that are the whole of what a latency is of, whatever came before."""
TURNED_AWAY = (401, 403, 429)
LOGIN_PHASES = frozenset({"login", "identity"})
STATUSES = {
    400: "{target} finds the request malformed: does the change alter what it accepts, or did the check not follow?",
    401: "{target} accepts no identity of this request: does the check show one (`as`)? if so, compare the clocks of gate and staging, the secret or key it checks with, and the token's expiry",
    403: "{target} knows the identity and denies it: look at its permissions and at the claims in the token",
    404: "{target} does not know the path: is the build on staging the one you mean, and is the route registered?",
    405: "{target} does not allow the method here: did the route change?",
    409: "{target} sees a conflict: did an earlier sample or run leave something behind?",
    413: "{target} finds the request too large: look at the limit of the proxy before it",
    422: "{target} finds the request invalid: does the change alter what it accepts, or did the check not follow?",
    429: "{target} limits the gate's requests: raise its limit for the gate, or lower the target's concurrency",
    500: "{target} failed inside: look for the exception in its log at {when}",
    502: "the proxy before {target} got no good answer: is the new build up? look at its start-up log",
    503: "{target} says it is unavailable: is the new build up and ready, and are its dependencies? look at its log at {when}",
    504: "the proxy before {target} waited in vain: look in the log of {target} at {when} for what it waits on",
}


def remedy(check: CheckResult, sample: Sample | None) -> str:
    """Say what to look at for a check that did not pass; `sample` is its first failing one, None if there is none."""
    if sample is None:
        return _without_failure(check)
    target = sample.target or (sample.trouble and sample.trouble.target) or ", ".join(check.targets) or "the target"
    text = _of_trouble(sample) if sample.trouble else _of_unmet(sample)
    text = text.format(target=target, when=_FRACTION.sub("", sample.started))
    if check.label is Label.ENVIRONMENT:
        return f"most likely not this change: {text}"
    if check.label is Label.UNPROVEN and not check.not_sampled:
        passed = sum(s.met for s in check.samples)
        return f"it passed {passed} of {len(check.samples)} samples: too few to pass, too many to call broken; {text}"
    return text


def _without_failure(check: CheckResult) -> str:
    reason = check.not_sampled or check.reason or ""
    return next(
        (text for mark, text in UNSAMPLED.items() if mark in reason), "it cannot pass like this; see its reason"
    )


def _of_trouble(sample: Sample) -> str:
    trouble = sample.trouble
    assert trouble is not None  # noqa: S101 - asked by the only caller
    reason = re.sub(r"[^a-z0-9]+", "-", trouble.reason.lower())
    if (reason, trouble.phase) == ("protocol", "transfer"):
        return BROKEN_ON_ITS_WAY
    if "timeout" in reason:
        late = LATE.get(trouble.phase)
        return (
            late
            or "{target} is too slow in " + _literal(trouble.phase) + ": look in its log at {when} for what it waits on"
        )
    status = STATUS.search(reason)
    unknown = STATUSES.get(int(status[0])) if status else None
    unknown = UNREACHABLE["login"] if trouble.phase in LOGIN_PHASES else unknown
    known = UNREACHABLE.get(ALIASES.get(reason, reason)) or refusal(reason) or unknown
    return known or "{target} could not be looked at: see the phase and the message, and its log at {when}"


def _of_unmet(sample: Sample) -> str:
    first = next((e for e in sample.expectations if not e.met and e.level is Level.FAIL), None)
    if first is None:
        return "the check demanded nothing that could be judged: give it an expectation"
    return next(said for said in (rule(first, sample) for rule in RULES) if said)


def _awaited(unmet: Expectation, _: Sample) -> str | None:
    waited = WAITED.match(unmet.text)
    if not waited:
        return None
    event, where = waited["event"], waited["where"]
    text = f"find out why {event} does not come"
    return _literal(f"{text} ({where})" if where else text) + ": look in the log of {target} at {when}"


def _told(unmet: Expectation, _: Sample) -> str | None:
    """Read what a flow of events says of itself: a goodbye, a forbidden event, another order, an open door."""
    if unmet.subject.startswith("never "):
        event = _literal(unmet.subject.removeprefix("never "))
        return f"find out why {event} came: the message itself, below, may say; then look in the log of {{target}} at {{when}}"
    if unmet.subject == "status" and unmet.found == [SWITCHING]:
        return "{target} lets in whom it should refuse: look at what the change does to who may open a WebSocket"
    if not unmet.subject.startswith("event "):
        return None
    closed = CLOSED.match(unmet.text)
    if closed:
        return CLOSE_CODES.get(int(closed[1])) or _other_goodbye(int(closed[1]))
    if " came out of order, " in unmet.text:
        return "look at what the change does to the order of events: the timeline shows the one that came"
    event = _literal(unmet.subject.removeprefix("event "))
    return f"{event} comes too late: look in the log of {{target}} at {{when}} for what it waits on"


def _other_goodbye(code: int) -> str:
    if code in OWN_CODES:
        return "{target} ends the conversation with a code of its own: its reason may say why; then look in its log at {when}"
    return "{target} ends the connection in the middle: look in its log at {when}"


def _status(unmet: Expectation, sample: Sample) -> str | None:
    if unmet.subject != "status":
        return None
    seen = next((found for found in unmet.found if isinstance(found, int)), 0)
    if seen in range(200, 300):
        return "{target} accepts what it should refuse, or the login page answers: compare with the base build"
    if seen in range(300, 400):
        return "{target} redirects: is the url right, and did a login page step in? `follow` allows redirects"
    if seen == 401 and sample.fallback:  # noqa: PLR2004 - the status of RFC 9110
        return STATUSES[401] + "; the real login failed before and fell back"
    return STATUSES.get(seen, STATUSES[500] if seen >= 500 else None)  # noqa: PLR2004 - server errors


def _slow(unmet: Expectation, sample: Sample) -> str | None:
    if unmet.subject not in {"latency", "within", "duration"}:
        return None
    if not sample.phases:
        return "{target} is slow: look in its log at {when}"
    judged = [phase for phase in sample.phases if phase.name in JUDGED_ALONE] or sample.phases
    worst = max(judged, key=lambda phase: phase.duration_s)
    return (
        "{target} is slow; most of it, "
        + _literal(f"{seconds(worst.duration_s)}, went to {worst.name}")
        + ": look there first"
    )


def _stale(unmet: Expectation, _: Sample) -> str | None:
    if unmet.subject != "age":
        return None
    return (
        "a cache before {target} answered, and not what runs now: let the request pass by it (its rules, or a query of"
        " its own), or write in `expect` which `age` is meant"
    )


def _lost_tool(unmet: Expectation, sample: Sample) -> str | None:
    if unmet.step != "tools" or not (sample.signature or "").startswith("mcp "):
        return None
    return (
        "{target} does not offer the tool "
        + _literal(unmet.subject.removeprefix("$."))
        + ": did the change rename it, take it away, or let it fail at the start?"
    )


def _waited(unmet: Expectation, _: Sample) -> str | None:
    if unmet.subject == "until":
        return "{target} did not get there in time: look in its log at {when} for what it was doing"
    if unmet.subject != "states":
        return None
    said = _literal(unmet.operator)
    if unmet.operator.startswith("stuck"):
        return f"find out what {{target}} waits for: it is {said}; look in its log at {{when}}, and at its workers and queues"
    if unmet.operator in NO_KNOWN_STATE:
        return NO_KNOWN_STATE[unmet.operator]
    return f"look at what the change does to the order of states: the path {said}"


def _capture(unmet: Expectation, _: Sample) -> str | None:
    if not unmet.subject.startswith("capture "):
        return None
    return f"the answer of {{target}} lacks what the next step needs ({_literal(unmet.subject)}): did its shape change?"


def _broken_answer(unmet: Expectation, _: Sample) -> str | None:
    if unmet.text.startswith("a message is not JSON: "):
        return "{target} sends JSON that nobody can read: the message stands in the timeline; look at what writes it"
    if "is not JSON" in unmet.text:
        return "{target} does not answer in JSON: a proxy's error page, a login page, or an empty answer?"
    return None


def _turned_away(unmet: Expectation, sample: Sample) -> str | None:
    """Find the refusal that a whole class of statuses, such as 4xx, lets pass: the content is of it."""
    for status in sample.expectations:
        if (status.subject, status.step, status.met) == ("status", unmet.step, True) and status.found:
            seen, meant = status.found[0], status.demanded
            return STATUSES[seen] if seen in TURNED_AWAY and isinstance(meant, list) and seen not in meant else None
    return None


def _content(unmet: Expectation, _: Sample) -> str:
    if unmet.subject.startswith("$"):
        return "the answer of {target} is not what is demanded: look at what the change does to " + _literal(
            f"{unmet.subject}; if it is meant, change the check in the same pull request"
        )
    return "{target} answered, and not as demanded: look at what the change does to " + _literal(unmet.subject)


RULES: tuple[Callable[[Expectation, Sample], str | None], ...] = (
    _awaited,
    _told,
    _status,
    _slow,
    _stale,
    _lost_tool,
    _waited,
    _capture,
    _broken_answer,
    _turned_away,
    _content,
)


def _literal(text: str) -> str:
    """Keep braces of foreign text from being filled."""
    return text.replace("{", "{{").replace("}", "}}")
