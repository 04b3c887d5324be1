"""A user, an App, a repository or a commit in, the JSON that GitHub shows of it out."""

import base64
from datetime import UTC, datetime
from urllib.parse import quote

from releasegate.demo.hub.exchange import Json, Place
from releasegate.demo.hub.state import App, Commit, Kind, Repository, User

USER_URLS = {
    "followers_url": "/followers", "following_url": "/following{/other_user}", "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}", "subscriptions_url": "/subscriptions", "organizations_url": "/orgs",
    "repos_url": "/repos", "events_url": "/events{/privacy}", "received_events_url": "/received_events",
}  # fmt: skip
REPOSITORY_URLS = {
    "forks_url": "/forks", "keys_url": "/keys{/key_id}", "collaborators_url": "/collaborators{/collaborator}",
    "teams_url": "/teams", "hooks_url": "/hooks", "issue_events_url": "/issues/events{/number}",
    "events_url": "/events",
    "assignees_url": "/assignees{/user}", "branches_url": "/branches{/branch}", "tags_url": "/tags",
    "blobs_url": "/git/blobs{/sha}", "git_tags_url": "/git/tags{/sha}", "git_refs_url": "/git/refs{/sha}",
    "trees_url": "/git/trees{/sha}", "statuses_url": "/statuses/{sha}", "languages_url": "/languages",
    "stargazers_url": "/stargazers", "contributors_url": "/contributors", "subscribers_url": "/subscribers",
    "subscription_url": "/subscription", "commits_url": "/commits{/sha}", "git_commits_url": "/git/commits{/sha}",
    "comments_url": "/comments{/number}", "issue_comment_url": "/issues/comments{/number}",
    "contents_url": "/contents/{+path}", "compare_url": "/compare/{base}...{head}", "merges_url": "/merges",
    "archive_url": "/{archive_format}{/ref}", "downloads_url": "/downloads", "issues_url": "/issues{/number}",
    "pulls_url": "/pulls{/number}", "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}", "labels_url": "/labels{/name}",
    "releases_url": "/releases{/id}", "deployments_url": "/deployments",
}  # fmt: skip


def stamp(at: float) -> str:
    """Write epoch seconds as GitHub does: UTC, whole seconds."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node(kind: str, number: int) -> str:
    return base64.b64encode(f"{len(kind):02}:{kind}{number}".encode()).decode()


def avatar(user: User) -> str:
    return f"https://avatars.githubusercontent.com/u/{user.id}?v=4"


def show_user(at: Place, user: User) -> Json:
    url = f"{at.api}/users/{quote(user.login)}"
    page = f"apps/{user.login.removesuffix('[bot]')}" if user.kind is Kind.BOT else user.login
    return {
        "login": user.login, "id": user.id, "node_id": node(user.kind, user.id), "avatar_url": avatar(user),
        "gravatar_id": "", "url": url, "html_url": f"{at.web}/{page}",
        **{name: url + tail for name, tail in USER_URLS.items()}, "type": user.kind.value, "site_admin": False,
    }  # fmt: skip


def show_app(at: Place, app: App) -> Json:
    return {
        "id": app.id, "slug": app.slug, "node_id": node("App", app.id), "owner": show_user(at, app.owner),
        "name": app.slug, "description": None, "external_url": f"{at.web}/apps/{app.slug}",
        "html_url": f"{at.web}/apps/{app.slug}", "created_at": stamp(0), "updated_at": stamp(0),
        "permissions": {"metadata": "read", **app.permissions}, "events": [],
    }  # fmt: skip


def api_of(at: Place, repository: Repository) -> str:
    return f"{at.api}/repos/{repository.full_name}"


def web_of(at: Place, repository: Repository) -> str:
    return f"{at.web}/{repository.full_name}"


def show_minimal(at: Place, repository: Repository) -> Json:
    """Show a repository as it stands within other things."""
    url = api_of(at, repository)
    return {
        "id": repository.id, "node_id": node("Repository", repository.id), "name": repository.name,
        "full_name": repository.full_name, "private": repository.private, "owner": show_user(at, repository.owner),
        "html_url": web_of(at, repository), "description": None, "fork": repository.fork, "url": url,
        **{name: url + tail for name, tail in REPOSITORY_URLS.items()},
    }  # fmt: skip


def show_repository(at: Place, repository: Repository) -> Json:
    """Show a repository as it stands within a pull request's head and base."""
    web, born = web_of(at, repository), stamp(repository.created)
    host = at.web.split("://", 1)[1]
    return {
        **show_minimal(at, repository), "clone_url": f"{web}.git", "git_url": f"git://{host}/{repository.full_name}.git",
        "ssh_url": f"git@{host}:{repository.full_name}.git", "svn_url": web, "homepage": None, "language": None,
        "license": None, "mirror_url": None, "default_branch": repository.default_branch, "size": 0, "archived": False,
        "disabled": False, "visibility": "private" if repository.private else "public", "forks": 0, "forks_count": 0,
        "open_issues": len(repository.issues), "open_issues_count": len(repository.issues), "stargazers_count": 0,
        "watchers": 0, "watchers_count": 0, "has_downloads": True, "has_issues": True, "has_pages": False,
        "has_projects": True, "has_wiki": True, "has_discussions": False, "is_template": False, "topics": [],
        "allow_forking": True, "web_commit_signoff_required": False, "created_at": born, "updated_at": born,
        "pushed_at": born,
    }  # fmt: skip


def show_signature(user: User, at_s: float) -> Json:
    mail = f"{user.id}+{user.login}@users.noreply.github.com"
    return {"name": user.login, "email": mail, "date": stamp(at_s)}


def show_git_commit(at: Place, repository: Repository, commit: Commit) -> Json:
    """Show what git knows of a commit, as an answer to a write does."""
    url = f"{api_of(at, repository)}/git/commits/{commit.sha}"
    signature = show_signature(commit.author, commit.at)
    parents = [
        {"url": f"{api_of(at, repository)}/git/commits/{sha}", "sha": sha,
         "html_url": f"{web_of(at, repository)}/commit/{sha}"}
        for sha in commit.parents
    ]  # fmt: skip
    return {
        "sha": commit.sha, "node_id": node("Commit", int(commit.sha[:8], 16)), "url": url,
        "html_url": f"{web_of(at, repository)}/commit/{commit.sha}", "author": signature, "committer": signature,
        "tree": show_tree(at, repository, commit), "message": commit.message, "parents": parents,
        "verification": unverified(),
    }  # fmt: skip


def show_tree(at: Place, repository: Repository, commit: Commit) -> Json:
    """Name a commit's tree. No tree can be asked for, so that the commit's id stands for it."""
    return {"sha": commit.sha, "url": f"{api_of(at, repository)}/git/trees/{commit.sha}"}


def unverified() -> Json:
    return {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def show_commit(at: Place, repository: Repository, commit: Commit) -> Json:
    url = f"{api_of(at, repository)}/commits/{commit.sha}"
    git, author = show_git_commit(at, repository, commit), show_user(at, commit.author)
    inner = {key: git[key] for key in ("author", "committer", "message", "tree", "verification")}
    parents = [{**parent, "url": parent["url"].replace("/git/commits/", "/commits/")} for parent in git["parents"]]
    return {
        "sha": commit.sha, "node_id": git["node_id"],
        "commit": {**inner, "url": git["url"], "comment_count": 0}, "url": url, "html_url": git["html_url"],
        "comments_url": f"{url}/comments", "author": author, "committer": author, "parents": parents,
    }  # fmt: skip
