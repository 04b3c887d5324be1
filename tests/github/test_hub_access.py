"""Who may do what, who is said to have done it, and for how many requests an hour."""

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hub_world import JOB, NOW, PERSON, READER

from releasegate.demo.hub.exchange import Request
from releasegate.demo.hub.respond import answer
from releasegate.demo.hub.state import HOUR_S

KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def body_of(response):
    return response.status, response.payload["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "needs"),
    [
        ("POST", "/statuses/{head}", {"state": "success"}, "statuses=write"),
        ("POST", "/issues/1/comments", {"body": "hi"}, "issues=write; pull_requests=write"),
        ("POST", "/check-runs", {"name": "a", "head_sha": "b"}, "checks=write"),
        ("PUT", "/contents/a", {"message": "m", "content": ""}, "contents=write"),
        ("POST", "/issues", {"title": "t"}, "issues=write"),
    ],
)
def test_a_missing_permission_is_named(world, method, path, body, needs):
    refused = world.of(method, path.format(head=world.head), body, token=READER)
    assert body_of(refused) == (403, "Resource not accessible by integration")
    assert refused.headers["x-accepted-github-permissions"] == needs
    assert refused.payload["documentation_url"].startswith("https://docs.github.com/rest/")


def test_a_private_repository_is_read_only_with_the_permission(hidden):
    refused = hidden.of("GET", f"/commits/{hidden.head}/statuses", token=READER)
    assert body_of(refused) == (403, "Resource not accessible by integration")
    assert refused.headers["x-accepted-github-permissions"] == "statuses=read"
    assert hidden.of("GET", f"/commits/{hidden.head}/statuses", token=JOB).status == 200


def test_a_public_repository_is_read_by_anybody_and_written_by_none(world):
    assert world.of("GET", f"/commits/{world.head}/statuses", token=None).status == 200
    assert body_of(world.of("POST", "/issues/1/comments", {"body": "a"}, token=None)) == (
        401,
        "Requires authentication",
    )


def test_what_a_token_may_not_see_is_not_there(hidden):
    other = hidden.hub.repository("acme/other", now=NOW, private=True)
    hidden.hub.actions_token(other, {"contents": "read", "statuses": "write"}, "ghs_other")
    for token in (None, "ghs_other"):
        assert body_of(hidden.of("GET", "", token=token)) == (404, "Not Found")
        assert hidden.of("POST", f"/statuses/{hidden.head}", {"state": "success"}, token=token).status == 404


def test_a_token_of_nobody_is_told(world):
    assert body_of(world.of("GET", "", token="ghs_nobody")) == (401, "Bad credentials")
    assert world.ask("GET", "/user", token=None).response.status == 401


def test_who_names_no_agent_is_forbidden(world):
    refused = answer(Request(method="GET", path="/repos/acme/shop"), world.hub, world.now).response
    assert refused.status == 403
    assert "User-Agent" in refused.payload["message"]


def test_the_token_of_a_job_is_no_user(world):
    assert body_of(world.ask("GET", "/user").response) == (403, "Resource not accessible by integration")
    assert world.ask("GET", "/user", token=PERSON).response.payload["login"] == "ann"


def test_a_job_writes_as_github_actions_and_a_person_as_themselves(world):
    by_job, by_ann = (
        world.of("POST", "/issues/1/comments", {"body": "a"}, token=token).payload for token in (JOB, PERSON)
    )
    assert (by_job["user"]["login"], by_job["user"]["id"], by_job["user"]["type"]) == (
        "github-actions[bot]", 41898282, "Bot",
    )  # fmt: skip
    assert (by_job["performed_via_github_app"]["id"], by_ann["performed_via_github_app"]) == (15368, None)
    assert by_ann["user"]["login"] == "ann"
    assert world.say().payload["creator"]["login"] == "github-actions[bot]"


def test_pull_requests_may_be_commented_without_the_permission_for_issues(world):
    world.of("POST", "/issues", {"title": "red"}, token=PERSON)
    assert world.of("POST", "/issues/1/comments", {"body": "a"}).status == 201
    assert world.of("POST", "/issues/3/comments", {"body": "a"}).status == 403


def test_a_person_makes_no_check_run(world):
    refused = world.of("POST", "/check-runs", {"name": "a", "head_sha": world.head}, token=PERSON)
    assert body_of(refused) == (403, "You must authenticate via a GitHub App.")


def signed(world, app, *, key=PRIVATE, algorithm="RS256", **claims):
    given = {"iss": str(app.id), "iat": int(world.now) - 60, "exp": int(world.now) + 300, **claims}
    return jwt.encode({name: value for name, value in given.items() if value is not None}, key, algorithm=algorithm)


