"""Comments and issues in, their listings out."""

from releasegate.demo.hub.access import inaccessible
from releasegate.demo.hub.call import Call, read
from releasegate.demo.hub.exchange import Json, Response, invalid, not_found
from releasegate.demo.hub.state import Comment, Issue, Pull
from releasegate.demo.hub.views import api_of, node, show_app, show_user, stamp, web_of

LONGEST = 65_536
"""Characters of a body."""
SAID = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def listing(call: Call) -> Response:
    """Give the comments of an issue or pull request, the oldest first."""
    number = _found(call).number
    since = call.request.query.get("since", "")
    every = sorted(call.repository.comments.values(), key=lambda comment: comment.id)
    return call.page(
        [each for each in every if each.number == number and stamp(each.updated) >= since],
        lambda comment: show_comment(call, comment),
    )


def create(call: Call) -> Response:
    issue = _found(call)
    _writable(call, issue)
    body = _body(call)
    comment = Comment(
        id=call.hub.next_id(), number=issue.number, body=body, author=call.token.actor, app=call.token.app,
        created=call.now, updated=call.now,
    )  # fmt: skip
    call.repository.comments[comment.id] = comment
    shown = show_comment(call, comment)
    return Response(status=201, payload=shown, headers={"location": shown["url"]})


def show(call: Call) -> Response:
    return Response(status=200, payload=show_comment(call, _comment(call)))


def update(call: Call) -> Response:
    comment = _comment(call)
    _writable(call, call.repository.issues[comment.number])
    comment.body, comment.updated = _body(call), call.now
    return Response(status=200, payload=show_comment(call, comment))


def delete(call: Call) -> Response:
    comment = _comment(call)
    _writable(call, call.repository.issues[comment.number])
    del call.repository.comments[comment.id]
    return Response(status=204)


def issue(call: Call) -> Response:
    return Response(status=200, payload=show_issue(call, _found(call)))


def issues(call: Call) -> Response:
    """Give issues, pull requests among them, the newest first."""
    query = call.request.query
    state, wanted = query.get("state", "open"), [name for name in query.get("labels", "").split(",") if name]
    shown = [
        show_issue(call, each)
        for each in sorted(call.repository.issues.values(), key=lambda issue: -issue.number)
        if query.get("creator") in (None, each.author.login) and set(wanted) <= set(each.labels)
    ]
    return call.page([each for each in shown if state in ("all", each["state"])], lambda each: each)


def open_issue(call: Call) -> Response:
    title, body, labels = call.must("title"), call.text("body"), read(call.given, "labels", list) or []
    number = len(call.repository.issues) + 1
    made = Issue(
        id=call.hub.next_id(), number=number, title=title, body=body, author=call.token.actor, app=call.token.app,
        at=call.now, labels=tuple(str(each.get("name") if isinstance(each, dict) else each) for each in labels),
    )  # fmt: skip
    call.repository.issues[number] = made
    shown = show_issue(call, made)
    return Response(status=201, payload=shown, headers={"location": shown["url"]})


def _found(call: Call) -> Issue:
    issue = call.repository.issues.get(call.number("number"))
    if issue is None:
        raise not_found()
    return issue


def _comment(call: Call) -> Comment:
    comment = call.repository.comments.get(call.number("comment"))
    if comment is None:
        raise not_found()
    return comment


def _writable(call: Call, issue: Issue) -> None:
    """Let a token write on pull requests or on issues, whichever it is. Raises Refused (403)."""
    need = "pull_requests=write" if isinstance(issue, Pull) else "issues=write"
    if not call.token.permits(need) and not call.token.permits("issues=write"):
        raise inaccessible(call.token, ("issues=write", "pull_requests=write"))


def _body(call: Call) -> str:
    body = call.must("body")
    if not body.strip():
        raise invalid("IssueComment", "Body cannot be blank", code="unprocessable", name="data")
    if len(body) > LONGEST:
        message = f"Body is too long (maximum is {LONGEST} characters)"
        raise invalid("IssueComment", message, code="unprocessable", name="data")
    return body


def show_comment(call: Call, comment: Comment) -> Json:
    base = f"{api_of(call.at, call.repository)}/issues"
    url = f"{base}/comments/{comment.id}"
    place = "pull" if isinstance(call.repository.issues[comment.number], Pull) else "issues"
    page = f"{web_of(call.at, call.repository)}/{place}/{comment.number}"
    return {
        "url": url, "html_url": f"{page}#issuecomment-{comment.id}", "issue_url": f"{base}/{comment.number}",
        "id": comment.id, "node_id": node("IssueComment", comment.id), "user": show_user(call.at, comment.author),
        "created_at": stamp(comment.created), "updated_at": stamp(comment.updated), "body": comment.body,
        "author_association": "NONE", "reactions": _reactions(url),
        "performed_via_github_app": show_app(call.at, comment.app) if comment.app else None,
    }  # fmt: skip


def show_issue(call: Call, issue: Issue) -> Json:
    base, web = api_of(call.at, call.repository), web_of(call.at, call.repository)
    url = f"{base}/issues/{issue.number}"
    count = sum(comment.number == issue.number for comment in call.repository.comments.values())
    return {
        "url": url, "repository_url": base, "labels_url": f"{url}/labels{{/name}}", "comments_url": f"{url}/comments",
        "events_url": f"{url}/events", "html_url": f"{web}/issues/{issue.number}", "id": issue.id,
        "node_id": node("Issue", issue.id), "number": issue.number, "title": issue.title,
        "user": show_user(call.at, issue.author), "labels": [_label(base, name) for name in issue.labels],
        "state": "open" if issue.open else "closed", "locked": False,
        "assignee": None, "assignees": [], "milestone": None, "comments": count, "created_at": stamp(issue.at),
        "updated_at": stamp(issue.at), "closed_at": None, "author_association": "NONE", "active_lock_reason": None,
        "body": issue.body, "reactions": _reactions(url), "timeline_url": f"{url}/timeline",
        "performed_via_github_app": show_app(call.at, issue.app) if issue.app else None, "state_reason": None,
        **(_as_pull(base, web, issue.number) if isinstance(issue, Pull) else {}),
    }  # fmt: skip


def _as_pull(base: str, web: str, number: int) -> Json:
    page = f"{web}/pull/{number}"
    pull = {
        "url": f"{base}/pulls/{number}", "html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch",
        "merged_at": None,
    }  # fmt: skip
    return {"html_url": page, "pull_request": pull}


def _label(base: str, name: str) -> Json:
    return {
        "id": 1, "node_id": node("Label", 1), "url": f"{base}/labels/{name}", "name": name, "color": "ededed",
        "default": False, "description": None,
    }  # fmt: skip


def _reactions(url: str) -> Json:
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(SAID, 0)}
