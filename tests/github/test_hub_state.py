"""What was written is there to be read: by everyone, in GitHub's order, page by page."""

import base64

import pytest
from hub_world import JOB, PERSON, World

from releasegate.demo.hub.state import Required, Ruleset, Run


def test_statuses_come_newest_first_and_the_newest_of_each_context_counts(world):
    world.say("pending")
    world.say("success", context="build")
    world.say("failure", context="RELEASEGATE/staging")
    listed = world.of("GET", f"/commits/{world.head}/statuses").payload
    assert [each["state"] for each in listed] == ["failure", "success", "pending"]
    summed = world.of("GET", "/commits/feature/status").payload
    assert (summed["state"], summed["total_count"], summed["sha"]) == ("failure", 2, world.head)
    assert [each["context"] for each in summed["statuses"]] == ["build", "RELEASEGATE/staging"]
    assert "creator" not in summed["statuses"][0]


@pytest.mark.parametrize(
    ("said", "summed"),
    [
        ([], "pending"), (["success"], "success"), (["success", "pending"], "pending"), (["pending", "error"], "failure"),
        (["failure", "success"], "failure"),
    ],
)  # fmt: skip
def test_statuses_sum_up_as_on_github(world, said, summed):
    for number, state in enumerate(said):
        world.say(state, context=str(number))
    assert world.of("GET", f"/commits/{world.head}/status").payload["state"] == summed


def test_comments_are_listed_over_pages_of_at_most_a_hundred(world):
    made = [world.of("POST", "/issues/1/comments", {"body": f"{number}"}).payload["id"] for number in range(205)]
    world.of("POST", "/issues/2/comments", {"body": "elsewhere"})
    path, seen, sizes = "/repos/acme/shop/issues/1/comments", [], []
    query = {"per_page": 200}
    while path:
        response = world.ask("GET", path, **query).response
        seen += [each["id"] for each in response.payload]
        sizes.append(len(response.payload))
        links = dict(reversed(part.split("; rel=")) for part in response.headers.get("link", "").split(", ") if part)
        address = links.get('"next"', "").strip("<>")
        path, _, rest = address.removeprefix("https://api.github.com").partition("?")
        query = dict(part.split("=") for part in rest.split("&") if part)
    assert seen == made
    assert sizes == [100, 100, 5]
    assert len(world.of("GET", "/issues/1/comments").payload) == 30
    assert world.of("GET", "/issues/1/comments", page=9).payload == []


def test_a_comment_is_changed_and_taken_away(world):
    made = world.of("POST", "/issues/1/comments", {"body": "red"}).payload
    world.now += 60
    edited = world.of("PATCH", f"/issues/comments/{made['id']}", {"body": "green"}).payload
    assert (edited["body"], edited["created_at"]) == ("green", made["created_at"])
    assert edited["updated_at"] > made["updated_at"]
    assert world.of("GET", "/issues/1/comments", since=edited["updated_at"]).payload == [edited]
    gone = world.of("DELETE", f"/issues/comments/{made['id']}")
    assert (gone.status, gone.payload) == (204, None)
    assert world.of("GET", f"/issues/comments/{made['id']}").status == 404
    assert world.of("PATCH", f"/issues/comments/{made['id']}", {"body": "a"}).status == 404


def test_a_forks_pull_request_shows_by_its_head_and_not_by_its_commit(world):
    ours, theirs = world.head, world.forked.sha
    assert [each["number"] for each in world.of("GET", f"/commits/{ours}/pulls").payload] == [1]
    assert world.of("GET", f"/commits/{theirs}/pulls").payload == []
    found = world.of("GET", "/pulls", head="eve:theirs", state="open").payload
    assert [(each["number"], each["head"]["sha"], each["head"]["repo"]["full_name"]) for each in found] == [
        (2, theirs, "eve/shop")
    ]
    assert world.of("GET", "/pulls", head="eve:feature").payload == []
    assert world.say(sha=theirs).status == 201


