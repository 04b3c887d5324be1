"""A kind with its module and its page in, what is not of the pattern out: one function for each rule."""

import asyncio
import inspect
import math
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import jsonschema_rs
import yaml

from releasegate.checks import catalogue
from releasegate.checks.contract import breaches
from releasegate.config.kinds import profile
from releasegate.config.load import ConfigError, load
from releasegate.config.model import Target
from releasegate.plan import build
from releasegate.sample import World, take
from releasegate.sampling import PROFILES
from releasegate.wire.live import LiveWire

PAGES = Path(__file__).parents[2] / "docs" / "kinds"
HEADINGS = (
    "What is expected",
    "How failures read",
    "What stands in the evidence",
    "Whether it could have been red",
    "How often",
)
CLIENTS = {"anyio", "httpx", "httpx2", "mcp", "psycopg", "pycurl", "redis", "websockets"}
"""What is imported when a check looks, and not before."""
LONGEST_S = 600.0


@dataclass
class Subject:
    """A kind as the gate finds it."""

    name: str
    kind: object
    module: ModuleType | None
    page: str

    @property
    def examples(self):
        return re.findall(r"^```yaml check\n(.*?)^```", self.page, re.MULTILINE | re.DOTALL)


def subject(name):
    kind = catalogue.kind(name)
    return Subject(name, kind, sys.modules[f"releasegate.checks.{name}"], page(name))


def page(name):
    path = PAGES / f"{name}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def it_keeps_the_contract(it):
    return breaches(it.kind, it.name)


def its_module_says_what_it_is(it):
    doc = inspect.getdoc(it.module) or ""
    return [] if doc.startswith(f"The kind `{it.name}`: ") else [f"the module begins with {doc[:40]!r}"]


def it_imports_no_client_before_it_looks(it):
    code = f"import sys, {it.module.__name__}; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return sorted({name.partition(".")[0] for name in said.stdout.split()} & CLIENTS)


def every_key_says_what_it_is_for(it):
    return [key for key in _unsaid(it.kind.table.schema()) if key]


def _unsaid(schema):
    for variant in schema.get("anyOf", [schema]):
        for key, inner in variant.get("properties", {}).items():
            if not inner.get("description"):
                yield key
            if key in {"expect", "call"}:
                yield from (f"{key}.{below}" for below in _unsaid(inner))


def its_schema_is_one_and_takes_the_examples(it):
    schema = it.kind.table.schema()
    if not jsonschema_rs.meta.is_valid(schema):
        return ["it is no JSON Schema"]
    validator = jsonschema_rs.validator_for(schema)
    checks = [check for example in it.examples for check in yaml.safe_load(example).values()]
    return [str(error)[:200] for check in checks for error in validator.iter_errors(check.get(it.name))]


def its_page_is_of_the_pattern(it):
    problems = []
    if not re.match(rf"# `{it.name}`: .+\n\nA check of kind `{it.name}` ", it.page):
        problems.append("the page does not begin with the kind and what it is")
    before = it.page.partition("\n## ")[0]
    if "```yaml check\n" not in before:
        problems.append("there is no example before the first heading")
    headings = [heading for heading in re.findall(r"^## (.+)$", it.page, re.MULTILINE) if heading in HEADINGS]
    if tuple(headings) != HEADINGS:
        problems.append(f"the headings are {headings}")
    return problems


def loaded(it, *, port=9):
    """Load all examples of a page; every target of theirs is declared, of the kind's first scheme, on loopback."""
    scheme = min(it.kind.schemes or {"tcp"}, key=len)
    targets, identities = {}, {}
    for _ in range(50):
        checks = "".join(f"      {line}\n" for example in it.examples for line in example.splitlines())
        head = f"version: 1\ntargets: {targets or {'none': {'url': 'tcp://127.0.0.1:9'}}}\nidentities: {identities}\n"
        try:
            return load(f"{head}suites:\n  docs:\n    checks:\n{checks}", {}, file="page.yml")
        except ConfigError as wrong:
            said = "\n".join(problem.message for problem in wrong.problems)
            missing = set(re.findall(r'unknown (target|identity) "([^"]+)"', said))
            if not missing:
                raise
            targets |= {n: {"url": f"{scheme}://127.0.0.1:{port}"} for kind, n in missing if kind == "target"}
            identities |= {n: {"bearer": "a-made-up-token"} for kind, n in missing if kind == "identity"}
    raise AssertionError(f"the examples do not load: {said}")


