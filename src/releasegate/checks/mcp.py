"""The kind `mcp`: a server of the Model Context Protocol shakes hands, and has tools that work.

Its parts stand in `_mcp`: the table, the conversation, and the link under it.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from releasegate.checks._mcp.table import TABLE, Spec, place_of
from releasegate.checks.base import LOGIN_S, Judgement, Probe
from releasegate.config.model import NOBODY
from releasegate.expect import (
    VACUOUS,
    Demand,
    judge_duration,
    judge_json,
    judge_value,
    violate_json,
    violate_value,
    why,
)
from releasegate.model import Expectation
from releasegate.template import as_text, fill

if TYPE_CHECKING:
    from releasegate.checks._mcp.talk import Said

SLACK_S = 3.0
LONGEST_EXCERPT = 2_000
HANDSHAKE = (Demand("handshake", "equals", True),)
TOOLS, TOOL, SERVER, RESULT = "tools", "tool ", "server", "result"


class Mcp:
    """The handshake is itself a demand; others stand beside it."""

    name = "mcp"
    table = TABLE
    troubles: tuple[type[Exception], ...] = ()
    reads_by_default = "standard"
    writes_by_default = "single"
    schemes = frozenset({"http", "https"})

    def targets(self, spec: Spec, values: Mapping[str, Any]) -> tuple[str, ...]:
        name = spec.url.target
        return (as_text(fill(name, values)),)

    def timeout_s(self, spec: Spec) -> float:
        login_s = 0.0 if spec.identity == NOBODY else LOGIN_S
        return login_s + spec.timeout_s + SLACK_S  # its own bound comes first: it names the phase; then the goodbye

    def writes(self, spec: Spec) -> int:
        return 1 if spec.call and not spec.call.reads else 0

    def cleans_up(self, _spec: Spec) -> bool:
        return False

    async def observe(self, spec: Spec, probe: Probe) -> "Said":
        from releasegate.checks._mcp.talk import converse

        return await converse(spec, probe)

    async def clean_up(self, spec: Spec, probe: Probe) -> None:
        """Leave nothing to do: the session ended with the sample."""

    def judge(self, spec: Spec, observation: "Said", scope: Mapping[str, Any]) -> Judgement:
        there = tuple(Demand(place_of(tool), "exists", True) for tool in spec.tools)
        result = spec.call.result if spec.call else ()
        expectations = (
            *judge_value(HANDSHAKE, observation.answered, scope),
            *judge_value(spec.protocol, observation.protocol, scope),
            *judge_json(spec.server, observation.server, scope, step=SERVER),
            *judge_json(there, observation.tools, scope, step=TOOLS),
            *(
                expectation
                for tool, demands in spec.tools.items()
                for expectation in judge_json(demands, _schema(observation, tool), scope, step=TOOL + tool)
            ),
            *judge_json(result, observation.result, scope, step=RESULT),
            *judge_duration(spec.latency, observation.took_s),
        )
        reason = why(expectations)
        if not reason:
            return Judgement(expectations=expectations)
        return Judgement(expectations=expectations, signature=f"mcp {reason}", excerpt=_excerpt(observation))

    def violate(self, observation: "Said", expectation: Expectation) -> "Said | None":
        step = expectation.step or ""
        if expectation.subject == HANDSHAKE[0].subject:
            return replace(observation, answered=False)
        if step.startswith(TOOL):
            tool = step.removeprefix(TOOL)
            schema = violate_json(_schema(observation, tool), expectation)
            tools = {**observation.tools, tool: {**observation.tools[tool], "inputSchema": schema}}
            return None if schema is VACUOUS else replace(observation, tools=tools)
        field = {SERVER: "server", TOOLS: "tools", RESULT: "result", "": expectation.subject}[step]
        field = "took_s" if field == "latency" else field
        change = violate_json if step else violate_value
        other = change(getattr(observation, field), expectation)
        return None if other is VACUOUS else replace(observation, **{field: other})


def _excerpt(observation: "Said") -> str | None:
    """Give the beginning of what a call gave."""
    if observation.result is None:
        return None
    return json.dumps(observation.result, ensure_ascii=False)[:LONGEST_EXCERPT]


def _schema(observation: "Said", tool: str) -> Any:
    """Give a tool's input schema; an empty one where there is no such tool, of which its own demand tells."""
    return observation.tools.get(tool, {}).get("inputSchema", {})


KIND = Mcp()
