"""Signals at the one moment at which they would cost the evidence: between a run and its writing."""

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from releasegate.cli import execute
from releasegate.evidence.file import read

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX has them")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_never_green_07_a_signal_while_the_evidence_is_written_does_not_cost_it(call, monkeypatch, number):
    before, write = signal.getsignal(number), execute.write

    def struck(evidence, path):
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        write(evidence, path)

    monkeypatch.setattr(execute, "write", struck)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        Path("releasegate.yml").write_text(
            f"version: 1\ntargets: {{edge: {{url: 'tcp://127.0.0.1:{nobody.getsockname()[1]}'}}}}\n"
            "suites: {s: {checks: {a: {samples: once, tcp: {connect: edge}}}}}\n"
        )
        said = call("run", "--json")
    assert (said.code, said.json["verdict"]) == (10, "UNSTABLE")
    assert read(Path(".releasegate/evidence.json")).verdict.exit_code == 10
    assert signal.getsignal(number) is before
