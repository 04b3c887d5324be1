"""Runs in a world without a network in which hours pass at once: some hundreds of seeds here, thousands by hand."""

import asyncio
import gc
from collections import Counter

import pytest
from chaos_clock import LeapingLoop, StuckError
from chaos_play import PORTS, SAID, SCALE, held, play
from chaos_scenario import NEW, Mood, scenario
from chaos_truth import GREEN, hold
from msgspec.structs import replace

from releasegate.model import Label, Outcome, State

SEEDS = range(120)
CROWDED = 2305
SEEDS_THAT_FAILED = {
    119: "a revision endpoint that hangs held a run of half a second for half a minute more",
    1423: "a POST that was sent again and refused had made a thing the first time, and it was not counted as left",
}
"""Seeds speak of the scenarios as they are drawn now; what each showed has a test of its own beside the code it is about."""


@pytest.fixture(scope="module")
def played():
    return {seed: held(seed) for seed in SEEDS}


def test_whatever_staging_does_a_run_ends_in_time_with_evidence_that_is_true(played):
    """Everything is demanded of each run as it is played, in `held`."""
    states = Counter(run.evidence.verdict.state for run in played.values())
    assert sum(states.values()) == len(SEEDS)
    assert set(states) == set(State), f"these seeds do not come to every verdict: {states}"


def test_no_run_left_a_task_or_a_failure_that_nobody_looked_at(played):
    del played
    gc.collect()
    assert SAID == []


@pytest.mark.parametrize("seed", SEEDS_THAT_FAILED)
def test_a_seed_that_once_failed_holds(seed):
    held(seed)


def test_two_thousand_checks_at_once_hold_too():
    assert len(held(CROWDED).evidence.checks) == 2000


def test_one_seed_is_one_run(played):
    again = play(SEEDS[7])
    assert (again.evidence, again.took_s) == (played[SEEDS[7]].evidence, played[SEEDS[7]].took_s)


def test_where_everything_is_sound_the_gate_is_green_so_that_the_rest_shows_something(played):
    fair = [run for run in played.values() if run.scenario.weather == "fair" and run.stopped_s is None]
    roomy = [run for run in fair if run.scenario.deadline_s > 100 and run.steady]
    assert roomy
    for run in roomy:
        labels = {check.label for check in run.evidence.checks}
        assert labels <= {Label.PASSED, Label.FLAKY}, (run.scenario.seed, run.evidence.verdict.reasons)


def test_every_misfortune_came_up(played):
    moods = Counter(fate.mood for run in played.values() for fate in run.scenario.fates.values())
    assert set(moods) == set(Mood)
    assert any(run.stopped_s is not None for run in played.values())
    assert any(run.evidence.run.deadline_reached for run in played.values())
    assert any(not run.steady for run in played.values())
    samples = [sample for run in played.values() for check in run.evidence.checks for sample in check.samples]
    assert {sample.outcome for sample in samples} == set(Outcome)
    assert any(sample.diagnosis for sample in samples)
    assert any(sample.fallback for sample in samples)
    assert any(sample.leaked for sample in samples)


# the oracle itself


def forged(run, **changes):
    """Give a run's evidence with its first check changed."""
    first, *others = run.evidence.checks
    return replace(run.evidence, checks=(replace(first, **changes), *others))


def one_that(played, holds):
    return next(run for run in played.values() if holds(run.evidence.checks[0], run))


def test_the_oracle_sees_a_sample_that_is_called_met_and_was_not_served(played):
    def failed(check, run):
        return run.scenario.checks[check.id].tells and any(s.outcome is Outcome.UNMET for s in check.samples)

    run = one_that(played, failed)
    samples = tuple(replace(s, outcome=Outcome.MET) for s in run.evidence.checks[0].samples)
    with pytest.raises(AssertionError, match="met"):
        hold(forged(run, samples=samples), run.staging)


def test_the_oracle_sees_a_check_that_passes_with_too_few_good_samples(played):
    run = one_that(played, lambda check, _run: check.label is Label.PASSED and len(check.samples) > 1)
    with pytest.raises(AssertionError, match="good samples"):
        hold(forged(run, samples=run.evidence.checks[0].samples[:-1]), run.staging)


def test_the_oracle_sees_a_verdict_that_is_green_over_a_dead_check(played):
    def dead(check, run):
        known = run.scenario.checks[check.id]
        return not known.advisory and not check.samples and not run.evidence.run.deadline_reached

    run = one_that(played, dead)
    verdict = replace(run.evidence.verdict, state=State.STABLE, exit_code=0)
    evidence = replace(run.evidence, verdict=verdict, run=replace(run.evidence.run, interrupted=False))
    assert evidence.verdict.state in GREEN
    with pytest.raises(AssertionError, match="green, and"):
        hold(evidence, run.staging)


def test_the_oracle_sees_another_commit_behind_a_green_verdict(played):
    run = one_that(
        played, lambda _check, run: run.evidence.verdict.state is State.STABLE and run.scenario.judged == NEW
    )
    run.staging.revisions += [("api", "0" * 40)] * 2
    with pytest.raises(AssertionError, match="another commit"):
        hold(run.evidence, run.staging)


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"id": "s9.nobody"}, "in the evidence once"), ({"samples": ()}, "left on staging|good samples")],
    ids=["a check is another", "its samples are gone"],
)
def test_the_oracle_sees_evidence_that_lost_something(played, changes, told):
    run = one_that(played, lambda check, run: check.label is Label.PASSED)
    with pytest.raises(AssertionError, match=told):
        hold(forged(run, **changes), run.staging)


def test_a_run_in_which_everybody_waits_for_nothing_is_found_at_once():
    loop = LeapingLoop()
    future = loop.create_future()
    with pytest.raises(StuckError):
        loop.run_until_complete(future)
    loop.close()


def test_on_a_leaping_loop_an_hour_takes_no_time_and_is_an_hour():
    loop = LeapingLoop()
    loop.run_until_complete(asyncio.sleep(3600))
    assert loop.time() == pytest.approx(3600)
    loop.close()


def test_a_seed_draws_one_scenario():
    def ports(name):
        return PORTS.get(name, 2000)

    assert scenario(3, SCALE, ports) == scenario(3, SCALE, ports)
    assert scenario(3, SCALE, ports).config != scenario(4, SCALE, ports).config
