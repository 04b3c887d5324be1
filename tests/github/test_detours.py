"""Ways around the config of the default branch, each tried against the stand-in: none of them ends in a success."""

import dataclasses
from pathlib import Path

import pytest
from gate_world import commit_config, payload_of, states, told

from releasegate.config.load import ConfigError, load
from releasegate.demo.hub.script import Meanwhile
from releasegate.evidence.file import read
from releasegate.github.settings import guarded
from releasegate.github.trust import kinds_of

REPOSITORY = {"full_name": "acme/shop", "default_branch": "main"}
HOLLOW = "[200, 500]"
"""What a config demands that is content with a broken staging, too."""


@pytest.fixture
def staging(staging):
    """Give one that is broken."""
    staging.status = 500
    return staging


def branch(world, name, files):
    """Make a branch that has these files alone."""
    made = world.hub.commit(
        world.repository, name, {"x": b""}, author=world.hub.user("ann"), message="x", now=world.now
    )
    world.repository.commits[made.sha] = dataclasses.replace(made, files=files)


def event(world, name):
    """Give an event of which GitHub does not say to which pull request it belongs."""
    more = {
        "push": {"ref": "refs/heads/feature", "after": world.head},
        "workflow_dispatch": {"ref": "refs/heads/feature", "inputs": {}},
        "deployment_status": {"deployment": {"sha": world.head}, "deployment_status": {"state": "success"}},
        "workflow_run": {"workflow_run": {
            "head_sha": world.head, "head_branch": "feature", "head_repository": {"full_name": "acme/shop"},
        }},
    }  # fmt: skip
    return {"event": name, "payload": {"repository": REPOSITORY, **more[name]}}


EVENTS = ("push", "workflow_dispatch", "deployment_status", "workflow_run")


@pytest.mark.parametrize("name", EVENTS)
def test_a_hollow_base_sets_no_status_either_where_the_pull_request_is_found_by_its_commit(world, gate, config, name):
    commit_config(world, config(), config())
    branch(world, "hollow", {"releasegate.yml": config(status=HOLLOW)})
    world.pull.base_ref = "hollow"
    _, said = gate(**event(world, name))
    assert states(world) == []
    assert "hollow is neither the default branch nor protected" in said


@pytest.mark.parametrize("name", EVENTS)
def test_a_pull_request_that_is_found_by_its_commit_is_judged_as_its_base_demands(world, gate, config, name):
    commit_config(world, config(), config(status=HOLLOW))
    Path("releasegate.yml").write_bytes(config(status=HOLLOW))
    gate(**event(world, name))
    assert states(world) == ["pending", "error"]


@pytest.mark.parametrize(("name", "says"), [
    ("push", "feature is neither the default branch nor protected"),
    ("workflow_dispatch", "no pull request's head and not on the default branch"),
    ("deployment_status", "no pull request's head and not on the default branch"),
])  # fmt: skip
def test_a_commit_that_nobody_wants_to_merge_yet_gets_no_status_by_its_own_config(world, gate, config, name, says):
    """It may be closed now, and be opened again once its head is green."""
    commit_config(world, config(), config(status=HOLLOW))
    Path("releasegate.yml").write_bytes(config(status=HOLLOW))
    world.pull.open = False
    code, said = gate(**event(world, name))
    assert (code, states(world)) == (0, [])
    assert says in said


@pytest.mark.parametrize("name", ["push", "workflow_dispatch", "deployment_status"])
def test_a_commit_of_the_default_branch_is_judged_by_its_own_config_whoever_wants_to_merge_it_elsewhere(
    world, gate, config, name
):
    commit_config(world, config(), config())
    branch(world, "hollow", {"releasegate.yml": config(status=HOLLOW)})
    world.pull.head_ref, world.pull.base_ref = "main", "hollow"
    world.head = world.repository.branches["main"]
    given = event(world, name)
    if "ref" in given["payload"]:
        given["payload"]["ref"] = "refs/heads/main"
    assert gate(**given)[0] == 10
    assert states(world) == ["pending", "failure"]


def test_one_pull_requests_base_never_judges_the_head_of_another(world, gate, config):
    commit_config(world, config(), config())
    branch(world, "hollow", {"releasegate.yml": config(status=HOLLOW)})
    world.forked.base_ref = "hollow"
    code, said = gate("--pr", "2", "--sha", world.head, **event(world, "workflow_dispatch"))
    assert (code, states(world)) == (2, [])
    assert "is not the head of #2" in said


def test_a_protected_branch_without_a_config_takes_none_from_a_pull_request(world, gate, config):
    commit_config(world, config(), config(status=HOLLOW))
    branch(world, "legacy", {"README.md": b""})
    world.repository.protected["legacy"] = ()
    world.pull.base_ref = "legacy"
    code, said = gate(payload=payload_of(world, base="legacy"))
    assert (code, states(world)) == (2, [])
    assert "onto its default branch" in said


def test_a_config_in_a_place_that_comes_before_the_base_branchs_is_the_pull_requests(world, gate, config):
    """Once it is merged it is the one that is read."""
    world.hub.commit(
        world.repository, "feature", {"releasegate.yml": b"x"}, author=world.hub.user("ann"), message="x", now=world.now
    )
    world.head = world.pull.sha
    commit_config(world, config(), config(), name=".github/releasegate.yml")
    commit = world.repository.commits[world.head]
    files = {**commit.files, "releasegate.yml": config(status=HOLLOW)}
    world.repository.commits[world.head] = dataclasses.replace(commit, files=files)
    assert gate()[0] == 11
    assert told(world)[-1][1].startswith("INCONCLUSIVE: the base branch's version")
    assert read(Path(".releasegate/evidence.json")).plan["origin"]["changed"] == ["smoke.health"]


