"""`python -m benchmarks [NAME …]`: runs each case several times, ours and the peer in turns; one table out."""

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cases import CASES, Case

KILOBYTE = 1024


@dataclass
class Timing:
    """Wall seconds of each run, and the largest resident memory of the process, in MB of 10^6 bytes."""

    walls_s: list[float] = field(default_factory=list)
    memory_mb: float = 0.0

    @property
    def median_s(self) -> float:
        return statistics.median(self.walls_s)


NGINX = """
daemon off; worker_processes 1; pid {place}/pid; error_log {place}/log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {place}/1; proxy_temp_path {place}/2; fastcgi_temp_path {place}/3;
  uwsgi_temp_path {place}/4; scgi_temp_path {place}/5;
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 "ok"; }} }}
}}
"""


@contextmanager
def quick_target(fallback: str) -> Iterator[str]:
    """Serve `/ok` at no cost: nginx where it is installed, else the asyncio target."""
    nginx = shutil.which("nginx")
    if nginx is None:
        yield fallback
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as place:
        config = Path(place) / "nginx.conf"
        config.write_text(NGINX.format(place=place, port=port))
        with subprocess.Popen([nginx, "-c", str(config), "-e", f"{place}/log"]) as server:
            try:
                _await_port(port)
                yield f"http://127.0.0.1:{port}"
            finally:
                server.terminate()


def _await_port(port: int) -> None:
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return
    sys.exit("nginx did not start")


@contextmanager
def target() -> Iterator[dict[str, str]]:
    """Serve the local targets for as long as the block runs."""
    command = [sys.executable, "-m", "benchmarks.server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        http, chat = server.stdout.readline().split()
        try:
            api = f"http://127.0.0.1:{http}"
            with quick_target(api) as quick:
                yield {"API": api, "QUICK": quick, "CHAT": f"ws://127.0.0.1:{chat}"}
        finally:
            server.terminate()


def measure(command: list[str], environ: Mapping[str, str], timing: Timing) -> None:
    """Run once, as a whole process. Raises SystemExit when it fails: a failing run has no time."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=dict(environ), stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        timing.walls_s.append(time.perf_counter() - began)
        process.returncode = os.waitstatus_to_exitcode(status)
        timing.memory_mb = max(timing.memory_mb, used.ru_maxrss * KILOBYTE / 1e6)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command)} left with {process.returncode}:\n{said.read().decode()[-2000:]}")


def verify(evidence: Path, case: Case) -> None:
    """Hold the run to its work: every sample taken and in the evidence."""
    checks = json.loads(evidence.read_text())["checks"]
    samples = sum(len(check["samples"]) for check in checks)
    if samples != case.units:
        sys.exit(f"{case.name}: {samples} samples in the evidence, {case.units} expected")


def run(case: Case, runs: int, place: Path, peer: str | None, empty: Timing) -> tuple[Timing, Timing | None]:
    """Measure a case: ours, then the peer, in turns."""
    config, script, evidence = place / "gate.yml", place / "peer.js", place / "evidence.json"
    config.write_text(case.config)
    script.write_text(case.script or "")
    ours, theirs = Timing(), Timing()
    gate = [sys.executable, "-m", "releasegate", "run", "-c", str(config), "--evidence", str(evidence), "--quiet"]
    python = [sys.executable, "-c", "pass"]
    with target() as addresses:
        environ = {**os.environ, **addresses, "K6_NO_USAGE_REPORT": "true"}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
        measure(gate, environ, Timing())  # once for nothing: files get cached, bytecode gets written
        for _ in range(runs):
            measure(gate, environ, ours)
            verify(evidence, case)
            measure(python, environ, empty)
            if peer and case.script:
                measure([peer, "run", "--quiet", str(script)], environ, theirs)
    return ours, theirs if theirs.walls_s else None


def row(case: Case, ours: Timing, theirs: Timing | None, start_s: float | None) -> str:
    """Write a line of the table. The rate is that of the checks alone: `start_s` is what one check takes in all."""
    rate = "-" if start_s is None or case.units == 1 else f"{case.units / (ours.median_s - start_s):,.0f}"
    spread = f"{min(ours.walls_s):.3f}-{max(ours.walls_s):.3f}"
    peer = f"{theirs.median_s:.3f} | {ours.median_s / theirs.median_s:.2f}" if theirs else "- | -"
    held = "yes" if ours.median_s <= case.mark_s else "**no**"
    return (
        f"| {case.name} | {case.says} | {ours.median_s:.3f} | {spread} | {peer} | {rate} | {ours.memory_mb:.0f} "
        f"| {case.mark_s:.2f} | {held} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(case.name for case in CASES)}")
    parser.add_argument("--runs", type=int, default=7, help="runs of each (default 7)")
    asked = parser.parse_args()
    peer = shutil.which("k6", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    empty = Timing()
    start_s = None
    beside = "k6 beside" if peer else "k6 not installed"
    quick = "nginx" if shutil.which("nginx") else "asyncio"
    sys.stdout.write(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"{beside}; zero delay by {quick}; medians of {asked.runs} runs, seconds of wall time\n\n"
        "| | what | releasegate | min-max | k6 | ratio | checks/s | MB | mark | held |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
    )
    for case in CASES:
        if not asked.names or case.name in asked.names:
            with tempfile.TemporaryDirectory() as place:
                ours, theirs = run(case, asked.runs, Path(place), peer, empty)
            start_s = ours.median_s if case.units == 1 else start_s
            sys.stdout.write(row(case, ours, theirs, start_s) + "\n")
            sys.stdout.flush()
    sys.stdout.write(f"\nAn empty Python: {empty.median_s:.3f} s. checks/s: those past the start, which is B1.\n")


if __name__ == "__main__":
    main()
