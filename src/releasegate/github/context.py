"""An event of GitHub in, what a run reports on out: which commit, which pull request, and whom to trust. Pure.

The events: https://docs.github.com/actions/reference/events-that-trigger-workflows. A payload is foreign: whatever it
holds, the answer is a Subject; what cannot be judged says why.
"""

from collections.abc import Callable, Mapping
from typing import Any

from releasegate.github.job import NO_REPOSITORY
from releasegate.github.nouns import Subject, Trust
from releasegate.github.payload import commit_at, number_of, repository_at, text_at, value_at

Payload = Mapping[str, Any]
Known = dict[str, Any]
"""Fields of a Subject."""
BRANCH = "refs/heads/"
NO_COMMIT = "the event names no commit"


def subject_of(
    event: str, payload: Payload, environ: Mapping[str, str], *, pull: int | None = None, sha: str | None = None
) -> Subject:
    """Say what a run is about. `pull` and `sha` are asked for by hand, and win over the event's own."""
    known: Known = {
        "event": event,
        "repository": repository_at(environ, "GITHUB_REPOSITORY") or repository_at(payload, "repository", "full_name"),
        "default_branch": text_at(payload, "repository", "default_branch"),
        "actor": text_at(environ, "GITHUB_ACTOR"),
        "sha": commit_at(environ, "GITHUB_SHA"),
        "pull_of_commit": True,
    }
    read = EVENTS.get(event)
    known |= read(payload, known) if read else {"trust": Trust.PULL_REQUEST}
    if event and not read:
        known["not_judged"] = f"{event} is no event that the gate knows: use {', '.join(sorted(EVENTS))}"
    if pull or sha:
        known |= _asked(pull, sha)
    if not known["repository"]:
        known |= {"not_judged": NO_REPOSITORY, "idle": False}
    if not known["sha"] and not known.get("pull"):
        known["not_judged"] = known.get("not_judged") or NO_COMMIT
    return Subject(**{**known, "repository": known["repository"] or ""})


def _asked(pull: int | None, sha: str | None) -> Known:
    """Take a pull request, whose head is to be read, or a commit."""
    by_hand: Known = {"pull": pull, "sha": sha, "pull_of_commit": pull is None, "pull_of_head": None}
    return {**by_hand, "merge_sha": None, "base_branch": None, "base_sha": None, "not_judged": None, "idle": False}


def _pull_request(payload: Payload, known: Known) -> Known:
    """Take the head: GITHUB_SHA is the merge commit that was made for the checks."""
    pull = value_at(payload, "pull_request")
    head = repository_at(pull, "head", "repo", "full_name")
    number = number_of(value_at(pull, "number"))
    closed = text_at(payload, "action") == "closed" or text_at(pull, "state") == "closed"
    broken = None if number and commit_at(pull, "head", "sha") else "the event has no pull request with a head"
    return {
        "pull": number,
        "pull_of_commit": False,
        "sha": commit_at(pull, "head", "sha"),
        "merge_sha": known["sha"],
        "head_repository": head,
        "base_branch": text_at(pull, "base", "ref"),
        "trust": Trust.PULL_REQUEST if head and head == known["repository"] else Trust.FORK,
        "not_judged": "the pull request is closed" if closed else broken,
        "idle": closed,
    }


def _pull_request_target(payload: Payload, known: Known) -> Known:
    """Run by the default branch's workflow; GITHUB_SHA is the base branch's last commit."""
    merge = commit_at(payload, "pull_request", "merge_commit_sha")
    return {**_pull_request(payload, known), "merge_sha": merge, "trust": Trust.OURS}


def _review(payload: Payload, known: Known) -> Known:
    of_pull = _pull_request(payload, known)
    approved = text_at(payload, "review", "state") == "approved" and text_at(payload, "action") == "submitted"
    return of_pull if approved else {**of_pull, "not_judged": "the review is no approval", "idle": True}


