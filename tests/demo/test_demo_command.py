"""`releasegate demo` as a person calls it: its errors, its lists, serving, and being stopped."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from demo_client import needs_stores
from demo_expected import EXPECTED

from releasegate.cli import demo
from releasegate.cli.main import main
from releasegate.config.load import load
from releasegate.demo import gate, stores
from releasegate.demo.faults import FAULTS, LATER
from releasegate.demo.stores import find
from releasegate.errors import UsageError

GATE = [sys.executable, "-m", "releasegate"]
EXAMPLE = Path(__file__).parents[1] / "config" / "example.yml"
needs_signals = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")


@pytest.fixture
def call(environ, tmp_path):
    """Run a command in an empty directory to its end."""

    def run(*arguments, **more):
        return subprocess.run(
            [*GATE, *map(str, arguments)],
            cwd=tmp_path, env={**environ, **more}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return run


@contextmanager
def started(environ, tmp_path, *arguments):
    """Start a command in a group of its own, as a shell does; whatever is left of it at the end is killed."""
    process = subprocess.Popen(
        [*GATE, *arguments], cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def exported(process):
    """Read the environment that a serving demo prints, up to the last line that it says."""
    lines = []
    while not lines or "RELEASEGATE_SHA" not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], process.stderr.read()
    given = [line.removeprefix("export ").strip() for line in lines if line.startswith("export ")]
    return dict(shlex.split(line)[0].split("=", 1) for line in given)


# Errors and lists


def test_an_unknown_fault_is_an_error_that_names_the_nearest(call):
    said = call("demo", "--fault", "ws-timeot")
    assert said.returncode == 2
    assert 'there is no fault "ws-timeot"; did you mean "ws-timeout"?' in said.stderr


def test_nonsense_is_an_error_that_lists_what_there_is_also_as_json(call):
    said = call("demo", "--fault", "nonsense", "--json")
    assert said.returncode == 2
    answer = json.loads(said.stdout)
    assert answer["exit_code"] == 2
    assert all(fault in answer["error"] for fault in FAULTS)


@pytest.mark.parametrize("fault", LATER)
def test_a_fault_that_cannot_be_shown_yet_is_an_error_that_says_why(call, fault):
    said = call("demo", "--fault", "slow", "--fault", fault)
    assert said.returncode == 2
    assert f'the fault "{fault}" cannot be shown yet: {LATER[fault]}' in said.stderr


def test_faults_lists_every_fault_with_what_it_does(call):
    lines = call("demo", "--faults").stdout.splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [[name, says] for name, says in FAULTS.items()]


def test_a_taken_port_is_an_error_that_says_what_to_do(call, environ, tmp_path):
    with started(environ, tmp_path, "demo", "--serve") as serving:
        port = exported(serving)["STAGING_API_URL"].rpartition(":")[2]
        said = call("demo", "--port", port, "--json")
        assert said.returncode == 2
        named = re.search(r"cannot have port (\d+): .*--port", json.loads(said.stdout)["error"])
        assert int(named[1]) - int(port) in range(6)  # what stands above it may be taken as well


def test_several_faults_add_up_to_the_worst_verdict_and_all_reasons(call):
    answer = json.loads(call("demo", "--fault", "slow", "--fault", "ws-drop", "--json").stdout)
    assert (answer["verdict"], answer["exit_code"]) == ("UNSTABLE", 10)
    assert "FAILED: pipeline.real-agent-execution" in answer["reasons"]
    assert any(reason.startswith("warned == 0") for reason in answer["reasons"])


# The config that it runs

MEMORY = """\
      memory:                       # the service's own; memory.peak, in the reference config, is that of a test suite
        window: 2s                  # a leak shows over time
        http:
          get: api:/api/metrics
          expect:
            status: 200
            json:
              $.memory.resident_mib: {max: 200}

