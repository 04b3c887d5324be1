"""The kind `websocket`: a flow of events over one socket; which came, in which order, how fast, and what they said.

Its parts stand in `_websocket`: the table, the listening, the walk along the events, the judge, the mutants.
"""

from collections.abc import Mapping
from typing import Any

from releasegate.checks._websocket import judge, mutate
from releasegate.checks._websocket.spec import Flow, Observation
from releasegate.checks._websocket.table import TABLE
from releasegate.checks.base import LOGIN_S, Judgement, Probe
from releasegate.expect import only_refuses
from releasegate.model import Expectation
from releasegate.template import as_text, fill

SLACK_S = 2.0


class WebSocket:
    """One connection a sample. What arrives before, between or with other messages is in the evidence."""

    name = "websocket"
    table = TABLE
    troubles: tuple[type[Exception], ...] = ()
    reads_by_default = "lean"
    writes_by_default = "lean"
    schemes = frozenset({"ws", "wss"})

    def targets(self, spec: Flow, values: Mapping[str, Any]) -> tuple[str, ...]:
        name = spec.url.target
        return (as_text(fill(name, values)),)

    def timeout_s(self, spec: Flow) -> float:
        """Bound a sample: its own time, which ends first and names the phase; the login, and the goodbye."""
        return spec.timeout_s + SLACK_S + (LOGIN_S if spec.logs_in else 0.0)

    def writes(self, spec: Flow) -> int:
        """Count the messages that are sent: what they change, only staging knows."""
        return spec.sends

    def cleans_up(self, _spec: Flow) -> bool:
        return False

    def demands_refusal(self, spec: Flow) -> bool:
        return only_refuses(spec.status)

    async def observe(self, spec: Flow, probe: Probe) -> Observation:
        from releasegate.checks._websocket.observe import observe

        return await observe(spec, probe)

    async def clean_up(self, spec: Flow, probe: Probe) -> None:
        """Do nothing: closing is a part of the sample."""

    def judge(self, spec: Flow, observation: Observation, scope: Mapping[str, Any]) -> Judgement:
        return judge.judge(spec, observation, scope)

    def passes(self, spec: Flow, observation: Observation, scope: Mapping[str, Any]) -> bool:
        return judge.passes(spec, observation, scope)

    def violate(self, observation: Observation, expectation: Expectation) -> Observation | None:
        return mutate.violate(observation, expectation)

    def losses(self, spec: Flow, observation: Observation) -> tuple[tuple[str, Observation], ...]:
        return mutate.losses(spec, observation)


KIND = WebSocket()
