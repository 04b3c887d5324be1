"""Commits, files and references in, their views out, and new commits by PUT."""

import base64
from dataclasses import replace
from textwrap import wrap

from releasegate.demo.hub.call import Call
from releasegate.demo.hub.exchange import Json, Place, Refused, Response, malformed, not_found
from releasegate.demo.hub.state import Commit, Repository, blob_id
from releasegate.demo.hub.views import api_of, node, show_commit, show_git_commit, web_of

MOST_COMPARED = 300
"""Files that a comparison shows."""


def commit(call: Call) -> Response:
    found = call.commit(call.parts["ref"])
    parent = call.repository.commits.get(found.parents[0]) if found.parents else None
    changed = differences(call, parent, found)
    total = {name: sum(entry[name] for entry in changed) for name in ("additions", "deletions")}
    stats = {**total, "total": sum(total.values())}
    shown = show_commit(call.at, call.repository, found)
    return Response(status=200, payload={**shown, "stats": stats, "files": changed[:MOST_COMPARED]})


def compare(call: Call) -> Response:
    """Compare two commits by their histories: what the head has that the base lacks, and the other way round."""
    names = call.parts["basehead"].split("...")
    ends = [call.repository.commit(name.rpartition(":")[2]) for name in names]
    if len(ends) != 2 or ends[0] is None or ends[1] is None:  # noqa: PLR2004 - base...head
        raise not_found()
    base, head = ends[0], ends[1]
    before, after = list(call.repository.ancestry(base.sha)), list(call.repository.ancestry(head.sha))
    common = next((sha for sha in after if sha in before), None)
    if common is None:
        raise Refused(404, f"No common ancestor between {names[0]} and {names[1]}.")
    ahead, behind = [sha for sha in after if sha not in before], [sha for sha in before if sha not in after]
    status = {(False, False): "identical", (True, False): "ahead", (False, True): "behind", (True, True): "diverged"}
    merge_base, at, repository = call.repository.commits[common], call.at, call.repository
    web = f"{web_of(at, repository)}/compare/{call.parts['basehead']}"
    return Response(status=200, payload={
        "url": f"{api_of(at, repository)}/compare/{call.parts['basehead']}", "html_url": web, "permalink_url": web,
        "diff_url": f"{web}.diff", "patch_url": f"{web}.patch", "base_commit": show_commit(at, repository, base),
        "merge_base_commit": show_commit(at, repository, merge_base), "status": status[bool(ahead), bool(behind)],
        "ahead_by": len(ahead), "behind_by": len(behind), "total_commits": len(ahead),
        "commits": [show_commit(at, repository, repository.commits[sha]) for sha in reversed(ahead)],
        "files": differences(call, merge_base, head)[:MOST_COMPARED],
    })  # fmt: skip


def differences(call: Call, before: Commit | None, after: Commit) -> list[Json]:
    """Give one entry for each file that differs, by name."""
    old, new = (before.files if before else {}), after.files
    return [
        _entry(call, after, name, old.get(name), new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _entry(call: Call, after: Commit, name: str, old: bytes | None, new: bytes | None) -> Json:
    """Count whole files: no diff is made of lines."""
    more, fewer = len((new or b"").splitlines()), len((old or b"").splitlines())
    web, kept = web_of(call.at, call.repository), old if new is None else new
    return {
        "sha": blob_id(kept or b""), "filename": name,
        "status": "removed" if new is None else "added" if old is None else "modified", "additions": more,
        "deletions": fewer, "changes": more + fewer, "blob_url": f"{web}/blob/{after.sha}/{name}",
        "raw_url": f"{web}/raw/{after.sha}/{name}",
        "contents_url": f"{api_of(call.at, call.repository)}/contents/{name}?ref={after.sha}",
    }  # fmt: skip


def show(call: Call) -> Response:
    """Give a file with its content, or what a directory holds."""
    name = call.request.query.get("ref") or call.repository.default_branch
    found, path = call.repository.commit(name), call.parts["path"].strip("/")
    if found is None:
        raise Refused(404, f"No commit found for the ref {name}")
    if path in found.files:
        content = found.files[path]
        text = "".join(f"{line}\n" for line in wrap(base64.b64encode(content).decode(), 60))
        shown = {**show_file(call.at, call.repository, path, content, name), "content": text, "encoding": "base64"}
        return Response(status=200, payload=shown)
    inside = sorted(file for file in found.files if file.startswith(f"{path}/") and "/" not in file[len(path) + 1 :])
    if not inside:
        raise not_found()
    return Response(
        status=200, payload=[show_file(call.at, call.repository, file, found.files[file], name) for file in inside]
    )


def put(call: Call) -> Response:
    """Write a file and commit it: onto the branch named, and only over the content that the client saw."""
    path, message, content = call.parts["path"], call.must("message"), call.content("content")
    branch, seen = call.text("branch") or call.repository.default_branch, call.text("sha")
    if branch not in call.repository.branches:
        raise Refused(404, f"Branch {branch} not found")
    old = call.repository.commits[call.repository.branches[branch]].files.get(path)
    if old is not None and seen is None:
        raise malformed('"sha" wasn\'t supplied.')
    if seen is not None and (old is None or blob_id(old) != seen):
        raise Refused(409, f"{path} does not match {seen}")
    made = call.hub.commit(
        call.repository, branch, {path: content}, author=call.token.actor, message=message, now=call.now
    )
    shown = show_file(call.at, call.repository, path, content, branch)
    commit = show_git_commit(call.at, call.repository, made)
    return Response(status=201 if old is None else 200, payload={"content": shown, "commit": commit})


def show_file(at: Place, repository: Repository, path: str, content: bytes, ref: str) -> Json:
    sha = blob_id(content)
    url, web = f"{api_of(at, repository)}/contents/{path}?ref={ref}", f"{web_of(at, repository)}/blob/{ref}/{path}"
    git = f"{api_of(at, repository)}/git/blobs/{sha}"
    return {
        "name": path.rpartition("/")[2], "path": path, "sha": sha, "size": len(content), "url": url, "html_url": web,
        "git_url": git, "download_url": f"{at.web}/raw/{repository.full_name}/{ref}/{path}", "type": "file",
        "_links": {"self": url, "git": git, "html": web},
    }  # fmt: skip


def ref(call: Call) -> Response:
    name = call.parts["ref"]
    sha = call.repository.branches.get(name.removeprefix("heads/")) if name.startswith("heads/") else None
    if sha is None:
        raise not_found()
    return Response(status=200, payload=_show_ref(call, f"refs/{name}", sha))


def create_ref(call: Call) -> Response:
    """Begin a branch at a commit that is there."""
    name, sha = call.must("ref"), call.must("sha")
    if not name.startswith("refs/heads/"):
        raise Refused(422, "Reference name must start with 'refs/' and have at least two slashes.")
    if name.removeprefix("refs/heads/") in call.repository.branches:
        raise Refused(422, "Reference already exists")
    if sha not in call.repository.commits:
        raise Refused(422, "Object does not exist")
    call.repository.branches[name.removeprefix("refs/heads/")] = sha
    shown = _show_ref(call, name, sha)
    return replace(Response(status=201, payload=shown), headers={"location": shown["url"]})


def _show_ref(call: Call, name: str, sha: str) -> Json:
    base = f"{api_of(call.at, call.repository)}/git"
    return {
        "ref": name, "node_id": node("Ref", call.repository.id), "url": f"{base}/{name}",
        "object": {"sha": sha, "type": "commit", "url": f"{base}/commits/{sha}"},
    }  # fmt: skip
