"""A kind, what it was told to check and a World in, one sample out; and whether a green one could have been red."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from releasegate.checks.base import Credentials, Judgement, Kind, Probe
from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.model import CUT_OFF, Outcome, Sample, Trouble
from releasegate.verdict.outcome import outcome_of
from releasegate.wire.types import Wire

CLEAN_UP_S = 5.0
STAYED = frozenset({"name", "connect", "proxy", "TLS"})
"""The phases before anything is sent."""


class World(Struct, frozen=True, kw_only=True):
    """All that a run touches. `clock` counts seconds, `wall` gives RFC 3339 in UTC, `nonce` fresh hex."""

    targets: Mapping[str, Target]
    wire: Wire
    credentials: Credentials
    clock: Callable[[], float]
    wall: Callable[[], str]
    sleep: Callable[[float], Awaitable[None]]
    nonce: Callable[[], str]


class Taken(NamedTuple):
    """One sample, with what it was judged from; `observation` is None when the world did not let us look."""

    sample: Sample
    observation: Any
    scope: Mapping[str, Any]


async def take(
    kind: Kind, spec: Any, values: Mapping[str, Any], world: World, keep: Callable[[Sample], None] = lambda _: None
) -> Taken:
    """Take one sample. Only what the world does becomes a sample; any other exception passes through.

    One that is cancelled cleans up all the same, and is given to `keep` as far as it got.
    """
    probe = begin_probe(values, world)
    started, cut = probe.scope["now"], None
    try:
        try:
            observation, trouble = await _look(kind, spec, probe)
        except asyncio.CancelledError:
            cut = _cut_off(probe)
            raise
        finally:
            ended = world.clock()
            if kind.cleans_up(spec):
                await _undisturbed(_clean_up(kind, spec, probe))
    except asyncio.CancelledError:
        cut = cut or _cut_off(probe)
        keep(record(kind, probe, Judgement(expectations=()), cut, started=started, ended=ended))
        raise
    judgement = Judgement(expectations=()) if trouble else kind.judge(spec, observation, probe.scope)
    sample = record(kind, probe, judgement, trouble, started=started, ended=ended)
    return Taken(sample, observation, probe.scope)


async def _look(kind: Kind, spec: Any, probe: Probe) -> tuple[Any, Trouble | None]:
    """Let the kind observe, within its time; what the world does to it is the trouble."""
    expected: tuple[type[Exception], ...] = kind.troubles
    bound = asyncio.timeout(kind.timeout_s(spec))
    try:
        async with bound:
            return await kind.observe(spec, probe), None
    except CouldNotLook as could_not:
        probe.phases.extend(could_not.phases)
        if could_not.contact:
            probe.contacts.append(could_not.contact)
        return None, could_not.trouble
    except TimeoutError as error:
        if bound.expired():
            message = f"the sample did not end within {kind.timeout_s(spec):g} s"
            return None, probe.trouble("timeout", message).trouble
        if isinstance(error, expected):
            return None, probe.trouble("timeout", str(error)).trouble
        raise
    except expected as error:
        return None, probe.trouble(type(error).__name__, str(error)).trouble


def _cut_off(probe: Probe) -> Trouble:
    return probe.trouble(CUT_OFF, "the sample was ended while it was under way").trouble


def under_way(cut: Sequence[Sample]) -> str:
    """Say where a sample that was cut off hung: `, in first byte of create`; nothing if there is none."""
    trouble = cut[-1].trouble if cut else None
    if trouble is None:
        return ""
    return f", in {trouble.phase}" + (f" of {trouble.step}" if trouble.step else "")


def witness(kind: Kind, spec: Any, taken: Taken) -> tuple[bool, tuple[str, ...]]:
    """Tell whether a green sample could have been red: its mutants are judged as it was."""
    from releasegate.evidence.mutants import red_capable

    passes = getattr(kind, "passes", None)

    def met(observation: Any) -> bool:
        if passes:
            return bool(passes(spec, observation, taken.scope))
        return outcome_of(kind.judge(spec, observation, taken.scope).expectations) is Outcome.MET

    losses = getattr(kind, "losses", None)
    return red_capable(
        met,
        taken.observation,
        taken.sample.expectations,
        kind.violate,
        losses(spec, taken.observation) if losses else (),
    )


def begin_probe(values: Mapping[str, Any], world: World) -> Probe:
    nonce = world.nonce()
    uuid = f"{nonce[:8]}-{nonce[8:12]}-4{nonce[13:16]}-a{nonce[17:20]}-{nonce[20:32]}"
    return Probe(
        scope={**values, "nonce": nonce, "uuid": uuid, "now": world.wall()},
        targets=world.targets,
        wire=world.wire,
        credentials=world.credentials,
        clock=world.clock,
        sleep=world.sleep,
        began=world.clock(),
    )


def _trace(probe: Probe, judgement: Judgement, trouble: Trouble | None) -> str | None:
    """Give the trace of a sample that broke a demand or a bound, if any of its requests can have left for staging."""
    stayed = trouble is not None and probe.requests == 1 and trouble.phase in STAYED
    return None if stayed or (trouble is None and all(e.met for e in judgement.expectations)) else probe.trace


async def _undisturbed(step: Coroutine[Any, Any, None]) -> None:
    """Do a step to its end, also when it is cancelled meanwhile: the cancellation goes on after it."""
    doing, cancelled = asyncio.ensure_future(step), None
    while not doing.done():
        try:
            await asyncio.shield(doing)
        except asyncio.CancelledError as cancellation:
            cancelled = cancellation
    doing.result()
    if cancelled:
        raise cancelled


async def _clean_up(kind: Kind, spec: Any, probe: Probe) -> None:
    """Run the kind's `finally`; it never changes the sample, what it leaves behind is counted."""
    expected: tuple[type[Exception], ...] = (TimeoutError, CouldNotLook, *kind.troubles)
    try:
        async with asyncio.timeout(CLEAN_UP_S):
            await kind.clean_up(spec, probe)
    except expected as left:
        probe.leaked += 1
        probe.notes.append(f"finally: {str(left) or f'it did not end within {CLEAN_UP_S:g} s'}")


def record(
    kind: Kind, probe: Probe, judgement: Judgement, trouble: Trouble | None, *, started: str, ended: float
) -> Sample:
    """Put together what a sample came to."""
    if trouble:
        outcome = Outcome.TROUBLE
        where = f"{trouble.step} " if trouble.step else ""
        signature: str | None = f"{kind.name} {where}{trouble.phase} {trouble.reason}"
    else:
        outcome = outcome_of(judgement.expectations)
        unmet = judgement.signature or f"{kind.name} no expectation was judged"
        signature = None if outcome is Outcome.MET else unmet
    return Sample(
        outcome=outcome,
        started=started,
        duration_s=round(ended - probe.began, 6),
        phases=tuple(probe.phases),
        expectations=judgement.expectations,
        signature=signature,
        contact=tuple(probe.contacts),
        trouble=trouble,
        timeline=tuple(probe.timeline),
        target=None if outcome is Outcome.MET else (trouble and trouble.target) or probe.target,
        trace=_trace(probe, judgement, trouble),
        notes=tuple(probe.notes),
        excerpt=judgement.excerpt,
        fallback=probe.fallback,
        leaked=probe.leaked,
        retries=probe.retries,
    )
