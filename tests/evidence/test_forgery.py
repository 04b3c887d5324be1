"""Think like a forger: whatever is changed in the file alone is refused as a contradiction, and nothing crashes.

What the second path cannot tell stands at the end, with its reason: facts that nothing else in the file speaks of,
forged together with all that follows from them. Against that only a signature of the file helps.
"""

import pytest
from forged import (
    CHANGE,
    DECLARED,
    HELD,
    MADE,
    OTHER,
    SHA,
    diagnosed,
    diluted,
    drop,
    judged,
    mixed,
    narrowed,
    pulled,
    put,
    reading,
    sound,
    tree_of,
    twice,
    with_change,
)
from msgspec import convert, to_builtins
from msgspec.structs import replace
from verdict_words import evidence, held_identity, measured, met, ran, rule, trouble

from releasegate.errors import EvidenceError
from releasegate.evidence.assemble import assemble
from releasegate.evidence.file import decode, encode
from releasegate.evidence.rejudge import rejudge
from releasegate.evidence.terms import Policy, terms_of
from releasegate.model import Control, Identity, State

GREEN = (State.STABLE, State.DEGRADED)


# one thing changed


TAMPERED = {
    "a failed check passed": (mixed, ("checks", 0, "label"), put("PASSED")),
    "an unproven check passed": (mixed, ("checks", 4, "label"), put("PASSED")),
    "a failed check is the environment's": (mixed, ("checks", 0, "label"), put("ENVIRONMENT")),
    "a failed check was skipped": (mixed, ("checks", 0, "label"), put("SKIPPED")),
    "a failed check is muted": (mixed, ("checks", 0, "label"), put("MUTED")),
    "a sample was met": (mixed, ("checks", 0, "samples", 0, "outcome"), put("met")),
    "a sample was trouble": (mixed, ("checks", 0, "samples", 0, "outcome"), put("trouble")),
    "a trouble was left out": (mixed, ("checks", 1, "samples", 0, "trouble"), put(None)),
    "an expectation was met": (mixed, ("checks", 0, "samples", 0, "expectations", 0, "met"), put(True)),
    "something else was found": (mixed, ("checks", 0, "samples", 0, "expectations", 0, "found"), put([200])),
    "something else was demanded": (mixed, ("checks", 0, "samples", 0, "expectations", 0, "demanded"), put(503)),
    "another operator": (mixed, ("checks", 0, "samples", 0, "expectations", 0, "operator"), put("not")),
    "an expectation only warns": (sound, ("checks", 0, "samples", 0, "expectations", 0, "level"), put("warn")),
    "an expectation was left out": (sound, ("checks", 0, "samples", 0, "expectations", 0), drop),
    "a failing sample was left out": (mixed, ("checks", 0, "samples", 0), drop),
    "the first failure of a flaky check was left out": (mixed, ("checks", 1, "samples", 0), drop),
    "all samples were left out": (mixed, ("checks", 0, "samples"), put([])),
    "a sample after the deciding one": (sound, ("checks", 0, "samples", 0), twice),
    "the samples seem complete": (mixed, ("checks", 4, "not_sampled"), put(None)),
    "a profile that is content with less": (mixed, ("checks", 4, "profile"), put("once")),
    "a profile that nobody knows": (mixed, ("checks", 4, "profile"), put("kind")),
    "its terms alone are content with less": (mixed, ("plan", "terms", "a.cut", "profile"), put("once")),
    "a critical check is none": (mixed, ("checks", 0, "critical"), put(False)),
    "its terms alone call it not critical": (mixed, ("plan", "terms", "a.dead", "critical"), drop),
    "a failing check only advises": (mixed, ("checks", 0, "advisory"), put(True)),
    "a failing check weighs nothing": (mixed, ("checks", 0, "weight"), put(0.0)),
    "a twin is not needed": (mixed, ("checks", 2, "twin"), put(None)),
    "the terms are gone": (mixed, ("plan", "terms"), drop),
    "a green is contacted by nobody": (sound, ("checks", 0, "samples", 0, "contact"), put([])),
    "a vacuous check is red-capable": (mixed, ("checks", 5, "red_capable"), put(True)),
    "a stronger claim": (sound, ("checks", 0, "strength"), put("99/99 in 10 s.")),
    "a milder reason for a label": (mixed, ("checks", 0, "reason"), put("a hiccup")),
    "a check that the plan names is gone": (mixed, ("checks", 0), drop),
    "a check stands there twice": (sound, ("checks", 0), twice),
    "the plan names fewer checks": (mixed, ("plan", "checks", 0), drop),
    "a check was left out and run": (mixed, ("plan", "left_out", 0, "id"), put("a.dead")),
    "a check that was run is listed as left out": (
        lambda: evidence(ran("a.one"), left_out=({"id": "b.two", "reason": "its suite runs at night"},)),
        ("plan", "left_out", 0, "id"),
        put("a.one"),
    ),
    "a partial run speaks for the whole": (mixed, ("plan", "partial"), put(False)),
    "what was left out is not listed": (mixed, ("plan", "left_out"), put([])),
    "a failing target is foreign": (mixed, ("plan", "foreign"), put(["api", "auth"])),
    "no login fell back": (mixed, ("plan", "fallbacks"), put([])),
    "no list of files was given": (narrowed, ("plan", "changes"), put(None)),
    "the list of files is gone": (narrowed, ("plan", "changes"), drop),
    "the change was not harmless": (narrowed, ("plan", "changes", "obstacle"), put("src/app.py matches no glob")),
    "no file was changed": (narrowed, ("plan", "changes", "files"), put(0)),
    "another number of files": (narrowed, ("plan", "changes", "files"), put(3)),
    "another glob": (narrowed, ("plan", "changes", "globs"), put(["src/**"])),
    "no glob matched": (narrowed, ("plan", "changes", "globs"), put([])),
    "another reason for what was left out": (narrowed, ("plan", "left_out", 0, "reason"), put("the change is harmless: it is")),
    "a critical check was left out": (narrowed, ("plan", "left_out", 0, "critical"), put(True)),
    "a selection left it out too": (narrowed, ("plan", "partial"), put(True)),
    "nobody needs what ran": (narrowed, ("plan", "brought_in"), put([])),
    "a check of a suite that was left out is not listed": (narrowed, ("plan", "left_out"), put([])),
    "a rule about what was left out held": (narrowed, ("rules", 1, "held"), put(True)),
    "a rule about what ran is not applicable": (narrowed, ("rules", 0, "applicable"), put(False)),
    "nothing of the base branch was changed": (pulled, ("plan", "origin"), put(None)),
    "the origin is gone": (pulled, ("plan", "origin"), drop),
    "another check was changed": (pulled, ("plan", "origin", "changed"), put(["a.two"])),
    "no check was changed": (pulled, ("plan", "origin", "changed"), drop),
    "somebody approved it": (pulled, ("plan", "origin", "approved_by"), put("mia")),
    "the gate's workflow was not touched": (pulled, ("plan", "origin", "edits"), drop),
    "there is no config on the base branch": (pulled, ("plan", "origin", "base"), drop),
    "all of its checks were judged": (pulled, ("plan", "origin", "not_taken"), drop),
    "nothing is new": (diluted, ("plan", "origin", "added"), put([])),
    "what is flaky is new": (diluted, ("plan", "origin", "added", 0), put("a.one")),
    "a new check weighs something": (diluted, ("checks", 1, "weight"), put(1.0)),
    "a rule held with what is new": (diluted, ("rules", 0, "held"), put(True)),
    "a broken rule held": (mixed, ("rules", 0, "held"), put(True)),
    "a rule observed more": (mixed, ("rules", 0, "observed"), put(0.95)),
    "a rule only warns": (mixed, ("rules", 0, "level"), put("warn")),
    "a rule is not applicable": (mixed, ("rules", 0, "applicable"), put(False)),
    "a broken rule is gone": (mixed, ("rules", 0), drop),
    "all rules are gone": (mixed, ("rules",), put([])),
    "another number was found": (mixed, ("metrics", 0, "found"), put(95)),
    "a number counts as more": (mixed, ("metrics", 0, "value"), put(0.95)),
    "a number is of another unit": (mixed, ("metrics", 0, "unit"), put(None)),
    "a number came of another file": (mixed, ("metrics", 0, "file"), put("reports/other.json")),
    "a number is gone": (mixed, ("metrics", 0), drop),
    "a number stands there twice": (mixed, ("metrics", 0), twice),
    "all numbers are gone": (mixed, ("metrics",), drop),
    "nobody declared a number": (mixed, ("plan", "metrics"), drop),
    "an old number may be older": (mixed, ("metrics", 1, "max_age_s"), put(1e9)),
    "an old number counts": (mixed, ("metrics", 1, "value"), put(2.0 * 2**20)),
    "nothing is wrong with an old number": (mixed, ("metrics", 1, "problem"), put(None)),
    "the policy has a lower bar": (mixed, ("policy", "rules", 0, "value"), put(0.1)),
    "the policy has no such rule": (mixed, ("policy", "rules", 0), drop),
    "the policy is gone": (mixed, ("policy",), put({})),
    "the state": (mixed, ("verdict", "state"), put("STABLE")),
    "the exit code": (mixed, ("verdict", "exit_code"), put(0)),
    "the score": (mixed, ("verdict", "score"), put(1.0)),
    "a reason is gone": (mixed, ("verdict", "reasons", 0), drop),
    "all reasons are gone": (mixed, ("verdict", "reasons"), put([])),
    "a reason reads otherwise": (mixed, ("verdict", "reasons", 0), put("all is well")),
    "it was not interrupted": (MADE["interrupted"], ("run", "interrupted"), put(False)),
    "the deadline was not reached": (MADE["late"], ("run", "deadline_reached"), put(False)),
    "another commit was judged": (sound, ("run", "sha"), put(OTHER)),
    "another commit is called the judged one": (sound, ("identity", "judged"), put(OTHER)),
    "a control that failed held": (MADE["the control failed"], ("control", "held"), put(True)),
    "a control that failed was none": (MADE["the control failed"], ("control", "held"), put(None)),
    "the control's samples are gone": (sound, ("control", "samples"), put([])),
    "the control is gone": (sound, ("control",), put({"held": None})),
    "there was to be no control": (sound, ("plan", "control"), put(False)),
    "the identity is gone": (sound, ("identity",), put({"judged": SHA, "holds": None})),
    "another commit is the judged one": (MADE["another commit"], ("identity", "holds"), put(True)),
    "another commit is unread": (MADE["another commit"], ("identity",), put({"judged": SHA, "holds": None})),
    "a reading is gone": (sound, ("identity", "readings", 1), drop),
    "a reading names another commit": (sound, ("identity", "readings", 1, "revision"), put(OTHER)),
    "a reading names a commit by too little": (sound, ("identity", "readings", 1, "revision"), put(SHA[:6])),
    "a reading before was of another commit": (
        lambda: sound(identity=held_identity(readings=tuple(reading(m) for m in ("before", "before", "before", "after")))),
        ("identity", "readings", 0, "revision"),
        put(OTHER),
    ),
    "what was read beside a failure was met": (
        diagnosed,
        ("checks", 0, "samples", 0, "diagnosis", 0, "sample", "outcome"),
        put("met"),
    ),
    "what was read beside a failure is not what was found": (
        diagnosed,
        ("checks", 1, "samples", 0, "diagnosis", 0, "sample", "expectations", 0, "found"),
        put([503]),
    ),
    "what explains a failure was not read": (diagnosed, ("checks", 0, "samples", 0, "diagnosis"), put([])),
    "another check was read than was asked for": (
        diagnosed,
        ("checks", 0, "samples", 0, "diagnosis", 0, "check"),
        put("d.cache[one]"),
    ),
    "nobody was asked": (diagnosed, ("checks", 0, "diagnose"), put([])),
    "a reading was unreadable": (sound, ("identity", "readings", 1, "revision"), put(None)),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_never_green_17_evidence_that_contradicts_itself_is_refused(what):
    made, path, change = TAMPERED[what]
    forged = with_change(tree_of(made()), path, change)
    assert forged != tree_of(made())
    with pytest.raises(EvidenceError):
        judged(forged)


def places(tree, path=()):
    """Name every place of a JSON value; of lists only the first and the last item, what lies between is alike."""
    yield path
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield from places(item, (*path, key))
    elif isinstance(tree, list):
        for position in sorted({0, len(tree) - 1} if tree else ()):
            yield from places(tree[position], (*path, position))


VALUES = (
    None,
    True,
    False,
    0,
    1,
    -3,
    1e300,
    10**30,
    "",
    "met",
    "PASSED",
    "once",
    "exists",
    "[",
    [],
    [None],
    {},
    {"x": [1]},
)


@pytest.mark.parametrize("name", ["mixed", "sound", "the control failed", "diagnosed", "a harmless change"])
def test_never_green_17_no_change_of_one_value_crashes_or_gives_another_verdict(name):
    made = MADE[name]()
    tree = tree_of(made)
    for path in list(places(tree))[1:]:
        changes = [put(value) for value in VALUES] + [drop]
        for change in changes:
            try:
                assert judged(with_change(tree, path, change)) == made.verdict
            except EvidenceError:
                continue


# one thing changed, and all that follows from it


def consistent(made, *, checks=None, plan=None, **more):
    """Give what a forger makes who runs our own code over a changed fact: labels, rules and verdict fit it."""
    facts = {
        "checks": made.checks,
        "rules": convert(made.policy, Policy).rules,
        "run": made.run,
        "control": made.control,
        "identity": made.identity,
    }
    facts |= {"plan": made.plan | (plan or {}), "policy": made.policy}
    facts |= {"metrics": made.metrics, **more}
    concluded = [replace(c, label=c.label, reason=None, strength=None) for c in checks or facts["checks"]]
    return assemble(**{**facts, "checks": concluded})


def red_by(check):
    return evidence(ran("a.one", "✓", profile="single"), check, control=HELD)


def with_rule(text, *metrics):
    return evidence(ran("a.one", "✓", profile="single"), rules=(rule(text, declared=DECLARED),), metrics=metrics)


def idle_for(change, **more):
    """Give what a plan says that left out b.dead for a change."""
    left = {"id": "b.dead", "reason": CHANGE.reason, **more}
    return {"checks": ["a.one"], "left_out": [left], "changes": to_builtins(change), "partial": False}


FORGED = {
    "a number counts as more than was found": (
        with_rule("compliance >= 90%", measured("compliance", 89.5)),
        lambda made: {"metrics": (replace(made.metrics[0], value=0.95),)},
    ),
    "a number of another unit": (
        with_rule("size <= 3MiB", measured("size", 4, unit="MiB")),
        lambda _made: {"metrics": (measured("size", 4, unit="KB"),)},
    ),
    "a failing check was left out for a harmless change": (
        red_by(ran("b.dead", "✗", profile="once")),
        lambda made: {
            "checks": made.checks[:1],
            "plan": idle_for(CHANGE) | {"terms": terms_of(made.checks[:1])},
        },
    ),
    "a failing critical check was left out for a harmless change": (
        red_by(ran("b.dead", "✗", profile="once", critical=True)),
        lambda made: {
            "checks": (vital := (replace(made.checks[0], critical=True),)),
            "plan": idle_for(CHANGE, critical=True) | {"terms": terms_of(vital)},
        },
    ),
    "a failing check was left out for a change that is not harmless": (
        red_by(ran("b.dead", "✗", profile="once")),
        lambda made: {
            "checks": (vital := (replace(made.checks[0], critical=True),)),
            "plan": idle_for(replace(CHANGE, obstacle="a.py matches no glob")) | {"terms": terms_of(vital)},
        },
    ),
    "an old number may be older": (
        with_rule("size <= 3MiB", measured("size", 2, unit="MiB", age_s=90_000.0)),
        lambda _made: {"metrics": (measured("size", 2, unit="MiB", age_s=90_000.0, max_age_s=1e6),)},
    ),
    "a profile that is content with what there is": (
        red_by(ran("a.cut", "✓", profile="lean")),
        lambda made: {"checks": (made.checks[0], ran("a.cut", "✓", profile="once"))},
    ),
    "a failing check only advises": (
        red_by(ran("a.dead", "✗", profile="once")),
        lambda made: {"checks": (made.checks[0], ran("a.dead", "✗", profile="once", advisory=True))},
    ),
    "a failing check is gone": (
        red_by(ran("a.dead", "✗", profile="once")),
        lambda made: {"checks": made.checks[:1]},
    ),
    "a failing check is gone, from the plan too": (
        red_by(ran("a.dead", "✗", profile="once")),
        lambda made: {"checks": made.checks[:1], "plan": {"checks": ["a.one"]}},
    ),
    "the control was none": (
        sound(),
        lambda _made: {"control": Control(held=None)},
    ),
    "no target was asked for its commit": (
        sound(),
        lambda _made: {"identity": Identity(judged=SHA, holds=None)},
    ),
    "what runs after the samples was not read": (
        sound(),
        lambda _made: {"identity": held_identity(readings=(reading("before"),))},
    ),
    "one of two targets was not read": (
        sound(identity=held_identity(readings=tuple(reading(m, target=t) for m in ("before", "after") for t in ("api", "web")))),
        lambda _made: {"identity": held_identity()},
    ),
    "an unreadable commit has no consequence": (
        sound(),
        lambda _made: {"identity": Identity(judged=SHA, holds=None, readings=(reading("before", None), reading("after", None)))},
    ),
    "the commit of staging is called the judged one": (
        sound(),
        lambda _made: {"identity": Identity(judged=OTHER, holds=True, readings=(reading("before", OTHER), reading("after", OTHER)))},
    ),
}  # fmt: skip
"""Facts that the plan, recorded apart from the results, or the readings speak of too."""


@pytest.mark.parametrize("what", FORGED)
def test_never_green_17_what_the_plan_speaks_of_too_cannot_be_forged_with_its_consequences(what):
    made, change = FORGED[what]
    forged = consistent(made, **change(made))
    assert forged.verdict.state in GREEN  # the forger's aim
    with pytest.raises(EvidenceError):
        rejudge(decode(encode(forged)))


def beside_a_met_sample(flaky):
    return replace(
        flaky,
        samples=(flaky.samples[0], replace(flaky.samples[1], diagnosis=flaky.samples[0].diagnosis), *flaky.samples[2:]),
    )


def of_another_check(flaky):
    return replace(flaky, diagnose=("d.other",))


def beside_a_reading(flaky):
    first, *others = flaky.samples
    (reading,) = first.diagnosis
    nested = replace(reading, sample=replace(reading.sample, diagnosis=first.diagnosis))
    return replace(flaky, samples=(replace(first, diagnosis=(nested,)), *others))


@pytest.mark.parametrize("forge", [beside_a_met_sample, of_another_check, beside_a_reading])
def test_never_green_17_a_reading_that_nobody_asked_for_is_refused(forge):
    given = diagnosed()
    dead, flaky, *rest = given.checks
    assert rejudge(given) == given.verdict
    with pytest.raises(EvidenceError, match="not asked for"):
        rejudge(replace(given, checks=(dead, forge(flaky), *rest)))


GOOD, BAD = met(), trouble()


@pytest.mark.parametrize("said", [GOOD, BAD, replace(BAD, trouble=replace(BAD.trouble, reason="cut off"))])
def test_never_green_17_no_reading_forged_with_its_consequences_turns_anything_green(said):
    made = diagnosed()
    checks = tuple(
        replace(
            check,
            samples=tuple(
                replace(s, diagnosis=tuple(replace(reading, sample=said) for reading in s.diagnosis))
                for s in check.samples
            ),
        )
        for check in made.checks
    )
    forged = consistent(made, checks=checks)
    assert [check.label for check in forged.checks] == [check.label for check in made.checks]
    again = rejudge(decode(encode(forged)))
    assert (again.state, again.exit_code, again.score) == (made.verdict.state, 10, made.verdict.score)


def unjudgeable(check):
    """A failed check whose one expectation is said to have been met, by values that were not kept."""
    said = replace(check.samples[0].expectations[0], met=True, kept=False)
    return ran(check.id, "✓", profile="once", each={"✓": met(expectations=(said,))})


DEAD = ran("a.dead", "✗", profile="once")
UNTOLD = {
    # A forger who invents the samples themselves: no second witness was there.
    "another answer was found": lambda made: {"checks": (made.checks[0], ran("a.dead", "✓", profile="once"))},
    # What was capped or redacted cannot be judged again, so `met` has to be believed.
    "what was found was not kept": lambda made: {"checks": (made.checks[0], unjudgeable(DEAD))},
    # A whole check, taken out of the results, of the plan and of its terms alike.
    "the plan never had it": lambda made: {
        "checks": made.checks[:1],
        "plan": {"checks": ["a.one"], "terms": terms_of(made.checks[:1])},
    },
    # The list of changed files: which they were stands nowhere else.
    "the change was harmless": lambda made: {
        "checks": (vital := (replace(made.checks[0], critical=True),)),
        "plan": idle_for(CHANGE) | {"left_out": [{"id": "a.dead", "reason": CHANGE.reason}], "terms": terms_of(vital)},
    },
    # How it counts, changed in the result and in the plan's terms alike.
    "the plan called it advisory": lambda made: {
        "checks": (made.checks[0], replace(DEAD, advisory=True)),
        "plan": {"terms": terms_of((made.checks[0], replace(DEAD, advisory=True)))},
    },
}  # fmt: skip


@pytest.mark.parametrize("what", UNTOLD)
def test_what_is_forged_throughout_is_beyond_a_second_judging(what):
    made = red_by(DEAD)
    forged = consistent(made, **UNTOLD[what](made))
    assert made.verdict.state is State.UNSTABLE
    assert rejudge(decode(encode(forged))).state in GREEN


def test_another_number_in_a_file_of_another_tool_is_beyond_a_second_judging_for_the_file_is_not_in_the_evidence():
    made = with_rule("compliance >= 90%", measured("compliance", 89.5))
    assert made.verdict.state is State.UNSTABLE
    assert rejudge(consistent(made, metrics=(measured("compliance", 95),))).state in GREEN
