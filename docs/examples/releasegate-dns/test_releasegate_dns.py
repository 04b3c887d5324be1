"""The kind against a name server of our own on loopback: green, red, and where there is none."""

import socketserver
import threading

import pytest
from dns import message, rrset

from releasegate.trial import trial

CHECK = """
dns:
  connect: nameserver
  name: api.example.com
  timeout: 2s
  expect:
    answers: {$: ["192.0.2.7", "192.0.2.8"]}
    latency: 1s
"""


@pytest.fixture
def nameserver():
    """Start one that answers with these texts; gives the url of it."""
    servers = []

    def start(*addresses, garbled=False):
        class Answering(socketserver.StreamRequestHandler):
            def handle(self):
                size = int.from_bytes(self.rfile.read(2), "big")
                answer = message.make_response(message.from_wire(self.rfile.read(size)))
                answer.answer = [rrset.from_text("api.example.com.", 60, "IN", "A", *addresses)] if addresses else []
                wire = b"\xff" * 40 if garbled else answer.to_wire()
                self.wfile.write(len(wire).to_bytes(2, "big") + wire)

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answering)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return "tcp://{}:{}".format(*server.server_address)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_records_in_any_order_are_green_and_could_have_been_red(nameserver):
    tried = trial(CHECK, nameserver=nameserver("192.0.2.8", "192.0.2.7"))
    assert tried.sample.met
    assert tried.red_capable, tried.vacuous
    assert [phase.name for phase in tried.sample.phases] == ["name", "connect", "question", "answer"]


@pytest.mark.parametrize(("addresses", "found"), [(["192.0.2.9"], ["192.0.2.9"]), ([], [])])
def test_other_records_are_red(nameserver, addresses, found):
    sample = trial(CHECK, nameserver=nameserver(*addresses)).sample
    assert (sample.outcome, sample.signature) == ("unmet", "dns $ equals")
    assert sample.expectations[1].found == [found]


def test_a_name_without_any_record_is_red_where_nothing_else_is_expected(nameserver):
    sample = trial("dns: {connect: nameserver, name: api.example.com}", nameserver=nameserver()).sample
    assert sample.signature == "dns $[*] exists"


def test_what_is_no_answer_is_trouble(nameserver):
    sample = trial(CHECK, nameserver=nameserver(garbled=True)).sample
    assert (sample.outcome, sample.trouble.phase) == ("trouble", "answer")


def test_no_server_is_trouble():
    sample = trial(CHECK, nameserver="tcp://127.0.0.1:1").sample
    assert (sample.outcome, sample.signature) == ("trouble", "dns connect refused")
