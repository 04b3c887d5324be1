"""The client against the stand-in: each exchange is also held against GitHub's description."""

import contextlib
import copy
import itertools
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hub_world import JOB, READER

from releasegate.demo.hub.script import Broken, Exhausted, Lost, Throttled, Truncated
from releasegate.github.client import GithubHub
from releasegate.github.job import Job
from releasegate.github.nouns import CheckRun, Conclusion, HubError, Status, StatusState

CONTEXT = "releasegate/staging"


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.slept = []

    def now(self):
        return 1000.0 + sum(self.slept)

    def wall(self):
        return time.time() + sum(self.slept)


def opened(server, clock=None, *, root="", budget_s=90.0, **job):
    clock = clock or Clock()
    job = Job(api_url=server.url + root, **(job or {"token": JOB}))
    return GithubHub(
        job, "acme/shop", clock=clock.now, wall=clock.wall, sleep=clock.slept.append, budget_s=budget_s
    )  # fmt: skip


def said(state="success", text="x"):
    return Status(context=CONTEXT, state=StatusState(state), description=text, target_url="https://example.com/1")


def posts(world, end):
    return sum(each.request.method == "POST" and each.request.path.endswith(end) for each in world.hub.log)


def test_a_status_says_who_set_it_and_is_read_newest_first_whatever_the_case(world, server):
    hub = opened(server)
    first = hub.set_status(world.head, said("pending"))
    hub.set_status(world.head, said())
    hub.set_status(world.head, Status(context="other", state=StatusState.ERROR, description=""))
    assert (first.creator, first.id > 0) == ("github-actions[bot]", True)
    assert [each.state.value for each in hub.statuses(world.head, CONTEXT.upper())] == ["success", "pending"]


@pytest.mark.parametrize("root", ["", "/api/v3"])
def test_it_speaks_to_the_address_it_is_given_also_an_enterprise_servers(world, server, root):
    hub = opened(server, root=root)
    assert hub.pull(1).head_sha == world.head
    assert [pull.number for pull in hub.pulls_of_commit(world.head)] == [1]
    assert [pull.number for pull in hub.pulls_of_head("eve", "theirs")] == [2]
    assert hub.file(".github/releasegate.yml", "main") == "version: 1\n"
    assert hub.file("none.yml", "main") is None


def test_every_page_is_read(world, server):
    for number in range(205):
        world.of("POST", "/issues/1/comments", {"body": f"{number}"})
    assert [each.body for each in opened(server).comments(1)] == [f"{number}" for number in range(205)]


def test_what_a_head_brings_is_read_whole(world, server):
    commits, whole = opened(server).commits_between("main", world.head)
    assert ([each.sha for each in commits], whole) == ([world.head], True)


@pytest.mark.parametrize(
    "effect", [Lost(after=True), Lost(after=False), Broken(502, after=True), Broken(503), Truncated()]
)
def test_a_comment_whose_answer_was_lost_stands_there_once(world, server, effect):
    world.hub.script.add("POST */comments", effect)
    made = opened(server).create_comment(1, "<!-- mark -->\nbody")
    assert [each.id for each in opened(server).comments(1)] == [made.id]


def test_a_comment_of_another_with_the_same_first_line_is_not_taken_for_ours(world, server):
    world.of("POST", "/issues/1/comments", {"body": "<!-- mark -->\nother"})
    world.hub.script.add("POST */comments", Lost(after=False))
    opened(server).create_comment(1, "<!-- mark -->\nbody")
    assert len(opened(server).comments(1)) == 2


def test_a_check_run_whose_answer_was_lost_stands_there_once(world, server):
    world.hub.script.add("POST */check-runs", Lost(after=True))
    run = CheckRun(name="r", conclusion=Conclusion.FAILURE, title="t", summary="s", details_url="https://example.com/1")
    opened(server).create_check_run(world.head, run)
    assert posts(world, "/check-runs") == 1


def test_a_status_whose_answer_was_lost_is_said_again(world, server):
    world.hub.script.add("POST */statuses/*", Lost(after=True))
    clock = Clock()
    assert opened(server, clock).set_status(world.head, said()).state is StatusState.SUCCESS
    assert (posts(world, world.head), clock.slept) == (2, [0.5])


def test_a_comment_that_is_gone_is_as_good_as_deleted(world, server):
    opened(server).delete_comment(999_999)
    assert [(each.request.method, each.response.status) for each in world.hub.log] == [("DELETE", 404)]


def test_a_server_that_stays_broken_is_asked_five_times(world, server):
    world.hub.script.add("POST */statuses/*", Broken(502), nth=None)
    clock = Clock()
    with pytest.raises(HubError, match="could not set the status: 502: Server Error"):
        opened(server, clock).set_status(world.head, said())
    assert clock.slept == [0.5, 1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("effect", "waits"), [(Throttled(7), 7), (Throttled(7, 429), 7), (Throttled(), 60), (Throttled(None, 429), 60)]
)
def test_a_secondary_limit_is_waited_for_as_github_asks_and_a_minute_where_it_does_not_say(
    world, server, effect, waits
):
    world.hub.script.add("POST */statuses/*", effect)
    clock = Clock()
    opened(server, clock).set_status(world.head, said())
    assert clock.slept == [waits]


