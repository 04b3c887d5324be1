"""Config and selection in, an ordered Plan out. What will not run, and why, is data of the plan."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from releasegate.changes.impact import Impact
from releasegate.checks.base import Kind
from releasegate.config.kinds import profile
from releasegate.config.model import CheckDecl, Config, Suite
from releasegate.config.shape import did_you_mean
from releasegate.errors import UsageError
from releasegate.model import LeftOut, case_of
from releasegate.sampling import PROFILES
from releasegate.template import as_text


class PlannedCheck(Struct, frozen=True, kw_only=True):
    """One check as it will be sampled. `values` fills the `for:` holes; `later` says why it cannot be judged yet.

    `brought_in` says why it is sampled though neither a selection nor a harmless change asks for it.
    """

    id: str
    suite: str
    decl: CheckDecl
    kind: Kind
    values: Mapping[str, Any]
    targets: tuple[str, ...]
    profile: str
    weight: float
    owner: str | None
    later: str | None = None
    brought_in: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """What the check may be called: its id, and the name that it was declared with."""
        return frozenset((self.id, f"{self.suite}.{self.decl.name}"))

    @property
    def samples(self) -> int:
        """How many samples a healthy check takes."""
        return 0 if self.later else PROFILES[self.profile].passes_needed[0]

    @property
    def writes(self) -> int:
        """How many requests a healthy check's samples will make that may change something."""
        return self.kind.writes(self.decl.spec) * self.samples


class Plan(Struct, frozen=True, kw_only=True):
    """`partial` tells that a selection left something out: such a run never speaks for the whole gate.

    `beside` are checks that were left out, and are read when one that names them under `diagnose` fails.
    `changes` is what the list of changed files came to; None where none was given.
    """

    checks: tuple[PlannedCheck, ...]
    left_out: tuple[LeftOut, ...]
    partial: bool
    beside: tuple[PlannedCheck, ...] = ()
    changes: Impact | None = None

    @property
    def samples(self) -> int:
        return sum(check.samples for check in self.checks)

    @property
    def writes(self) -> int:
        return sum(check.writes for check in self.checks)


def build(
    config: Config,
    kind_of: Callable[[str], Kind],
    *,
    suites: tuple[str, ...] = (),
    checks: tuple[str, ...] = (),
    event: str | None = None,
    changes: Impact | None = None,
) -> Plan:
    """Expand, select and order. Raises UsageError when a selection names nothing or leaves nothing.

    A selection brings in what its checks need, and their twins: without these they could not pass. Without a selection
    a harmless change leaves out what is not critical, if anything is.
    """
    planned: list[PlannedCheck] = []
    left_out: list[LeftOut] = []
    expanded = [check for suite in config.suites for check in _expand(suite, kind_of)]
    _demand_known(suites, {suite.name for suite in config.suites}, "--suite")
    _demand_known(checks, {name for check in expanded for name in check.names}, "--check")
    off_event = {s.name: s.events for s in config.suites if event and s.events and event not in s.events}
    named = [c for c in expanded if (not suites or c.suite in suites) and (not checks or c.names & set(checks))]
    selected = {check.id for check in named}
    brought_in = _brought_in(named, expanded) if suites or checks else {}
    for check in expanded:
        if check.id in brought_in:
            planned.append(replace(check, brought_in=brought_in[check.id]))
        elif check.id not in selected:
            left_out.append(_left_out(check, "not selected"))
        elif check.suite in off_event and not suites:
            allowed = ", ".join(off_event[check.suite])
            left_out.append(_left_out(check, f"its suite runs on {allowed}, not on {event}"))
        else:
            planned.append(check)
    if not planned:
        raise UsageError("the selection leaves no check to run; look at --suite, --check and the suites' events")
    if changes and changes.harmless and not (suites or checks):
        planned, needless = _narrowed(planned, changes.reason)
        left_out += needless
    read = {name for check in planned for name in check.decl.diagnose}
    ids = {check.id for check in planned} if read else set()
    return Plan(
        checks=tuple(planned),
        left_out=tuple(left_out),
        partial=bool(suites or checks),
        beside=tuple(check for check in expanded if read and check.id not in ids and check.names & read),
        changes=changes,
    )


def _left_out(check: PlannedCheck, reason: str) -> LeftOut:
    return LeftOut(id=check.id, reason=reason, critical=check.decl.critical)


def _narrowed(planned: list[PlannedCheck], reason: str) -> tuple[list[PlannedCheck], list[LeftOut]]:
    """Keep the critical checks with what they need, and leave out the others; all are kept where none is critical."""
    critical = [check for check in planned if check.decl.critical]
    if not critical:
        return planned, []
    brought_in = _brought_in(critical, planned)
    kept = [replace(c, brought_in=brought_in.get(c.id)) for c in planned if c.decl.critical or c.id in brought_in]
    there = {check.id for check in kept}
    return kept, [_left_out(check, reason) for check in planned if check.id not in there]


def _expand(suite: Suite, kind_of: Callable[[str], Kind]) -> Iterator[PlannedCheck]:
    cases = [(decl, values) for decl in suite.checks for values in decl.cases()]
    total = sum(decl.weight for decl, _ in cases)
    for decl, values in cases:
        kind = kind_of(decl.kind)
        label = ",".join(as_text(value) for value in values.values())
        yield PlannedCheck(
            id=f"{suite.name}.{decl.name}" + (f"[{label}]" if values else ""),
            suite=suite.name,
            decl=decl,
            kind=kind,
            values=values,
            targets=kind.targets(decl.spec, values),
            profile=profile(kind, decl.samples, decl.spec),
            weight=suite.weight * decl.weight / total if total else 0.0,
            owner=decl.owner or suite.owner,
            later=getattr(kind, "later", None),
        )


def _brought_in(named: list[PlannedCheck], expanded: list[PlannedCheck]) -> dict[str, str]:
    """Give what else these checks ask for, each with the reason, and what that asks for in turn."""
    by_name: dict[str, list[PlannedCheck]] = {}
    for check in expanded:
        for name in check.names:
            by_name.setdefault(name, []).append(check)
    selected, reasons, asking = {check.id for check in named}, dict[str, str](), list(named)
    while asking:
        check = asking.pop()
        twin = f"{check.decl.twin}{case_of(check.id)}"  # of the same `for:` value, if it has them
        twins = by_name.get(twin) or by_name.get(check.decl.twin or "", [])
        wanted = [(other, f"{check.id} needs it") for need in check.decl.needs for other in by_name.get(need, [])]
        for other, reason in [*wanted, *((other, f"it is the twin of {check.id}") for other in twins)]:
            if other.id not in selected and other.id not in reasons:
                reasons[other.id] = reason
                asking.append(other)
    return reasons


def _demand_known(wanted: tuple[str, ...], known: set[str], option: str) -> None:
    for name in wanted:
        if name not in known:
            hint = did_you_mean(name, known)
            raise UsageError(f'{option}: there is no "{name}"' + (f"; {hint}" if hint else ""))
