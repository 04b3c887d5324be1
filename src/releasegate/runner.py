"""Plan and World in, Run out: concurrency, deadlines, cancellation. The only loop."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from releasegate.diagnosis import Answer, Bystanders
from releasegate.model import PASSED, CheckResult, Diagnosis, Label, Sample
from releasegate.plan import PlannedCheck
from releasegate.sample import World, take, under_way, witness
from releasegate.sampling import PROFILES, pause_s, step
from releasegate.verdict.explain import blocked_by


class Progress(Struct, frozen=True):
    """What a listener hears: a check's new sample, and its label once it is settled."""

    check: PlannedCheck
    sample: Sample | None
    label: Label | None


CUT = -1


class Track(Struct, kw_only=True):
    """One check on its way: its samples so far, and why there will be no more; `cut` holds one that did not end.

    `asked` holds what its bystanders will have said when the sample of that number failed; `CUT` is the one cut off.
    """

    check: PlannedCheck
    samples: list[Sample] = []
    label: Label | None = None
    not_sampled: str | None = None
    cut: list[Sample] = []
    asked: dict[int, dict[str, Answer]] = {}
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    began: float = 0.0
    ended: float = 0.0
    red_capable: bool | None = None
    vacuous: tuple[str, ...] = ()


class Run(Struct, frozen=True, kw_only=True):
    """Every sample of every check; `stopped` is `deadline`, `interrupted` or None."""

    checks: tuple[CheckResult, ...]
    stopped: str | None


class Limiter:
    """So many at once, first come first served. asyncio.Semaphore walks all who wait at each release; this does not."""

    def __init__(self, places: int) -> None:
        self.free = places
        self.waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        if self.free and not self.waiting:
            self.free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place to the next who still waits."""
        while self.waiting:
            turn = self.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.free += 1


class Runner:
    """Samples all checks of a plan, interleaved, each until its samples decide."""

    def __init__(self, world: World, *, concurrency: int, listen: Callable[[Progress], None]) -> None:
        self.world = world
        self.listen = listen
        self.all = Limiter(concurrency)
        self.per_target = {name: Limiter(t.concurrency) for name, t in world.targets.items()}
        self.tracks: dict[str, Track] = {}
        self.bystanders = Bystanders((), (), world)

    async def run(
        self,
        checks: tuple[PlannedCheck, ...],
        *,
        deadline_s: float,
        stop: asyncio.Event,
        beside: tuple[PlannedCheck, ...] = (),
    ) -> Run:
        """Sample until all is settled, the deadline comes, or `stop` is set. A bug of ours is raised as it is.

        `beside` are checks that are not sampled, and may be read when one of the others fails.
        """
        self.tracks = {check.id: Track(check=check) for check in checks}
        self.bystanders = Bystanders(checks, beside, self.world)
        tasks = [asyncio.create_task(self._follow(track)) for track in self.tracks.values()]
        stopped = await self._wait(tasks, deadline_s, stop)
        for task in tasks:
            task.cancel()
        try:
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
                    raise outcome
        finally:
            await self.bystanders.leave()
        return Run(checks=tuple(result(track, stopped) for track in self.tracks.values()), stopped=stopped)

    @staticmethod
    async def _wait(tasks: list["asyncio.Task[None]"], deadline_s: float, stop: asyncio.Event) -> str | None:
        stopping = asyncio.create_task(stop.wait())
        everything = asyncio.gather(*tasks)
        both: set[asyncio.Future[Any]] = {everything, stopping}
        try:
            await asyncio.wait(both, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                return "interrupted"
            return None if everything.done() else "deadline"
        finally:
            stopping.cancel()
            everything.cancel()
            await asyncio.gather(everything, stopping, return_exceptions=True)

    async def _follow(self, track: Track) -> None:
        try:
            track.not_sampled = track.check.later or await self._blocked(track.check)
            if track.not_sampled is None:
                await self._sample(track)
        finally:
            track.settled.set()
            self.listen(Progress(track.check, None, track.label or Label.UNPROVEN))
        if track.asked:  # nobody waits for them but the end of the run
            await asyncio.wait([answer for answers in track.asked.values() for answer in answers.values()])

    async def _blocked(self, check: PlannedCheck) -> str | None:
        for need in check.decl.needs:
            needed = self._named(need)
            if not needed:
                return f"needs {need}, which was left out"
            for other in needed:
                await other.settled.wait()
                if other.label not in PASSED:
                    return blocked_by(other.check.id, other.label or Label.UNPROVEN)
        return None

    def _named(self, name: str) -> list[Track]:
        return [track for track in self.tracks.values() if name in track.check.names]

    async def _sample(self, track: Track) -> None:
        deadline_s = track.check.decl.deadline_s
        try:
            async with asyncio.timeout(None) as bound:
                await self._until_decided(track, bound)
        except TimeoutError:
            if not bound.expired():
                raise
            if track.cut:
                self._ask(track, CUT)
            track.not_sampled = _short_of(track, f"its own deadline of {deadline_s:g} s was reached")

    async def _until_decided(self, track: Track, bound: asyncio.Timeout) -> None:
        """Sample until the samples decide. The check's own deadline counts from its first sample."""
        check, world = track.check, self.world
        profile = PROFILES[check.profile]
        passes = failures = 0
        # Always in one order, so that two checks never wait for each other's places.
        limiters = [self.per_target[t] for t in sorted(set(check.targets) & self.per_target.keys())] + [self.all]
        while track.label is None:
            entered: list[Limiter] = []
            try:
                for limiter in limiters:
                    await limiter.enter()
                    entered.append(limiter)
                if not track.samples:
                    track.began = world.clock()
                    if check.decl.deadline_s is not None:
                        bound.reschedule(asyncio.get_running_loop().time() + check.decl.deadline_s)
                taken = await take(check.kind, check.decl.spec, check.values, world, track.cut.append)
            finally:
                track.ended = world.clock()
                for limiter in entered:
                    limiter.leave()
            sample = taken.sample
            if sample.met and track.red_capable is None:
                track.red_capable, track.vacuous = witness(check.kind, check.decl.spec, taken)
            track.samples.append(sample)
            passes, failures = passes + sample.met, failures + (not sample.met)
            track.label = step(profile, passes, failures, met=sample.met)
            if not sample.met:
                self._ask(track, len(track.samples) - 1)
            self.listen(Progress(check, sample, track.label))
            if track.label is None:
                pause = pause_s(check.profile, failures, check.decl.window_s)
                if pause:
                    await world.sleep(pause)

    def _ask(self, track: Track, number: int) -> None:
        """Let the bystanders be read now. No sample waits for them."""
        if track.check.decl.diagnose and (answers := self.bystanders.ask(track.check)):
            track.asked[number] = answers


