"""A pull request's config and the base branch's checks in, what of it needs a person out, in sentences. Pure."""

from collections.abc import Iterable, Sequence

from releasegate.model import OF_BASE, PASSED, CheckResult, Origin, base_of, is_of_base

MOST_NAMED = 5


def unapproved(checks: Sequence[CheckResult], origin: Origin | None) -> list[str]:
    """Say what holds the verdict up until somebody approves: nothing once one whom the base branch names has."""
    if origin is None or origin.approved_by:
        return []
    names, who = failing(checks), _who(origin)
    out = [f"the base branch's version of what this {origin.change} changes does not pass: {_listing(names)}; {who}"]
    out = out if names else []
    return out + [f"this {origin.change} changes what runs the gate: {_listing(origin.edits)}; {who}"] * bool(
        origin.edits
    )


def unreviewed(checks: Sequence[CheckResult], origin: Origin | None) -> list[str]:
    """Say why a green pull request is less than stable."""
    if origin is None:
        return []
    out = (
        [] if origin.base else ["unreviewed policy: the base branch has no config yet, this is the pull request's own"]
    )
    out += origin.not_taken
    excused = [*failing(checks), *origin.edits]
    if origin.approved_by and excused:
        out.append(f"{origin.approved_by} approved it: {_listing(excused)}")
    return out


def new_in(origin: Origin | None, planned: Iterable[str]) -> frozenset[str]:
    """Name the checks that the base branch does not have, and of a changed one the cases that its version has not."""
    if origin is None:
        return frozenset()
    planned = tuple(planned)
    old = {f"{base_of(name).removesuffix(OF_BASE)}{name[len(base_of(name)) :]}" for name in planned if is_of_base(name)}
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
        return f"an approval of its head by {_listing(origin.approvers)} is needed"
    return "the base branch names nobody who may approve it (policy.approvers)"


def _listing(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
