"""The table of a whole config: its top-level keys, what each says, and which have no effect yet."""

from typing import Any

from releasegate.config.identities import Identities
from releasegate.config.node import Node
from releasegate.config.shape import MISSING, Field, ListOf, MapOf, Name, OneOf, Reading, Table
from releasegate.config.suites import ControlShape, SuiteShape
from releasegate.config.tables import ALERT, BASELINE, CHANGES, EXCUSES, METRIC, POLICY, EventNames, MetricName
from releasegate.config.targets import Targets

ADVISORY = "-advisory"
"""How the status of a gate in advisory mode ends."""


class GateName(Name):
    """A name that no other gate's advisory status can have: a green word there would be this gate's."""

    def read(self, node: Node, ctx: Reading) -> Any:
        name = super().read(node, ctx)
        if name is not MISSING and name.endswith(ADVISORY):
            hint = f"gate: {name.removesuffix(ADVISORY)} with mode: advisory"
            return ctx.report(node, f"{ADVISORY} is how the status of an advisory gate ends", hint)
        return name


TOP = Table(
    "a config",
    {
        "version": Field(OneOf(1), required=True, says="the version of this language; 1"),
        "gate": Field(GateName(), default="staging", says="the name of the gate, shown in every report"),
        "mode": Field(OneOf("enforce", "advisory"), default="enforce", says="advisory reports and never blocks"),
        "targets": Field(Targets(), required=True, says="every origin that may be contacted, by name"),
        "identities": Field(Identities(), default={}, says="who a check may speak as, by name; nobody is built in"),
        "control": Field(ControlShape(), says="what the change cannot break; if it fails, nothing can be said"),
        "baseline": Field(BASELINE, says="what the change is compared with"),
        "suites": Field(MapOf(SuiteShape(), key=Name(), least=1), says="checks by suite, inline or in their own files"),
        "metrics": Field(MapOf(METRIC, key=MetricName()), default={}, says="numbers that other tools wrote"),
        "policy": Field(POLICY, says="deadlines, limits, and rules over metrics"),
        "excuses": Field(EXCUSES, default={}, says="what may be excused"),
        "changes": Field(CHANGES, default={}, says="which changes need less"),
        "events": Field(
            MapOf(OneOf("run", "inherit", "defer"), key=EventNames()), default={}, says="what the gate does on an event"
        ),
        "alerts": Field(ListOf(ALERT), default=(), says="whom to tell about patterns over runs"),
    },
)

LATER = {
    "baseline": "nothing is compared with a base build or with history by this version",
    "excuses": "nothing is excused by this version",
    "alerts": "nobody is alerted by this version",
}
