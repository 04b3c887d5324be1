"""A repository with a gate, a staging, and a stand-in for GitHub: what the commands that publish are tried in."""

import dataclasses
import http.server
import json
import threading
from pathlib import Path

from hub_world import JOB

CONFIG = """\
version: 1
gate: staging
{extra}
targets: {{api: {{url: "{url}"}}}}
suites: {{smoke: {{checks: {{health: {{http: {{get: "api:/health", expect: {{status: 200}}}}}}}}}}}}
"""
CONTEXT = "releasegate/staging"


class Staging:
    """Answers every GET with `status`; `asked` is set by the first one, `held` lets answers wait."""

    def __init__(self):
        self.status, self.asked, self.free = 200, threading.Event(), threading.Event()
        self.free.set()
        self.when_asked = lambda: None
        served = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                served.when_asked()
                served.asked.set()
                served.free.wait(20)
                self.send_response(served.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.free.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def write_config(staging, extra=""):
    Path("releasegate.yml").write_text(CONFIG.format(url=staging.url, extra=extra), encoding="utf-8")


def commit_config(world, base=None, pull=None, *, name="releasegate.yml"):
    """Let the base branch and every other commit have a config: what lies here if left out, b"" for none."""
    here = Path("releasegate.yml").read_bytes() if None in (base, pull) else b""
    main = world.repository.branches["main"]
    world.committed = True
    for repository in (world.repository, world.fork):
        for sha, commit in repository.commits.items():
            text = (here if base is None else base) if sha == main else (here if pull is None else pull)
            others = {path: content for path, content in commit.files.items() if not path.endswith("releasegate.yml")}
            repository.commits[sha] = dataclasses.replace(commit, files=others | ({name: text} if text else {}))


def follow_config(world):
    """Let every commit have the config that lies here, but those that have one of their own."""
    here = Path("releasegate.yml").read_bytes()
    for repository in (world.repository, world.fork):
        for sha, commit in repository.commits.items():
            if commit.files.get("releasegate.yml") in {None, world.followed}:
                others = {path: content for path, content in commit.files.items() if path != ".github/releasegate.yml"}
                repository.commits[sha] = dataclasses.replace(commit, files=others | {"releasegate.yml": here})
    world.followed = here


def payload_of(world, *, number=1, fork=False, base="main"):
    """Give the event of a pull request, with what the gate reads of it."""
    pull = world.forked if fork else world.pull
    number = 2 if fork else number
    head = "eve/shop" if fork else "acme/shop"
    return {
        "action": "synchronize",
        "repository": {"full_name": "acme/shop", "default_branch": "main"},
        "pull_request": {
            "number": number, "state": "open",
            "head": {"sha": pull.sha, "ref": "feature", "repo": {"full_name": head}},
            "base": {"ref": base, "sha": "0" * 40, "repo": {"full_name": "acme/shop"}},
        },
    }  # fmt: skip


def group_of(world, files=(), *, behind=None):
    """Let the queue merge the pull request onto the base, or `behind` another group; give the event, and its commit."""
    main, author = world.repository.branches["main"], world.hub.user("ann")
    base = behind or main
    made = world.hub.commit(
        world.repository, f"queue-{base}", dict(files), author=author, message="Merge", now=world.now
    )
    tree = {**world.repository.commits[base].files, **made.files}
    world.repository.commits[made.sha] = dataclasses.replace(made, parents=(base, world.head), files=tree)
    ref = f"refs/heads/gh-readonly-queue/main/pr-1-{base}"
    group = {"head_sha": made.sha, "base_sha": base, "base_ref": "refs/heads/main", "head_ref": ref}
    repository = {"full_name": "acme/shop", "default_branch": "main"}
    return {"action": "checks_requested", "repository": repository, "merge_group": group}, made.sha


def surroundings(world, server, *, event="pull_request", payload=None, token=JOB, run_id="7", attempt="1", **more):
    """Give the variables of a runner, with the event's file and those for summary and outputs."""
    here = Path.cwd()
    if not world.committed and Path("releasegate.yml").exists():
        follow_config(world)
    (here / "event.json").write_text(json.dumps(payload or payload_of(world)), encoding="utf-8")
    return {
        "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": str(here / "event.json"),
        "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": world.head, "GITHUB_API_URL": server.url,
        "GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": run_id, "GITHUB_RUN_ATTEMPT": attempt,
        "GITHUB_STEP_SUMMARY": str(here / "summary.md"), "GITHUB_OUTPUT": str(here / "output.txt"),
        "GITHUB_ACTOR": "ann", "GITHUB_TOKEN": token, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", **more,
    }  # fmt: skip


def outputs():
    """Read the step's outputs as a runner does."""
    found, lines = {}, iter(Path("output.txt").read_text(encoding="utf-8").splitlines())
    for line in lines:
        name, _, end = line.partition("<<")
        found[name] = "\n".join(iter(lambda: next(lines), end))
    return found


def told(world, sha=None, context=CONTEXT):
    """Give (state, description) of each status of the gate, the oldest first."""
    sha = sha or world.head
    return [(s.state, s.description) for s in world.repository.statuses if s.sha == sha and s.context == context]


def states(world, **more):
    return [state for state, _ in told(world, **more)]


def bodies(world, number=1):
    return [each.body for each in world.repository.comments.values() if each.number == number]
