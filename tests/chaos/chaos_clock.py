"""A loop on which waiting takes no time, and clocks that jump: hours of a run in milliseconds, the same ones each time."""

import asyncio
import random
import selectors
from datetime import UTC, datetime, timedelta
from typing import Any

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class StuckError(AssertionError):
    """Everybody waits, and nothing will ever come."""


class _Leap(selectors.DefaultSelector):
    """Instead of waiting for its time to pass it lets it have passed."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise StuckError("everybody waits for what nobody will bring")
            self.now_s += max(timeout, 0.0)
        return ready


class LeapingLoop(asyncio.SelectorEventLoop):
    """Time passes only when nothing else is left to do, and then at once."""

    def __init__(self) -> None:
        self.leap = _Leap()
        super().__init__(self.leap)

    def time(self) -> float:
        return self.leap.now_s


class Clocks:
    """The clocks of a world on a loop. Each may jump, both ways, at moments drawn before."""

    def __init__(self, loop: LeapingLoop, rng: random.Random, *, jumping: bool) -> None:
        self.loop = loop
        self.jumps = [
            (rng.uniform(0, 60), rng.choice((-3600.0, -5.0, -0.3, 0.3, 7.0, 3600.0))) for _ in range(3)
        ] * jumping
        self.wall_jumps = [(rng.uniform(0, 60), rng.choice((-1e6, -3600.0, -1.0, 30.0, 1e6))) for _ in range(3)]

    def clock(self) -> float:
        return self.loop.time() + 100.0 + self._jumped(self.jumps)

    def epoch(self) -> float:
        return BEGIN.timestamp() + self.loop.time() + self._jumped(self.wall_jumps)

    def wall(self) -> str:
        now = BEGIN + timedelta(seconds=self.loop.time() + self._jumped(self.wall_jumps))
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _jumped(self, jumps: list[tuple[float, float]]) -> float:
        return sum(by_s for at_s, by_s in jumps if self.loop.time() >= at_s)
