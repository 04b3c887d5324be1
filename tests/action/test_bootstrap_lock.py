"""A lock says what is needed here, and a line that is not understood stops the start."""

import pytest
from action_wheels import ROOT, lock, wheel
from packaging.markers import Marker
from packaging.requirements import Requirement

PLATFORMS = {"linux": "x86_64", "darwin": "arm64", "win32": "AMD64"}
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
ACTIONS = [path for path in LOCKS if path.stem != "dev"]


def facts(system="linux", python="3.12.4", implementation="cpython"):
    return {
        "implementation_name": implementation,
        "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"}[implementation],
        "platform_machine": PLATFORMS[system],
        "python_full_version": python,
        "sys_platform": system,
    }


@pytest.mark.parametrize("python", ["3.11.0", "3.11.9", "3.12.0", "3.13.1", "3.14.0"])
@pytest.mark.parametrize("system", PLATFORMS)
@pytest.mark.parametrize("implementation", ["cpython", "pypy"])
def test_every_marker_of_our_locks_means_what_packaging_says(bootstrap, system, python, implementation):
    here = facts(system, python, implementation)
    markers = {
        line.partition(" ; ")[2].rstrip(" \\")
        for path in LOCKS
        for line in path.read_text(encoding="utf-8").splitlines()
        if " ; " in line
    }
    assert len(markers) > 3
    for marker in markers:
        expected = Marker(marker).evaluate({**here, "python_version": python.rpartition(".")[0]})
        assert bootstrap.applies(marker, here) is expected, marker


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.stem)
def test_a_lock_is_read_whole(bootstrap, path):
    text = path.read_text(encoding="utf-8")
    expected = {
        bootstrap.normal(Requirement(line.rstrip(" \\")).name)
        for line in text.splitlines()
        if "==" in line and not line.startswith((" ", "#")) and Requirement(line.rstrip(" \\")).marker is None
    }
    wheels = bootstrap.locked(text, facts())
    assert expected <= {each.name for each in wheels}
    assert all(each.hashes for each in wheels)
    assert sum(len(each.hashes) for each in bootstrap.locked(text, facts())) <= text.count("--hash=sha256:")


def test_every_combination_of_extras_has_one_version_of_each(bootstrap):
    _, wheels = bootstrap.requirements("mcp, postgres redis")
    assert {"redis", "psycopg", "mcp"} <= {each.name for each in wheels}
    assert "redis" not in {each.name for each in bootstrap.requirements("")[1]}


def test_what_a_marker_leaves_out_is_not_needed(bootstrap):
    text = lock(wheel(), marker=" ; sys_platform == 'win32'")
    assert bootstrap.locked(text, facts("linux")) == []
    assert [each.name for each in bootstrap.locked(text, facts("win32"))] == ["thing"]


@pytest.mark.parametrize(
    "text",
    [
        "thing==1.0\n",
        "thing>=1.0 \\\n    --hash=sha256:" + "0" * 64,
        "thing==1.0 \\\n    --hash=md5:" + "0" * 32,
        "--find-links elsewhere\n",
        "thing @ https://elsewhere.example/thing.whl\n",
        "--hash=sha256:" + "0" * 64,
        lock(wheel(), marker=" ; sys_platform ~= 'win32'"),
        lock(wheel(), marker=" ; os_name == 'nt'"),
        lock(wheel(), marker=" ; sys_platform == 'win32' or sys_platform == 'linux'"),
    ],
)
def test_a_lock_that_is_not_understood_or_not_hashed_is_refused(bootstrap, text):
    with pytest.raises(bootstrap.RefusedError):
        bootstrap.locked(text, facts())


def test_an_extra_that_there_is_not_is_named(bootstrap):
    with pytest.raises(bootstrap.RefusedError, match="there is no kafka; there are mcp, postgres, redis"):
        bootstrap.requirements("redis kafka")
