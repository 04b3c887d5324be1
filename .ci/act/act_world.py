"""Events as GitHub sends them, and what a run left on GitHub and beside it."""

import json

REPOSITORY = {"full_name": "acme/shop", "default_branch": "main"}
COMMIT = "5d1f2c3b4a5968778695a4b3c2d1e0f91827364a"


def pull_request(sha):
    head = {"ref": "feature", "sha": sha, "repo": {"full_name": "acme/shop"}}
    base = {"ref": "main", "sha": COMMIT, "repo": {"full_name": "acme/shop"}}
    pull = {"number": 1, "state": "open", "head": head, "base": base}
    return json.dumps({"action": "opened", "number": 1, "pull_request": pull, "repository": REPOSITORY})


def merge_group(sha):
    group = {"head_sha": sha, "head_ref": "refs/heads/gh-readonly-queue/main/pr-1-1", "base_ref": "refs/heads/main"}
    return json.dumps({"action": "checks_requested", "merge_group": group, "repository": REPOSITORY})


def dispatch(sha):
    return json.dumps({"inputs": {"sha": sha}, "ref": "refs/heads/main", "repository": REPOSITORY})


EVENTS = {"pull_request": pull_request, "merge_group": merge_group, "workflow_dispatch": dispatch}


def evidence(repository, attempt=1):
    return json.loads((repository.kept / f"releasegate-evidence-{attempt}").read_text(encoding="utf-8"))


def told(world, sha):
    """Give what the gate's status came to on a commit, the newest first."""
    mine = [status for status in world.repository.statuses if status.sha == sha]
    assert {status.context for status in mine} <= {"releasegate/staging"}
    return [status.state for status in reversed(mine)]


def comments(world):
    return [comment.body for comment in world.repository.comments.values()]
