import asyncio

import pytest
from staged import Staged, Time, planned, target, world

from releasegate.model import Label, Outcome
from releasegate.runner import Limiter, Runner


def run(*checks, time=None, targets=(), concurrency=64, deadline_s=20.0, stop_after_s=None, heard=None):
    async def go():
        stop = asyncio.Event()
        if stop_after_s is not None:
            asyncio.get_running_loop().call_later(stop_after_s, stop.set)
        listen = heard.append if heard is not None else (lambda _progress: None)
        runner = Runner(world(time, *targets), concurrency=concurrency, listen=listen)
        return await runner.run(tuple(checks), deadline_s=deadline_s, stop=stop)

    return asyncio.run(go())


def only(done):
    (check,) = done.checks
    return check


@pytest.mark.parametrize(
    ("profile", "script", "label", "samples"),
    [
        ("once", "✓", Label.PASSED, 1),
        ("once", "✗", Label.FAILED, 1),
        ("once", "!", Label.FAILED, 1),
        ("single", "✗✓✓✓", Label.FLAKY, 4),
        ("single", "✗✗", Label.FAILED, 2),
        ("lean", "✓✓✓✓✓", Label.PASSED, 5),
        ("lean", "✗✗✗", Label.FAILED, 3),
        ("standard", "✓✓✓✓✓✓✓", Label.PASSED, 7),
        ("standard", "✓✓✗✓✓✓✓✓✓✓✓✓✓", Label.FLAKY, 13),
        ("standard", "✓✓✓✓✗✓✗✓✗✓✗✓✓✓✓✗", Label.UNPROVEN, 16),
    ],
)
def test_a_check_is_sampled_until_its_samples_decide(profile, script, label, samples):
    got = only(run(planned(Staged(), "a", script, profile=profile)))
    assert (got.label, len(got.samples)) == (label, samples)


def test_trouble_and_unmet_are_different_outcomes_that_both_fail():
    got = only(run(planned(Staged(), "a", "!✗✓✓✓", profile="single")))
    assert [s.outcome for s in got.samples] == [Outcome.TROUBLE, Outcome.UNMET]
    assert [s.signature for s in got.samples] == ["staged connect refused", "staged mark"]


def test_never_green_13_trouble_ok_trouble_does_not_pass():
    got = only(run(planned(Staged(), "a", "!✓!✓!✓!✓!✓!✓", profile="standard")))
    assert got.label is Label.FAILED


def test_never_green_03_a_sample_that_demands_nothing_is_unmet():
    got = only(run(planned(Staged(), "a", "∅")))
    assert got.label is Label.FAILED
    assert got.samples[0].signature == "staged no expectation was judged"


def test_what_a_kind_declares_as_trouble_becomes_a_sample():
    sample = only(run(planned(Staged(), "a", "?"))).samples[0]
    assert (sample.outcome, sample.trouble.reason) == (Outcome.TROUBLE, "ConnectionResetError")


def test_never_green_06_a_bug_of_ours_is_raised_and_never_becomes_a_sample():
    with pytest.raises(ZeroDivisionError):
        run(planned(Staged(), "a", "b"), planned(Staged(), "b", "✓"))


def test_a_sample_that_does_not_end_is_trouble_in_the_phase_it_hung_in():
    sample = only(run(planned(Staged(), "a", "∞", timeout_s=0.05))).samples[0]
    assert (sample.trouble.phase, sample.trouble.reason) == ("transfer", "timeout")
    assert sample.signature == "staged transfer timeout"


def test_never_green_08_at_the_deadline_what_was_not_sampled_is_named_and_unproven():
    kind = Staged()
    done = run(planned(kind, "quick", "✓"), planned(kind, "hangs", "∞", timeout_s=60), deadline_s=0.1)
    quick, hangs = done.checks
    assert done.stopped == "deadline"
    assert quick.label is Label.PASSED
    assert hangs.label is Label.UNPROVEN
    assert hangs.not_sampled == "the run's deadline was reached before its first sample, in transfer"


