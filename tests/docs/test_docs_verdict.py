"""The tables of docs/verdict.md are those of the code: profiles, characteristic, labels, metrics, exit codes."""

import re

import pytest
from docs_examples import codes, page, rows, section, shown

from releasegate.checks.catalogue import kind
from releasegate.config import rules
from releasegate.config.load import load
from releasegate.model import (
    PASSED,
    CheckResult,
    Contact,
    Control,
    Expectation,
    Identity,
    Label,
    Outcome,
    Sample,
    State,
)
from releasegate.plan import build
from releasegate.sampling import PROFILES, pause_s
from releasegate.stats.characteristic import characteristic
from releasegate.verdict import metrics
from releasegate.verdict.decide import EXIT_CODES, MOST_EXCUSED, decide
from releasegate.verdict.explain import Explanation
from releasegate.verdict.label import LEAST_GROUP, Group
from releasegate.verdict.strength import strength_of

PAGE = page("verdict.md")
SAMPLING = section(PAGE, "Sampling")
ORDINALS = {1: "1st", 2: "2nd", 3: "3rd"}
FAMILIES = {"a share": "share", "checks": "checks", "a number": "count", "a duration": "duration"}


def flat(text):
    return " ".join(text.split())


def sample(**more):
    demand = Expectation(subject="status", operator="equals", demanded=200, found=[200], met=True, text="status == 200")
    given = {
        "outcome": Outcome.MET,
        "started": "2026-03-01T12:00:00.000Z",
        "duration_s": 0.1,
        "phases": (),
        "expectations": (demand,),
        "signature": None,
        "contact": (Contact(target="api", host="h", port=1),),
    }
    return Sample(**{**given, **more})


def check(name, label, **more):
    given = {
        "suite": "s",
        "kind": "http",
        "critical": False,
        "weight": 1.0,
        "hash": "",
        "samples": (sample(),),
        "profile": "once",
    }
    return CheckResult(id=f"s.{name}", label=label, **{**given, **more})


def state_with(label, *, of=10, **more):
    checks = [check("one", label, **more), *(check(f"sound-{number}", Label.PASSED) for number in range(of))]
    return decide(
        checks,
        (),
        control=Control(held=None),
        identity=Identity(judged=None, holds=None),
        interrupted=False,
        deadline_reached=False,
    ).state


def test_the_sampling_table_is_the_one_that_samples():
    written = {
        codes(name)[0]: (tuple(map(int, passes.split(", "))), dict(part.split(": ") for part in broken.split(", ")))
        for name, passes, broken in rows(SAMPLING)
    }
    assert written == {
        name: (p.passes_needed, {ORDINALS.get(k, f"{k}th"): str(most) for k, most in p.broken_at.items()})
        for name, p in PROFILES.items()
    }


def test_the_characteristic_is_the_one_that_is_computed():
    table = SAMPLING[SAMPLING.index("| fails |") :]
    names = codes(table.partition("\n")[0])
    assert names == list(PROFILES)
    assert len(rows(table)) == 7
    for rate, *cells in rows(table):
        failing = float(rate.removesuffix(" %")) / 100
        exact = [characteristic(PROFILES[name], failing) for name in names]
        assert cells == [f"{100 * at.passed:.5f} % · {at.mean_samples:.2f}" for at in exact]


def test_the_retry_that_is_warned_of_passes_as_often_as_said():
    assert f"two retries in {100 * (1 - 0.5**3):.1f} %" in flat(SAMPLING)


def test_correlated_samples_weaken_the_claim_as_much_as_said():
    weak = characteristic(PROFILES["standard"], 0.5, correlation=0.5).passed
    assert f"the 0.9 % becomes {100 * weak:.0f} %" in flat(section(PAGE, "Strength"))


def test_the_claim_shown_is_the_one_that_is_printed():
    said = strength_of(check("one", Label.PASSED, profile="standard", samples=(sample(),) * 7, duration_s=0.8))
    assert said == flat(shown(PAGE, "text")[0])


def test_the_pauses_are_those_of_the_code():
    assert [pause_s("standard", failures) for failures in range(4)] == [0, 0.25, 0.5, 1.0]
    assert "is 250 ms, and doubles" in flat(PAGE)


