"""The nouns of publishing: what an event is about, and what GitHub knows of it. Frozen; imports no client."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct


class Trust(StrEnum):
    """Who could have written what this job judges: it decides whether the job may ever say `success`."""

    OURS = "ours"
    """Nothing of a pull request ran in this job: the event's workflow is the default branch's, without a checkout."""
    PULL_REQUEST = "pull request"
    """The workflow is the pull request's own, of a branch of this repository: good for people who mean well."""
    FORK = "fork"
    """Code of a fork could have written it: comment and `failure` only."""


class Subject(Struct, frozen=True, kw_only=True):
    """What one run reports on. `sha` is the commit that gets the status; `not_judged` says why nothing is to be done.

    `pull` is known from the event or the inputs; where it is None, `pull_of_commit` or `pull_of_head` (owner, branch)
    tells how it may be found.
    """

    event: str
    repository: str
    sha: str | None
    pull: int | None = None
    pull_of_commit: bool = False
    pull_of_head: tuple[str, str] | None = None
    head_repository: str | None = None
    base_branch: str | None = None
    base_sha: str | None = None
    """The commit that a merge group stands on."""
    default_branch: str | None = None
    merge_sha: str | None = None
    trust: Trust = Trust.OURS
    actor: str | None = None
    deployment_url: str | None = None
    not_judged: str | None = None
    idle: bool = False
    """Nothing is to be judged, and that is no mistake."""


class Pull(Struct, frozen=True, kw_only=True):
    number: int
    head_sha: str
    head_branch: str
    head_repository: str | None
    """None when the fork was deleted."""
    base_branch: str
    author: str
    open: bool
    commented: bool = True
    """False when nobody has commented; GitHub does not always say so."""


class StatusState(StrEnum):
    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


class Status(Struct, frozen=True, kw_only=True):
    """A commit status. `creator` is who set it, `created` RFC 3339; both None for one that is yet to be set."""

    context: str
    state: StatusState
    description: str
    target_url: str | None = None
    creator: str | None = None
    created: str | None = None
    id: int = 0
    """GitHub's own; 0 for one that is yet to be set."""


class Comment(Struct, frozen=True, kw_only=True):
    id: int
    author: str
    body: str
    app: int | None = None
    """The App that wrote it, where one did."""
    url: str = ""


class ChangedFile(Struct, frozen=True, kw_only=True):
    """`status` is GitHub's word: added, removed, modified, renamed, copied, changed, unchanged."""

    path: str
    status: str
    previous: str | None = None
    patch: str | None = None
    """The beginning of what changed: it tells a submodule from a file."""


class Files(Struct, frozen=True, kw_only=True):
    """The files of a change; `whole` is False when GitHub lists no more than some of them."""

    files: tuple[ChangedFile, ...]
    whole: bool


class Commit(Struct, frozen=True, kw_only=True):
    sha: str
    parents: tuple[str, ...]


class Conclusion(StrEnum):
    """What a check run says; there are others on GitHub."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"


class CheckRun(Struct, frozen=True, kw_only=True):
    """A check run that is over. Limits: a title of 255 characters, a summary of 65,535."""

    name: str
    conclusion: Conclusion
    title: str
    summary: str
    details_url: str | None = None


class HubError(Exception):
    """What GitHub did not do, why, and what to do; `status` is its answer's, None when none came."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class OvertakenError(HubError):
    """A later run began before a success was written: it has the newest word."""


class Required(Struct, frozen=True, kw_only=True):
    """A check that a branch wants. `app` is who must have said it, None = anybody; `ruleset` None = classic."""

    context: str
    app: int | None = None
    ruleset: int | None = None


class Rules(Struct, frozen=True, kw_only=True):
    """What is in force on a branch. `admins_pass`: classic protection does not bind those who administer."""

    required: tuple[Required, ...] = ()
    queue: bool = False
    """It is merged through a queue, which waits for a status on the group's own commit."""
    workflows: bool = False
    """An organisation's workflows are required, which no pull request can edit."""
    admins_pass: bool = False


class Ruleset(Struct, frozen=True, kw_only=True):
    """`enforcement` is GitHub's word: active, evaluate, disabled. `bypass` None: the token may not see who passes."""

    id: int
    name: str
    enforcement: str
    required: tuple[Required, ...]
    bypass: tuple[str, ...] | None


class ReviewState(StrEnum):
    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    COMMENTED = "COMMENTED"
    DISMISSED = "DISMISSED"
    PENDING = "PENDING"


class Review(Struct, frozen=True, kw_only=True):
    """A person's word on a pull request; `sha` is the head that they looked at."""

    author: str
    state: ReviewState
    sha: str | None


class Hub(Protocol):
    """What publishing asks of GitHub. Every method raises HubError, which says what is missing and how to get it."""

    def give(self, budget_s: float) -> None:
        """Let all that follows take so long, tries and pauses together."""
        ...

    def pull(self, number: int) -> Pull: ...

    def pulls_of_commit(self, sha: str) -> Sequence[Pull]: ...

    def pulls_of_head(self, owner: str, branch: str) -> Sequence[Pull]: ...

    def changed_files(self, number: int) -> Files: ...

    def files_between(self, branch: str, head: str) -> tuple[str, Files]:
        """Give the commit that a branch is at, and the files that a head changes since it left it."""
        ...

    def statuses(self, sha: str, context: str | None) -> Sequence[Status]:
        """Give those of one context, the newest first; None = of all."""
        ...

    def set_status(self, sha: str, status: Status, *, again: Callable[[], None] | None = None) -> Status:
        """Set it; `again` is asked before each further try, and gives up by raising HubError."""
        ...

    def comments(self, number: int) -> Sequence[Comment]:
        """Give all of them, of all pages, the oldest first."""
        ...

    def create_comment(self, number: int, body: str) -> Comment: ...

    def update_comment(self, comment: int, body: str) -> Comment: ...

    def delete_comment(self, comment: int) -> None: ...

    def create_check_run(self, sha: str, run: CheckRun) -> None: ...

    def branch_protected(self, name: str) -> bool: ...

    def commits_between(self, base: str, head: str) -> tuple[Sequence[Commit], bool]:
        """Give what a head brings beyond a base, and whether that is all of it."""
        ...

    def reviews(self, number: int) -> Sequence[Review]:
        """Give all of them, of all pages, the oldest first."""
        ...

    def branch_head(self, name: str) -> str:
        """Give the commit that a branch is at."""
        ...

    def file(self, path: str, ref: str) -> str | None:
        """Give a file's text at a commit; None when there is none."""
        ...

    def default_branch(self) -> str: ...

    def rules(self, branch: str) -> Rules: ...

    def rulesets(self) -> Sequence[Ruleset]:
        """Give those for branches, also those that are not in force."""
        ...

    def check_names(self, sha: str) -> Sequence[str]:
        """Name the check runs of a commit: each job is one."""
        ...

    def recent_pulls(self, most: int) -> Sequence[Pull]:
        """Give the last pull requests that changed, open and closed."""
        ...

    def maintains(self, login: str) -> bool:
        """Tell whether somebody may at least maintain the repository."""
        ...

    def demand_statuses(self) -> None:
        """Find out whether statuses may be set, without setting one. Raises HubError where not."""
        ...
