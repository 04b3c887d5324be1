"""Demands and what staging gave in, expectations out. Pure; no input makes it raise."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from releasegate.config.shape import MISSING
from releasegate.expect import text
from releasegate.expect.demand import Demand, resolve
from releasegate.expect.keep import keep, keep_one
from releasegate.expect.operators import holds, look
from releasegate.jsonpath import TooManyNodes, compile_path
from releasegate.model import Expectation, Level
from releasegate.strictjson import NotJson
from releasegate.template import as_text

_NUMBER = re.compile(r"-?[0-9]{1,300}(?:\.[0-9]{1,300})?(?:[eE][+-]?[0-9]{1,2})?")
REFUSALS = frozenset({401, 403})
USUAL = (101, 200, 201, 202, 204, 301, 302, 304, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503)
NOT_JSON = "body is not JSON"


def judge_json(
    demands: Sequence[Demand], value: Any, scope: Mapping[str, Any], *, step: str | None = None
) -> tuple[Expectation, ...]:
    """Judge a parsed JSON value, or a NotJson: then nothing is met."""
    if isinstance(value, NotJson):
        return tuple(_unseen(demand, f"{NOT_JSON}: {value}", step) for demand in demands)
    out = []
    for demand in demands:
        try:
            nodes = compile_path(demand.subject).select(value)
        except TooManyNodes as error:
            out.append(_unseen(demand, str(error), step))
            continue
        out.append(judge_nodes(demand, nodes, scope, step=step))
    return tuple(out)


def judge_value(
    demands: Sequence[Demand], value: Any, scope: Mapping[str, Any], *, step: str | None = None
) -> tuple[Expectation, ...]:
    """Judge one value: a status, a text, a number; MISSING when there is none."""
    nodes = [] if value is MISSING else [value]
    textual = isinstance(value, str)
    return tuple(judge_nodes(demand, nodes, scope, step=step, textual=textual) for demand in demands)


def judge_duration(demands: Sequence[Demand], duration_s: float, *, step: str | None = None) -> tuple[Expectation, ...]:
    """Judge seconds, to the microsecond."""
    nodes = [round(duration_s, 6)]
    return tuple(_measured(demand, nodes, text.duration, step) for demand in demands)


def judge_size(demands: Sequence[Demand], size: int, *, step: str | None = None) -> tuple[Expectation, ...]:
    """Judge bytes."""
    return tuple(_measured(demand, [size], text.size, step) for demand in demands)


def meets(demands: Sequence[Demand], value: Any, scope: Mapping[str, Any]) -> bool:
    """Tell whether a value meets every demand that fails: what `judge_value` says, without its words."""
    nodes = [] if value is MISSING else [value]
    return all(_meets(d, nodes, scope, textual=isinstance(value, str)) for d in demands if d.level is Level.FAIL)


def meets_json(demands: Sequence[Demand], value: Any, scope: Mapping[str, Any]) -> bool:
    """Tell whether a JSON value meets every demand: what `judge_json` says, without its words."""
    return not isinstance(value, NotJson) and matches_where(demands, value, scope)


def only_refuses(demands: Sequence[Demand]) -> bool:
    """Tell whether demands of a status are met by 401 or 403 and by nothing else that is usual."""
    accepted = {status for status in USUAL if demands and meets(demands, status, {})}
    return bool(accepted) and accepted <= REFUSALS


def matches_where(demands: Sequence[Demand], value: Any, scope: Mapping[str, Any]) -> bool:
    """Tell whether a message meets every demand; used to pick, so no words are made."""
    for demand in demands:
        try:
            nodes = compile_path(demand.subject).select(value)
        except TooManyNodes:
            return False
        if not _meets(demand, nodes, scope, textual=False):
            return False
    return True


def _meets(demand: Demand, nodes: list[Any], scope: Mapping[str, Any], *, textual: bool) -> bool:
    try:
        operand, looked = _looked(demand, nodes, scope, textual=textual)
    except KeyError:
        return False
    return is_met(demand.operator, operand, looked)


def _looked(demand: Demand, nodes: list[Any], scope: Mapping[str, Any], *, textual: bool) -> tuple[Any, list[Any]]:
    """Give the filled operand and what of the nodes it is held against. Raises KeyError on a hole nothing fills."""
    operand = demand.value
    if not demand.constant:
        operand = resolve(demand.operator, operand, scope)
        operand = _as_texts(demand.operator, operand) if textual else operand
    if textual and demand.operator in ("min", "max"):
        nodes = [number_of(node) for node in nodes]
    return operand, looked_at(demand.operator, nodes)


def looked_at(operator: str, nodes: list[Any]) -> list[Any]:
    """Give what of the nodes is judged, and kept: one entry for each, or their number for `count`."""
    if operator == "count":
        return [len(nodes)] if nodes else []
    if operator in ("length", "type"):
        return [look(operator, node) for node in nodes]
    return nodes


def is_met(operator: str, operand: Any, looked: list[Any]) -> bool:
    """Judge all that was looked at. Nothing there meets `exists: false` and nothing else."""
    if operator == "exists":
        return bool(looked) is operand
    if len(looked) == 1:
        return holds(operator, operand, looked[0]) is True
    return bool(looked) and all(holds(operator, operand, item) is True for item in looked)


def judge_nodes(
    demand: Demand, nodes: list[Any], scope: Mapping[str, Any], *, step: str | None = None, textual: bool = False
) -> Expectation:
    """Judge one demand of all values found for its subject."""
    whole = True
    try:
        operand, looked = _looked(demand, nodes, scope, textual=textual)
    except KeyError as hole:
        return _unseen(demand, f"nothing fills {{{{{hole.args[0]}}}}}", step)
    met = is_met(demand.operator, operand, looked)
    words = demand.words if demand.constant else demand.said(operand)
    if not demand.constant:
        operand, whole = keep_one(operand)
    found, intact = keep(looked)
    return Expectation(
        subject=demand.subject,
        operator=demand.operator,
        demanded=operand,
        found=found,
        met=met,
        text=f"{words} (got {_got(demand, operand, looked, met=met)})",
        level=demand.level,
        step=step,
        kept=whole and (intact or demand.operator == "exists"),
    )


def _got(demand: Demand, operand: Any, looked: list[Any], *, met: bool) -> str:
    if demand.operator == "type" and looked:
        return text.got(looked).replace('"', "")
    if demand.operator == "schema" and not met and looked:
        from releasegate.expect.schema import complaint

        said = next((words for item in looked if (words := complaint(operand, item))), "")
        return f"{text.got(looked)}: {text.flat(said)}"
    return text.got(looked)


def _measured(demand: Demand, nodes: list[Any], unit: Any, step: str | None) -> Expectation:
    met = is_met(demand.operator, demand.value, nodes)
    words, got = demand.words if demand.unit else demand.said(demand.value, unit), unit(nodes[0])
    if not met and got == unit(demand.value):  # only rounding makes them alike
        got = f"{nodes[0]:,} B" if unit is text.size else f"{nodes[0]:.6f} s"
    return Expectation(
        subject=demand.subject,
        operator=demand.operator,
        demanded=demand.value,
        found=nodes,
        met=met,
        text=f"{words} (got {got})",
        level=demand.level,
        step=step,
    )


def _unseen(demand: Demand, reason: str, step: str | None) -> Expectation:
    """Nothing could be judged: unmet, whatever was demanded, and not to be judged again from nothing."""
    demanded = demand.value if demand.constant else _sources(demand.value)
    return Expectation(
        subject=demand.subject,
        operator=demand.operator,
        demanded=demanded,
        found=[],
        met=False,
        text=f"{demand.words} ({text.flat(reason)})",
        level=demand.level,
        step=step,
        kept=False,
    )


def _sources(value: Any) -> Any:
    if isinstance(value, list):
        return [_sources(item) for item in value]
    if isinstance(value, dict):
        return {key: _sources(item) for key, item in value.items()}
    return getattr(value, "source", value)


def number_of(value: Any) -> Any:
    """Give the number that a text states, else the value as it is."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return value
    number = int(value) if value.lstrip("-").isdigit() else float(value)
    return number if math.isfinite(number) else value


def _as_texts(operator: str, operand: Any) -> Any:
    """Write out what filled the holes: a text is compared with texts, and it may have been a number."""
    if operator == "in" and isinstance(operand, list):
        return [as_text(item) for item in operand]
    if operator == "not" and isinstance(operand, dict):
        return {inner: _as_texts(inner, item) for inner, item in operand.items()}
    return as_text(operand) if operator in ("equals", "contains", "not") else operand
