"""`--changed-files` as a user meets it: what runs for a harmless change, and that doubt runs everything."""

import json
import os

import pytest

from releasegate.changes.listing import REMEDY
from releasegate.cli import changes as room

CONFIG = """\
version: 1
targets: {api: {url: "http://127.0.0.1:9", ca: docs/inner.pem}}
suites:
  s:
    checks:
      vital:
        critical: true
        http: {get: "api:/health", expect: {status: 200}}
      other:
        http: {get: "api:/other", expect: {status: 200}}
  t: gate/t.yml
changes: {harmless: ["**/*.md", "gate/**", "docs/**"]}
policy: {block: [suite.t.failed == 0, failed == 0]}
"""
SUITE = 'checks: {page: {http: {get: "api:/page", expect: {status: 200}}}}\n'
HARMLESS = b"M\0README.md\0A\0docs/a.png\0"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "releasegate.yml").write_text(CONFIG)
    (tmp_path / "gate").mkdir()
    (tmp_path / "gate/t.yml").write_text(SUITE)
    return tmp_path


@pytest.fixture
def plan(call, here):
    def run(data, *more):
        (here / "changes").write_bytes(data)
        return call("plan", "--changed-files", "changes", "--json", *more).json

    return run


def ids(answer):
    return [check["id"] for check in answer["checks"]]


def test_a_harmless_change_plans_the_critical_checks_and_says_why(plan):
    answer = plan(HARMLESS)
    assert ids(answer) == ["s.vital"]
    reason = "the change is harmless: 2 files, all match **/*.md or docs/**"
    assert answer["left_out"] == [{"id": name, "reason": reason} for name in ("s.other", "t.page")]
    assert answer["changes"]["files"] == 2
    assert not answer["partial"]


@pytest.mark.parametrize(
    ("data", "obstacle"),
    [
        (b"M\0README.md\0M\0src/app.py\0", "src/app.py matches no glob of changes.harmless"),
        (b"R100\0src/app.py\0docs/app.md\0", "docs/app.md was renamed from src/app.py"),
        (b"M\0README.md\0M\0docs", "the list of changed files is cut: its last entry does not end"),
        (b"", "the list of changed files is empty"),
        (b"M\0gate/t.yml\0", "gate/t.yml is a part of the gate"),
        (b"M\0docs/inner.pem\0", "docs/inner.pem is a part of the gate"),
        (b"M\0.github/a.md\0", ".github/a.md is a part of the gate"),
    ],
)
def test_never_green_23_37_38_any_other_change_plans_everything_and_says_why(plan, call, data, obstacle):
    answer = plan(data)
    assert ids(answer) == ["s.vital", "s.other", "t.page"]
    assert answer["changes"]["obstacle"] == obstacle
    assert f"no check is left out for the change: {obstacle}\n" in call("plan", "--changed-files", "changes").out


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="there are no links here")
def test_never_green_38_a_config_that_is_a_link_is_known_by_both_its_names(plan, here):
    (here / "docs").mkdir()
    (here / "releasegate.yml").rename(here / "docs/shop.yml")
    (here / "releasegate.yml").symlink_to("docs/shop.yml")
    assert plan(b"M\0docs/shop.yml\0")["changes"]["obstacle"] == "docs/shop.yml is a part of the gate"


def test_a_selection_wins_and_is_partial(plan):
    answer = plan(HARMLESS, "--check", "s.other")
    assert (ids(answer), answer["partial"]) == (["s.other"], True)


def test_without_a_list_everything_is_planned(call):
    answer = call("plan", "--json").json
    assert (len(answer["checks"]), answer["changes"]) == (3, None)


def test_the_plan_shows_a_hostile_name_as_text(call, here):
    (here / "changes").write_bytes(b"M\0src/\x1b[2Japp.py\0")
    assert "\x1b" not in call("plan", "--changed-files", "changes").out


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_list_that_is_not_there_or_is_none_is_an_error_of_use(call, here, command):
    said = call(command, "--changed-files", "changes")
    assert (said.code, "cannot read --changed-files changes" in said.err) == (2, True)
    (here / "changes").write_bytes(b"README.md\n")
    said = call(command, "--changed-files", "changes")
    assert (said.code, REMEDY in said.err) == (2, True)


def test_a_list_larger_than_any_is_not_read_on(call, here, monkeypatch):
    monkeypatch.setattr(room, "LARGEST", 10)
    (here / "changes").write_bytes(HARMLESS)
    assert call("plan", "--changed-files", "changes").code == 2


def test_no_report_is_written_over_the_list(call, here):
    (here / "changes").write_bytes(HARMLESS)
    said = call("run", "--changed-files", "changes", "--markdown", "changes")
    assert (said.code, "is the list of changed files" in said.err) == (2, True)
    assert (here / "changes").read_bytes() == HARMLESS


def test_a_run_for_a_harmless_change_keeps_what_was_given_and_is_judged_again(call, here):
    (here / "changes").write_bytes(HARMLESS)
    said = call("run", "--quiet", "--changed-files", "changes")
    assert said.code == 10  # nobody listens
    assert "1 of 3 checks run: the critical ones, and what they need" in " ".join(said.out.split())
    written = json.loads((here / ".releasegate/evidence.json").read_text())
    assert [check["id"] for check in written["checks"]] == ["s.vital"]
    assert written["plan"]["changes"]["globs"] == ["**/*.md", "docs/**"]
    assert [rule["applicable"] for rule in written["rules"]] == [False, True]
    assert call("judge", ".releasegate/evidence.json").code == 10
