"""The nouns of the gate: frozen values and enums; imports nothing of ours.

Every value here is also what stands in `evidence.json`: msgspec writes and reads these types,
so the file's schema and the code cannot drift apart. Durations are seconds (`_s`), times RFC 3339 in UTC.
"""

from enum import StrEnum
from typing import Any, ClassVar

from msgspec import Struct


class Guarded:
    """Gives a Struct a repr that leaves out the fields named in HIDDEN: they hold secrets."""

    __slots__ = ()
    __struct_fields__: ClassVar[tuple[str, ...]]
    HIDDEN: ClassVar[tuple[str, ...]] = ()

    def __repr__(self) -> str:
        shown = ", ".join(f"{n}={getattr(self, n)!r}" for n in self.__struct_fields__ if n not in self.HIDDEN)
        return f"{type(self).__name__}({shown})"


class Outcome(StrEnum):
    """What one sample came to: it looked (met, unmet), or it could not look (trouble)."""

    MET = "met"
    UNMET = "unmet"
    TROUBLE = "trouble"


class Label(StrEnum):
    """What the gate concludes about one check."""

    PASSED = "PASSED"
    FLAKY = "FLAKY"
    FAILED = "FAILED"
    REGRESSION = "REGRESSION"
    UNPROVEN = "UNPROVEN"
    ENVIRONMENT = "ENVIRONMENT"
    PRE_EXISTING = "PRE_EXISTING"
    KNOWN_FLAKY = "KNOWN_FLAKY"
    MUTED = "MUTED"
    SKIPPED = "SKIPPED"


CUT_OFF = "cut off"
"""The reason of a sample that did not end: the run's deadline, the check's own or an interruption came before it."""
PASSED = frozenset({Label.PASSED, Label.FLAKY})
BROKEN = frozenset({Label.FAILED, Label.REGRESSION})
EXCUSED = frozenset({Label.PRE_EXISTING, Label.KNOWN_FLAKY, Label.MUTED})


OF_BASE = "@base"
"""Ends the name of a check that is the base branch's version of one that a pull request changes; no config says it."""


def is_of_base(check_id: str) -> bool:
    """Tell whether a check is the base branch's version of one that the pull request changes or deletes."""
    return base_of(check_id).endswith(OF_BASE)


def base_of(check_id: str) -> str:
    """Give the name that a check was declared with: without the `[value]` of its `for:`."""
    return check_id.partition("[")[0]


def case_of(check_id: str) -> str:
    """Give the `for:` values of a check's id with their brackets; nothing where it has none."""
    return check_id.removeprefix(base_of(check_id))


class State(StrEnum):
    """What the gate concludes about the commit."""

    STABLE = "STABLE"
    DEGRADED = "DEGRADED"
    UNSTABLE = "UNSTABLE"
    INCONCLUSIVE = "INCONCLUSIVE"


class Level(StrEnum):
    """How much a broken expectation or rule weighs: `fail` blocks, `warn` degrades."""

    FAIL = "fail"
    WARN = "warn"


class Phase(Struct, frozen=True, kw_only=True):
    """A named part of a sample: `name`, `connect`, `TLS`, `request`, `first byte`, `transfer`, or a kind's own."""

    name: str
    duration_s: float
    step: str | None = None


class Expectation(Struct, frozen=True, kw_only=True):
    """One demand and what was found. `text` reads `$.status == "healthy" (got "degraded")`.

    `found` lists every value that was judged (JSON values); empty when nothing was there.
    `kept` is False when `found` was capped or redacted: then `met` cannot be judged again from it.
    """

    subject: str
    operator: str
    demanded: Any
    found: list[Any]
    met: bool
    text: str
    level: Level = Level.FAIL
    step: str | None = None
    kept: bool = True


class Trouble(Struct, frozen=True, kw_only=True):
    """Why a sample could not look. `reason` is normalised (`refused`, `timeout`, `reset`, `dns`, `tls` …)."""

    phase: str
    reason: str
    message: str
    target: str | None = None
    step: str | None = None


class Contact(Struct, frozen=True, kw_only=True):
    """Who answered: the proof that something was looked at. Bytes are counted on the wire, both ways."""

    target: str
    host: str
    port: int
    address: str = ""
    tls: str | None = None
    requests: int = 1
    bytes_sent: int = 0
    bytes_received: int = 0


class Moment(Struct, frozen=True, kw_only=True):
    """One thing that happened within a sample, `at_s` seconds after it began: an event, a state, a poll.

    `data` is a message as it came, capped.
    """

    at_s: float
    name: str
    text: str = ""
    data: str | None = None


class Sample(Struct, frozen=True, kw_only=True):
    """One execution of a check."""

    outcome: Outcome
    started: str
    duration_s: float
    phases: tuple[Phase, ...]
    expectations: tuple[Expectation, ...]
    signature: str | None
    contact: tuple[Contact, ...]
    trouble: Trouble | None = None
    timeline: tuple[Moment, ...] = ()
    target: str | None = None
    """The target at which a failing sample failed; None for a sample that met its demands."""
    trace: str | None = None
    """The W3C trace id of its last request; None for a sample that met all its demands, or sent no request."""
    notes: tuple[str, ...] = ()
    excerpt: str | None = None
    fallback: str | None = None
    """Names the identity whose login failed and fell back, when one did."""
    leaked: int = 0
    retries: int = 0
    diagnosis: "tuple[Diagnosis, ...]" = ()
    """What other checks said right after it failed."""

    @property
    def met(self) -> bool:
        return self.outcome is Outcome.MET

    @property
    def warned(self) -> bool:
        return any(not e.met and e.level is Level.WARN for e in self.expectations)


