"""The `suites:` of a config in, Suites with their checks out; each kind reads its own part."""

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from releasegate.config import kinds
from releasegate.config.model import ControlDecl
from releasegate.config.node import Node
from releasegate.config.scalars import CheckName
from releasegate.config.shape import (
    MISSING,
    Boolean,
    Field,
    ListOf,
    MapOf,
    Name,
    Number,
    OneOf,
    PositiveDuration,
    Reading,
    Shape,
    Table,
    Text,
    did_you_mean,
)
from releasegate.config.tables import EventNames
from releasegate.errors import UnknownKindError, UnusableKindError
from releasegate.template import Template, as_text, compile_text

MOST_CHECKS = 10_000
HOLE_NAME = re.compile(r"[A-Za-z0-9_-]+")
BLANKS = re.compile(r"[\x00-\x1f\x7f]")


class LoopValue(Shape):
    """One value of `for:`; constant."""

    says = "text, a number or a boolean"

    def read(self, node: Node, ctx: Reading) -> Any:
        if node.kind not in {"text", "number", "boolean"}:
            return self.wrong(node, ctx)
        if isinstance(node.value, float) and not math.isfinite(node.value):
            return ctx.report(node, "a number must be finite")
        value = compile_text(node.value) if isinstance(node.value, str) else node.value
        if isinstance(value, Template):
            return ctx.report(node, "{{holes}} are not filled in for: values", "\\{{ stands for a literal {{")
        if value == "" or (isinstance(value, str) and BLANKS.search(value)):
            return ctx.report(node, "a for: value is a part of the check's id: one line of text, not empty")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number", "boolean"]}


class Loops(MapOf):
    """`for:`: holes to the values that each takes."""

    def __init__(self) -> None:
        super().__init__(ListOf(LoopValue()), key=Text("a name of letters, digits, _ and -", HOLE_NAME), least=1)
        self.says = "a mapping of names to lists of values"

    def read(self, node: Node, ctx: Reading) -> Any:
        before = len(ctx.problems)
        loops = super().read(node, ctx)
        if loops is MISSING or len(ctx.problems) > before:
            return MISSING
        for name, values in loops.items():
            if not values:
                ctx.report(node.value[name], "for: over nothing: no check would come of it", "give it a value")
            self._demand_distinct(node.value[name].value, values, ctx)
        return MISSING if len(ctx.problems) > before else loops

    @staticmethod
    def _demand_distinct(nodes: list[Node], values: tuple[Any, ...], ctx: Reading) -> None:
        seen: set[str] = set()
        for item, value in zip(nodes, values, strict=True):
            text = as_text(value)
            if text in seen:
                ctx.report(item, f'the value "{text}" stands here twice', "each value makes a check of its own id")
            seen.add(text)


NOTE = Text("text")
OF_KINDS = frozenset({"timeout", "as", "expect", "headers", "steps", "finally", "connect", "get", "post"})
COMMON = {
    "title": Field(NOTE, says="what the report calls it"),
    "owner": Field(NOTE, says="whom to ask when it fails"),
    "critical": Field(Boolean(), default=False, says="it is never excused or muted, and runs for harmless changes too"),
    "advisory": Field(Boolean(), default=False, says="its failure degrades and does not block"),
    "weight": Field(Number(least=0), default=1, says="its share of the suite's weight in the score; 1"),
    "samples": Field(OneOf("standard", "lean", "single", "once"), says="how its samples decide; by kind if left out"),
    "window": Field(PositiveDuration(), says="spread its samples over so long"),
    "deadline": Field(PositiveDuration(), says="bound on all its samples together"),
    "twin": Field(CheckName(), says="the check that must pass for this one to count"),
    "needs": Field(ListOf(CheckName(), least=1, lone=True), default=(), says="checks that must pass before it"),
    "diagnose": Field(ListOf(CheckName(), least=1, lone=True), default=(), says="checks read when it fails"),
    "advice": Field(NOTE, says="what to do when it fails"),
    "for": Field(Loops(), default={}, says="one check for each value; {{name}} stands for it"),
}
DEFAULTS = Table(
    "defaults",
    {
        "as": Field(Text("the name of an identity"), says="who asks in all checks of the suite"),
        "timeout": Field(PositiveDuration(), says="bound on one sample, or on one request of an http check"),
    },
)


