"""A flow and what was seen in, a Judgement out. Pure and total: it gives an answer to whatever staging sent."""

import codecs
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from releasegate.checks._http import states
from releasegate.checks._http.meaning import stored_s_ago
from releasegate.checks._http.spec import Answer, Capture, Expect, Flow, Observation, Request, Seen
from releasegate.checks.base import Judgement
from releasegate.expect import (
    MISSING,
    holds,
    judge_duration,
    judge_json,
    judge_size,
    judge_value,
    meets,
    meets_json,
    why,
)
from releasegate.expect.text import duration
from releasegate.model import Expectation, Level

EXCERPT_BYTES = 2048
OF_SOMETHING = frozenset({"exists", "not"})
"""What is judged of nothing where the body is empty: that an error is not in it does not show that all is well."""
Scope = Mapping[str, Any]
Expectations = tuple[Expectation, ...]


def judge(flow: Flow, observation: Observation, scope: Scope) -> Judgement:
    """Judge each step that was taken. A step that was not is unmet, unless one before it says why."""
    if len(flow.steps) == 1 and len(observation.seen) == 1:
        judged = judge_step(flow.steps[0], observation.seen[0], scope)
        return Judgement(expectations=judged) if holds(judged) else _failed(judged, observation.seen[0])
    found: list[Expectation] = []
    failing: Seen | None = None
    for request, seen in zip(flow.steps, observation.seen, strict=False):
        judged = judge_step(request, seen, scope)
        found += judged
        if failing is None and not holds(judged):
            failing = seen
    if failing is None and len(observation.seen) < len(flow.steps):
        found.append(_not_taken(flow.steps[len(observation.seen)]))
        return _failed(tuple(found), None)
    return Judgement(expectations=tuple(found)) if failing is None else _failed(tuple(found), failing)


def _failed(expectations: Expectations, seen: Seen | None) -> Judgement:
    excerpt = _excerpt(seen.answer.body) if seen and seen.answer.body else None
    return Judgement(expectations=expectations, signature=f"http {why(expectations)}", excerpt=excerpt)


def _excerpt(body: bytes) -> str:
    """Give the beginning of a body; the sign of the cut also tells the redactor that a secret may end there."""
    if len(body) <= EXCERPT_BYTES:
        return body.decode("utf-8", "replace")
    # Not a part of a character: behind one the redactor would not know the beginning of a secret.
    return codecs.getincrementaldecoder("utf-8")("replace").decode(body[:EXCERPT_BYTES]) + "…"


def _not_taken(request: Request) -> Expectation:
    return Expectation(
        subject="answer", operator="exists", demanded=True, found=[], met=False,
        text="an answer exists (the step was not taken)", step=request.step,
    )  # fmt: skip


def passes(flow: Flow, observation: Observation, scope: Scope) -> bool:
    """Tell whether `judge` comes to met, without making its words."""
    if len(observation.seen) < len(flow.steps):
        return False
    return all(map(_passes_step, flow.steps, observation.seen, [scope] * len(flow.steps)))


def _passes_step(request: Request, seen: Seen, scope: Scope) -> bool:
    if request.poll is not None or request.captures:
        return holds(judge_step(request, seen, scope))
    expect, answer = request.expect, seen.answer
    age_s = stored_s_ago(answer.headers)
    return (
        meets(expect.status, answer.status, scope)
        and all(meets(demands, header_value(answer, name), scope) for name, demands in expect.headers)
        and (not expect.json or meets_json(expect.json, answer.json, scope))
        and (not expect.body or holds(_judge_body(expect, answer, scope, None)))
        and meets(expect.size, len(answer.body), scope)
        and meets(expect.latency, round(answer.total_s, 6), scope)
        and (age_s is None or meets(expect.age, round(age_s, 6), scope))
    )


def judge_step(request: Request, seen: Seen, scope: Scope) -> Expectations:
    """Judge one step: what was waited for, then the (last) answer, then what was to be captured from it.

    When what was waited for did not come, the last answer is not judged: it is not the one that was meant.
    """
    judged: Expectations = ()
    if request.poll is not None:
        judged = _waited(request, seen, scope)
        if not holds(judged):
            return judged
    judged += judge_answer(request.expect, seen.answer, scope, request.step)
    if request.captures:
        judged += _captures(request, seen.answer)
    return judged


def judge_answer(expect: Expect, answer: Answer, scope: Scope, step: str | None) -> Expectations:
    judged: Expectations = ()
    if expect.status:
        judged = judge_value(expect.status, answer.status, scope, step=step)
    for name, demands in expect.headers:
        judged += judge_value(demands, header_value(answer, name), scope, step=step)
    if expect.json:
        judged += judge_json(expect.json, answer.json, scope, step=step)
    if expect.body:
        judged += _judge_body(expect, answer, scope, step)
    if expect.size:
        judged += judge_size(expect.size, len(answer.body), step=step)
    if expect.latency:
        judged += judge_duration(expect.latency, answer.total_s, step=step)
    if expect.age and (age_s := stored_s_ago(answer.headers)) is not None:
        judged += judge_duration(expect.age, age_s, step=step)
    return judged