@pytest.mark.parametrize("moved", ["head", "base"])
def test_the_files_of_another_state_of_the_pull_request_are_not_taken_for_those_that_are_judged(
    world, gate, config, moved
):
    """Whoever moves a pull request while its files are listed, and back, would be judged by what it had between."""
    files = {f"many/{n}": b"" for n in range(300)}
    world.hub.commit(world.repository, "feature", files, author=world.hub.user("ann"), message="Many", now=world.now)
    world.head = world.repository.branches["feature"]
    commit_config(world, config(), config(status=HOLLOW))

    def meanwhile(*_):
        if moved == "head":
            world.hub.commit(
                world.repository,
                "feature",
                {"README.md": b""},
                author=world.hub.user("ann"),
                message="x",
                now=world.now,
            )
        else:
            branch(world, "other", {})
            world.pull.base_ref = "other"

    world.hub.script.add("GET */pulls/1/files", Meanwhile(meanwhile))
    code, said = gate()
    assert (code, states(world)) == (12, [])
    assert "#1 is by now" in said


def test_a_pull_request_that_meanwhile_goes_elsewhere_is_no_success_there(world, gate, config, staging):
    staging.status = 200
    commit_config(world, config(), config())
    branch(world, "other", {"releasegate.yml": config(status="201")})

    def meanwhile(*_):
        world.pull.base_ref = "other"

    staging.when_asked = meanwhile
    assert gate()[0] == 12
    assert told(world)[-1] == ("error", "not told: it is to be merged into other by now: run the gate again")


def test_an_edited_kind_of_check_by_others_waits_for_an_approval(world, gate, config, staging):
    """It is loaded from the repository, and judges."""
    staging.status = 200
    world.hub.commit(
        world.repository, "feature", {"gate/kinds/mine.py": b"x"}, author=world.hub.user("ann"), message="x",
        now=world.now,
    )  # fmt: skip
    world.head = world.pull.sha
    commit_config(world, config(), config())
    assert gate(INPUT_PYTHON_PATH="gate/kinds")[0] == 11
    assert "changes what runs the gate: gate/kinds/mine.py" in told(world)[-1][1]


def test_directories_of_kinds_are_guarded_wherever_they_are_named_and_only_inside_of_the_repository():
    unix = {"GITHUB_WORKSPACE": "/w/own", "INPUT_PYTHON_PATH": " kinds/a \n\n/w/own/./more\n../elsewhere\n/opt\n"}
    assert list(kinds_of(unix)) == ["kinds/a/**", "more/**"]
    windows = {"GITHUB_WORKSPACE": "D:\\a\\shop", "INPUT_PYTHON_PATH": "kinds\\a\nD:\\a\\shop\\more"}
    assert list(kinds_of(windows)) == ["kinds/a/**", "more/**"]
    assert list(kinds_of({"INPUT_PYTHON_PATH": "."})) == ["**"]
    assert list(kinds_of({})) == []


@pytest.mark.parametrize(("kinds", "guards"), [
    ([], False),
    (["non_fast_forward", "deletion", "creation", "required_signatures", "commit_message_pattern"], False),
    (["non_fast_forward", "pull_request"], True),
    (["update"], True),
    (["required_status_checks"], True),
])  # fmt: skip
def test_a_branch_is_guarded_only_by_rules_that_keep_what_was_pushed_away(kinds, guards):
    assert guarded([{"type": kind} for kind in kinds]) is guards


def test_no_gate_has_the_status_of_anothers_advisory_mode(config):
    text = config().replace(b"gate: staging", b"gate: staging-advisory").decode()
    with pytest.raises(ConfigError, match="how the status of an advisory gate ends"):
        load(text, {}, file="releasegate.yml")


def test_where_github_is_not_reached_nothing_is_judged_by_the_config_that_lies_here(world, gate, config, staging):
    """It is the pull request's: its targets would get what the environment holds."""
    Path("releasegate.yml").write_bytes(config(status=HOLLOW))
    code, said = gate(RELEASEGATE_APP_ID="99", RELEASEGATE_PRIVATE_KEY="no key")
    assert (code, staging.asked.is_set(), "may be merged" in said) == (12, False, False)
    assert "what the base branch demands is not known" in said


@pytest.mark.parametrize("order", ["one after the other", "at once"])
def test_of_two_configs_with_one_gates_name_the_green_one_does_not_hide_the_red_one(
    world, gate, config, staging, order
):
    """As the default name invites: each job of one workflow run has a config of its own."""
    commit_config(world, config(), config())

    def other(*_):
        world.say("failure", target_url="https://github.example/acme/shop/actions/runs/7/attempts/1")

    staging.status, staging.when_asked = 200, other if order == "at once" else lambda: None
    if order == "one after the other":
        other()
    assert gate()[0] == 12
    assert told(world)[-1][0] == "error"
    assert "give each config its own gate" in told(world)[-1][1]
    staging.when_asked = lambda: None
    assert gate(attempt="2")[0] == 0
    assert "before on this commit" in told(world)[-1][1]


def test_no_check_of_a_fork_is_asked_of_staging(world, gate, config, staging):
    """Whoever it belongs to would read the answers in the comment, of a database too."""
    staging.status = 200
    text = config().replace(
        b"health: {http", b'secrets: {http: {get: "api:/users", expect: {status: 201}}}, health: {http'
    )
    commit_config(world, config(), text)
    sha = world.forked.sha
    code, _ = gate(event="pull_request_target", payload=payload_of(world, fork=True))
    state, said = told(world, sha=sha)[-1]
    assert (code, state) == (0, "success")
    assert said.startswith(
        "DEGRADED: no check of this pull request is judged before it is merged: it comes from a fork"
    )
    assert [check.id for check in read(Path(".releasegate/evidence.json")).checks] == ["smoke.health"]
