"""A commit status in, the commit's statuses and their sum out."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from releasegate.demo.hub.call import Call
from releasegate.demo.hub.exchange import Json, Place, Response, invalid
from releasegate.demo.hub.state import Repository, Status
from releasegate.demo.hub.views import api_of, avatar, node, show_minimal, show_user, stamp

STATES = ("error", "failure", "pending", "success")
LONGEST_DESCRIPTION, LONGEST_CONTEXT, MOST = 140, 255, 1_000
"""Characters, characters, and statuses of one commit and context. None of them stands in the OpenAPI description."""


def create(call: Call) -> Response:
    commit = call.commit(call.parts["sha"])
    state, context = call.must("state"), call.text("context") or "default"
    description, target = call.text("description"), call.text("target_url")
    _check(state, context, description, target)
    said = [each for each in call.repository.statuses if each.sha == commit.sha and _same(each.context, context)]
    if len(said) >= MOST:
        raise invalid("Status", "This SHA and context has reached the maximum number of statuses.")
    status = Status(
        id=call.hub.next_id(), sha=commit.sha, state=state, context=context, description=description,
        target_url=target, creator=call.token.actor, app_id=call.token.app.id if call.token.app else None, at=call.now,
    )  # fmt: skip
    call.repository.statuses.append(status)
    shown = show(call.at, call.repository, status)
    return Response(status=201, payload=shown, headers={"location": shown["url"]})


def _check(state: str, context: str, description: str | None, target: str | None) -> None:
    """Raise Refused (422) for what GitHub would not take."""
    if state not in STATES:
        raise invalid("Status", "state is not included in the list", name="state")
    if description is not None and len(description) > LONGEST_DESCRIPTION:
        raise invalid("Status", f"description is too long (maximum is {LONGEST_DESCRIPTION} characters)",
                      name="description")  # fmt: skip
    if len(context) > LONGEST_CONTEXT:
        raise invalid("Status", f"context is too long (maximum is {LONGEST_CONTEXT} characters)", name="context")
    if target and urlsplit(target).scheme not in ("http", "https"):
        raise invalid("Status", "target_url must use http(s) scheme", name="target_url")


def _same(one: str, other: str) -> bool:
    """Compare contexts as GitHub does: letters' case says nothing."""
    return one.casefold() == other.casefold()


def listing(call: Call) -> Response:
    """Give every status of a commit, the newest first."""
    sha = call.commit(call.parts["ref"]).sha
    said = [each for each in reversed(call.repository.statuses) if each.sha == sha]
    return call.page(said, lambda status: show(call.at, call.repository, status))


def latest(statuses: Iterable[Status], sha: str) -> list[Status]:
    """Give the newest status of each context of a commit."""
    newest = {each.context.casefold(): each for each in statuses if each.sha == sha}
    return sorted(newest.values(), key=lambda status: status.id)


def summed(statuses: Iterable[Status]) -> str:
    """Sum up: any red makes it a failure, any pending pending; of nothing it is pending."""
    states = {each.state for each in statuses}
    if states & {"error", "failure"}:
        return "failure"
    return "success" if states == {"success"} else "pending"


def combined(call: Call) -> Response:
    repository, sha = call.repository, call.commit(call.parts["ref"]).sha
    newest = latest(repository.statuses, sha)
    url = f"{api_of(call.at, repository)}/commits/{sha}"

    def whole(shown: list[Json], count: int) -> Json:
        return {
            "state": summed(newest), "statuses": shown, "sha": sha, "total_count": count,
            "repository": show_minimal(call.at, repository), "commit_url": url, "url": f"{url}/status",
        }  # fmt: skip

    return call.page(newest, lambda status: _simple(call.at, repository, status), wrapped=whole)


def show(at: Place, repository: Repository, status: Status) -> Json:
    return {**_simple(at, repository, status), "creator": show_user(at, status.creator)}


def _simple(at: Place, repository: Repository, status: Status) -> Json:
    return {
        "url": f"{api_of(at, repository)}/statuses/{status.sha}", "avatar_url": avatar(status.creator),
        "id": status.id, "node_id": node("StatusContext", status.id), "state": status.state,
        "description": status.description, "target_url": status.target_url, "context": status.context,
        "created_at": stamp(status.at), "updated_at": stamp(status.at),
    }  # fmt: skip
