"""What a GitHub of our own holds: users, tokens, repositories and all that hangs on a commit."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

HOUR_S = 3600
ACTIONS_LIMIT, INSTALLATION_LIMIT, USER_LIMIT, ANONYMOUS_LIMIT = 1_000, 5_000, 5_000, 60
"""Requests an hour: GITHUB_TOKEN and repository, App installation, user, address."""


class Kind(StrEnum):
    """What stands behind a login."""

    USER = "User"
    BOT = "Bot"
    ORGANIZATION = "Organization"


class Bearer(StrEnum):
    """Who shows a token: it decides what GitHub calls them and where they may go at all."""

    ANONYMOUS = "anonymous"
    APP = "app"
    INSTALLATION = "integration"
    USER = "personal access token"


@dataclass(frozen=True, slots=True)
class User:
    login: str
    id: int
    kind: Kind = Kind.USER


@dataclass(frozen=True, kw_only=True, slots=True)
class App:
    """A GitHub App. `public_key` is PEM; `installed` says by installation id on which owner's repositories."""

    id: int
    slug: str
    owner: User
    bot: User
    permissions: Mapping[str, str] = field(default_factory=dict)
    public_key: str = field(default="", repr=False)
    installed: Mapping[int, str] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class Token:
    """What a client shows, and what of its hour it has used. `owner` bounds it to somebody's repositories."""

    value: str = field(repr=False)
    bearer: Bearer
    actor: User
    app: App | None = None
    permissions: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None
    repositories: frozenset[str] | None = None
    """Full names in lower case; None = all that its owner has."""
    ends: float | None = None
    """Epoch seconds."""
    limit: int = USER_LIMIT
    used: int = 0
    resets: float = 0.0

    def permits(self, need: str) -> bool:
        """Say whether it allows a need such as "statuses=write"."""
        scope, _, level = need.partition("=")
        has = "read" if scope == "metadata" else self.permissions.get(scope, "none")
        return has in ("write", level)

    def sees(self, repository: "Repository") -> bool:
        """Say whether it reaches a repository other than as the public does."""
        if self.repositories is not None:
            return repository.full_name.lower() in self.repositories
        return self.owner is None or self.owner == repository.owner.login


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit with its whole tree; `at` in epoch seconds."""

    sha: str
    message: str
    parents: tuple[str, ...]
    files: Mapping[str, bytes]
    author: User
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: User
    app_id: int | None
    at: float


@dataclass(kw_only=True, slots=True)
class CheckRun:
    id: int
    sha: str
    name: str
    app: App
    status: str = "queued"
    conclusion: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    details_url: str | None = None
    external_id: str | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[dict[str, object]] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class Comment:
    id: int
    number: int
    """Of the issue or pull request."""
    body: str
    author: User
    app: App | None
    created: float
    updated: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """`state` is GitHub's word: APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED."""

    id: int
    author: User
    state: str
    sha: str
    at: float


@dataclass(kw_only=True, slots=True)
class Issue:
    id: int
    number: int
    title: str
    body: str | None
    author: User
    app: App | None
    at: float
    labels: tuple[str, ...] = ()
    open: bool = True


@dataclass(kw_only=True, slots=True)
class Pull(Issue):
    head: "Repository"
    """The repository that its branch lives in: a fork, or our own."""
    head_ref: str
    base_ref: str
    draft: bool = False
    reviews: list[Review] = field(default_factory=list)

    @property
    def sha(self) -> str:
        """The head's commit, as it is now."""
        return self.head.branches[self.head_ref]


@dataclass(frozen=True, slots=True)
class Required:
    """A check that a branch wants; `app_id` is who must have said it, None = anybody."""

    context: str
    app_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruleset:
    """`refs` as GitHub writes them: ~DEFAULT_BRANCH, ~ALL, refs/heads/release/*."""

    id: int
    name: str
    required: tuple[Required, ...]
    refs: tuple[str, ...] = ("~DEFAULT_BRANCH",)
    enforcement: str = "active"
    strict: bool = False
    bypass: tuple[tuple[str, int], ...] = ()
    """Kind and id of those whom it does not bind."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A run of a workflow."""

    id: int
    name: str
    path: str
    event: str
    sha: str
    branch: str
    head: "Repository"
    actor: User
    at: float
    status: str = "in_progress"
    conclusion: str | None = None
    attempt: int = 1


@dataclass(kw_only=True, eq=False)
class Repository:
    id: int
    owner: User
    name: str
    created: float
    private: bool = False
    fork: bool = False
    default_branch: str = "main"
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    protected: dict[str, tuple[Required, ...]] = field(default_factory=dict)
    """Classic protection, by branch."""
    rulesets: dict[int, Ruleset] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    """admin, maintain, write, triage or read, by login."""
    runs: dict[int, Run] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def pulls(self) -> dict[int, Pull]:
        return {number: issue for number, issue in self.issues.items() if isinstance(issue, Pull)}

    def commit(self, ref: str) -> Commit | None:
        """Find what a branch's name, a whole commit id or at least seven digits of one mean."""
        name = ref.removeprefix("refs/").removeprefix("heads/")
        sha = self.branches.get(name, ref)
        if sha in self.commits:
            return self.commits[sha]
        found = [commit for known, commit in self.commits.items() if len(ref) >= 7 and known.startswith(ref)]  # noqa: PLR2004 - as git abbreviates
        return found[0] if len(found) == 1 else None

    def ancestry(self, sha: str) -> Iterator[str]:
        """Give a commit and all before it that are known here, nearest first."""
        pending, seen = [sha], {sha}
        while pending:
            current = pending.pop(0)
            if current not in self.commits:
                continue
            yield current
            fresh = [parent for parent in self.commits[current].parents if parent not in seen]
            pending += fresh
            seen.update(fresh)


def blob_id(content: bytes) -> str:
    """Give the id that git gives to a file of this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def commit_id(*parts: object) -> str:
    return hashlib.sha1(repr(parts).encode(), usedforsecurity=False).hexdigest()
