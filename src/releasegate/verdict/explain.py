"""Labelled checks in, which of them a dependency that is down explains out. Pure; the labels stay as they are.

The edges are `needs` and `diagnose`. Whose fault a failure is, this does not prove: it tells where to look first, and
tells it once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from releasegate.model import BROKEN, CUT_OFF, PASSED, CheckResult, Label, Level, Sample, base_of
from releasegate.verdict.metrics import samples_of

EXPLAINABLE = BROKEN | {Label.UNPROVEN}
UNANSWERED = frozenset({"name", "connect", "proxy", "TLS", "upgrade", "request", "first byte"})
NO_ANSWER = frozenset({"refused", "dns", "unreachable", "reset", "closed", "timeout", "tls"})
SLOW = frozenset({"latency", "within", "duration"})
OUR_OWN = frozenset({CUT_OFF, "not allowed", "no file", "too large", "too much", "proxy"})
"""Reasons that say nothing about who was asked."""
OF_LOGIN = frozenset({"login", "identity"})
"""Phases in which somebody else was asked for who we are."""
MOST_NAMED = 5


class Explanation(Struct, frozen=True, kw_only=True):
    """A dependency that is down, and the checks above it, the weightiest first. `evidence` is a sample that says so."""

    dependency: str
    state: str
    ids: tuple[str, ...]
    evidence: Sample | None = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset((self.dependency, *self.ids))

    @property
    def sentence(self) -> str:
        count = f"{len(self.ids)} checks: " if len(self.ids) > 1 else ""
        return f"{self.dependency} {self.state}: it explains {count}{listing(self.ids)}"


def listing(names: Sequence[str]) -> str:
    """Name the first of them, and say how many more there are."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def blocked_by(name: str, label: Label) -> str:
    """Say why a check was not sampled that needs another."""
    return f"needs {name}, which is {label.value}"


def is_down(reading: Sample) -> bool:
    """Tell whether a reading says that something does not work: more than that it is slow, or was not read."""
    trouble = reading.trouble
    if trouble:
        turned_away = trouble.phase == "authenticate" and trouble.reason not in NO_ANSWER
        return trouble.reason not in OUR_OWN and trouble.phase not in OF_LOGIN and not turned_away
    return any(not e.met and e.level is Level.FAIL and e.subject not in SLOW for e in reading.expectations)


def explanations(checks: Sequence[CheckResult]) -> tuple[Explanation, ...]:
    """Give each dependency that is down with the checks that it explains, each of these once.

    A check is explained when it was not sampled because it needs one that did not pass, or when at every of its
    failures one that it diagnoses was read and was down. What explains the dependency in turn explains both.
    """
    candidates = [check for check in checks if check.label in EXPLAINABLE and (check.needs or check.diagnose)]
    if not candidates:
        return ()
    by_id, by_name = {check.id: check for check in checks}, named(checks)
    seen: dict[str, Sample] = {}
    above = {check.id: found for check in candidates if (found := _needed(check, by_name) or _read_down(check, seen))}
    roots = {name: _roots(name, above) for name in above}
    weight = Counter(root for several in roots.values() for root in several)
    beneath: dict[str, list[CheckResult]] = {}
    for name, several in roots.items():
        if several:
            beneath.setdefault(max(several, key=weight.__getitem__), []).append(by_id[name])
    return tuple(
        Explanation(
            dependency=root,
            state=_state(by_id.get(root), seen.get(root)),
            ids=tuple(check.id for check in weightiest(explained)),
            evidence=_failure(by_id.get(root)) or seen.get(root),
        )
        for root, explained in beneath.items()
    )


def named(checks: Iterable[CheckResult]) -> dict[str, list[CheckResult]]:
    """Name every check by its id, and a family of `for:` by the name that it was declared with."""
    out: dict[str, list[CheckResult]] = {}
    for check in checks:
        for name in dict.fromkeys((check.id, base_of(check.id))):
            out.setdefault(name, []).append(check)
    return out


def weightiest(checks: Iterable[CheckResult]) -> list[CheckResult]:
    return sorted(checks, key=lambda check: (not check.critical, -check.weight))


def _needed(check: CheckResult, by_name: Mapping[str, Sequence[CheckResult]]) -> tuple[str, ...]:
    """Name the check that this one waited for in vain."""
    said = "" if check.samples else check.not_sampled or ""
    others = (other for need in check.needs for other in by_name.get(need, ()))
    return tuple(other.id for other in others if said in {blocked_by(other.id, label) for label in Label})[:1]


def _read_down(check: CheckResult, seen: dict[str, Sample]) -> tuple[str, ...]:
    """Name what was down at every failure of this check; `seen` keeps a reading of each."""
    if check.label is Label.UNPROVEN and not check.not_sampled and (not check.samples or check.samples[-1].met):
        return ()  # it passed and counts for nothing, by its twin or for want of contact: not by its failures
    failures = [sample for sample in samples_of(check) if not sample.met and (sample.diagnosis or not _is_cut(sample))]
    down = [{one.check: one.sample for one in sample.diagnosis if is_down(one.sample)} for sample in failures]
    if not down:
        return ()
    always = tuple(name for name in down[0] if all(name in others for others in down))
    for name in always:
        seen.setdefault(name, down[0][name])
    return always


def _is_cut(sample: Sample) -> bool:
    return sample.trouble is not None and sample.trouble.reason == CUT_OFF


def _roots(name: str, above: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Follow to what nothing explains. Checks on a circle explain nothing: each would be the other's excuse."""
    roots, known, todo = dict[str, None](), set[str](), list(above[name])
    while todo:
        other = todo.pop(0)
        if other not in known:
            known.add(other)
            todo += above.get(other, ())
            roots |= {} if other in above else {other: None}
    return tuple(roots)


def _failure(check: CheckResult | None) -> Sample | None:
    """Give the first failing sample of a check that did not pass."""
    if check is None or check.label in PASSED:
        return None
    return next((sample for sample in check.samples if not sample.met), None)


def _state(check: CheckResult | None, reading: Sample | None) -> str:
    """Say how it is: by its own failure, else by what was read, else by its label."""
    failure = _failure(check)
    sample = failure or reading
    if sample is None:
        return f"is {check.label.value}" if check else "is down"
    trouble = sample.trouble
    silent = trouble is not None and (trouble.phase in UNANSWERED or trouble.reason in NO_ANSWER)
    if failure:
        return f"{'is down' if silent else 'fails'} ({sample.signature})"
    return f"{'was down' if silent else 'failed'} when it was read ({sample.signature})"
