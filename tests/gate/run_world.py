"""A whole gate under the test's control: `gate(check("a", "✓"), says={"api": [OLD, NEW]})` gives its evidence."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace
from staged import Staged, Time, planned, world

from releasegate import gate as gate_room
from releasegate.config.model import Config, ControlDecl, Policy, Revision, Target
from releasegate.config.rules import parse_rule
from releasegate.config.shape import Url
from releasegate.errors import CouldNotLook
from releasegate.evidence.file import decode, encode
from releasegate.evidence.rejudge import rejudge
from releasegate.model import Contact, Evidence, LeftOut, Trouble
from releasegate.plan import Plan
from releasegate.wire.types import HttpAnswer

NEW, OLD = "a" * 40, "b" * 40
KIND = Staged()


def check(name: str, script: str = "✓", **more: Any):
    return planned(more.pop("kind", KIND), name, script, **more)


def target(
    name: str = "api", *, foreign: bool = False, declares: bool = True, wait_s: float = 0.0, settle: int = 1
) -> Target:
    revision = Revision(get=Url(None, "/version"), header="X-Revision", wait_s=wait_s, settle=settle)
    return Target(
        name=name, url=f"http://{name}:1", scheme="http", host=name, port=1, foreign=foreign,
        revision=revision if declares else None,
    )  # fmt: skip


@dataclass
class Deployment:
    """Each target's answers, one by one; the last stays. `!` refuses, `bug` is one of ours, `∞` never answers."""

    says: dict[str, list[str]]
    hear: "Heard"

    async def families(self, target):
        return ()

    async def fetch(self, request):
        self.hear.fetched()
        answers = self.says[request.target.name]
        said = answers.pop(0) if len(answers) > 1 else answers[0]
        if said == "!":
            raise CouldNotLook(Trouble(phase="connect", reason="refused", message="nobody listens"))
        if said == "bug":
            raise ZeroDivisionError("our own bug")
        if said == "∞":
            await asyncio.sleep(3600)
        contact = Contact(target=request.target.name, host="h", port=1)
        headers = (("x-revision", said),)
        return HttpAnswer(status=200, headers=headers, body=b"", phases=(), contact=contact, total_s=0.0)


@dataclass
class Heard:
    """What the listener heard. `stop_at` names the moment at which somebody interrupts: words said, a count of samples, seconds."""

    stop_at: str | int | float | None = None
    said: list[str] = field(default_factory=list)
    samples: int = 0
    settled: int = 0
    stop: asyncio.Event | None = None

    def say(self, text):
        self.said.append(text)
        self._stop_if(isinstance(self.stop_at, str) and self.stop_at in text)

    def progress(self, progress):
        self.samples += progress.sample is not None
        self.settled += progress.sample is None
        self._stop_if(self.samples == self.stop_at)

    def fetched(self):
        self._stop_if(self.stop_at == "a reading after" and self.settled)

    def _stop_if(self, now):
        if now:
            self.stop.set()


def gate(*checks, says=None, targets=None, control=None, stop_at=None, **more: Any) -> Evidence:
    """Run the gate, and judge its evidence again from the file, as every run does."""
    return heard(*checks, says=says, targets=targets, control=control, stop_at=stop_at, **more)[0]


def heard(
    *checks, says=None, targets=None, control=None, stop_at=None, judged=NEW, rules=(), deadline_s=20.0, left_out=(),
    partial=False, fallbacks=(), kind=KIND, metrics=None, measure=tuple,
):  # fmt: skip
    targets = targets or (target(declares=says is not None),)
    ear = Heard(stop_at=stop_at)
    spec = None if control is None else {"id": "control", "script": list(control), "timeout_s": 5.0}
    units = {name: declared.unit for name, declared in (metrics or {}).items()}
    config = Config(
        gate="staging",
        mode="enforce",
        targets={t.name: t for t in targets},
        identities={},
        control=ControlDecl(kind="staged", spec=spec) if spec else None,
        suites=(),
        policy=Policy(rules=tuple(parse_rule(text, declared=units) for text in rules)),
        hash="sha256:1",
        metrics=metrics or {},
    )
    order = gate_room.Order(
        config=config,
        plan=Plan(checks=checks, left_out=tuple(LeftOut(id=i, reason=why) for i, why in left_out), partial=partial),
        judged=judged,
        deadline_s=deadline_s,
        control_kind=kind if spec else None,
        fallbacks=lambda: tuple(fallbacks),
        measure=measure,
    )
    deployment = Deployment({name: list(answers) for name, answers in (says or {}).items()}, ear)

    async def go():
        ear.stop = asyncio.Event()
        if stop_at == "the start":
            ear.stop.set()
        if isinstance(stop_at, float):
            asyncio.get_running_loop().call_later(stop_at, ear.stop.set)
        return await gate_room.run(order, replace(world(Time(), *targets), wire=deployment), ear, ear.stop)

    evidence = asyncio.run(go())
    assert rejudge(decode(encode(evidence))) == evidence.verdict
    return evidence, ear
