"""Who could have turned it green: each row of the table in docs/security.md, tried against the stand-in."""

import re
from pathlib import Path

import pytest
from gate_world import (
    CONTEXT,
    commit_config,
    group_of,
    payload_of,
    states,
    told,
)
from hub_world import PERSON

from releasegate.changes.glob import matches
from releasegate.demo.hub.script import Broken
from releasegate.evidence.file import read
from releasegate.github.nouns import ChangedFile, Files, Review, ReviewState
from releasegate.github.trust import Snapshot, approved_by, differing, edits_of, touches, workflow_of

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs/security.md"
HEAD, OLD = "a" * 40, "b" * 40


@pytest.fixture
def published(call):
    """Run by the base branch's config, bytes, and publish the evidence; give the exit code and what was said then."""

    def made(base, **more):
        Path("base.yml").write_bytes(base)
        call("run", "-q", "--base-config", "base.yml", **more)
        return call("publish", ".releasegate/evidence.json", **more)

    return made


def origin():
    return read(Path(".releasegate/evidence.json")).plan["origin"]


def changed(*names, whole=True):
    return Files(files=tuple(ChangedFile(path=name, status="modified") for name in names), whole=whole)


# the page


def rows():
    """Give the table's rows: threat, level, tests."""
    text = PAGE.read_text(encoding="utf-8")
    table = text[text.index("| threat |") :].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_every_row_has_its_paragraph_and_tests_that_are_there():
    text = PAGE.read_text(encoding="utf-8")
    known = {
        name
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert len(rows()) == 11
    for threat, level, tests in rows():
        title = re.match(r"\[(.*?)\]\(#", threat)[1]
        assert f"\n### {title}\n" in text
        assert level
        named = re.findall(r"`(test_\w+)`", tests)
        assert named, threat
        assert set(named) <= known, threat


def test_every_row_of_github_is_named_after_its_test():
    named = {name for *_, tests in rows() for name in re.findall(r"`(test_trust_\w+)`", tests)}
    assert named == {name for name in globals() if name.startswith("test_trust_")}


# rows


def test_trust_pull_request_config(world, gate, config, staging):
    """A hollow config in the pull request: the base branch's version of its check runs, and decides."""
    staging.status = 500
    commit_config(world, config(), config(status=500))
    assert gate()[0] == 11
    (state, said) = told(world)[-1]
    assert (state, said.startswith("INCONCLUSIVE: the base branch's version")) == ("error", True)
    assert origin()["changed"] == ["smoke.health"]


@pytest.mark.parametrize(
    "weaker",
    ["mode: advisory", "events: {pull_request: defer}", "policy: {approvers: [ann]}", "gate: other"],
)
def test_trust_pull_request_policy(world, gate, config, staging, weaker):
    """What decides is the base branch's, whatever the pull request says."""
    staging.status = 500
    text = config(weaker).replace(b"gate: staging\n", b"") if weaker.startswith("gate") else config(weaker)
    commit_config(world, config(), text)
    assert gate()[0] == 10
    assert states(world)[-1] == "failure"
    assert origin()["terms"] == [weaker.partition(":")[0]]


def with_new_checks(text, new=20):
    """Add to a config's bytes checks that pass at once; the one that is there is flaky where its first sample fails."""
    one = b"{health: {samples: single, http"
    added = b"".join(b"new%d: {samples: once, tcp: {connect: api}}, " % n for n in range(new))
    return text.replace(b"{health: {http", one.replace(b"{", b"{" + added, 1) if new else one)


def test_trust_new_checks(world, call, gate, config, staging):
    """No rule is kept by adding checks that pass: it holds for what the base branch has, or is broken."""

    def once():
        staging.status = 200 if staging.asked.is_set() else 500

    base, staging.when_asked = config("policy: {block: [flaky <= 20%]}"), once
    commit_config(world, with_new_checks(base, 0), with_new_checks(base))
    assert gate()[0] == 10
    assert told(world)[-1] == ("failure", "UNSTABLE: flaky <= 20%: observed 100%")
    (rule,) = read(Path(".releasegate/evidence.json")).rules
    assert (rule.note, len(origin()["added"])) == ("without what is new and not merged", 20)
    assert call("judge", ".releasegate/evidence.json")[0] == 10


def test_trust_new_checks_that_fail(world, gate, config):
    """A check that is new and fails blocks like any other."""
    text = with_new_checks(config(), 0)
    failing = text.replace(b"{health:", b"{new: {http: {get: 'api:/x', expect: {status: 201}}}, health:")
    commit_config(world, text, failing)
    assert gate()[0] == 10
    assert "FAILED: smoke.new" in told(world)[-1][1]


def test_trust_targets(world, gate, config, staging):
    """No address of the pull request's is contacted."""
    commit_config(world, config(), config(url="http://127.0.0.1:9"))
    assert gate()[0] == 0
    assert (states(world)[-1], staging.asked.is_set(), origin()["terms"]) == ("success", True, ["targets"])


def test_trust_names_of_the_environment(world, gate, config, monkeypatch):
    """A pull request reads no name that no check of its base branch reads: the base branch's checks judge it alone."""
    monkeypatch.setenv("DEPLOY_KEY", "h4rdly-secret")
    text = config().replace(b"/health", b"/health?${DEPLOY_KEY}")
    commit_config(world, config(), text)
    assert gate()[0] == 0
    assert told(world)[-1][1].startswith("DEGRADED: no check of this pull request is judged before it is merged")
    assert "h4rdly" not in Path(".releasegate/evidence.json").read_text("utf-8")


@pytest.mark.parametrize(("review", "green"), [
    (("mia", "APPROVED", None), True),
    (("mia", "APPROVED", OLD), False),
    (("mia", "COMMENTED", None), False),
    (("mia", "DISMISSED", None), False),
    (("ann", "APPROVED", None), False),
    (("eve", "APPROVED", None), False),
])  # fmt: skip
def test_trust_approval(world, gate, config, staging, review, green):  # noqa: PLR0917 - fixtures
    """Only an approval of this head, by one whom the base branch names and who is not the author, lets it pass."""
    staging.status = 500
    commit_config(world, config("policy: {approvers: [mia, ann]}"), config("policy: {approvers: [eve]}", status=500))
    login, state, sha = review
    world.review(login, state, sha=sha)
    assert gate()[0] == (0 if green else 11)
    assert states(world)[-1] == ("success" if green else "error")


def edit_workflow(world):
    """Let the pull request change the workflow that runs; give the runner's variable that names it."""
    world.hub.commit(
        world.repository, "feature", {".github/workflows/gate.yml": b"on: push\n"}, author=world.hub.user("ann"),
        message="Skip the gate", now=world.now,
    )  # fmt: skip
    world.head = world.pull.sha
    return {"GITHUB_WORKFLOW_REF": "acme/shop/.github/workflows/gate.yml@refs/pull/1/merge"}


def test_trust_edited_workflow(world, gate, config):
    """A change of the workflow that runs the gate waits for an approval."""
    more = edit_workflow(world)
    commit_config(world, config("policy: {approvers: [mia]}"), config("policy: {approvers: [mia]}"))
    assert gate(**more)[0] == 11
    assert "changes what runs the gate: .github/workflows/gate.yml" in told(world)[-1][1]
    world.review("mia", "APPROVED")
    assert gate(**more, attempt="2")[0] == 0


@pytest.mark.parametrize(("text", "edited"), [
    (b"- uses: ./tools/gate/\n", "tools/gate/run.sh"),
    (b"jobs:\n  gate:\n    uses: './.github/workflows/called.yml'\n", ".github/workflows/called.yml"),
    (b"  uses: ./.github/workflows/between.yml\n", "tools/gate/run.sh"),
    (b"".join(b"  - uses: ./.github/workflows/many-%d.yml\n" % n for n in range(60)), "anything.txt"),
])  # fmt: skip
def test_a_change_of_what_the_workflow_uses_of_the_repository_is_one_of_what_runs_the_gate(
    world, gate, config, text, edited
):
    """Whatever the pull request's own version of the workflow uses: that it is changed is told by itself."""
    workflows = {".github/workflows/gate.yml": text, ".github/workflows/between.yml": b"steps: [{uses: x@v1}]\n"
                 b"  - uses: ./tools/gate # ours\n"}  # fmt: skip
    world.hub.commit(world.repository, "main", workflows, author=world.hub.user("ann"), message="x", now=world.now)
    world.hub.commit(
        world.repository, "feature", {edited: b"x"}, author=world.hub.user("ann"), message="x", now=world.now
    )
    world.head = world.pull.sha
    commit_config(world, config(), config())
    more = {"GITHUB_WORKFLOW_REF": "acme/shop/.github/workflows/gate.yml@refs/pull/1/merge"}
    assert gate(**more)[0] == 11
    assert re.search(f"changes what runs the gate: (a.py, )?{re.escape(edited)}", told(world)[-1][1])


def test_trust_edited_workflow_published(world, published, config):
    """So it does when one step runs the gate and another one publishes what it found."""
    more, base = edit_workflow(world), config("policy: {approvers: [mia]}")
    commit_config(world, base, base)
    assert published(base, **more)[0] == 11
    assert states(world) == ["pending", "error"]
    assert "changes what runs the gate: .github/workflows/gate.yml" in told(world)[-1][1]
    world.review("mia", "APPROVED")
    assert published(base, **more, attempt="2")[0] == 0
    assert told(world)[-1] == ("success", "DEGRADED: mia approved it: .github/workflows/gate.yml")


@pytest.mark.parametrize("guarded", [True, False])
def test_trust_guarded_files_published(world, published, config, guarded):
    """What else runs the gate is for the base branch to say, and published as a success only where nothing is changed."""
    base = config("policy: {guarded: [a.py]}" if guarded else "")
    commit_config(world, base, config())
    published(base)
    assert states(world)[-1] == ("error" if guarded else "success")


def test_trust_unlisted_files_published(world, published, config):
    """Where GitHub does not say what the pull request changes, no success is published."""
    commit_config(world, config(), config())
    world.hub.script.add("GET */compare/*", Broken(403), nth=None)
    assert "what the base branch demands is not known" in published(config())[1]
    assert states(world) == []


def test_trust_approval_published(world, published, config, staging):
    """An approval counts for evidence that is published as it does for a run of the gate."""
    staging.status = 500
    base = config("policy: {approvers: [mia]}")
    commit_config(world, base, config("policy: {approvers: [mia]}", status=500))
    Path("releasegate.yml").write_bytes(config("policy: {approvers: [mia]}", status=500))
    assert published(base)[0] == 11
    world.review("mia", "APPROVED")
    assert published(base, attempt="2")[0] == 0
    assert states(world)[-1] == "success"


def test_trust_head_by_its_commit(world, call, published, config):
    """The head of a pull request is one by whatever event it is published: another config than the base's is none."""
    commit_config(world, config(), config())
    payload = {"repository": {"full_name": "acme/shop", "default_branch": "main"}, "ref": "refs/heads/feature"}
    payload["after"] = world.head
    call("run", "-q", event="push", payload=payload)
    call("publish", ".releasegate/evidence.json", event="push", payload=payload)
    assert states(world) == []
    assert published(config(), event="push", payload=payload)[0] == 0
    assert states(world)[-1] == "success"


def test_a_green_run_is_published_in_at_most_seven_requests(world, published, config):
    commit_config(world, config(), config())
    assert published(config())[0] == 0
    assert len(world.hub.log) <= 7


def test_trust_hollow_base(world, gate, config):
    """A second pull request with the same head, onto a branch of one's own whose config demands nothing."""
    world.hub.commit(
        world.repository, "hollow", {"releasegate.yml": config(status="[200, 500]")}, author=world.hub.user("ann"),
        message="Demand less", now=world.now,
    )  # fmt: skip
    commit_config(world)
    world.pull.base_ref = "hollow"
    code, said = gate(payload=payload_of(world, base="hollow"))
    assert states(world) == []
    assert "hollow is neither the default branch nor protected" in said
    assert code == 0


def test_trust_first_config(world, gate, config):
    """The first config of a repository is at best degraded."""
    commit_config(world, b"", config())
    assert gate()[0] == 0
    assert told(world)[-1][1].startswith("DEGRADED: unreviewed policy")


def test_trust_first_config_of_a_stranger(world, gate, config):
    """Where the base branch has none, no fork's is read beside the secrets of a job that is ours."""
    commit_config(world, b"", config())
    code, said = gate(event="pull_request_target", payload=payload_of(world, fork=True))
    assert (code, states(world, sha=world.forked.sha)) == (2, [])
    assert "the first one comes from a branch of acme/shop itself" in said


@pytest.mark.parametrize("broken", [b"version: 1\n", b"suites: [", b"\xff"])
def test_trust_unusable_base(world, gate, config, broken):
    """A config of the base branch that cannot be read is never green."""
    commit_config(world, broken, config())
    assert gate()[0] in {2, 12}
    assert "success" not in states(world)


def test_trust_deleted_config(world, gate, config):
    """A pull request that takes the config away is an error, and no green."""
    commit_config(world, config(), b"")
    assert (gate()[0], states(world)) == (2, [])


@pytest.mark.parametrize(("asked", "said"), [("compare/*", []), ("branches/main", ["pending", "error"])])
def test_trust_unreadable_base(world, gate, config, asked, said):
    """When GitHub does not give the base branch, nothing is judged; where it does so later, nothing is green."""
    commit_config(world, config(), config())
    world.hub.script.add(f"GET */{asked}", Broken(403), nth=None)
    assert (gate()[0], states(world)) == (12, said)


def test_trust_base_moved(world, gate, config, staging):
    """The base branch demands something else when the run ends: no success is written."""
    commit_config(world, config(), config())

    def meanwhile(*_):
        text = {"releasegate.yml": config("policy: {block: [failed == 0]}")}
        world.hub.commit(
            world.repository, "main", text, author=world.hub.user("tom"), message="Demand more", now=world.now
        )

    staging.when_asked = meanwhile
    assert gate()[0] == 12
    state, said = told(world)[-1]
    assert (state, said.startswith("not told: main moved to ")) == ("error", True)


def test_trust_fork(world, gate, config):
    """A fork's own job writes nothing, whatever its config says; the default branch's job judges it by the base's."""
    commit_config(world, config(), config("mode: advisory"))
    gate(payload=payload_of(world, fork=True))
    assert states(world, sha=world.forked.sha) == []
    assert gate(event="pull_request_target", payload=payload_of(world, fork=True))[0] == 0
    assert states(world, sha=world.forked.sha) == ["pending", "success"]


# a merge queue


@pytest.fixture
def queued(world, gate):
    """Let the queue make a group of these files, on commits with these configs, and judge it; give code and commit."""

    def judged(base, head, files=(), **more):
        payload, sha = group_of(world, files)
        commit_config(world, base, head)
        return gate(event="merge_group", payload=payload, **more)[0], sha

    return judged


def test_trust_group_config(world, queued, config, staging):
    """A hollow config in a merge group: the base branch's version of its check decides, and nobody approves a group."""
    staging.status = 500
    world.review("mia", "APPROVED")
    base = config("policy: {approvers: [mia]}")
    code, sha = queued(base, config("policy: {approvers: [mia]}", status=500))
    assert (code, states(world, sha=sha)) == (11, ["pending", "error"])
    assert origin()["changed"] == ["smoke.health"]
    (reason,) = read(Path(".releasegate/evidence.json")).verdict.reasons
    assert reason.startswith("the base branch's version of what this merge group changes does not pass: smoke.health@b")
    assert reason.endswith(
        "nobody approves a group: events: {merge_group: inherit} takes what its pull requests were told"
    )


@pytest.mark.parametrize("weaker", ["mode: advisory", "events: {merge_group: inherit}", "events: {merge_group: defer}"])
def test_trust_group_policy(world, queued, config, staging, weaker):
    """What decides of a merge group is the base branch's, whatever the group's own commit says."""
    staging.status = 500
    world.say("success", CONTEXT)
    code, sha = queued(config(), config(weaker))
    assert (code, states(world, sha=sha)) == (10, ["pending", "failure"])
    assert origin()["terms"] == [weaker.partition(":")[0]]


def test_trust_group_inherits_by_the_base_branch(world, queued, config, staging):
    """That a group inherits is the base branch's to say."""
    world.say("success", CONTEXT)
    code, sha = queued(config("events: {merge_group: inherit}"), config("events: {merge_group: inherit}", status="2xx"))
    assert (code, states(world, sha=sha), staging.asked.is_set()) == (0, ["pending", "success"], False)


MANY = {f"src/{number}.py": b"1\n" for number in range(300)}


@pytest.mark.parametrize("files", [{".github/actions/gate/action.yml": b"1\n"}, MANY], ids=["an action", "300 files"])
def test_trust_group_edits(world, queued, config, files):
    """A merge group that changes what runs the gate, or so much that GitHub does not list it, is not green."""
    code, sha = queued(config(), config(), files)
    assert (code, states(world, sha=sha)) == (11, ["pending", "error"])
    assert "this merge group changes what runs the gate" in told(world, sha=sha)[-1][1]


def test_trust_group_behind_another(world, gate, config):
    """A merge group brings what the groups before it bring, until that is merged."""
    _, before = group_of(world, {".github/actions/gate/action.yml": b"1\n"})
    payload, sha = group_of(world, behind=before)
    commit_config(world, config(), config())
    assert gate(event="merge_group", payload=payload)[0] == 11
    world.repository.branches["main"] = before
    assert gate(event="merge_group", payload=payload, attempt="2")[0] == 0
    assert states(world, sha=sha) == ["pending", "error", "pending", "success"]


def test_trust_group_onto_no_config(world, queued, config):
    """A merge group brings no first config."""
    code, sha = queued(b"", config())
    assert (code, states(world, sha=sha)) == (2, [])


def test_trust_group_published(world, call, published, config):
    """What was not judged by the base branch's config is published of a merge group no more than of a pull request."""
    payload, sha = group_of(world)
    commit_config(world, config(), config())
    more = {"event": "merge_group", "payload": payload}
    call("run", "-q", **more)
    call("publish", ".releasegate/evidence.json", **more)
    assert states(world, sha=sha) == []
    assert published(config(), **more)[0] == 0
    assert states(world, sha=sha) == ["pending", "success"]


def test_a_group_that_is_green_is_judged_in_at_most_six_requests(world, queued, config):
    code, sha = queued(config(), config())
    assert (code, states(world, sha=sha)) == (0, ["pending", "success"])
    assert len(world.hub.log) <= 6


# what decides, purely


def test_never_green_37_a_list_of_files_that_is_not_whole_may_hold_anything():
    assert edits_of(changed("a.py", whole=False), ()) == ("(GitHub lists only some of the changed files)",)
    assert touches(changed("a.py", whole=False), {"releasegate.yml"})


def test_a_file_that_is_moved_away_is_changed():
    files = Files(files=(ChangedFile(path="a", status="renamed", previous=".github/workflows/g.yml"),), whole=True)
    assert edits_of(files, (".github/workflows/g.yml",)) == (".github/workflows/g.yml",)
    assert touches(files, {".github/workflows/g.yml"})


def test_further_files_are_guarded_by_globs_and_so_are_actions_of_the_repository():
    assert edits_of(changed("lock/a.txt", ".github/actions/x/action.yml", "b"), ("lock/**", ".github/actions/**")) == (
        "lock/a.txt", ".github/actions/x/action.yml",
    )  # fmt: skip
    assert matches(".github/actions/**", ".github/actions/x/action.yml")


@pytest.mark.parametrize("ref", ["", "other/repo/.github/workflows/a.yml@v1", "acme/shop-2/.github/workflows/a.yml@v1"])
def test_a_workflow_of_another_repository_is_no_file_of_ours(ref):
    assert workflow_of({"GITHUB_WORKFLOW_REF": ref}, "acme/shop") == ()


def review(author="mia", state=ReviewState.APPROVED, sha=HEAD):
    return Review(author=author, state=state, sha=sha)


@pytest.mark.parametrize(
    ("reviews", "by"),
    [
        ([], None),
        ([review()], "mia"),
        ([review("Mia")], "Mia"),
        ([review(), review(state=ReviewState.COMMENTED)], "mia"),
        ([review(), review(state=ReviewState.CHANGES_REQUESTED)], None),
        ([review(), review(state=ReviewState.DISMISSED)], None),
        ([review(state=ReviewState.CHANGES_REQUESTED), review()], "mia"),
        ([review(), review(sha=OLD)], None),
        ([review(sha=None)], None),
        ([review("eve"), review("tom")], None),
    ],
)
def test_an_approval_is_the_last_word_on_this_head_of_one_who_is_named_and_not_the_author(reviews, by):
    assert approved_by(reviews, ("mia", "Tom"), head=HEAD, author="TOM") == by


def test_never_green_42_a_base_that_moved_is_said_only_where_it_says_something_else():
    before = Snapshot(branch="main", sha=OLD, texts={"releasegate.yml": "1", "other.yml": None})
    same = Snapshot(branch="main", sha=HEAD, texts=before.texts)
    assert differing(before, same) is None
    for texts in ({"releasegate.yml": "2", "other.yml": None}, {"releasegate.yml": "1", "other.yml": "1"}, {}):
        said = differing(before, Snapshot(branch="main", sha=HEAD, texts=texts))
        assert said.startswith("main moved to aaaaaaaaaaaa, which has another ")


def test_what_is_asked_of_github_is_within_what_the_documented_workflow_may(world, gate, config):
    commit_config(world, config("policy: {approvers: [mia]}"), config("policy: {approvers: [mia]}", status="2xx"))
    gate()
    assert [
        each.response.status for each in world.hub.log if each.response.status >= 400 and each.response.status != 404
    ] == []
    assert {CONTEXT} == {status.context for status in world.repository.statuses}
    assert PERSON not in {each.identity for each in world.hub.log}
