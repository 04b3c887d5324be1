"""A repository and a pull request in, what keeps it from being merged out."""

from collections.abc import Iterable
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import NamedTuple

from releasegate.demo.hub.state import Pull, Repository, Required, Ruleset
from releasegate.demo.hub.statuses import latest

GREEN = ("success", "neutral", "skipped")


class Why(StrEnum):
    """How a required check stands."""

    MISSING = "missing"
    PENDING = "pending"
    RED = "red"


class Blocked(NamedTuple):
    context: str
    why: Why


def rulesets_of(repository: Repository, branch: str) -> list[Ruleset]:
    """Give the rulesets in force on a branch; those under evaluation or switched off are none."""
    return [
        ruleset
        for ruleset in repository.rulesets.values()
        if ruleset.enforcement == "active" and any(_covers(repository, ref, branch) for ref in ruleset.refs)
    ]


def _covers(repository: Repository, ref: str, branch: str) -> bool:
    if ref == "~DEFAULT_BRANCH":
        return branch == repository.default_branch
    return ref == "~ALL" or fnmatchcase(f"refs/heads/{branch}", ref)


def required_on(repository: Repository, branch: str) -> list[Required]:
    """Give what a branch requires, by classic protection and by rulesets."""
    classic = repository.protected.get(branch, ())
    ruled = [need for ruleset in rulesets_of(repository, branch) for need in ruleset.required]
    return list(dict.fromkeys([*classic, *ruled]))


def blocked_by(repository: Repository, pull: Pull) -> tuple[Blocked, ...]:
    """Say which required checks are missing, pending or red at the head; empty = nothing blocks.

    A status and a check run of one name are both required. A check that is pinned to an App counts from it alone.
    """
    blocked = []
    for need in required_on(repository, pull.base_ref):
        states = list(_said(repository, pull.sha, need))
        why = Why.MISSING if not states else _worst(states)
        if why is not None:
            blocked.append(Blocked(need.context, why))
    return tuple(blocked)


def _said(repository: Repository, sha: str, need: Required) -> Iterable[str]:
    for status in latest(repository.statuses, sha):
        pinned = need.app_id is None or status.app_id == need.app_id
        if status.context.casefold() == need.context.casefold() and pinned:
            yield status.state
    runs = [run for run in repository.check_runs.values() if run.sha == sha and run.name == need.context]
    for run in {run.app.id: run for run in runs}.values():
        if need.app_id is None or run.app.id == need.app_id:
            yield run.conclusion or "pending"


def _worst(states: Iterable[str]) -> Why | None:
    found = set(states) - set(GREEN)
    if not found:
        return None
    return Why.PENDING if found == {"pending"} else Why.RED
