"""What was decided in, the same on GitHub out: status, then comment, then check run, and what was dropped."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from releasegate.github import intents
from releasegate.github.intents import CommentMode, Decided, Standing, Told
from releasegate.github.nouns import CheckRun, Comment, Hub, HubError, OvertakenError, Pull, Status, Subject
from releasegate.model import State

DEADLINE_S = 90.0
READING_S = 70.0
"""How much of it may be spent before anything is written: a red status is written whatever could not be read."""
BEFORE_S = 30.0
CANCELLED_S = 4.0
"""How long the last word of a run that is being cancelled may take: a runner kills it soon."""


class Words(Struct, frozen=True, kw_only=True):
    """What there is to be read. `check_run` is None where none is wanted."""

    gate: str
    state: State
    mode: CommentMode
    comment: str
    check_run: CheckRun | None = None


class Published(Struct, frozen=True, kw_only=True):
    """What became of it. `owed`: a status was to be written and was not.

    `overtaken`: a later run began while a success was being written; an answer may have been lost.
    """

    status: Status | None = None
    overtaken: bool = False
    comment_url: str | None = None
    said: tuple[str, ...] = ()
    owed: bool = False


def resolve(hub: Hub, subject: Subject) -> Subject:
    """Find out head and base of a pull request that was asked for by hand. Raises HubError."""
    if subject.pull is None or (subject.sha is not None and subject.base_branch is not None):
        return subject
    pull = hub.pull(subject.pull)
    refused = None if pull.open else "the pull request is closed"
    if subject.sha not in {None, pull.head_sha}:
        refused = f"{subject.sha} is not the head of #{pull.number}: name one of the two"
    return replace(
        subject,
        sha=pull.head_sha,
        head_repository=pull.head_repository,
        base_branch=pull.base_branch,
        not_judged=refused,
    )


def protected(hub: Hub, subject: Subject) -> bool | None:
    """Ask what the standing hangs on: who may push to the branch, or whether the default one has the commit.

    None where nothing hangs on it. Raises HubError.
    """
    if branch := intents.asks_protection(subject):
        return hub.branch_protected(branch)
    if not intents.is_nobodys(subject) or subject.sha is None or subject.default_branch is None:
        return None
    return hub.commits_between(subject.sha, subject.default_branch)[1]


def learn(hub: Hub, subject: Subject, may: Standing, pending: Status | None) -> Told:
    """Read the head once more, then the commit's statuses. What cannot be read is said, and forbids a success."""
    if may.context is None or subject.sha is None:
        return Told(pending=pending)
    try:
        pull = pull_of(hub, subject)
        return Told(statuses=hub.statuses(subject.sha, may.context), pending=pending, pull=pull)
    except HubError as why:
        return Told(pending=pending, problem=str(why))


def pull_of(hub: Hub, subject: Subject) -> Pull | None:
    """Give the pull request that a run is about: the event's, or the one whose head the commit is.

    The default branch's own commits are not judged as somebody wants to merge them elsewhere.
    """
    if subject.pull is not None:
        return hub.pull(subject.pull)
    found: list[Pull] = []
    if subject.pull_of_head is not None:
        found = [p for p in hub.pulls_of_head(*subject.pull_of_head) if p.head_repository == subject.head_repository]
    elif subject.pull_of_commit and subject.sha is not None:
        found = list(hub.pulls_of_commit(subject.sha))
    own = (subject.repository, subject.default_branch)
    found = [pull for pull in found if (pull.head_repository, pull.head_branch) != own]
    heads = [pull for pull in found if pull.open and pull.head_sha == subject.sha]
    onto_default = [pull for pull in heads if pull.base_branch == subject.default_branch]
    return next(iter(onto_default or heads), None)


def settle(hub: Hub, subject: Subject, decided: Decided, *, again: Callable[[], None] | None = None) -> Published:
    """Write the status. What GitHub refuses is said, and owed. `again`: as of Hub.set_status."""
    said, owed = decided.said, decided.owed
    if decided.status is None or subject.sha is None:
        return Published(said=said, owed=owed)
    try:
        return Published(status=hub.set_status(subject.sha, decided.status, again=again), said=said, owed=owed)
    except OvertakenError as why:
        return Published(said=(*said, f"no success is written: {why}"), owed=owed, overtaken=True)
    except HubError as why:
        return Published(said=(*said, f"the status is not written: {why}"), owed=True)


def explain(hub: Hub, subject: Subject, decided: Decided, told: Told, *, words: Words, done: Published) -> Published:
    """Write what explains the status, the more important first. What GitHub refuses is said, and the rest is tried."""
    said, url = list(done.said), None
    if decided.comment and told.pull is not None:
        try:
            url = _comment(hub, told.pull, _me(told.pending or done.status), words)
        except HubError as why:
            said.append(f"the comment is not written: {why}")
    if words.check_run is not None and done.status is not None and subject.sha is not None:
        try:
            hub.create_check_run(subject.sha, words.check_run)
        except HubError as why:
            said.append(f"the check run is not written: {why}")
    return replace(done, comment_url=url, said=tuple(said))


def _me(status: Status | None) -> str | None:
    """Tell who we are by what we wrote: not every token may ask."""
    return status.creator if status else None


def _comment(hub: Hub, pull: Pull, me: str | None, words: Words) -> str | None:
    """Keep one comment of ours, and keep it true; give where it stands, None when there is to be none."""
    if words.mode is CommentMode.OFF or me is None:
        return None
    mine = intents.ours(hub.comments(pull.number), words.gate, me) if pull.commented else []
    if not mine:
        if not intents.first_comment(words.mode, words.state):
            return None
        made = hub.create_comment(pull.number, words.comment)
        mine = intents.ours(hub.comments(pull.number), words.gate, me) or [made]
    for double in mine[1:]:
        hub.delete_comment(double.id)
    return _updated(hub, mine[0], words.comment).url


def _updated(hub: Hub, comment: Comment, body: str) -> Comment:
    if comment.body.split() == body.split():
        return comment
    return hub.update_comment(comment.id, body)
