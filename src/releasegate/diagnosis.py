"""A failing check in, readings of the checks that it names under `diagnose` out: taken now, and shared.

A reading is no sample of the check that is read: it enters none of its counts, and takes no place in the queue of
samples, for it must not wait behind what it is to explain.
"""

import asyncio
from collections.abc import Iterable

from releasegate.model import Sample
from releasegate.plan import PlannedCheck
from releasegate.sample import World, take

AT_ONCE = 16
"""So many different checks are read at once; of each, one reading at a time."""
Answer = asyncio.Future[Sample]


class Bystander:
    """One check that is read when others fail. Many who ask are answered by few readings: it may be what is sick."""

    def __init__(self, check: PlannedCheck, world: World, places: asyncio.Semaphore) -> None:
        self.check = check
        self.world = world
        self.places = places
        self.asking: list[Answer] = []
        self.task: asyncio.Task[None] | None = None

    def ask(self) -> Answer:
        """Give what will hold a reading; cancelled if there is none."""
        answer: Answer = asyncio.get_running_loop().create_future()
        self.asking.append(answer)
        if self.task is None:
            self.task = asyncio.create_task(self._read())
        elif self.task.done():  # by a bug of ours, which `leave` raises
            answer.cancel()
        return answer

    async def _read(self) -> None:
        try:
            while self.asking:
                async with self.places:
                    await self._answer()
            self.task = None
        finally:
            for answer in self.asking:
                answer.cancel()

    async def _answer(self) -> None:
        """Read once, for all who asked before.

        Who asks while a reading is under way that comes to no good is answered by it: it covers that moment. One that
        is met may have been answered before that moment, so that they get the next.
        """
        check, cut = self.check, list[Sample]()
        asked, self.asking = self.asking, []
        try:
            sample = (await take(check.kind, check.decl.spec, check.values, self.world, cut.append)).sample
            if not sample.met:
                asked, self.asking = asked + self.asking, []
            cut.append(sample)
        finally:
            for answer in asked:
                if cut:
                    answer.set_result(cut[-1])
                else:
                    answer.cancel()


class Bystanders:
    """All checks that others name under `diagnose`, planned or not."""

    def __init__(self, checks: Iterable[PlannedCheck], beside: Iterable[PlannedCheck], world: World) -> None:
        checks = tuple(checks)
        named = {name for check in checks for name in check.decl.diagnose}
        places = asyncio.Semaphore(AT_ONCE)
        self.by_name: dict[str, list[Bystander]] = {}
        for check in (*checks, *beside) if named else ():
            if not check.later and not named.isdisjoint(check.names):
                one = Bystander(check, world, places)
                for name in named & check.names:
                    self.by_name.setdefault(name, []).append(one)

    def ask(self, check: PlannedCheck) -> dict[str, Answer]:
        """Ask for a reading of each check that this one names, by id in the order of its config."""
        asked = {one.check.id: one for name in check.decl.diagnose for one in self.by_name.get(name, ())}
        return {name: one.ask() for name, one in asked.items()}

    async def leave(self) -> None:
        """End all readings. A bug of ours that one met is raised."""
        tasks = {one.task for several in self.by_name.values() for one in several if one.task}
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
                raise outcome
