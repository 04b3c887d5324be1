"""A plan and a world in, evidence out: the steps of one run, in their order.

Control first, then the deployment, then the samples with the revision read beside them, then the verdict.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from msgspec import Struct, to_builtins

from releasegate import __version__
from releasegate.checks.base import Kind
from releasegate.config.model import Config
from releasegate.evidence.assemble import assemble
from releasegate.evidence.identity import identify
from releasegate.model import PASSED, CheckResult, Control, Evidence, Identity, Measurement, Reading, RunInfo, Sample
from releasegate.plan import Plan
from releasegate.revision import RevisionReader
from releasegate.runner import Progress, Run, Runner, not_run
from releasegate.sample import World, take, under_way
from releasegate.sampling import conclude, pause_s

LEAST_BETWEEN = 3
FIRST_READING_S = 0.25
LONGEST_BETWEEN_S = 5.0
Result = TypeVar("Result")


class Listener(Protocol):
    """Hears how the run goes: `say` for a step of it, `progress` for a sample or a settled check."""

    def say(self, text: str) -> None: ...

    def progress(self, progress: Progress) -> None: ...


class Order(Struct, frozen=True, kw_only=True):
    """What is asked of one run. `judged` is the commit to judge, None when nobody named one."""

    config: Config
    plan: Plan
    judged: str | None
    deadline_s: float
    control_kind: Kind | None
    fallbacks: Callable[[], tuple[str, ...]]
    measure: Callable[[], tuple[Measurement, ...]] = tuple
    """Reads the metrics of other tools; asked when all samples are taken, for a check may write one."""
    run_id: str | None = None
    run_attempt: str | None = None
    clean: Callable[[Any], Any] = lambda said: said
    """Takes the secrets out of what staging said, before anything is concluded from it."""


async def run(order: Order, world: World, listener: Listener, stop: asyncio.Event) -> Evidence:
    """Run the gate. Always gives evidence: what stood in the way is part of it. A bug of ours is raised."""
    started, began = world.wall(), world.clock()
    reader = RevisionReader(order.config.targets.values(), world.wire, world.wall, world.sleep, world.nonce)
    asked: list[Sample] = []
    control = await _unless(stop, _ask_control(order, world, listener, asked), None)
    control = control or Control(held=None, samples=tuple(asked))
    left_s = max(0.0, order.deadline_s - (world.clock() - began))
    hindrance = "the control failed" if control.held is False else None
    instead = None
    if hindrance is None:
        arriving = reader.arrive(order.judged, world.sleep, world.clock, listener.say)
        hindrance = instead = await _unless(stop, arriving, None)
    if stop.is_set():
        hindrance = "the run was interrupted"
    sampling_began = world.clock()
    done = Run(checks=_not_run(order.plan, hindrance), stopped=None) if hindrance else None
    if done is None:
        done = await _sample(order, reader, world, listener, stop, left_s=left_s)
        await _unless(stop, reader.read_after(hurried=done.stopped is not None), None)
    lasted_s = world.clock() - (began if hindrance else sampling_began)
    said = order.clean((done.checks, control, tuple(reader.readings), instead, order.measure()))
    info = {"started": started, "duration_s": round(lasted_s, 6), "interrupted": stop.is_set()}
    return _conclude(order, said, {**info, "deadline_reached": done.stopped == "deadline"})


Said = tuple[tuple[CheckResult, ...], Control, tuple[Reading, ...], str | None, tuple[Measurement, ...]]


def _conclude(order: Order, said: Said, info: dict[str, Any]) -> Evidence:
    """Put together what was said, with the secrets already out of it, and judge it."""
    checks, control, readings, instead, metrics = said
    config = order.config
    foreign = frozenset(name for name, target in config.targets.items() if target.foreign)
    identity = identify(order.judged, readings, foreign, instead)
    return assemble(
        run=RunInfo(
            gate=config.gate,
            sha=order.judged,
            revisions=_newest(identity),
            tool_version=__version__,
            config_hash=config.hash,
            mode=config.mode,
            run_id=order.run_id,
            run_attempt=order.run_attempt,
            kinds=_kinds_by_others(order),
            **info,
        ),
        checks=checks,
        rules=config.policy.rules,
        control=control,
        identity=identity,
        plan=describe(order.plan, config, order.fallbacks(), foreign)
        | {"origin": to_builtins(order.clean(config.origin))},
        policy=_policy(order),
        metrics=metrics,
    )


async def _unless(stop: asyncio.Event, step: Awaitable[Result], instead: Result) -> Result:
    """Do a step unless the run is stopped before or while it is done."""
    doing, stopping = asyncio.ensure_future(step), asyncio.ensure_future(stop.wait())
    both: set[asyncio.Future[Any]] = {doing, stopping}
    try:
        if not stop.is_set():
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else instead
    finally:
        doing.cancel()
        stopping.cancel()
        await asyncio.gather(doing, stopping, return_exceptions=True)


async def _ask_control(order: Order, world: World, listener: Listener, samples: list[Sample]) -> Control:
    """Sample the control into `samples`, which outlive an interruption. The run's deadline bounds it too."""
    declared, kind = order.config.control, order.control_kind
    if declared is None or kind is None:
        return Control(held=None)
    listener.say("asking the control")
    cut: list[Sample] = []
    try:
        async with asyncio.timeout(order.deadline_s) as bound:
            while (label := conclude("single", (sample.met for sample in samples))) is None:
                await world.sleep(pause_s("single", sum(not sample.met for sample in samples)))
                samples.append((await take(kind, declared.spec, {}, world, cut.append)).sample)
    except TimeoutError:
        if not bound.expired():
            raise
        problem = f"it was not answered within the run's deadline of {order.deadline_s:g} s{under_way(cut)}"
        return Control(held=False, samples=tuple(samples), problem=problem)
    held = label in PASSED
    problem = "" if held else f"{samples[-1].signature}: {_why(samples[-1])}"
    return Control(held=held, samples=tuple(samples), problem=problem or None)


