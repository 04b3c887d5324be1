"""`python -m benchmarks.action`: B6, how long the action's step takes until staging hears the first check.

The step's own command is run as the runner runs it, over and over, with the wheels in the cache, and once before that
with an empty one. Time ends when the target accepts a connection.
"""

import argparse
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

ROOT = Path(__file__).parents[1]
MARK_S = 0.6
CONFIG = """\
version: 1
gate: bench
targets: {api: {url: "http://127.0.0.1:PORT"}}
suites: {bench: {checks: {one: {samples: once, http: {get: "api:/ok", expect: {status: 200}}}}}}
"""
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"


def step_s(script: Path, environ: dict[str, str], listener: socket.socket) -> float:
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
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode or not heard:
        sys.exit(f"the step left with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")
    return heard[0] - began


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.action", description=__doc__)
    parser.add_argument("--runs", type=int, default=11, help="runs with cached wheels (default 11)")
    parser.add_argument("--extras", default="", help="such as 'mcp postgres redis'")
    asked = parser.parse_args()
    (step, *_) = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as listener:
        place = Path(name)
        (place / "temp").mkdir()
        (place / "step.sh").write_text(step["run"], encoding="utf-8")
        (place / "gate.yml").write_text(CONFIG.replace("PORT", str(listener.getsockname()[1])), encoding="utf-8")
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GITHUB_"))}
        environ |= {
            "GITHUB_ACTION_PATH": str(ROOT), "RUNNER_OS": "Linux", "RUNNER_TEMP": str(place / "temp"),
            "RUNNER_TOOL_CACHE": str(place), "INPUT_CONFIG": str(place / "gate.yml"), "INPUT_PYTHON": sys.executable,
            "INPUT_EXTRAS": asked.extras,
        }  # fmt: skip
        cold_s = step_s(place / "step.sh", environ, listener)
        times = [step_s(place / "step.sh", environ, listener) for _ in range(asked.runs)]
    median_s = statistics.median(times)
    held = "held" if median_s <= MARK_S else "not held"
    print(
        f"B6 from the step's start to the first check, cached wheels, extras [{asked.extras}]: median {median_s:.3f} s"
    )
    print(
        f"{min(times):.3f}-{max(times):.3f} of {asked.runs} runs; mark {MARK_S} {held}; without a cache {cold_s:.1f} s"
    )


if __name__ == "__main__":
    main()