"""
WIDER = {
    "latency: {warn: 800ms, fail: 5s}": "latency: {warn: 300ms, fail: 2s}",
    "redis:\n          connect: cache\n          expect:\n            latency: {warn: 300ms, fail: 5s}":
        "redis:\n          connect: cache\n          expect:\n            latency: {warn: 20ms, fail: 500ms}",
    "$[0].alive: 1\n            latency: {warn: 300ms, fail: 5s}":
        "$[0].alive: 1\n            latency: {warn: 50ms, fail: 5s}",
}  # fmt: skip
OURS = (
    "wait: 2s",
    "What `releasegate demo` runs",
    "The staging is started beside it",
    "one machine, which may be busy",
)


def test_each_line_of_the_demos_config_stands_in_the_example_but_for_what_is_said_here():
    text = gate.path().read_text(encoding="utf-8")
    for ours, other in {MEMORY: "", **WIDER}.items():
        assert text.count(ours) == 1
        text = text.replace(ours, other)
    example = iter(EXAMPLE.read_text(encoding="utf-8").splitlines())
    for line in text.splitlines():
        if not any(part in line for part in OURS):
            assert line in example, line


def test_all_of_the_example_is_in_the_demos_config_but_for_what_is_not_judged_yet():
    ours, whole = (
        load(path.read_text(encoding="utf-8"), {}, file=path.name, lenient_env=True) for path in (gate.path(), EXAMPLE)
    )
    assert {suite.name for suite in whole.suites} - {suite.name for suite in ours.suites} == {"end-to-end", "load"}
    assert {rule.text for rule in whole.policy.rules} - {rule.text for rule in ours.policy.rules} == {
        "contract.breaking == 0", "memory.peak <= 300MiB",
    }  # fmt: skip
    for part in ("targets", "identities", "metrics", "changes"):
        assert getattr(ours, part).keys() == getattr(whole, part).keys()


def test_the_demos_config_declares_nothing_that_is_not_judged():
    config = load(gate.path().read_text(encoding="utf-8"), {}, file="demo", lenient_env=True)
    assert config.later == ()
    assert config.warnings == ()
    assert sum(len(suite.checks) for suite in config.suites) == 15


# Serving


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_ends_well_when_it_is_asked_to(environ, tmp_path, number):
    with started(environ, tmp_path, "demo", "--serve", "--json") as serving:
        given = json.loads(serving.stdout.readline())["environment"]
        assert given["STAGING_API_URL"].startswith("http://127.0.0.1:")
        os.killpg(serving.pid, number)
        assert serving.wait(10) == 0


def test_serving_a_staging_that_has_ended_by_itself_is_an_error(monkeypatch, capsys):
    class Gone:
        environ, revision, missing, alive = {"STAGING_API_URL": "http://127.0.0.1:1"}, "abc", {}, False

    monkeypatch.setattr(demo.signal, "signal", lambda *_: None)
    with pytest.raises(UsageError, match="ended by itself"):
        demo._serve(Gone(), as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert said == {"environment": {"STAGING_API_URL": "http://127.0.0.1:1", "RELEASEGATE_SHA": "abc"}, "missing": {}}


def test_serving_says_by_name_which_store_this_machine_has_no_server_for(monkeypatch, capsys):
    class Without:
        environ, revision, alive = {"STAGING_API_URL": "http://127.0.0.1:1"}, "abc", False
        missing = {"redis": "no Redis for this platform: it is not there"}  # noqa: RUF012

    monkeypatch.setattr(demo.signal, "signal", lambda *_: None)
    with pytest.raises(UsageError, match="ended by itself"):
        demo._serve(Without(), as_json=False)
    said = capsys.readouterr()
    assert "# no Redis for this platform: it is not there\n" in said.err
    assert "export STAGING_REDIS_URL='redis://cache.invalid:6379/0'\n" in said.out


@needs_stores
def test_a_gate_runs_against_the_served_staging(call, environ, tmp_path):
    with started(environ, tmp_path, "demo", "--serve") as serving:
        given = exported(serving)
        shutil.copytree(given["STAGING_REPORTS"], tmp_path / "reports")
        said = call("run", "-c", gate.path(), "--json", **given)
        assert (said.returncode, json.loads(said.stdout)["verdict"]) == (0, "STABLE")


@needs_stores
def test_a_login_that_fails_falls_back_to_the_minted_token_and_is_at_best_degraded(call, environ, tmp_path):
    with started(environ, tmp_path, "demo", "--serve") as serving:
        given = exported(serving)
        shutil.copytree(given["STAGING_REPORTS"], tmp_path / "reports")
        fell = call("run", "-c", gate.path(), "--json", **{**given, "STAGING_PASSWORD": "wrong"})
        answer = json.loads(fell.stdout)
        assert (fell.returncode, answer["verdict"]) == (0, "DEGRADED")
        assert answer["reasons"] == ["the login of gate-user failed, its fallback was used"]
        untried = call("run", "-c", gate.path(), "--json", **{**given, "STAGING_PASSWORD": ""})
        assert json.loads(untried.stdout)["verdict"] == "STABLE"


@needs_stores
def test_without_what_another_tool_writes_nothing_is_decided(call, environ, tmp_path):
    with started(environ, tmp_path, "demo", "--serve") as serving:
        said = call("run", "-c", gate.path(), "--json", **exported(serving))
        answer = json.loads(said.stdout)
        assert (said.returncode, answer["verdict"]) == (11, "INCONCLUSIVE")
        assert any("reports/compliance.json" in reason for reason in answer["reasons"])


@needs_stores
def test_the_whole_example_runs_against_it_and_is_not_green_for_what_is_not_judged(call, environ, tmp_path):
    with started(environ, tmp_path, "demo", "--serve") as serving:
        given = exported(serving)
        shutil.copytree(given["STAGING_REPORTS"], tmp_path / "reports")
        said = call("run", "-c", EXAMPLE, "--json", **given)
        answer = json.loads(said.stdout)
        assert said.returncode in {10, 11}
        assert answer["counts"] == {"PASSED": 22, "UNPROVEN": 2}


# Where a store is missing


def without_redis(monkeypatch, tmp_path, *arguments):
    """Run the demo on a machine that has no Redis; give its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stores, "find", lambda name: find(name) if name == "postgres" else None)
    with pytest.raises(SystemExit) as left:
        main(["demo", *arguments])
    return left.value.code


