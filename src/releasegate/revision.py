"""Targets in, what each says it runs out: asked while the deployment is awaited, and beside the samples."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

from msgspec.structs import replace

from releasegate.config.model import Revision, Target
from releasegate.errors import CouldNotLook
from releasegate.evidence.identity import before, matches, unsettled
from releasegate.model import Reading
from releasegate.trace import traced
from releasegate.wire.types import HttpAnswer, HttpRequest, Wire

READ_TIMEOUT_S = 10.0
WAIT_STEP_S = 0.25
LONGEST_WAIT_STEP_S = 5.0
TELL_AGAIN_S = 30.0
MOST_ATTEMPTS = 4
MOST_WHEN_LATE = 2
PATIENCE_S = 15.0
"""No reading is asked again later than this after it was asked first: so one with all its tries ends within 30 s."""
PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
NOT_NOW = frozenset({429, 502, 503, 504})
AT_ONCE = 5
LEAST_AFTER = 5
OK = range(200, 300)
REDIRECTS = range(300, 400)
LONGEST = 200
LONGEST_SHOWN = 60
LONGEST_LOCATION = 100
CACHES = frozenset({"x-cache", "x-cache-status", "x-proxy-cache", "x-vercel-cache", "cf-cache-status"})
FROM_CACHE = re.compile(r"(?<![a-z])(?<!refresh_)(hit|stale|updating)(?![a-z])", re.IGNORECASE)
MISS = re.compile(r"(\w+_)?miss:?", re.IGNORECASE)
AGE = re.compile(r"[0-9]+(\.[0-9]*)?")
QUOTED = re.compile(r'"(?:\\.|[^"\\])*(")?', re.DOTALL)
USERINFO = re.compile(r"^([a-z][a-z0-9+.-]*:[/\\]*|[/\\]{2,})[^/\\]*@", re.IGNORECASE)
UNREACHED = frozenset({"name", "connect"})
Sleep = Callable[[float], Awaitable[None]]


def extract(revision: Revision, answer: HttpAnswer) -> str:
    """Give the commit that an answer names. Raises ValueError with the reason when it names none."""
    if answer.status not in OK:
        raise ValueError(f"status {answer.status}{_whither(answer)}")
    if cached := _cached(answer.headers):
        raise ValueError(f"a cache answered ({cached}): it says nothing of what runs now")
    if revision.header is not None:
        found: list[Any] = [v for k, v in answer.headers if k == revision.header.lower()]
    elif revision.body is not None:
        from releasegate.pattern import search

        text = answer.body.decode("utf-8", "replace")
        found = search(revision.body, text)
    else:
        from releasegate.jsonpath import compile_path
        from releasegate.strictjson import NotJson, parse

        try:
            found = compile_path(revision.at or "$").select(parse(answer.body))
        except NotJson as problem:
            raise ValueError(f"its body is not JSON: {problem}") from problem
    values = {value.strip() for value in found if isinstance(value, str) and value.strip()}
    if len(values) != 1:
        raise ValueError("no revision in the answer" if not values else "several revisions in one answer")
    value = values.pop()
    if len(value) > LONGEST:
        raise ValueError(f"a revision of {len(value)} characters; at most {LONGEST} are read")
    return value


def _whither(answer: HttpAnswer) -> str:
    """Say where a redirect points, without what may be a secret in it."""
    location = next((v for k, v in answer.headers if k == "location"), "") if answer.status in REDIRECTS else ""
    place = USERINFO.sub(r"\1", re.split("[?#]", location.strip(), maxsplit=1)[0])
    if not place:
        return ""
    shown = place if len(place) <= LONGEST_LOCATION else place[: LONGEST_LOCATION - 1] + "…"
    return f", to {shown}: declare that path"


def _cached(headers: Iterable[tuple[str, str]]) -> str | None:
    """Give the header by which a cache says that it answered with what it had; an age of 0 was asked for just now."""
    for name, value in headers:
        aged = name == "age" and any(AGE.fullmatch(part.strip()) and float(part) > 0 for part in value.split(","))
        hit = name in CACHES and any(_is_hit(part) for part in re.split("[,;]", value))
        if aged or hit or (name == "cache-status" and _has_hit(value)):
            return f"{name}: {value[:LONGEST_SHOWN]}"
    return None


def _is_hit(said: str) -> bool:
    """Tell whether one cache of X-Cache and its like had the answer. After a miss comes the name of who missed."""
    first, *rest = said.split() or [""]
    if MISS.fullmatch(first):
        return any(FROM_CACHE.fullmatch(word) for word in rest)
    return bool(FROM_CACHE.search(said))


def _has_hit(value: str) -> bool:
    """Tell whether a member of Cache-Status has the parameter `hit` (RFC 9211), or is nothing but that word."""
    for member in QUOTED.sub(lambda quoted: '""' if quoted[1] else quoted[0], value).split(","):
        cache, *parameters = (part.strip().lower() for part in member.split(";"))
        said = (parameter.partition("=") for parameter in parameters)
        if any(name.strip() == "hit" and given.strip() != "?0" for name, _, given in said):
            return True
        if not parameters and FROM_CACHE.fullmatch(cache):
            return True
    return False


def _pause(answer: HttpAnswer) -> float:
    """Give the pause that an answer asks for, in whole seconds, within bounds."""
    said = next((v.strip() for k, v in answer.headers if k == "retry-after"), "")
    whole = re.fullmatch("0*([0-9]{1,9})", said)
    return min(max(PAUSE_S, float(whole[1])), LONGEST_PAUSE_S) if whole else PAUSE_S


class Answered(NamedTuple):
    """What came of one request; `unreached` gives the reason when nobody could be connected to.

    `again` is the pause after which it is worth asking again, None after an answer that says something; `began` is when
    it was asked, on the loop's clock.
    """

    reading: Reading
    unreached: str | None
    again: float | None
    late: bool
    began: float


class RevisionReader:
    """Asks every target that declares a revision, and keeps what each said and when.

    Each reading goes over a connection of its own: a balancer that ties a connection to a replica shows all of them.
    A target whose name has addresses of both families is read over both. What nobody answered is asked again after a
    pause of `sleep`: a run reads often, and one unlucky reading could void it.
    """

    def __init__(
        self,
        targets: Iterable[Target],
        wire: Wire,
        wall: Callable[[], str],
        sleep: Sleep,
        nonce: Callable[[], str],
    ) -> None:
        self.targets = tuple(target for target in targets if target.revision)
        self.revisions = [target.revision for target in self.targets if target.revision]
        self.settle = max((revision.settle for revision in self.revisions), default=1)
        self.wire = wire
        self.wall = wall
        self.sleep = sleep
        self.nonce = nonce
        self.paused_s = 0.0
        self.hurried = False
        self.one_at_a_time = asyncio.Lock()
        self.in_vain: set[tuple[str, int | None]] = set()
        """Where asking again came to nothing: not done anew before there is an answer, as each time has its price."""
        self.readings: list[Reading] = []
        self.mute: set[tuple[str, int]] = set()
        """Families that swallow what is sent to them: to ask each time would cost a timeout each time."""

    async def read(self, moment: str, times: int = 1) -> tuple[Reading, ...]:
        """Read each target so many times at once. What cannot be read is a reading with a problem."""
        got = await asyncio.gather(*(self._ask(target, moment, times) for target in self.targets))
        return tuple(reading for readings in got for reading in readings)

    async def read_after(self, *, hurried: bool = False) -> None:
        """Read often enough that replicas of several commits are not all alike by luck.

        Where the run's time is over anyway (`hurried`) each target is asked once: what it says makes nothing green.
        """
        self.hurried = hurried
        left = 1 if hurried else max(LEAST_AFTER, self.settle)
        while left > 0:
            await self.read("after", min(left, AT_ONCE))
            left -= AT_ONCE

    async def _ask(self, target: Target, moment: str, times: int) -> list[Reading]:
        families = await self._families(target)
        got = await asyncio.gather(*(self._over(families, target, moment) for _ in range(times)))
        return [reading for readings in got for reading in readings]

    async def _families(self, target: Target) -> tuple[int | None, ...]:
        try:
            found = await self.wire.families(target)
        except CouldNotLook:
            return (None,)
        return tuple(f for f in found if (target.name, f) not in self.mute) if len(found) > 1 else (None,)

    async def _over(self, families: tuple[int | None, ...], target: Target, moment: str) -> list[Reading]:
        """Read over each family. One that cannot be reached from here does not count while another is."""
        got = await asyncio.gather(*(self._read(target, moment, family) for family in families))
        tried = list(zip(families, got, strict=True))
        some = [(f, answered) for f, answered in tried if not answered.unreached]
        if some:
            self.mute |= {(target.name, f) for f, answered in tried if f and answered.unreached == "timeout"}
        said = [answered.reading for _, answered in some if answered.again is None]
        self.readings += said  # at once: what was said counts, also when the run ends before the rest is asked again
        self.in_vain -= {(target.name, f) for f, answered in some if answered.again is None}
        open_ = [(f, answered) for f, answered in some or tried if answered.again is not None]
        later = [await self._again(target, moment, f, answered) for f, answered in open_]
        kept = later if some else [late for late in later if not late.unreached] or later[:1]
        self.readings += [answered.reading for answered in kept]
        return said + [answered.reading for answered in kept]

    async def _again(self, target: Target, moment: str, family: int | None, first: Answered) -> Answered:
        """Ask again, one at a time and in turn: a limit on the rate would turn a crowd away. Says so in the reading.

        An answer that says something, whatever it says, is never asked for again.
        """
        here, got, asked, since = (target.name, family), first, 1, self.paused_s
        problem = first.reading.problem
        ends = first.began + PATIENCE_S
        while got.again is not None and not self.hurried:
            async with self.one_at_a_time:
                if asyncio.get_running_loop().time() >= ends:
                    self.in_vain.add(here)
                if here in self.in_vain:
                    break
                pause = max(PAUSE_S, got.again - (self.paused_s - since))
                await self.sleep(pause)
                since = self.paused_s = self.paused_s + pause
                got, asked = await self._read(target, moment, family), asked + 1
            problem = got.reading.problem or problem
            if got.again is not None and asked >= (MOST_WHEN_LATE if got.late else MOST_ATTEMPTS):
                self.in_vain.add(here)
        problem = f"asked {asked} times: {problem}" if asked > 1 else problem
        return got._replace(reading=replace(got.reading, problem=problem))

    async def _read(self, target: Target, moment: str, family: int | None) -> Answered:
        revision = target.revision
        assert revision is not None  # noqa: S101 - narrowed by __init__
        path = revision.get.path if isinstance(revision.get.path, str) else revision.get.path.source
        headers = traced((*target.headers, ("Cache-Control", "no-cache")), self.nonce(), 1)
        request = HttpRequest(
            target=target, method="GET", url=target.origin + target.path + path, timeout_s=READ_TIMEOUT_S,
            headers=headers, fresh=True, family=family,
        )  # fmt: skip
        seen = problem = address = unreached = again = None
        late, began = False, asyncio.get_running_loop().time()
        try:
            answer = await self.wire.fetch(request)
            address = answer.contact.address
            again = _pause(answer) if answer.status in NOT_NOW else None
            seen = extract(revision, answer)
        except CouldNotLook as trouble:
            problem = f"over IPv{family}: {trouble}" if family else str(trouble)
            address = trouble.contact.address if trouble.contact else None
            unreached = trouble.trouble.reason if trouble.trouble.phase in UNREACHED else None
            again, late = PAUSE_S, trouble.trouble.reason == "timeout"
        except ValueError as unreadable:
            problem = str(unreadable)
        reading = Reading(
            target=target.name, moment=moment, at=self.wall(), revision=seen, problem=problem, address=address or None
        )
        return Answered(reading, unreached, again, late, began)

    async def arrive(
        self, judged: str | None, sleep: Sleep, clock: Callable[[], float], tell: Callable[[str], None]
    ) -> str | None:
        """Wait until every target gives `settle` equal answers that match `judged`; more, if it gave others before.

        Gives None then, and also when nothing could be read: a dead staging is for the checks to show.
        Otherwise, when `wait` is over, gives what staging was seen to run instead.
        """
        if not self.targets:
            return None
        ends = clock() + max(revision.wait_s for revision in self.revisions)
        waiting = _Waiting(judged or "a readable revision", ends, clock, tell)
        pause, equal, last = WAIT_STEP_S, 0, frozenset[tuple[str, str | None]]()
        times = min(self.settle, AT_ONCE)
        while True:
            got = await self.read("before", times)
            seen = frozenset((reading.target, reading.revision) for reading in got)
            here, again = self._is_here(judged, got), seen == last
            going_on = here and (again or equal == 0)
            equal, last = (times + equal * again if here else 0), seen
            doubt = self._unsettled()
            if equal >= self.settle and not doubt:
                return None
            times = min(self.settle - equal, AT_ONCE) if going_on and not doubt else 1
            if going_on:
                if doubt:
                    await sleep(WAIT_STEP_S)
                continue
            if clock() >= ends:
                return self._instead(judged, got, doubt)
            waiting.told(_summary(got))
            await sleep(min(pause, max(0.0, ends - clock())))
            pause = min(pause * 1.5, LONGEST_WAIT_STEP_S)

    def _is_here(self, judged: str | None, readings: Iterable[Reading]) -> bool:
        """Tell whether all targets could be read, each names one commit, and those of ours the judged one."""
        said = {(reading.target, reading.revision) for reading in readings}
        ours = {target.name for target in self.targets if not target.foreign}
        return len(said) == len(self.targets) and all(
            revision and (judged is None or name not in ours or matches(judged, revision)) for name, revision in said
        )

    def _unsettled(self) -> list[str]:
        said = ((target.name, unsettled(before(target.name, self.readings))) for target in self.targets)
        return [f"{name} {problem}" for name, problem in said if problem]

    def _instead(self, judged: str | None, readings: Iterable[Reading], doubt: list[str]) -> str | None:
        ours = {target.name for target in self.targets if not target.foreign}
        others = [r for r in readings if judged and r.target in ours and r.revision and not matches(judged, r.revision)]
        runs = dict.fromkeys(f"{r.target} runs {r.revision}, the commit to judge is {judged}" for r in others)
        unsteady = [f"the deployment did not settle: {problem}" for problem in doubt]
        return "; ".join([*runs, *unsteady]) or None


class _Waiting:
    """Tells what is awaited and what is there instead: when that changes, and else now and then."""

    def __init__(self, what: str, ends: float, clock: Callable[[], float], tell: Callable[[str], None]) -> None:
        self.what, self.ends, self.clock, self.tell = what, ends, clock, tell
        self.last, self.due = "", 0.0

    def told(self, now: str) -> None:
        at = self.clock()
        if now == self.last and at < self.due:
            return
        self.last, self.due = now, at + TELL_AGAIN_S
        self.tell(f"waiting for {self.what}, {self.ends - at:.0f} s at most; now: {now}")


def _summary(readings: Iterable[Reading]) -> str:
    said = {(reading.target, reading.revision): reading.revision or reading.problem for reading in readings}
    return ", ".join(f"{target} {text}" for (target, _), text in said.items())
