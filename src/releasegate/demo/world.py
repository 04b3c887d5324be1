"""What the staging remembers: its secrets, its faults, its workflows and what was asked of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from releasegate import __version__
from releasegate.demo.faults import Fault
from releasegate.demo.ledger import Ledger
from releasegate.demo.serve import REVISION
from releasegate.demo.workflows import Fate, Workflow

OLDER = "0b9d2c4e6f81a3b5c7d9e0f1a2b3c4d5e6f70819"
NEXT = "e5a4b3c2d1f0e9d8c7b6a5f4e3d2c1b0a9f8e7d6"
AGENTS = ("triage", "data", "optimizer")
EMAIL = "gate@example.com"
MOST_WORKFLOWS = 10_000


@dataclass(kw_only=True)
class World:
    """One staging. `clock` counts seconds, `epoch` seconds since 1970."""

    faults: frozenset[Fault]
    password: str = field(repr=False)
    secret: str = field(repr=False)
    ledger: Ledger
    clock: Callable[[], float]
    epoch: Callable[[], float]
    asked: Counter[str] = field(default_factory=Counter)
    """How often each path was asked for."""
    created: int = 0
    workflows: dict[str, Workflow] = field(default_factory=dict)
    running: Counter[str] = field(default_factory=Counter)
    """How many runs each agent has under way."""
    runs: int = 0
    completed: int = 0
    leaked: list[bytes] = field(default_factory=list)

    @property
    def revision(self) -> str:
        """The commit that the staging says it runs."""
        if Fault.STALE_REVISION in self.faults:
            return OLDER
        return NEXT if Fault.MID_RUN_DEPLOY in self.faults and self.created else REVISION

    def now(self) -> str:
        """Give the time as RFC 3339."""
        return datetime.fromtimestamp(self.epoch(), UTC).isoformat(timespec="milliseconds")

    def health(self, service: str) -> dict[str, Any]:
        return {
            "status": "healthy",
            "service": service,
            "version": __version__,
            "revision": self.revision,
            "timestamp": self.now(),
        }

    def create(self, agents: tuple[str, ...], pattern: str) -> Workflow:
        """Start a workflow; of too many the oldest is forgotten."""
        self.created += 1
        name = f"wf-{self.created:06d}"
        if len(self.workflows) >= MOST_WORKFLOWS:
            del self.workflows[next(iter(self.workflows))]
        workflow = Workflow(name, agents, pattern, self.clock(), self._fate())
        self.workflows[name] = workflow
        return workflow

    def _fate(self) -> Fate:
        if Fault.WORKFLOW_FAILED in self.faults:
            return Fate.FAILS
        return Fate.STICKS if Fault.WORKFLOW_STUCK in self.faults else Fate.COMPLETES

    def begin_run(self, agent: str) -> str:
        """Take up a run of an agent; give its id."""
        self.runs += 1
        self.running[agent] += 1
        return f"run-{self.runs:06d}"

    def end_run(self, agent: str, *, completed: bool) -> None:
        self.running[agent] -= 1
        self.completed += completed

    def agents(self) -> list[dict[str, str]]:
        return [{"name": name, "state": "running" if self.running[name] else "idle"} for name in AGENTS]