def _judge_body(expect: Expect, answer: Answer, scope: Scope, step: str | None) -> Expectations:
    """Judge the body as text. An empty one does not exist and meets no `not`, but it is a text of length 0."""
    absent = [demand for demand in expect.body if demand.operator in OF_SOMETHING and not answer.body]
    others = [demand for demand in expect.body if demand not in absent]
    return judge_value(absent, MISSING, scope, step=step) + judge_value(others, answer.text, scope, step=step)


def header_value(answer: Answer, name: str) -> Any:
    """Give a header's value; repeats are one value, joined as HTTP has it."""
    values = [value for known, value in answer.headers if known == name]
    return ", ".join(values) if values else MISSING


def accepts_status(request: Request, status: int, scope: Scope) -> bool:
    """Tell whether this status is among those that the request is meant to get."""
    until = request.poll.until if request.poll else None
    demands = (*request.expect.status, *(until.status if until else ()))
    return bool(demands) and meets(demands, status, scope)


def _waited(request: Request, seen: Seen, scope: Scope) -> Expectations:
    """Judge a poll: that it came in time, and that what came is what was waited for."""
    if request.states is not None:
        return _states(request, seen)
    if request.poll is None or request.poll.until is None:
        return ()
    last = judge_answer(request.poll.until, seen.answer, scope, request.step)
    missing = next((e.text for e in last if not e.met and e.level is Level.FAIL), None)
    if missing is None:
        return _in_time(request, seen, "until") + last
    words, _, got = missing.partition(" (")
    return _too_late(request, f"until {words}", f"{got.removesuffix(')')} in the last of {seen.polls} answers") + last


def _in_time(request: Request, seen: Seen, awaited: str) -> Expectations:
    """Judge the time after which it came. What came without a time was changed since: that is unmet."""
    if request.poll is None:
        return ()
    if seen.reached_s is None:
        return _too_late(request, awaited, f"it did not come in {duration(seen.waited_s)}")
    timed = judge_duration(request.poll.within, seen.reached_s, step=request.step)
    got = duration(seen.reached_s)
    return tuple(
        replace(e, subject="until", text=f"{awaited} within {duration(e.demanded)} (got {got})") for e in timed
    )


def _too_late(request: Request, awaited: str, got: str) -> Expectations:
    """Say what did not come. It has no time: nothing was found, and that meets no bound."""
    within = request.poll.within if request.poll else ()
    return tuple(
        Expectation(
            subject="until",
            operator="within",
            demanded=demand.value,
            found=[],
            met=False,
            text=f"{awaited} within {duration(demand.value)} ({got})",
            level=demand.level,
            step=request.step,
            kept=False,
        )
        for demand in within
    )


def _states(request: Request, seen: Seen) -> Expectations:
    """Judge the path of states; if it came to its end, also the time that it took."""
    declared, path = request.states, seen.path
    if declared is None:
        return ()
    wrong = states.fault(declared, path, seen.waited_s)
    if wrong is None and not states.ended(declared, path):
        wrong = states.unfinished(path, seen.waited_s)
    order = Expectation(
        subject="states",
        operator=wrong[0] if wrong else "order",
        demanded={"order": list(declared.order), "never": list(declared.never), "stuck_s": declared.stuck_s},
        found=[[at_s, state] for at_s, state in path],
        met=wrong is None,
        text=f"states {' → '.join(declared.order)} (got {states.told(path)}{'; ' + wrong[1] if wrong else ''})",
        step=request.step,
        kept=False,
    )
    if wrong is None:
        return (order, *_in_time(request, seen, f"state {declared.order[-1]}"))
    return (order,)


def captured(capture: Capture, answer: Answer) -> list[Any]:
    """Give every value that a capture finds."""
    match capture.source:
        case "json":
            return answer.select(capture.of)
        case "header":
            return [value for name, value in answer.headers if name == capture.of.lower()]
        case "cookie":
            return [value for name, value in answer.cookies if name == capture.of][-1:]
    from releasegate.pattern import search

    return list(search(capture.of, answer.text))


def capture_problem(found: list[Any]) -> str | None:
    if len(found) != 1:
        return "nothing" if not found else f"{len(found)} values"
    return "an empty value" if found[0] is None or found[0] in ("", [], {}) else None


def _captures(request: Request, answer: Answer) -> Expectations:
    """Demand that each capture finds exactly one value. What is found may be a secret: it is not shown."""
    return tuple(
        Expectation(
            subject=f"capture {capture.name}",
            operator="one value",
            demanded=capture.of,
            found=[],
            met=False,
            text=f"capture {capture.name} from {capture.source} {capture.of} (got {problem})",
            step=request.step,
            kept=False,
        )
        for capture in request.captures
        if (problem := capture_problem(captured(capture, answer)))
    )
