"""`python -m benchmarks.action`: B6, how long the action's step takes until staging hears the first check.

The step's own command is run as the runner runs it, over and over, with the wheels in the cache, and once before that
with an empty one, against the demo's stand-in for GitHub. Time ends when the target accepts a connection; the config
that decides was read from the base branch, and the pending status was set, before that. With --fork the token may only
read, and GitHub is not asked.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import yaml

from releasegate.demo.hub.hub import Hub
from releasegate.demo.hub_server import HubServer

ROOT = Path(__file__).parents[1]
MARK_S, TOKEN, PLACE = 0.6, "ghs_job", "releasegate.yml"
CONFIG = """\
version: 1
gate: bench
targets: {api: {url: "http://127.0.0.1:PORT"}}
suites: {bench: {checks: {one: {samples: once, http: {get: "api:/ok", expect: {status: 200}}}}}}
"""
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"


def step_s(place: Path, environ: dict[str, str], listener: socket.socket) -> float:
    """Run the step; give the seconds to the first connection. Raises SystemExit when it does not end in green."""
    heard: list[float] = []

    def serve() -> None:
        connection, _ = listener.accept()
        heard.append(time.perf_counter())
        with connection:
            connection.recv(4096)
            connection.sendall(ANSWER)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    began = time.perf_counter()
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "step.sh"]
    done = subprocess.run(command, cwd=place, env=environ, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode or not heard:
        sys.exit(f"the step left with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")
    return heard[0] - began


def pull_request(hub: Hub, config: str, *, fork: bool) -> dict[str, object]:
    """Open a pull request onto a branch that has the config; give the payload of its event."""
    now = time.time()
    base, author = hub.repository("acme/shop", now=now), hub.user("ann")
    hub.commit(base, base.default_branch, {PLACE: config.encode()}, author=author, message="Use a gate", now=now)
    head = hub.fork(base, "eve", now=now) if fork else base
    sha = hub.commit(head, "feature", {"a.py": b"1"}, author=author, message="Add a", now=now).sha
    number = hub.pull(base, head, "feature", author=author, now=now, title="Add a").number
    hub.actions_token(base, {"contents": "read", "statuses": "write", "pull_requests": "write"}, TOKEN)
    ends = {
        "head": {"ref": "feature", "sha": sha, "repo": {"full_name": head.full_name}},
        "base": {"ref": "main", "sha": base.branches["main"], "repo": {"full_name": base.full_name}},
    }
    about = {"full_name": base.full_name, "default_branch": "main"}
    return {"action": "opened", "pull_request": {"number": number, "state": "open", **ends}, "repository": about}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.action", description=__doc__)
    parser.add_argument("--runs", type=int, default=11, help="runs with cached wheels (default 11)")
    parser.add_argument("--extras", default="", help="such as 'mcp postgres redis'")
    parser.add_argument("--fork", action="store_true", help="on a pull request of a fork")
    asked = parser.parse_args()
    (step, *_) = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    hub = Hub()
    with (
        tempfile.TemporaryDirectory() as name,
        socket.create_server(("127.0.0.1", 0)) as listener,
        HubServer(hub) as github,
    ):
        place = Path(name)
        (place / "temp").mkdir()
        (place / "step.sh").write_text(step["run"], encoding="utf-8")
        config = CONFIG.replace("PORT", str(listener.getsockname()[1]))
        (place / PLACE).write_text(config, encoding="utf-8")
        event = pull_request(hub, config, fork=asked.fork)
        (place / "event.json").write_text(json.dumps(event), encoding="utf-8")
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GITHUB_"))}
        environ |= {
            "GITHUB_ACTION_PATH": str(ROOT), "RUNNER_OS": "Linux", "RUNNER_TEMP": str(place / "temp"),
            "RUNNER_TOOL_CACHE": str(place), "INPUT_COMMAND": "gate", "INPUT_PYTHON": sys.executable,
            "INPUT_EXTRAS": asked.extras, "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url,
            "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(place / "event.json"),
            "GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1",
        }  # fmt: skip
        cold_s = step_s(place, environ, listener)
        times = [step_s(place, environ, listener) for _ in range(asked.runs)]
    median_s = statistics.median(times)
    held = "held" if median_s <= MARK_S else "not held"
    whose = "a fork's" if asked.fork else "our own"
    print(f"B6 on {whose} pull request, cached wheels, extras [{asked.extras}]: median {median_s:.3f} s")
    print(
        f"{min(times):.3f}-{max(times):.3f} of {asked.runs} runs; mark {MARK_S} {held}; without a cache {cold_s:.1f} s"
    )


if __name__ == "__main__":
    main()