CONFIG = """
version: 1
targets:
  api: {url: "https://api.example.com"}
  port: {url: "tcp://api.example.com:7"}
  chat: {url: "wss://chat.example.com"}
suites:
  s:
    checks:
      reads: {http: {get: "api:/", expect: {status: 200}}}
      connects: {tcp: {connect: port}}
      talks: {websocket: {connect: "chat:/ws", send: {type: start}, event: $.type, events: [started]}}
      listens: {websocket: {connect: "chat:/ws", event: $.type, events: [started]}}
      cleans:
        http:
          post: api:/
          expect: {status: 201}
          finally: [{delete: "api:/"}]
      writes: {http: {post: "api:/", expect: {status: 201}}}
"""


def test_the_default_profiles_are_those_that_are_planned():
    planned = {c.decl.name: c.profile for c in build(load(CONFIG, {}, file="docs.yml"), kind).checks}
    written = [codes(row[1])[0] for row in rows(section(PAGE, "Which profile a check takes"))]
    assert written == [planned[name] for name in ("reads", "cleans", "writes", "talks")]
    assert (planned["connects"], planned["listens"]) == (planned["reads"], planned["talks"])


@pytest.mark.parametrize("row", rows(section(PAGE, "Labels")), ids=lambda row: row[0].replace("`", ""))
def test_each_label_has_the_effect_that_its_row_says(row):
    names, _, passed, counted, effect = row
    for label in map(Label, codes(names)):
        expected = State.STABLE if effect.startswith("none") else State(effect)
        assert state_with(label) is expected
        assert (label in PASSED) == (passed == "yes")
        facts = metrics.facts_of([check("one", label)], 1.0)
        assert bool(facts.counted) == (counted == "yes")


def test_the_sentence_about_a_group_is_the_one_that_is_said():
    group = Group(target="api", phase="connect", reason="refused", ids=())
    assert f"`{group.sentence}`" in PAGE
    assert LEAST_GROUP == 3


def test_what_explains_a_failure_is_said_as_the_page_shows():
    down = Explanation(
        dependency="stores.database",
        state="is down (tcp connect refused)",
        ids=tuple(f"shop.{name}" for name in ("orders", "cart", "search", "prices", "stock")),
    )
    assert down.sentence == shown(section(PAGE, "What explains a failure"), "text")[0].strip()


def test_every_label_has_a_row():
    assert {name for row in rows(section(PAGE, "Labels")) for name in codes(row[0])} == set(Label)


def test_an_advisory_failure_degrades_as_the_page_says():
    assert state_with(Label.FAILED, advisory=True) is State.DEGRADED


def test_the_bound_on_excuses_is_that_of_the_code():
    assert f"more than {MOST_EXCUSED:.0%}".replace("%", " %") in flat(PAGE)
    assert state_with(Label.MUTED, of=3) is State.INCONCLUSIVE


@pytest.mark.parametrize("line", shown(PAGE, "rules")[0].splitlines())
def test_every_rule_that_is_shown_is_one_and_its_metric_is_measured(line):
    rule = rules.parse_rule(line)
    assert rules.subject_of(rule.metric).metric in metrics.METRICS


def test_the_metrics_are_those_that_are_measured_with_their_units():
    written = {name: row[1] for row in rows(section(PAGE, "Rules")) for name in codes(row[0])}
    assert written.keys() == metrics.METRICS.keys()
    assert {name: FAMILIES[unit] for name, unit in written.items()} == {name: rules.METRICS[name] for name in written}


def test_what_loads_and_is_not_measured_is_named():
    unmeasured = re.search(r"These load and have no value in this version: (.*?)\n\n", PAGE, re.DOTALL)[1]
    assert {*codes(unmeasured)} >= rules.METRICS.keys() - metrics.METRICS.keys()
    assert "tests.…" in codes(unmeasured)


def test_the_samples_that_percentiles_need_are_those_of_the_config():
    text = ", ".join(f"`{name}` {least}" for name, least in rules.SAMPLES_FOR.items())
    assert text in flat(PAGE)
    assert {**rules.SAMPLES_FOR, "latency.max": 1} == metrics.LEAST_SAMPLES


def test_the_exit_codes_are_those_of_the_code():
    written = {codes(row[0])[0]: int(row[1]) for row in rows(section(PAGE, "The order"))}
    assert written == {state.value: code for state, code in EXIT_CODES.items()}


def test_the_config_that_is_shown_loads():
    (text,) = shown(PAGE, "yaml releasegate")
    config = load(text, {}, file="docs.yml")
    assert config.control is not None
    assert {rule.level for rule in config.policy.rules} == {"fail", "warn"}
    assert config.warnings == ()
