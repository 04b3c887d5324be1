"""The surface of the staging: every endpoint, who is let in, and the chat."""

import asyncio
import json
import time

import httpx
import jwt
import pytest
from demo_client import START, hear, staged, types, until
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from releasegate.demo.conversation import EVENTS
from releasegate.demo.serve import REVISION
from releasegate.demo.workflows import PATTERNS

ORDER = ["pending", "initializing", "running", "coordinating", "waiting_for_agents", "aggregating_results", "completed"]


@pytest.fixture(scope="module")
def healthy():
    with staged() as client:
        yield client


@pytest.fixture(scope="module")
def token(healthy):
    return healthy.mint()


# What it answers


def test_health_names_the_service_and_the_commit(healthy):
    said = healthy.ask("GET", "/health").json()
    assert (said["status"], said["service"], said["revision"]) == ("healthy", "api", REVISION)
    assert set(said) == {"status", "service", "version", "revision", "timestamp"}
    assert len(REVISION) == 40
    assert int(REVISION, 16)


def test_a_login_gives_a_token_that_opens_what_wants_one(healthy):
    token = healthy.log_in().json()["access_token"]
    assert healthy.ask("GET", "/api/agents/status", token=token).status_code == 200


@pytest.mark.parametrize("given", [b"", b"{", b"[]", b'{"email": "gate@example.com"}', b"\xff", b"[" * 100_000])
def test_any_other_login_is_a_401(healthy, given):
    answer = httpx.post(healthy.environ["STAGING_AUTH_URL"] + "/auth/login", content=given, trust_env=False)
    assert answer.status_code == 401
    assert healthy.log_in("wrong").status_code == 401


@pytest.mark.parametrize(
    ("path", "bearer", "place", "value"),
    [
        ("/api/mcp/servers", False, "data", [{"name": "netra-mcp", "status": "connected"}]),
        ("/api/mcp/config", False, "transport", "streamable-http"),
        ("/api/discovery/services", False, "services", [{"name": n, "status": "up"} for n in ("api", "auth", "chat")]),
        ("/api/agents/status", True, "agents", [{"name": n, "state": "idle"} for n in ("triage", "data", "optimizer")]),
        ("/api/metrics", True, "pipeline", {"completed": 0, "running": 0, "started": 0}),
    ],
)
def test_each_reading_endpoint_answers_200_with_json(path, bearer, place, value):
    with staged() as client:
        answer = client.ask("GET", path, token=client.mint() if bearer else None)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()[place] == value


@pytest.mark.parametrize("path", ["/api/agents/status", "/api/metrics"])
def test_what_wants_a_bearer_refuses_strangers_and_the_wrong_scope(healthy, path):
    refused = {
        None: 401,
        "no.jwt.at-all": 401,
        healthy.mint(secret="x" * 32): 401,
        healthy.mint(lives_s=-60): 401,
        healthy.mint(permissions=["read"]): 403,
        healthy.mint(permissions=None): 403,
        healthy.mint(permissions=None, scope="read agent_execution"): 200,
    }
    assert {token: healthy.ask("GET", path, token=token).status_code for token in refused} == refused


def test_a_token_without_an_expiry_or_of_another_algorithm_is_refused(healthy):
    secret = healthy.environ["STAGING_JWT_SECRET"]
    claims = {"permissions": ["agent_execution"]}
    for token in (
        jwt.encode(claims, secret, algorithm="HS256"),
        jwt.encode({**claims, "exp": int(time.time() + 60)}, secret, algorithm="HS512"),
        jwt.encode({**claims, "exp": int(time.time() + 60)}, "", algorithm="none"),
    ):
        assert healthy.ask("GET", "/api/metrics", token=token).status_code == 401


def test_a_minted_token_is_accepted_everywhere_and_a_bad_one_nowhere(healthy, token):
    for path in ("/health", "/api/mcp/servers", "/api/mcp/config", "/api/discovery/services", "/api/agents/status"):
        assert healthy.ask("GET", path, token=token).status_code == 200
        assert healthy.ask("GET", path, token="bad").status_code == 401


def test_an_agent_can_be_asked_and_its_run_is_counted():
    with staged() as client:
        token = client.mint()
        answer = client.ask("POST", "/api/agents/execute", json={"agent": "data", "user_request": "sum"})
        assert answer.status_code == 202
        assert answer.json()["run_id"]
        states = client.ask("GET", "/api/agents/status", token=token).json()["agents"]
        assert [agent["state"] for agent in states] == ["idle", "running", "idle"]
        done = until(lambda: client.ask("GET", "/api/metrics", token=token).json()["pipeline"], completed=1)
        assert done == {"completed": 1, "running": 0, "started": 1}


@pytest.mark.parametrize(
    ("method", "given", "status"),
    [
        ("POST", {"invalid": "request"}, 422),
        ("POST", ["no object"], 422),
        ("POST", {"agent": "data", "user_request": ""}, 422),
        ("POST", {"agent": "nobody", "user_request": "sum"}, 404),
        ("PUT", {"agent": "data", "user_request": "sum"}, 405),
    ],
)
def test_a_bad_request_to_an_agent_is_told_apart(healthy, method, given, status):
    answer = healthy.ask(method, "/api/agents/execute", json=given)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "message", "code"}
    assert all(answer.json().values())


def test_what_is_not_there_is_answered_in_the_form_of_all_errors(healthy):
    answer = healthy.ask("GET", "/nowhere")
    assert (answer.status_code, set(answer.json())) == (404, {"error", "message", "code"})


