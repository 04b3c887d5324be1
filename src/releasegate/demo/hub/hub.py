"""People, tokens, repositories and pull requests in, a GitHub that holds them out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from releasegate.demo.hub.exchange import Request, Response
from releasegate.demo.hub.script import Script
from releasegate.demo.hub.state import (
    ACTIONS_LIMIT,
    ANONYMOUS_LIMIT,
    App,
    Bearer,
    Commit,
    Kind,
    Pull,
    Repository,
    Token,
    User,
    commit_id,
)

ACTIONS = App(
    id=15368, slug="github-actions", owner=User("github", 9919, Kind.ORGANIZATION),
    bot=User("github-actions[bot]", 41898282, Kind.BOT),
)  # fmt: skip
"""The App that GITHUB_TOKEN speaks for, with GitHub's own ids."""
NOBODY = User("ghost", 10137)


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A request that came, who sent it, the route that it met, and the answer, whether or not that arrived."""

    request: Request
    identity: str
    route: str | None
    response: Response


@dataclass(kw_only=True, eq=False)
class Hub:
    """One GitHub. What it does is in `respond`; all that it remembers is here."""

    script: Script = field(default_factory=Script)
    repositories: dict[str, Repository] = field(default_factory=dict)
    """By full name in lower case."""
    users: dict[str, User] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=lambda: {ACTIONS.id: ACTIONS})
    tokens: dict[str, Token] = field(default_factory=dict, repr=False)
    anonymous: Token = field(
        default_factory=lambda: Token(value="", bearer=Bearer.ANONYMOUS, actor=NOBODY, limit=ANONYMOUS_LIMIT)
    )
    log: list[Exchange] = field(default_factory=list)
    last_id: int = 1_000

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def user(self, login: str, kind: Kind = Kind.USER) -> User:
        """Find a user, or let one sign up."""
        if login not in self.users:
            self.users[login] = User(login, self.next_id(), kind)
        return self.users[login]

    def repository(self, full_name: str, *, now: float, private: bool = False, fork: bool = False) -> Repository:
        """Create a repository with an empty first commit on its default branch."""
        owner, _, name = full_name.partition("/")
        account = self.user(owner, Kind.USER if fork else Kind.ORGANIZATION)
        made = Repository(id=self.next_id(), owner=account, name=name, created=now, private=private, fork=fork)
        self.repositories[full_name.lower()] = made
        self.commit(made, made.default_branch, {}, author=account, message="Begin", now=now)
        return made

    def fork(self, base: Repository, login: str, *, now: float) -> Repository:
        made = self.repository(f"{login}/{base.name}", now=now, private=base.private, fork=True)
        made.commits, made.branches = dict(base.commits), dict(base.branches)
        return made

    def commit(
        self, repository: Repository, branch: str, files: Mapping[str, bytes], *, author: User, message: str, now: float
    ) -> Commit:
        """Add a commit that changes these files; a branch that is not there begins at the default branch."""
        tip = repository.branches.get(branch, repository.branches.get(repository.default_branch))
        parent = repository.commits[tip] if tip else None
        tree = {**(parent.files if parent else {}), **files}
        sha = commit_id(repository.full_name, tip, sorted(files.items()), author.login, message, now, self.next_id())
        made = Commit(
            sha=sha, message=message, parents=(tip,) if tip else (), files=tree, author=author, at=now
        )  # fmt: skip
        repository.commits[sha] = made
        repository.branches[branch] = sha
        self._mirror(repository, made)
        return made

    def _mirror(self, head: Repository, commit: Commit) -> None:
        """Let a base see what its forks' pull requests hold, as refs/pull/N/head does."""
        for repository in self.repositories.values():
            if any(pull.head is head and pull.sha == commit.sha for pull in repository.pulls.values()):
                repository.commits[commit.sha] = commit

    def pull(self, base: Repository, head: Repository, branch: str, *, author: User, now: float, title: str) -> Pull:
        """Open a pull request onto the default branch of `base`."""
        number = len(base.issues) + 1
        made = Pull(
            id=self.next_id(), number=number, title=title, body=None, author=author, app=None, at=now,
            head=head, head_ref=branch, base_ref=base.default_branch,
        )  # fmt: skip
        base.issues[number] = made
        base.commits |= {sha: head.commits[sha] for sha in head.ancestry(made.sha)}
        return made

    def actions_token(self, repository: Repository, permissions: Mapping[str, str], value: str) -> Token:
        """Give a job its GITHUB_TOKEN; `permissions` as the workflow's, with underscores."""
        return self._keep(
            Token(
                value=value, bearer=Bearer.INSTALLATION, actor=ACTIONS.bot, app=ACTIONS, permissions=permissions,
                owner=repository.owner.login, repositories=frozenset({repository.full_name.lower()}),
                limit=ACTIONS_LIMIT,
            )
        )  # fmt: skip

    def user_token(self, login: str, permissions: Mapping[str, str], value: str, owner: str | None = None) -> Token:
        """Give a user a fine-grained personal access token for somebody's repositories."""
        return self._keep(
            Token(value=value, bearer=Bearer.USER, actor=self.user(login), permissions=permissions, owner=owner)
        )

    def _keep(self, token: Token) -> Token:
        self.tokens[token.value] = token
        return token

    def app(self, slug: str, owner: str, permissions: Mapping[str, str], public_key: str) -> App:
        """Register an App and install it on all repositories of its owner."""
        account = self.user(owner, Kind.ORGANIZATION)
        made = App(
            id=self.next_id(), slug=slug, owner=account, bot=self.user(f"{slug}[bot]", Kind.BOT),
            permissions=permissions, public_key=public_key, installed={self.next_id(): owner},
        )  # fmt: skip
        self.apps[made.id] = made
        return made
