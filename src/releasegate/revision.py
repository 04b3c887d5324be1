"""Targets in, what each says it runs out: asked while the deployment is awaited, and beside the samples."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from releasegate.config.model import Revision, Target
from releasegate.errors import CouldNotLook
from releasegate.evidence.identity import identify, matches
from releasegate.model import Reading
from releasegate.wire.types import HttpAnswer, HttpRequest, Wire

__all__ = ["RevisionReader", "extract", "identify", "matches"]

READ_TIMEOUT_S = 10.0
WAIT_STEP_S = 0.25
LONGEST_WAIT_STEP_S = 5.0
OK = range(200, 300)
LONGEST = 200


def extract(revision: Revision, answer: HttpAnswer) -> str:
    """Give the commit that an answer names. Raises ValueError with the reason when it names none."""
    if answer.status not in OK:
        raise ValueError(f"status {answer.status}")
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


class RevisionReader:
    """Asks every target that declares a revision, and keeps what each said and when."""

    def __init__(self, targets: Iterable[Target], wire: Wire, wall: Callable[[], str]) -> None:
        self.targets = tuple(target for target in targets if target.revision)
        self.wire = wire
        self.wall = wall
        self.readings: list[Reading] = []

    async def read(self, moment: str) -> tuple[Reading, ...]:
        """Read each target once. Never raises CouldNotLook: what cannot be read is a reading with a problem."""
        got = tuple(await asyncio.gather(*(self._read(target, moment) for target in self.targets)))
        self.readings += got
        return got

    async def _read(self, target: Target, moment: str) -> Reading:
        revision = target.revision
        assert revision is not None  # noqa: S101 - narrowed by __init__
        path = revision.get.path if isinstance(revision.get.path, str) else revision.get.path.source
        request = HttpRequest(
            target=target, method="GET", url=target.origin + target.path + path,
            headers=(*target.headers, ("Cache-Control", "no-cache")), timeout_s=READ_TIMEOUT_S,
        )  # fmt: skip
        seen, problem = None, None
        try:
            seen = extract(revision, await self.wire.fetch(request))
        except CouldNotLook as trouble:
            problem = str(trouble)
        except ValueError as unreadable:
            problem = str(unreadable)
        return Reading(target=target.name, moment=moment, at=self.wall(), revision=seen, problem=problem)

    async def arrive(
        self,
        judged: str | None,
        sleep: Callable[[float], Awaitable[None]],
        clock: Callable[[], float],
        tell: Callable[[str], None],
    ) -> str | None:
        """Wait until every target gives `settle` equal answers that match `judged`.

        Gives None then, and also when nothing could be read: a dead staging is for the checks to show.
        Otherwise, when `wait` is over, gives what staging was seen to run instead.
        """
        if not self.targets:
            return None
        revisions = [t.revision for t in self.targets if t.revision]
        ends = clock() + max(revision.wait_s for revision in revisions)
        needed = max(revision.settle for revision in revisions)
        pause, equal, last = WAIT_STEP_S, 0, None
        while True:
            got = await self.read("before")
            seen = tuple(reading.revision for reading in got)
            here = self._is_here(judged, got)
            steady = last in {None, seen}
            equal, last = (equal + 1 if steady else 1) if here else 0, seen
            if equal >= needed:
                return None
            if here and steady:
                continue
            if clock() >= ends:
                return self._instead(judged, got, here=here)
            tell(f"waiting for {judged or 'a readable revision'}; now: {_summary(got)}")
            await sleep(min(pause, max(0.0, ends - clock())))
            pause = min(pause * 1.5, LONGEST_WAIT_STEP_S)

    def _is_here(self, judged: str | None, readings: tuple[Reading, ...]) -> bool:
        pairs = zip(self.targets, readings, strict=True)
        return all(r.revision and (judged is None or t.foreign or matches(judged, r.revision)) for t, r in pairs)

    def _instead(self, judged: str | None, readings: tuple[Reading, ...], *, here: bool) -> str | None:
        if here:
            return f"the deployment did not settle: it answers with several revisions; last {_summary(readings)}"
        others = [r for t, r in zip(self.targets, readings, strict=True)
                  if r.revision and judged and not t.foreign and not matches(judged, r.revision)]  # fmt: skip
        return "; ".join(f"{r.target} runs {r.revision}, the commit to judge is {judged}" for r in others) or None


def _summary(readings: Iterable[Reading]) -> str:
    return ", ".join(f"{r.target} {r.revision or r.problem}" for r in readings)
