"""A repository in, its view out, with who may do what in it and what runs."""

from releasegate.demo.hub.call import Call
from releasegate.demo.hub.exchange import Refused, Response, not_found
from releasegate.demo.hub.views import (
    api_of,
    node,
    show_minimal,
    show_repository,
    show_signature,
    show_user,
    stamp,
    web_of,
)

LEGACY = {"maintain": "write", "triage": "read"}
"""What the older field says of the newer roles."""
ROLES = ("pull", "triage", "push", "maintain", "admin")
RANKS = {"none": 0, "read": 1, "triage": 2, "write": 3, "maintain": 4, "admin": 5}


def show(call: Call) -> Response:
    shown = show_repository(call.at, call.repository)
    return Response(status=200, payload={**shown, "network_count": 0, "subscribers_count": 0})


def permission(call: Call) -> Response:
    """Say what a user may do; one without a role may read what is public."""
    login, repository = call.parts["username"], call.repository
    user = call.hub.users.get(login)
    if user is None:
        raise Refused(404, f"{login} is not a user")
    role = repository.roles.get(login, "none" if repository.private else "read")
    may = {name: RANKS[role] > place for place, name in enumerate(ROLES)}
    shown = {**show_user(call.at, user), "permissions": may, "role_name": role}
    return Response(status=200, payload={"permission": LEGACY.get(role, role), "user": shown, "role_name": role})


def run(call: Call) -> Response:
    """Show a run of a workflow. Of a fork's run it names no pull request, as on GitHub."""
    found = call.repository.runs.get(call.number("run"))
    if found is None:
        raise not_found()
    at, repository = call.at, call.repository
    url, actor = f"{api_of(at, repository)}/actions/runs/{found.id}", show_user(at, found.actor)
    commit = found.head.commits[found.sha]
    signature = show_signature(commit.author, commit.at)
    person = {key: signature[key] for key in ("name", "email")}
    head = {
        "id": commit.sha, "tree_id": commit.sha, "message": commit.message, "timestamp": stamp(commit.at),
        "author": person, "committer": person,
    }  # fmt: skip
    tails = {"jobs": "jobs", "logs": "logs", "artifacts": "artifacts", "cancel": "cancel", "rerun": "rerun"}
    return Response(status=200, payload={
        "id": found.id, "name": found.name, "node_id": node("WorkflowRun", found.id), "head_branch": found.branch,
        "head_sha": found.sha, "path": found.path, "display_title": commit.message, "run_number": 1,
        "event": found.event, "status": found.status, "conclusion": found.conclusion, "workflow_id": 1,
        "check_suite_id": 1, "check_suite_node_id": node("CheckSuite", 1), "url": url,
        "html_url": f"{web_of(at, repository)}/actions/runs/{found.id}", "pull_requests": [],
        "created_at": stamp(found.at), "updated_at": stamp(found.at), "run_started_at": stamp(found.at),
        "actor": actor, "triggering_actor": actor, "run_attempt": found.attempt, "referenced_workflows": [],
        **{f"{name}_url": f"{url}/{tail}" for name, tail in tails.items()},
        "check_suite_url": f"{api_of(at, repository)}/check-suites/1", "previous_attempt_url": None,
        "workflow_url": f"{api_of(at, repository)}/actions/workflows/1", "head_commit": head,
        "repository": show_minimal(at, repository), "head_repository": show_minimal(at, found.head),
    })  # fmt: skip
