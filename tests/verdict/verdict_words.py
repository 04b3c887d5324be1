"""Builders that speak the domain: `ran("chat.health", "✓✓✗✓")` is a check with those samples."""

from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from releasegate.config.model import Rule
from releasegate.config.rules import parse_rule
from releasegate.evidence.assemble import assemble
from releasegate.evidence.measure import concluded, declared_of
from releasegate.model import (
    CheckResult,
    Contact,
    Control,
    Diagnosis,
    Evidence,
    Expectation,
    Identity,
    Label,
    Level,
    Measurement,
    Origin,
    Outcome,
    Reading,
    RunInfo,
    Sample,
    Trouble,
    Verdict,
)
from releasegate.sampling import conclude
from releasegate.verdict.decide import decide

SHA = "4f2a91c07be35d8812aa0c6d9e7f431b5c8d2e60"
CONTACT = Contact(target="api", host="127.0.0.1", port=80, bytes_received=90)
NO_CONTROL = Control(held=None)
NO_IDENTITY = Identity(judged=None, holds=None)
FAILED_CONTROL = Control(held=False, problem="tcp connect refused: connection refused")


def demand(found: int, *, level: Level = Level.FAIL, **more: Any) -> Expectation:
    given = {"subject": "status", "operator": "equals", "demanded": 200, "text": f"status == 200 (got {found})"}
    return Expectation(found=[found], met=found == 200, level=level, **{**given, **more})


def met(**more: Any) -> Sample:
    given = {
        "outcome": Outcome.MET,
        "started": "2026-03-01T12:00:00.000Z",
        "duration_s": 0.01,
        "phases": (),
        "expectations": (demand(200),),
        "signature": None,
        "contact": (CONTACT,),
    }
    return Sample(**{**given, **more})


def unmet(status: int = 503, **more: Any) -> Sample:
    given = {"signature": f"http status {status}", "target": "api", "expectations": (demand(status),)}
    return met(outcome=Outcome.UNMET, **{**given, **more})


def trouble(reason: str = "refused", target: str = "api", **more: Any) -> Sample:
    could_not = Trouble(phase="connect", reason=reason, message=f"connection {reason}", target=target)
    given = {"signature": f"http connect {reason}", "target": target, "expectations": (), "contact": ()}
    return met(outcome=Outcome.TROUBLE, trouble=could_not, **{**given, **more})


def beside(name: str, sample: Sample) -> Diagnosis:
    """Give what another check said when something failed."""
    return Diagnosis(check=name, sample=sample)


DRAWN = {"✓": met, "✗": unmet, "!": trouble}


def ran(id: str, drawn: str = "✓✓✓✓✓✓✓", *, each: dict[str, Sample] | None = None, **more: Any) -> CheckResult:  # noqa: A002
    """Give a check as a run gives it: its label is what its samples alone come to."""
    samples = tuple((each or {}).get(mark) or DRAWN[mark]() for mark in drawn)
    profile = more.get("profile", "standard")
    concluded = conclude(profile, (sample.met for sample in samples))
    given = {
        "suite": id.partition(".")[0],
        "kind": "http",
        "label": concluded or Label.UNPROVEN,
        "critical": False,
        "weight": 1.0,
        "hash": "sha256:0",
        "samples": samples,
        "profile": profile,
        "targets": ("api",),
        "duration_s": 0.8,
        "not_sampled": None if concluded else f"the run's deadline was reached after {len(samples)} of its samples",
        "red_capable": True if "✓" in drawn else None,
    }
    return CheckResult(id=id, **{**given, **more})


def labelled(id: str, label: Label, **more: Any) -> CheckResult:  # noqa: A002
    """Give a check of which only the label matters."""
    return replace(ran(id, "✓" if label in {Label.PASSED, Label.FLAKY} else "", profile="single"), label=label, **more)


def decided(*checks: CheckResult, rules: Any = (), **more: Any) -> Verdict:
    given = {"control": NO_CONTROL, "identity": NO_IDENTITY, "interrupted": False, "deadline_reached": False}
    return decide(checks, rules, **{**given, **more})


def rule(text: str, level: str = "fail", declared: dict[str, str | None] | None = None) -> Rule:
    return parse_rule(text, level, declared)


def measured(
    name: str = "compliance", found: float | None = None, *, unit: str | None = "%", **more: Any
) -> Measurement:
    """Give what a gate concludes from a number of another tool."""
    given = {"file": f"reports/{name}.json", "at": "$.score", "max_age_s": 86400.0, "age_s": 60.0}
    return concluded(Measurement(name=name, found=found, unit=unit, **{**given, **more}))


def run_info(**more: Any) -> RunInfo:
    given = {"gate": "staging", "sha": SHA, "started": "2026-03-01T12:00:00.000Z", "duration_s": 2.5}
    return RunInfo(**{**given, "revisions": {}, "tool_version": "0.1.0", "config_hash": "sha256:1", **more})


def held_identity(**more: Any) -> Identity:
    readings = tuple(
        Reading(target="api", moment=m, at="2026-03-01T12:00:00Z", revision=SHA) for m in ("before", "after")
    )
    return Identity(**{"judged": SHA, "holds": True, "readings": readings, **more})


def evidence(
    *checks: CheckResult, rules: tuple[Rule, ...] = (), run: dict[str, Any] | None = None, foreign: tuple[str, ...] = (),
    fallbacks: tuple[str, ...] = (), left_out: tuple[dict[str, str], ...] = (),
    metrics: tuple[Measurement, ...] = (), origin: Origin | None = None, **more: Any,
) -> Evidence:  # fmt: skip
    plan = {
        "checks": [check.id for check in checks],
        "left_out": list(left_out),
        "partial": bool(left_out),
        "later": [],
        "foreign": list(foreign),
        "fallbacks": list(fallbacks),
        "metrics": to_builtins(declared_of(metrics)),
        "origin": to_builtins(origin),
    }
    names = ("text", "metric", "op", "value", "level", "of_baseline")
    policy = {
        "rules": [{name: getattr(r, name) for name in names} for r in rules],
        "deadline_s": 900.0,
        "concurrency": 64,
    }
    given = {"control": NO_CONTROL, "identity": held_identity(), "plan": plan, "policy": policy}
    return assemble(
        run=run_info(**(run or {})), checks=checks, rules=rules, metrics=metrics,
        **{**given, **more},
    )  # fmt: skip
