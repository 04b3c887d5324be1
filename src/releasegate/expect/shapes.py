"""What a config says about expectations in, tuples of Demands out: the shapes that tables of kinds use."""

from typing import Any

from releasegate import jsonpath, template
from releasegate.config.node import Node
from releasegate.config.shape import MISSING, Duration, Reading, Shape, Size, did_you_mean
from releasegate.expect.demand import Demand
from releasegate.expect.operators import OPERATORS, is_class
from releasegate.expect.reading import (
    TEXT_OPERATORS,
    operators_schema,
    read_operators,
    read_value,
)
from releasegate.model import Level

SCALAR = {"type": ["string", "number", "boolean", "null"]}
STATUS_OPERATORS = ("equals", "in", "not", "min", "max")


class JsonExpect(Shape):
    """`{path: scalar | list | mapping of operators}`."""

    says = "a mapping of JSONPaths to what is expected there"

    def read(self, node: Node, ctx: Reading) -> Any:
        if not isinstance(node.value, dict):
            return self.wrong(node, ctx, "such as: $.status: healthy")
        if not node.value:
            return ctx.report(node, "expected at least one JSONPath", "such as: $.status: healthy")
        before = len(ctx.problems)
        demands: list[Demand] = []
        for path, item in node.value.items():
            jsonpath.check(node.keys.get(path, node), ctx, path)
            if isinstance(item.value, dict):
                found = read_operators(item, ctx, OPERATORS)
            else:
                value = read_value(item, ctx, textual=False)
                found = MISSING if value is MISSING else {"equals": value}
            if found is not MISSING:
                demands += [Demand(path, operator, value) for operator, value in found.items()]
        return tuple(demands) if len(ctx.problems) == before else MISSING

    def schema(self) -> dict[str, Any]:
        anything = {"anyOf": [SCALAR, {"type": "array"}, operators_schema(OPERATORS)]}
        names = {"pattern": r"^\$", "maxLength": jsonpath.MAX_PATH}
        return {"type": "object", "propertyNames": names, "additionalProperties": anything, "minProperties": 1}


class ValueExpect(Shape):
    """One text: a scalar is equality, a mapping holds operators. Numbers are compared as they were written."""

    says = "text, or a mapping of operators"

    def __init__(self, subject: str) -> None:
        self.subject = subject

    def read(self, node: Node, ctx: Reading) -> Any:
        if isinstance(node.value, dict):
            found = read_operators(node, ctx, TEXT_OPERATORS, textual=True)
        else:
            value = read_value(node, ctx, textual=True)
            found = MISSING if value is MISSING else {"equals": value}
        if found is MISSING:
            return MISSING
        return tuple(Demand(self.subject, operator, value) for operator, value in found.items())

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"type": ["string", "number", "boolean"]}, operators_schema(TEXT_OPERATORS)]}


class StatusExpect(Shape):
    """`200`, `4xx`, a list of such as any-of, or a mapping of operators."""

    says = "a status such as 200 or 4xx, a list of them, or a mapping of operators"

    def __init__(self, subject: str = "status") -> None:
        self.subject = subject

    def read(self, node: Node, ctx: Reading) -> Any:
        if not isinstance(node.value, dict):
            found = self._any_of(node, ctx)
            return MISSING if found is MISSING else (Demand(self.subject, *found),)
        return self._operators(node, ctx)

    def _operators(self, node: Node, ctx: Reading) -> Any:
        before = len(ctx.problems)
        if not node.value:
            ctx.report(node, "an expectation needs at least one operator", f"one of {', '.join(STATUS_OPERATORS)}")
        demands = []
        for name, item in node.value.items():
            found: Any = MISSING
            if name not in STATUS_OPERATORS:
                ctx.report(
                    node.keys[name], f'unknown operator "{name}" of a status', did_you_mean(name, STATUS_OPERATORS)
                )
            elif name in ("min", "max"):
                found = (name, self._one(item, ctx))
            elif name == "not":
                found = self._not(item, ctx)
            else:
                found = self._any_of(item, ctx)
            if found is not MISSING:
                demands.append(Demand(self.subject, *found))
        bounds = {d.operator: d.value for d in demands if isinstance(d.value, int)}
        if bounds.get("min", 0) > bounds.get("max", 999):
            ctx.report(node, "min is above max: nothing can meet both")
        return tuple(demands) if len(ctx.problems) == before else MISSING

    def _not(self, node: Node, ctx: Reading) -> Any:
        if not isinstance(node.value, dict):
            found = self._any_of(node, ctx)
            return MISSING if found is MISSING else ("not", {found[0]: found[1]})
        inner = self._operators(node, ctx)
        if inner is not MISSING and any(demand.operator == "not" for demand in inner):
            return ctx.report(node, "not: cannot stand inside not:")
        return MISSING if inner is MISSING else ("not", {demand.operator: demand.value for demand in inner})

    def _any_of(self, node: Node, ctx: Reading) -> Any:
        listed = node.value if isinstance(node.value, list) else [node]
        if not listed:
            return ctx.report(node, "expected at least one status")
        items = [self._one(item, ctx) for item in listed]
        if any(item is MISSING for item in items):
            return MISSING
        return ("equals", items[0]) if items == [items[0]] and isinstance(items[0], int) else ("any", items)

    def _one(self, node: Node, ctx: Reading) -> Any:
        value = node.value
        if node.kind == "number" and isinstance(value, int) and 100 <= value <= 599:  # noqa: PLR2004
            return value
        if isinstance(value, str) and is_class(value):
            return value
        if isinstance(value, str) and template.HOLE.fullmatch(value):
            compiled = template.compile_text(value)
            ctx.check_holes(node, compiled)
            return compiled
        says, hint = "a status of 100 to 599, or a class such as 4xx", None
        if isinstance(value, str) and is_class(value.lower()):
            hint = f"in lower case: {value.lower()}"
        elif isinstance(value, str) and value.isdigit():
            hint = f"without quotes: {value}"
        return ctx.report(node, f'expected {says}, found {node.kind} "{node.raw or node.kind}"', hint)

    def schema(self) -> dict[str, Any]:
        one = {"anyOf": [{"type": "integer", "minimum": 100, "maximum": 599}, {"type": "string"}]}
        operators = {"type": "object", "minProperties": 1, "additionalProperties": False}
        properties: dict[str, Any] = {operator: {} for operator in STATUS_OPERATORS}
        listed = {"type": "array", "items": one, "minItems": 1}
        return {"anyOf": [*one["anyOf"], listed, {**operators, "properties": properties}]}


