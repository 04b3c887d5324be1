"""A kept connection that ended is the gate's own race: the request goes over a new one, and nothing is held against it."""

import pytest
from http_world import reply, sample, trouble
from test_http_live import live

from releasegate.errors import CouldNotLook
from releasegate.model import Contact, Outcome, Phase, Trouble

OK = {"status": 200}
GET = {"get": "api:/x", "expect": OK}


def lost(reason="closed", spent_s=0.01, received=0):
    """Give the end of a connection that had carried a request before."""
    contact = Contact(target="api", host="api.test", port=80, bytes_received=received)
    spent = (Phase(name="first byte", duration_s=spent_s),)
    return CouldNotLook(Trouble(phase="first byte", reason=reason, message=reason), spent, contact, reused=True)


@pytest.mark.parametrize("reason", ["closed", "reset"])
@pytest.mark.parametrize("more", [{}, {"post": "api:/x", "headers": {"Idempotency-Key": "k"}}], ids=["get", "key"])
def test_what_a_kept_connection_took_along_is_sent_on_a_new_one_and_is_no_retry(reason, more):
    config = {**more, "expect": OK} if more else GET
    one, staging = sample(config, lost(reason), reply())
    assert one.met
    assert (one.retries, one.notes) == (0, ())
    assert [request.fresh for request in staging.requests] == [False, True]
    assert staging.requests[1].timeout_s == pytest.approx(staging.requests[0].timeout_s - 0.01)


def test_each_step_may_lose_a_kept_connection_and_the_one_retry_is_still_there():
    steps = [{"name": name, **GET} for name in ("a", "b", "c")]
    later = reply(429, headers={"Retry-After": "0"})
    one, staging = sample({"steps": steps}, lost(), reply(), lost(), later, lost(), reply(), reply())
    assert one.met
    assert one.retries == 1
    assert len(staging.requests) == 7


def test_a_new_connection_that_ends_too_is_retried_once_and_counted():
    closed = trouble("closed", "first byte")
    one, staging = sample(GET, lost(), closed, reply())
    assert one.met
    assert one.retries == 1
    assert one.notes[0] == "a kept connection had been closed; sent on a new one"
    assert [request.fresh for request in staging.requests] == [False, True, True]
    dead, staging = sample(GET, lost(), closed)
    assert dead.outcome is Outcome.TROUBLE
    assert len(staging.requests) == 3


@pytest.mark.parametrize(
    ("error", "retries"),
    [(lost(spent_s=5.0), 1), (lost(received=9), None), (lost("timeout"), None), (lost("protocol"), None)],
    ids=["late", "within the answer", "no end", "no end either"],
)
def test_what_was_no_race_is_held_against_staging(error, retries):
    one, _ = sample(GET, error, reply())
    assert one.met is (retries is not None)
    assert one.retries == (retries or 0)


def test_what_must_not_be_sent_twice_is_not():
    one, staging = sample({"post": "api:/x", "expect": OK}, lost(), reply())
    assert one.outcome is Outcome.TROUBLE
    assert len(staging.requests) == 1


def test_a_server_that_closes_every_kept_connection_makes_no_check_flaky():
    port, stop = dropping_second_requests()
    try:
        steps = [{"name": name, **GET} for name in ("a", "b", "c")]
        one = live({"steps": steps}, port=port)
    finally:
        stop()
    assert one.met, one.trouble
    assert (one.retries, one.notes) == (0, ())


def dropping_second_requests():
    """Serve connections that answer one request, and end when the next one comes."""
    import socket
    import threading

    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                connection.recv(65536)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()

    def stop():
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(6)

    return listener.getsockname()[1], stop


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/été".encode().decode("latin-1"), "http://api.test:80/%C3%A9t%C3%A9"),
        ("/\xe9", "http://api.test:80/%C3%A9"),
        ("/%C3%A9", "http://api.test:80/%C3%A9"),
        ("/日".encode().decode("latin-1"), "http://api.test:80/%E6%97%A5"),
    ],
)
def test_a_location_of_raw_utf8_leads_where_it_says(location, url):
    moved = reply(302, headers={"Location": location})
    _, staging = sample({"get": "api:/x", "follow": 1, "expect": OK}, moved, reply())
    assert staging.requests[1].url == url


def test_a_captured_url_of_raw_characters_leads_where_it_says():
    steps = [
        {"name": "a", "get": "api:/x", "capture": {"next": "$.next"}, "expect": OK},
        {"name": "b", "get": "{{next}}", "expect": OK},
    ]
    _, staging = sample({"steps": steps}, reply(200, {"next": "/été"}), reply())
    assert staging.requests[1].url == "http://api.test:80/%C3%A9t%C3%A9"