def test_a_push_moves_the_head_and_closing_hides_the_pull_request(world):
    new = world.hub.commit(
        world.fork, "theirs", {"b.py": b"3\n"}, author=world.hub.user("eve"), message="Change b", now=world.now
    ).sha
    shown = world.of("GET", "/pulls/2").payload
    assert (shown["head"]["sha"], shown["commits"], shown["changed_files"]) == (new, 2, 1)
    assert world.of("GET", f"/commits/{new}").payload["files"][0]["status"] == "modified"
    world.forked.open = False
    assert [each["number"] for each in world.of("GET", "/pulls").payload] == [1]
    assert world.of("GET", "/pulls", state="all", direction="asc").payload[1]["state"] == "closed"


def test_a_pull_request_shows_no_more_than_3000_files(world):
    files = {f"f{number:04}": b"" for number in range(3_001)}
    world.hub.commit(world.repository, "feature", files, author=world.hub.user("ann"), message="Add", now=world.now)
    assert len(world.of("GET", "/pulls/1/files", per_page=100, page=30).payload) == 100
    assert world.of("GET", "/pulls/1/files", per_page=100, page=31).payload == []
    assert world.of("GET", "/pulls/1").payload["changed_files"] == 3_002


def test_two_commits_are_compared_by_their_histories(world):
    world.hub.commit(world.repository, "main", {"c": b""}, author=world.hub.user("ann"), message="Add c", now=world.now)
    seen = world.of("GET", "/compare/main...feature").payload
    assert (seen["status"], seen["ahead_by"], seen["behind_by"]) == ("diverged", 1, 1)
    assert [(each["filename"], each["status"]) for each in seen["files"]] == [("a.py", "added")]
    assert world.of("GET", "/compare/main...main").payload["status"] == "identical"
    assert world.of("GET", f"/compare/main...eve:{world.forked.sha}").payload["ahead_by"] == 1
    assert world.of("GET", "/compare/main...none").status == 404


def test_a_config_is_read_at_the_base_and_history_is_written_on_a_branch(world):
    read = world.of("GET", "/contents/.github/releasegate.yml", ref="main").payload
    assert base64.b64decode(read["content"]) == b"version: 1\n"
    assert world.of("GET", "/contents/none.yml").status == 404
    assert world.of("GET", "/contents/a", ref="none").payload["message"] == "No commit found for the ref none"
    tip = world.of("GET", "/git/ref/heads/main").payload["object"]["sha"]
    made = world.of("POST", "/git/refs", {"ref": "refs/heads/history", "sha": tip}, token=PERSON)
    assert made.headers["location"].endswith("/git/refs/heads/history")
    again = world.of("POST", "/git/refs", {"ref": "refs/heads/history", "sha": tip}, token=PERSON)
    assert again.payload["message"] == "Reference already exists"
    first = {"message": "Add", "content": "e30=", "branch": "history"}
    written = world.of("PUT", "/contents/h/1.json", first, token=PERSON)
    assert written.status == 201
    over = {**first, "content": "W10=", "sha": written.payload["content"]["sha"]}
    assert world.of("PUT", "/contents/h/1.json", over, token=PERSON).status == 200
    assert base64.b64decode(world.of("GET", "/contents/h/1.json", ref="history").payload["content"]) == b"[]"
    assert world.of("GET", "/contents/h/1.json").status == 404


def test_check_runs_are_listed_newest_first_one_of_each_name(world):
    for name, conclusion in (("gate", "failure"), ("gate", "success"), ("build", "neutral")):
        world.of("POST", "/check-runs", {"name": name, "head_sha": world.head, "conclusion": conclusion})
    shown = world.of("GET", f"/commits/{world.head}/check-runs").payload
    assert [(each["name"], each["conclusion"]) for each in shown["check_runs"]] == [
        ("build", "neutral"), ("gate", "success"),
    ]  # fmt: skip
    assert shown["total_count"] == 2
    every = world.of("GET", f"/commits/{world.head}/check-runs", filter="all", check_name="gate").payload
    assert every["total_count"] == 2
    assert world.of("GET", f"/commits/{world.head}/check-runs", app_id=1).payload["check_runs"] == []


def test_a_check_run_is_changed_by_its_own_app_alone(world):
    made = world.of("POST", "/check-runs", {"name": "gate", "head_sha": world.head, "status": "in_progress"}).payload
    assert (made["status"], made["app"]["slug"]) == ("in_progress", "github-actions")
    assert world.of("PATCH", f"/check-runs/{made['id']}", {"status": "queued"}, token=PERSON).status == 403
    assert world.of("PATCH", f"/check-runs/{made['id']}", {"conclusion": "success"}).payload["status"] == "completed"
    assert world.of("GET", "/check-runs/1").status == 404