def test_never_green_07_an_interrupt_keeps_the_samples_so_far_and_cleans_up():
    kind = Staged()
    check = planned(kind, "a", "✓✓∞", profile="lean", timeout_s=60, cleans_up=True)
    done = run(check, stop_after_s=0.1)
    got = only(done)
    assert done.stopped == "interrupted"
    assert (got.label, len(got.samples)) == (Label.UNPROVEN, 2)
    assert got.not_sampled == "the run was interrupted after 2 of its samples, in transfer"
    assert kind.cleaned == ["s.a"] * 3


def test_what_finally_leaves_behind_is_counted_and_does_not_change_the_sample():
    sample = only(run(planned(Staged(), "a", "✓", cleans_up=True, dirty=True))).samples[0]
    assert (sample.met, sample.leaked) == (True, 1)
    assert "finally" in sample.notes[0]


def test_no_pause_before_the_first_failure_then_longer_ones():
    time = Time()
    run(planned(Staged(), "a", "✓✓✗✗✓✗✓", profile="standard"), time=time)
    assert time.pauses[:2] == [0.25, 0.5]


def test_a_window_spreads_the_passes_that_a_healthy_check_needs():
    time = Time()
    run(planned(Staged(), "a", "✓", profile="standard", window_s=12), time=time)
    assert time.pauses == [2.0] * 6


def test_samples_of_several_checks_are_interleaved():
    kind = Staged()
    run(*(planned(kind, name, "✓", profile="lean") for name in "abc"), concurrency=1)
    assert kind.order[:6] == ["s.a", "s.b", "s.c", "s.a", "s.b", "s.c"]


def test_a_target_takes_no_more_samples_at_once_than_it_allows():
    kind = Staged()
    checks = [planned(kind, f"c{i}", "✓", takes_s=0.01) for i in range(12)]
    run(*checks, targets=(target(concurrency=3),))
    assert kind.most_running == 3


def test_all_targets_together_take_no_more_than_the_policy_allows():
    kind = Staged()
    checks = [planned(kind, f"c{i}", "✓", takes_s=0.01, target="ab"[i % 2]) for i in range(12)]
    run(*checks, targets=(target("a"), target("b")), concurrency=4)
    assert kind.most_running == 4


def test_a_check_waits_for_what_it_needs():
    kind = Staged()
    run(planned(kind, "second", "✓", needs=("s.first",)), planned(kind, "first", "✓", takes_s=0.02))
    assert kind.order == ["s.first", "s.second"]


def test_a_check_whose_need_failed_is_not_sampled_and_says_so():
    kind = Staged()
    second, _first = run(planned(kind, "second", "✓", needs=("s.first",)), planned(kind, "first", "✗")).checks
    assert (second.label, second.samples) == (Label.UNPROVEN, ())
    assert second.not_sampled == "needs s.first, which is FAILED"


def test_a_check_whose_need_is_no_part_of_the_run_is_not_sampled_and_says_so():
    kind = Staged()
    got = only(run(planned(kind, "u", "✓", needs=("t.left",))))
    assert (got.label, got.not_sampled, kind.order) == (Label.UNPROVEN, "needs t.left, which was left out", [])


def test_never_green_08_a_checks_own_deadline_cuts_a_sample_that_is_under_way():
    kind = Staged()
    hangs = planned(kind, "a", "✓∞", profile="lean", timeout_s=60, deadline_s=0.1, cleans_up=True)
    other, got = run(planned(kind, "b", "✓", takes_s=0.2), hangs).checks
    assert (got.label, len(got.samples)) == (Label.UNPROVEN, 1)
    assert got.not_sampled == "its own deadline of 0.1 s was reached after 1 of its samples, in transfer"
    assert kind.cleaned == ["s.a"] * 2
    assert other.label is Label.PASSED


def test_a_checks_own_deadline_bounds_all_its_samples_together():
    got = only(run(planned(Staged(), "a", "✓", profile="standard", takes_s=0.04, deadline_s=0.1)))
    assert got.label is Label.UNPROVEN
    assert 1 <= len(got.samples) < 7
    assert "its own deadline of 0.1 s was reached" in got.not_sampled


