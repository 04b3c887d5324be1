"""A flow and a probe in, what was seen out: steps in their order, polls, captures, and the cleaning up."""

import asyncio
from collections.abc import Iterator

from msgspec.structs import replace

from releasegate.checks._http import judge, states
from releasegate.checks._http.session import Session
from releasegate.checks._http.spec import Answer, Flow, Observation, Poll, Request, Seen
from releasegate.checks.base import Probe
from releasegate.errors import CouldNotLook
from releasegate.expect import holds
from releasegate.model import Phase
from releasegate.template import Template

LADDER_S = (0.1, 0.25, 0.5, 1.0)
LEAST_TIMEOUT_S = 0.05
GONE = frozenset({404, 410})


async def observe(flow: Flow, probe: Probe) -> Observation:
    """Take the steps in order; after one that did not get what it demands there is nothing to go on from."""
    session = Session(flow, probe)
    if flow.cleanup:
        probe.kept = session
    if len(flow.steps) == 1 and flow.steps[0].poll is None and not flow.steps[0].captures:
        request = flow.steps[0]
        probe.step = request.step
        return Observation(seen=(Seen(step=request.step, answer=await session.ask(request, request.timeout_s)),))
    seen: list[Seen] = []
    for request in flow.steps:
        probe.step = request.step
        seen.append(await _take(request, session))
        _capture(request, seen[-1].answer, probe)
        if request.step is not None and request.poll is None:
            probe.note_moment(request.step, str(seen[-1].answer.status))
        if not holds(judge.judge_step(request, seen[-1], probe.scope)):
            break
    return Observation(seen=tuple(seen))


def _capture(request: Request, answer: Answer, probe: Probe) -> None:
    """Keep what was captured, also when the step fails otherwise: cleaning up needs it."""
    for capture in request.captures:
        found = judge.captured(capture, answer)
        if judge.capture_problem(found) is None:
            probe.scope[capture.name] = found[0]


async def _take(request: Request, session: Session) -> Seen:
    if request.poll is None:
        return Seen(step=request.step, answer=await session.ask(request, request.timeout_s))
    session.sums = {}
    try:
        return await _poll(request, request.poll, session, session.sums)
    finally:
        _note_sums(session)


def _note_sums(session: Session) -> None:
    probe = session.probe
    sums, session.sums = session.sums or {}, None
    probe.phases.extend(Phase(name=name, duration_s=spent_s, step=probe.step) for name, spent_s in sums.items())


async def _poll(request: Request, poll: Poll, session: Session, sums: dict[str, float]) -> Seen:
    """Ask until what is awaited is there, something makes it impossible, or the time is over."""
    probe = session.probe
    began = probe.clock()
    pauses = _pauses(poll)
    seen: Seen | None = None
    while True:
        left_s = poll.within_s - (probe.clock() - began)
        try:
            answer = await session.ask(request, min(request.timeout_s, max(left_s, LEAST_TIMEOUT_S)))
        except CouldNotLook as error:
            waited_s = probe.clock() - began
            if seen is None or error.trouble.reason != "timeout" or waited_s < poll.within_s:
                raise
            return replace(seen, waited_s=waited_s)
        seen = _look(request, session, seen, answer, probe.clock() - began)
        if seen.reached_s is not None or _is_hopeless(request, seen):
            return seen
        pause_s = _pause(next(pauses), poll.within_s - seen.waited_s, answer.total_s)
        if pause_s is None:
            return seen
        await _wait(probe, pause_s, sums)


async def _wait(probe: Probe, pause_s: float, sums: dict[str, float]) -> None:
    probe.doing = "wait"
    await probe.sleep(pause_s)
    sums["wait"] = sums.get("wait", 0.0) + pause_s


def _look(request: Request, session: Session, before: Seen | None, answer: Answer, at_s: float) -> Seen:
    """Add an answer to what a poll has seen."""
    path = before.path if before else ()
    polls = before.polls + 1 if before else 1
    if request.states is None:
        until = request.poll.until if request.poll else None
        scope = session.probe.scope
        reached = until is not None and holds(judge.judge_answer(until, answer, scope, request.step))
    else:
        before_path, path = path, states.follow(request.states, path, at_s, answer)
        if path != before_path:
            session.probe.note_moment(states.cut(path[-1][1]), request.step or "")
        reached = states.ended(request.states, path)
    return Seen(
        step=request.step, answer=answer, polls=polls, reached_s=at_s if reached else None, waited_s=at_s, path=path
    )


def _is_hopeless(request: Request, seen: Seen) -> bool:
    if request.states is None:
        return False
    return states.fault(request.states, seen.path, seen.waited_s) is not None


def _pauses(poll: Poll) -> Iterator[float]:
    if poll.every_s is None:
        yield from LADDER_S[:-1]
    while True:
        yield LADDER_S[-1] if poll.every_s is None else poll.every_s


def _pause(wanted_s: float, left_s: float, answer_s: float) -> float | None:
    """Give the pause before the next look; the last one comes early enough to be answered in time."""
    last_s = left_s - max(2 * answer_s, LEAST_TIMEOUT_S)
    if last_s <= 0:
        return None
    return min(wanted_s, last_s)


async def clean_up(flow: Flow, probe: Probe) -> None:
    """Take away what the sample made; what stays behind is counted. It never changes what the sample says."""
    session: Session | None = probe.kept
    if session is None:
        return
    step, target, session.recording = probe.step, probe.target, False
    done = 0
    try:
        for request in flow.cleanup:
            left = await _clean(request, flow, session)
            if left:
                probe.leaked += 1
                probe.notes.append(f"finally: {left}")
            done += 1
    except asyncio.CancelledError:
        # Whoever ends us counts the one that was under way; those after it stay behind as well.
        probe.leaked += len(flow.cleanup) - done - 1
        raise
    finally:
        probe.step, probe.target = step, target


async def _clean(request: Request, flow: Flow, session: Session) -> str | None:
    """Send one request of `finally`; say what it leaves behind, None if nothing."""
    probe = session.probe
    what = f"{request.method.lower()} {_written(request.url.whole or request.url.path)}"
    missing = request.needs - probe.scope.keys()
    if missing:
        maker = _may_have_made(missing, flow, session)
        unknown = f"{{{{{min(missing)}}}}} is not known"
        return f"{what} was not sent: {maker} may have made something, and {unknown}" if maker else None
    probe.step = request.step or "finally"
    try:
        answer = await session.ask(request, request.timeout_s)
    except CouldNotLook as error:
        return f"{what}: {error.trouble.reason}, {error.trouble.message}"
    judged = judge.judge_answer(request.expect, answer, probe.scope, None)
    gone = 200 <= answer.status < 300 or answer.status in GONE  # noqa: PLR2004
    clean = holds(judged) and (gone or bool(request.expect.status))
    return None if clean else f"{what}: status {answer.status}"


def _written(compiled: str | Template) -> str:
    return compiled if isinstance(compiled, str) else compiled.source


def _may_have_made(missing: frozenset[str], flow: Flow, session: Session) -> str | None:
    """Name the writing step that should have given what is missing, if it was sent and not refused."""
    for request in flow.steps:
        if request.step not in session.sent or not missing & {capture.name for capture in request.captures}:
            continue
        status = session.sent[request.step]
        if status is None or 200 <= status < 300:  # noqa: PLR2004
            return request.step or request.method.lower()
    return None
