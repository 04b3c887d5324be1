"""The kind `http`: one request, or named steps, against declared targets; what came back is judged.

Its parts stand in `_http`: the table, the session with the world, the flow of steps, the judge, the mutants.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from releasegate.checks._http import flow, judge, mutate
from releasegate.checks._http.spec import Flow, Observation, Request
from releasegate.checks._http.table import HttpTable
from releasegate.checks.base import LOGIN_S, Judgement, Probe
from releasegate.expect import only_refuses
from releasegate.model import Expectation
from releasegate.template import as_text, fill

SLACK_S = 1.0


class Http:
    """Requests and their answers. A redirect, a poll, a capture are all in one sample."""

    name = "http"
    table = HttpTable()
    troubles: tuple[type[Exception], ...] = ()
    reads_by_default = "standard"
    writes_by_default = "single"
    schemes = frozenset({"http", "https"})

    def targets(self, spec: Flow, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Name every target that the config declares; where a captured URL leads is not known before."""
        return tuple(dict.fromkeys(_targets((*spec.steps, *spec.cleanup), values)))

    def timeout_s(self, spec: Flow) -> float:
        """Bound a sample: each request with its time, each poll with its own, the one retry, and the logins."""
        asked_s = sum(r.poll.within_s + r.timeout_s if r.poll else r.timeout_s for r in spec.steps)
        retried_s = max((r.timeout_s for r in spec.steps if r.repeatable), default=0.0)
        return asked_s + retried_s + SLACK_S + (LOGIN_S if any(r.logs_in for r in spec.steps) else 0.0)

    def writes(self, spec: Flow) -> int:
        return sum(request.writes for request in spec.steps)

    def cleans_up(self, spec: Flow) -> bool:
        return bool(spec.cleanup)

    def demands_refusal(self, spec: Flow) -> bool:
        return only_refuses(spec.steps[-1].expect.status)

    async def observe(self, spec: Flow, probe: Probe) -> Observation:
        return await flow.observe(spec, probe)

    async def clean_up(self, spec: Flow, probe: Probe) -> None:
        await flow.clean_up(spec, probe)

    def judge(self, spec: Flow, observation: Observation, scope: Mapping[str, Any]) -> Judgement:
        return judge.judge(spec, observation, scope)

    def passes(self, spec: Flow, observation: Observation, scope: Mapping[str, Any]) -> bool:
        return judge.passes(spec, observation, scope)

    def violate(self, observation: Observation, expectation: Expectation) -> Observation | None:
        return mutate.violate(observation, expectation)

    def losses(self, spec: Flow, observation: Observation) -> tuple[tuple[str, Observation], ...]:
        return mutate.losses(spec, observation)


def _targets(requests: tuple[Request, ...], values: Mapping[str, Any]) -> Iterator[str]:
    for request in requests:
        name = request.url.target
        if name is not None:
            yield as_text(fill(name, values))


KIND = Http()
