"""The script as a process of its own: what it refuses with which exit code, and what it becomes."""

import os
import shutil
import signal
import subprocess
import sys
import venv

import pytest
from action_wheels import ROOT, lock, wheel

ENTRY = """\
import sys, thing
def entry():
    print(sys.argv[1], thing.NAME, sys.flags.isolated, sys.flags.no_site, sys.flags.dont_write_bytecode, flush=True)
    if "--config=wait" in sys.argv:
        sys.stdin.read()
    raise SystemExit(11)
"""


@pytest.fixture
def tree(tmp_path):
    """The action as it is checked out, with a gate that says how it was called, one dependency, and a full cache."""
    (tmp_path / "action").mkdir()
    shutil.copy(ROOT / "action/bootstrap.py", tmp_path / "action")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/runtime.txt").write_text(lock(wheel()))
    (tmp_path / "src/releasegate/cli").mkdir(parents=True)
    (tmp_path / "src/releasegate/cli/main.py").write_text(ENTRY)
    (tmp_path / "tools/releasegate-wheels").mkdir(parents=True)
    (tmp_path / "tools/releasegate-wheels/thing-1.0-py3-none-any.whl").write_bytes(wheel())
    for name in ("temp", "work"):
        (tmp_path / name).mkdir()
    return tmp_path


def begin(tree, *, python=sys.executable, command="gate", **inputs):
    kept = {name: value for name, value in os.environ.items() if name.upper() in {"PATH", "SYSTEMROOT"}}
    environ = {
        **kept, "RUNNER_TEMP": str(tree / "temp"), "RUNNER_TOOL_CACHE": str(tree / "tools"),
        "GITHUB_OUTPUT": str(tree / "output"), "PYTHONPATH": str(tree / "work"),
        **{f"INPUT_{name.upper()}": value for name, value in inputs.items()},
    }  # fmt: skip
    script = [str(python), "-I", "-S", "-B", str(tree / "action/bootstrap.py"), command]
    return subprocess.Popen(
        script, cwd=tree / "work", env=environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip


def run(tree, **asked):
    process = begin(tree, **asked)
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


def test_it_becomes_the_gate_whose_exit_code_is_the_steps(tree):
    assert run(tree) == (11, "gate thing 1 1 1\n")
    assert run(tree, command="finalize") == (11, "finalize thing 1 1 1\n")


def test_what_lies_in_the_workspace_is_not_imported_and_nothing_is_left_there(tree):
    for name in ("thing", "hashlib", "zipfile", "releasegate"):
        (tree / f"work/{name}.py").write_text("raise SystemExit('taken from the workspace')")
    assert run(tree)[0] == 11
    assert {path.name for path in (tree / "work").iterdir()} == {
        "thing.py",
        "hashlib.py",
        "zipfile.py",
        "releasegate.py",
    }
    assert list(tree.rglob("*.pyc")) == []


@pytest.mark.parametrize(
    ("inputs", "said"),
    [({"extras": "kafka"}, "there is no kafka"), ({"check_run": "maybe"}, "check-run is true or false")],
)
def test_what_is_wrong_with_an_input_is_one_error_and_exit_code_2(tree, inputs, said):
    code, out = run(tree, **inputs)
    assert code == 2
    assert out.startswith("::error title=releasegate::")
    assert said in out
    assert out.count("\n") == 1


def test_without_pip_and_with_an_empty_cache_it_says_what_to_do(tree):
    shutil.rmtree(tree / "tools")
    venv.create(tree / "bare", with_pip=False, symlinks=os.name != "nt")
    code, out = run(tree, python=next((tree / "bare").glob("[bS]*/python*")))
    assert code == 2
    assert "has no pip to download the wheels with: run actions/setup-python before" in out.splitlines()[-1]


def test_a_tampered_cache_starts_nothing(tree):
    (tree / "tools/releasegate-wheels/thing-1.0-py3-none-any.whl").write_bytes(wheel(files={"more.py": ""}))
    venv.create(tree / "bare", with_pip=False, symlinks=os.name != "nt")
    code, out = run(tree, python=next((tree / "bare").glob("[bS]*/python*")))
    assert code == 2
    assert "is not the wheel that is locked" in out
    assert "gate" not in out.splitlines()


@pytest.mark.skipif(os.name == "nt", reason="there, a runner sends Ctrl-C to the whole console")
def test_a_signal_reaches_what_it_has_become(tree):
    process = begin(tree, config="wait")
    assert process.stdout.readline() == "gate thing 1 1 1\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM


def test_pip_is_given_its_own_variables_and_no_secret(bootstrap, tmp_path, monkeypatch):
    seen = {}

    def called(command, **options):
        seen.update(options, command=command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", called)
    secrets = {
        "GITHUB_TOKEN": "s",
        "RELEASEGATE_PRIVATE_KEY": "s",
        "STAGING_PASSWORD": "s",
        "ACTIONS_RUNTIME_TOKEN": "s",
    }
    reads = {"PATH": "p", "PIP_CERT": "c", "https_proxy": "http://proxy.example"}
    bootstrap.fetch([tmp_path / "runtime.txt"], tmp_path, {**secrets, **reads, "PYTHONPATH": "x"})
    assert seen["env"] == reads
    assert {"--require-hashes", "--only-binary=:all:", "--no-deps"} <= {*seen["command"]}
    assert seen["timeout"] == bootstrap.DOWNLOAD_S
