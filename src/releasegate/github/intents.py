"""A verdict, what it is about and what GitHub says now in; what is to be written, or why nothing, out. Pure.

Nothing here asks GitHub: whoever applies this has read the pull request's head and the commit's statuses before.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from releasegate.errors import EXIT_INCONCLUSIVE, EXIT_MERGE, EXIT_UNSTABLE, EvidenceError
from releasegate.foreign import for_terminal
from releasegate.github.job import Job
from releasegate.github.marker import marker_of
from releasegate.github.nouns import Comment, Conclusion, Pull, Status, StatusState, Subject, Trust
from releasegate.model import RunInfo, State, Verdict

LONGEST = 140
"""Characters of a status's description; GitHub refuses more."""
CONTEXT = "releasegate/"
ADVISORY = "advisory"
STATES = {
    State.STABLE: StatusState.SUCCESS,
    State.DEGRADED: StatusState.SUCCESS,
    State.UNSTABLE: StatusState.FAILURE,
    State.INCONCLUSIVE: StatusState.ERROR,
}
ARTIFACT_EVENT = "workflow_run"
CANCELLED = "cancelled before its end"
SUPERSEDED = "superseded by a later run"


class CommentMode(StrEnum):
    """When a first comment is written. One that is there is kept true in every mode but OFF."""

    ALWAYS = "always"
    ON_CHANGE = "on-change"
    ON_FAILURE = "on-failure"
    OFF = "off"


class FailOn(StrEnum):
    """Which verdicts the exit code calls a failure. The status says the verdict all the same."""

    BLOCKED = "blocked"
    UNSTABLE = "unstable"
    NEVER = "never"


FORGIVEN = {
    FailOn.BLOCKED: frozenset[int](),
    FailOn.UNSTABLE: frozenset({EXIT_INCONCLUSIVE}),
    FailOn.NEVER: frozenset({EXIT_INCONCLUSIVE, EXIT_UNSTABLE}),
}
"""The exit codes that become 0."""


class Standing(Struct, frozen=True, kw_only=True):
    """The status that a run may write, or why it writes none."""

    context: str | None
    why: str | None = None


class Told(Struct, frozen=True, kw_only=True):
    """What GitHub says after the run. `pending` is our own; without it we do not know who we are.

    `problem` says what could not be read: then nobody knows whether a success would be the newest word.
    """

    statuses: Sequence[Status] = ()
    pending: Status | None = None
    pull: Pull | None = None
    problem: str | None = None


class Decided(Struct, frozen=True, kw_only=True):
    """What is to be written. `status` None and `comment` False each have their sentence in `said`.

    `owed` tells that a status was to be written and cannot be: the run is not published.
    """

    status: Status | None
    comment: bool
    said: tuple[str, ...] = ()
    owed: bool = False


def context_of(gate: str, mode: str) -> str:
    """Name the status. Advisory runs have one of their own, which nobody requires."""
    return f"{CONTEXT}{gate}-{ADVISORY}" if mode == ADVISORY else f"{CONTEXT}{gate}"


def standing(subject: Subject, gate: str, mode: str, *, partial: bool, protected: bool | None) -> Standing:
    """Say what may be written. `protected`: whether the branch whose config judged is; None where that is not asked.

    A status belongs to the commit. So what somebody's own branch demands writes none: the commit could be, or become,
    the head of a pull request onto the default branch.
    """
    if subject.trust is Trust.FORK:
        why = "a fork's job writes nothing: its code could have written it; the default branch's workflow decides"
        return Standing(context=None, why=why)
    if partial:
        why = "a part of the gate was run: its status tells only of the whole"
        return Standing(context=None, why=why)
    if _onto_another(subject) and not protected:
        why = f"{for_terminal(subject.base_branch or '')} is neither the default branch nor protected: no status is set"
        return Standing(context=None, why=why)
    if is_nobodys(subject) and not protected:
        why = "the commit is no pull request's head and not on the default branch: no status is set by its own config"
        return Standing(context=None, why=why)
    return Standing(context=context_of(gate, mode))


