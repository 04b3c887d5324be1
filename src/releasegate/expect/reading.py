"""A mapping of operators in, the operators with their operands out; every mistake reported where it stands."""

from collections.abc import Callable, Iterable
from typing import Any

from releasegate import pattern, template
from releasegate.config.node import Node
from releasegate.config.shape import MISSING, Boolean, JsonValue, Number, OneOf, Reading, did_you_mean
from releasegate.expect.operators import OPERATORS, TYPES

ABSENT = "write exists: false to demand that nothing is there"
TEXT_OPERATORS = ("equals", "in", "not", "exists", "matches", "contains", "length", "min", "max")
NEVER_INSIDE_NOT = frozenset({"not", "exists", "count"})


def read_operators(node: Node, ctx: Reading, allowed: Iterable[str], *, textual: bool = False) -> Any:
    """Read `{operator: operand}` into a dict, or MISSING. `textual` subjects are compared as texts."""
    before = len(ctx.problems)
    if not node.value:
        return ctx.report(node, "an expectation needs at least one operator", f"one of {', '.join(allowed)}")
    out: dict[str, Any] = {}
    for name, item in node.value.items():
        if name not in allowed:
            _refuse(node.keys.get(name, item), ctx, name, allowed)
            continue
        operand = _read_operand(name, item, ctx, allowed, textual=textual)
        if operand is not MISSING:
            out[name] = operand
    _check_together(node, ctx, out)
    return out if len(ctx.problems) == before else MISSING


def _refuse(node: Node, ctx: Reading, name: str, allowed: Iterable[str]) -> None:
    if name in OPERATORS:
        ctx.report(node, f'the operator "{name}" does not apply here', f"here: {', '.join(allowed)}")
        return
    hint = did_you_mean(name, allowed)
    if hint is None or not hint.startswith("did"):
        hint = f"operators: {', '.join(allowed)}; to demand an object as a whole write equals: {{…}}"
    ctx.report(node, f'unknown operator "{name}"', hint)


def _check_together(node: Node, ctx: Reading, out: dict[str, Any]) -> None:
    if out.get("exists") is False and len(node.value) > 1:
        ctx.report(node.keys.get("exists", node), "exists: false cannot be met together with another operator")
    _check_order(node, ctx, out)


def _check_order(node: Node, ctx: Reading, bounds: dict[str, Any]) -> None:
    least, most = bounds.get("min"), bounds.get("max")
    if isinstance(least, (int, float)) and isinstance(most, (int, float)) and least > most:
        ctx.report(node, f"min {least} is above max {most}: nothing can meet both")


def _read_operand(name: str, node: Node, ctx: Reading, allowed: Iterable[str], *, textual: bool) -> Any:
    if name == "not":
        return _read_not(node, ctx, allowed, textual=textual)
    if name in ("equals", "contains"):
        return read_value(node, ctx, textual=textual)
    if name == "in":
        return _read_in(node, ctx, textual=textual)
    return _OPERANDS[name](node, ctx)


def read_value(node: Node, ctx: Reading, *, textual: bool) -> Any:
    """Read what is demanded to be equal: any JSON value, or for texts a scalar as it was written."""
    if not textual:
        before = len(ctx.problems)
        value = JsonValue().read(node, ctx)
        return value if len(ctx.problems) == before else MISSING
    if node.kind in {"mapping", "list"}:
        return ctx.report(node, f"expected text, found a {node.kind}", "one of several texts: in: [a, b]")
    if node.kind == "null":
        return ctx.report(node, "expected text, found null", ABSENT)
    compiled = template.compile_text(node.value if isinstance(node.value, str) else node.raw or str(node.value))
    ctx.check_holes(node, compiled)
    return compiled


def _read_in(node: Node, ctx: Reading, *, textual: bool) -> Any:
    if not isinstance(node.value, list) or not node.value:
        return ctx.report(node, f"expected a list of at least one value, found {node.kind}", "in: [idle, running]")
    items = [read_value(item, ctx, textual=textual) for item in node.value]
    return MISSING if any(item is MISSING for item in items) else items


