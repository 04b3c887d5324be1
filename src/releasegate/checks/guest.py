"""A kind of an installed package in, the same as the gate asks it out: what it gives back is looked at."""

import math
from collections.abc import Mapping, Sequence
from traceback import walk_tb
from types import TracebackType
from typing import Any

import msgspec

from releasegate.checks.base import Judgement, Probe
from releasegate.checks.contract import breaches
from releasegate.config.model import Target
from releasegate.config.node import Node
from releasegate.config.shape import Reading, Shape
from releasegate.errors import UnusableKindError
from releasegate.model import Expectation

CONTRACT = "docs/adding-a-kind.md says what a kind must have"


class Guest:
    """A kind by others. `package` is the distribution that brings it, with its version.

    What it gives back and is not what the contract says raises TypeError or msgspec.ValidationError: a bug of it.
    """

    def __init__(self, kind: Any, package: str) -> None:
        self._kind = kind
        self.package = package
        self.name: str = kind.name
        self.table: Shape = GuestTable(kind.table, package)
        self.troubles: tuple[type[Exception], ...] = kind.troubles
        self.reads_by_default: str = kind.reads_by_default
        self.writes_by_default: str = kind.writes_by_default
        self.schemes: frozenset[str] = kind.schemes
        self.losses = self._losses if hasattr(kind, "losses") else None
        self.passes = self._passes if hasattr(kind, "passes") else None
        self.refuses = self._refuses if hasattr(kind, "refuses") else None
        self.demands_refusal = self._demands_refusal if hasattr(kind, "demands_refusal") else None

    def targets(self, spec: Any, values: Mapping[str, Any]) -> tuple[str, ...]:
        return msgspec.convert(self._kind.targets(spec, values), tuple[str, ...])

    def timeout_s(self, spec: Any) -> float:
        bound = msgspec.convert(self._kind.timeout_s(spec), float)
        if not math.isfinite(bound) or bound <= 0:
            raise TypeError("timeout_s bounds nothing")
        return bound

    def writes(self, spec: Any) -> int:
        return msgspec.convert(self._kind.writes(spec), int)

    def cleans_up(self, spec: Any) -> bool:
        return msgspec.convert(self._kind.cleans_up(spec), bool)

    async def observe(self, spec: Any, probe: Probe) -> Any:
        return await self._kind.observe(spec, probe)

    async def clean_up(self, spec: Any, probe: Probe) -> None:
        await self._kind.clean_up(spec, probe)

    def judge(self, spec: Any, observation: Any, scope: Mapping[str, Any]) -> Judgement:
        """Judge, and give what the evidence would hold of it: nothing that only looks like a judgement passes."""
        return msgspec.convert(msgspec.to_builtins(self._kind.judge(spec, observation, scope)), Judgement)

    def violate(self, observation: Any, expectation: Expectation) -> Any | None:
        return self._kind.violate(observation, expectation)

    def _losses(self, spec: Any, observation: Any) -> Sequence[tuple[str, Any]]:
        return [(str(name), lost) for name, lost in self._kind.losses(spec, observation)]

    def _passes(self, spec: Any, observation: Any, scope: Mapping[str, Any]) -> bool:
        return msgspec.convert(self._kind.passes(spec, observation, scope), bool)

    def _refuses(self, target: Target) -> tuple[str, str] | None:
        return msgspec.convert(self._kind.refuses(target), tuple[str, str] | None)

    def _demands_refusal(self, spec: Any) -> bool:
        return msgspec.convert(self._kind.demands_refusal(spec), bool)


class GuestTable(Shape):
    """The table of a kind by others."""

    def __init__(self, table: Shape, package: str) -> None:
        self._table = table
        self.package = package
        self.says = table.says

    def read(self, node: Node, ctx: Reading) -> Any:
        return self._table.read(node, ctx)

    def schema(self) -> dict[str, Any]:
        return msgspec.convert(self._table.schema(), dict[str, Any])


def admit(entry: Any, package: str) -> Guest:
    """Load the kind of an entry point. Raises UnusableKindError; what else its import raises is a bug of it."""
    about = f'the kind "{entry.name}" of {package}'
    try:
        kind = entry.load()
    except (ImportError, AttributeError, SyntaxError) as wrong:
        raise UnusableKindError(f"{about} cannot be loaded: {wrong}", "install it again, or uninstall it") from wrong
    lacks = breaches(kind, entry.name)
    if lacks:
        raise UnusableKindError(f"{about} does not keep the contract: {'; '.join(lacks)}", CONTRACT)
    return Guest(kind, package)


def blamed(bug: BaseException) -> str | None:
    """Give the package whose kind was being asked when something was raised; None if none was."""
    return _of(bug.__traceback__)


def _of(traceback: TracebackType | None) -> str | None:
    for frame, _ in walk_tb(traceback):
        if frame.f_code.co_filename == __file__:
            here = frame.f_locals
            return str(here["package"] if "package" in here else here["self"].package)
    return None
