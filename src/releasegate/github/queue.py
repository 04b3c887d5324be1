"""What a merge group brings and what its pull requests were told in, whether the group may inherit it out.

A commit of a queue is often on no staging, so `events: {merge_group: inherit}` judges nothing anew: the group is as
good as the worst of its pull requests, each at its own head. A commit of none of them brings what nobody judged.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from releasegate.github.nouns import Hub, Pull, Status, StatusState, Subject

SHORT = 12
TWO = 2


class Brought(Struct, frozen=True, kw_only=True):
    """A commit between the base and the head of a group, and the pull requests that GitHub knows it by."""

    sha: str
    parents: int
    pulls: tuple[Pull, ...]


class Inherited(Struct, frozen=True, kw_only=True):
    """Whether the group is as good as its pull requests, and the sentence that says why."""

    holds: bool
    said: str


def read_group(hub: Hub, subject: Subject, context: str, *, me: str | None) -> Inherited:
    """Read what each commit of a group belongs to and what we told it, by our own creator alone. Raises HubError."""
    base, head = subject.base_sha, subject.sha
    if base is None or head is None:
        return _not("the event does not say what the group brings")
    commits, whole = hub.commits_between(base, head)
    brought = [
        Brought(sha=each.sha, parents=len(each.parents), pulls=tuple(hub.pulls_of_commit(each.sha))) for each in commits
    ]

    def newest(sha: str) -> Status | None:
        return next((status for status in hub.statuses(sha, context) if status.creator == me), None)

    told = {pull.number: newest(pull.head_sha) for pull in members(brought)}
    return inherited(brought, told, whole=whole)


def members(brought: Sequence[Brought]) -> tuple[Pull, ...]:
    """Give the pull requests of a group, each once."""
    return tuple({pull.number: pull for commit in brought for pull in commit.pulls}.values())


def inherited(brought: Sequence[Brought], told: Mapping[int, Status | None], *, whole: bool) -> Inherited:
    """Decide. `told` is the newest status of this gate at each pull request's head; `whole`: no commit is missing."""
    if not whole:
        return _not("GitHub lists only some of its commits")
    strangers = [commit.sha for commit in brought if not commit.pulls and commit.parents < TWO]
    if strangers:
        return _not(f"commit {strangers[0][:SHORT]} belongs to no pull request: nobody judged what it brings")
    pulls = members(brought)
    if not pulls:
        return _not("it holds no pull request that GitHub knows")
    for pull in pulls:
        status = told.get(pull.number)
        if status is None or status.state is not StatusState.SUCCESS:
            said = "has no status of this gate" if status is None else f"is {status.state.value}"
            return _not(f"#{pull.number} {said} at its head {pull.head_sha[:SHORT]}")
    names = ", ".join(f"#{pull.number}" for pull in pulls)
    return Inherited(holds=True, said=f"inherited: {names} {'is' if len(pulls) == 1 else 'are'} green")


def _not(why: str) -> Inherited:
    return Inherited(holds=False, said=f"not inherited: {why}")