@needs_stores
def test_without_a_redis_its_suite_is_left_out_by_name_and_the_run_is_partial(monkeypatch, tmp_path, capfd):
    assert without_redis(monkeypatch, tmp_path, "--quiet") == 0
    said = capfd.readouterr()
    assert "dependencies is left out: no Redis for this platform" in said.err
    assert "dependencies" in said.out
    evidence = json.loads((tmp_path / ".releasegate" / "evidence.json").read_text(encoding="utf-8"))
    assert {check["suite"] for check in evidence["checks"]} == {"orchestration", "pipeline", "mcp"}
    assert evidence["plan"]["partial"] is True


@needs_stores
def test_without_a_redis_no_failure_is_explained_by_it(monkeypatch, tmp_path, capfd):
    assert without_redis(monkeypatch, tmp_path, "--fault", "ws-drop", "--json") == 10
    assert json.loads(capfd.readouterr().out)["reasons"] == ["FAILED: pipeline.real-agent-execution"]


@needs_stores
def test_without_a_redis_it_cannot_be_slow_either(monkeypatch, tmp_path, capfd):
    assert without_redis(monkeypatch, tmp_path, "--fault", "redis-slow") == 2
    assert "no Redis for this platform" in capfd.readouterr().err


# Being stopped


@needs_signals
def test_ctrl_c_during_a_demo_cleans_up_and_leaves_with_130(environ, tmp_path):
    arguments = ("demo", "--fault", "workflow-stuck", "--evidence", "evidence.json")
    with started(environ, tmp_path, *arguments) as running:
        while "sampling" not in (line := running.stderr.readline()):
            assert line, "it ended before it sampled"
        time.sleep(1)  # within the twenty seconds for which a sample waits for its workflow
        os.killpg(running.pid, signal.SIGINT)
        out, _ = running.communicate(timeout=20)
        assert running.returncode == 130
        assert "interrupted" in out
    evidence = json.loads((tmp_path / "evidence.json").read_text(encoding="utf-8"))
    (workflow,) = (check for check in evidence["checks"] if check["id"] == "orchestration.workflow-states")
    assert workflow["label"] == "UNPROVEN"
    assert sum(sample["leaked"] for sample in workflow["samples"]) == 0


