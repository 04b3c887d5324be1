"""`doctor` against the stand-in, and its judgements of workflows: each hole is seen, and each closed one is ok."""

import json
from pathlib import Path

import pytest
from gate_world import CONTEXT, surroundings, write_config
from hub_world import JOB, PERSON, READER

from releasegate.cli.main import main
from releasegate.demo.hub.script import Broken
from releasegate.demo.hub.state import Required, Ruleset
from releasegate.github.doctor import Level, Seen, findings
from releasegate.github.nouns import Required as Need
from releasegate.github.nouns import Rules
from releasegate.github.workflows import workflows_of

GATE = """\
on: {events}
permissions: {{contents: read, statuses: {level}, pull-requests: write}}
jobs:
  {job}:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/releasegate@0000000000000000000000000000000000000000
"""
APP = 4711


class Nowhere:
    url = "http://127.0.0.1:9"


def workflow(events="{workflow_run: {workflows: [deploy]}}", level="write", job="judged"):
    return GATE.format(events=events, level=level, job=job)


@pytest.fixture
def ask(monkeypatch, capsys, world, server, tmp_path):
    """Run `doctor --json`; give its exit code and, by subject, level, sentence and remedy."""
    monkeypatch.chdir(tmp_path)
    write_config(Nowhere)
    Path(".github/workflows").mkdir(parents=True)
    Path(".github/workflows/gate.yml").write_text(workflow(), encoding="utf-8")

    def run(*arguments, token=PERSON, as_json=True):
        with monkeypatch.context() as patch:
            for name, value in surroundings(world, server, token=token).items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as left:
                main(["doctor", *(["--json"] if as_json else []), *arguments])
        out = capsys.readouterr().out
        assert not any(secret in out for secret in (JOB, PERSON, READER))
        if not as_json:
            return left.value.code, out
        told = json.loads(out)
        assert told["exit_code"] == left.value.code
        return left.value.code, {
            each["about"]: (each["level"], each["said"], each["remedy"]) for each in told["findings"]
        }

    return run


def require(world, **more):
    app = more.pop("app", APP)
    world.repository.rulesets[7] = Ruleset(id=7, name="gate", required=(Required(CONTEXT, app),), **more)


def test_a_gate_that_is_required_pinned_and_run_by_the_default_branch_is_ok(world, ask):
    require(world)
    code, found = ask()
    assert (code, {level for level, _, _ in found.values()}) == (0, {"ok"})
    assert found.keys() == {"required", "pinned", "shadowed", "bypass", "permission", "workflow", "trust"}
    assert found["required"][1] == f"main requires {CONTEXT}, by ruleset 7"
    assert world.repository.statuses == []


def test_a_status_that_nobody_requires_is_a_problem_with_the_place_to_require_it(ask):
    code, found = ask()
    level, said, remedy = found["required"]
    assert (code, level, "blocks nothing" in said) == (2, "problem", True)
    assert remedy.startswith("https://github.example/acme/shop/settings/rules")


@pytest.mark.parametrize("enforcement", ["evaluate", "disabled"])
def test_a_ruleset_that_is_not_in_force_does_not_count_and_is_named(world, ask, enforcement):
    require(world, enforcement=enforcement)
    code, found = ask()
    assert (code, found["required"][0], found["in force"][0]) == (2, "problem", "warning")
    assert f"gate ({enforcement})" in found["in force"][1]


def test_classic_protection_counts_and_does_not_bind_administrators(world, ask):
    world.repository.protected["main"] = (Required(CONTEXT, APP),)
    code, found = ask()
    assert (code, found["required"][0], found["bypass"][0]) == (0, "ok", "warning")
    assert "classic protection" in found["bypass"][1]


@pytest.mark.parametrize(("app", "who"), [(None, "whoever"), (15368, "any workflow")])
def test_a_status_that_is_pinned_to_no_app_of_its_own_is_a_warning(world, ask, app, who):
    require(world, app=app)
    code, found = ask()
    assert (code, found["pinned"][0], found["pinned"][1].startswith(who)) == (0, "warning", True)
    assert found["trust"][1].startswith("level 1")


def test_a_job_of_the_statuss_name_is_a_problem_on_github_and_in_a_workflow(world, ask):
    require(world)
    world.of("POST", "/check-runs", {"name": CONTEXT.upper(), "head_sha": world.head, "status": "in_progress"})
    assert ask()[1]["shadowed"][0] == "problem"
    world.repository.check_runs.clear()
    assert ask()[1]["shadowed"][0] == "ok"
    text = workflow().replace("runs-on", f"name: {CONTEXT}\n    runs-on")
    Path(".github/workflows/gate.yml").write_text(text, encoding="utf-8")
    assert ask()[1]["shadowed"][0] == "problem"


def test_who_may_bypass_is_named_to_who_may_know_it(world, ask):
    require(world, bypass=(("Team", 12),))
    assert ask()[1]["bypass"][:2] == ("warning", "it does not bind Team 12 (always)")
    level, said, _ = ask(token=JOB)[1]["bypass"]
    assert (level, "not shown" in said) == ("warning", True)


def test_a_second_rule_that_nobody_bypasses_is_enough(world, ask):
    require(world, bypass=(("Team", 12),))
    world.repository.rulesets[8] = Ruleset(id=8, name="firm", required=(Required(CONTEXT, APP),))
    assert ask()[1]["bypass"][0] == "ok"


