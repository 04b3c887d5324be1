"""A staging with its MCP server, and one that others wrote; what serves badly is shared with the room of the wire."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / room) for room in ("wire", "docs", "checks") if str(TESTS / room) not in sys.path]

EVERYTHING = "@modelcontextprotocol/server-everything@2026.8.31"
INSTALL_S, START_S = 240, 30


@pytest.fixture(scope="session")
def staging():
    """Give the url of the demo's api."""
    from releasegate.demo.serve import Staging

    with Staging() as one:
        yield one.environ["STAGING_API_URL"]


@pytest.fixture(scope="session")
def everything(tmp_path_factory):
    """Give what starts the reference server; where there is no node the tests are skipped."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("there is no node: the server that others wrote cannot be asked")
    place = tmp_path_factory.mktemp("everything")
    subprocess.run(
        [npm, "install", "--prefix", place, "--no-audit", "--no-fund", "--loglevel=error", EVERYTHING],
        check=True, timeout=INSTALL_S, capture_output=True,
    )  # fmt: skip
    package = place / "node_modules/@modelcontextprotocol/server-everything"
    (script,) = json.loads((package / "package.json").read_text())["bin"].values()
    started = []

    def start(transport):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = subprocess.Popen(
            [node, package / script, transport], env={**os.environ, "PORT": str(port)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        started.append(server)
        ends = time.monotonic() + START_S
        while time.monotonic() < ends and server.poll() is None:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return f"http://127.0.0.1:{port}"
            time.sleep(0.05)
        raise AssertionError(f"the server of {transport} did not start")

    yield start
    for server in started:
        server.kill()
        server.wait()
