"""Kinds that a config may use today and that this version does not judge: tables, targets, and why not."""

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from releasegate.checks.base import Kind
from releasegate.config.scalars import CheckName
from releasegate.config.shape import (
    Duration,
    Either,
    Field,
    ListOf,
    Number,
    OneOf,
    Reading,
    Shape,
    Share,
    Table,
    TargetName,
    Text,
)
from releasegate.expect.shapes import Bound
from releasegate.template import as_text, fill

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LATENCY = Field(Bound(), says="how long it may take")
TIMEOUT = Field(Duration(), says="bound on one sample")


class Later:
    """A kind that loads. Whoever would run it finds `later` and leaves it alone."""

    troubles: tuple[type[Exception], ...] = ()
    writes_by_default = "single"
    schemes: frozenset[str] = frozenset()

    def __init__(self, name: str, table: Shape, addresses: str | None, reads_by_default: str = "standard") -> None:
        self.name = name
        self.table = table
        self.addresses = addresses
        self.reads_by_default = reads_by_default
        self.later = f"checks of kind {name} are loaded and not judged by this version"

    def targets(self, spec: Any, values: Mapping[str, Any]) -> tuple[str, ...]:
        named = spec.get(self.addresses) if self.addresses else None
        if named is None:
            return ()
        several = named if isinstance(named, tuple) else (getattr(named, "target", named),)
        return tuple(as_text(fill(name, values)) for name in several)

    def timeout_s(self, spec: Any) -> float:
        return float(spec.get("timeout") or 0.0)

    def writes(self, spec: Any) -> int:  # noqa: ARG002 - the contract of every kind
        return 0

    def cleans_up(self, spec: Any) -> bool:  # noqa: ARG002 - the contract of every kind
        return False

    def _refuse(self, *_: Any) -> NoReturn:
        raise NotImplementedError(self.later)

    async def observe(self, spec: Any, probe: Any) -> Any:
        self._refuse(spec, probe)

    async def clean_up(self, spec: Any, probe: Any) -> None:
        self._refuse(spec, probe)

    def judge(self, spec: Any, observation: Any, scope: Mapping[str, Any]) -> NoReturn:
        self._refuse(spec, observation, scope)

    def violate(self, observation: Any, expectation: Any) -> NoReturn:
        self._refuse(observation, expectation)


def _expect(says: str, fields: Mapping[str, Field]) -> Field:
    return Field(Table(says, fields, _demand_some), required=True, says="what must be so")


def _demand_some(values: dict[str, Any], node: Any, ctx: Reading) -> Any:
    if all(value is None for value in values.values()):
        return ctx.report(node, "an empty expect could never fail", f"expect at least one of {', '.join(values)}")
    return values


def _most(shape: Shape) -> Field:
    return Field(Table("a bound", {"max": Field(shape, required=True)}), says="{max: …}")


CONTACT = Either({"text": OneOf("none"), "list": ListOf(TargetName(), least=1)}, says="a list of targets, or none")

TESTS = Table(
    "a tests check",
    {
        "command": Field(Text("a command"), required=True, says="what runs the tests"),
        "junit": Field(Text("a path"), required=True, says="the JUnit file that the command writes"),
        "env": Field(ListOf(Text("the name of a variable", VARIABLE)), default=(), says="variables it may see"),
        "contact": Field(CONTACT, required=True, says="targets that a test must reach, or none"),
        "timeout": TIMEOUT,
    },
)
LOAD = Table(
    "a load check",
    {
        "drive": Field(CheckName(), required=True, says="the check that each user repeats"),
        "users": Field(Number(least=1, whole=True), required=True, says="users at once"),
        "duration": Field(Duration(), required=True, says="for how long"),
        "expect": _expect(
            "expect",
            {"errors": _most(Share()), "p50": _most(Duration()), "p95": _most(Duration()), "p99": _most(Duration())},
        ),
    },
)

KINDS: dict[str, Kind] = {
    "tests": Later("tests", TESTS, "contact", "once"),
    "load": Later("load", LOAD, None, "once"),
}