def _diagnosed(sample: Sample, answers: dict[str, Answer] | None) -> Sample:
    """Put beside a failing sample what was read."""
    said = [(name, answer) for name, answer in (answers or {}).items() if answer.done() and not answer.cancelled()]
    if not said:
        return sample
    return replace(sample, diagnosis=tuple(Diagnosis(check=name, sample=answer.result()) for name, answer in said))


def _short_of(track: Track, why: str) -> str:
    """Say why there are no more samples, how many there are, and where one hung that was cut off."""
    count = len(track.samples)
    return f"{why} {f'after {count} of its samples' if count else 'before its first sample'}{under_way(track.cut)}"


def not_run(check: PlannedCheck, reason: str) -> CheckResult:
    """Give the result of a check that was not sampled at all."""
    return result(Track(check=check, not_sampled=reason), None)


def result(track: Track, stopped: str | None) -> CheckResult:
    """Give a track as a check's result; without a conclusion it is UNPROVEN and says why."""
    check, decl = track.check, track.check.decl
    not_sampled = track.not_sampled
    if track.label is None and not_sampled is None:
        why = "the run was interrupted" if stopped == "interrupted" else "the run's deadline was reached"
        not_sampled = _short_of(track, why)
    samples = tuple(track.samples)
    if track.asked:
        samples = tuple(_diagnosed(sample, track.asked.get(number)) for number, sample in enumerate(samples))
    return CheckResult(
        id=check.id,
        suite=check.suite,
        kind=check.kind.name,
        label=track.label or Label.UNPROVEN,
        critical=decl.critical,
        weight=check.weight,
        hash=decl.hash,
        samples=samples,
        profile=check.profile,
        targets=check.targets,
        advisory=decl.advisory,
        twin=decl.twin,
        needs=decl.needs,
        diagnose=decl.diagnose,
        owner=check.owner,
        title=decl.title,
        advice=decl.advice,
        not_sampled=not_sampled,
        unfinished=_diagnosed(track.cut[-1], track.asked.get(CUT)) if track.cut else None,
        duration_s=round(max(0.0, track.ended - track.began), 6),
        red_capable=track.red_capable,
        vacuous=track.vacuous,
    )
