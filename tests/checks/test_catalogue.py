"""Every kind that comes with the gate is held to one pattern; and that each rule of it can be broken is shown."""

import asyncio
import json
import threading
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import catalogue_rules as rules
import pytest
import yaml
from catalogue_rules import RULES, Subject, loaded, page, sampled, subject
from http_world import read_by
from msgspec.structs import replace
from websockets.sync.server import serve

from releasegate.checks import catalogue, tcp
from releasegate.checks.base import Kind
from releasegate.checks.contract import METHODS, OPTIONAL, breaches
from releasegate.config.shape import Field, Table, TargetName
from releasegate.plan import build


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", catalogue.BUILT_IN)
def test_every_kind_is_of_the_pattern(name, rule):
    assert list(rule(subject(name))) == []


@pytest.mark.parametrize("name", catalogue.BUILT_IN)
def test_every_kind_takes_the_suites_timeout_and_refuses_one_of_nothing(name):
    it = subject(name)
    targets, (check,) = loaded(it).targets, yaml.safe_load(it.examples[0]).values()
    config = {key: value for key, value in check[name].items() if key != "timeout"}

    def read(default, **own):
        spec, problems = read_by(it.kind, targets, config | own, loops=None, defaults={"timeout": default})
        return it.kind.timeout_s(spec) if spec else [problem.message for problem in problems]

    assert read("50s") > read("40s") > read("50s", timeout="30s")
    assert read("0s") == read("40s", timeout="0s") == ["expected a duration longer than 0s"]


def test_every_page_is_of_a_kind_that_is_there():
    assert {path.stem for path in rules.PAGES.glob("*.md")} == set(catalogue.BUILT_IN)


# Green and red against a server of our own


@pytest.fixture
def start():
    """Start servers in threads; they end with the test."""
    ends = []

    def begin(server):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ends.append(server)
        return server.socket.getsockname()[1]

    yield begin
    for server in ends:
        server.shutdown()
        getattr(server, "server_close", server.shutdown)()