@needs_proc
@pytest.mark.parametrize("how", ["ended", "killed", "refused"])
def test_no_process_is_left_behind(environ, tmp_path, how):
    mark = f"RELEASEGATE_TEST_MARK={os.getpid()}-{how}"
    marked = {**environ, mark.partition("=")[0]: mark.partition("=")[2]}
    with a_taken_port() as port:
        arguments = {
            "ended": ("--fault", "auth-expired", "--quiet"),
            "killed": ("--serve",),
            "refused": ("--port", port),
        }
        leave_none(mark, marked, tmp_path, how, arguments[how])


def leave_none(mark, marked, tmp_path, how, arguments):
    with started(marked, tmp_path, "demo", *arguments) as running:
        if how == "killed":
            exported(running)
            assert len(bearing(mark)) >= 2
            running.kill()
        running.communicate(timeout=30)
    ends = time.monotonic() + 10
    while bearing(mark):
        assert time.monotonic() < ends, bearing(mark)
        time.sleep(0.05)


@contextmanager
def a_taken_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield str(taken.getsockname()[1])


def bearing(mark):
    """Name the processes that have the mark in their environment."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (place / "environ").read_bytes().split(b"\0"):
                found.append((place / "cmdline").read_bytes())
        except OSError:
            continue  # it ended, or it is another user's
    return [command for command in found if command]


# What the page says


PAGE = (Path(__file__).parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([a-z0-9-]+)` \| (.+?) \| `([A-Z]+)` \| (\d+) \| (.+) \|$", PAGE, re.MULTILINE)


def test_the_page_lists_every_fault_in_order_with_what_it_does():
    assert [(name, says) for name, says, *_ in ROWS] == [
        (name, says.replace("|", "\\|")) for name, says in FAULTS.items()
    ]


@pytest.mark.parametrize(
    ("name", "state", "code", "told"), [(row[0], *row[2:]) for row in ROWS], ids=lambda value: value
)
def test_the_page_says_of_each_fault_what_the_gate_makes_of_it(name, state, code, told):
    expected = EXPECTED[name]
    assert (state, int(code)) == (expected.state, expected.exit_code)
    for signature in {signature for _, signature in expected.touched.values() if signature}:
        assert f"`{signature}`" in told
    if len(expected.touched) < 3:
        assert all(f"`{check}`" in told and label in told for check, (label, _) in expected.touched.items())


def test_the_page_names_what_is_not_there_yet():
    listed = dict(re.findall(r"^\| `([a-z0-9-]+)` \| ([^|]+) \|$", PAGE, re.MULTILINE))
    assert {name: listed.get(name) for name in LATER} == LATER


@needs_stores
@pytest.mark.parametrize(
    ("arguments", "state", "merge", "title"),
    [
        ([], "success, STABLE: ", "not blocked", "## ✅"),
        (["--fault", "down"], "failure, UNSTABLE: api does not answer", "blocked, releasegate/staging is red", "## ❌"),
    ],
)
def test_the_verdict_is_published_to_the_stand_in_and_shown_as_a_reader_sees_it(call, arguments, state, merge, title):
    said = call("demo", "-q", *arguments).stdout.partition("on GitHub's stand-in, demo/shop#1, in ")[2]
    assert said.startswith("6 requests:")
    assert f"  releasegate/staging: {state}" in said
    assert f"  merge: {merge}" in said
    assert f"  comment of github-actions[bot]:\n  | {title}" in said
