"""Seeds in, runs of the gate over real sockets out, several at once; each held to all that must be true of any run."""

import asyncio
import contextlib
import gc
import json
import os
import random
import threading
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

from chaos_play import held_evidence
from chaos_scenario import ENVIRON, Scale, Scenario, scenario
from chaos_server import Ports, Server
from chaos_truth import Staging

from releasegate import gate
from releasegate.checks.catalogue import kind
from releasegate.config.load import load
from releasegate.identities import IdentityBook
from releasegate.model import Evidence
from releasegate.plan import build
from releasegate.redact import Redactor
from releasegate.sample import CLEAN_UP_S, World
from releasegate.wire.live import LiveWire

SCALE = Scale(timeout_s=0.3, deadline_s=(0.5, 2.0, 6.0), own_deadline_s=1.0, wait_s=0.5, stop_s=2.0)
LAST_LOOK_S = 15.0
STARVED_S = 3.0
"""What a busy machine may take beyond every bound."""
FILES = Path("/proc/self/fd")
MOST_GROWTH = 120 * 2**20
"""Bytes by which the process may grow over all runs, with the staging in it."""


class Ear:
    """Hears when the sampling begins."""

    sampling_s: float | None = None

    def say(self, text: str) -> None:
        if text.startswith("sampling "):
            self.sampling_s = time.monotonic()

    def progress(self, _progress: object) -> None: ...


class Live:
    """One scenario over the wire."""

    def __init__(self, seed: int) -> None:
        self.ports = Ports()
        self.scenario: Scenario = scenario(seed, SCALE, self.ports)
        self.staging = Staging(self.scenario)
        self.server = Server(self.scenario, self.ports, self.staging)

    async def run(self) -> Evidence:
        """Run the gate, as the command line wires it, and hold it to its time."""
        drawn, rng = self.scenario, random.Random(f"world {self.scenario.seed}")
        config = load(json.dumps(drawn.config), ENVIRON, file="chaos.yml")
        wire, redactor, ear, stop = (
            LiveWire(environ={}, clock=time.monotonic),
            Redactor(config.secrets),
            Ear(),
            asyncio.Event(),
        )
        nonce = lambda: rng.randbytes(16).hex()  # noqa: E731
        book = IdentityBook(
            config.identities, config.targets, wire, epoch=time.time, nonce=nonce, on_secret=redactor.add
        )  # fmt: skip
        world = World(
            targets=config.targets, wire=wire, credentials=book, clock=time.monotonic, sleep=asyncio.sleep, nonce=nonce,
            wall=lambda: "2026-01-01T00:00:00.000Z",
        )  # fmt: skip
        order = gate.Order(
            config=config, plan=build(config, kind), judged=drawn.judged, deadline_s=drawn.deadline_s,
            control_kind=kind(config.control.kind) if config.control else None, fallbacks=book.fallbacks,
            clean=redactor.clean_struct,
        )  # fmt: skip
        stopping = (
            asyncio.get_running_loop().call_later(drawn.stop_at_s, stop.set) if drawn.stop_at_s is not None else None
        )
        began = time.monotonic()
        try:
            evidence = await gate.run(order, world, ear, stop)
            assert evidence.run.interrupted == stop.is_set(), "it was stopped, and says otherwise"
        finally:
            await wire.aclose()
            if stopping:
                stopping.cancel()
        ended = time.monotonic()
        if evidence.run.interrupted:
            assert ended - began <= (drawn.stop_at_s or 0.0) + CLEAN_UP_S + STARVED_S, "it went on after it was stopped"
        elif ear.sampling_s is not None and evidence.run.deadline_reached:
            assert ended - ear.sampling_s <= drawn.deadline_s + CLEAN_UP_S + LAST_LOOK_S + STARVED_S, (
                "it went on after its deadline"
            )
        return evidence


async def _all(lives: Sequence[Live], said: list[str]) -> list[Evidence]:
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: said.append(str(context)))
    got = await asyncio.gather(*(live.run() for live in lives))
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"tasks are left: {left}"
    return got


def play_live(seeds: Sequence[int]) -> list[Evidence]:
    """Run seeds side by side on one loop. Raises AssertionError with the seed, or what the gate raised."""
    before, threads, said = descriptors(), threading.active_count(), list[str]()
    lives = [Live(seed) for seed in seeds]
    with contextlib.ExitStack() as servers, warnings.catch_warnings():
        warnings.simplefilter("error")
        for live in lives:
            servers.enter_context(live.server)
        got = asyncio.run(_all(lives, said))
    gc.collect()
    assert not said, said
    for live, evidence in zip(lives, got, strict=True):
        try:
            held_evidence(evidence, live.staging)
        except AssertionError as wrong:
            wrong.add_note(f"seed {live.scenario.seed}")
            raise
    assert threading.active_count() <= threads, [thread.name for thread in threading.enumerate()]
    assert descriptors() <= before, f"{descriptors() - before} descriptors are left open by {list(seeds)}"
    return got


def descriptors() -> int:
    """Count what the process has open; 0 where nobody can tell."""
    return len(os.listdir(FILES)) if FILES.exists() else 0  # noqa: PTH208 - the listing itself is open while it is made


def resident_bytes() -> int:
    """Give how large the process is now; 0 where nobody can tell."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if status.exists() else 0