def test_a_branch_shows_classic_protection_and_its_rules_show_rulesets(world):
    shop = world.repository
    shop.protected["main"] = (Required("build"),)
    shop.rulesets |= {
        1: Ruleset(id=1, name="on", required=(Required("gate", 15368),), bypass=(("Team", 3),)),
        2: Ruleset(id=2, name="tried", required=(Required("later"),), enforcement="evaluate"),
        3: Ruleset(id=3, name="elsewhere", required=(Required("other"),), refs=("refs/heads/release/*",)),
    }
    main = world.of("GET", "/branches/main").payload
    assert main["protection"]["required_status_checks"]["contexts"] == ["build"]
    assert world.of("GET", "/branches/feature").payload["protected"] is False
    assert world.of("GET", "/branches/none").payload["message"] == "Branch not found"
    ruled = world.of("GET", "/rules/branches/main").payload
    assert [(each["ruleset_id"], each["parameters"]["required_status_checks"]) for each in ruled] == [
        (1, [{"context": "gate", "integration_id": 15368}])
    ]
    assert [each["ruleset_id"] for each in world.of("GET", "/rules/branches/release/1").payload] == [3]
    assert len(world.of("GET", "/rulesets").payload) == 3
    assert "bypass_actors" not in world.of("GET", "/rulesets/1", token=JOB).payload
    assert world.of("GET", "/rulesets/1", token=PERSON).payload["bypass_actors"][0]["actor_id"] == 3


def test_a_role_is_told_in_both_ways(world):
    world.repository.roles |= {"ann": "maintain", "eve": "triage"}
    asked = {login: world.of("GET", f"/collaborators/{login}/permission").payload for login in ("ann", "eve")}
    assert [(each["permission"], each["role_name"]) for each in asked.values()] == [
        ("write", "maintain"), ("read", "triage"),
    ]  # fmt: skip
    assert asked["ann"]["user"]["permissions"] == {
        "pull": True, "triage": True, "push": True, "maintain": True, "admin": False,
    }  # fmt: skip
    assert world.of("GET", "/collaborators/bob/permission").payload["message"] == "bob is not a user"


def test_a_run_of_a_fork_names_no_pull_request(world):
    world.repository.runs[7] = Run(
        id=7, name="gate", path=".github/workflows/gate.yml", event="pull_request", sha=world.forked.sha, branch="theirs",
        head=world.fork, actor=world.hub.user("eve"), at=world.now, attempt=2,
    )  # fmt: skip
    shown = world.of("GET", "/actions/runs/7").payload
    assert (shown["head_sha"], shown["run_attempt"], shown["pull_requests"]) == (world.forked.sha, 2, [])
    assert shown["head_repository"]["full_name"] == "eve/shop"
    assert world.of("GET", "/actions/runs/8").status == 404


def test_an_alert_is_an_issue_that_can_be_found_again(world):
    made = world.of("POST", "/issues", {"title": "staging is red", "labels": ["releasegate"]}, token=PERSON).payload
    found = world.of("GET", "/issues", labels="releasegate").payload
    assert [each["number"] for each in found] == [made["number"]] == [3]
    assert len(world.of("GET", "/issues", creator="ann").payload) == 2
    world.repository.issues[3].open = False
    assert world.of("GET", "/issues", labels="releasegate").payload == []


@pytest.mark.parametrize("path", ["/nothing", "/pulls/one", "/pulls/9", "/issues/9/comments", "/git/ref/tags/v1"])
def test_what_is_not_there_is_not_found(path):
    refused = World().of("GET", path)
    assert (refused.status, refused.payload["message"]) == (404, "Not Found")


def test_a_commit_is_found_by_branch_and_by_the_beginning_of_its_id(world):
    for ref in ("feature", "heads/feature", "refs/heads/feature", world.head, world.head[:7]):
        assert world.of("GET", f"/commits/{ref}").payload["sha"] == world.head
    assert world.of("GET", f"/commits/{world.head[:6]}").status == 422
