"""`waive` as a dispatched job calls it, against the stand-in: who may let which commit pass, and who may not."""

import dataclasses
from pathlib import Path

import pytest
from gate_world import bodies, surroundings, told, write_config
from hub_world import JOB, READER

from releasegate.cli.main import main
from releasegate.demo.hub.script import Broken, Meanwhile

REASON = "the vendor is down"
DISPATCH = {
    "ref": "refs/heads/main", "inputs": {}, "repository": {"full_name": "acme/shop", "default_branch": "main"},
}  # fmt: skip


class Nowhere:
    url = "http://127.0.0.1:9"


@pytest.fixture
def waive(monkeypatch, capsys, world, server, tmp_path):
    """Run `waive` with a dispatched job's variables, started by bob, who maintains; give exit code and output."""
    monkeypatch.chdir(tmp_path)
    write_config(Nowhere)
    world.hub.user("bob")
    world.repository.roles |= {"bob": "maintain", "ann": "admin"}

    def run(*arguments, event="workflow_dispatch", payload=None, actor="bob", sha=None, **more):
        variables = surroundings(world, server, event=event, payload=payload or DISPATCH, **more)
        with monkeypatch.context() as patch:
            for name, value in {**variables, "GITHUB_ACTOR": actor}.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as left:
                main(["waive", "--sha", sha or world.head, *(arguments or ("--pr", "1", "--reason", REASON))])
        said = capsys.readouterr()
        return left.value.code, said.out + said.err

    return run


@pytest.fixture
def red(world):
    world.say("failure", description="UNSTABLE: smoke.health failed 5 of 5")


def test_a_red_head_passes_in_public_and_names_who_and_what_was_there(world, waive, red):
    code, said = waive()
    assert (code, told(world)[-1]) == (0, ("success", "WAIVED by bob, was UNSTABLE"))
    (body,) = bodies(world)
    assert "**WAIVED** by bob, was UNSTABLE" in body
    assert (REASON in body, world.head in body, JOB in said + body) == (True, True, False)


def test_an_error_is_named_as_what_it_was(world, waive):
    world.say("error", description="INCONCLUSIVE: staging did not answer")
    assert waive()[0] == 0
    assert told(world)[-1] == ("success", "WAIVED by bob, was INCONCLUSIVE")
    world.say("error", description="cancelled before its end")
    assert waive()[0] == 0
    assert told(world)[-1] == ("success", "WAIVED by bob, was an error")


def test_a_reason_is_text_and_neither_mention_nor_html(world, waive, red):
    waive("--pr", "1", "--reason", "ask @eve <img src=x> ![](http://e.example)")
    (body,) = bodies(world)
    assert [live for live in ("@eve", "<img", "![]", "http://e") if live in body] == []


@pytest.mark.parametrize("role", ["read", "triage", "write"])
def test_who_does_not_maintain_is_refused(world, waive, red, role):
    world.repository.roles["bob"] = role
    _refused(world, waive(), "may not maintain")


def test_a_stranger_is_refused(world, waive, red):
    _refused(world, waive(actor="nobody-here"), "may not maintain")


@pytest.mark.parametrize("actor", ["ann", "ANN"])
def test_the_author_is_refused_also_an_admin_however_written(world, waive, red, actor):
    _refused(world, waive(actor=actor), "author of #1")


def test_the_author_of_another_pull_request_with_the_same_head_is_refused(world, waive, red):
    bob = world.hub.user("bob")
    world.hub.pull(world.repository, world.repository, "feature", author=bob, now=world.now, title="Again")
    _refused(world, waive(), "author of #3")


def test_another_head_than_was_looked_at_is_refused(world, waive, red):
    _refused(world, waive(sha="a" * 40), "has moved")
    assert waive()[0] == 0


def test_a_head_that_moves_while_it_is_waived_is_refused_and_its_comment_taken_back(world, waive, red):
    def push(now):
        world.hub.commit(
            world.repository, "feature", {"c.py": b"3\n"}, author=world.hub.user("ann"), message="c", now=now
        )  # fmt: skip

    world.hub.script.add("POST */comments", Meanwhile(push, after=True))
    _refused(world, waive(), "has moved")


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target", "push", "schedule", "repository_dispatch"])
def test_another_event_than_a_dispatch_is_refused(world, waive, red, event):
    _refused(world, waive(event=event), "workflow_dispatch")


@pytest.mark.parametrize("ref", ["refs/heads/feature", "refs/tags/main", ""])
def test_a_dispatch_elsewhere_than_on_the_default_branch_is_refused(world, waive, red, ref):
    _refused(world, waive(payload={**DISPATCH, "ref": ref}), "another branch")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
def test_without_a_reason_of_some_length_it_is_refused(world, waive, red, reason):
    _refused(world, waive("--pr", "1", "--reason", reason), "--reason")


def test_a_closed_pull_request_is_refused(world, waive, red):
    world.pull.open = False
    _refused(world, waive(), "closed")


def test_a_pull_request_onto_another_branch_is_refused(world, waive, red):
    world.repository.branches["release"] = world.repository.branches["main"]
    world.pull.base_ref = "release"
    _refused(world, waive(), "not onto main")


def test_a_re_run_waives_nothing(world, waive, red):
    _refused(world, waive(attempt="2"), "re-run")
    _refused(world, waive(GITHUB_TRIGGERING_ACTOR="eve"), "re-run")


@pytest.mark.parametrize(("state", "why"), [(None, "never"), ("pending", "pending"), ("success", "green")])
def test_where_no_red_stands_there_is_nothing_to_waive(world, waive, state, why):
    if state:
        world.say(state)
    code, said = waive()
    assert (code, why in said, bodies(world)) == (2, True, [])


def test_a_token_without_the_permission_waives_nothing(world, waive, red):
    code, said = waive(token=READER)
    assert (code, len(told(world)), "pull-requests: write" in said) == (12, 1, True)


def test_where_the_status_is_refused_the_comment_is_taken_back(world, waive, red):
    world.job.permissions = {**world.job.permissions, "statuses": "read"}
    code, said = waive()
    assert (code, len(told(world)), bodies(world), "statuses: write" in said) == (12, 1, [], True)


def test_where_it_is_unknown_whether_the_status_stands_its_reason_stays(world, waive, red, monkeypatch):
    monkeypatch.setattr("releasegate.github.patience.MOST_TRIES", 1)
    world.hub.script.add("POST */statuses/*", Broken(502, after=True), nth=None)
    assert waive()[0] == 12
    assert (len(bodies(world)), told(world)[-1][0]) == (1, "success")


def test_another_voice_than_the_gates_is_said(world, waive, red):
    last = world.repository.statuses[-1]
    world.repository.statuses[-1] = dataclasses.replace(last, creator=world.hub.user("gate-app"))
    code, said = waive()
    assert (code, "the gate speaks as gate-app" in said) == (0, True)


def test_without_a_config_it_is_not_known_what_to_waive(world, waive, red):
    Path("releasegate.yml").unlink()
    _refused(world, waive(), "there is no releasegate.yml")


def _refused(world, answer, why):
    code, said = answer
    assert (code, why in said) == (2, True), said
    assert [state for state, _ in told(world)] == ["failure"]
    assert bodies(world) == []