class Healthy(BaseHTTPRequestHandler):
    """Answers as the first example of http.md wants it."""

    def do_GET(self):
        body = json.dumps({"status": "healthy"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def agent(socket):
    """Speak as the first example of websocket.md wants it."""
    asked = json.loads(socket.recv(timeout=10))
    for name in ("agent_started", "agent_thinking", "agent_completed"):
        socket.send(json.dumps({"type": name, "thread_id": asked["thread_id"], "result": 1}))


STAND_INS = {
    "http": lambda: ThreadingHTTPServer(("127.0.0.1", 0), Healthy),
    "websocket": lambda: serve(agent, "127.0.0.1", 0),
    "tcp": lambda: ThreadingHTTPServer(("127.0.0.1", 0), Healthy),
}
"""Kinds that need more than a socket run green in tests of their own, against the server that they are for."""


def green(name, start):
    """Give the first example's kind, spec and a green sample of it."""
    it = subject(name)
    config = loaded(it, port=start(STAND_INS[name]()))
    check = build(config, catalogue.kind).checks[0]
    return it.kind, check.decl.spec, asyncio.run(sampled(it.kind, check.decl.spec, check.values, config.targets))


@pytest.mark.parametrize("name", STAND_INS)
def test_the_first_example_is_green_where_all_is_well_and_could_have_been_red(name, start, monkeypatch):
    kind, spec, taken = green(name, start)
    assert taken.sample.met, [e.text for e in taken.sample.expectations]
    assert taken.sample.contact
    assert rules.a_green_sample_could_have_been_red(kind, spec, taken) == []
    assert rules.judging_is_pure(kind, spec, taken, monkeypatch) == []


def test_a_kind_without_a_stand_in_here_has_tests_of_its_own():
    tests = rules.PAGES.parents[1] / "tests"
    without = set(catalogue.BUILT_IN) - STAND_INS.keys()
    assert {name for name in without if not [*tests.rglob(f"test_{name}*.py")]} == set()


# Each rule can be broken


class Bad(tcp.Tcp):
    """A sound kind, of which each test spoils one thing."""

    name = "tcp"


def bad(**spoiled):
    return type("Spoiled", (Bad,), spoiled)()


def one(kind=None, *, module=None, text=None):
    return Subject("tcp", kind or bad(), module or tcp, page("tcp") if text is None else text)


async def waits(self, spec, observation, scope):
    return None


UNSAID = Table("a check", {"connect": Field(TargetName(), required=True)})
BROKEN = {
    "a part is missing": (rules.it_keeps_the_contract, one(object()), "it has no name"),
    "a class": (rules.it_keeps_the_contract, one(Bad), "it is a class"),
    "another name": (rules.it_keeps_the_contract, one(bad(name="tpc")), 'its name is "tpc"'),
    "no shape": (rules.it_keeps_the_contract, one(bad(table={})), "its table is no Shape"),
    "all exceptions": (rules.it_keeps_the_contract, one(bad(troubles=(Exception,))), "would hide bugs"),
    "all of the system": (rules.it_keeps_the_contract, one(bad(troubles=(OSError,))), "would hide bugs"),
    "no exception": (rules.it_keeps_the_contract, one(bad(troubles=("timeout",))), "is no exception"),
    "a base exception": (rules.it_keeps_the_contract, one(bad(troubles=(BaseException,))), "is no exception"),
    "no tuple": (rules.it_keeps_the_contract, one(bad(troubles=[ConnectionError])), "no tuple"),
    "no profile": (rules.it_keeps_the_contract, one(bad(reads_by_default="often")), "reads_by_default is none of"),
    "no scheme": (rules.it_keeps_the_contract, one(bad(schemes=frozenset({"gopher"}))), "the scheme gopher"),
    "a list of schemes": (rules.it_keeps_the_contract, one(bad(schemes=["tcp"])), "no frozenset"),
    "too few values": (rules.it_keeps_the_contract, one(bad(judge=lambda self, spec: None)), "judge cannot be called"),
    "an async judge": (rules.it_keeps_the_contract, one(bad(judge=waits)), "its judge is async"),
    "no async observe": (rules.it_keeps_the_contract, one(bad(observe=lambda self, s, p: 1)), "observe is not async"),
    "nothing to call": (rules.it_keeps_the_contract, one(bad(violate=None)), "violate cannot be called"),
    "a spoiled extra": (rules.it_keeps_the_contract, one(bad(losses=lambda self: ())), "losses cannot be called"),
    "no docstring": (rules.its_module_says_what_it_is, one(module=types.ModuleType("m", "A kind.")), "A kind."),
    "a client at once": (rules.it_imports_no_client_before_it_looks, one(module=types.ModuleType("httpx")), "httpx"),
    "a key without a word": (rules.every_key_says_what_it_is_for, one(bad(table=UNSAID)), "connect"),
    "an example it refuses": (
        rules.its_schema_is_one_and_takes_the_examples,
        one(text="```yaml check\na:\n  tcp: {connect: api, speed: 1}\n```\n"),
        "speed",
    ),
    "no page": (rules.its_page_is_of_the_pattern, one(text=""), "does not begin"),
    "no first example": (
        rules.its_page_is_of_the_pattern,
        one(text=page("tcp").replace("```yaml check", "```yaml")),
        "no example before",
    ),
    "headings in another order": (
        rules.its_page_is_of_the_pattern,
        one(text=page("tcp").replace("## How often", "## How").replace("## What is", "## How often\n\n## What is")),
        "the headings are",
    ),
    "no example": (rules.its_examples_load_and_its_numbers_are_sane, one(text=""), "no example"),
}


@pytest.mark.parametrize("spoiled", BROKEN)
def test_a_kind_that_breaks_a_rule_is_told(spoiled):
    rule, it, said = BROKEN[spoiled]
    assert said in "\n".join(map(str, rule(it)))


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("timeout_s", lambda self, spec: float("inf"), "timeout_s bounds nothing"),
        ("writes", lambda self, spec: -1, "writes is no number"),
        ("cleans_up", lambda self, spec: 1, "cleans_up is no boolean"),
        ("targets", lambda self, spec, values: (), "it names no target"),
    ],
)
def test_numbers_that_are_not_sane_are_told(monkeypatch, part, value, said):
    monkeypatch.setattr(tcp.Tcp, part, value)
    assert said in "\n".join(rules.its_examples_load_and_its_numbers_are_sane(one(tcp.KIND)))


def test_a_kind_that_is_green_where_nobody_listens_is_told(monkeypatch):
    async def dream(self, spec, probe):
        return tcp.Connected(connected=True, took_s=0.0)

    assert "met" in rules.a_dead_port_is_trouble(one(bad(observe=dream)))[0]


def test_a_judge_that_cannot_be_red_is_told(start, monkeypatch):
    kind, spec, taken = green("tcp", start)
    blind = bad(judge=lambda self, spec, observation, scope: kind.judge(spec, taken.observation, scope))
    told = rules.a_green_sample_could_have_been_red(blind, spec, taken)
    assert any("it stays green without connects" in problem for problem in told)
    assert "it stays green with no connection" in told
    mute = bad(violate=lambda self, observation, expectation: None)
    assert "nothing breaks connects == true (got true)" in rules.a_green_sample_could_have_been_red(mute, spec, taken)


def test_a_judge_that_looks_at_the_world_is_told(start, monkeypatch):
    kind, spec, taken = green("tcp", start)

    def timed(self, spec, observation, scope):
        import time

        return kind.judge(spec, replace(observation, took_s=time.monotonic()), scope)

    assert rules.judging_is_pure(bad(judge=timed), spec, taken, monkeypatch) == ["judge looked at the world"]
    turns = iter((True, False))
    moody = bad(judge=lambda self, spec, seen, scope: kind.judge(spec, replace(seen, connected=next(turns)), scope))
    assert rules.judging_is_pure(moody, spec, taken, monkeypatch) == ["it judges otherwise the second time"]


def test_the_contract_is_that_of_the_protocol():
    assert set(METHODS) == {"targets", "timeout_s", "writes", "cleans_up", "observe", "clean_up", "judge", "violate"}
    assert set(OPTIONAL) <= {name for name in OPTIONAL if f"`{name}(" in Kind.__doc__ or name == "demands_refusal"}
    assert breaches(bad(), "tcp") == ()
