"""Builders of evidence that speak the domain: `check("pipeline.chat", "✓✗✗✗", unmet="status == 200 (got 503)")`."""

from typing import Any

from msgspec import structs

from releasegate.config.model import Rule
from releasegate.evidence.assemble import assemble
from releasegate.evidence.measure import concluded
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
    Moment,
    Outcome,
    Phase,
    Reading,
    RuleResult,
    RunInfo,
    Sample,
    State,
    Trouble,
    Verdict,
)

SHA = "4f2a91c07be35d8812aa0c6d9e7f431b5c8d2e60"
OTHER_SHA = "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6dfeed0001"
TRACE = "0af7651916cd43dd8448eb211c80319c"
STARTED = "2026-03-01T12:03:04.500000Z"
CLAIM = (
    "{passes}/{total} in {seconds} s. If samples were independent, a check that fails 50 / 30 / 20 / 10 % of the time "
    "would pass this rule 0.9 / 15 / 47 / 91 %. A fault that lasts longer than {seconds} s counts as one sample."
)
CONTACT = Contact(target="api", host="staging.example.com", port=443, address="203.0.113.7", tls="TLSv1.3", bytes_sent=120, bytes_received=840)  # fmt: skip
EXIT = {State.STABLE: 0, State.DEGRADED: 0, State.UNSTABLE: 10, State.INCONCLUSIVE: 11}


def demand(subject: str, text: str, *, met: bool = False, level: Level = Level.FAIL, step: str | None = None, found: Any = ()) -> Expectation:  # fmt: skip
    return Expectation(subject=subject, operator="equals", demanded=1, found=list(found), met=met, text=text, level=level, step=step)  # fmt: skip


def met_sample(**more: Any) -> Sample:
    given: dict[str, Any] = {
        "outcome": Outcome.MET,
        "started": STARTED,
        "duration_s": 0.012,
        "phases": (Phase(name="connect", duration_s=0.002), Phase(name="first byte", duration_s=0.01)),
        "expectations": (demand("status", "status == 200", met=True, found=[200]),),
        "signature": None,
        "contact": (CONTACT,),
    }
    return Sample(**{**given, **more})


def unmet_sample(*unmet: Expectation, **more: Any) -> Sample:
    unmet = unmet or (demand("status", "status == 200 (got 503)", found=[503]),)
    more.setdefault("signature", f"http {unmet[0].subject}")
    more = {"target": "api", "trace": TRACE, **more}
    return met_sample(outcome=Outcome.UNMET, expectations=unmet, **more)


def trouble_sample(reason: str = "refused", phase: str = "connect", message: str = "connection refused", **more: Any) -> Sample:  # fmt: skip
    trouble = Trouble(phase=phase, reason=reason, message=message, target="api")
    more = {"trouble": trouble, **more}
    given = {"signature": f"http {phase} {reason}", "target": "api", "expectations": (), "contact": ()}
    return met_sample(outcome=Outcome.TROUBLE, **{**given, **more})


def check(name: str, drawn: str = "✓✓✓✓✓✓✓", label: Label | None = None, *, failure: Sample | None = None, **more: Any) -> CheckResult:  # fmt: skip
    samples = tuple(met_sample() if mark == "✓" else (failure or unmet_sample()) for mark in drawn)
    if label is None:
        label = Label.PASSED if "✗" not in drawn else Label.FLAKY if drawn.count("✓") > 6 else Label.FAILED
    claim = CLAIM.format(passes=drawn.count("✓"), total=len(drawn), seconds="0.08")
    given: dict[str, Any] = {
        "suite": name.partition(".")[0],
        "kind": "http",
        "critical": False,
        "weight": 5.0,
        "hash": "sha256:0",
        "profile": "standard",
        "strength": claim if label in {Label.PASSED, Label.FLAKY} else None,
        "targets": ("api",),
        "duration_s": 0.012 * len(drawn),
        "red_capable": True if "✓" in drawn else None,
    }
    return CheckResult(id=name, label=label, **{"samples": samples, **given, **more})


def rule(text: str, observed: float | None, *, held: bool | None = True, level: Level = Level.FAIL, **more: Any) -> RuleResult:  # fmt: skip
    return RuleResult(rule=text, observed=observed, level=level, held=held, metric=text.partition(" ")[0], **more)


def policy(*rules: RuleResult) -> dict[str, Any]:
    def value(text: str) -> float:
        number = text.rpartition(" ")[2]
        return float(number[:-1]) / 100 if number.endswith("%") else float(number)

    known = [{"text": r.rule, "metric": r.metric, "op": r.rule.split()[1], "value": value(r.rule)} for r in rules]
    return {"rules": known, "deadline_s": 900.0, "concurrency": 64}


def held_identity() -> Identity:
    readings = tuple(Reading(target="api", moment=m, at=STARTED, revision=SHA) for m in ("before", "between", "after"))
    return Identity(judged=SHA, holds=True, readings=readings)