def _why(sample: Sample) -> str:
    if sample.trouble:
        return sample.trouble.message
    return next((e.text for e in sample.expectations if not e.met), "no expectation was met")


async def _sample(
    order: Order, reader: RevisionReader, world: World, listener: Listener, stop: asyncio.Event, *, left_s: float
) -> Run:
    count = len(order.plan.checks)
    listener.say(f"sampling {count} check{'s' * (count != 1)}")
    runner = Runner(world, concurrency=order.config.policy.concurrency, listen=listener.progress)
    first = asyncio.ensure_future(reader.read("between", LEAST_BETWEEN))
    later = asyncio.ensure_future(_read_between(reader, world.sleep))
    try:
        done = await runner.run(order.plan.checks, beside=order.plan.beside, deadline_s=left_s, stop=stop)
        if not done.stopped:  # also a run of milliseconds is read in between; one whose time is over waits for nothing
            await _unless(stop, first, ())
    finally:
        first.cancel()
        later.cancel()
        ended = await asyncio.gather(first, later, return_exceptions=True)
    for problem in ended:
        if isinstance(problem, Exception):  # a bug of ours: without these readings a swap would go unseen
            raise problem
    return done


async def _read_between(reader: RevisionReader, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Read the revisions while samples are taken, less and less often: a swap and a swap back is seen."""
    pause = FIRST_READING_S
    while reader.targets:
        await sleep(pause)
        await reader.read("between")
        pause = min(2 * pause, LONGEST_BETWEEN_S)


def _not_run(plan: Plan, reason: str) -> tuple[CheckResult, ...]:
    return tuple(not_run(check, check.later or reason) for check in plan.checks)


def _kinds_by_others(order: Order) -> dict[str, str]:
    """Name the packages whose code looks and judges, also at what is read only when another check fails."""
    used = {check.kind.name: check.kind for check in (*order.plan.checks, *order.plan.beside)}
    if order.control_kind is not None:
        used[order.control_kind.name] = order.control_kind
    return {name: kind.package for name, kind in sorted(used.items()) if hasattr(kind, "package")}


def _newest(identity: Identity) -> dict[str, str | None]:
    newest: dict[str, Reading] = {reading.target: reading for reading in identity.readings}
    return {name: reading.revision for name, reading in newest.items()}


def describe(plan: Plan, config: Config, fallbacks: tuple[str, ...], foreign: frozenset[str]) -> dict[str, Any]:
    """Give what a second judging must know of the plan, as JSON values."""
    return {
        "checks": [check.id for check in plan.checks],
        "left_out": to_builtins(list(plan.left_out)),
        "partial": plan.partial,
        "changes": to_builtins(plan.changes),
        "brought_in": [{"id": c.id, "reason": c.brought_in} for c in plan.checks if c.brought_in],
        "later": [list(part) for part in config.later],
        "control": config.control is not None,
        "revisions": sorted(name for name, target in config.targets.items() if target.revision),
        "foreign": sorted(foreign),
        "fallbacks": list(fallbacks),
        "metrics": to_builtins(config.metrics),
        "writes": plan.writes,
    }


def _policy(order: Order) -> dict[str, Any]:
    policy = order.config.policy
    return {
        "rules": to_builtins(list(policy.rules)),
        "deadline_s": order.deadline_s,
        "concurrency": policy.concurrency,
    }
