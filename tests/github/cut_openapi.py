"""GitHub's whole OpenAPI description in, the part that the stand-in answers out, as openapi.json.gz.

Run by hand when the description or the list below changes: `npm pack @octokit/openapi`, unpack it, and
`python tests/github/cut_openapi.py package/generated/api.github.com.json`.
"""

import gzip
import json
import sys
from pathlib import Path

OUT = Path(__file__).parent / "data/openapi.json.gz"
REPO = "/repos/{owner}/{repo}"
KEPT = {
    "/app": ("get",),
    "/app/installations/{installation_id}/access_tokens": ("post",),
    "/rate_limit": ("get",),
    "/user": ("get",),
    REPO: ("get",),
    f"{REPO}/actions/runs/{{run_id}}": ("get",),
    f"{REPO}/branches/{{branch}}": ("get",),
    f"{REPO}/check-runs": ("post",),
    f"{REPO}/check-runs/{{check_run_id}}": ("get", "patch"),
    f"{REPO}/collaborators/{{username}}/permission": ("get",),
    f"{REPO}/commits/{{commit_sha}}/pulls": ("get",),
    f"{REPO}/commits/{{ref}}": ("get",),
    f"{REPO}/commits/{{ref}}/check-runs": ("get",),
    f"{REPO}/commits/{{ref}}/status": ("get",),
    f"{REPO}/commits/{{ref}}/statuses": ("get",),
    f"{REPO}/compare/{{basehead}}": ("get",),
    f"{REPO}/contents/{{path}}": ("get", "put"),
    f"{REPO}/git/ref/{{ref}}": ("get",),
    f"{REPO}/git/refs": ("post",),
    f"{REPO}/installation": ("get",),
    f"{REPO}/issues": ("get", "post"),
    f"{REPO}/issues/comments/{{comment_id}}": ("get", "patch", "delete"),
    f"{REPO}/issues/{{issue_number}}": ("get",),
    f"{REPO}/issues/{{issue_number}}/comments": ("get", "post"),
    f"{REPO}/pulls": ("get",),
    f"{REPO}/pulls/{{pull_number}}": ("get",),
    f"{REPO}/pulls/{{pull_number}}/files": ("get",),
    f"{REPO}/pulls/{{pull_number}}/reviews": ("get",),
    f"{REPO}/rules/branches/{{branch}}": ("get",),
    f"{REPO}/rulesets": ("get",),
    f"{REPO}/rulesets/{{ruleset_id}}": ("get",),
    f"{REPO}/statuses/{{sha}}": ("post",),
}
PROSE = {"description", "example", "examples", "externalDocs", "summary", "tags", "x-github", "x-octokit"}


def cut(whole):
    """Keep what is listed and all that it refers to, without prose."""
    paths = {path: {method: whole["paths"][path][method] for method in methods} for path, methods in KEPT.items()}
    out = {"openapi": whole["openapi"], "info": {"version": whole["info"]["version"]}, "paths": bare(paths)}
    out["components"] = {}
    pending = list(references(out["paths"]))
    while pending:
        _, _, room, name = pending.pop().split("/")
        kept = out["components"].setdefault(room, {})
        if name not in kept:
            kept[name] = bare(whole["components"][room][name])
            pending += references(kept[name])
    return out


def bare(node, *, names=False):
    """Leave out prose. `names` says that the keys of this object are names that GitHub chose, not keywords."""
    if isinstance(node, list):
        return [bare(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if names or key not in PROSE}
    return {key: bare(value, names=not names and key in ("properties", "headers")) for key, value in kept.items()}


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


if __name__ == "__main__":
    text = json.dumps(cut(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), sort_keys=True)
    OUT.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
