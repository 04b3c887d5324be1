import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from demo_client import WITHOUT

from releasegate.model import Evidence

HERE = Path(__file__).parent
GATE = [sys.executable, "-m", "releasegate"]
AT_ONCE = 2
LONGEST_S = 120
SLOWEST_FIRST = ("workflow-stuck", "redis-slow", "ws-timeout", "ws-reorder", "slow", "ws-silent")
AS_TEXT = "ws-timeout"


@dataclass(frozen=True)
class Ended:
    """A demo that ended: what it left behind, and the evidence as it was written."""

    code: int
    out: str
    err: str
    evidence: Evidence


@pytest.fixture(scope="session")
def environ():
    """The environment without a runner's variables and without a proxy's."""
    ours = ("GITHUB_", "RELEASEGATE_", "STAGING_")
    return {key: value for key, value in os.environ.items() if not key.startswith(ours) and "proxy" not in key.lower()}


def pytest_collection_modifyitems(items):
    """Let what is told of the demos come last here: they run while the other tests do."""
    places = [place for place, item in enumerate(items) if item.path.parent == HERE]
    ordered = sorted((items[place] for place in places), key=lambda item: "demos" in item.fixturenames)
    for place, item in zip(places, ordered, strict=True):
        items[place] = item


@pytest.fixture(scope="session", autouse=True)
def early(request):
    """Start the demos with the first test, if any test wants them."""
    if not WITHOUT and any("demos" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("demos")


@pytest.fixture(scope="session")
def demos(request, environ, tmp_path_factory):
    """Every demo that the chosen tests ask for, a few at a time, the slowest first: they mostly wait."""
    asked = {
        item.callspec.params["fault"]
        for item in request.session.items
        if "demos" in getattr(item, "fixturenames", ())
        and hasattr(item, "callspec")
        and "fault" in item.callspec.params
    } | {"healthy", AS_TEXT}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        order = sorted(asked, key=lambda name: (name not in SLOWEST_FIRST, name))
        yield {name: pool.submit(_demo, name, environ, tmp_path_factory.mktemp(name)) for name in order}
        pool.shutdown(cancel_futures=True)


def _demo(name, environ, place):
    fault = [] if name == "healthy" else ["--fault", name]
    how = [] if name == AS_TEXT else ["--json"]
    ended = subprocess.run(
        [*GATE, "demo", *fault, "--quiet", "--evidence", "evidence.json", *how],
        cwd=place, env=environ, capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert (place / "evidence.json").exists(), f"{name} ended with {ended.returncode}: {ended.stderr}"
    evidence = msgspec.json.decode((place / "evidence.json").read_bytes(), type=Evidence)
    return Ended(ended.returncode, ended.stdout, ended.stderr, evidence)
