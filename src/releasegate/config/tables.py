"""The smaller parts of a config: policy, and what comes to life later, as tables."""

import re
from typing import Any

from releasegate.changes.glob import fault
from releasegate.config.model import DEFAULT_CONCURRENCY, DEFAULT_DEADLINE_S, DEFAULT_MAX_AGE_S, MetricDecl, Rule
from releasegate.config.node import Node
from releasegate.config.rules import METRICS, BadRule, parse_rule
from releasegate.config.scalars import Constant, InsidePath
from releasegate.config.shape import (
    MISSING,
    SIZE_UNITS,
    Boolean,
    Duration,
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
from releasegate.config.targets import UrlOfTarget
from releasegate.jsonpath import PathText

EVENTS = (
    "pull_request", "pull_request_target", "pull_request_review", "push", "merge_group", "schedule",
    "workflow_dispatch", "workflow_run", "workflow_call", "deployment_status", "repository_dispatch", "release",
)  # fmt: skip
UNIT = re.compile(rf"%|ms|s|m|h|d|{'|'.join(SIZE_UNITS)}|[A-Za-z/]+")
MOST_AT_ONCE = 10_000
LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})(?:\[bot\])?")


class RuleText(Shape):
    """One rule; it is parsed when the whole file is read, because it may name a metric that stands further below."""

    says = "a rule: metric op value, as in pass_rate >= 95%"

    def read(self, node: Node, ctx: Reading) -> Any:
        if node.kind != "text":
            return self.wrong(node, ctx, "quote it")
        return node

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "description": self.says}


class Rules(ListOf):
    """The rules of one level."""

    def __init__(self) -> None:
        super().__init__(RuleText())


class UrlOrNothing(UrlOfTarget):
    """A url, or empty text for none."""

    def read(self, node: Node, ctx: Reading) -> Any:
        if node.value == "":
            return ""
        read = super().read(node, ctx)
        return MISSING if read is MISSING else read[0]


class KnownTargets(MapOf):
    """Urls by the name of a declared target."""

    def __init__(self) -> None:
        super().__init__(UrlOrNothing(), least=1)

    def read(self, node: Node, ctx: Reading) -> Any:
        read = super().read(node, ctx)
        if read is not MISSING:
            for name in node.value:
                ctx.refer(node.keys[name], "target", name)
        return read


class MetricName(Name):
    """A name that is not already a metric of the gate."""

    def read(self, node: Node, ctx: Reading) -> Any:
        name = super().read(node, ctx)
        if name in METRICS:
            return ctx.report(node, f'"{name}" is already a metric of the gate', "choose another name")
        return name


class GlobText(Text):
    """A glob over the paths of changed files."""

    def __init__(self) -> None:
        super().__init__("a glob such as docs/** or **/*.md")

    def read(self, node: Node, ctx: Reading) -> Any:
        glob = super().read(node, ctx)
        wrong = None if glob is MISSING else fault(glob)
        return ctx.report(node, wrong[0], wrong[1]) if wrong else glob


POLICY = Table(
    "the policy",
    {
        "deadline": Field(Duration(), default=DEFAULT_DEADLINE_S, says="bound on the whole run; 15m"),
        "concurrency": Field(
            Number(least=1, most=MOST_AT_ONCE, whole=True), default=DEFAULT_CONCURRENCY, says="samples at once; 64"
        ),
        "block": Field(Rules(), default=(), says="rules that block when they do not hold"),
        "warn": Field(Rules(), default=(), says="rules that degrade when they do not hold"),
        "approvers": Field(
            ListOf(Text("a login on GitHub, without @", LOGIN), least=1),
            default=(),
            says="who may approve that a pull request changes what the base branch demands",
        ),
        "guarded": Field(
            ListOf(GlobText(), least=1), default=(), says="more files that run the gate: a change needs an approval"
        ),
    },
)
BASELINE = Table(
    "the baseline",
    {
        "targets": Field(KnownTargets(), says="the base build, running beside; all empty = none"),
        "history": Field(
            Table(
                "a history",
                {
                    "store": Field(OneOf("file", "branch"), required=True, says="file or branch"),
                    "path": Field(InsidePath(), says="where the file store keeps it"),
                    "keep": Field(Duration(), says="how long runs are kept"),
                },
            ),
            says="what earlier runs on the base branch measured",
        ),
    },
)
METRIC = Table(
    "a metric",
    {
        "file": Field(
            InsidePath(place="the directory that the gate runs in"),
            required=True,
            says="a JSON file that another tool writes, where the gate runs; never one that is committed",
        ),
        "at": Field(PathText(), required=True, says="JSONPath to the one number"),
        "unit": Field(Text("a unit such as %, ms or MiB", UNIT), says="the unit that the file uses"),
        "max_age": Field(PositiveDuration(), default=DEFAULT_MAX_AGE_S, says="the oldest that the file may be; 1d"),
    },
    lambda values, _node, _ctx: MetricDecl(max_age_s=values.pop("max_age"), **values),
)
EXCUSES = Table(
    "excuses",
    {
        "expire": Field(Duration(), says="how long an excuse holds"),
        "flaky": Field(Number(least=0, whole=True), says="how many known flaky checks one run may excuse"),
    },
)


CHANGES = Table(
    "changes",
    {
        "harmless": Field(
            ListOf(GlobText(), least=1), required=True, says="a change of these alone runs the critical checks only"
        )
    },
)


class EventNames(Text):
    """One event of the platform."""

    def __init__(self) -> None:
        super().__init__("an event such as pull_request")

    def read(self, node: Node, ctx: Reading) -> Any:
        name = super().read(node, ctx)
        if name is not MISSING and name not in EVENTS:
            return ctx.report(node, f'unknown event "{name}"', did_you_mean(name, EVENTS))
        return name

    def schema(self) -> dict[str, Any]:
        return {"enum": list(EVENTS)}


WHEN = Table(
    "when",
    {
        "same_timeout": Field(Number(least=1, whole=True), required=True, says="so many runs with the same timeout"),
        "of": Field(Number(least=1, whole=True), required=True, says="of so many runs"),
    },
)
ALERT = Table(
    "an alert",
    {
        "when": Field(WHEN, required=True),
        "issue": Field(Boolean(), default=False, says="open or update one issue on the repository"),
        "webhook": Field(Constant("a url"), says="a url that is called; empty = none"),
    },
)


def read_rules(nodes: list[Node], level: str, declared: dict[str, str | None], ctx: Reading) -> list[tuple[Rule, Node]]:
    """Parse the rules of one level, each problem at its line."""
    rules: list[tuple[Rule, Node]] = []
    for node in nodes:
        try:
            rules.append((parse_rule(node.value, level, declared), node))
        except BadRule as bad:
            ctx.report(node, str(bad), bad.hint)
    return rules