def asks_protection(subject: Subject) -> str | None:
    """Name the branch whose protection decides; None when nothing hangs on it."""
    return subject.base_branch if _onto_another(subject) and subject.trust is not Trust.FORK else None


def _onto_another(subject: Subject) -> bool:
    return subject.base_branch is not None and subject.base_branch != subject.default_branch


def is_nobodys(subject: Subject) -> bool:
    """Tell whether a commit is judged by a config of which nobody knows to which branch it belongs."""
    return subject.trust is Trust.PULL_REQUEST and subject.pull is None and subject.base_branch is None


def pending(context: str, now: datetime, deadline_s: float, url: str | None) -> Status:
    """Say that a run began. `now` is in UTC."""
    minutes = max(1, round(deadline_s / 60))
    said = f"running since {now:%H:%M}Z, at most {minutes} min"
    return Status(context=context, state=StatusState.PENDING, description=said, target_url=url)


def deferred(context: str, url: str | None) -> Status:
    said = "deferred: another event judges this commit"
    return Status(context=context, state=StatusState.PENDING, description=said, target_url=url)


def cancelled(context: str, url: str | None, why: str = CANCELLED) -> Status:
    return Status(context=context, state=StatusState.ERROR, description=described(why), target_url=url)


def red_before(told: Told) -> int:
    """Count our own failures on the commit from before this run."""
    ours = told.pending
    if ours is None:
        return 0
    return sum(
        s.state is StatusState.FAILURE and s.creator == ours.creator and _at(s) < _at(ours) for s in told.statuses
    )


def superseded(told: Told) -> bool:
    """Tell whether a later run of ours has begun: the commit is its to turn green."""
    ours = told.pending
    if ours is None:
        return False
    return any(
        s.state is StatusState.PENDING and s.creator == ours.creator and _at(s) > _at(ours) for s in told.statuses
    )


def divided(told: Told) -> bool:
    """Tell whether this very attempt of a run has said red in our context: then two configs have one gate's name."""
    ours, red = told.pending, {StatusState.FAILURE, StatusState.ERROR}
    if ours is None or ours.target_url is None:
        return False
    return any(s.state in red and s.creator == ours.creator and s.target_url == ours.target_url for s in told.statuses)


def is_of_run(status: Status, url: str | None) -> bool:
    """Tell whether a status is a gate's, of the run at this address."""
    return url is not None and status.target_url == url and status.context.startswith(CONTEXT)


def stands(told: Told, url: str | None) -> bool:
    """Tell whether the newest word is a success of the run at this address."""
    newest = next(iter(told.statuses), None)
    return newest is not None and newest.state is StatusState.SUCCESS and newest.target_url == url


def _at(status: Status) -> tuple[str, int]:
    return (status.created or "", status.id)


def decide(
    verdict: Verdict,
    subject: Subject,
    may: Standing,
    told: Told,
    *,
    mode: str,
    interrupted: bool,
    url: str | None,
    own: bool = True,
) -> Decided:
    """Decide what is written. `own`: this very job judged; of evidence from elsewhere no success is ever said."""
    said = [may.why] if may.why else []
    moved = told.pull is not None and told.pull.head_sha != subject.sha
    if moved:
        said.append("superseded by a newer head: the comment is left to its run")
    comment = told.problem is None and not moved and not superseded(told)
    if may.context is None:
        return Decided(status=None, comment=False, said=tuple(said))
    state = StatusState.ERROR if interrupted else STATES[verdict.state]
    text = CANCELLED if interrupted else told_of(verdict, advisory=mode == ADVISORY)
    status = Status(context=may.context, state=state, description=described(text), target_url=url)
    hindrance, owed = _no_success(subject, told, own=own) if state is StatusState.SUCCESS else (None, False)
    if hindrance and owed and told.pending is not None:
        status = replace(status, state=StatusState.ERROR, description=described(f"not told: {hindrance}"))
        return Decided(status=status, comment=comment, said=(*said, f"no success is written: {hindrance}"), owed=True)
    if hindrance:
        return Decided(status=None, comment=comment, said=(*said, f"no success is written: {hindrance}"), owed=owed)
    return Decided(status=status, comment=comment, said=tuple(said))


