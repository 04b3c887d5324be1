"""A kind and a world under the test's control: `stage("✓✗!")` scripts a check's samples one by one."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from releasegate.checks.base import Judgement
from releasegate.config.model import CheckDecl, Target
from releasegate.config.shape import Shape
from releasegate.errors import CouldNotLook
from releasegate.model import Contact, Expectation, Trouble
from releasegate.plan import PlannedCheck
from releasegate.sample import World


class Anything(Shape):
    says = "anything"


@dataclass
class Staged:
    """A kind whose samples come from the spec's script: ✓ met, ✗ unmet, ! trouble, ∞ never ends, ∅ demands nothing."""

    name: str = "staged"
    table: Shape = field(default_factory=Anything)
    troubles: tuple[type[Exception], ...] = (ConnectionError,)
    reads_by_default: str = "standard"
    writes_by_default: str = "single"
    cleaned: list[str] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    order: list[str] = field(default_factory=list)
    bug: bool = False

    def targets(self, spec, values):
        return (spec.get("target", "api"),)

    def timeout_s(self, spec):
        return spec.get("timeout_s", 5.0)

    def writes(self, spec):
        return spec.get("writes", 0)

    def cleans_up(self, spec):
        return spec.get("cleans_up", False)

    async def observe(self, spec, probe):
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.order.append(spec["id"])
        probe.target = spec.get("target", "api")
        try:
            return await self._observe(spec, probe)
        finally:
            self.running -= 1

    async def _observe(self, spec, probe):
        probe.contacts.append(Contact(target="api", host="h", port=1, bytes_received=1))
        with probe.phase("look"):
            await asyncio.sleep(spec.get("takes_s", 0))
        mark = spec["script"].pop(0) if len(spec["script"]) > 1 else spec["script"][0]
        if mark == "!":
            raise CouldNotLook(Trouble(phase="connect", reason="refused", message="nobody", target="api"))
        if mark == "?":
            raise ConnectionResetError("gone")
        if mark == "b":
            raise ZeroDivisionError("our own bug")
        if mark == "∞":
            probe.doing = "transfer"
            await asyncio.sleep(3600)
        return mark

    async def clean_up(self, spec, probe):
        self.cleaned.append(spec["id"])
        if spec.get("dirty"):
            raise CouldNotLook(Trouble(phase="connect", reason="refused", message="still there"))

    def judge(self, spec, observation, scope):
        if observation == "∅":
            return Judgement(expectations=())
        met = observation == "✓"
        one = Expectation(
            subject="mark",
            operator="equals",
            demanded="✓",
            found=[observation],
            met=met,
            text=f'mark == "✓" (got "{observation}")',
        )
        return Judgement(expectations=(one,), signature=None if met else "staged mark")

    def violate(self, observation, expectation):
        return "✗"


def planned(
    kind, name, script, *, profile="once", needs=(), diagnose=(), deadline_s=None, window_s=None, **spec: Any
):  # fmt: skip
    spec = {"id": f"s.{name}", "script": list(script), **spec}
    decl = CheckDecl(
        suite="s", name=name, kind="staged", spec=spec, hash=name, needs=needs, diagnose=diagnose,
        deadline_s=deadline_s, window_s=window_s,
    )  # fmt: skip
    return PlannedCheck(
        id=f"s.{name}", suite="s", decl=decl, kind=kind, values={}, targets=kind.targets(spec, {}), profile=profile,
        weight=1.0, owner=None,
    )  # fmt: skip


@dataclass
class Time:
    """A clock that stands still but for the pauses that the runner asks for."""

    now_s: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def clock(self):
        return self.now_s

    async def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(0)


def target(name="api", **more):
    return Target(name=name, url=f"http://{name}:1", scheme="http", host=name, port=1, **more)


def world(time: Time | None = None, *targets: Target) -> World:
    time = time or Time()
    return World(
        targets={t.name: t for t in targets or (target(),)},
        wire=None,
        credentials=None,
        clock=time.clock,
        wall=lambda: "2026-01-01T00:00:00Z",
        sleep=time.sleep,
        nonce=lambda: "0123456789abcdef0123456789abcdef",
    )
