import sys
from functools import partial
from pathlib import Path

import pytest
from gate_world import CONFIG, Staging, surroundings, write_config
from hub_openapi import description
from hub_world import World

from releasegate.cli.main import main
from releasegate.demo.hub_server import HubServer

REPORT = str(Path(__file__).parents[1] / "report")
sys.path[:0] = [REPORT] if REPORT not in sys.path else []


def held(world):
    """Hold every exchange of a world against GitHub's own description."""
    assert [fault for exchange in world.hub.log for fault in description().violations(exchange)] == []


@pytest.fixture
def world():
    made = World()
    yield made
    held(made)


@pytest.fixture
def hidden():
    """The same in a private repository."""
    made = World(private=True)
    yield made
    held(made)


@pytest.fixture
def server(world):
    with HubServer(world.hub) as served:
        yield served


@pytest.fixture
def staging(tmp_path, monkeypatch):
    """Give a staging that answers, whose config lies in the working directory."""
    monkeypatch.chdir(tmp_path)
    with Staging() as served:
        write_config(served)
        yield served


@pytest.fixture
def call(monkeypatch, capsys, world, server, staging):
    """Run a command with a runner's variables; give its exit code and what it said."""

    def run(*arguments, **more):
        with monkeypatch.context() as patch:
            for name, value in surroundings(world, server, **more).items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as left:
                main(list(arguments))
        said = capsys.readouterr()
        return left.value.code, said.out + said.err

    return run


@pytest.fixture
def gate(call):
    return partial(call, "gate", "-q")


@pytest.fixture
def config(staging):
    """Give a config's bytes: `status` is what its one check demands, `extra` stands before it."""

    def made(extra="", status=200, url=None):
        return CONFIG.format(url=url or staging.url, extra=extra).replace("status: 200", f"status: {status}").encode()

    return made