def _merge_group(payload: Payload, _known: Known) -> Known:
    """Take the queue's own commit. Its ref names a pull request, which proves nothing."""
    asked, base = text_at(payload, "action") in {"checks_requested", None}, text_at(payload, "merge_group", "base_ref")
    broken = None if _branch(base) else "the event does not say onto which branch the group goes"
    return {
        "sha": commit_at(payload, "merge_group", "head_sha"),
        "pull_of_commit": False,
        "base_branch": _branch(base),
        "base_sha": commit_at(payload, "merge_group", "base_sha"),
        "trust": Trust.PULL_REQUEST,
        "not_judged": broken if asked else "the merge group is gone",
        "idle": not asked,
    }


def _by_hand(payload: Payload, known: Known) -> Known:
    """Take what was asked for. The workflow is that of the branch it was started on."""
    own = _branch(text_at(payload, "ref")) == known["default_branch"] is not None
    return {"trust": Trust.OURS if own else Trust.PULL_REQUEST, **_wished(value_at(payload, "inputs"))}


def _dispatched(payload: Payload, _known: Known) -> Known:
    """Take what the sender asks for; the workflow is the default branch's."""
    return _wished(value_at(payload, "client_payload"))


def _wished(wishes: Any) -> Known:
    pull, sha = value_at(wishes, "pr"), value_at(wishes, "sha")
    if pull is not None and pull != "":
        number = number_of(pull)
        return _asked(number, None) if number else {"sha": None, "not_judged": "pr is no number of a pull request"}
    if sha is not None and sha != "":
        commit = commit_at(wishes, "sha")
        return _asked(None, commit) if commit else {"sha": None, "not_judged": "sha is no whole commit id"}
    return {}


def _workflow_run(payload: Payload, known: Known) -> Known:
    """Take the commit of the workflow that ran. Its list of pull requests is empty for forks: the head leads there."""
    run = value_at(payload, "workflow_run")
    head, branch = repository_at(run, "head_repository", "full_name"), text_at(run, "head_branch")
    abroad = head != known["repository"]
    return {
        "sha": commit_at(run, "head_sha"),
        "head_repository": head,
        "pull_of_commit": not abroad,
        "pull_of_head": (head.partition("/")[0], branch) if abroad and head and branch else None,
    }


def _deployment_status(payload: Payload, _known: Known) -> Known:
    """Take what was deployed, if it was. The workflow is that of the deployed commit, which may be anyone's."""
    state = text_at(payload, "deployment_status", "state")
    return {
        "sha": commit_at(payload, "deployment", "sha"),
        "deployment_url": text_at(payload, "deployment_status", "environment_url"),
        "trust": Trust.PULL_REQUEST,
        "not_judged": None if state == "success" else f"the deployment is not there: its state is {state}",
        "idle": state != "success",
    }


def _push(payload: Payload, known: Known) -> Known:
    branch = _branch(text_at(payload, "ref"))
    on_default = branch is not None and branch == known["default_branch"]
    return {
        "sha": commit_at(payload, "after") or known["sha"],
        "base_branch": branch,
        "trust": Trust.OURS if on_default else Trust.PULL_REQUEST,
        "not_judged": "the branch was deleted" if value_at(payload, "deleted") is True else None,
        "idle": value_at(payload, "deleted") is True,
    }


def _schedule(_payload: Payload, known: Known) -> Known:
    return {"base_branch": known["default_branch"]}


def _branch(ref: str | None) -> str | None:
    return ref.removeprefix(BRANCH) if ref and ref.startswith(BRANCH) else None


EVENTS: dict[str, Callable[[Payload, Known], Known]] = {
    "pull_request": _pull_request,
    "pull_request_target": _pull_request_target,
    "pull_request_review": _review,
    "merge_group": _merge_group,
    "workflow_dispatch": _by_hand,
    "repository_dispatch": _dispatched,
    "workflow_run": _workflow_run,
    "deployment_status": _deployment_status,
    "push": _push,
    "schedule": _schedule,
}
