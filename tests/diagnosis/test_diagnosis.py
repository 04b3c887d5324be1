"""What stands beside a failure is read at its moment: once for many, counted nowhere, in nobody's way."""

import asyncio

import pytest
from msgspec.structs import replace
from staged import Staged, planned, target, world

from releasegate.diagnosis import AT_ONCE, Bystander
from releasegate.model import Label, Outcome
from releasegate.runner import Runner

DEP = "s.dep"


def run(*checks, beside=(), deadline_s=20.0, concurrency=64, targets=(), stop_after_s=None):
    async def go():
        stop = asyncio.Event()
        if stop_after_s is not None:
            asyncio.get_running_loop().call_later(stop_after_s, stop.set)
        runner = Runner(world(None, *targets), concurrency=concurrency, listen=lambda _progress: None)
        return await runner.run(checks, beside=tuple(beside), deadline_s=deadline_s, stop=stop)

    return {check.id: check for check in asyncio.run(go()).checks}


def asking(kind, name="a", script="✗", **more):
    return planned(kind, name, script, diagnose=(DEP,), **more)


def said(sample):
    return [(reading.check, reading.sample.outcome.value) for reading in sample.diagnosis]


def test_a_failing_sample_carries_a_reading_of_each_check_that_it_names_in_their_order():
    kind = Staged()
    check = planned(kind, "a", "✗", diagnose=("s.two", "s.one"))
    got = run(check, beside=(planned(kind, "one", "✓"), planned(kind, "two", "!")))["s.a"]
    assert said(got.samples[0]) == [("s.two", "trouble"), ("s.one", "met")]
    assert got.diagnose == ("s.two", "s.one")


def test_trouble_is_diagnosed_as_unmet_is_and_what_was_met_is_not():
    kind = Staged()
    got = run(asking(kind, script="!✓✓✓", profile="single"), beside=(planned(kind, "dep", "✓"),))["s.a"]
    assert [said(sample) for sample in got.samples] == [[(DEP, "met")], [], [], []]


def test_a_check_whose_samples_are_all_met_reads_nobody():
    kind = Staged()
    run(asking(kind, script="✓", profile="lean"), beside=(planned(kind, "dep", "✓"),))
    assert kind.order == ["s.a"] * 5


def test_readings_are_no_samples_of_the_check_that_is_read():
    kind = Staged()
    dep = planned(kind, "dep", "✓", profile="standard")
    got = run(dep, asking(kind, script="✗", profile="standard"))
    assert (got[DEP].label, len(got[DEP].samples), got[DEP].samples[0].diagnosis) == (Label.PASSED, 7, ())
    assert kind.order.count(DEP) > 7
    assert len(got["s.a"].samples) == 3


def test_a_name_of_a_family_reads_all_of_it_and_one_that_is_named_twice_once():
    kind = Staged()
    family = [replace(planned(kind, f"dep[{value}]", "✓"), id=f"s.dep[{value}]") for value in "xy"]
    family = [replace(check, decl=replace(check.decl, name="dep")) for check in family]
    check = planned(kind, "a", "✗", diagnose=("s.dep[y]", "s.dep"))
    assert [name for name, _ in said(run(check, beside=family)["s.a"].samples[0])] == ["s.dep[y]", "s.dep[x]"]


def test_fifty_failures_read_what_is_sick_once():
    kind = Staged()
    checks = [asking(kind, f"c{number}") for number in range(50)]
    got = run(*checks, beside=(planned(kind, "dep", "!", takes_s=0.05),))
    assert kind.order.count(DEP) == 1
    assert all(said(check.samples[0]) == [(DEP, "trouble")] for check in got.values())


class Held(Staged):
    """A kind whose look lasts until the test lets go."""

    async def _observe(self, spec, probe):
        await spec["go"].acquire()
        return await super()._observe(spec, probe)


async def steps():
    for _ in range(20):
        await asyncio.sleep(0)


async def two_ask(script):
    """Ask once while nothing is read and once, twice, while it is; let one look after the other end."""
    go, kind = asyncio.Semaphore(0), Held()
    one = Bystander(planned(kind, "dep", script, go=go), world(), asyncio.Semaphore(AT_ONCE))
    first = one.ask()
    await steps()
    later = [one.ask(), one.ask()]
    await steps()
    assert not first.done()
    go.release()
    await first
    await steps()
    answered = [answer.done() for answer in later]
    go.release()
    outcomes = [(await answer).outcome for answer in (first, *later)]
    return answered, outcomes, len(kind.order)


