"""Rules: `metric op value`, each with the unit that its metric has."""

import pytest
from config_gate import HEALTH, gate, loaded, the_problem, with_check

from releasegate.config.load import load
from releasegate.config.rules import METRICS, BadRule, parse_rule, unit_of
from releasegate.config.tables import EVENTS
from releasegate.github.context import EVENTS as KNOWN
from releasegate.verdict.metrics import METRICS as MEASURED


@pytest.mark.parametrize(
    ("text", "metric", "op", "value", "of_baseline"),
    [
        ("pass_rate >= 95%", "pass_rate", ">=", 0.95, None),
        ("pass_rate>=99.5%", "pass_rate", ">=", 0.995, None),
        ("score > 0", "score", ">", 0, None),
        ("flaky <= 20%", "flaky", "<=", 0.2, None),
        ("flaky <= 2", "flaky", "<=", 2, None),
        ("critical.failed == 0", "critical.failed", "==", 0, None),
        ("leaked != 1", "leaked", "!=", 1, None),
        ("duration < 5m", "duration", "<", 300, None),
        ("latency.p95 <= 250ms", "latency.p95", "<=", 0.25, None),
        ("memory.peak <= 300MiB", "memory.peak", "<=", 300 * 2**20, None),
        ("suite.smoke.pass_rate >= 80%", "suite.smoke.pass_rate", ">=", 0.8, None),
        ("check.smoke.a.latency.max <= 1s", "check.smoke.a.latency.max", "<=", 1, None),
        ("check.smoke.a[x y.z].failed == 0", "check.smoke.a[x y.z].failed", "==", 0, None),
        ("tests.failed == 0", "tests.failed", "==", 0, None),
        ("pass_rate >= baseline", "pass_rate", ">=", None, 1.0),
        ("latency.p50 <= 110% of baseline", "latency.p50", "<=", None, 1.1),
    ],
)
def test_a_rule_is_taken_apart(text, metric, op, value, of_baseline):
    rule = parse_rule(text, "warn")
    assert (rule.metric, rule.op, rule.of_baseline, rule.level) == (metric, op, of_baseline, "warn")
    assert rule.value == (value if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("pass_rate", "expected metric op value", ">="),
        ("pass_rate => 95%", "expected metric op value", ">="),
        ("pass_rate >=", "expected metric op value", ">="),
        (">= 95%", "expected metric op value", ">="),
        ("pass_rate >= 95", "compared with a share", "95%"),
        ("pass_rate >= 101%", "a share of a whole", "at most 100%"),
        ("suite.a.pass_rate >= 101%", "a share of a whole", "at most 100%"),
        ("leaked <= 5%", "compared with a number without a unit", "0"),
        ("failed <= 5s", "compared with a number of checks or a share", "20%"),
        ("failed >= -1", "counts from 0", "0 or more"),
        ("duration <= 5", "compared with a duration", "5s"),
        ("latency.p95 <= 5MiB", "compared with a duration", "5s"),
        ("memory.peak <= 5s", "compared with a size", "300MiB"),
        ("failed <= nan", "must be finite", None),
        ("failed <= .inf", "must be finite", None),
        ("failed <= 1e999", "must be finite", None),
        ("duration <= quick", '"quick" is not a value for duration', "a duration"),
        ("pass_rat >= 95%", 'unknown metric "pass_rat"', 'did you mean "pass_rate"?'),
        ("suite.smoke.pas_rate >= 95%", 'unknown metric "suite.smoke.pas_rate"', 'did you mean "pass_rate"?'),
        ("latency.p75 <= 1s", "unknown metric", "latency.p"),
        ("tests. == 0", "unknown metric", None),
    ],
)
def test_a_line_that_is_no_rule_is_told(text, message, hint):
    with pytest.raises(BadRule) as caught:
        parse_rule(text)
    assert message in str(caught.value)
    assert hint is None or hint in caught.value.hint


def test_never_green_5_a_threshold_that_is_not_finite_does_not_load():
    assert "must be finite" in the_problem(gate("policy: {block: [failed <= .nan]}")).message


def test_every_metric_that_is_measured_may_stand_in_a_rule():
    assert set(MEASURED) <= set(METRICS)
    assert set(METRICS) - set(MEASURED) == {"contract.breaking", "memory.peak"}