def test_a_limit_beyond_the_time_for_publishing_is_not_waited_for(world, server):
    world.hub.script.add("POST */statuses/*", Exhausted())
    clock = Clock()
    with pytest.raises(HubError, match="API rate limit exceeded"):
        opened(server, clock).set_status(world.head, said())
    assert clock.slept == []
    assert posts(world, world.head) == 1


def test_an_hours_limit_that_soon_resets_is_waited_for(world, server):
    world.hub.script.add("POST */statuses/*", Exhausted())
    clock = Clock()
    opened(server, clock, budget_s=4000.0)
    hub = opened(server, clock, budget_s=4000.0)
    world.hub.tokens[JOB].resets = time.time() + 30
    with pytest.raises(HubError, match="rate limit"):  # the stand-in's own clock does not move with ours
        hub.set_status(world.head, said())
    assert clock.slept
    assert 0 < clock.slept[0] <= 31


def test_nothing_is_asked_when_the_time_is_over(world, server):
    hub = opened(server)
    hub.give(0.0)
    with pytest.raises(HubError, match="the time for publishing is over"):
        hub.set_status(world.head, said())
    assert posts(world, world.head) == 0


def test_a_missing_permission_is_named_with_the_yaml_that_gives_it(world, server):
    with pytest.raises(HubError) as refused:
        opened(server, token=READER).set_status(world.head, said())
    assert "the token lacks statuses: write" in str(refused.value)
    assert "permissions:\n  contents: read\n  statuses: write\n  pull-requests: write" in str(refused.value)
    assert READER not in str(refused.value)


@pytest.mark.parametrize("text", ["x" * 141])
def test_what_is_too_long_is_refused_and_not_tried_again(world, server, text):
    clock = Clock()
    with pytest.raises(HubError, match="422") as refused:
        opened(server, clock).set_status(world.head, said(text=text))
    assert (refused.value.status, clock.slept) == (422, [])


def test_a_wrong_token_is_said_without_the_token(server):
    with pytest.raises(HubError, match="401: Bad credentials; the token has expired") as refused:
        opened(server, token="ghs_wrong").pull(1)
    assert "ghs_wrong" not in repr(refused.value) + repr(refused.value.__cause__) + repr(Job(token="ghs_wrong"))


def test_an_answer_that_is_not_githubs_is_said(world, server):
    with pytest.raises(HubError, match="could not read pull request 1"):
        opened(server, root="/nowhere").pull(1)
    world.hub.log.clear()  # there is nothing that describes what was asked


ODD = (None, 7, "x", [], {}, True, [None], [[]], {"a": 1})


def altered(value):
    """Give an answer with each of its parts, down to the third level, replaced by each odd value."""
    yield from ODD
    parts = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, part in parts:
        for odd in itertools.islice(altered(part), 200):
            copied = copy.copy(value)
            copied[key] = odd
            yield copied


def test_whatever_an_answer_holds_it_is_read_or_said(world, server):
    world.say("pending")
    world.review("ann", "APPROVED")
    world.of("POST", "/issues/1/comments", {"body": "hello"})
    hub, main = opened(server), world.repository.branches["main"]
    ask = hub._once
    for call in (
        lambda: hub.pull(1), lambda: hub.pulls_of_commit(world.head), lambda: hub.changed_files(1),
        lambda: hub.files_between(main, world.head), lambda: hub.commits_between(main, world.head),
        lambda: hub.statuses(world.head, CONTEXT), lambda: hub.comments(1), lambda: hub.reviews(1),
        lambda: hub.branch_protected("main"), lambda: hub.file("README.md", main), lambda: hub.rules("main"),
    ):  # fmt: skip
        hub._once = ask
        _, sound = hub._once("GET", *_asked_by(hub, call))
        for body in altered(sound):
            hub._once = lambda *_, body=body: ({}, body)
            with contextlib.suppress(HubError):
                call()


def _asked_by(hub, call):
    """Give what a call asks for first."""
    asked, ask = [], hub._once

    def once(_verb, path, query, body):
        asked.append((path, query, body))
        return ask(_verb, path, query, body)

    hub._once = once
    call()
    hub._once = ask
    return asked[0]


@pytest.fixture(scope="module")
def key():
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem, public.decode()


def test_an_app_speaks_by_a_token_for_this_repository_alone(world, server, key):
    app = world.hub.app("gatekeeper", "acme", {"statuses": "write"}, key[1])
    hub = opened(server, app_id=str(app.id), private_key=key[0])
    assert hub.set_status(world.head, said()).creator == "gatekeeper[bot]"
    made = [token for token in world.hub.tokens.values() if token.app is app]
    assert [token.repositories for token in made] == [frozenset({"acme/shop"})]
    assert len(world.hub.log) == 3


def test_a_private_key_that_is_none_is_said_without_it(server):
    with pytest.raises(HubError, match="no RSA key in PEM") as refused:
        opened(server, app_id="1", private_key="-----BEGIN nothing")
    assert "BEGIN nothing" not in str(refused.value)


def test_without_a_token_nothing_is_asked(world, server):
    with pytest.raises(HubError, match="GITHUB_TOKEN"):
        opened(server, token=None)
    assert world.hub.log == []


def test_protection_is_seen_by_either_way(world, server):
    hub = opened(server)
    assert not hub.branch_protected("main")
    world.repository.protected["main"] = ()
    assert hub.branch_protected("main")
    assert not hub.branch_protected("feature")