def test_a_reading_that_was_met_does_not_answer_who_failed_after_it_began():
    answered, outcomes, looks = asyncio.run(two_ask("✓!"))
    assert answered == [False, False]
    assert outcomes == [Outcome.MET, Outcome.TROUBLE, Outcome.TROUBLE]
    assert looks == 2


def test_a_reading_that_came_to_no_good_covers_every_failure_that_it_saw():
    answered, outcomes, looks = asyncio.run(two_ask("!✓"))
    assert answered == [True, True]
    assert outcomes == [Outcome.TROUBLE] * 3
    assert looks == 1


def test_no_more_checks_are_read_at_once_than_are_allowed():
    kind = Staged()
    names = [f"dep{number}" for number in range(3 * AT_ONCE)]
    check = planned(kind, "a", "✗", diagnose=tuple(f"s.{name}" for name in names))
    got = run(check, beside=[planned(kind, name, "✓", takes_s=0.005) for name in names])
    assert len(got["s.a"].samples[0].diagnosis) == 3 * AT_ONCE
    assert kind.most_running == AT_ONCE


def test_a_reading_does_not_wait_in_the_queue_that_it_is_to_explain():
    kind = Staged()
    hangs = planned(kind, "hangs", "∞", timeout_s=60)
    got = run(
        asking(kind), hangs, beside=(planned(kind, "dep", "✓"),), concurrency=1, targets=(target(concurrency=1),),
        deadline_s=0.3,
    )  # fmt: skip
    assert got["s.hangs"].label is Label.UNPROVEN
    assert said(got["s.a"].samples[0]) == [(DEP, "met")]


def test_no_sample_waits_for_a_reading():
    kind = Staged()
    got = run(asking(kind, profile="standard"), beside=(planned(kind, "dep", "∞", timeout_s=0.1),))["s.a"]
    assert kind.order == ["s.a", DEP, "s.a", "s.a"]
    assert [said(sample) for sample in got.samples] == [[(DEP, "trouble")]] * 3


def test_what_needs_a_failing_check_does_not_wait_for_its_readings():
    kind, heard = Staged(), []

    async def go():
        runner = Runner(world(), concurrency=64, listen=lambda progress: heard.append(progress.check.id))
        checks = (asking(kind), planned(kind, "b", "✓", needs=("s.a",)))
        beside = (planned(kind, "dep", "∞", timeout_s=0.1),)
        running = asyncio.create_task(runner.run(checks, beside=beside, deadline_s=20.0, stop=asyncio.Event()))
        await steps()
        assert "s.b" in heard
        await running

    asyncio.run(go())


def test_a_sample_that_its_own_deadline_cut_off_is_diagnosed_too():
    kind = Staged()
    got = run(asking(kind, script="∞", deadline_s=0.05, timeout_s=60), beside=(planned(kind, "dep", "!"),))["s.a"]
    assert said(got.unfinished) == [(DEP, "trouble")]


@pytest.mark.parametrize("how", [{"deadline_s": 0.1}, {"stop_after_s": 0.1}], ids=["deadline", "interruption"])
def test_the_end_of_the_run_cuts_a_reading_off_and_says_so(how):
    kind = Staged()
    got = run(asking(kind), beside=(planned(kind, "dep", "∞", timeout_s=60),), **how)["s.a"]
    (reading,) = got.samples[0].diagnosis
    assert (reading.sample.trouble.reason, reading.sample.trouble.phase) == ("cut off", "transfer")
    assert got.label is Label.FAILED


def test_a_sample_that_the_end_of_the_run_cut_off_is_not_diagnosed():
    kind = Staged()
    got = run(asking(kind, script="∞", timeout_s=60), beside=(planned(kind, "dep", "✓"),), deadline_s=0.05)["s.a"]
    assert (got.unfinished.diagnosis, kind.order) == ((), ["s.a"])


@pytest.mark.parametrize("profile", ["once", "standard"])
def test_never_green_06_a_bug_of_ours_in_a_reading_is_raised(profile):
    kind = Staged()
    with pytest.raises(ZeroDivisionError):
        run(asking(kind, profile=profile), beside=(planned(kind, "dep", "b"),))


def test_a_kind_that_is_not_judged_yet_is_not_read():
    kind = Staged()
    got = run(asking(kind), beside=(replace(planned(kind, "dep", "✓"), later="not judged by this version"),))["s.a"]
    assert (got.samples[0].diagnosis, kind.order) == ((), ["s.a"])
