"""A request in, what goes wrong with it out: the faults of a world, written down in advance and counted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Late:
    """The answer comes after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is cut without an answer, before or after the request took effect."""

    after: bool


@dataclass(frozen=True, slots=True)
class Broken:
    """An answer of GitHub's own trouble; `after` says that the request took effect all the same."""

    status: int = 502
    after: bool = False


@dataclass(frozen=True, slots=True)
class Throttled:
    """The secondary rate limit, with or without Retry-After."""

    retry_after_s: int | None = None
    status: int = 403


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The hour of this token is used up, as if by others; `status` is 403 or 429."""

    status: int = 403


@dataclass(frozen=True, slots=True)
class Trickling:
    """The body comes in pieces, over so many seconds in all."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Truncated:
    """The connection is cut in the middle of the body."""


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """Something else happens: another run writes, a commit is pushed. It is handed the time of the request."""

    happens: Callable[[float], object]
    after: bool = False


Effect = Late | Lost | Broken | Throttled | Exhausted | Trickling | Truncated | Meanwhile


@dataclass(slots=True)
class Step:
    """`on` is a pattern over "METHOD /path", such as "POST */statuses/*". `nth` counts its matches; None = each."""

    on: str
    effect: Effect
    nth: int | None = 1
    met: int = 0


@dataclass
class Script:
    """The steps, in the order in which they apply to one request."""

    steps: list[Step] = field(default_factory=list)

    def add(self, on: str, effect: Effect, nth: int | None = 1) -> None:
        self.steps.append(Step(on, effect, nth))

    def effects(self, method: str, path: str) -> list[Effect]:
        """Count a request with every step that it matches; give what happens to it."""
        matching = [step for step in self.steps if fnmatchcase(f"{method} {path}", step.on)]
        for step in matching:
            step.met += 1
        return [step.effect for step in matching if step.nth in (None, step.met)]
