"""How the process of the staging begins and ends."""

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from demo_client import START, Client, edge_of, is_open, needs_stores, port_of

from releasegate.demo import serve
from releasegate.demo.process import END_S
from releasegate.demo.serve import Staging
from releasegate.errors import UsageError


@needs_stores
def test_ports_in_a_row_can_be_asked_for():
    first = a_free_row()
    with Staging(port=first) as staging:
        assert {name: urlsplit(staging.environ[name]).port - first for name in serve.VARIABLES.values()} == {
            "STAGING_API_URL": 0, "STAGING_AUTH_URL": 1, "STAGING_WS_URL": 2, "STAGING_EDGE_URL": 3,
            "STAGING_REDIS_URL": 4, "STAGING_POSTGRES_URL": 5,
        }  # fmt: skip
        assert all(is_open(first + number) for number in range(6))


def a_free_row():
    """Find six ports in a row below the ephemeral ones that nobody has."""
    for first in range(20_000, 30_000, 7):
        if not any(is_open(port) for port in range(first, first + 6)):
            return first
    pytest.fail("no six ports are free")


def test_a_taken_port_is_a_clear_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(UsageError, match=rf"the api cannot have port {port}: .*--port"),
            Staging(port=port, stores=()),
        ):
            pass


def test_missing_packages_are_an_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setattr(serve, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"pip install '\.\[demo\]' in a checkout"), Staging():
        pass


def test_an_unknown_fault_is_refused_before_anything_starts():
    with pytest.raises(UsageError, match='no fault "nonsense"'):
        Staging(["nonsense"])


@pytest.mark.skipif(not shutil.which("false"), reason="needs a command that ends at once")
def test_a_staging_that_dies_at_its_start_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(UsageError, match="did not start"), Staging():
        pass


def test_secrets_are_new_each_time_and_on_no_command_line():
    with Staging() as one, Staging() as other:
        for name in ("STAGING_PASSWORD", "STAGING_JWT_SECRET"):
            assert one.environ[name] != other.environ[name]
            assert one.environ[name] not in " ".join(one._process._process.args)
            assert one.environ[name] not in repr(one)


def test_nothing_is_left_and_nothing_said_when_it_ends_also_with_a_client_that_stays(capfd):
    with Staging() as staging, socket.create_connection(("127.0.0.1", edge_of(staging))):
        process = staging._process._process
        client = Client(staging)

        async def leave(opened):
            await opened.send(json.dumps(START))
            client.http.get("/health")
            began = time.monotonic()
            await asyncio.to_thread(staging.__exit__, None, None, None)
            return time.monotonic() - began

        with client.http:
            took_s = client.chat(leave, token=client.mint())
    assert process.returncode == 0
    assert took_s < END_S
    assert capfd.readouterr() == ("", "")
    assert not any(
        is_open(port_of(staging.environ[name])) for name in serve.VARIABLES.values() if name in staging.environ
    )


def test_an_error_within_ends_it_too():
    staging = Staging()
    with pytest.raises(ZeroDivisionError):
        _divide_by_zero_within(staging)
    assert not staging.alive
    assert not is_open(edge_of(staging))


def _divide_by_zero_within(staging):
    with staging:
        assert staging.alive
        return 1 / 0


def test_it_ends_when_whoever_started_it_is_killed():
    script = (
        "import sys\nfrom releasegate.demo.serve import Staging\n"
        "with Staging() as staging:\n"
        "    print(staging.environ['STAGING_EDGE_URL'], staging.directory, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with parent:
        url, directory = parent.stdout.readline().split()
        port = port_of(url)
        assert is_open(port)
        assert json.loads((Path(directory) / "reports" / "compliance.json").read_text()) == {"score": 98.7}
        parent.kill()
    ends = time.monotonic() + 5
    while is_open(port) or Path(directory).exists():
        assert time.monotonic() < ends
        time.sleep(0.05)
