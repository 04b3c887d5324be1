"""Pull requests in, their listings, their files and their views out."""

from releasegate.demo.hub.call import Call
from releasegate.demo.hub.contents import differences
from releasegate.demo.hub.exchange import Json, Response, not_found
from releasegate.demo.hub.required import blocked_by
from releasegate.demo.hub.state import Commit, Pull, Review
from releasegate.demo.hub.views import api_of, node, show_repository, show_user, stamp, web_of

MOST_FILES = 3_000
LINKS = {
    "issue": "/issues/{0}", "comments": "/issues/{0}/comments", "review_comments": "/pulls/{0}/comments",
    "review_comment": "/pulls/comments{{/number}}", "commits": "/pulls/{0}/commits",
}  # fmt: skip


def listing(call: Call) -> Response:
    """Give pull requests, the newest first; `head` is OWNER:BRANCH."""
    query = call.request.query
    state, head, base = query.get("state", "open"), query.get("head", ""), query.get("base")
    found = [
        pull
        for pull in call.repository.pulls.values()
        if state in ("all", "open" if pull.open else "closed")
        and base in (None, pull.base_ref)
        and (":" not in head or head == f"{pull.head.owner.login}:{pull.head_ref}")
    ]
    found.sort(key=lambda pull: pull.number, reverse=query.get("direction", "desc") != "asc")
    return call.page(found, lambda pull: show_pull(call, pull))


def of_commit(call: Call) -> Response:
    """Give the pull requests of a commit on a branch of ours. A fork's commit has none here, as on GitHub."""
    sha = call.commit(call.parts["sha"]).sha
    found = [pull for pull in call.repository.pulls.values() if pull.head is call.repository and pull.sha == sha]
    return call.page(found, lambda pull: show_pull(call, pull))


def show(call: Call) -> Response:
    pull = _found(call)
    base, head = _ends(call, pull)
    changed = differences(call, base, head)
    before = set(call.repository.ancestry(base.sha))
    ahead = [sha for sha in call.repository.ancestry(head.sha) if sha not in before]
    comments = sum(comment.number == pull.number for comment in call.repository.comments.values())
    return Response(status=200, payload={
        **show_pull(call, pull), "merged": False, "mergeable": True, "rebaseable": True,
        "mergeable_state": "blocked" if blocked_by(call.repository, pull) else "clean", "merged_by": None,
        "comments": comments, "review_comments": 0, "maintainer_can_modify": False, "commits": len(ahead),
        "additions": sum(entry["additions"] for entry in changed),
        "deletions": sum(entry["deletions"] for entry in changed), "changed_files": len(changed),
    })  # fmt: skip


def files(call: Call) -> Response:
    """Give what a pull request changes, never more than GitHub shows."""
    return call.page(differences(call, *_ends(call, _found(call)))[:MOST_FILES], lambda entry: entry)


def reviews(call: Call) -> Response:
    """Give what people said of a pull request, the oldest first."""
    pull = _found(call)
    return call.page(pull.reviews, lambda review: _show_review(call, pull, review))


def _show_review(call: Call, pull: Pull, review: Review) -> Json:
    url = f"{api_of(call.at, call.repository)}/pulls/{pull.number}"
    page = f"{web_of(call.at, call.repository)}/pull/{pull.number}#pullrequestreview-{review.id}"
    return {
        "id": review.id, "node_id": node("PullRequestReview", review.id), "user": show_user(call.at, review.author),
        "body": "", "state": review.state, "html_url": page, "pull_request_url": url, "commit_id": review.sha,
        "submitted_at": stamp(review.at), "author_association": "MEMBER",
        "_links": {"html": {"href": page}, "pull_request": {"href": url}},
    }  # fmt: skip


def _found(call: Call) -> Pull:
    pull = call.repository.pulls.get(call.number("number"))
    if pull is None:
        raise not_found()
    return pull


def _ends(call: Call, pull: Pull) -> tuple[Commit, Commit]:
    """Give where a pull request began and where it is now."""
    repository = call.repository
    before = set(repository.ancestry(repository.branches[pull.base_ref]))
    shared = next(sha for sha in repository.ancestry(pull.sha) if sha in before)
    return repository.commits[shared], repository.commits[pull.sha]


def show_pull(call: Call, pull: Pull) -> Json:
    base, web = api_of(call.at, call.repository), f"{web_of(call.at, call.repository)}/pull/{pull.number}"
    url, target = f"{base}/pulls/{pull.number}", call.repository.branches[pull.base_ref]
    links = {name: base + tail.format(pull.number) for name, tail in LINKS.items()}
    links |= {"self": url, "html": web, "statuses": f"{base}/statuses/{pull.sha}"}
    named = ("issue", "commits", "review_comments", "review_comment", "comments", "statuses")
    return {
        "url": url, "id": pull.id, "node_id": node("PullRequest", pull.id), "html_url": web, "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch", **{f"{name}_url": links[name] for name in named}, "number": pull.number,
        "state": "open" if pull.open else "closed", "locked": False, "title": pull.title,
        "user": show_user(call.at, pull.author), "body": pull.body, "created_at": stamp(pull.at),
        "updated_at": stamp(pull.at), "closed_at": None if pull.open else stamp(call.now), "merged_at": None,
        "merge_commit_sha": None, "assignee": None, "assignees": [], "requested_reviewers": [], "requested_teams": [],
        "labels": [], "milestone": None, "draft": pull.draft,
        "head": _end(call, pull, head=True, sha=pull.sha), "base": _end(call, pull, head=False, sha=target),
        "_links": {name: {"href": href} for name, href in links.items()}, "author_association": "CONTRIBUTOR",
        "auto_merge": None, "active_lock_reason": None,
    }  # fmt: skip


def _end(call: Call, pull: Pull, *, head: bool, sha: str) -> Json:
    repository, name = (pull.head, pull.head_ref) if head else (call.repository, pull.base_ref)
    return {
        "label": f"{repository.owner.login}:{name}", "ref": name, "sha": sha,
        "user": show_user(call.at, repository.owner), "repo": show_repository(call.at, repository),
    }  # fmt: skip