@pytest.mark.parametrize(
    ("unit", "fits", "does_not"),
    [("%", "90%", "90"), ("ms", "250ms", "250"), ("MiB", "3MiB", "3"), (None, "3.5", "3%"), ("points", "3", "3s")],
)
def test_a_declared_metric_has_the_unit_that_it_was_declared_with(unit, fits, does_not):
    declared = {"mine": unit}
    assert parse_rule(f"mine >= {fits}", declared=declared).metric == "mine"
    with pytest.raises(BadRule, match="is compared with"):
        parse_rule(f"mine >= {does_not}", declared=declared)


def test_a_declared_percentage_is_a_share_of_a_whole_and_a_growth_is_a_number():
    assert unit_of("coverage", {"coverage": "%"}) == "share"
    with pytest.raises(BadRule, match="coverage is a share of a whole"):
        parse_rule("coverage >= 101%", declared={"coverage": "%"})
    assert parse_rule("growth <= 150", declared={"growth": None}).value == 150


@pytest.mark.parametrize(
    ("rule", "message", "hint"),
    [
        ("suite.smok.failed == 0", 'unknown suite "smok"', 'did you mean "smoke"?'),
        ("check.smoke.helth.failed == 0", 'unknown check "smoke.helth"', 'did you mean "smoke.health"?'),
        ("check.smoke.health[1].failed == 0", 'unknown check "smoke.health[1]"', "smoke.health"),
        ("minne >= 3", 'unknown metric "minne"', 'did you mean "mine"?'),
        ("latency.p95 <= 1s", "latency.p95 needs at least 20 samples; a healthy run takes 7", "latency.max"),
        ("check.smoke.health.latency.p99 <= 1s", "needs at least 100 samples; a healthy run takes 7", None),
    ],
)
def test_a_rule_speaks_of_what_there_is(rule, message, hint):
    text = gate("metrics: {mine: {file: m.json, at: $.a}}", f"policy:\n  warn:\n    - {rule}")
    problem = the_problem(text)
    assert message in problem.message
    assert hint is None or hint in problem.hint


@pytest.mark.parametrize(
    ("loop", "rule", "carried"),
    [
        ("[1, 2, 3]", "latency.p95 <= 1s", True),
        ("[1, 2]", "latency.p95 <= 1s", False),
        ("[1, 2, 3]", "check.smoke.health[1].latency.p95 <= 1s", False),
        ("[1, 2, 3]", "check.smoke.health.latency.p95 <= 1s", True),
        ("[1, 2, 3]", "suite.smoke.latency.p95 <= 1s", True),
        ("[1, 2, 3]", "latency.p99 <= 1s", False),
        ("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]", "latency.p99 <= 1s", True),
    ],
)
def test_a_percentile_needs_the_samples_that_carry_it(loop, rule, carried):
    checks = f"suites: {{smoke: {{checks: {{health: {{for: {{n: {loop}}}, {HEALTH}}}}}}}}}"
    text = gate(f"policy: {{block: ['{rule}']}}", checks=checks)
    if carried:
        assert loaded(text).policy.rules[0].text == rule
    else:
        assert "samples; a healthy run takes" in the_problem(text).message


def test_rules_may_repeat_and_contradict_each_other():
    rules = loaded(gate("policy: {block: [failed == 0, failed == 0, failed > 3], warn: [failed == 0]}")).policy.rules
    assert [rule.level for rule in rules] == ["fail", "fail", "fail", "warn"]


def test_a_rule_whose_metric_is_not_measured_is_named_before_it_holds_everything_up():
    rules = "policy: {block: [tests.failed == 0, suite.smoke.pass_rate >= 95%]}"
    config = loaded(gate(rules))
    assert [name for name, _ in config.later] == ["rules over tests.failed"]


def test_where_nothing_is_critical_a_harmless_change_runs_everything_and_validate_says_so():
    changes = "changes: {harmless: [docs/**]}"
    (warning,) = loaded(gate(changes)).warnings
    assert "no check is critical: every check runs for a harmless change too" in warning
    assert loaded(with_check(f"critical: true\n{HEALTH}", changes)).warnings == ()
    assert loaded(gate()).warnings == ()


def test_a_config_knows_the_files_that_it_was_read_from():
    checks = "suites: {smoke: gate/smoke.yml}"
    text = f"checks: {{health: {{{HEALTH}}}}}"
    config = load(gate(checks=checks), {}, file="ops/gate.yml", read=lambda _: text)
    assert config.files == ("ops/gate.yml", "ops/gate/smoke.yml")


def test_every_event_that_the_gate_knows_may_be_named_in_a_config():
    assert set(KNOWN) <= set(EVENTS)
