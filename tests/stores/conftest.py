"""Real stores for all tests of this room, started once; what serves badly is shared with the room of the wire."""

import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / room) for room in ("wire", "docs") if str(TESTS / room) not in sys.path]


def served(name):
    """Give the url of a real store. Where this machine has none, the test is skipped; on CI it fails instead."""
    from releasegate.demo.stores import Stores

    with Stores(wanted=[name]) as stores:
        if stores.missing and (not os.environ.get("CI") or sys.platform == "win32"):
            pytest.skip(stores.missing[name])
        yield stores.urls[name]


@pytest.fixture(scope="session")
def redis_url():
    yield from served("redis")


@pytest.fixture(scope="session")
def postgres_url():
    yield from served("postgres")
