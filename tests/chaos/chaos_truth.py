"""Requests in, the sound answers to them out; and a book of all that was really served, kept apart from the product.

`hold` is the oracle: a run's evidence and that book in, AssertionError out where the two cannot both be true.
"""

import json
import random
import re
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chaos_scenario import ENVIRON, NEW, OLD, Scenario

from releasegate.model import Evidence, Label, Outcome, State

GREEN = {State.STABLE, State.DEGRADED}
PASSED = {Label.PASSED, Label.FLAKY}
HEX32 = re.compile(r"[0-9a-f]{32}")
POLLS = 3
STATES = ("pending", "running", "running", "completed")


class Reply(NamedTuple):
    """What a sound staging says; `part` is what the book notes once it was served whole."""

    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    key: str = ""
    nonce: str = ""
    part: str | None = None

    @property
    def encoded(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass
class Staging:
    """The sound staging below all misbehaviour, and the book. Shared with a server's thread: each step is locked."""

    scenario: Scenario
    served: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    made: set[str] = field(default_factory=set)
    asked: Counter = field(default_factory=Counter)
    revisions: list[tuple[str, str]] = field(default_factory=list)
    """Whole answers to the question for the commit, since the first check was asked: target and commit."""
    sampling: bool = False
    tokens: set[str] = field(default_factory=lambda: set(ENVIRON.values()))
    lock: Any = field(default_factory=threading.RLock)
    rng: random.Random = field(default_factory=random.Random)

    def note(self, reply: Reply) -> None:
        """Write down that an answer was served whole."""
        if reply.part:
            with self.lock:
                self.served[reply.key, reply.nonce] |= {reply.part, "status"} if reply.status == 200 else {reply.part}

    def note_whole(self, reply: Reply) -> None:
        """Write down that its status was served whole, with another body: enough for who asks for no more."""
        with self.lock:
            self.served[reply.key, reply.nonce].add("status" if reply.status == 200 else reply.part or "")

    def note_refusal(self, path: str) -> None:
        """Write down that whoever asked was turned away, for whatever reason."""
        with self.lock:
            key, nonce = path.partition("?")[0].split("/")[-2:]
            self.served[key, nonce].add("refused")

    def note_revision(self, target: str, commit: str) -> None:
        with self.lock:
            if self.sampling:
                self.revisions.append((target, commit))

    def answer(self, method: str, path: str, headers: dict[str, str], target: str = "api") -> Reply:
        """Answer as a healthy staging does, and remember what was made."""
        with self.lock:
            if path == "/login":
                token = f"token-{len(self.tokens):04d}-of-chaos"
                self.tokens.add(token)
                return Reply(200, {"access_token": token})
            if path == "/revision":
                commit = self.commit(target)
                return Reply(200, {"revision": commit}, (("X-Revision", commit),))
            return self._check(method, [part for part in path.partition("?")[0].split("/") if part], headers)

    def commit(self, target: str) -> str:
        """Say which commit runs, whole answer for whole answer: a fate that is not sound runs another one now."""
        fate = self.scenario.fate(f"revision of {target}")
        return NEW if fate.sound() else OLD

    def _check(self, method: str, parts: list[str], headers: dict[str, str]) -> Reply:  # noqa: PLR0911 - one for each path
        self.sampling = True
        within, shown = parts[:1] == ["in"], headers.get("authorization", "")
        key, nonce, *rest = [*parts[within:], "", ""][: max(2, len(parts) - within)]
        if within and shown.removeprefix("Bearer ") not in self.tokens:
            return Reply(401, {"error": "who?"}, key=key, nonce=nonce, part="refused")
        match method, rest:
            case "POST", ["make"]:
                self.made.add(nonce)
                return Reply(201, {"id": f"thing-{nonce[:8]}"}, key=key, nonce=nonce, part="made")
            case "DELETE", ["things", _]:
                self.made.discard(nonce)
                return Reply(204, key=key, nonce=nonce)
            case _, ["poll"]:
                self.asked[nonce] += 1
                ready = self.asked[nonce] >= POLLS
                return self._said(key, nonce, "ready" if ready else None, ready=ready)
            case _, ["states"]:
                self.asked[nonce] += 1
                state = STATES[min(self.asked[nonce], len(STATES)) - 1]
                return self._said(key, nonce, state, state=state)
            case _, ["things", thing]:
                return self._said(key, nonce, "got", id=thing)
        return self._said(key, nonce, "got", n=7, **({"you": shown} if within else {}))

    def _said(self, key: str, nonce: str, part: str | None, **more: Any) -> Reply:
        headers = (("Content-Type", "application/json"),)
        return Reply(200, {"check": key, "nonce": nonce, **more}, headers, key, nonce, part)

    def good(self, key: str, parts: frozenset[str]) -> set[str]:
        """Give the nonces under which a sample was served all that it needs."""
        return {nonce for (served, nonce), got in self.served.items() if served == key and parts <= got}


def hold(evidence: Evidence, staging: Staging, *, exit_code: int | None = None) -> None:
    """Hold a run's evidence to what staging really did. Raises AssertionError."""
    known = staging.scenario.checks
    ids = [check.id for check in evidence.checks]
    assert sorted(ids) == sorted(known), "each planned check is in the evidence once"
    for check in evidence.checks:
        _hold_check(check, known[check.id], staging)
    cut = [check.id for check in evidence.checks if "the run's deadline" in (check.not_sampled or "")]
    assert evidence.run.deadline_reached or not cut, f"the deadline cut {cut} off, and nothing says so"
    state, code = evidence.verdict.state, evidence.verdict.exit_code
    advisory = evidence.run.mode == "advisory"
    meant = (
        130 if evidence.run.interrupted else 0 if advisory or state in GREEN else {State.UNSTABLE: 10}.get(state, 11)
    )
    assert code == meant, f"{state} left with {code}"
    assert exit_code in {None, code}, f"the process left with {exit_code}, its evidence says {code}"
    if state in GREEN:
        _hold_green(evidence, staging)
    kept = [s for c in evidence.checks for s in (*c.samples, *((c.unfinished,) if c.unfinished else ()))]
    leaked = sum(sample.leaked for sample in kept)
    assert len(staging.made) <= leaked, f"{len(staging.made)} things are left on staging, {leaked} are told of"


def _hold_check(check: Any, known: Any, staging: Staging) -> None:
    good = staging.good(known.key, known.parts)
    met = [sample for sample in check.samples if sample.outcome is Outcome.MET]
    assert len(met) <= len(good) or "open" in known.parts, f"{check.id}: {len(met)} met, {len(good)} were served well"
    if "open" in known.parts:
        assert not met or staging.served.get((known.key, "")), f"{check.id}: met, and nobody listened"
    if known.tells:
        told = [set(HEX32.findall(json.dumps([[e.demanded, e.found] for e in s.expectations]))) for s in met]
        assert all(one & good for one in told), f"{check.id}: a sample is met that was not served well"
        assert len(set().union(*told)) >= len(met), f"{check.id}: two samples of one answer"
    if check.label in PASSED:
        assert len(met) >= known.fewest, f"{check.id} is {check.label} with {len(met)} good samples"
        if known.twin:
            twin = staging.scenario.checks[known.twin]
            assert len(staging.good(twin.key, twin.parts)) >= twin.fewest, f"{check.id} passed, its twin cannot have"


def _hold_green(evidence: Evidence, staging: Staging) -> None:
    """Hold a green verdict to the book alone: no label and no reading of the product is asked."""
    assert not evidence.run.interrupted
    assert not evidence.run.deadline_reached
    for known in staging.scenario.checks.values():
        if "open" in known.parts:
            assert known.advisory or staging.served.get((known.key, "")), f"green, and nobody listens for {known.id}"
            continue
        good = len(staging.good(known.key, known.parts))
        assert known.advisory or good >= known.fewest, f"green, and {known.id} was served well {good} times"
    judged = staging.scenario.judged or NEW
    foreign = {name for name, target in staging.scenario.config["targets"].items() if target.get("foreign")}
    others = Counter(target for target, commit in staging.revisions if not commit.startswith(judged))
    same = Counter(target for target, commit in staging.revisions if commit.startswith(judged))
    for target, times in others.items():
        # One answer may have been on its way when the run was over and nobody read it any more.
        whole = target in foreign or staging.scenario.judged is None
        assert times < 2 or (whole and same[target] < 2), f"green, and {target} said another commit {times} times"