def read_kind(node: Node, common: Mapping[str, Any], ctx: Reading, says: str) -> tuple[str, Any] | None:
    """Find the one key of a mapping that names a kind."""
    others = [key for key in node.value if key not in common]
    found = [(key, _kind_of(node, key, common, ctx, says)) for key in others]
    named = [(key, kind) for key, kind in found if kind is not None]
    if len(named) == 1:
        return named[0]
    if named:
        both = " and ".join(name for name, _ in named)
        ctx.report(node.keys[named[1][0]], f"{says} is of one kind; found {both}", "make two checks of it")
    elif not others:
        ctx.report(node, f"{says} needs a kind", f"one of {', '.join(kinds.names())}")
    return None


def _kind_of(node: Node, key: str, common: Mapping[str, Any], ctx: Reading, says: str) -> Any:
    """Give the kind that a key names; report a key that names none, and a kind that cannot be used here."""
    try:
        return kinds.kind(key)
    except UnknownKindError:
        known = {*common, *kinds.names()}
        hint = f"it stands under the kind, as in http: {{{key}: …}}" if key in OF_KINDS else did_you_mean(key, known)
        ctx.report(node.keys[key], f'unknown key "{key}" in {says}', hint)
    except UnusableKindError as broken:
        ctx.report(node.keys[key], broken.message, broken.hint)
    return None


class CheckShape(Shape):
    """One check: what all have in common, and exactly one kind."""

    says = "a check"

    def schema(self) -> dict[str, Any]:
        out = Table(self.says, COMMON).schema()
        return _with_kinds(out)


class ControlShape(Shape):
    """The control: one kind, nothing else."""

    says = "the control"

    def read(self, node: Node, ctx: Reading) -> Any:
        if not isinstance(node.value, dict):
            return self.wrong(node, ctx)
        named = read_kind(node, {}, ctx, self.says)
        if named is None:
            return MISSING
        name, kind = named
        later = getattr(kind, "later", None)
        if later:
            return ctx.report(node.keys[name], f"the control cannot be of kind {name}: {later}", "use tcp or http")
        with ctx.scoped():
            spec = kind.table.read(node.value[name], ctx)
        return MISSING if spec is MISSING else ControlDecl(kind=name, spec=spec)

    def schema(self) -> dict[str, Any]:
        return _with_kinds({"type": "object", "additionalProperties": False, "properties": {}})


def _with_kinds(out: dict[str, Any]) -> dict[str, Any]:
    for name in kinds.names():
        table = kinds.kind(name).table
        out["properties"][name] = {**table.schema(), "description": f"a check of kind {name}"}
    out["oneOf"] = [{"required": [name]} for name in kinds.names()]
    return out


SUITE = {
    "title": Field(NOTE, says="what the report calls it"),
    "owner": Field(NOTE, says="whom to ask when a check of it fails"),
    "weight": Field(Number(least=0), default=1, says="its share of the score, among all suites; 1"),
    "events": Field(ListOf(EventNames(), least=1), default=(), says="the events it runs on; all if left out"),
    "defaults": Field(DEFAULTS, default={}, says="as and timeout of checks that do not say their own"),
    "checks": Field(MapOf(CheckShape(), key=Name(), least=1), required=True, says="the checks by name"),
}


class SuiteShape(Shape):
    """A suite inline, or the path of its own file."""

    says = "a suite, or the path of its file"

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [Table("a suite", SUITE).schema(), {"type": "string", "description": "the suite's own file"}]}


def ids_of(suite: str, name: str, loops: Mapping[str, tuple[Any, ...]]) -> Iterator[str]:
    """Give the ids of the checks that come of one declaration."""
    if not loops:
        yield f"{suite}.{name}"
        return
    for values in itertools.product(*loops.values()):
        yield f"{suite}.{name}[{','.join(map(as_text, values))}]"
