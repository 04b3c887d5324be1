"""Each fault of the staging does what it says, and leaves the rest alone."""

import json

import httpx
import pytest
from demo_client import START, hear, is_open, port_of, staged, types, until
from websockets.exceptions import ConnectionClosedError

from releasegate.demo.conversation import EVENTS
from releasegate.demo.serve import REVISION


def test_down_refuses_the_api_and_leaves_the_rest_up():
    with staged("down") as client:
        with pytest.raises(httpx.ConnectError):
            client.ask("GET", "/health")
        assert client.log_in().status_code == 200
        assert is_open(port_of(client.environ["STAGING_EDGE_URL"]))


def test_slow_makes_every_answer_of_the_api_late_and_no_other():
    with staged("slow") as client:
        assert client.ask("GET", "/health").elapsed.total_seconds() >= 1
        assert client.ask("POST", "/api/workflows", json={}).elapsed.total_seconds() >= 1
        assert client.log_in().elapsed.total_seconds() < 1


def test_flaky_counts_requests_and_rolls_no_dice():
    with staged("flaky") as client:
        failing = [n for n in range(1, 30) if client.ask("GET", "/api/mcp/config").status_code == 503]
        assert failing == [3, 16, 29]
        assert {client.ask("GET", "/api/mcp/servers").status_code for _ in range(20)} == {200}


@pytest.mark.parametrize(
    ("fault", "events"),
    [
        ("ws-timeout", EVENTS[:1]),
        ("ws-reorder", (*EVENTS[:2], EVENTS[3], EVENTS[2], EVENTS[4])),
        ("ws-silent", ()),
    ],
)
def test_a_fault_of_the_chat_changes_our_events_and_not_those_of_others(fault, events):
    with staged(fault) as client:
        heard = client.chat(lambda opened: hear(opened, START), token=client.mint())
        assert types(heard, "mine") == list(events)
        assert len(types(heard, "thread-of-another-client")) == 5


def test_ws_drop_cuts_the_connection_after_the_second_event_without_a_goodbye():
    with staged("ws-drop") as client:

        async def talk(opened):
            await opened.send(json.dumps(START))
            heard = []
            try:
                while True:
                    heard.append(json.loads(await opened.recv()))
            except ConnectionClosedError as cut:
                return heard, cut.rcvd

        heard, goodbye = client.chat(talk, token=client.mint())
        assert types(heard, "mine") == list(EVENTS[:2])
        assert goodbye is None


def test_auth_expired_gives_tokens_that_open_nothing_while_minted_ones_do():
    with staged("auth-expired") as client:
        answer = client.log_in()
        assert answer.status_code == 200
        assert client.ask("GET", "/api/metrics", token=answer.json()["access_token"]).status_code == 401
        assert client.ask("GET", "/api/metrics", token=client.mint()).status_code == 200


def test_auth_open_lets_everybody_in():
    with staged("auth-open") as client:
        assert client.ask("GET", "/api/agents/status").status_code == 200
        assert client.ask("GET", "/api/metrics", token="nonsense").status_code == 200
        heard = client.chat(lambda opened: hear(opened, START), token=None)
        assert types(heard, "mine") == list(EVENTS)


def test_stale_revision_says_another_commit_from_the_start():
    with staged("stale-revision") as client:
        said = client.ask("GET", "/health").json()["revision"]
        assert said != REVISION
        assert len(said) == 40


def test_mid_run_deploy_changes_the_commit_with_the_first_workflow():
    with staged("mid-run-deploy") as client:
        seen = [client.ask("GET", "/health").json()["revision"] for _ in range(20)]
        assert set(seen) == {REVISION}
        client.ask("POST", "/api/workflows", json={"agents": 1})
        assert client.ask("GET", "/health").json()["revision"] not in {*seen, ""}


def test_memory_leak_keeps_memory_with_each_request_and_stops_in_time():
    with staged("memory-leak") as client:
        token = client.mint()

        def resident():
            return client.ask("GET", "/api/metrics", token=token).json()["memory"]["resident_mib"]

        first = resident()
        for _ in range(30):
            client.ask("GET", "/health")
        assert first + 50 < resident() < first + 120
        for _ in range(300):
            client.ask("GET", "/health")
        assert resident() < first + 640


def test_a_healthy_staging_tells_its_memory_and_keeps_none():
    with staged() as client:
        token = client.mint()
        looked = [client.ask("GET", "/api/metrics", token=token).json()["memory"]["resident_mib"] for _ in range(50)]
        assert looked[0] > 10
        assert looked[-1] < looked[0] + 20
        assert looked[-1] < 150


def workflow_of(client):
    path = f"/api/workflows/{client.ask('POST', '/api/workflows', json={'agents': 2}).json()['workflow_id']}"
    return lambda: client.ask("GET", path).json()


def test_workflow_failed_ends_in_failed():
    with staged("workflow-failed") as client:
        until(workflow_of(client), state="failed")


def test_workflow_stuck_waits_while_what_its_agents_did_becomes_an_ever_smaller_share():
    with staged("workflow-stuck") as client:
        look = workflow_of(client)
        until(lambda: {"wasted": (look()["metrics"]["coordination_efficiency"] or 1) < 0.1}, wasted=True)
        assert look()["state"] == "waiting_for_agents"


def test_several_faults_may_be_on_at_once():
    with staged("wrong-type", "contract-break", "ws-silent") as client:
        assert isinstance(client.ask("GET", "/api/mcp/servers").json()["data"], dict)
        assert "agents" not in client.ask("GET", "/api/mcp/config").json()
        assert types(client.chat(lambda opened: hear(opened, START), token=client.mint()), "mine") == []
