"""A seed in; `releasegate run` as a process of its own, struck at a random moment, and held to what it left behind."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from chaos_play import held_evidence
from chaos_scenario import ENVIRON, Scale, scenario
from chaos_server import Ports, Server
from chaos_truth import Staging

from releasegate.evidence.file import read

SCALE = Scale(timeout_s=0.3, deadline_s=(0.5, 2.0), own_deadline_s=1.0, wait_s=0.3, stop_s=0.0)
LATEST_S = 1.6
"""The latest strike: a run that nobody strikes takes about as long."""
LONGEST_S = 100.0
POLL_S = 0.01
MOST_BYTES = 200 * 2**20
VERDICTS = {0, 10, 11}
NEVER_SAID = ("Traceback", "Task was destroyed", "never retrieved", "a bug of the gate", "ResourceWarning")


class Blow(StrEnum):
    NONE = "none"
    INT = "interrupt"
    TERM = "terminate"
    TWICE = "interrupt twice"
    KILL = "kill"
    PAUSE = "stop and go on"
    NO_STDOUT = "stdout is closed"
    NO_STDERR = "stderr is closed"
    NO_READER = "nobody reads stdout"
    FULL_STDOUT = "stdout is full"
    FULL_DISK = "no file may grow"
    FEW_FILES = "few descriptors"


CUT_SHORT = {
    Blow.KILL: {-signal.SIGKILL}, Blow.TERM: {-signal.SIGTERM}, Blow.INT: {130}, Blow.TWICE: {130}, Blow.FULL_STDOUT: {12},
    Blow.FULL_DISK: {2, 12},
}  # fmt: skip
"""Exit codes of a run that was struck when its evidence was written, and could not be told to its end any more."""


@dataclass
class Struck:
    """What was done, and what was left. `code` is the exit code, negative for a signal's number."""

    blow: Blow
    at_s: float
    code: int
    took_s: float
    peak_bytes: int
    left: str


def strike(seed: int, folder: Path) -> Struck:
    """Start a run, strike it, and wait for its end. Raises AssertionError."""
    rng, ports = random.Random(f"strike {seed}"), Ports()
    blow, at_s = rng.choice(list(Blow)), rng.uniform(0, LATEST_S)
    drawn = scenario(seed, SCALE, ports)
    staging = Staging(drawn)
    former = b'{"schema":"releasegate/evidence/v1","run":"a former one"}' if rng.random() < 0.5 else None
    evidence = folder / "evidence.json"
    if former:
        evidence.write_bytes(former)
    with Server(drawn, ports, staging):
        began = time.monotonic()
        code, peak, said = _run(blow, at_s, folder, drawn.config, drawn.judged)
        took_s = time.monotonic() - began
    unheard = code == -signal.SIGINT or "Fatal Python error: init_" in said  # Python itself had not begun
    assert unheard or not [words for words in NEVER_SAID if words in said], f"{blow} at {at_s:.3f} s: {said[-2000:]}"
    left = _left(evidence, former, code, blow, staging)
    drafts = [path.name for path in folder.iterdir() if path.name.startswith(".evidence")]
    assert not drafts or blow is Blow.KILL, drafts
    if left == "whole" and blow not in {Blow.KILL, Blow.TWICE, Blow.FULL_DISK}:
        ET.parse(folder / "junit.xml")
        assert (folder / "report.md").read_text(encoding="utf-8").strip()
    assert peak < MOST_BYTES, f"it grew to {peak / 2**20:.0f} MiB"
    return Struck(blow, at_s, code, took_s, peak, left)


def _command(blow: Blow, folder: Path, config: dict[str, Any], judged: str | None) -> list[str]:
    import json

    (folder / "releasegate.yml").write_text(json.dumps(config), encoding="utf-8")
    outputs = ["--evidence", "evidence.json", "--junit", "junit.xml", "--markdown", "report.md"]
    command = [sys.executable, "-m", "releasegate", "run", *outputs, *(["--sha", judged] if judged else [])]
    closed = {Blow.NO_STDOUT: ">&-", Blow.NO_STDERR: "2>&-"}.get(blow)
    return ["/bin/sh", "-c", f'exec "$0" "$@" {closed}', *command] if closed else command


def _run(blow: Blow, at_s: float, folder: Path, config: dict[str, Any], judged: str | None) -> tuple[int, int, str]:
    """Give exit code, the most memory it had, and what it said on stderr."""
    out = open("/dev/full", "wb") if blow is Blow.FULL_STDOUT else open(folder / "out", "wb")  # noqa: SIM115, PTH123
    with out, open(folder / "said", "wb") as err:  # noqa: PTH123
        process = subprocess.Popen(
            _command(blow, folder, config, judged), cwd=folder, env={"PATH": os.environ["PATH"], **ENVIRON},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if blow is Blow.NO_READER else out, stderr=err,
            start_new_session=True,
        )  # fmt: skip
        try:
            if process.stdout:
                process.stdout.close()
            peak = _watch(process, at_s)
            with suppress(ProcessLookupError):
                _strike(process, blow)
            peak = max(peak, _watch(process, LONGEST_S))
            assert process.poll() is not None, f"{blow}: it hangs"
            _demand_no_orphans(process.pid)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode, peak, (folder / "said").read_text(encoding="utf-8", errors="replace")


def _strike(process: "subprocess.Popen[bytes]", blow: Blow) -> None:
    pid = process.pid
    match blow:
        case Blow.INT | Blow.TERM | Blow.KILL:
            os.kill(pid, {Blow.INT: signal.SIGINT, Blow.TERM: signal.SIGTERM}.get(blow, signal.SIGKILL))
        case Blow.TWICE:
            os.kill(pid, signal.SIGINT)
            _watch(process, 0.05)
            os.kill(pid, signal.SIGINT)
        case Blow.PAUSE:
            os.kill(pid, signal.SIGSTOP)
            _watch(process, 0.7)
            os.kill(pid, signal.SIGCONT)
        case Blow.FULL_DISK:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (1000, 1000))
        case Blow.FEW_FILES:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (12, 12))


def _watch(process: "subprocess.Popen[bytes]", seconds: float) -> int:
    """Wait so long, or until it ended; give the most memory that it was seen to have had."""
    ends, peak, status = time.monotonic() + seconds, 0, Path(f"/proc/{process.pid}/status")
    while process.poll() is None and time.monotonic() < ends:
        with suppress(OSError, StopIteration):
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            peak = max(peak, int(line.split()[1]) * 1024)
        with suppress(subprocess.TimeoutExpired):
            process.wait(min(POLL_S * 5, max(0.0, ends - time.monotonic())))
    return peak


def _demand_no_orphans(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, 0)
        raise AssertionError("a process of it still lives")


def _left(evidence: Path, former: bytes | None, code: int, blow: Blow, staging: Staging) -> str:
    """Say what lies where the evidence should be: nothing, the former one, or a whole one that holds."""
    assert code != 1, f"{blow}: it left with 1"
    if not evidence.exists():
        # A signal may come before Python listens to it; then it is dead before it has begun.
        assert code in {130, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, 2} or blow is Blow.TWICE, (
            f"{blow}: {code}"
        )
        assert code != 2 or blow in {Blow.FULL_DISK, Blow.FEW_FILES}, f"{blow}: it left with 2"
        return "nothing"
    if former is not None and evidence.read_bytes() == former:
        assert code not in VERDICTS, f"{blow}: it left with {code} and a former run's evidence"
        return "the former"
    whole = read(evidence)
    held_evidence(whole, staging, exit_code=code if code not in CUT_SHORT.get(blow, ()) else None)
    return "whole"