class Diagnosis(Struct, frozen=True, kw_only=True):
    """A reading of another check at the moment of a failure. It is no sample of that check, and counts for nothing."""

    check: str
    sample: Sample


class CheckResult(Struct, frozen=True, kw_only=True):
    """One check with all its samples and what they amount to."""

    id: str
    suite: str
    kind: str
    label: Label
    critical: bool
    weight: float
    hash: str
    samples: tuple[Sample, ...]
    profile: str
    reason: str | None = None
    """Why the label is not PASSED, in one sentence."""
    strength: str | None = None
    """The claim that the samples support, with its condition."""
    targets: tuple[str, ...] = ()
    advisory: bool = False
    twin: str | None = None
    needs: tuple[str, ...] = ()
    diagnose: tuple[str, ...] = ()
    owner: str | None = None
    title: str | None = None
    advice: str | None = None
    not_sampled: str | None = None
    """Why the samples are not complete (deadline, dependency, interruption, no such kind yet); None if they are."""
    unfinished: Sample | None = None
    """The sample that was under way when there were to be no more: cut off, and never counted among the others."""
    duration_s: float = 0.0
    red_capable: bool | None = None
    """Whether every mutant of a green observation turned it red; None when no sample was green."""
    vacuous: tuple[str, ...] = ()
    """The expectations and losses that could not have turned this check red."""


class Measurement(Struct, frozen=True, kw_only=True):
    """A number that another tool wrote: `found` as the file has it, in its `unit`.

    `value` is what rules are compared with: a share of 1, seconds, bytes, or the number as it is. Where `problem` says
    why there is none, it is None.
    """

    name: str
    file: str
    at: str
    unit: str | None
    max_age_s: float
    found: float | None = None
    age_s: float | None = None
    """How long before it was read the file was last written."""
    value: float | None = None
    problem: str | None = None


class RuleResult(Struct, frozen=True, kw_only=True):
    """One line of the policy with what was observed. `held` is None when the metric had no value."""

    rule: str
    observed: float | None
    level: Level
    held: bool | None
    metric: str
    note: str | None = None
    applicable: bool = True


class Verdict(Struct, frozen=True, kw_only=True):
    """The answer to whether this commit may be merged."""

    state: State
    exit_code: int
    reasons: tuple[str, ...]
    score: float | None


class Reading(Struct, frozen=True, kw_only=True):
    """The commit that a target said it runs, at one `moment` (`before`, `between`, `after`); None = unreadable."""

    target: str
    moment: str
    at: str
    revision: str | None
    problem: str | None = None
    address: str | None = None
    """The address that answered."""


class Identity(Struct, frozen=True, kw_only=True):
    """Which commit was judged, and whether staging runs it. `holds` is None when no target declares a revision."""

    judged: str | None
    holds: bool | None
    readings: tuple[Reading, ...] = ()
    problem: str | None = None


class Control(Struct, frozen=True, kw_only=True):
    """What the control said. `held` is None when none is declared."""

    held: bool | None
    samples: tuple[Sample, ...] = ()
    problem: str | None = None


class Origin(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the config of a pull request's run comes from, or of a merge group's.

    Names are those of checks, hashes those of whole configs.
    `base` is None when the base branch has no config. Of each check that is `changed` or `deleted`, the base branch's
    version runs too, as `suite.check@base`.
    """

    pull: str
    base: str | None = None
    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    """The other parts that differ: they are judged as the base branch has them."""
    not_taken: tuple[str, ...] = ()
    """What of the pull request's checks is not judged before it is merged, and why, in sentences."""
    edits: tuple[str, ...] = ()
    """The changed files that run the gate; what is not known of them, in a sentence."""
    approvers: tuple[str, ...] = ()
    approved_by: str | None = None
    group: bool = False
    """It is that of a merge queue's group, which nobody approves."""

    @property
    def change(self) -> str:
        return "merge group" if self.group else "pull request"


class LeftOut(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something declared that did not run, and why."""

    id: str
    reason: str
    critical: bool = False


class RunInfo(Struct, frozen=True, kw_only=True):
    gate: str
    sha: str | None
    started: str
    duration_s: float
    revisions: dict[str, str | None]
    tool_version: str
    config_hash: str
    mode: str = "enforce"
    interrupted: bool = False
    deadline_reached: bool = False
    red_before: int = 0
    """How often this gate had been red on this commit before."""
    run_id: str | None = None
    run_attempt: str | None = None
    """The workflow run that judged, and its attempt; None outside of a runner."""
    kinds: dict[str, str] = {}
    """The kinds by others that looked and judged, each with the package that brings it and its version."""


class Evidence(Struct, frozen=True, kw_only=True):
    """All that the gate knows about one run; `releasegate judge` gives the verdict again from this alone."""

    schema: str
    run: RunInfo
    checks: tuple[CheckResult, ...]
    rules: tuple[RuleResult, ...]
    verdict: Verdict
    plan: dict[str, Any]
    policy: dict[str, Any]
    control: Control
    identity: Identity
    baseline: dict[str, Any] | None
    excuses: tuple[dict[str, Any], ...]
    metrics: tuple[Measurement, ...] = ()
    dropped: tuple[str, ...] = ()
    """What was capped or left out of this file, said in sentences."""
