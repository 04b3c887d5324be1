import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from releasegate.config.starter import starter_config
from releasegate.demo.hub_server import HubServer
from releasegate.demo.serve import REVISION, Staging

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "tests/github"), str(ROOT / "tests/wire")]
from gate_world import commit_config  # noqa: E402 - these tests are no package
from hub_openapi import description  # noqa: E402
from hub_world import JOB, World  # noqa: E402

MODELS = ROOT / "docs/workflows"
PINNED = "OWNER/releasegate@" + "0" * 40
UPLOAD = "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02"
RUN_S = 120
GIT = ("git", "-c", "user.name=ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false")


class Repository:
    """A repository of somebody who uses the gate, with one of the models as its workflow."""

    def __init__(self, place, action, cache, github, world):
        self.place, self.action, self.cache, self.github, self.world = place, action, cache, github, world
        self.kept = place / "kept"
        self.work = place / "shop"
        (self.work / ".github/workflows").mkdir(parents=True)
        self.kept.mkdir()
        self.config(starter_config())
        self._git("init", "--quiet", "--initial-branch=main")

    def config(self, text):
        (self.work / "releasegate.yml").write_text(text, encoding="utf-8")
        commit_config(self.world, text.encode(), text.encode())

    def files(self):
        """Give what is in the workspace."""
        return {path.relative_to(self.work) for path in self.work.rglob("*") if ".git" not in path.parts}

    def run(self, event, payload, *, model="release-gate", token=JOB, attempt=1, actor="ann", **variables):
        """Let act run the model on an event. Gives the finished process, with all output as stdout."""
        text = (MODELS / f"{model}.yml").read_text(encoding="utf-8")
        (self.work / ".github/workflows/gate.yml").write_text(text, encoding="utf-8")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", "Use the gate")
        (self.place / "event.json").write_text(payload, encoding="utf-8")
        command = [
            ROOT / ".venv/bin/act", event, "--actor", actor, "--eventpath", self.place / "event.json", "--no-cache-server",
            "--platform", "ubuntu-latest=-self-hosted", "--env", "GITHUB_REPOSITORY=acme/shop",
            "--local-repository", f"{PINNED}={self.action}", "--local-repository", f"{UPLOAD}={ROOT / '.ci/act/upload'}",
            "--env", f"KEPT={self.kept}", "--env", f"GITHUB_API_URL={self.github.url}",
            "--env", f"GITHUB_RUN_ATTEMPT={attempt}", "--secret", f"GITHUB_TOKEN={token}",
            *(part for name, value in variables.items() for part in ("--var", f"{name}={value}")),
        ]  # fmt: skip
        environ = {**os.environ, "XDG_CACHE_HOME": str(self.cache), "PIP_CACHE_DIR": _pip_cache()}
        with subprocess.Popen(
            command, cwd=self.work, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:  # fmt: skip
            try:
                out, _ = process.communicate(timeout=RUN_S)
            finally:
                with contextlib.suppress(ProcessLookupError):  # nobody of the group is left
                    os.killpg(process.pid, signal.SIGKILL)
        return subprocess.CompletedProcess(command, process.returncode, out)

    def _git(self, *arguments):
        subprocess.run([*GIT, *arguments], cwd=self.work, check=True, timeout=30)


def _pip_cache():
    return os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache/pip"))


@pytest.fixture(scope="session")
def action(tmp_path_factory):
    """Give the action as a runner checks it out: what git knows of, as it is now, and nothing else."""
    place = tmp_path_factory.mktemp("action")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True, timeout=30)
    for name in listed.stdout.split("\0"):
        if name.startswith(("action", "requirements/", "src/")):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes((ROOT / name).read_bytes())
    return place


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """Begin with an empty tool cache, which all the runs of a session share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def world():
    """A GitHub where the pull request's head is the commit that the demo says it runs."""
    made = World()
    repository = made.repository
    repository.commits[REVISION] = dataclasses.replace(repository.commits[made.head], sha=REVISION)
    repository.branches["feature"] = made.head = REVISION
    return made


@pytest.fixture
def repository(tmp_path, action, cache, world):
    with HubServer(world.hub) as github:
        yield Repository(tmp_path, action, cache, github, world)
    assert [fault for exchange in world.hub.log for fault in description().violations(exchange)] == []


@pytest.fixture(scope="session")
def staging():
    with Staging(stores=()) as served:
        yield served