def its_examples_load_and_its_numbers_are_sane(it):
    problems = []
    for check in build(loaded(it), catalogue.kind).checks if it.examples else ():
        kind, spec = check.kind, check.decl.spec
        bound_s, writes = kind.timeout_s(spec), kind.writes(spec)
        sound = {
            "it is of another kind": kind.name == it.name,
            "it names no target": check.targets and all(isinstance(target, str) for target in check.targets),
            "timeout_s bounds nothing": math.isfinite(bound_s) and 0 < bound_s <= LONGEST_S,
            "writes is no number": type(writes) is int and writes >= 0,
            "cleans_up is no boolean": type(kind.cleans_up(spec)) is bool,
            "its profile is none": profile(kind, None, spec) in PROFILES,
        }
        problems += [f"{check.id}: {what}" for what, so in sound.items() if not so]
    return problems if it.examples else ["the page has no example"]


class Nobody:
    """Credentials of a run without a login."""

    async def headers(self, identity, target):
        return ()

    async def cookies(self, identity, target):
        return ()

    def fell_back(self, identity):
        return False


def world_of(targets, wire):
    return World(
        targets=targets, wire=wire, credentials=Nobody(), clock=time.monotonic,
        wall=lambda: "2026-01-02T03:04:05Z", sleep=asyncio.sleep, nonce=lambda: "0123456789abcdef" * 2,
    )  # fmt: skip


async def sampled(kind, spec, values, targets):
    wire = LiveWire(environ={}, clock=time.monotonic)
    try:
        async with asyncio.timeout(30):
            return await take(kind, spec, values, world_of(targets, wire))
    finally:
        await wire.aclose()


def a_dead_port_is_trouble(it):
    """Take a sample of every example where nobody listens: the world's fault, named by the kind, and no bug."""
    config = loaded(it)
    problems = []
    for check in build(config, catalogue.kind).checks:
        targets = {name: dead(target) for name, target in config.targets.items()}
        sample = asyncio.run(sampled(it.kind, check.decl.spec, check.values, targets)).sample
        if sample.outcome != "trouble" or not sample.signature.startswith(f"{it.name} "):
            problems.append(f"{check.id}: {sample.outcome} {sample.signature}")
    return problems


def dead(target):
    """Lead a target to a port where nobody listens: that of a service of the system, which none of ours has."""
    return Target(
        name=target.name, url=f"{target.scheme}://127.0.0.1:1", scheme=target.scheme, host="127.0.0.1", port=1
    )


RULES = (
    it_keeps_the_contract,
    its_module_says_what_it_is,
    it_imports_no_client_before_it_looks,
    every_key_says_what_it_is_for,
    its_schema_is_one_and_takes_the_examples,
    its_page_is_of_the_pattern,
    its_examples_load_and_its_numbers_are_sane,
    a_dead_port_is_trouble,
)


def a_green_sample_could_have_been_red(kind, spec, taken):
    """Break each failing expectation of a green sample, and lose what it must notice: each must turn it red."""
    problems = []
    for expectation in taken.sample.expectations:
        mutant = kind.violate(taken.observation, expectation)
        if mutant is None:
            problems.append(f"nothing breaks {expectation.text}")
        elif all(e.met for e in kind.judge(spec, mutant, taken.scope).expectations):
            problems.append(f"it stays green without {expectation.text}")
    for name, mutant in kind.losses(spec, taken.observation):
        if all(e.met for e in kind.judge(spec, mutant, taken.scope).expectations):
            problems.append(f"it stays green with {name}")
    return problems


def judging_is_pure(kind, spec, taken, monkeypatch):
    """Judge twice without a clock, a network or chance: it must come to the same."""

    def refuse(*_, **__):
        raise AssertionError("judge looked at the world")

    with monkeypatch.context() as without:
        for place, name in (("time", "time"), ("time", "monotonic"), ("time", "perf_counter"), ("os", "urandom")):
            without.setattr(f"{place}.{name}", refuse)
        without.setattr("socket.socket", refuse)
        try:
            both = [kind.judge(spec, taken.observation, taken.scope) for _ in range(2)]
        except AssertionError as looked:
            return [str(looked)]
    return [] if both[0] == both[1] else ["it judges otherwise the second time"]
