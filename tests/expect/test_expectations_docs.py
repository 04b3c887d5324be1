"""docs/expectations.md tells the truth: its examples load, its lines are what is said, its operators are all there."""

import re
from pathlib import Path

import pytest
import yaml
from expect_words import node_of, one

from releasegate.config.shape import Reading
from releasegate.expect import Bound, JsonExpect, SizeBound, StatusExpect, ValueExpect
from releasegate.expect.operators import OPERATORS

DOCS = (Path(__file__).parents[2] / "docs" / "expectations.md").read_text()
CHECKS = re.findall(r"```yaml check\n(.*?)```", DOCS, re.DOTALL)
SHAPES = {
    "status": StatusExpect(), "json": JsonExpect(), "body": ValueExpect("body"), "size": SizeBound(), "latency": Bound(),
}  # fmt: skip


@pytest.mark.parametrize("text", CHECKS)
def test_the_expectations_of_every_example_load(text):
    check = node_of(yaml.compose(text))
    ctx = Reading()
    ctx.scope |= set(check.value["for"].value) if "for" in check.value else set()
    for name, item in check.value["http"].value["expect"].value.items():
        parts = item.value.values() if name == "headers" else [item]
        shape = ValueExpect("header x") if name == "headers" else SHAPES[name]
        assert all(shape.read(part, ctx) for part in parts)
    assert ctx.problems == []


def test_every_operator_is_in_the_table():
    table = {
        name
        for line in DOCS.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert table == set(OPERATORS)


def test_the_lines_shown_are_the_lines_said():
    said = [
        one("$.status: healthy", {"status": "degraded"}).text,
        one("$.agents[*].state: {in: [idle, running]}", {"agents": [{"state": "running"}, {"state": "dead"}]}).text,
        one("$.workflow_id: {exists: true}", {}).text,
    ]
    assert [line for line in said if line not in DOCS] == []