def _no_success(subject: Subject, told: Told, *, own: bool) -> tuple[str | None, bool]:
    """Say why no success may be written, if so, and whether it should have been."""
    if subject.trust is Trust.FORK:
        return "code of a fork could have written it", False
    if not own:
        return "code of a pull request could have written this evidence; the job that judges publishes it", False
    if told.pending is None:
        return "this run set no pending status, so that nobody knows whether it is the newest", True
    if doubt := _doubt(subject, told):
        return doubt, True
    return (SUPERSEDED, False) if superseded(told) else (None, False)


def _doubt(subject: Subject, told: Told) -> str | None:
    """Say what of GitHub's answers forbids a success, so that the run must be made again."""
    if told.problem:
        return told.problem
    if divided(told):
        return "another job of this very run was red by the same name: give each config its own gate"
    if told.pull is not None and subject.base_branch not in {None, told.pull.base_branch}:
        return f"it is to be merged into {told.pull.base_branch} by now: run the gate again"
    return None


def told_of(verdict: Verdict, *, advisory: bool) -> str:
    """Give the verdict and its first reason; of an advisory run, what it would have done."""
    text = f"{verdict.state.value}: {verdict.reasons[0]}" if verdict.reasons else verdict.state.value
    blocks = STATES[verdict.state] is not StatusState.SUCCESS
    return f"would block: {text}" if advisory and blocks else text


def described(text: str) -> str:
    """Cut a text to what a status holds, at the end of a word."""
    text = " ".join(for_terminal(text).split())
    if len(text) <= LONGEST:
        return text
    kept = text[: LONGEST - 1]
    whole = kept.rpartition(" ")[0] or kept
    return whole.rstrip(" ,;:") + "…"


def own_evidence(run: RunInfo, subject: Subject, job: Job) -> bool:
    """Tell whether evidence from a file may be as good as a run of our own: of this run and attempt, and no fork's.

    An artifact of another run is what its code wrote; a workflow that follows it has nothing else.
    """
    same = job.run_id is not None and (run.run_id, run.run_attempt) == (job.run_id, job.attempt)
    return same and subject.event != ARTIFACT_EVENT and subject.trust is not Trust.FORK


def exit_code(verdict: Verdict, fail_on: FailOn) -> int:
    return EXIT_MERGE if verdict.exit_code in FORGIVEN[fail_on] else verdict.exit_code


def demand_of(run: RunInfo, subject: Subject, job: Job, *, gate: str, mode: str) -> None:
    """Refuse evidence that is about something else than is published. Raises EvidenceError."""
    if (run.gate, run.mode) != (gate, mode):
        raise EvidenceError(f"the evidence is of the gate {run.gate} ({run.mode}), the config's is {gate} ({mode})")
    if run.sha != subject.sha:
        raise EvidenceError(f"the evidence is about {run.sha}, to be published is {subject.sha}: judge that commit")
    if run.run_id == job.run_id and run.run_attempt != job.attempt:
        raise EvidenceError(f"the evidence is of attempt {run.run_attempt}, this is attempt {job.attempt}: judge again")


def ours(comments: Sequence[Comment], gate: str, me: str | None) -> list[Comment]:
    """Give this gate's own comments, the oldest first: by us, and with our marker on the first line."""
    marked = [(comment, marker_of(comment.body)) for comment in comments if me and comment.author == me]
    return [comment for comment, marker in marked if marker and marker.gate == gate]


def first_comment(mode: CommentMode, state: State) -> bool:
    """Tell whether a comment is begun where there is none."""
    if mode is CommentMode.ON_FAILURE:
        return STATES[state] is not StatusState.SUCCESS
    return mode is CommentMode.ALWAYS or (mode is CommentMode.ON_CHANGE and state is not State.STABLE)


def conclusion(decided: Decided, *, advisory: bool) -> Conclusion:
    """Let a check run say no more than the status does."""
    if decided.status is None or advisory:
        return Conclusion.NEUTRAL
    return Conclusion.SUCCESS if decided.status.state is StatusState.SUCCESS else Conclusion.FAILURE
