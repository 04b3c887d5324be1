"""Questions and orders about one repository in, GitHub's answers as nouns out. The only room that knows PyGithub.

PyGithub speaks: its connection, TLS, proxies and tokens. Its own retries are off, because they sleep without a bound:
what is tried again is decided in `patience`, within the budget that `give` grants.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from releasegate import __version__
from releasegate.foreign import for_terminal
from releasegate.github import late
from releasegate.github.job import NOBODY_SPEAKS, Job
from releasegate.github.nouns import (
    ChangedFile,
    CheckRun,
    Comment,
    Commit,
    Files,
    HubError,
    Pull,
    Review,
    ReviewState,
    Status,
    StatusState,
)
from releasegate.github.patience import Trouble, pause_s
from releasegate.github.scopes import missing
from releasegate.github.settings import Settings, guarded

if TYPE_CHECKING:
    from tenacity import RetryCallState

    from github import Requester

PER_PAGE = 100
MOST_PAGES = 100
MOST_FILES = 3000
MOST_COMMITS = 250
"""GitHub lists no more commits of a comparison in one answer."""
MOST_COMPARED = 300
"""GitHub lists no more files of a comparison, on whatever page."""
TIMEOUT_S = 10
JWT_S = 300
LONGEST_MESSAGE, LONGEST_PATCH = 300, 1_000
UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 401, 403, 404
T = TypeVar("T")


class Refused(Exception):  # noqa: N818 - how one try ended, which may not be the last
    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


class GithubHub(Settings):
    """Implements Hub for one repository. Opening it asks nothing, except for an App: where it is installed."""

    def __init__(
        self,
        job: Job,
        repository: str,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
        sleep: Callable[[float], None],
        budget_s: float,
    ) -> None:
        """`clock` and `wall` give seconds, the second since the epoch. Raises HubError."""
        self._job, self._repository = job, repository
        self._clock, self._wall, self._sleep = clock, wall, sleep
        self._token = job.token
        self.give(budget_s)
        if job.app_id and job.private_key:
            self._token = self._installation_token(job.app_id, job.private_key)
            self._requester = self._speak()
        elif not self._token:
            raise HubError(NOBODY_SPEAKS)

    def give(self, budget_s: float) -> None:
        self._ends = self._clock() + budget_s
        self._timeout = max(1, min(TIMEOUT_S, int(budget_s / 2)))
        self._requester = self._speak()

    def _speak(self, jwt: str | None = None) -> "Requester.Requester":
        late.install()
        from github import Auth, Github

        auth = Auth.AppAuthToken(jwt) if jwt else Auth.Token(self._token) if self._token else None
        return Github(
            auth=auth,
            base_url=self._job.api_url,
            timeout=self._timeout,
            user_agent=f"releasegate/{__version__}",
            per_page=PER_PAGE,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
        ).requester

    def _installation_token(self, app_id: str, private_key: str) -> str:
        """Ask, as the App, for a token of this repository alone."""
        import jwt

        now = int(self._wall())
        claims = {"iat": now - 60, "exp": now + JWT_S, "iss": app_id}
        try:
            signed = jwt.encode(claims, private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):  # their messages may show the key
            raise HubError("the App's private key is no RSA key in PEM: RELEASEGATE_PRIVATE_KEY") from None
        self._requester = self._speak(signed)
        place = self._ask("find where the App is installed", "GET", f"/repos/{self._repository}/installation")
        number = self._read(lambda data: int(data["id"]), place)
        asked = {"repositories": [self._repository.partition("/")[2]]}
        given = self._ask("get a token of the App", "POST", f"/app/installations/{number}/access_tokens", body=asked)
        return self._read(lambda data: str(data["token"]), given)

    def pull(self, number: int) -> Pull:
        return self._read(_pull, self._ask(f"read pull request {number}", "GET", self._path(f"/pulls/{number}")))

    def pulls_of_commit(self, sha: str) -> Sequence[Pull]:
        found = self._all("find the commit's pull requests", self._path(f"/commits/{sha}/pulls"))
        return [self._read(_pull, each) for each in found]

    def pulls_of_head(self, owner: str, branch: str) -> Sequence[Pull]:
        query = {"state": "open", "head": f"{owner}:{branch}"}
        return [self._read(_pull, each) for each in self._all("find pull requests", self._path("/pulls"), query)]

    def changed_files(self, number: int) -> Files:
        found = self._all("list the changed files", self._path(f"/pulls/{number}/files"))
        files = tuple(self._read(_file, each) for each in found)
        return Files(files=files, whole=len(files) < MOST_FILES)

    def files_between(self, branch: str, head: str) -> tuple[str, Files]:
        found = self._compared(quote(branch, safe=""), head)
        files = tuple(self._read(_file, each) for each in self._read(lambda data: list(data["files"]), found))
        tip = self._read(lambda data: str(data["base_commit"]["sha"]), found)
        return tip, Files(files=files, whole=len(files) < MOST_COMPARED)

    def statuses(self, sha: str, context: str | None) -> Sequence[Status]:
        found = self._all("read the commit's statuses", self._path(f"/commits/{sha}/statuses"))
        told = [self._read(_status, each) for each in found]
        return [status for status in told if context is None or status.context.casefold() == context.casefold()]

    def set_status(self, sha: str, status: Status, *, again: Callable[[], None] | None = None) -> Status:
        """Set it, if need be more than once: the newest counts, so that saying it twice changes nothing."""
        body = {"state": status.state.value, "context": status.context, "description": status.description}
        if status.target_url:
            body["target_url"] = status.target_url
        path = self._path(f"/statuses/{sha}")
        return self._read(_status, self._ask("set the status", "POST", path, body=body, again=again))

    def comments(self, number: int) -> Sequence[Comment]:
        found = self._all("read the comments", self._path(f"/issues/{number}/comments"))
        return [self._read(_comment, each) for each in found]

    def create_comment(self, number: int, body: str) -> Comment:
        """Write it once: after a lost answer it is looked for, word for word, before it is written again."""
        path = self._path(f"/issues/{number}/comments")

        def written() -> Any:
            found = self._all("read the comments", path)
            return self._read(lambda of: next((e for e in of if str(e["body"]).split() == body.split()), None), found)

        return self._read(_comment, self._ask("write the comment", "POST", path, body={"body": body}, done=written))

    def update_comment(self, comment: int, body: str) -> Comment:
        path = self._path(f"/issues/comments/{comment}")
        return self._read(_comment, self._ask("update the comment", "PATCH", path, body={"body": body}))

    def delete_comment(self, comment: int) -> None:
        """Take it away; one that is gone already is as good."""
        try:
            self._ask("delete the comment", "DELETE", self._path(f"/issues/comments/{comment}"))
        except HubError as why:
            if why.status != NOT_FOUND:
                raise

    def create_check_run(self, sha: str, run: CheckRun) -> None:
        """Write it; after a lost answer it is looked for by name before it is written again."""
        output = {"title": run.title, "summary": run.summary}
        body = {"name": run.name, "head_sha": sha, "status": "completed", "conclusion": run.conclusion.value}
        whole = {**body, "output": output, **({"details_url": run.details_url} if run.details_url else {})}

        def written() -> Any:
            path, query = self._path(f"/commits/{sha}/check-runs"), {"check_name": run.name}
            there = self._ask("read the check runs", "GET", path, query=query)
            runs = self._read(lambda data: list(data["check_runs"]), there)
            return self._read(lambda of: next((e for e in of if e["details_url"] == run.details_url), None), runs)

        self._ask("write the check run", "POST", self._path("/check-runs"), body=whole, done=written)

    def branch_protected(self, name: str) -> bool:
        """Tell whether classic protection or a ruleset in force guards what a branch holds."""
        classic = self._ask("read the branch", "GET", self._path(f"/branches/{quote(name, safe='')}"))
        if self._read(lambda data: data["protected"] is True, classic):
            return True
        rules = self._all("read the branch's rules", self._path(f"/rules/branches/{quote(name, safe='')}"))
        return self._read(guarded, rules)

    def branch_head(self, name: str) -> str:
        found = self._ask("read the branch", "GET", self._path(f"/branches/{quote(name, safe='')}"))
        return self._read(lambda data: str(data["commit"]["sha"]), found)

    def reviews(self, number: int) -> Sequence[Review]:
        found = self._all("read the reviews", self._path(f"/pulls/{number}/reviews"))
        return [self._read(_review, each) for each in found]

    def commits_between(self, base: str, head: str) -> tuple[Sequence[Commit], bool]:
        return self._read(_between, self._compared(base, head))

    def _compared(self, base: str, head: str) -> Any:
        return self._ask("compare the commits", "GET", self._path(f"/compare/{quote(base)}...{quote(head)}"))

    def file(self, path: str, ref: str) -> str | None:
        place = self._path(f"/contents/{quote(path)}")
        try:
            found = self._ask(f"read {path}", "GET", place, query={"ref": ref})
        except HubError as why:
            if why.status == NOT_FOUND:
                return None
            raise
        return self._read(_text, found)

    def _pull_of(self, data: Any) -> Pull:
        return self._read(_pull, data)

    def _path(self, below: str) -> str:
        return f"/repos/{self._repository}{below}"

    def _all(self, doing: str, path: str, query: dict[str, Any] | None = None) -> list[Any]:
        """Read every page. Which comes next is counted here: no address of an answer is followed."""
        found: list[Any] = []
        for page in range(1, MOST_PAGES + 1):
            asked = {**(query or {}), "per_page": PER_PAGE, **({"page": page} if page > 1 else {})}
            headers, data = self._asked(doing, "GET", path, query=asked)
            if not isinstance(data, list):
                raise _strange(doing)
            found += data
            if 'rel="next"' not in headers.get("link", ""):
                return found
        raise HubError(f"GitHub has more than {MOST_PAGES * PER_PAGE:,} answers: could not {doing}")

    def _ask(self, doing: str, verb: str, path: str, **more: Any) -> Any:
        return self._asked(doing, verb, path, **more)[1]

    def _asked(
        self,
        doing: str,
        verb: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        done: Callable[[], Any] | None = None,
        again: Callable[[], None] | None = None,
    ) -> tuple[dict[str, str], Any]:
        """Ask until it is answered, or trying on is of no use or time.

        `done` finds what a lost answer was about; `again` is called before each further try, and may raise HubError.
        """
        from tenacity import Retrying

        refusals: list[Trouble] = []

        def one() -> tuple[dict[str, str], Any]:
            if refusals and again:
                again()
            if done and any(each.maybe_done for each in refusals) and (found := done()) is not None:
                return {}, found
            try:
                return self._once(verb, path, query, body)
            except Refused as refused:
                refusals.append(refused.trouble)
                raise

        try:
            return Retrying(retry=self._worth, wait=self._wait, sleep=self._sleep, reraise=True)(one)
        except Refused as refused:
            raise _error(doing, refused.trouble) from None  # its cause holds the request, and with it the token

    def _once(self, verb: str, path: str, query: dict[str, Any] | None, body: Any) -> tuple[dict[str, str], Any]:
        from requests import RequestException

        from github import GithubException

        if self._clock() >= self._ends:
            raise Refused(Trouble(message="the time for publishing is over"))
        try:
            return self._requester.requestJsonAndCheck(verb, path, parameters=query, input=body)
        except GithubException as refused:
            said = refused.data.get("message") if isinstance(refused.data, dict) else None
            headers = {key: str(value) for key, value in (refused.headers or {}).items()}
            message = f"{refused.status}: {for_terminal(str(said or 'no reason'))[:LONGEST_MESSAGE]}"
            raise Refused(Trouble(message=message, status=refused.status, headers=headers)) from None
        except (RequestException, OSError) as lost:
            raise Refused(Trouble(message=f"no answer: {type(lost).__name__}")) from None
        except (RuntimeError, ValueError) as strange:
            raise Refused(
                Trouble(message=f"an answer of another address or form: {type(strange).__name__}", status=0)
            ) from None

    def _pause(self, state: "RetryCallState") -> float | None:
        """Give the pause after a try, None when there is to be no other."""
        refused = state.outcome.exception() if state.outcome else None
        if not isinstance(refused, Refused):
            return None
        pause = pause_s(refused.trouble, state.attempt_number, self._wall())
        return pause if pause is not None and self._clock() + pause < self._ends else None

    def _worth(self, state: "RetryCallState") -> bool:
        return self._pause(state) is not None

    def _wait(self, state: "RetryCallState") -> float:
        return self._pause(state) or 0.0

    def _read(self, make: Callable[[Any], T], data: Any) -> T:
        try:
            return make(data)
        except (AttributeError, LookupError, TypeError, ValueError):
            raise _strange("read its answer") from None


def _error(doing: str, trouble: Trouble) -> HubError:
    said = f"could not {doing}: {trouble.message}"
    limited = pause_s(trouble, 1, 0.0) is not None
    if trouble.status == FORBIDDEN and not limited:
        said += f"; {missing(trouble.headers.get('x-accepted-github-permissions'))}"
    elif trouble.status == UNAUTHORIZED:
        said += "; the token has expired or was revoked, or it is another GitHub's: see GITHUB_API_URL"
    elif trouble.status == NOT_FOUND:
        said += "; it is not there, or the token may not see it"
    return HubError(said, status=trouble.status)


def _strange(doing: str) -> HubError:
    return HubError(f"could not {doing}: the answer is none of GitHub's; is GITHUB_API_URL right?")


def _pull(data: Any) -> Pull:
    head, base = data["head"], data["base"]
    return Pull(
        number=int(data["number"]),
        head_sha=str(head["sha"]),
        head_branch=str(head["ref"]),
        head_repository=str(head["repo"]["full_name"]) if head["repo"] else None,
        base_branch=str(base["ref"]),
        author=str((data["user"] or {}).get("login", "ghost")),
        open=data["state"] == "open",
        commented=data.get("comments") != 0,
    )


def _file(data: Any) -> ChangedFile:
    return ChangedFile(
        path=str(data["filename"]),
        status=str(data["status"]),
        previous=str(data["previous_filename"]) if data.get("previous_filename") is not None else None,
        patch=str(data.get("patch") or "")[:LONGEST_PATCH],
    )


def _status(data: Any) -> Status:
    return Status(
        context=str(data["context"]),
        state=StatusState(data["state"]),
        description=str(data["description"] or ""),
        target_url=data["target_url"],
        creator=(data["creator"] or {}).get("login"),
        created=str(data["created_at"]),
        id=int(data["id"]),
    )


def _comment(data: Any) -> Comment:
    return Comment(
        id=int(data["id"]),
        author=str((data["user"] or {}).get("login", "ghost")),
        body=str(data["body"] or ""),
        app=(data.get("performed_via_github_app") or {}).get("id"),
        url=str(data["html_url"]),
    )


def _review(data: Any) -> Review:
    author = str((data["user"] or {}).get("login", "ghost"))
    return Review(author=author, state=ReviewState(data["state"]), sha=data["commit_id"])


def _between(data: Any) -> tuple[Sequence[Commit], bool]:
    commits = [Commit(sha=str(c["sha"]), parents=tuple(str(p["sha"]) for p in c["parents"])) for c in data["commits"]]
    return commits, len(commits) == data["total_commits"] <= MOST_COMMITS and data["status"] in {"ahead", "identical"}


def _text(data: Any) -> str:
    if data["type"] != "file" or data["encoding"] != "base64":
        raise ValueError("no file of text")
    try:
        return base64.b64decode(data["content"]).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as wrong:
        raise ValueError("no text") from wrong
