"""A pull request's config and the base branch's checks in, what of it needs a person out, in sentences. Pure."""

from collections.abc import Iterable, Sequence

from releasegate.model import OF_BASE, PASSED, CheckResult, Origin, base_of, case_of, is_of_base
from releasegate.verdict.explain import listing


def unapproved(checks: Sequence[CheckResult], origin: Origin | None) -> list[str]:
    """Say what holds the verdict up until somebody approves: nothing once one whom the base branch names has."""
    if origin is None or origin.approved_by:
        return []
    causes = (
        (f"the base branch's version of what this {origin.change} changes does not pass", failing(checks)),
        (f"this {origin.change} changes what runs the gate", origin.edits),
    )
    return [f"{cause}: {listing(names)}; {_who(origin)}" for cause, names in causes if names]


def unreviewed(checks: Sequence[CheckResult], origin: Origin | None) -> list[str]:
    """Say why a green pull request is less than stable."""
    if origin is None:
        return []
    unread = "unreviewed policy: the base branch has no config yet, this is the pull request's own"
    out = [*([] if origin.base else [unread]), *origin.not_taken]
    excused = [*failing(checks), *origin.edits]
    if origin.approved_by and excused:
        out.append(f"{origin.approved_by} approved it: {listing(excused)}")
    return out


def new_in(origin: Origin | None, planned: Iterable[str]) -> frozenset[str]:
    """Name the checks that the base branch does not have, and of a changed one the cases that its version has not."""
    if origin is None:
        return frozenset()
    planned = tuple(planned)
    old = {f"{base_of(name).removesuffix(OF_BASE)}{case_of(name)}" for name in planned if is_of_base(name)}
    return frozenset(
        name
        for name in planned
        if base_of(name) in origin.added or (base_of(name) in origin.changed and name not in old)
    )


def failing(checks: Sequence[CheckResult]) -> list[str]:
    """Name the base branch's versions that do not pass."""
    return [check.id for check in checks if is_of_base(check.id) and check.label not in PASSED]


def _who(origin: Origin) -> str:
    if origin.group:
        return "nobody approves a group: events: {merge_group: inherit} takes what its pull requests were told"
    if origin.approvers:
        return f"an approval of its head by {listing(origin.approvers)} is needed"
    return "the base branch names nobody who may approve it (policy.approvers)"
