"""Faults in, what the chat says after `start_agent` out: our events, with another client's between them. Pure."""

from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from releasegate.demo.faults import Fault

EVENTS = ("agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed")
OTHERS = ("agent_completed", "tool_executing", "agent_thinking", "error", "tool_completed")
"""What the other client gets meanwhile: whoever takes it for ours is misled, both to green and to red."""
PAUSE_S = 0.02
CUT = ""
"""Stands for no event: the connection is cut there."""
DETAILS: dict[str, dict[str, Any]] = {
    "agent_thinking": {"thought": "which of the numbers matter"},
    "tool_executing": {"tool": "query_metrics"},
    "tool_completed": {"tool": "query_metrics"},
    "agent_completed": {"result": {"summary": "nothing unusual"}},
    "error": {"message": "the request was cancelled by its client", "code": 499},
}


class Line(NamedTuple):
    """One event, or CUT: `ours` tells whose."""

    ours: bool
    event: str


def script(faults: AbstractSet[Fault]) -> tuple[Line, ...]:
    """Give the events in the order in which they are sent."""
    events, cut = list(EVENTS), False
    if Fault.WS_REORDER in faults:
        events[2], events[3] = events[3], events[2]
    if Fault.WS_DROP in faults:
        events, cut = events[: events.index("agent_thinking") + 1], True
    if Fault.WS_TIMEOUT in faults:
        events = events[: events.index("agent_started") + 1]
    if Fault.WS_SILENT in faults:
        events = []
    lines: list[Line] = []
    for index, other in enumerate(OTHERS):
        lines.append(Line(ours=False, event=other))
        lines += [Line(ours=True, event=event) for event in events[index : index + 1]]
        if cut and index + 1 >= len(events):
            return (*lines, Line(ours=True, event=CUT))
    return tuple(lines)
