"""The step's own command, cancelled as the runner does it, and what is left behind where it is killed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import yaml
from act_world import REPOSITORY
from hub_world import JOB

from releasegate.config.starter import starter_config

ENDS_S = 7.5
"""After SIGINT the runner waits so long before it sends SIGTERM."""
START_S = 90


class Step:
    """One step of the action, begun as the runner begins it, in a repository whose staging never runs the commit."""

    def __init__(self, number, repository, sha, url):
        place, action = repository.place, repository.action
        (place / "temp").mkdir(exist_ok=True)
        (place / "releasegate.yml").write_text(starter_config(), encoding="utf-8")
        event = {"inputs": {"sha": sha}, "ref": "refs/heads/main", "repository": REPOSITORY}
        (place / "event.json").write_text(json.dumps(event))
        step = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"][number]
        (place / f"step{number}.sh").write_text(step["run"], encoding="utf-8")
        environ = {
            **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME"} or "proxy" in name.lower()},
            "GITHUB_ACTIONS": "true", "GITHUB_ACTION_PATH": str(action), "GITHUB_API_URL": repository.github.url,
            "GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_EVENT_PATH": str(place / "event.json"),
            "GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_TOKEN": JOB,
            "RUNNER_OS": "Linux", "RUNNER_TEMP": str(place / "temp"), "RUNNER_TOOL_CACHE": str(repository.cache),
            "GITHUB_STEP_SUMMARY": str(place / "summary.md"), "GITHUB_OUTPUT": str(place / "output"),
            "INPUT_COMMAND": "gate", "INPUT_PYTHON": sys.executable, "STAGING_URL": url,
        }  # fmt: skip
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(place / f"step{number}.sh")]
        self.place = place
        self.process = subprocess.Popen(
            command, cwd=place, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def end(self, bound_s=START_S):
        """Wait for its end. Gives the exit code, what it said, and how long that took."""
        began = time.monotonic()
        try:
            said, _ = self.process.communicate(timeout=bound_s)
        finally:
            self.process.kill()
        return self.process.returncode, said, time.monotonic() - began


@pytest.fixture
def begin(repository, world, staging):
    begun = []
    ann = world.hub.user("ann")
    ours = world.hub.commit(world.repository, "feature", {"d.py": b"4\n"}, author=ann, message="Add d", now=world.now)

    def start(number=0):
        url = staging.environ["STAGING_API_URL"]
        begun.append(Step(number, repository, ours.sha, url))
        return begun[-1]

    yield start
    for step in begun:
        step.process.kill()
        step.process.communicate()


def until(holds):
    ends = time.monotonic() + START_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)


def states(world):
    return [status.state for status in reversed(world.repository.statuses)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_run_that_is_cancelled_ends_its_status_in_time(begin, world, number):
    step = begin()
    until(lambda: states(world) == ["pending"])
    step.process.send_signal(number)
    code, said, took_s = step.end()
    assert code == 130, said
    assert took_s < ENDS_S
    assert states(world) == ["error", "pending"]


def test_a_start_that_is_cancelled_leaves_nothing_pending(begin, world, tmp_path):
    step = begin()
    until(lambda: [*(tmp_path / "temp").iterdir()])
    step.process.send_signal(signal.SIGINT)
    code, said, took_s = step.end()
    assert code in {130, -signal.SIGINT}, said
    assert took_s < ENDS_S
    assert states(world) in ([], ["error", "pending"])


def test_what_a_killed_run_left_pending_the_next_step_ends(begin, world):
    step = begin()
    until(lambda: states(world) == ["pending"])
    step.process.kill()
    assert step.end()[0] == -signal.SIGKILL
    assert states(world) == ["pending"]
    code, said, _ = begin(1).end()
    assert code == 0, said
    assert states(world) == ["error", "pending"]


def test_a_step_that_ends_what_is_pending_touches_no_verdict(begin, world):
    world.say("success", sha=world.pull.sha)
    code, said, _ = begin(1).end()
    assert code == 0, said
    assert states(world) == ["success"]