def evidence(*checks: CheckResult, state: State = State.STABLE, reasons: tuple[str, ...] = (), rules: tuple[RuleResult, ...] = (), **more: Any) -> Evidence:  # fmt: skip
    run = {"gate": "staging", "sha": SHA, "started": STARTED, "duration_s": 2.83, "revisions": {"api": SHA}, "tool_version": "0.1.0", "config_hash": "sha256:1"}  # fmt: skip
    run |= more.pop("run", {})
    passed = sum(c.label in {Label.PASSED, Label.FLAKY} for c in checks)
    given: dict[str, Any] = {
        "plan": {"checks": [c.id for c in checks], "left_out": [], "partial": False, "later": [], "fallbacks": []},
        "policy": more.pop("policy", None) or policy(*rules),
        "control": Control(held=True),
        "identity": held_identity(),
        "baseline": None,
        "excuses": (),
    }
    score = passed / len(checks) if checks else None
    return Evidence(
        schema="releasegate/evidence/v1",
        run=RunInfo(**run),
        checks=checks,
        rules=rules,
        verdict=Verdict(state=state, exit_code=EXIT[state], reasons=reasons, score=score),
        **{**given, **more},
    )


def chat_timeout(**more: Any) -> CheckResult:
    """The failure that the reference staging is known for."""
    sample = unmet_sample(
        demand("event agent_thinking", "timeout waiting for agent_thinking, 5 s after agent_started"),
        duration_s=5.12,
        signature="websocket timeout waiting for agent_thinking",
        phases=(Phase(name="connect", duration_s=0.004), Phase(name="send", duration_s=0.001)),
        timeline=(Moment(at_s=0.12, name="agent_started"),),
        contact=(Contact(target="chat", host="chat.example.com", port=443, address="203.0.113.8", tls="TLSv1.3", bytes_received=90),),
        target="chat",
        excerpt='{"type": "agent_started", "thread_id": "5f"}',
    )  # fmt: skip
    given = {
        "critical": True,
        "weight": 30.0,
        "owner": "@acme/agents",
        "profile": "lean",
        "kind": "websocket",
        "duration_s": 15.96,
    }  # three samples, and the pauses between them
    return check(
        "pipeline.real-agent-execution", "✗✗✗", failure=sample, advice="Look at the agent's tool calls first; see the runbook.", **{**given, **more}
    )  # fmt: skip


def judged(*checks: CheckResult, rules: tuple[Rule, ...] = (), **more: Any) -> Evidence:
    """Build evidence as a run does: labels, rules and verdict are the gate's own."""
    frame = evidence(*checks, rules=tuple(rule(r.text, None) for r in rules), **more)
    given = {"run": frame.run, "control": frame.control, "identity": frame.identity, "plan": frame.plan}
    plain = (structs.replace(check, strength=None) for check in checks)
    return assemble(
        checks=tuple(plain),
        rules=rules,
        policy=frame.policy,
        **given,
        metrics=frame.metrics,
    )


def number(name: str = "compliance", found: float | None = 98.7, **more: Any) -> Measurement:
    """Give a number of another tool."""
    given = {"file": f"reports/{name}.json", "at": "$.score", "unit": "%", "max_age_s": 86400.0, "age_s": 192.0}
    return concluded(Measurement(name=name, found=found, **{**given, **more}))


def demanded(text: str, level: str = "fail") -> Rule:
    metric, op, value = text.split()
    number = float(value[:-1]) / 100 if value.endswith("%") else float(value)
    return Rule(text=text, metric=metric, op=op, value=number, level=level)


def healthy() -> Evidence:
    """A sound run of the demo's size."""
    names = ["service-health", "agent-discovery", "workflow-states", "metrics"]
    suites = [check(f"orchestration.{name}") for name in names] + [check(f"pipeline.{name}") for name in names]
    chat = check("pipeline.real-agent-execution", "✓✓✓✓✓", critical=True, profile="lean")
    rules = (demanded("pass_rate >= 95%"), demanded("warned == 0", "warn"), demanded("flaky <= 20%"))
    return judged(*suites, chat, rules=rules)


def mixed() -> Evidence:
    """One critical failure, a flaky check, a warning, a broken rule: what a bad day looks like."""
    latency = demand("latency", "latency <= 300ms (got 412 ms)", level=Level.WARN)
    slow = met_sample(expectations=(demand("status", "status == 200", met=True), latency))
    rules = (demanded("pass_rate >= 95%"), demanded("suite.pipeline.pass_rate >= 50%"), demanded("warned == 0", "warn"))
    return judged(
        sampled_as(check("orchestration.service-health", critical=True), slow),
        check("orchestration.agent-discovery", "✓✓✗✓✓✓✓✓✓✓✓✓✓"),
        check("pipeline.lifecycle"),
        chat_timeout(),
        rules=rules,
        run={"duration_s": 16.0},
    )


def sampled_as(result: CheckResult, sample: Sample) -> CheckResult:
    return structs.replace(result, samples=tuple(sample for _ in result.samples))