def test_a_missing_permission_is_a_problem_with_the_block_to_paste(world, ask):
    require(world)
    code, found = ask(token=READER)
    level, said, remedy = found["permission"]
    assert (code, level, "statuses: write" in said) == (2, "problem", True)
    assert remedy.startswith("permissions:\n  contents: read\n  statuses: write")


def test_what_cannot_be_read_is_a_problem_and_never_ok(world, ask, monkeypatch):
    monkeypatch.setattr("releasegate.github.patience.MOST_TRIES", 1)
    require(world)
    world.hub.script.add("GET */rules/branches/*", Broken(502), nth=None)
    code, found = ask()
    assert (code, found["required"][0], found["required"][1].startswith("not known: ")) == (2, "problem", True)
    assert "pinned" not in found


def test_a_pull_request_that_touches_what_runs_the_gate_is_told(world, ask):
    require(world)
    assert ask("--pr", "1")[1]["change"][0] == "ok"
    author, files = world.hub.user("ann"), {".github/workflows/gate.yml": b"on: push\n", "releasegate.yml": b"\n"}
    world.hub.commit(world.repository, "feature", files, author=author, message="Edit", now=world.now)
    level, said, _ = ask("--pr", "1")[1]["change"]
    assert (level, ".github/workflows/gate.yml" in said, "releasegate.yml" in said) == ("warning", True, True)


def test_ready_tells_how_often_an_advisory_gate_would_have_blocked(world, ask):
    require(world)
    theirs = world.forked.sha
    world.say("failure", f"{CONTEXT}-advisory")
    world.say("success", f"{CONTEXT}-advisory")
    world.say("pending", f"{CONTEXT}-advisory")
    world.say("failure", f"{CONTEXT}-advisory", sha=theirs)
    level, said, remedy = ask("--ready")[1]["ready"]
    assert (level, remedy) == ("warning", "wait for 20 judged pull requests")
    assert said == (
        "advisory runs judged 2 of the last 2 pull requests: 1 would have been blocked by a red (#2), 0 by no verdict,"
        " 1 changed on one commit"
    )


def test_twenty_judged_pull_requests_are_ready_unless_too_many_have_no_verdict(world, ask):
    require(world)
    shop, author = world.repository, world.hub.user("ann")
    for number in range(20):
        made = world.hub.commit(shop, f"b{number}", {"b": b"%d" % number}, author=author, message="b", now=world.now)
        world.hub.pull(shop, shop, f"b{number}", author=author, now=world.now, title="b")
        world.say("error" if number == 0 else "success", f"{CONTEXT}-advisory", sha=made.sha)
    assert ask("--ready")[1]["ready"][0] == "ok"
    world.say("error", f"{CONTEXT}-advisory", sha=made.sha)
    assert ask("--ready")[1]["ready"][0] == "warning"


def test_people_read_level_subject_sentence_and_remedy(world, ask):
    code, out = ask(as_json=False)
    assert code == 2
    assert "problem  required    main does not require releasegate/staging" in out
    assert "add releasegate/staging\n" in out


def judged(text, rules=None):
    seen = Seen(context=CONTEXT, branch="main", settings="", rules=rules, workflows=workflows_of({"gate.yml": text}))
    return {finding.about: finding for finding in findings(seen)}


def test_a_workflow_that_may_not_set_a_status_is_a_problem():
    assert judged(workflow(level="read"))["workflow"].level is Level.PROBLEM
    assert judged(workflow())["workflow"].level is Level.OK


@pytest.mark.parametrize("filtered", ["paths", "paths-ignore"])
def test_a_paths_filter_is_a_problem(filtered):
    assert judged(workflow(f"{{pull_request: {{{filtered}: [a]}}}}"))["filter"].level is Level.PROBLEM
    assert "filter" not in judged(workflow("{pull_request: {branches: [a]}}"))


def test_a_queue_without_its_event_is_a_problem():
    rules = Rules(required=(Need(context=CONTEXT),), queue=True)
    assert judged(workflow("[pull_request]"), rules)["queue"].level is Level.PROBLEM
    assert "queue" not in judged(workflow("[pull_request, merge_group]"), rules)
    assert "queue" not in judged("", rules), "that no workflow runs the gate is said already"


def test_the_level_of_trust_follows_from_source_and_events():
    pinned = Rules(required=(Need(context=CONTEXT, app=APP),))
    assert judged(workflow("pull_request_target"), pinned)["trust"].said.startswith("level 2")
    assert judged(workflow("[pull_request_target, pull_request]"), pinned)["trust"].said.startswith("level 1")
    assert judged(workflow("pull_request_target"), Rules())["trust"].said.startswith("level 1")
    assert judged(workflow(), Rules(workflows=True))["trust"].said.startswith("level 3")


@pytest.mark.parametrize("text", ["", "[", "- a", "jobs: x", "jobs: {a: b}", "jobs: {a: {steps: {}}}", "on: [\x00]"])
def test_a_file_that_is_no_workflow_runs_no_gate(text):
    assert judged(text)["workflow"].said == "no workflow here runs the gate"


MODELS = Path(__file__).parents[2] / "docs/workflows"


@pytest.mark.parametrize("name", sorted({path.name for path in MODELS.glob("*.yml")} - {"waive.yml"}))
def test_every_workflow_of_the_docs_is_seen_to_run_the_gate_and_may_set_its_status(name):
    assert judged((MODELS / name).read_text(encoding="utf-8"))["workflow"].level is Level.OK


def test_a_workflow_that_waives_runs_no_gate():
    text = (MODELS / "waive.yml").read_text(encoding="utf-8")
    assert judged(text)["workflow"].said == "no workflow here runs the gate"