# Workflows


def test_a_workflow_passes_through_its_states_and_is_gone_once_deleted(healthy):
    created = healthy.ask("POST", "/api/workflows", json={"agents": 3, "pattern": "parallel"})
    assert created.status_code == 201
    path = f"/api/workflows/{created.json()['workflow_id']}"
    seen = [created.json()["state"]]

    def look():
        seen.append(healthy.ask("GET", path).json()["state"])
        return healthy.ask("GET", path).json()

    said = until(look, state="completed")
    assert seen[0] == "pending"
    assert len(set(seen)) > 2  # between two looks some may be missed
    assert seen == sorted(seen, key=ORDER.index)
    assert 0.7 <= said["metrics"]["coordination_efficiency"] < 1
    gone = healthy.ask("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert healthy.ask("GET", path).status_code == 404
    assert healthy.ask("DELETE", path).status_code == 404


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_dry_run_of_each_pattern_lays_out_its_agents_and_makes_nothing(pattern):
    with staged() as client:
        answer = client.ask("POST", "/api/workflows", json={"agents": 3, "pattern": pattern, "dry_run": True})
        assert answer.status_code == 200
        assert answer.json()["pattern"] == pattern
        assert len(set(answer.json()["agents"])) == 3
        assert client.ask("GET", "/api/metrics", token=client.mint()).json()["workflows"] == {"created": 0, "kept": 0}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("agent_timeout", 408),
        ("agent_failure", 424),
        ("coordination_conflict", 409),
        ("resource_exhausted", 429),
        ("invalid_workflow", 422),
    ],
)
def test_each_error_scenario_is_answered_with_its_own_status(healthy, error, status):
    answer = healthy.ask("POST", "/api/workflows", json={"simulate": error})
    assert answer.status_code == status
    said = answer.json()
    assert said["error"] == error
    assert said["message"]
    assert said["workflow_id"]


@pytest.mark.parametrize(
    "given", [{}, {"agents": 0}, {"agents": True}, {"agents": 51}, {"agents": 3, "pattern": "chaos"},
              {"agents": 3, "pattern": []}, {"simulate": "love"}, {"simulate": []}, []],
)  # fmt: skip
def test_a_workflow_that_cannot_be_is_refused(healthy, given):
    assert healthy.ask("POST", "/api/workflows", json=given).status_code == 422


# The chat


def test_an_agent_tells_its_five_events_in_order_with_the_thread_of_the_request(healthy, token):
    heard = healthy.chat(lambda opened: hear(opened, START, count=10), token=token)
    assert types(heard, "mine") == list(EVENTS)
    assert heard[-1]["result"]


def test_another_clients_events_come_between_ours_on_the_same_socket(healthy, token):
    heard = healthy.chat(lambda opened: hear(opened, START, count=10), token=token)
    threads = [event["thread_id"] for event in heard]
    assert threads == ["thread-of-another-client", "mine"] * 5
    assert set(types(heard, "thread-of-another-client")) >= {"error", "agent_completed", "agent_thinking"}


def test_what_an_agent_says_is_heard_on_every_open_connection(healthy, token):
    async def talk(opened):
        headers = {"Authorization": f"Bearer {token}"}
        async with connect(healthy.environ["STAGING_WS_URL"] + "/ws", additional_headers=headers, proxy=None) as other:
            _, heard = await asyncio.gather(hear(opened, START, count=10), hear(other, count=5))
            return heard

    assert types(healthy.chat(talk, token=token), "mine") == list(EVENTS)


def test_two_requests_on_one_socket_keep_their_threads(healthy, token):
    heard = healthy.chat(lambda opened: hear(opened, START, {**START, "thread_id": "second"}, count=20), token=token)
    assert types(heard, "mine") == types(heard, "second") == list(EVENTS)


def test_ping_and_agent_status_are_answered(healthy, token):
    pong, status = healthy.chat(
        lambda opened: hear(opened, {"type": "ping"}, {"type": "get_agent_status", "thread_id": "t"}, count=2),
        token=token,
    )
    assert pong["type"] == "pong"
    assert (status["type"], status["thread_id"], len(status["agents"])) == ("agent_status", "t", 3)


@pytest.mark.parametrize(
    "message", ["{", "[]", b"\x00", "[" * 10_000, {"type": "sing"}, {"type": "start_agent"}, {**START, "thread_id": 7},
                {**START, "payload": {}}, {**START, "payload": {"user_request": ""}}, {"type": []}],
)  # fmt: skip
def test_an_invalid_message_is_answered_with_an_error_event_and_the_chat_goes_on(healthy, token, message):
    error, pong = healthy.chat(lambda opened: hear(opened, message, {"type": "ping"}, count=2), token=token)
    assert error["type"] == "error"
    assert error["error"] == "invalid_message"
    assert error["message"]
    assert pong["type"] == "pong"


@pytest.mark.parametrize(("claims", "status"), [(None, 401), ({"lives_s": -60}, 401), ({"permissions": []}, 403)])
def test_the_chat_refuses_strangers_before_the_upgrade(healthy, claims, status):
    with pytest.raises(InvalidStatus) as refused:
        healthy.chat(hear, token=None if claims is None else healthy.mint(**claims))
    assert refused.value.response.status_code == status
    assert json.loads(refused.value.response.body)["code"] == status
