"""A workflow and the time since it began in, its state and how well its agents worked together out. Pure."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

PATTERNS = ("broadcast", "round_robin", "priority", "parallel", "sequential")
PENDING_S, INITIALIZING_S, AGGREGATING_S = 0.08, 0.08, 0.08
WORK_S, MORE_WORK_S = 0.2, 0.02
HANDOVER_S = 0.02
RUNNING_FROM_S = PENDING_S + INITIALIZING_S
MOST_AGENTS = 50


class Fate(Enum):
    """How a workflow ends: as it should, never, or in `failed`."""

    COMPLETES = "completes"
    STICKS = "sticks"
    FAILS = "fails"


class Stint(NamedTuple):
    """One agent's part: it works from `begins_s` on, and is bound from `bound_from_s` to `bound_to_s`."""

    bound_from_s: float
    begins_s: float
    works_s: float
    bound_to_s: float


class Workflow(NamedTuple):
    """What was ordered. `began_s` is when, on the staging's clock."""

    id: str
    agents: tuple[str, ...]
    pattern: str
    began_s: float
    fate: Fate


def stints(agents: int, pattern: str) -> tuple[Stint, ...]:
    """Lay out who works when, in seconds from the start of `running`."""
    work = [WORK_S + MORE_WORK_S * (index % 4) for index in range(agents)]
    if pattern in {"parallel", "broadcast"}:
        lag_s = HANDOVER_S if pattern == "broadcast" else 0.0
        ends_s = max(index * lag_s + works_s for index, works_s in enumerate(work))
        return tuple(Stint(0.0, index * lag_s, works_s, ends_s) for index, works_s in enumerate(work))
    out, at_s = [], 0.0
    for index, works_s in enumerate(work):
        handing_s = HANDOVER_S * {"sequential": 1, "round_robin": 2}.get(pattern, index + 1)
        out.append(Stint(at_s, at_s + handing_s, works_s, at_s + handing_s + works_s))
        at_s = out[-1].bound_to_s
    return tuple(out)


def timeline(parts: Sequence[Stint], fate: Fate) -> tuple[tuple[float, str], ...]:
    """Give each state with the second in which it is entered."""
    lasts_s = max(part.bound_to_s for part in parts)
    begun = (
        (0.0, "pending"),
        (PENDING_S, "initializing"),
        (RUNNING_FROM_S, "running"),
        (RUNNING_FROM_S + lasts_s / 3, "coordinating"),
    )
    waiting_s, done_s = RUNNING_FROM_S + 2 * lasts_s / 3, RUNNING_FROM_S + lasts_s
    if fate is Fate.FAILS:
        return (*begun, (waiting_s, "failed"))
    if fate is Fate.STICKS:
        return (*begun, (waiting_s, "waiting_for_agents"))
    return (
        *begun,
        (waiting_s, "waiting_for_agents"),
        (done_s, "aggregating_results"),
        (done_s + AGGREGATING_S, "completed"),
    )


def efficiency(parts: Sequence[Stint], at_s: float, *, stuck: bool = False) -> float | None:
    """Give the share of the agents' bound time in which they worked, up to `at_s`; None before anyone was bound.

    `stuck`: the last agent never comes back, so all stay bound and it never works.
    """
    worked_s = bound_s = 0.0
    for index, part in enumerate(parts):
        lost = stuck and index == len(parts) - 1
        bound_to_s = at_s if stuck else min(at_s, part.bound_to_s)
        bound_s += max(0.0, bound_to_s - part.bound_from_s)
        worked_s += 0.0 if lost else min(part.works_s, max(0.0, at_s - part.begins_s))
    return round(worked_s / bound_s, 4) if bound_s else None


def look(workflow: Workflow, now_s: float) -> dict[str, Any]:
    """Show a workflow as the api answers it."""
    elapsed_s = max(0.0, now_s - workflow.began_s)
    parts = stints(len(workflow.agents), workflow.pattern)
    entered = timeline(parts, workflow.fate)
    since_s, state = next(entry for entry in reversed(entered) if entry[0] <= elapsed_s)
    worked_to_s = min(elapsed_s, since_s) if state == "failed" else elapsed_s
    measured = efficiency(parts, worked_to_s - RUNNING_FROM_S, stuck=workflow.fate is Fate.STICKS)
    return {
        "workflow_id": workflow.id,
        "state": state,
        "pattern": workflow.pattern,
        "agents": list(workflow.agents),
        "metrics": {"coordination_efficiency": measured},
    }
