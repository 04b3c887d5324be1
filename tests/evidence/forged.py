"""Runs to forge, and a forger's tools: `judged(with_change(tree_of(mixed()), ("verdict", "state"), put("STABLE")))`."""

import copy
import json

from msgspec import to_builtins
from verdict_words import beside, demand, evidence, held_identity, measured, met, ran, rule, trouble, unmet

from releasegate.changes.impact import Impact
from releasegate.evidence.file import decode, encode
from releasegate.evidence.rejudge import rejudge
from releasegate.model import Control, Expectation, Identity, Level, Origin, Reading

SHA, OTHER = held_identity().judged, "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6dfeed0001"
DECLARED = {"compliance": "%", "size": "MiB"}
RULES = (
    rule("pass_rate >= 90%"),
    rule("leaked == 0", "warn"),
    rule("suite.left.failed == 0"),
    rule("compliance >= 90%", declared=DECLARED),
    rule("size <= 3MiB", declared=DECLARED),
)
METRICS = (measured("compliance", 89.5), measured("size", 2, unit="MiB", age_s=90_000.0))
"""One that breaks its rule, and one that is too old to have a value."""
HELD = Control(held=True, samples=(met(),))


CHANGE = Impact(files=2, digest="sha256:0", globs=("docs/**",))


def reading(moment, revision=SHA, target="api"):
    return Reading(target=target, moment=moment, at="2026-03-01T12:00:00Z", revision=revision)


def mixed(**more):
    """A red run with something of everything."""
    checks = (
        ran("a.dead", "✗✗", profile="single", critical=True, weight=3.0),
        ran("a.flaky", "✗✓✓✓", profile="single", each={"✗": trouble("timeout")}),
        ran("a.refuses", "✓", profile="single", twin="a.flaky"),
        ran("a.advisory", "!!", profile="single", advisory=True, each={"!": trouble(target="auth")}),
        ran("a.cut", "✓", profile="lean"),
        ran("a.vacuous", "✓", profile="once", red_capable=False, vacuous=('$.a matches ".*"',)),
    )
    given = {
        "rules": RULES,
        "control": HELD,
        "foreign": ("auth",),
        "left_out": ({"id": "left.out", "reason": "not selected"},),
        "fallbacks": ("user",),
        "metrics": METRICS,
    }
    return evidence(*checks, **{**given, **more})


def sound(**more):
    return evidence(
        ran("a.one", profile="lean", drawn="✓✓✓✓✓"),
        ran("a.two", "✓", profile="single"),
        rules=RULES[:2],
        control=HELD,
        **more,
    )


ORIGIN = Origin(pull="p", base="b", changed=("a.one",), edits=(".github/workflows/gate.yml",), not_taken=("b.new",))


def pulled(origin=ORIGIN, **more):
    """A pull request whose changed check is green, as the base branch has it red; it edits the gate's workflow."""
    checks = (
        ran("a.one", "✓", profile="single"),
        ran("a.one@base", "✗✗", profile="single", advisory=True, critical=True, weight=0.0),
    )
    return evidence(*checks, origin=origin, **more)


def diluted():
    """A pull request that adds what passes beside a check that is flaky."""
    new = [ran(f"a.new{n}", "✓", profile="single", weight=0.0) for n in range(9)]
    origin = Origin(pull="p", base="b", added=tuple(check.id for check in new))
    return evidence(
        ran("a.one", "✗✓✓✓", profile="single"), *new, rules=(rule("flaky <= 20%"),), control=HELD, origin=origin
    )


def diagnosed(**more):
    """A red run in which a dependency was read: down beside one check, slow and then well beside another."""
    late = Expectation(
        subject="latency", operator="max", demanded=0.02, found=[0.31], met=False, text="latency", level=Level.WARN
    )
    down, slow = (
        beside("d.store", trouble()),
        beside("d.cache[one]", met(duration_s=0.31, expectations=(demand(200), late))),
    )
    checks = (
        ran("a.dead", "✗✗", profile="single", diagnose=("d.store",), each={"✗": unmet(diagnosis=(down,))}),
        ran("a.flaky", "✗✓✓✓", profile="single", diagnose=("d.cache",), each={"✗": unmet(diagnosis=(slow,))}),
        ran("d.waits", "", needs=("a.dead",), not_sampled="needs a.dead, which is FAILED"),
        ran("d.cache[one]", "✓", profile="single"),
    )
    return evidence(*checks, **{"rules": RULES[:2], "control": HELD, **more})


def narrowed():
    """A green run of the critical checks alone, for a change that was harmless."""
    checks = (ran("a.vital", profile="lean", drawn="✓✓✓✓✓", critical=True), ran("a.need", "✓", profile="single"))
    idle = {"reason": CHANGE.reason}
    plan = {
        "checks": [check.id for check in checks],
        "left_out": [{"id": "b.one", **idle}, {"id": "b.two", **idle}],
        "brought_in": [{"id": "a.need", "reason": "a.vital needs it"}],
        "changes": to_builtins(CHANGE),
        "partial": False,
    }
    rules = (rule("pass_rate >= 90%"), rule("suite.b.pass_rate >= 90%"))
    return evidence(*checks, rules=rules, control=HELD, plan=plan)


def tree_of(made):
    return json.loads(encode(made))


def judged(tree):
    return rejudge(decode(json.dumps(tree).encode()))


def at(tree, path):
    for step in path:
        tree = tree[step]
    return tree


def with_change(tree, path, change):
    """Give a copy in which `change(parent, key)` was done at the path."""
    forged = copy.deepcopy(tree)
    change(at(forged, path[:-1]), path[-1])
    return forged


def put(value):
    def change(parent, key):
        parent[key] = value

    return change


def drop(parent, key):
    del parent[key]


def twice(parent, key):
    parent.append(copy.deepcopy(parent[key]))


MADE = {
    "sound": sound,
    "mixed": mixed,
    "interrupted": lambda: mixed(run={"interrupted": True}),
    "late": lambda: mixed(run={"deadline_reached": True}),
    "the control failed": lambda: mixed(control=Control(held=False, samples=(trouble(), trouble()), problem="refused")),
    "no control": lambda: mixed(control=Control(held=None)),
    "another commit": lambda: mixed(
        identity=Identity(judged=SHA, holds=False, readings=(reading("before", OTHER),), problem="api runs another")
    ),
    "nothing": evidence,
    "diagnosed": diagnosed,
    "diluted": diluted,
    "a harmless change": narrowed,
}
