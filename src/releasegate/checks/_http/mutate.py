"""A recorded observation in, the smallest change of it that breaks one expectation out. Pure."""

import json
import math
from typing import Any

from msgspec.structs import replace

from releasegate.checks._http.judge import accepts_status
from releasegate.checks._http.meaning import stored_s_ago
from releasegate.checks._http.spec import Answer, Expect, Flow, Observation, Request, Seen
from releasegate.expect import MISSING, VACUOUS, violate_json, violate_value
from releasegate.model import Expectation
from releasegate.strictjson import NotJson

FOREIGN_STATE = "a state that nobody declared"
OTHER_STATUSES = (500, 404, 200)
LOGIN_PAGE = b"<!doctype html><title>Sign in</title>"


def violate(observation: Observation, expectation: Expectation) -> Observation | None:
    """Change the step that a met expectation is about; None when no change could break it."""
    index = _index(observation, expectation)
    if index is None or not expectation.met:
        return None
    seen = observation.seen[index]
    broken = _break(seen, expectation)
    return None if broken is None else _with(observation, index, broken)


def _index(observation: Observation, expectation: Expectation) -> int | None:
    for index, seen in enumerate(observation.seen):
        if seen.step == expectation.step:
            return index
    return None


def _with(observation: Observation, index: int, seen: Seen) -> Observation:
    return Observation(seen=(*observation.seen[:index], seen, *observation.seen[index + 1 :]))


def _break(seen: Seen, expectation: Expectation) -> Seen | None:
    answer, subject = seen.answer, expectation.subject
    if subject == "states":
        return replace(seen, path=(*seen.path[:-1], (seen.waited_s, FOREIGN_STATE)))
    if subject == "until":
        later = violate_value(seen.reached_s, expectation)
        return None if later is VACUOUS else replace(seen, reached_s=later)
    changed = _changed(answer, subject, expectation)
    return None if changed is None else replace(seen, answer=changed)


def _changed(answer: Answer, subject: str, expectation: Expectation) -> Answer | None:
    if subject.startswith("$"):
        return _changed_json(answer, expectation)
    what, _, name = subject.partition(" ")
    if what in ("header", "age"):
        return _changed_age(answer, expectation) if what == "age" else _changed_header(answer, name, expectation)
    now = {"status": answer.status, "latency": answer.total_s, "size": len(answer.body), "body": answer.text}
    value: Any = violate_value(now[what], expectation) if what in now else VACUOUS
    if value is VACUOUS:
        return None
    if what == "size":
        size = int(value)
        return replace(answer, body=answer.body[:size].ljust(size))
    if what == "body":
        return replace(answer, body=_text(value).encode("utf-8", "replace"))
    return replace(answer, **{"latency": {"total_s": value}, "status": {"status": value}}[what])


def _changed_json(answer: Answer, expectation: Expectation) -> Answer | None:
    if isinstance(answer.json, NotJson):
        return None
    value = violate_json(answer.json, expectation)
    return None if value is VACUOUS else replace(answer, body=json.dumps(value).encode())


def _changed_age(answer: Answer, expectation: Expectation) -> Answer | None:
    value = violate_value(stored_s_ago(answer.headers), expectation)
    if value is VACUOUS:
        return None
    others = tuple(pair for pair in answer.headers if pair[0] != "age")
    return replace(answer, headers=(*others, ("age", str(math.ceil(value)))))


def _changed_header(answer: Answer, name: str, expectation: Expectation) -> Answer | None:
    values = [value for known, value in answer.headers if known == name]
    value = violate_value(", ".join(values) if values else MISSING, expectation)
    if value is VACUOUS:
        return None
    others = tuple(pair for pair in answer.headers if pair[0] != name)
    return replace(answer, headers=others if _is_gone(value) else (*others, (name, _text(value))))


def _is_gone(value: Any) -> bool:
    return value is None or not isinstance(value, (str, int, float))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if _is_gone(value) else str(value)


def losses(flow: Flow, observation: Observation) -> tuple[tuple[str, Observation], ...]:
    """Give what a check must notice whatever it demands: no body, another page, a server that fails."""
    out: list[tuple[str, Observation]] = []
    for index, (request, seen) in enumerate(zip(flow.steps, observation.seen, strict=False)):
        where = f"{request.step}: " if request.step else ""
        for name, answer in _lost(request, seen.answer):
            out.append((where + name, _with(observation, index, replace(seen, answer=answer))))
    return tuple(out)


def _lost(request: Request, answer: Answer) -> list[tuple[str, Answer]]:
    expects = [request.expect]
    if request.poll and request.poll.until:
        expects.append(request.poll.until)
    out = []
    if any(_judges_body(expect) for expect in expects) and answer.body:
        out.append(("an empty body", replace(answer, body=b"")))
    if any(expect.json for expect in expects):
        out.append(("a page that is not JSON", replace(answer, body=LOGIN_PAGE)))
    if any(expect.status for expect in expects):
        status = next((s for s in OTHER_STATUSES if not accepts_status(request, s, {})), OTHER_STATUSES[0])
        out.append((f"an answer {status}", replace(answer, status=status)))
    return out


def _judges_body(expect: Expect) -> bool:
    return bool(expect.json or expect.body)