def staging_down() -> Evidence:
    """Nothing answers at api, and the control holds."""
    down = trouble_sample(phases=(Phase(name="connect", duration_s=0.002),), duration_s=0.002)
    names = ["service-health", "agent-discovery", "metrics", "lifecycle"]
    checks = [check(f"orchestration.{name}", "✗✗✗", failure=down, critical=name == "metrics") for name in names]
    return judged(*checks, rules=(demanded("pass_rate >= 95%"),), identity=Identity(judged=SHA, holds=None))


def wrong_commit() -> Evidence:
    """Staging runs another commit; nothing was sampled."""
    problem = f"api runs {OTHER_SHA}, the commit to judge is {SHA}"
    checks = [check(f"pipeline.{name}", "", Label.UNPROVEN, not_sampled=problem) for name in ("chat", "metrics")]
    readings = (Reading(target="api", moment="before", at=STARTED, revision=OTHER_SHA),)
    return judged(*checks, identity=Identity(judged=SHA, holds=False, readings=readings, problem=problem))


def control_failed() -> Evidence:
    """Staging's edge is down: nothing can be said."""
    checks = [check(f"a.c{n}", "", Label.UNPROVEN, not_sampled="the control failed") for n in range(3)]
    problem = "tcp connect refused: connection refused"
    return judged(*checks, control=Control(held=False, problem=problem), identity=Identity(judged=SHA, holds=None))


def read(name: str, sample: Sample, took_s: float = 0.0011) -> Diagnosis:
    """Give what another check said when something failed."""
    return Diagnosis(check=name, sample=structs.replace(sample, duration_s=took_s))


def bound(took_s: float, warn_s: float = 0.02) -> Expectation:
    """A latency, and the bound of its own that warns."""
    return Expectation(
        subject="latency", operator="max", demanded=warn_s, found=[took_s], met=took_s <= warn_s,
        text=f"latency ≤ {warn_s * 1000:.0f} ms (got {took_s * 1000:.0f} ms)", level=Level.WARN,
    )  # fmt: skip


def slow(took_s: float) -> Sample:
    """A reading that met its demands, beyond the bound that warns."""
    return met_sample(expectations=(demand("connects", "connects == true", met=True), bound(took_s)))


def diagnosed() -> Evidence:
    """The chat fails, and of what stands beside it the cache is slow: at two failures, not at the first."""
    usual, late = read("dependencies.cache", met_sample()), read("dependencies.cache", slow(0.31), 0.31)
    failing = chat_timeout(diagnose=("dependencies.cache", "dependencies.database"))
    database = read("dependencies.database", met_sample(), 0.0021)
    samples = tuple(
        structs.replace(sample, diagnosis=(cache, database))
        for sample, cache in zip(failing.samples, (usual, late, late), strict=True)
    )
    quick = sampled_as(check("dependencies.cache"), met_sample(duration_s=0.0011))
    return judged(
        structs.replace(failing, samples=samples),
        quick,
        sampled_as(check("dependencies.database"), met_sample(duration_s=0.002)),
        check("pipeline.lifecycle"),
    )


def refused(target: str) -> Sample:
    """Nobody listens at a target."""
    trouble = Trouble(phase="connect", reason="refused", message="connection refused", target=target)
    return trouble_sample(signature="tcp connect refused", target=target, trouble=trouble, duration_s=0.002, phases=())


def explained() -> Evidence:
    """The database is down: four checks above it fail, each in its own way, and one was not sampled for it."""
    down = refused("database")
    read_down = (read("dependencies.database", down, 0.002), read("dependencies.cache", met_sample()))
    asking = {"diagnose": ("dependencies.database", "dependencies.cache")}
    statuses = {"lifecycle": 503, "metrics": 500, "configuration": 504}
    above = [
        check(f"pipeline.{name}", "✗✗✗", failure=unmet_sample(demand("status", f"status == 200 (got {status})", found=[status]), signature=f"http status {status}", diagnosis=read_down), **asking)
        for name, status in statuses.items()
    ]  # fmt: skip
    chat = chat_timeout(**asking)
    chat = structs.replace(chat, samples=tuple(structs.replace(s, diagnosis=read_down) for s in chat.samples))
    waiting = check(
        "pipeline.reports", "", Label.UNPROVEN, needs=("dependencies.database",),
        not_sampled="needs dependencies.database, which is FAILED",
    )  # fmt: skip
    database = check(
        "dependencies.database", "✗✗✗", failure=down, targets=("database",), kind="tcp", advice="Ask the platform team.", weight=1.0
    )  # fmt: skip
    return judged(*above, chat, waiting, database, check("dependencies.cache"), rules=(demanded("pass_rate >= 95%"),))


def cut_short() -> Evidence:
    """The deadline came; one check had begun, two had not."""
    why = "the run's deadline was reached after {} of its samples"
    checks = [check(f"a.c{n}", "✓" * n, Label.UNPROVEN, not_sampled=why.format(n)) for n in (3, 0)]
    last = check("b.last", "", Label.UNPROVEN, not_sampled=why.format(0))
    return judged(*checks, last, check("b.whole"), run={"deadline_reached": True})
