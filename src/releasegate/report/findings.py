"""Checks that did not pass in, findings out: each cause once, with what it explains beneath it."""

import re
from collections.abc import Iterable

from msgspec import Struct

from releasegate.model import CheckResult, Evidence, Level, Outcome, Sample
from releasegate.report.facts import rank, said, what
from releasegate.report.words import listing, marks, plural
from releasegate.verdict.explain import Explanation, explanations

MOST_EXPLAINED = 200
OF_THE_WHOLE = frozenset({401, 403, 429, 500, 502, 503, 504})
"""Statuses that many checks share for one cause."""
_TALLY = re.compile(r"\d+ of \d+ samples failed: ")
_RUN = re.compile(r" (after \d+ of its samples|before its first sample)")
_NOT_JSON = re.compile(r"\(body is not JSON: .*\)$")


class Finding(Struct, frozen=True, kw_only=True):
    """One cause and the checks that show it, the weightiest first; `what` says it once.

    `explains` are checks that fail because of it, told beneath it. `down` is the dependency that explains `checks`
    themselves, where it has no finding of its own: it was down when it was read, and passed or was not sampled.
    """

    checks: tuple[CheckResult, ...]
    explains: tuple[CheckResult, ...] = ()
    down: Explanation | None = None

    @property
    def first(self) -> CheckResult:
        return self.checks[0]

    @property
    def sampled(self) -> bool:
        return bool(self.first.samples)

    @property
    def what(self) -> str:
        return f"{self.down.dependency} {self.down.state}" if self.down else what(self.first)

    @property
    def rank(self) -> tuple[int, bool, float]:
        return min(map(rank, (*self.checks, *self.explains)))


def findings(checks: Iterable[CheckResult], evidence: Evidence) -> list[Finding]:
    """Put checks with one cause together: one failure to reach a target, one missing need, one deadline.

    What a dependency that is down explains is told beneath it, and ranks it.
    """
    above = {name: found for found in explanations(evidence.checks) for name in found.ids}
    causes: dict[tuple[object, ...], list[CheckResult]] = {}
    beneath: dict[str, list[CheckResult]] = {}
    for check in checks:
        if check.id in above:
            beneath.setdefault(above[check.id].dependency, []).append(check)
        else:
            causes.setdefault(_cause(check), []).append(check)
    found = [_with_explained(alike, beneath) for alike in causes.values()]
    found += [Finding(checks=tuple(several), down=above[several[0].id]) for several in beneath.values()]
    return sorted(found, key=lambda finding: finding.rank)


def _with_explained(alike: list[CheckResult], beneath: dict[str, list[CheckResult]]) -> Finding:
    """Make the finding of checks with one cause, and take from `beneath` what they explain."""
    explained = [below for check in alike for below in beneath.pop(check.id, ())]
    return Finding(checks=tuple(alike), explains=tuple(sorted(explained, key=rank)))


def _cause(check: CheckResult) -> tuple[object, ...]:
    if not check.samples:
        return ("not sampled", check.label, _RUN.sub("", check.not_sampled or check.reason or ""))
    kinds = {_kind(s) for s in check.samples if s.outcome is not Outcome.MET}
    kind = kinds.pop() if len(kinds) == 1 else None
    return (check.label, *kind) if kind else ("alone", check.id)


def _kind(sample: Sample) -> tuple[object, ...] | None:
    """Name what may be wrong with a target as a whole: no look at it, nobody let in, or no JSON from it."""
    trouble = sample.trouble
    if trouble:
        return "trouble", trouble.phase, trouble.reason, sample.target
    first = next((e for e in sample.expectations if not e.met and e.level is Level.FAIL), None)
    if first and (unread := _NOT_JSON.search(first.text)):
        return "not JSON", unread[0], sample.target
    if first is None or first.subject != "status" or not set(first.found) & OF_THE_WHOLE:
        return None
    return "status", first.found[0], sample.target


def head(finding: Finding, evidence: Evidence) -> str:
    """Say a cause that several checks share; a reason that the verdict already gave is not given twice."""
    count = plural(len(finding.checks), "check")
    if finding.sampled or finding.down:
        return f"{count}: {finding.what}"
    told = said(_RUN.sub("", finding.what), evidence)
    return f"{count} not sampled" + (", for the reason above" if told else f": {finding.what}")


def why(finding: Finding, evidence: Evidence) -> str | None:
    """Say what the label rests on, where neither the verdict's reasons nor the samples nor the finding say it."""
    check, reason = finding.first, finding.first.reason
    if not reason or finding.down or said(reason, evidence) or what(check) in reason or _TALLY.match(reason):
        return None
    return reason


def explained(finding: Finding) -> str:
    """Name what a finding explains, each with its samples: told here, and nowhere else."""
    names = (f"{c.id} {marks(c.samples)}{' (critical)' if c.critical else ''}".strip() for c in finding.explains)
    return f"{plural(len(finding.explains), 'check')}: {listing(names, MOST_EXPLAINED)}"