def _read_not(node: Node, ctx: Reading, allowed: Iterable[str], *, textual: bool) -> Any:
    if isinstance(node.value, dict):
        return read_operators(node, ctx, [o for o in allowed if o not in NEVER_INSIDE_NOT], textual=textual)
    return read_value(node, ctx, textual=textual)


def _read_pattern(node: Node, ctx: Reading) -> Any:
    if node.kind != "text" or "{{" not in node.value:
        return pattern.Regex().read(node, ctx)
    compiled = template.compile_text(node.value)
    ctx.check_holes(node, compiled)
    # A hole stands for its literal text, so any text will do to see whether the rest is a pattern.
    sample = compiled if isinstance(compiled, str) else "x".join(compiled.parts[::2])
    return compiled if pattern.check(node, ctx, sample) else MISSING


def read_number(node: Node, ctx: Reading, shape: Number) -> Any:
    """Read a number, or a hole that is to be filled with one."""
    if isinstance(node.value, str) and template.HOLE.fullmatch(node.value):
        compiled = template.compile_text(node.value)
        ctx.check_holes(node, compiled)
        return compiled
    return shape.read(node, ctx)


def _read_size(node: Node, ctx: Reading, *, least: int) -> Any:
    """Read a length or a count: a number, or a mapping of min and max."""
    if not isinstance(node.value, dict):
        return _read_bound(node, ctx, least)
    before = len(ctx.problems)
    value: dict[str, Any] = {}
    for side, item in node.value.items():
        if side in ("min", "max"):
            value[side] = _read_bound(item, ctx, least)
        else:
            ctx.report(node.keys[side], f'unknown bound "{side}"', did_you_mean(side, ["min", "max"]))
    if not node.value:
        ctx.report(node, "expected min, max or both")
    _check_order(node, ctx, value)
    return value if len(ctx.problems) == before else MISSING


def _read_bound(node: Node, ctx: Reading, least: int) -> Any:
    if least and node.value == 0 and node.kind == "number":
        return ctx.report(node, "a count of 0 is never met, since nothing was found", ABSENT)
    return read_number(node, ctx, Number(least=least, whole=True))


def _read_schema(node: Node, ctx: Reading) -> Any:
    from releasegate.expect.schema import BadSchema, compile_schema

    if not isinstance(node.value, dict):
        return ctx.report(node, f"expected a JSON Schema as a mapping, found {node.kind}")
    schema = node.plain()
    try:
        compile_schema(schema)
    except (BadSchema, TypeError) as error:
        return ctx.report(
            node, f"bad JSON Schema: {error}", "references may only point into the schema itself: #/$defs/…"
        )
    return schema


_OPERANDS: dict[str, Callable[[Node, Reading], Any]] = {
    "type": lambda node, ctx: OneOf(*TYPES).read(node, ctx),
    "exists": lambda node, ctx: Boolean().read(node, ctx),
    "matches": _read_pattern,
    "length": lambda node, ctx: _read_size(node, ctx, least=0),
    "count": lambda node, ctx: _read_size(node, ctx, least=1),
    "min": lambda node, ctx: read_number(node, ctx, Number()),
    "max": lambda node, ctx: read_number(node, ctx, Number()),
    "schema": _read_schema,
}


def operators_schema(allowed: Iterable[str]) -> dict[str, Any]:
    """Give the JSON Schema of a mapping of operators, for editors."""
    hole = {"type": "string", "pattern": r"^\{\{.*\}\}$"}
    number = {"anyOf": [{"type": "number"}, hole]}
    whole = {"anyOf": [{"type": "integer", "minimum": 0}, hole]}
    bounds = {"type": "object", "properties": {"min": whole, "max": whole}, "additionalProperties": False}
    sized = {"anyOf": [whole, {**bounds, "minProperties": 1}]}
    operands: dict[str, dict[str, Any]] = {
        "in": {"type": "array", "minItems": 1},
        "type": {"enum": list(TYPES)},
        "exists": {"type": "boolean"},
        "matches": {"type": "string"},
        "length": sized,
        "count": sized,
        "min": number,
        "max": number,
        "schema": {"type": "object"},
    }
    properties = {name: operands.get(name, {}) for name in allowed}
    return {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}
