"""PyGithub, the product's client, finds in the stand-in what it finds on GitHub."""

import time
from datetime import UTC, datetime

import pytest
from github.GithubException import (
    BadCredentialsException,
    GithubException,
    RateLimitExceededException,
    UnknownObjectException,
)
from hub_world import JOB, PERSON, READER
from test_hub_access import PRIVATE, PUBLIC

from github import Auth, Github, GithubIntegration
from releasegate.demo.hub.script import Broken, Exhausted, Lost, Throttled


def opened(server, token=JOB, *, root="", lazy=True):
    """Give a client that waits for nothing and tries nothing twice."""
    return Github(
        auth=Auth.Token(token), base_url=server.url + root, per_page=100, retry=None, timeout=10,
        seconds_between_requests=None, seconds_between_writes=None, lazy=lazy,
    )  # fmt: skip


@pytest.fixture
def shop(server):
    with opened(server) as client:
        yield client.get_repo("acme/shop")


def requests(world):
    return [f"{each.request.method} {each.route.partition(' ')[2]}" for each in world.hub.log]


def test_a_status_is_created_and_read_again(world, shop):
    commit = shop.get_commit(world.head)
    made = commit.create_status("pending", "https://example.com/run/1", "running", "releasegate/staging")
    assert (made.state, made.context, made.creator.login) == ("pending", "releasegate/staging", "github-actions[bot]")
    assert abs(made.created_at - datetime.now(UTC)).total_seconds() < 60
    commit.create_status("success", context="releasegate/staging")
    assert [each.state for each in commit.get_statuses()] == ["success", "pending"]
    summed = commit.get_combined_status()
    assert (summed.state, summed.total_count) == ("success", 1)


def test_comments_are_read_over_three_pages(world, shop):
    for number in range(205):
        world.of("POST", "/issues/1/comments", {"body": f"{number}"})
    world.hub.log.clear()
    issue = shop.get_pull(1).as_issue()
    assert [each.body for each in issue.get_comments()] == [f"{number}" for number in range(205)]
    assert sum(each.request.path.endswith("/comments") for each in world.hub.log) == 3
    assert issue.get_comments().totalCount == 205


def test_a_comment_is_created_edited_and_deleted(shop):
    pull = shop.get_pull(1)
    made = pull.create_issue_comment("red")
    assert made.performed_via_github_app.id == 15368
    made.edit("green")
    assert pull.get_issue_comment(made.id).body == "green"
    made.delete()
    with pytest.raises(UnknownObjectException):
        pull.get_issue_comment(made.id).update()


def test_a_check_run_is_created_and_completed(world, shop):
    noted = {"path": "a.py", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "red"}
    run = shop.create_check_run(
        "gate", world.head, status="in_progress", output={"title": "t", "summary": "s", "annotations": [noted]}
    )
    run.edit(status="completed", conclusion="failure", output={"title": "t", "summary": "s", "annotations": [noted]})
    [listed] = shop.get_commit(world.head).get_check_runs()
    assert (listed.conclusion, listed.output.annotations_count, listed.app.slug) == ("failure", 2, "github-actions")


def test_contents_are_read_and_history_is_written(server):
    with opened(server, PERSON) as client:
        shop = client.get_repo("acme/shop")
        assert shop.get_contents(".github/releasegate.yml", ref="main").decoded_content == b"version: 1\n"
        assert [each.path for each in shop.get_contents(".github")] == [".github/releasegate.yml"]
        shop.create_git_ref("refs/heads/history", shop.get_git_ref("heads/main").object.sha)
        made = shop.create_file("history.json", "Add", "{}", branch="history")["content"]
        assert made.sha == "9e26dfeeb6e641a33dae4961196235bdb965b21b"
        shop.update_file("history.json", "Change", "[]", made.sha, branch="history")
        with pytest.raises(GithubException, match="does not match"):
            shop.update_file("history.json", "Change", "[1]", made.sha, branch="history")
        assert shop.get_contents("history.json", ref="history").decoded_content == b"[]"


