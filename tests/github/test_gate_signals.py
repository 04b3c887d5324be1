"""A job that is cancelled, as the runner does it: a signal to the step's process, at each stage of a run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gate_world import states, surroundings, told

from releasegate.demo.hub.script import Late, Meanwhile

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX has them")
LONGEST_S = 5.0
START_S = 20.0


class Step:
    """The step's process. `strike` sends a signal and gives how long it then took to end."""

    def __init__(self, world, server):
        environ = {**os.environ, **surroundings(world, server)}
        command = [sys.executable, "-m", "releasegate", "gate", "-q"]
        self.process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def strike(self, number):
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(START_S)
        return time.monotonic() - began

    def until(self, happened):
        ends = time.monotonic() + START_S
        while not happened():
            assert time.monotonic() < ends, "it did not come so far"
            assert self.process.poll() is None, self.process.stdout.read().decode()
            time.sleep(0.01)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=START_S)


@pytest.fixture
def step(world, server, staging):
    steps = []

    def begin():
        steps.append(Step(world, server))
        return steps[-1]

    yield begin
    for each in steps:
        each.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_never_green_07_a_run_that_is_cancelled_while_it_samples_ends_as_an_error(world, staging, step, number):
    staging.free.clear()
    one = step()
    one.until(staging.asked.is_set)
    assert one.strike(number) < LONGEST_S
    assert one.process.returncode == 130
    assert told(world)[-1] == ("error", "cancelled before its end")


def test_never_green_07_one_that_is_cancelled_while_it_says_that_it_began_ends_as_an_error(world, step):
    world.hub.script.add("POST */statuses/*", Late(3))
    one = step()
    one.until(lambda: states(world) == ["pending"])
    assert one.strike(signal.SIGINT) < LONGEST_S
    assert (one.process.returncode, states(world)) == (130, ["pending", "error"])


def test_never_green_07_one_that_is_cancelled_before_its_last_word_ends_as_an_error(world, step):
    world.hub.script.add("GET */commits/*/statuses", Late(3))
    one = step()
    one.until(lambda: any(each.request.path.endswith("/statuses") for each in world.hub.log))
    assert one.strike(signal.SIGTERM) < LONGEST_S
    assert (one.process.returncode, states(world)) == (130, ["pending", "error"])


def test_never_green_07_one_that_is_cancelled_while_it_says_success_ends_as_an_error(world, step):
    world.hub.script.add("POST */statuses/*", Late(3), nth=2)
    one = step()
    one.until(lambda: "success" in states(world))
    assert one.strike(signal.SIGINT) < LONGEST_S
    assert (one.process.returncode, states(world)) == (130, ["pending", "success", "error"])


def test_a_verdict_that_was_told_stands_when_its_comment_is_cancelled(world, staging, step):
    staging.status = 500
    world.hub.script.add("GET */comments", Late(3))
    one = step()
    one.until(lambda: any(each.request.path.endswith("/comments") for each in world.hub.log))
    assert one.strike(signal.SIGINT) < LONGEST_S
    assert states(world) == ["pending", "failure"]


def test_never_green_12_one_that_is_killed_leaves_a_pending_status_and_finalize_ends_it(world, server, staging, step):
    staging.free.clear()
    one = step()
    one.until(staging.asked.is_set)
    one.strike(signal.SIGKILL)
    assert states(world) == ["pending"]
    environ = {**os.environ, **surroundings(world, server)}
    ended = subprocess.run([sys.executable, "-m", "releasegate", "finalize"], env=environ, timeout=START_S, check=False)
    assert (ended.returncode, states(world)) == (0, ["pending", "error"])


def test_never_green_07_a_github_that_does_not_answer_delays_a_cancelled_run_no_longer_than_that(world, staging, step):
    staging.free.clear()
    one = step()
    one.until(staging.asked.is_set)
    world.hub.script.add("POST */statuses/*", Late(30), nth=None)
    assert one.strike(signal.SIGINT) < 2 * LONGEST_S - 1
    assert one.process.returncode in {12, 130}


def test_an_error_after_the_beginning_leaves_no_pending_status(world, step):
    def spoil(_now):
        Path(".releasegate/evidence.json").mkdir()

    world.hub.script.add("POST */statuses/*", Meanwhile(spoil))
    one = step()
    one.process.wait(START_S)
    assert one.process.returncode not in {0, 10}
    assert states(world)[-1] == "error"
