"""A wish to let a red commit pass in, why it is refused, or its status and comment, out. It asks a Hub, and decides.

A waiver is somebody's word for one commit. It changes no verdict and no evidence: the next run judges as before, and
what was waived is red in every history.
"""

from collections.abc import Sequence
from contextlib import suppress

from msgspec import Struct

from releasegate.errors import UsageError
from releasegate.foreign import for_markdown
from releasegate.github.intents import described
from releasegate.github.nouns import Hub, HubError, Pull, Status, StatusState, Subject, Trust
from releasegate.model import State

DISPATCH = "workflow_dispatch"
LONGEST_REASON = 1_000
SHORT = 12
FIRST = "1"
REFUSED = range(400, 500)


class Wish(Struct, frozen=True, kw_only=True):
    """Who wants what passed, and why. `sha` is the head that they looked at; `again` names who re-ran the job."""

    reason: str
    actor: str | None
    again: str | None = None
    attempt: str | None = None
    sha: str


def no_place(wish: Wish, subject: Subject) -> str | None:
    """Refuse before anything is asked: only a dispatch of the default branch's workflow says who acts."""
    if subject.event != DISPATCH:
        return f"a waiver is a {DISPATCH}, by which GitHub says who acts; this is {subject.event or 'no event'}"
    if subject.trust is not Trust.OURS:
        return "the workflow was started on another branch than the default one: anybody can write it there"
    if not 0 < len(wish.reason.strip()) <= LONGEST_REASON:
        return f"a waiver has a reason of at most {LONGEST_REASON} characters: --reason"
    if not wish.actor:
        return "nobody is known to act: GITHUB_ACTOR is not set"
    if wish.attempt != FIRST or (wish.again and wish.again.lower() != wish.actor.lower()):
        return "a re-run waives nothing: the head may be another by now; dispatch it anew"
    return None


def no_pull(wish: Wish, pull: Pull, onto: str) -> str | None:
    """Refuse what is no open pull request onto the branch that the gate guards, or has another head than was seen."""
    if not pull.open:
        return f"#{pull.number} is closed"
    if pull.base_branch != onto:
        return f"#{pull.number} is not onto {onto}"
    if wish.sha != pull.head_sha:
        return f"the head of #{pull.number} has moved to {pull.head_sha[:SHORT]}: look at it, and dispatch anew"
    return None


def no_actor(wish: Wish, pull: Pull, sharing: Sequence[Pull], *, maintains: bool) -> str | None:
    """Refuse who may not maintain, and every author whose head the commit is: a status belongs to the commit."""
    actor = wish.actor or ""
    theirs = [each for each in (pull, *sharing) if each.author.lower() == actor.lower()]
    if theirs:
        return f"{actor} is the author of #{theirs[0].number}, and nobody waives for themselves"
    return None if maintains else f"{actor} may not maintain the repository: at least maintain is needed"


def no_red(newest: Status | None, context: str) -> str | None:
    """Refuse where no red stands: there is nothing to waive, or nobody knows yet what."""
    if newest is None:
        return f"{context} has never been set on this commit: run the gate first"
    if newest.state is StatusState.PENDING:
        return f"{context} is pending: wait for its end, or end it with releasegate finalize --sha"
    return f"{context} is green: there is nothing to waive" if newest.state is StatusState.SUCCESS else None


def was(newest: Status) -> str:
    """Name the verdict that stood there; `an error` where the run ended without one."""
    word = newest.description.partition(":")[0]
    return word if word in {state.value for state in State} else "an error"


def status_of(wish: Wish, newest: Status, url: str | None) -> Status:
    said = described(f"WAIVED by {wish.actor}, was {was(newest)}")
    return Status(context=newest.context, state=StatusState.SUCCESS, description=said, target_url=url)


def comment_of(wish: Wish, pull: Pull, newest: Status, url: str | None) -> str:
    """Say it where the pull request is read, in a comment that no later run overwrites."""
    actor, reason = for_markdown(wish.actor or ""), for_markdown(" ".join(wish.reason.split()))
    run = f" ([run]({url}))" if url else ""
    return (
        f"**WAIVED** by {actor}, was {was(newest)}: `{newest.context}` on {pull.head_sha}{run}\n\n"
        f"Reason: {reason}\n\n"
        "This holds for this commit alone. No verdict is changed: the next run judges as before.\n"
    )


def other_voice(newest: Status, put: Status) -> str | None:
    """Warn where the waiver speaks by another voice than the gate: a rule may be pinned to the gate's."""
    if newest.creator == put.creator:
        return None
    return f"the gate speaks as {newest.creator}, this as {put.creator}: a pinned rule may not count it"


def allowed(hub: Hub, wish: Wish, subject: Subject, pull: Pull, context: str) -> Status:
    """Give the red status that is waived. Raises UsageError for each reason why not, HubError."""
    demand(no_pull(wish, pull, subject.default_branch or ""))
    sharing = [each for each in hub.pulls_of_commit(pull.head_sha) if each.open and each.head_sha == pull.head_sha]
    demand(no_actor(wish, pull, sharing, maintains=hub.maintains(wish.actor or "")))
    newest = next(iter(hub.statuses(pull.head_sha, context)), None)
    demand(no_red(newest, context))
    if newest is None:
        raise UsageError("nothing is waived")
    return newest


def told(hub: Hub, wish: Wish, pull: Pull, newest: Status, url: str | None) -> Status:
    """Write the reason, then the status: nothing passes in silence. Raises UsageError when the head moved meanwhile.

    The reason is taken back where certainly no status was set; an answer that was lost may have set one.
    """
    comment = hub.create_comment(pull.number, comment_of(wish, pull, newest, url))
    try:
        demand(no_pull(wish, hub.pull(pull.number), pull.base_branch))
        return hub.set_status(pull.head_sha, status_of(wish, newest, url))
    except (HubError, UsageError) as why:
        if isinstance(why, UsageError) or why.status in REFUSED:
            with suppress(HubError):
                hub.delete_comment(comment.id)
        raise


def demand(refusal: str | None) -> None:
    if refusal:
        raise UsageError(f"nothing is waived: {refusal}")
