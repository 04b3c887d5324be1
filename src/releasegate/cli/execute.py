"""A config and what was asked of the run in; the run, its files and its report out; an exit code back."""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from releasegate import gate
from releasegate.changes.impact import Impact
from releasegate.checks.catalogue import kind
from releasegate.cli.files import coloured, write_text
from releasegate.cli.measurements import measurements
from releasegate.cli.outputs import Outputs
from releasegate.cli.progress import Silent, Teller, teller
from releasegate.cli.show import in_json, show
from releasegate.cli.stopping import handlers_kept, ignore_signals, stop_on_signals
from releasegate.config.model import Config
from releasegate.evidence.file import read, write
from releasegate.evidence.rejudge import rejudge
from releasegate.identities import IdentityBook
from releasegate.model import Evidence
from releasegate.plan import Plan, build
from releasegate.redact import Redactor
from releasegate.report import console
from releasegate.sample import World
from releasegate.wire.live import LiveWire

DEFAULT_EVIDENCE = ".releasegate/evidence.json"
LARGEST_WIDTH = 120
USUAL_WIDTH = 100


class Asked(Struct, frozen=True, kw_only=True):
    """What the command line asked of a run. `sha` is the commit to judge; `deadline_s` overrides the config's."""

    outputs: Outputs
    sha: str | None
    event: str | None = None
    suites: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    changes: Impact | None = None
    deadline_s: float | None = None
    quiet: bool = False
    as_json: bool = False
    directory: Path = Path()
    """Where the files of `metrics:` are looked for."""
    run_id: str | None = None
    run_attempt: str | None = None


def execute(config: Config, asked: Asked, environ: Mapping[str, str]) -> int:
    """Run the gate, write and print what was asked for, and give the exit code."""
    evidence = perform(config, asked, environ)
    report(evidence, asked, environ)
    return evidence.verdict.exit_code


def perform(config: Config, asked: Asked, environ: Mapping[str, str]) -> Evidence:
    """Run the gate, write the evidence, and give it, as it reads back."""
    plan = build(config, kind, suites=asked.suites, checks=asked.checks, event=asked.event, changes=asked.changes)
    redactor = Redactor(config.secrets)
    listener = teller(sys.stderr, environ, redactor.clean, quiet=asked.quiet or asked.as_json, width=_width())
    with handlers_kept():
        try:
            evidence = asyncio.run(_run(config, plan, asked, environ, redactor=redactor, listener=listener))
        finally:
            listener.close()
        keep(evidence, asked)
    return evidence


def keep(evidence: Evidence, asked: Asked) -> None:
    """Write the evidence, and judge again what was written. Raises UsageError, EvidenceError."""
    path = Path(asked.outputs.evidence)
    write(evidence, path)
    rejudge(read(path))


async def _run(
    config: Config,
    plan: Plan,
    asked: Asked,
    environ: Mapping[str, str],
    *,
    redactor: Redactor,
    listener: Silent | Teller,
) -> Evidence:
    stop = asyncio.Event()
    stop_on_signals(stop, listener.say)
    wire = LiveWire(environ=environ, clock=time.monotonic)
    book = IdentityBook(config.identities, config.targets, wire, epoch=time.time, nonce=_nonce, on_secret=redactor.add)
    world = World(
        targets=config.targets,
        wire=wire,
        credentials=book,
        clock=time.monotonic,
        wall=_now,
        sleep=asyncio.sleep,
        nonce=_nonce,
    )
    order = gate.Order(
        config=config,
        plan=plan,
        judged=asked.sha,
        deadline_s=asked.deadline_s or config.policy.deadline_s,
        control_kind=kind(config.control.kind) if config.control else None,
        fallbacks=book.fallbacks,
        measure=lambda: measurements(config.metrics, asked.directory, environ, time.time),
        clean=redactor.clean_struct,
        run_id=asked.run_id,
        run_attempt=asked.run_attempt,
    )
    try:
        return await gate.run(order, world, listener, stop)
    finally:
        await wire.aclose()
        ignore_signals()


def _nonce() -> str:
    return os.urandom(16).hex()


def _now() -> str:
    """Give the time in RFC 3339, to the millisecond. Each sample asks."""
    whole, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
    return f"{_second(whole)}.{milliseconds:03d}Z"


@lru_cache(maxsize=1)
def _second(epoch_s: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch_s))


def report(evidence: Evidence, asked: Asked, environ: Mapping[str, str]) -> None:
    """Write the reports that were asked for, and print what was concluded."""
    outputs = asked.outputs
    if outputs.junit:
        from releasegate.report import junit

        write_text(outputs.junit, junit.render(evidence))
    if outputs.markdown:
        from releasegate.report import markdown

        write_text(outputs.markdown, markdown.render(evidence))
    tell(evidence, outputs.evidence, environ, as_json=asked.as_json)


def tell(evidence: Evidence, path: str, environ: Mapping[str, str], *, as_json: bool) -> None:
    """Print what was concluded: the report, or one JSON object."""
    if as_json:
        show(to_json(evidence, path))
        return
    colour = coloured(environ, terminal=sys.stdout.isatty())
    show(console.render(evidence, colour=colour, width=_width()), color=colour)


def to_json(evidence: Evidence, path: str) -> str:
    """Give the one machine-readable object about a verdict."""
    verdict = evidence.verdict
    answer: dict[str, Any] = {
        "verdict": verdict.state.value,
        "exit_code": verdict.exit_code,
        "reasons": list(verdict.reasons),
        "score": verdict.score,
        "counts": dict(sorted(Counter(check.label.value for check in evidence.checks).items())),
        "evidence": path,
    }
    return in_json(answer)


def _width() -> int:
    try:
        columns = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1).columns
    except (OSError, ValueError):  # not a terminal, or closed
        columns = 0
    return min(LARGEST_WIDTH, columns or USUAL_WIDTH)
