"""Sampled checks in, labelled checks out: what the gate concludes about each, and why in one sentence. Pure."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from releasegate.model import PASSED, CheckResult, Control, Label, Sample, case_of
from releasegate.sampling import conclude
from releasegate.verdict.explain import UNANSWERED, explanations, named
from releasegate.verdict.strength import strength_of

LEAST_GROUP = 3
SENT_AGAIN = "; sent again"
"""What a kind writes behind the cause when it notes that it sent a request a second time."""
LARGEST_WEIGHT = 1e15  # sums of weights stay finite


class Group(Struct, frozen=True, kw_only=True):
    """Many checks that fail alike at one target: one cause, told once."""

    target: str
    phase: str
    reason: str
    ids: tuple[str, ...]

    @property
    def sentence(self) -> str:
        cause = f"({self.phase} {self.reason})"
        if self.phase in UNANSWERED:
            return f"{self.target} does not answer {cause}: the commit does not start, or staging is down"
        return f"{self.target} fails all alike {cause}: one cause, in the commit or on the way to it"


def label_checks(
    checks: Sequence[CheckResult], *, control: Control, foreign: frozenset[str]
) -> tuple[CheckResult, ...]:
    """Give every check its label, the reason for it and the strength of it.

    Raises ValueError when a check's own label contradicts its samples, or its weight is no weight.
    """
    labelled = _demand_twins([_label(check, control, foreign) for check in checks])
    told = {name: group.sentence for group in groups(labelled) for name in group.ids}
    reasons = {check.id: check.reason for check in labelled if check.samples}
    for found in explanations(labelled):
        because = f"{found.dependency} {found.state}, which explains it"
        told |= {name: f"{because}; {reasons[name]}" for name in found.ids if name in reasons}
    return tuple(replace(check, reason=told[check.id]) if check.id in told else check for check in labelled)


def _label(check: CheckResult, control: Control, foreign: frozenset[str]) -> CheckResult:
    concluded = conclude(check.profile, (sample.met for sample in check.samples))
    label = concluded or Label.UNPROVEN
    if not 0 <= check.weight <= LARGEST_WEIGHT:
        raise ValueError(f"{check.id} has the weight {check.weight}")
    if check.label is not label:
        raise ValueError(f"{check.id} says {check.label.value}, its samples say {label.value}")
    if label in PASSED:
        return _green(check)
    undecided = check.not_sampled or "its samples do not decide"
    told = undecided if concluded is None else _tally(check, label)
    if control.held is False:
        return replace(check, label=Label.ENVIRONMENT, reason=f"the control failed; {told}")
    failures = [sample for sample in check.samples if not sample.met]
    if failures and all(sample.target in foreign for sample in failures):
        owner = ", ".join(sorted({sample.target or "" for sample in failures}))
        return replace(check, label=Label.ENVIRONMENT, reason=f"{owner} is not ours and failed; {told}")
    return replace(check, label=label, reason=told)


def _green(check: CheckResult) -> CheckResult:
    if check.not_sampled:
        return replace(check, label=Label.UNPROVEN, reason=check.not_sampled)
    if not all(math.isfinite(sample.duration_s) for sample in check.samples):
        return replace(check, label=Label.UNPROVEN, reason="the duration of a sample is not a number")
    untouched = [sample for sample in check.samples if sample.met and not sample.contact]
    if untouched:
        reason = f"green without contact in {len(untouched)} of {len(check.samples)} samples: nothing was looked at"
        return replace(check, label=Label.UNPROVEN, reason=reason)
    failed = _tally(check, check.label) if check.label is Label.FLAKY else None
    again = _sent_again(check)
    if again is None:
        return replace(check, reason=failed, strength=strength_of(check))
    reason = f"{failed}; {again}" if failed else again
    return replace(check, label=Label.FLAKY, reason=reason, strength=strength_of(check))


def _sent_again(check: CheckResult) -> str | None:
    """Say how many samples passed only because a request was sent twice: whoever sends once would have failed."""
    again = [sample for sample in check.samples if sample.met and sample.retries]
    if not again:
        return None
    told = Counter(note.partition(SENT_AGAIN)[0] for s in again for note in s.notes if SENT_AGAIN in note)
    why = f": {told.most_common(1)[0][0]}" if told else ""
    they = "it was" if len(again) == 1 else "they were"
    return f"{len(again)} of {len(check.samples)} samples passed only when {they} sent again{why}"


def _tally(check: CheckResult, label: Label) -> str:
    failures = [sample for sample in check.samples if not sample.met]
    signatures = Counter(sample.signature or "unknown" for sample in failures)
    most, times = signatures.most_common(1)[0]
    others = f" ({times} times; {len(signatures) - 1} other signatures)" if len(signatures) > 1 else ""
    start = "fails too often to pass, too seldom to call broken: " if label is Label.UNPROVEN else ""
    return f"{start}{len(failures)} of {len(check.samples)} samples failed: {most}{others}"


def _demand_twins(checks: list[CheckResult]) -> list[CheckResult]:
    """Demand every twin, again until nothing changes: a twin may itself count only while another passes."""
    twinned = [position for position, check in enumerate(checks) if check.twin]
    changed = bool(twinned)
    while changed:
        by_name, changed = named(checks), False
        for position in twinned:
            after = _demand_twin(checks[position], by_name)
            changed = changed or after is not checks[position]
            checks[position] = after
    return checks


def _demand_twin(check: CheckResult, by_name: Mapping[str, Sequence[CheckResult]]) -> CheckResult:
    """Let a check count only while its twin passes: else all that it shows is that nothing works."""
    twin = check.twin or ""
    twins = by_name.get(twin + case_of(check.id)) or by_name.get(twin) or []
    failing = [other for other in twins if other.label not in PASSED]
    if check.label not in PASSED or (twins and not failing):
        return check
    why = f"{failing[0].id} is {failing[0].label.value}" if failing else f"{twin} was not run"
    return replace(check, label=Label.UNPROVEN, reason=f"it counts only while its twin passes; {why}", strength=None)


def groups(checks: Sequence[CheckResult]) -> tuple[Group, ...]:
    """Find the targets at which most checks fail with one and the same transport signature."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for check in checks:
        if check.label is Label.FAILED:
            causes = {_cause(sample) for sample in check.samples if not sample.met}
            cause = causes.pop() if len(causes) == 1 else None
            if cause:
                found.setdefault(cause, []).append(check.id)
    if not any(len(ids) >= LEAST_GROUP for ids in found.values()):
        return ()
    addressed = Counter(target for check in checks for target in set(check.targets))
    return tuple(
        Group(target=target, phase=phase, reason=reason, ids=tuple(ids))
        for (target, phase, reason), ids in found.items()
        if len(ids) >= LEAST_GROUP and 2 * len(ids) >= addressed[target]
    )


def _cause(sample: Sample) -> tuple[str, str, str] | None:
    trouble = sample.trouble
    target = trouble and (trouble.target or sample.target)
    return (target, trouble.phase, trouble.reason) if trouble and target else None
