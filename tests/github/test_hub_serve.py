"""The stand-in over loopback: it answers as it was told, it cuts where it was told, and it ends."""

import gc
import http.client
import threading
import time

import httpx
import pytest
from hub_world import JOB

from releasegate.demo.hub.script import Late, Lost, Trickling, Truncated
from releasegate.demo.hub_server import HubServer

STATUS = {"state": "success", "context": "releasegate/staging"}


@pytest.fixture
def client(server):
    headers = {"authorization": f"Bearer {JOB}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=10) as made:
        yield made


def post(client, world):
    return client.post(f"/repos/acme/shop/statuses/{world.head}", json=STATUS)


def test_it_answers_on_one_connection_and_says_where_it_is(client, server, world):
    made = post(client, world)
    assert made.status_code == 201
    assert made.headers["content-type"] == "application/json; charset=utf-8"
    assert made.headers["server"] == "github.com"
    assert made.json()["url"] == f"{server.url}/repos/acme/shop/statuses/{world.head}"
    assert client.delete("/repos/acme/shop/issues/comments/1").status_code == 404


@pytest.mark.parametrize("prefix", ["", "/api/v3"])
def test_links_lead_back_below_the_root_that_was_asked(client, server, prefix):
    for number in range(3):
        client.post(f"{prefix}/repos/acme/shop/issues/1/comments", json={"body": f"{number}"})
    first = client.get(f"{prefix}/repos/acme/shop/issues/1/comments?per_page=2")
    following = first.links["next"]["url"]
    assert following.startswith(f"{server.url}{prefix}/repositories/")
    assert [each["body"] for each in client.get(following).json()] == ["2"]
    assert first.json()[0]["html_url"].startswith(f"{server.url}/acme/shop/pull/1#")


@pytest.mark.parametrize(("after", "written"), [(False, 0), (True, 1)])
def test_a_lost_answer_is_a_cut_connection(client, world, after, written):
    world.hub.script.add("POST *", Lost(after=after))
    with pytest.raises(httpx.RemoteProtocolError):
        post(client, world)
    assert len(world.repository.statuses) == written
    assert post(client, world).status_code == 201


def test_a_body_is_cut_in_the_middle(client, world):
    world.hub.script.add("POST *", Truncated())
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        post(client, world)
    assert len(world.repository.statuses) == 1


def test_an_answer_comes_late_and_a_body_slowly_while_others_are_served(client, server, world):
    world.hub.script.add("GET /repos/acme/shop", Late(0.3))
    world.hub.script.add("GET /repos/acme/shop", Trickling(0.3))
    took = {}

    def slow():
        began = time.monotonic()
        with httpx.Client(trust_env=False, timeout=10) as other:
            took["status"] = other.get(f"{server.url}/repos/acme/shop").status_code
        took["seconds"] = time.monotonic() - began

    thread = threading.Thread(target=slow)
    thread.start()
    assert post(client, world).status_code == 201
    assert "seconds" not in took
    thread.join(10)
    assert took["status"] == 200
    assert took["seconds"] >= 0.6


def test_the_clock_is_given(world):
    with HubServer(world.hub, clock=lambda: 1_000_000_000.0) as server:
        shown = httpx.get(f"{server.url}/rate_limit", trust_env=False).json()
    assert shown["rate"]["reset"] == 1_000_003_600


def test_it_ends_at_once_and_leaves_nothing_also_with_clients_that_stay(world):
    world.hub.script.add("GET /rate_limit", Late(60), None)
    before = threading.active_count()
    with HubServer(world.hub) as server:
        host, port = server.url.removeprefix("http://").split(":")
        waiting, idle = http.client.HTTPConnection(host, int(port)), http.client.HTTPConnection(host, int(port))
        waiting.request("GET", "/rate_limit", headers={"User-Agent": "x"})
        idle.connect()
        while not world.hub.log:
            time.sleep(0.01)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert threading.active_count() == before
    with pytest.raises(ConnectionError):
        waiting.getresponse()
    waiting.close()
    idle.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/rate_limit", trust_env=False)
    gc.collect()


@pytest.mark.parametrize(
    "header", [("Content-Length", "4000001"), ("Content-Length", "many"), ("Transfer-Encoding", "chunked")]
)
def test_a_body_beyond_all_limits_is_refused_unread(server, world, header):
    host, port = server.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.putrequest("POST", "/repos/acme/shop/issues/1/comments")
    connection.putheader(*header)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    assert world.hub.log == []
