"""A trial takes one sample of one check, as a config would, and hides nothing."""

import socket

import pytest

from releasegate.checks import tcp
from releasegate.config.load import ConfigError
from releasegate.errors import UsageError
from releasegate.trial import trial

CHECK = "tcp: {connect: here}"


@pytest.fixture
def here():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield "tcp://{}:{}".format(*server.getsockname())


def test_a_green_one_tells_whether_it_could_have_been_red(here):
    tried = trial(CHECK, here=here)
    assert (tried.sample.met, tried.red_capable, tried.vacuous) == (True, True, ())


def test_one_that_is_not_green_claims_nothing_of_it():
    tried = trial(CHECK, here="tcp://127.0.0.1:1")
    assert (tried.sample.signature, tried.red_capable) == ("tcp connect refused", None)


def test_what_no_config_may_say_is_refused(here):
    with pytest.raises(ConfigError, match='unknown target "there"'):
        trial("tcp: {connect: there}", here=here)


def test_a_trial_is_of_one_check(here):
    with pytest.raises(UsageError, match="this makes 2; leave its for: out"):
        trial(f"for: {{n: [a, b]}}\n{CHECK}", here=here)


def test_a_bug_of_the_kind_passes_through(here, monkeypatch):
    async def observe(self, spec, probe):
        raise KeyError("a bug")

    monkeypatch.setattr(tcp.Tcp, "observe", observe)
    with pytest.raises(KeyError, match="a bug"):
        trial(CHECK, here=here)
