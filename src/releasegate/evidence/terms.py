"""Evidence in, the terms on which it was to be judged out: what its plan and its policy say, apart from any result."""

from collections.abc import Iterable
from typing import Any

import msgspec

from releasegate.changes.impact import Impact
from releasegate.config.model import MetricDecl, Rule
from releasegate.model import CheckResult, LeftOut, Origin


class Term(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one check counts. Recorded beside the plan, so that a result cannot quietly change its own weight."""

    profile: str
    weight: float
    critical: bool = False
    advisory: bool = False
    twin: str | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What of the recorded plan decides. `control` tells whether one was declared, `revisions` who declares one."""

    checks: list[str]
    terms: dict[str, Term]
    control: bool
    revisions: list[str]
    partial: bool = False
    left_out: list[LeftOut] = []
    foreign: list[str] = []
    fallbacks: list[str] = []
    metrics: dict[str, MetricDecl] = {}
    brought_in: list[LeftOut] = []
    changes: Impact | None = None
    origin: Origin | None = None


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What of the recorded policy decides."""

    rules: list[Rule]


def term_of(check: CheckResult) -> Term:
    return Term(
        profile=check.profile,
        weight=check.weight,
        critical=check.critical,
        advisory=check.advisory,
        twin=check.twin,
    )


def terms_of(checks: Iterable[CheckResult]) -> dict[str, Any]:
    """Give the terms of all checks as JSON values, by id."""
    return {check.id: msgspec.to_builtins(term_of(check)) for check in checks}