def test_a_checks_own_deadline_does_not_count_the_time_before_its_first_sample():
    kind = Staged()
    first = planned(kind, "first", "✓", takes_s=0.15)
    waits = [planned(kind, name, "✓", deadline_s=0.1, needs=needs) for name, needs in (("a", ("s.first",)), ("b", ()))]
    assert [c.label for c in run(first, *waits, concurrency=1).checks] == [Label.PASSED] * 3


def test_a_check_that_is_decided_within_its_deadline_has_no_unfinished_sample():
    got = only(run(planned(Staged(), "a", "✓", profile="lean", deadline_s=5)))
    assert (got.label, got.not_sampled, got.unfinished) == (Label.PASSED, None, None)


@pytest.mark.parametrize("how", [{"deadline_s": 0.1}, {"stop_after_s": 0.1}], ids=["the deadline", "an interruption"])
def test_a_sample_that_is_cut_off_is_kept_apart_with_what_it_left_behind(how):
    kind = Staged()
    got = only(run(planned(kind, "a", "✗∞", profile="lean", timeout_s=60, cleans_up=True, dirty=True), **how))
    cut = got.unfinished
    assert [s.outcome for s in got.samples] == [Outcome.UNMET]
    assert (cut.outcome, cut.signature) == (Outcome.TROUBLE, "staged transfer cut off")
    assert (cut.leaked, cut.notes) == (1, ("finally: refused in connect: still there",))
    assert cut.expectations == ()


def test_a_sample_that_never_began_is_not_cut_off():
    waits = planned(Staged(), "waits", "✓")
    _, got = run(planned(Staged(), "hangs", "∞", timeout_s=60), waits, concurrency=1, deadline_s=0.05).checks
    assert got.unfinished is None
    assert got.not_sampled == "the run's deadline was reached before its first sample"


def test_the_cleaning_up_goes_to_its_end_also_when_the_deadline_comes_meanwhile():
    kind, ended = Staged(), []

    async def slowly(spec, probe):
        probe.doing = "sweeping"
        await asyncio.sleep(0.2)
        ended.append(spec["id"])

    kind.clean_up = slowly
    got = only(run(planned(kind, "a", "✓", profile="lean", cleans_up=True), deadline_s=0.1))
    assert ended == ["s.a"]
    assert (got.samples, got.unfinished.trouble.phase) == ((), "sweeping")


def test_never_green_06_a_bug_in_cleaning_up_after_a_cut_is_raised():
    kind = Staged()

    async def broken(_spec, _probe):
        raise ZeroDivisionError

    kind.clean_up = broken
    with pytest.raises(ZeroDivisionError):
        run(planned(kind, "a", "∞", timeout_s=60, cleans_up=True), deadline_s=0.05)


def test_a_green_check_is_asked_whether_it_could_have_been_red():
    got = only(run(planned(Staged(), "a", "✓", profile="lean")))
    assert got.red_capable is True


def test_a_green_that_no_mutant_turns_red_is_named():
    kind = Staged()
    kind.violate = lambda _observation, _expectation: "✓"
    got = only(run(planned(kind, "a", "✓")))
    assert got.red_capable is False
    assert got.vacuous == ('mark == "✓"',)


def test_a_red_check_is_not_asked():
    assert only(run(planned(Staged(), "a", "✗"))).red_capable is None


def test_the_listener_hears_each_sample_and_each_settled_check():
    heard = []
    run(planned(Staged(), "a", "✗✗", profile="single"), heard=heard)
    assert [(p.sample is not None, p.label) for p in heard] == [
        (True, None),
        (True, Label.FAILED),
        (False, Label.FAILED),
    ]


def test_a_place_that_is_given_to_one_who_left_goes_to_the_next():
    async def go():
        limiter, order = Limiter(1), []

        async def work(name):
            await limiter.enter()
            order.append(name)
            try:
                await asyncio.sleep(0)
            finally:
                limiter.leave()

        await limiter.enter()
        tasks = [asyncio.create_task(work(name)) for name in "abc"]
        await asyncio.sleep(0)
        tasks[0].cancel()
        limiter.leave()
        tasks[1].cancel()  # its place has just been given to it
        await asyncio.gather(*tasks, return_exceptions=True)
        return order, limiter.free

    order, free = asyncio.run(go())
    assert order[-1] == "c"
    assert free == 1
