"""What a run writes: never over something else, never beside something old, and never lost in silence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from releasegate.cli.outputs import SIGN, Outputs
from releasegate.errors import UsageError

CONFIG = """\
version: 1
gate: staging
targets: {api: {url: "http://127.0.0.1:1"}}
suites: {s: {checks: {a: {http: {get: "api:/", expect: {status: 200}}}}}}
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="devices and pipes as POSIX has them")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "releasegate.yml").write_text(CONFIG)
    return tmp_path


def test_what_an_earlier_run_wrote_is_taken_away(here):
    for name, text in (("e.json", SIGN.decode() + 'v1"}'), ("j.xml", "<old/>"), ("m.md", "STABLE")):
        (here / name).write_text(text)
    Outputs(evidence="e.json", junit="j.xml", markdown="m.md").prepare("releasegate.yml")
    assert [path.name for path in here.iterdir()] == ["releasegate.yml"]


def test_the_gates_own_directory_is_nothing_that_git_would_commit(here):
    subprocess.run(["git", "init", "--quiet", str(here)], check=True)
    for _ in range(2):
        Outputs(evidence=".releasegate/evidence.json", junit="reports/j.xml").prepare()
        for place in (".releasegate/evidence.json", "reports/j.xml"):
            (here / place).write_text("")
    seen = subprocess.run(["git", "status", "--short", "-uall"], cwd=here, check=True, capture_output=True, text=True)
    assert seen.stdout.split() == ["??", "releasegate.yml", "??", "reports/j.xml"]


def test_a_directory_that_was_there_is_left_as_it_was(here):
    (here / ".releasegate").mkdir()
    Outputs(evidence=".releasegate/evidence.json").prepare()
    assert list((here / ".releasegate").iterdir()) == []


@pytest.mark.parametrize("content", ["mine", "{}", '{"schema":"other"}'])
def test_a_file_that_no_gate_wrote_is_not_replaced_by_evidence(here, content):
    (here / "e.json").write_text(content)
    with pytest.raises(UsageError, match="no evidence of a gate"):
        Outputs(evidence="e.json").prepare()
    assert (here / "e.json").read_text() == content


@pytest.mark.parametrize(
    "outputs",
    [
        Outputs(evidence="releasegate.yml"),
        Outputs(evidence="e", junit="./releasegate.yml"),
        Outputs(evidence="e", junit="x", markdown="x"),
        Outputs(evidence="e", markdown="./e"),
    ],
)
def test_two_things_at_one_path_are_refused(here, outputs):
    with pytest.raises(UsageError, match="give it a path of its own"):
        outputs.prepare("releasegate.yml")
    assert (here / "releasegate.yml").read_text() == CONFIG


@posix
def test_evidence_goes_to_regular_files_only(here):
    os.mkfifo(here / "pipe")
    (here / "link").symlink_to("/dev/null")
    for path in ("pipe", "link", "/dev/null", str(here)):
        with pytest.raises(UsageError):
            Outputs(evidence=path).prepare()
    assert (here / "pipe").exists()


@posix
def test_a_report_may_go_to_a_device():
    Outputs(evidence="e", markdown="/dev/null").prepare()
    assert Path("/dev/null").exists()


def run(*arguments, env=None, **streams):
    command = [sys.executable, "-m", "releasegate", *arguments]
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "RELEASEGATE_"))}
    return subprocess.run(command, env={**environ, **(env or {})}, timeout=30, check=False, **streams)


def test_a_bad_config_leaves_no_green_of_an_earlier_run_behind(here):
    (here / "releasegate.yml").write_text("version: 1\n")
    (here / "e.json").write_text(SIGN.decode() + 'v1","verdict":{"state":"STABLE"}}')
    assert run("run", "--evidence", "e.json", capture_output=True).returncode == 2
    assert not (here / "e.json").exists()


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_a_verdict_that_cannot_be_printed_has_its_own_exit_code():
    with Path("/dev/full").open("w") as full:
        done = run("run", "--quiet", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 12
    assert b"stdout cannot be written" in done.stderr


@posix
def test_closed_streams_change_no_exit_code():
    shell = f"{sys.executable} -m releasegate run >&- 2>&-"
    assert subprocess.run(["sh", "-c", shell], timeout=30, check=False).returncode == 10


@posix
def test_a_reader_that_left_is_no_error(here):
    for arguments, code in ((("policy",), 0), (("run", "--quiet"), 10)):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            done = run(*arguments, stdout=writing, stderr=subprocess.PIPE)
        finally:
            os.close(writing)
        assert (done.returncode, done.stderr) == (code, b""), here


@posix
def test_a_reader_that_does_not_read_holds_up_nothing(here):
    values = ", ".join(f"v{n}" * 20 for n in range(700))
    check = f'{{for: {{n: [{values}]}}, samples: once, http: {{get: "api:/{{{{n}}}}", expect: {{status: 200}}}}}}'
    (here / "releasegate.yml").write_text(CONFIG.replace('{http: {get: "api:/", expect: {status: 200}}}', check))
    unread, writing = os.pipe()
    try:
        done = run("run", "--evidence", "e.json", stdout=subprocess.DEVNULL, stderr=writing)
    finally:
        os.close(writing)
        os.close(unread)
    assert done.returncode == 10
    assert (here / "e.json").exists()


@pytest.mark.parametrize("content", [None, "[" * 100_000, "not json", "\ufeff{}", "[]"])
def test_an_event_file_that_is_none_is_no_bug_of_the_gate(here, content):
    event = here / "event.json"
    if content is not None:
        event.write_text(content, encoding="utf-8")
    environ = {"GITHUB_EVENT_PATH": str(event)}
    assert run("run", "--quiet", env=environ, capture_output=True).returncode == (
        10 if content in ("\ufeff{}", "[]") else 2
    )


@pytest.mark.parametrize("sha", ["HEAD", "main", "  ", "a b1", "HEAD~1", "12"])
def test_what_no_target_can_say_it_runs_is_refused_at_once(sha):
    done = run("run", "--sha", sha, capture_output=True, text=True)
    assert done.returncode == 2
    assert "git rev-parse HEAD" in done.stderr