def test_what_a_gate_must_know_is_there(world, server):
    world.repository.roles["ann"] = "maintain"
    with opened(server, PERSON) as client:
        shop = client.get_repo("acme/shop")
        assert shop.get_pull(2).head.sha == world.forked.sha
        assert [each.number for each in shop.get_pulls(state="open", head="eve:theirs")] == [2]
        assert list(shop.get_commit(world.forked.sha).get_pulls()) == []
        assert [each.filename for each in shop.get_pull(1).get_files()] == ["a.py"]
        assert shop.compare("main", "feature").ahead_by == 1
        assert shop.get_collaborator_permission("ann") == "write"
        assert shop.get_collaborator_role_name("ann") == "maintain"
        assert not shop.get_branch("main").protected
        assert shop.create_issue("staging is red", labels=["releasegate"]).number == 3
        assert client.get_user().login == "ann"
        assert client.get_rate_limit().rate.limit == 5_000


def test_an_app_signs_in_and_publishes_as_itself(world, server):
    app = world.hub.app("gate", "acme", {"statuses": "write", "pull_requests": "write"}, PUBLIC)
    signed = Auth.AppAuth(app.id, PRIVATE)
    with GithubIntegration(auth=signed, base_url=server.url, retry=None, seconds_between_requests=None) as integration:
        assert integration.get_app().slug == "gate"
        installation = integration.get_repo_installation("acme", "shop")
        token = integration.get_access_token(installation.id, permissions={"statuses": "write"})
        assert token.expires_at.timestamp() - time.time() == pytest.approx(3_600, abs=60)
    with opened(server, token.token) as client:
        made = client.get_repo("acme/shop").get_commit(world.head).create_status("success")
        assert made.creator.login == "gate[bot]"


def test_an_enterprise_server_is_found_below_its_root(world, server):
    for number in range(101):
        world.of("POST", "/issues/1/comments", {"body": f"{number}"})
    with opened(server, root="/api/v3", lazy=False) as client:
        shop = client.get_repo("acme/shop")
        assert shop.url == f"{server.url}/api/v3/repos/acme/shop"
        assert len(list(shop.get_pull(1).get_issue_comments())) == 101
        shop.get_commit(world.head).create_status("success")
    assert [each.state for each in world.repository.statuses] == ["success"]


def test_the_shortest_way_of_a_gate_is_few_requests(world, shop):
    commit = shop.get_commit(world.head)
    commit.create_status("pending")
    pull = shop.get_pull(1)
    pull.create_issue_comment("green")
    commit.create_status("success")
    repo = "/repos/{owner}/{repo}"
    assert requests(world) == [
        f"POST {repo}/statuses/{{sha}}", f"GET {repo}/pulls/{{number}}",
        f"POST {repo}/issues/{{number}}/comments", f"POST {repo}/statuses/{{sha}}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("effect", "raised", "status"),
    [
        (Throttled(60), RateLimitExceededException, 403),
        (Throttled(), RateLimitExceededException, 403),
        (Exhausted(), RateLimitExceededException, 403),
        (Exhausted(429), GithubException, 429),
        (Broken(502), GithubException, 502),
    ],
)
def test_trouble_is_the_exception_that_pygithub_has_for_it(world, server, effect, raised, status):
    world.hub.script.add("POST */comments", effect)
    with opened(server) as client:
        pull = client.get_repo("acme/shop").get_pull(1)
        with pytest.raises(raised) as caught:
            pull.create_issue_comment("red")
    assert caught.value.status == status
    assert world.repository.comments == {}


def test_a_refusal_is_the_exception_that_pygithub_has_for_it(world, server):
    with opened(server, READER) as client:
        commit = client.get_repo("acme/shop").get_commit(world.head)
        with pytest.raises(GithubException, match="Resource not accessible by integration") as caught:
            commit.create_status("success")
        assert caught.value.headers["x-accepted-github-permissions"] == "statuses=write"
    with opened(server, "ghs_nobody", lazy=False) as client, pytest.raises(BadCredentialsException):
        client.get_repo("acme/shop")


def test_a_lost_answer_is_an_error_of_the_connection_and_the_write_may_stand(world, shop):
    from requests.exceptions import ConnectionError as Cut

    commit = shop.get_commit(world.head)
    world.hub.script.add("POST */statuses/*", Lost(after=True))
    with pytest.raises(Cut):
        commit.create_status("success")
    assert [each.state for each in commit.get_statuses()] == ["success"]
