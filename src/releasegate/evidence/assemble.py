"""A run's samples, readings and rules in, the whole evidence with its verdict out. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import convert

from releasegate.config.model import Rule
from releasegate.evidence.terms import terms_of
from releasegate.model import CheckResult, Control, Evidence, Identity, Measurement, Origin, RunInfo
from releasegate.verdict.decide import decide
from releasegate.verdict.label import label_checks
from releasegate.verdict.origin import new_in
from releasegate.verdict.policy import evaluate

SCHEMA = "releasegate/evidence/v1"


def assemble(
    *,
    run: RunInfo,
    checks: Sequence[CheckResult],
    rules: Sequence[Rule],
    control: Control,
    identity: Identity,
    plan: Mapping[str, Any],
    policy: Mapping[str, Any],
    metrics: Sequence[Measurement] = (),
) -> Evidence:
    """Label, judge the rules, decide. `checks` carry what the samples alone concluded.

    The plan says whose failures are not ours, which logins fell back, and what was left out. It is completed by the
    terms on which each check counts, and by whether there was a control and who was to say its revision: where it does
    not say so itself, from what there is.
    """
    recorded = {
        "terms": terms_of(checks),
        "control": control.held is not None,
        "revisions": sorted({reading.target for reading in identity.readings}),
        **plan,
    }
    labelled = label_checks(checks, control=control, foreign=frozenset(plan.get("foreign", ())))
    fallbacks = plan.get("fallbacks", ())
    left_out = [left["id"] for left in plan.get("left_out", ())]
    origin = convert(plan.get("origin"), Origin | None)
    judged = evaluate(
        rules, labelled, duration_s=run.duration_s, fallbacks=fallbacks, left_out=left_out, measured=metrics,
        new=new_in(origin, (*(check.id for check in checks), *left_out)),
    )  # fmt: skip
    verdict = decide(
        labelled,
        judged,
        control=control,
        identity=identity,
        interrupted=run.interrupted,
        deadline_reached=run.deadline_reached,
        advisory=run.mode == "advisory",
        fallbacks=fallbacks,
        red_before=run.red_before,
        origin=origin,
    )
    return Evidence(
        schema=SCHEMA,
        run=run,
        checks=labelled,
        rules=judged,
        verdict=verdict,
        plan=recorded,
        policy=dict(policy),
        control=control,
        identity=identity,
        baseline=None,
        excuses=(),
        metrics=tuple(metrics),
    )