class Bound(Shape):
    """`5s`, or `{warn: 300ms, fail: 2s}`: demands in seconds, the failing one first."""

    says = "a duration such as 5s, or {warn: 300ms, fail: 2s}"

    def __init__(self, subject: str = "latency") -> None:
        self.subject = subject

    def read(self, node: Node, ctx: Reading) -> Any:
        if not isinstance(node.value, dict):
            fail = Duration().read(node, ctx)
            return MISSING if fail is MISSING else (self._demand(fail, Level.FAIL),)
        before = len(ctx.problems)
        bounds: dict[str, Any] = {}
        for name, item in node.value.items():
            if name in ("warn", "fail"):
                bounds[name] = Duration().read(item, ctx)
            else:
                ctx.report(node.keys[name], f'unknown key "{name}" in a bound', did_you_mean(name, ["warn", "fail"]))
        if not node.value:
            ctx.report(node, "a bound needs warn, fail or both")
        if len(ctx.problems) != before:
            return MISSING
        if bounds.get("warn", 0) > bounds.get("fail", float("inf")):
            return ctx.report(node, "warn is above fail: it would never be heard", "write warn ≤ fail")
        return tuple(self._demand(bounds[level], level) for level in (Level.FAIL, Level.WARN) if level in bounds)

    def _demand(self, seconds: float, level: Level) -> Demand:
        return Demand(self.subject, "max", round(seconds, 9), level)

    def schema(self) -> dict[str, Any]:
        one = Duration().schema()
        both = {"type": "object", "properties": {"warn": one, "fail": one}, "additionalProperties": False}
        return {"anyOf": [one, {**both, "minProperties": 1}]}


class SizeBound(Shape):
    """`64KiB` (at most), or `{min: 1B, max: 64KiB}`: demands in bytes."""

    says = "a size such as 64KiB, or {min: 1B, max: 64KiB}"

    def __init__(self, subject: str = "size") -> None:
        self.subject = subject

    def read(self, node: Node, ctx: Reading) -> Any:
        if not isinstance(node.value, dict):
            most = Size().read(node, ctx)
            return MISSING if most is MISSING else (Demand(self.subject, "max", most),)
        before = len(ctx.problems)
        bounds: dict[str, Any] = {}
        for name, item in node.value.items():
            if name in ("min", "max"):
                bounds[name] = Size().read(item, ctx)
            else:
                ctx.report(node.keys[name], f'unknown key "{name}" in a size', did_you_mean(name, ["min", "max"]))
        if not node.value:
            ctx.report(node, "a size needs min, max or both")
        if len(ctx.problems) != before:
            return MISSING
        if bounds.get("min", 0) > bounds.get("max", float("inf")):
            return ctx.report(node, "min is above max: nothing can meet both")
        return tuple(Demand(self.subject, side, bound) for side, bound in bounds.items())

    def schema(self) -> dict[str, Any]:
        one = Size().schema()
        both = {"type": "object", "properties": {"min": one, "max": one}, "additionalProperties": False}
        return {"anyOf": [one, {**both, "minProperties": 1}]}