@pytest.fixture
def app(world):
    return world.hub.app("gate", "acme", {"statuses": "write", "pull_requests": "write", "checks": "write"}, PUBLIC)


def test_an_app_gets_a_token_of_its_installation_and_writes_as_itself(world, app):
    shown = signed(world, app)
    assert world.ask("GET", "/app", token=shown).response.payload["slug"] == "gate"
    installed = world.of("GET", "/installation", token=shown).payload
    made = world.ask("POST", f"/app/installations/{installed['id']}/access_tokens", token=shown).response
    assert made.status == 201
    said = world.of("POST", f"/statuses/{world.head}", {"state": "success"}, token=made.payload["token"]).payload
    assert said["creator"]["login"] == "gate[bot]"
    comment = world.of("POST", "/issues/1/comments", {"body": "a"}, token=made.payload["token"]).payload
    assert comment["performed_via_github_app"]["id"] == app.id
    world.now += HOUR_S
    late = world.of("GET", "", token=made.payload["token"])
    assert body_of(late) == (401, "Bad credentials")


def test_a_token_has_no_more_than_was_asked_for_and_given(world, app):
    number = next(iter(app.installed))
    shown, path = signed(world, app), f"/app/installations/{number}/access_tokens"
    narrow = world.ask("POST", path, {"permissions": {"statuses": "write"}}, token=shown).response.payload
    assert narrow["permissions"] == {"metadata": "read", "statuses": "write"}
    assert world.of("POST", "/issues/1/comments", {"body": "a"}, token=narrow["token"]).status == 403
    assert world.ask("POST", path, {"permissions": {"contents": "write"}}, token=shown).response.status == 422
    assert world.ask("POST", path, {"repositories": ["nowhere"]}, token=shown).response.status == 422
    world.hub.repository("acme/other", now=NOW, private=True)
    elsewhere = world.ask("POST", path, {"repositories": ["other"]}, token=shown).response.payload["token"]
    assert world.of("GET", "", token=elsewhere).status == 200
    assert world.of("POST", f"/statuses/{world.head}", {"state": "success"}, token=elsewhere).status == 403


@pytest.mark.parametrize(
    ("claims", "status", "said"),
    [
        ({"exp": int(NOW) + 601}, 401, "too far in the future"),
        ({"exp": int(NOW) - 1}, 401, "Expiration time"),
        ({"exp": None}, 401, "Expiration time"),
        ({"iat": None}, 401, "Issued at"),
        ({"iat": int(NOW) + 90}, 401, "Issued at"),
        ({"iss": "1"}, 404, "Integration not found"),
        ({"iss": "15368"}, 404, "Integration not found"),
        ({"key": rsa.generate_private_key(public_exponent=65_537, key_size=2048)}, 401, "could not be decoded"),
        ({"key": "k" * 32, "algorithm": "HS256"}, 401, "could not be decoded"),
    ],
)
def test_an_app_is_believed_only_by_a_short_token_that_it_signed(world, app, claims, status, said):
    refused = world.ask("GET", "/app", token=signed(world, app, **claims)).response
    assert refused.status == status
    assert said in refused.payload["message"]


def test_neither_is_a_job_an_app_nor_an_app_an_installation(world, app):
    assert body_of(world.ask("GET", "/app").response) == (401, "A JSON web token could not be decoded")
    shown = signed(world, app)
    assert world.of("POST", f"/statuses/{world.head}", {"state": "success"}, token=shown).status == 401
    assert world.ask("POST", "/app/installations/1/access_tokens", token=shown).response.status == 404


def test_an_hour_has_so_many_requests(world):
    world.job.limit = 3
    left = [world.of("GET", "").headers["x-ratelimit-remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = world.of("GET", "")
    assert body_of(refused) == (403, "API rate limit exceeded for installation ID 15368.")
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert refused.headers["x-ratelimit-reset"] == str(int(NOW) + HOUR_S)
    assert world.of("GET", "", token=PERSON).status == 200
    world.now += HOUR_S
    assert world.of("GET", "").headers["x-ratelimit-remaining"] == "2"


def test_to_ask_for_the_limit_and_for_what_is_known_costs_nothing(world):
    first = world.of("GET", "")
    core = world.ask("GET", "/rate_limit").response.payload["resources"]["core"]
    assert (core["limit"], core["used"]) == (1_000, 1)
    again = world.of("GET", "", headers={"if-none-match": first.headers["etag"]})
    assert (again.status, again.payload, again.headers["x-ratelimit-used"]) == (304, None, "1")
    world.repository.default_branch = "feature"
    assert world.of("GET", "", headers={"if-none-match": first.headers["etag"]}).status == 200
