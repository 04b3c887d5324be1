"""One run's word on GitHub, from its pending status to its end, whatever ends it. What GitHub refuses ends no run."""

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from releasegate.errors import NotPublishedError
from releasegate.github import intents, publish
from releasegate.github.intents import Decided, Standing, Told
from releasegate.github.job import Job
from releasegate.github.nouns import Files, Hub, HubError, OvertakenError, Status, StatusState, Subject, Trust
from releasegate.github.publish import Published, Words
from releasegate.github.trust import Change, Snapshot, change_of, moved

ENDED = "the gate ended without a verdict"
FRESH_S = 1.0
"""What was read so long ago is still true: no whole run fits in between."""
DEPENDABOT = "dependabot[bot]"


class Desk:
    """Speaks for one subject. `subject` is completed by what GitHub knows; `notes` are what a reader should know."""

    def __init__(
        self,
        job: Job,
        subject: Subject,
        *,
        reach: Callable[[], Hub],
        clock: Callable[[], float],
        wall: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        """`reach` opens the way to GitHub, `say` hears each note; `clock` counts seconds, `wall` those since 1970."""
        self.job, self.subject = job, subject
        self._reach, self._clock, self._wall, self._say = reach, clock, wall, say
        self.notes: list[str] = []
        self.may = Standing(context=None)
        self.pending: Status | None = None
        self.owed = False
        """A status was to be written, and was not."""
        self.base: Snapshot | None = None
        """What of the base branch decided, where a pull request is judged."""
        self.files: Files | None = None
        """What the pull request changes, once it is known."""
        self._hub: Hub | None = None
        self._first: Status | None = None
        self._read = 0.0
        """When the commit's statuses were asked for; monotonic seconds."""
        self._ends = 0.0
        """When publishing is to end; monotonic seconds."""
        self._open = False
        """A status may stand there that is ours to end: a pending one, or a success that a later run overtook."""

    @property
    def hub(self) -> Hub:
        """Give the way to GitHub. Raises HubError where there is none."""
        if self._hub is None:
            raise HubError("GitHub is not asked")
        return self._hub

    def enter(self) -> None:
        """Find the way to GitHub, and the head of a pull request. Raises NotPublishedError when there is no commit."""
        if self.subject.trust is Trust.FORK and self.subject.sha:
            return
        try:
            self._hub = self._reach()
            self.subject = publish.resolve(self._hub, self.subject)
        except HubError as why:
            if self.subject.sha is None:
                raise NotPublishedError(f"which commit to judge is not known: {why}") from None
            self.note(f"GitHub is not reached: {why}")

    def change(self) -> Change | None:
        """Find what is to be merged, which binds the run to that base branch. Raises HubError."""
        change = change_of(self.hub, self.subject)
        if change is not None and change.pull is not None:
            self.subject = replace(self.subject, pull=change.pull.number, base_branch=change.branch)
        return change

    def begin(self, gate: str, mode: str, *, partial: bool, deadline_s: float, quietly: bool = False) -> None:
        """Say that the run began, where it may say anything. `quietly`: find out only whether it may."""
        try:
            guarded = publish.protected(self._hub, self.subject) if self._hub else None
        except HubError as why:
            guarded = None
            self.note(str(why))
        self.may = intents.standing(self.subject, gate, mode, partial=partial, protected=guarded)
        if self.may.context is None:
            self.note(self.may.why or "")
            return
        if quietly:
            return
        now = datetime.fromtimestamp(self._wall(), UTC)
        self._first = intents.pending(self.may.context, now, deadline_s, self.job.run_url)
        self.pending = self.put(self._first)

    def put(self, status: Status) -> Status | None:
        """Set a status; None, said and owed, where GitHub does not take it."""
        self._open = status.state is StatusState.PENDING or self._open
        try:
            put = self.hub.set_status(self.subject.sha or "", status)
        except HubError as why:
            self.owed = True
            self._first = None if why.status else self._first
            self.note(f"the status is not written: {why}")
            return None
        self.owed = False
        self._open = status.state is StatusState.PENDING
        return put

    def leave_pending(self) -> None:
        """Let the pending status stand: another event ends it."""
        self._open = False

    def learn(self) -> Told:
        if self._hub is None:
            return Told()
        self._ends = self._clock() + publish.DEADLINE_S
        self._hub.give(publish.READING_S)
        if self.pending is None and self._first is not None:  # nothing was answered then: that may have passed
            self.pending = self.put(self._first)
        return self._told(self._hub)

    def _told(self, hub: Hub) -> Told:
        """Read the statuses last: what is concluded from them is soon written."""
        try:
            problem = moved(hub, self.base) if self.base is not None else None
        except HubError as why:
            problem = str(why)
        self._read = self._clock()
        told = publish.learn(hub, self.subject, self.may, self.pending)
        return replace(told, problem=told.problem or problem)

    def finish(self, decided: Decided, told: Told, words: Words) -> Published:
        """Write what was decided, and say what was not."""
        if self._hub is None:
            done = Published(said=decided.said, owed=decided.status is not None or decided.owed)
        else:
            self._hub.give(max(publish.DEADLINE_S - publish.READING_S, self._ends - self._clock()))
            green = decided.status is not None and decided.status.state is StatusState.SUCCESS
            done = publish.settle(self._hub, self.subject, decided, again=self._look if green else None)
            doubtful = done.overtaken or (green and done.status is not None and self._clock() - self._read > FRESH_S)
            self._open = doubtful or (self._open and done.status is None and done.owed)
            done = self._withdrawn(self._hub, done) if doubtful else done
            done = publish.explain(self._hub, self.subject, decided, told, words=words, done=done)
        self.owed = done.owed
        for said in done.said:
            if said not in self.notes:
                self.note(said)
        return done

    def _look(self) -> None:
        """Look, before a success is tried once more, whether it would be the newest word still. Raises HubError."""
        told = self._told(self.hub)
        if told.problem:
            raise HubError(told.problem)
        if intents.superseded(told):
            raise OvertakenError(intents.SUPERSEDED)

    def _withdrawn(self, hub: Hub, done: Published) -> Published:
        """Take back a success that came late, if it stands over a later run; until that is known it is ours to end."""
        told = self._told(hub)
        if not told.problem and not (intents.superseded(told) and intents.stands(told, self.job.run_url)):
            self._open = False
            return done
        self.note(f"the success is taken back: {told.problem or intents.SUPERSEDED}")
        taken = self.put(
            intents.cancelled(self.may.context or "", self.job.run_url, told.problem or intents.SUPERSEDED)
        )
        return replace(done, status=taken, owed=bool(told.problem) or taken is None)

    def close(self, why: str) -> None:
        """End what is ours to end by an error, in a few seconds."""
        if not self._open or self._hub is None or self.may.context is None:
            return
        self._open = False
        self._hub.give(publish.CANCELLED_S)
        self.put(intents.cancelled(self.may.context, self.job.run_url, why))

    def end(self, context: str | None) -> tuple[Status, ...]:
        """End by an error what is pending in a context; None = what this run left pending, whatever its gate's name.

        Give what was written. Raises HubError.
        """
        commit, newest = self.subject.sha or "", dict[str, Status]()
        for status in self.hub.statuses(commit, context):
            newest.setdefault(status.context, status)
        left = [status for status in newest.values() if status.state is StatusState.PENDING]
        if context is None:
            left = [each for each in left if intents.is_of_run(each, self.job.run_url)]
        return tuple(self.hub.set_status(commit, intents.cancelled(each.context, each.target_url)) for each in left)

    def note(self, said: str) -> None:
        self.notes.append(said)
        self._say(said)

    @property
    def silent(self) -> bool:
        """Tell whether there is no way to GitHub: then nothing is published either."""
        return self._hub is None

    @property
    def excused(self) -> bool:
        """Tell whether a token that may only read is what this actor gets."""
        return self.subject.actor == DEPENDABOT
