"""A runner's environment and event payload in, what a run must know of them out. Pure."""

from collections.abc import Mapping
from typing import Any


def judged_commit(environ: Mapping[str, str], payload: Mapping[str, Any]) -> str | None:
    """Give the commit that the event is about: a pull request's head, not the merge commit made for its checks."""
    for path in (
        ("pull_request", "head", "sha"),
        ("merge_group", "head_sha"),
        ("deployment", "sha"),
        ("workflow_run", "head_sha"),
    ):
        value: Any = payload
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, str) and value:
            return value
    return environ.get("GITHUB_SHA") or None
