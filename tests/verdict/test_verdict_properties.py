"""What holds for every run, drawn at random, and the order of the verdict against an oracle of its own."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from verdict_words import (
    FAILED_CONTROL,
    NO_CONTROL,
    beside,
    decided,
    evidence,
    labelled,
    met,
    ran,
    rule,
    trouble,
    unmet,
)

from releasegate.evidence.file import decode, encode
from releasegate.evidence.rejudge import rejudge
from releasegate.model import Control, Identity, Label, Level, RuleResult, State
from releasegate.sampling import PROFILES, conclude, step

RED = (State.UNSTABLE, State.INCONCLUSIVE)
RANK = {State.STABLE: 0, State.DEGRADED: 1, State.INCONCLUSIVE: 2, State.UNSTABLE: 2}
SAMPLES = st.sampled_from(
    [met(), met(contact=()), unmet(), unmet(401), trouble(), trouble("timeout"), trouble(target="auth")]
)


@st.composite
def runs(draw):
    """Samples until they decide, or until nobody took more."""
    profile = draw(st.sampled_from(sorted(PROFILES)))
    samples, passes, failures, label = [], 0, 0, None
    most = draw(st.integers(0, 40))
    favourite = draw(SAMPLES)
    while label is None and len(samples) < most:
        sample = draw(st.one_of(st.just(favourite), SAMPLES))
        samples.append(sample)
        passes, failures = passes + sample.met, failures + (not sample.met)
        label = step(PROFILES[profile], passes, failures, met=sample.met)
    flags = {
        "critical": draw(st.booleans()),
        "advisory": draw(st.booleans()),
        "weight": draw(st.sampled_from([0.0, 1.0, 2.5])),
    }
    return profile, tuple(samples), flags


@st.composite
def pieces(draw):
    drawn = draw(st.lists(runs(), max_size=5))
    checks = [as_check(f"s{n % 2}.c{n}", *parts) for n, parts in enumerate(drawn)]
    twinned = [replace(c, twin=checks[0].id) if n and draw(st.booleans()) else c for n, c in enumerate(checks)]
    names = [check.id for check in checks] + ["left.out"]
    return tuple(_beside(draw, check, names) for check in twinned)


def _beside(draw, check, names):
    """Let a check need or diagnose others at random, itself and circles included: a file may say anything."""
    named = tuple(draw(st.lists(st.sampled_from(names), max_size=2, unique=True)))
    if not check.samples and named and draw(st.booleans()):
        return replace(check, needs=named[:1], not_sampled=f"needs {named[0]}, which is FAILED")
    samples = tuple(
        sample if sample.met else replace(sample, diagnosis=tuple(beside(name, draw(SAMPLES)) for name in named))
        for sample in check.samples
    )
    return replace(check, diagnose=named, samples=samples)


def as_check(name, profile, samples, flags):
    label = conclude(profile, (sample.met for sample in samples))
    why = None if label else "the run's deadline was reached"
    return replace(
        ran(name, "", profile=profile, **flags), samples=samples, label=label or Label.UNPROVEN, not_sampled=why
    )


RULES = (
    rule("pass_rate >= 90%"),
    rule("warned == 0", "warn"),
    rule("suite.s0.failed <= 1"),
    rule("latency.max <= 1s", "warn"),
)


@settings(max_examples=150, deadline=None)
@given(pieces(), st.booleans(), st.booleans())
def test_the_verdict_judged_again_from_the_file_is_the_verdict(checks, interrupted, deadline):
    run = {"interrupted": interrupted, "deadline_reached": deadline}
    made = evidence(*checks, rules=RULES, run=run, foreign=("auth",), fallbacks=("user",) if interrupted else ())
    assert rejudge(decode(encode(made))) == made.verdict


@settings(max_examples=150, deadline=None)
@given(pieces(), runs())
def test_another_check_that_fails_never_betters_the_verdict(checks, more):
    before = evidence(*checks).verdict
    after = evidence(*checks, ran("x.failing", "✗✗✗")).verdict
    assert RANK[after.state] >= RANK[before.state] or not checks
    assert after.state in RED


@settings(max_examples=150, deadline=None)
@given(pieces(), st.data())
def test_a_check_that_loses_its_samples_never_gives_green(checks, data):
    counting = [check for check in checks if not check.advisory]
    if not counting:
        return
    lost = data.draw(st.sampled_from(counting))
    emptied = replace(lost, samples=(), label=Label.UNPROVEN, not_sampled="its shard is missing")
    made = evidence(*(emptied if check is lost else check for check in checks))
    assert made.verdict.state in RED


@settings(max_examples=150, deadline=None)
@given(pieces())
def test_green_means_that_every_check_that_counts_passed_with_contact(checks):
    made = evidence(*checks, foreign=("auth",))
    if made.verdict.state not in RED:
        assert checks
        for check in made.checks:
            assert check.advisory or check.label in (Label.PASSED, Label.FLAKY)
            assert check.advisory or all(s.contact for s in check.samples if s.met)


@settings(max_examples=300, deadline=None)
@given(pieces())
def test_what_stands_beside_a_failure_changes_no_label_and_no_verdict(checks):
    def alone(check):
        return replace(check, samples=tuple(replace(sample, diagnosis=()) for sample in check.samples), needs=())

    made, plain = evidence(*checks), evidence(*map(alone, checks))
    assert [check.label for check in made.checks] == [check.label for check in plain.checks]
    assert (made.verdict.state, made.verdict.score) == (plain.verdict.state, plain.verdict.score)


@settings(max_examples=300, deadline=None)
@given(pieces())
def test_every_check_that_blocks_is_told_by_a_reason_and_each_dependency_once(checks):
    made = evidence(*checks)
    reasons = "\n".join(made.verdict.reasons)
    for check in made.checks:
        if check.label in (Label.FAILED, Label.UNPROVEN) and not check.advisory:
            assert check.id in reasons or "does not answer" in reasons
    told = [reason.split(" ", 1)[0] for reason in made.verdict.reasons if ": it explains " in reason]
    assert len(told) == len(set(told))


LABELLED = st.builds(
    lambda label, critical, advisory: (label, critical, advisory),
    st.sampled_from(list(Label)),
    st.booleans(),
    st.booleans(),
)
RESULTS = st.lists(
    st.builds(
        lambda held, level, applicable: RuleResult(
            rule="r", observed=0.0, level=level, held=held, metric="m", applicable=applicable or held is not None
        ),
        st.sampled_from([True, False, None]),
        st.sampled_from(list(Level)),
        st.booleans(),
    ),
    max_size=3,
)


def oracle(checks, rules, world):
    """Give the state by the sentences of the design, one after the other."""
    passed, excuses = {"PASSED", "FLAKY"}, {"PRE_EXISTING", "KNOWN_FLAKY", "MUTED"}
    floor = [(label.value, critical) for label, critical, advisory in checks if not advisory]
    if world["interrupted"] or world["control"].held is False or world["identity"].holds is False:
        return "INCONCLUSIVE"
    if any(label in {"FAILED", "REGRESSION"} or (label in excuses and critical) for label, critical in floor):
        return "UNSTABLE"
    if any(r.held is False and r.level == "fail" for r in rules):
        return "UNSTABLE"
    ran_at_all = [label for label, _, _ in checks if label != "SKIPPED"]
    excused = sum(label in excuses and not critical for label, critical, _ in checks)
    if (
        any(label in {"UNPROVEN", "ENVIRONMENT"} for label, _ in floor)
        or any(r.held is None and r.applicable for r in rules)
        or not any(label in passed for label, _ in floor)
        or 5 * excused > len(ran_at_all)
        or world["deadline_reached"]
        or (world["identity"].holds is None and world["identity"].problem)
    ):
        return "INCONCLUSIVE"
    warns = any(r.held is False for r in rules) or world["fallbacks"] or world["red_before"]
    if warns or any(label not in {*passed, "SKIPPED"} for label, _, _ in checks):
        return "DEGRADED"
    return "STABLE"


@settings(max_examples=600, deadline=None)
@given(
    st.lists(LABELLED, max_size=12),
    RESULTS,
    st.fixed_dictionaries(
        {
            "interrupted": st.sampled_from([False, False, False, True]),
            "deadline_reached": st.sampled_from([False, False, False, True]),
            "control": st.sampled_from([NO_CONTROL, Control(held=True), FAILED_CONTROL]),
            "identity": st.sampled_from(
                [
                    Identity(judged="c", holds=held, problem=p)
                    for held, p in ((None, None), (True, None), (None, "unread"), (False, "other"))
                ]
            ),
            "fallbacks": st.sampled_from([(), ("user",)]),
            "red_before": st.sampled_from([0, 0, 1]),
        }
    ),
)
def test_the_verdict_is_that_of_the_designs_sentences(labels, rules, world):
    checks = [labelled(f"a.c{n}", one, critical=c, advisory=a) for n, (one, c, a) in enumerate(labels)]
    assert decided(*checks, rules=rules, **world).state.value == oracle(labels, rules, world)
