"""What the tests of expectations say: `read(shape, yaml)` gives what a shape made of a text, and its problems."""

from typing import Any

import yaml

from releasegate.config.node import Node, Problem
from releasegate.config.shape import Reading, Shape
from releasegate.expect import Demand, JsonExpect, judge_json
from releasegate.model import Expectation


def read(shape: Shape, text: str, scope: tuple[str, ...] = ()) -> tuple[Any, list[Problem]]:
    ctx = Reading()
    ctx.scope |= set(scope)
    return shape.read(node_of(yaml.compose(text)), ctx), ctx.problems


def node_of(found: yaml.Node) -> Node:
    line, column = found.start_mark.line + 1, found.start_mark.column + 1
    if isinstance(found, yaml.MappingNode):
        keys = {key.value: node_of(key) for key, _ in found.value}
        return Node({key.value: node_of(item) for key, item in found.value}, line, column, keys=keys)
    if isinstance(found, yaml.SequenceNode):
        return Node([node_of(item) for item in found.value], line, column)
    quoted = found.style in {"'", '"'}
    value = found.value if quoted or found.style in {"|", ">"} else yaml.safe_load(found.value)
    return Node(value if found.value else value or "", line, column, found.value, quoted)


def demands(text: str, scope: tuple[str, ...] = ()) -> tuple[Demand, ...]:
    found, problems = read(JsonExpect(), text, scope)
    assert problems == [], [str(problem) for problem in problems]
    return found


def judged(text: str, value: Any, **scope: Any) -> tuple[Expectation, ...]:
    """Judge `$.x: …` as a config writes it."""
    return judge_json(demands(text, tuple(scope)), value, scope)


def one(text: str, value: Any, **scope: Any) -> Expectation:
    (expectation,) = judged(text, value, **scope)
    return expectation
