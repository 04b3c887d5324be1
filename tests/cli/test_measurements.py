"""The files of other tools as they lie about: read if they are regular, here, small, young and not committed."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from releasegate.cli import measurements as room
from releasegate.cli.measurements import measurements
from releasegate.config.model import MetricDecl

NAME = "reports/compliance.json"
DECLARED = {"compliance": MetricDecl(file=NAME, at="$.score", unit="%")}
git = pytest.mark.skipif(not shutil.which("git") and not os.environ.get("CI"), reason="there is no git here")
posix = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes as POSIX has them")


@pytest.fixture
def here(tmp_path):
    (tmp_path / "work/reports").mkdir(parents=True)
    (tmp_path / "work" / NAME).write_text('{"score": 98.7}')
    return tmp_path / "work"


@pytest.fixture
def repository(here):
    """Make the directory a repository in which the file is committed."""
    in_git(here, "init", "--quiet")
    in_git(here, "add", NAME)
    in_git(here, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "all")
    return here


def in_git(directory, *arguments):
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", "-C", directory, *arguments], check=True, timeout=30, env=environ)


def seen(directory, *, environ=os.environ, clock=time.time):
    (measured,) = measurements(DECLARED, directory, environ, clock)
    return measured


def refused(directory, **more):
    measured = seen(directory, **more)
    assert measured.value is None
    assert measured.problem.startswith(f"{NAME} ")
    return measured.problem.removeprefix(f"{NAME} ")


def test_a_fresh_file_gives_its_number_and_its_age(here):
    os.utime(here / NAME, (1000.0, 1000.0))
    measured = seen(here, clock=lambda: 1090.5)
    assert (measured.value, measured.age_s, measured.problem) == (0.987, 90.5, None)


def test_the_file_is_read_when_it_is_asked_for_and_not_before(here):
    assert seen(here).value == 0.987
    (here / NAME).write_text('{"score": 91}')
    assert seen(here).value == 0.91


def test_never_green_04_a_file_that_is_not_there(here):
    (here / NAME).unlink()
    assert refused(here) == "is not there"
    shutil.rmtree(here / "reports")
    assert refused(here) == "is not there"


def test_never_green_35_a_file_that_is_older_than_allowed(here):
    written = (here / NAME).stat().st_mtime
    assert refused(here, clock=lambda: written + 86401) == "is 1d old, at most 1d is allowed"
    assert "in the future" in refused(here, clock=lambda: written - 60)


def test_a_directory_in_its_place_is_no_file(here):
    (here / NAME).unlink()
    (here / NAME).mkdir()
    assert refused(here).startswith("cannot be read: ")


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(here):
    (here / NAME).chmod(0)
    assert refused(here).startswith("cannot be read: ")


@posix
def test_a_pipe_is_no_file_and_nobody_waits_for_its_writer(here):
    (here / NAME).unlink()
    os.mkfifo(here / NAME)
    assert refused(here) == "is no regular file"


@posix
def test_a_link_that_leads_out_is_refused_and_one_that_stays_is_followed(here, tmp_path):
    (tmp_path / "outside.json").write_text('{"score": 100}')
    (here / NAME).unlink()
    (here / NAME).symlink_to(tmp_path / "outside.json")
    assert refused(here) == "leads out of the directory that the gate runs in"
    (here / "inside.json").write_text('{"score": 91}')
    (here / NAME).unlink()
    (here / NAME).symlink_to("../inside.json")
    assert seen(here).value == 0.91


@posix
def test_a_directory_that_is_a_link_out_is_refused(here, tmp_path):
    shutil.move(here / "reports", tmp_path / "elsewhere")
    (here / "reports").symlink_to(tmp_path / "elsewhere")
    assert refused(here) == "leads out of the directory that the gate runs in"


@posix
def test_a_circle_of_links_is_told(here):
    (here / NAME).unlink()
    (here / NAME).symlink_to("compliance.json")
    assert refused(here).startswith("cannot be read: ")


def test_a_file_larger_than_any_report_is_not_read_on(here, monkeypatch):
    monkeypatch.setattr(room, "LARGEST", 10)
    assert refused(here).startswith("is larger than ")


# what git tracks


@git
def test_never_green_35_a_committed_file_is_no_measurement_however_new_it_looks(repository):
    assert refused(repository) == (
        "is committed, so it is no measurement of this run: let the tool write to a path that git ignores"
    )
    (repository / NAME).write_text('{"score": 100}')
    assert refused(repository).startswith("is committed")


@git
def test_a_file_that_git_does_not_track_is_read_in_a_repository(repository):
    in_git(repository, "rm", "--quiet", "--cached", NAME)
    assert seen(repository).value == 0.987


@git
@posix
def test_never_green_35_a_link_to_a_committed_file_is_one_and_a_committed_link_to_a_new_file_is_none(repository):
    in_git(repository, "mv", NAME, "old.json")
    (repository / "reports").mkdir(exist_ok=True)
    (repository / NAME).symlink_to("../old.json")
    assert refused(repository).startswith("is committed")
    (repository / NAME).unlink()
    (repository / NAME).symlink_to("../new.json")
    in_git(repository, "add", NAME)
    (repository / "new.json").write_text('{"score": 91}')
    assert seen(repository).value == 0.91


@git
def test_never_green_35_a_committed_directory_that_looks_like_a_repository_hides_no_file_and_commands_nothing(here):
    inner = here / "reports"
    for name, text in {
        "HEAD": "ref: refs/heads/x\n", "refs/keep": "", "objects/keep": "",
        "config": f"[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = \"touch '{here}/obeyed'; false\"\n",
    }.items():  # fmt: skip
        (inner / name).parent.mkdir(exist_ok=True)
        (inner / name).write_text(text)
    in_git(here, "init", "--quiet")
    in_git(here, "add", "--all")
    in_git(here, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "all")
    assert refused(here).startswith("is committed")
    assert not (here / "obeyed").exists()


@git
def test_a_name_that_git_would_read_as_a_pattern_is_taken_as_it_is(repository):
    declared = {"m": MetricDecl(file="reports/c*.json", at="$.score")}
    (repository / "reports/c*.json").write_text('{"score": 7}')
    assert measurements(declared, repository, os.environ, time.time)[0].value == 7


@git
def test_never_green_35_a_hooks_variables_do_not_lead_git_to_another_index(repository, tmp_path):
    in_git(tmp_path, "init", "--quiet", "other")
    environ = os.environ | {"GIT_DIR": str(tmp_path / "other/.git"), "GIT_INDEX_FILE": str(tmp_path / "none")}
    assert refused(repository, environ=environ).startswith("is committed")


@git
def test_never_green_35_where_git_fails_in_a_repository_the_file_may_be_committed(repository):
    (repository / ".git/index").write_bytes(b"no index")
    assert refused(repository).startswith("may be committed: git cannot tell (")


def test_never_green_35_in_a_repository_without_git_nobody_knows_whether_the_file_is_committed(here, tmp_path):
    (here.parent / ".git").mkdir()
    (tmp_path / "bin").mkdir()
    problem = refused(here, environ={"PATH": str(tmp_path / "bin")})
    assert problem == "stands in a repository, and there is no git to ask whether it is committed: install it"


@posix
def test_never_green_35_a_git_that_does_not_answer_is_not_waited_for(here, tmp_path, monkeypatch):
    (here / ".git").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setattr(room, "GIT_S", 0.2)
    began = time.monotonic()
    many = {f"m{n}": DECLARED["compliance"] for n in range(9)}
    measured = measurements(many, here, {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}, time.time)
    assert {m.problem for m in measured} == {f"{NAME} may be committed: git did not say so within 0.2 s"}
    assert time.monotonic() - began < 20


def test_outside_of_a_repository_git_is_not_asked(here):
    assert seen(here, environ={"PATH": ""}).value == 0.987


def test_every_metric_is_read_in_the_order_of_the_config(here):
    (here / "b.json").write_text(json.dumps([1]))
    declared = {"b": MetricDecl(file="b.json", at="$[0]"), **DECLARED, "none": MetricDecl(file="none.json", at="$")}
    measured = measurements(declared, here, os.environ, time.time)
    assert [(m.name, m.value) for m in measured] == [("b", 1), ("compliance", 0.987), ("none", None)]
