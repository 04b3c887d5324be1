"""A seed in, a whole run of the gate in a world without a network out, held to all that must be true of any run."""

import asyncio
import json
import random
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema_rs
from chaos_clock import Clocks, LeapingLoop
from chaos_fake import GRACE_S, FakeWire
from chaos_scenario import ENVIRON, Scale, Scenario, scenario
from chaos_truth import Staging, hold

from releasegate import gate
from releasegate.checks.catalogue import kind
from releasegate.config.load import load
from releasegate.evidence.file import decode, encode, json_schema
from releasegate.evidence.rejudge import rejudge
from releasegate.identities import IdentityBook
from releasegate.model import Evidence
from releasegate.plan import build
from releasegate.redact import Redactor
from releasegate.report import console, junit, markdown
from releasegate.sample import CLEAN_UP_S, World

SCALE = Scale(timeout_s=2.0, deadline_s=(0.5, 20.0, 900.0), own_deadline_s=5.0, wait_s=30.0, stop_s=60.0, crowds=True)
MOST_REPORTED = 100
SAID: list[str] = []
"""What asyncio complained of in any run: a task or a failure that nobody looked at is told when it is collected."""
PORTS = {"api": 1001, "auth": 1002, "chat": 1003, "edge": 1004}


@dataclass
class Played:
    """One run. `took_s` is on the loop's clock."""

    scenario: Scenario
    staging: Staging
    evidence: Evidence
    took_s: float
    stopped_s: float | None
    steady: bool
    sampling_s: float | None


@dataclass
class Ear:
    """Hears all that a run tells, as the command line would; and when the sampling begins."""

    loop: LeapingLoop
    sampling_s: float | None = None

    def say(self, text: str) -> None:
        if text.startswith("sampling "):
            self.sampling_s = self.loop.time()

    def progress(self, progress: Any) -> None:
        assert progress.check.id


def play(seed: int) -> Played:
    """Run the gate once. Anything that is raised is a bug: of the gate, or of this world."""
    drawn = scenario(seed, SCALE, lambda name: PORTS.setdefault(name, 2000 + len(PORTS)))
    config = load(json.dumps(drawn.config), ENVIRON, file="chaos.yml")
    staging, loop, rng = Staging(drawn), LeapingLoop(), random.Random(f"world {seed}")
    clocks = Clocks(loop, rng, jumping=rng.random() < 0.3)
    wire = FakeWire(drawn, staging, clocks)
    redactor = Redactor(config.secrets)
    nonce = lambda: rng.randbytes(16).hex()  # noqa: E731
    book = IdentityBook(
        config.identities, config.targets, wire, epoch=clocks.epoch, nonce=nonce, on_secret=redactor.add
    )  # fmt: skip
    world = World(
        targets=config.targets, wire=wire, credentials=book, clock=clocks.clock, wall=clocks.wall, sleep=asyncio.sleep,
        nonce=nonce,
    )  # fmt: skip
    order = gate.Order(
        config=config, plan=build(config, kind), judged=drawn.judged, deadline_s=drawn.deadline_s,
        control_kind=kind(config.control.kind) if config.control else None, fallbacks=book.fallbacks,
        clean=redactor.clean_struct,
    )  # fmt: skip
    ear = Ear(loop)
    loop.set_exception_handler(lambda _loop, context: SAID.append(context["message"]))
    random.seed(seed)  # tenacity's waits

    async def run() -> tuple[Evidence, float]:
        stop = asyncio.Event()
        if drawn.stop_at_s is not None:
            loop.call_later(drawn.stop_at_s, stop.set)
        evidence = await gate.run(order, world, ear, stop)
        assert evidence.run.interrupted == stop.is_set(), "it was stopped, and says otherwise"
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks are left: {left}"
        return evidence, loop.time()

    try:
        evidence, took_s = loop.run_until_complete(run())
    finally:
        loop.close()
    stopped_s = drawn.stop_at_s if evidence.run.interrupted else None
    return Played(drawn, staging, evidence, took_s, stopped_s, not clocks.jumps, ear.sampling_s)


def held(seed: int) -> Played:
    """Run a seed and hold it to everything. Raises AssertionError, or what the gate raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        played = play(seed)
    assert not SAID, SAID
    held_evidence(played.evidence, played.staging)
    _ends_in_time(played)
    return played


def held_evidence(evidence: Evidence, staging: Staging, *, exit_code: int | None = None) -> None:
    """Hold evidence to the truth, to its schema, to a second judging and to what may stand in a report."""
    hold(evidence, staging, exit_code=exit_code)
    encoded = encode(evidence)
    assert rejudge(decode(encoded)) == evidence.verdict, "a second judging comes to something else"
    _validator().validate(json.loads(encoded))
    assert not any(token.encode() in encoded for token in staging.tokens), "a token stands in the evidence"
    if len(evidence.checks) > MOST_REPORTED:
        return
    for text in (console.render(evidence, colour=False, width=100), markdown.render(evidence), junit.render(evidence)):
        assert "\x1b[31m" not in text
        assert "\u202e" not in text
        assert not any(token in text for token in staging.tokens)


@cache
def _validator() -> Any:
    return jsonschema_rs.validator_for(json_schema())


LOOK_S = 30.0
"""One look at the revision with all that is asked again."""
LAST_LOOK_S = 15.0
MOST_LOOKS = 16
"""A target that gave two commits must give ten equal ones in a row; each of these looks may be slow."""


def _ends_in_time(played: Played) -> None:
    """Hold a run to its bounds: of what comes before the samples, of them, and of what comes after."""
    if not played.steady:
        return  # what a clock that jumps bounds is anybody's guess; it must end, and it did
    drawn, run = played.scenario, played.evidence.run
    clean_s = CLEAN_UP_S + GRACE_S
    if played.stopped_s is not None:
        assert played.took_s <= played.stopped_s + clean_s, f"{played.took_s - played.stopped_s} s after it was stopped"
        return
    control_s = drawn.deadline_s + clean_s if "control" in drawn.config else 0.0
    before_s = control_s + drawn.wait_s + MOST_LOOKS * LOOK_S
    began_s = played.sampling_s if played.sampling_s is not None else played.took_s
    assert began_s <= before_s, f"{began_s} s before the first sample"
    after_s = clean_s + LAST_LOOK_S if run.deadline_reached else 3 * LOOK_S
    assert played.took_s <= began_s + drawn.deadline_s + after_s, f"{played.took_s - began_s} s of {drawn.deadline_s} s"
