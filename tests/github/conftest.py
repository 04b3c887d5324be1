import sys
from pathlib import Path

import pytest
from hub_openapi import description
from hub_world import World

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
