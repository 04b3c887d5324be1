"""A method and a path in, who answers it and what it takes out: every endpoint that the stand-in knows."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import unquote

from releasegate.demo.hub import apps, branches, checks, comments, contents, pulls, repositories, statuses
from releasegate.demo.hub.call import Call
from releasegate.demo.hub.exchange import Response

REPO = "/repos/{owner}/{repo}"
DEEP = ("path", "ref", "branch", "basehead")
"""Variable parts that may contain slashes."""


class Who(StrEnum):
    """Whom an endpoint is for."""

    REPOSITORY = "who may see the repository"
    APP = "an App by its own token"
    USER = "a user"
    ANYBODY = "anybody"


@dataclass(frozen=True)
class Route:
    """`needs` are alternatives of permission; `docs` is the page that a refusal names; `free` costs nothing."""

    method: str
    template: str
    handler: Callable[[Call], Response]
    docs: str
    needs: tuple[str, ...] = ()
    who: Who = Who.REPOSITORY
    free: bool = False
    pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        template = self.template.replace(REPO, r"(?:/repos/(?P<owner>[^/]+)/(?P<repo>[^/]+)|/repositories/(?P<id>\d+))")
        object.__setattr__(self, "pattern", re.compile(re.sub(r"\{(\w+)\}", _part, template)))

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"


def _part(hole: re.Match[str]) -> str:
    return f"(?P<{hole[1]}>{'.+' if hole[1] in DEEP else '[^/]+'})"


class Match(NamedTuple):
    route: Route
    parts: dict[str, str]


BOTH = ("issues={0}", "pull_requests={0}")
READ, WRITE = tuple(need.format("read") for need in BOTH), tuple(need.format("write") for need in BOTH)
ROUTES = (
    Route("GET", "/rate_limit", apps.rate_limit,
          "rate-limit/rate-limit#get-rate-limit-status-for-the-authenticated-user", who=Who.ANYBODY, free=True),
    Route("GET", "/user", apps.user, "users/users#get-the-authenticated-user", who=Who.USER),
    Route("GET", "/app", apps.app, "apps/apps#get-the-authenticated-app", who=Who.APP),
    Route("POST", "/app/installations/{installation}/access_tokens", apps.access_token,
          "apps/apps#create-an-installation-access-token-for-an-app", who=Who.APP),
    Route("GET", f"{REPO}/installation", apps.installation,
          "apps/apps#get-a-repository-installation-for-the-authenticated-app", who=Who.APP),
    Route("GET", REPO, repositories.show, "repos/repos#get-a-repository", ("metadata=read",)),
    Route("GET", f"{REPO}/collaborators/{{username}}/permission", repositories.permission,
          "collaborators/collaborators#get-repository-permissions-for-a-user", ("metadata=read",)),
    Route("GET", f"{REPO}/actions/runs/{{run}}", repositories.run, "actions/workflow-runs#get-a-workflow-run",
          ("actions=read",)),
    Route("POST", f"{REPO}/statuses/{{sha}}", statuses.create, "commits/statuses#create-a-commit-status",
          ("statuses=write",)),
    Route("GET", f"{REPO}/statuses/{{ref}}", statuses.listing, "commits/statuses#list-commit-statuses-for-a-reference",
          ("statuses=read",)),
    Route("GET", f"{REPO}/commits/{{ref}}/statuses", statuses.listing,
          "commits/statuses#list-commit-statuses-for-a-reference", ("statuses=read",)),
    Route("GET", f"{REPO}/commits/{{ref}}/status", statuses.combined,
          "commits/statuses#get-the-combined-status-for-a-specific-reference", ("statuses=read",)),
    Route("GET", f"{REPO}/commits/{{ref}}/check-runs", checks.listing,
          "checks/runs#list-check-runs-for-a-git-reference", ("checks=read",)),
    Route("GET", f"{REPO}/commits/{{sha}}/pulls", pulls.of_commit,
          "commits/commits#list-pull-requests-associated-with-a-commit", ("pull_requests=read",)),
    Route("GET", f"{REPO}/commits/{{ref}}", contents.commit, "commits/commits#get-a-commit", ("contents=read",)),
    Route("GET", f"{REPO}/compare/{{basehead}}", contents.compare, "commits/commits#compare-two-commits",
          ("contents=read",)),
    Route("POST", f"{REPO}/check-runs", checks.create, "checks/runs#create-a-check-run", ("checks=write",)),
    Route("GET", f"{REPO}/check-runs/{{run}}", checks.show, "checks/runs#get-a-check-run", ("checks=read",)),
    Route("PATCH", f"{REPO}/check-runs/{{run}}", checks.update, "checks/runs#update-a-check-run", ("checks=write",)),
    Route("GET", f"{REPO}/issues/comments/{{comment}}", comments.show, "issues/comments#get-an-issue-comment", READ),
    Route("PATCH", f"{REPO}/issues/comments/{{comment}}", comments.update, "issues/comments#update-an-issue-comment",
          WRITE),
    Route("DELETE", f"{REPO}/issues/comments/{{comment}}", comments.delete, "issues/comments#delete-an-issue-comment",
          WRITE),
    Route("GET", f"{REPO}/issues/{{number}}/comments", comments.listing, "issues/comments#list-issue-comments", READ),
    Route("POST", f"{REPO}/issues/{{number}}/comments", comments.create, "issues/comments#create-an-issue-comment",
          WRITE),
    Route("GET", f"{REPO}/issues/{{number}}", comments.issue, "issues/issues#get-an-issue", READ),
    Route("GET", f"{REPO}/issues", comments.issues, "issues/issues#list-repository-issues", READ),
    Route("POST", f"{REPO}/issues", comments.open_issue, "issues/issues#create-an-issue", ("issues=write",)),
    Route("GET", f"{REPO}/pulls", pulls.listing, "pulls/pulls#list-pull-requests", ("pull_requests=read",)),
    Route("GET", f"{REPO}/pulls/{{number}}", pulls.show, "pulls/pulls#get-a-pull-request", ("pull_requests=read",)),
    Route("GET", f"{REPO}/pulls/{{number}}/files", pulls.files, "pulls/pulls#list-pull-requests-files",
          ("pull_requests=read",)),
    Route("GET", f"{REPO}/pulls/{{number}}/reviews", pulls.reviews,
          "pulls/reviews#list-reviews-for-a-pull-request", ("pull_requests=read",)),
    Route("GET", f"{REPO}/contents/{{path}}", contents.show, "repos/contents#get-repository-content",
          ("contents=read",)),
    Route("PUT", f"{REPO}/contents/{{path}}", contents.put, "repos/contents#create-or-update-file-contents",
          ("contents=write",)),
    Route("GET", f"{REPO}/git/ref/{{ref}}", contents.ref, "git/refs#get-a-reference", ("contents=read",)),
    Route("POST", f"{REPO}/git/refs", contents.create_ref, "git/refs#create-a-reference", ("contents=write",)),
    Route("GET", f"{REPO}/branches/{{branch}}", branches.show, "branches/branches#get-a-branch", ("contents=read",)),
    Route("GET", f"{REPO}/rules/branches/{{branch}}", branches.rules, "repos/rules#get-rules-for-a-branch",
          ("metadata=read",)),
    Route("GET", f"{REPO}/rulesets", branches.rulesets, "repos/rules#get-all-repository-rulesets", ("metadata=read",)),
    Route("GET", f"{REPO}/rulesets/{{ruleset}}", branches.ruleset, "repos/rules#get-a-repository-ruleset",
          ("metadata=read",)),
)  # fmt: skip


def match(method: str, path: str) -> Match | None:
    """Find the first route that knows this method and path."""
    for route in ROUTES:
        if route.method == method and (hit := route.pattern.fullmatch(path)):
            return Match(route, {key: unquote(value) for key, value in hit.groupdict().items() if value is not None})
    return None
