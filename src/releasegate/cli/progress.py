"""How a run goes, told while it goes: one live line on a terminal, plain lines elsewhere, a log group on a runner."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import TextIO

from releasegate.foreign import for_log, for_terminal
from releasegate.model import PASSED
from releasegate.runner import Progress

REFRESH_S = 0.1
PLAIN_EVERY_S = 10.0
MOST_WAITING = 10_000
PATIENCE_S = 1.0


class Outlet:
    """Writes in a thread of its own: a reader that does not read holds up nothing, it only misses lines.

    Bytes go straight to the descriptor: a thread that hangs in a buffered stream would hang the end of the process.
    """

    def __init__(self, out: TextIO) -> None:
        self.encoding = out.encoding or "utf-8"
        self.descriptor = out.fileno()
        self.queue: SimpleQueue[str | None] = SimpleQueue()
        self.thread = threading.Thread(target=self._run, name="releasegate-progress", daemon=True)
        out.flush()
        self.thread.start()

    def write(self, text: str) -> None:
        if self.queue.qsize() < MOST_WAITING:
            self.queue.put(text)

    def _run(self) -> None:
        while (text := self.queue.get()) is not None:
            left = text.encode(self.encoding, "backslashreplace")
            try:
                while left:
                    left = left[os.write(self.descriptor, left) :]
            except OSError:  # nobody can be told: the report and the evidence are still to come
                return

    def close(self) -> None:
        self.queue.put(None)
        self.thread.join(PATIENCE_S)


class Silent:
    """Says nothing."""

    def say(self, text: str) -> None: ...

    def progress(self, progress: Progress) -> None: ...

    def close(self) -> None: ...


class Teller:
    """Tells failures as they come, and how far the run is; `live` rewrites one line, else a line now and then."""

    def __init__(self, out: Outlet, *, live: bool, group: bool, clean: Callable[[str], str], width: int = 80) -> None:
        self.out, self.live, self.group, self.clean, self.width = out, live, group, clean, width
        self.samples = self.settled = self.failed = 0
        self.running: dict[str, None] = {}
        self.told = time.monotonic()
        self.shown = ""
        if group:
            self._line("::group::releasegate: samples")

    def say(self, text: str) -> None:
        self._line(self._safe(text))

    def progress(self, progress: Progress) -> None:
        if progress.sample is not None:
            self._sampled(progress)
        if progress.label is not None and progress.sample is None:
            self.settled += 1
            self.running.pop(progress.check.id, None)
            if progress.label not in PASSED:
                self._line(self._safe(f"{progress.label.value:<8} {progress.check.id}"))
        self._tick()

    def _sampled(self, progress: Progress) -> None:
        sample = progress.sample
        assert sample is not None  # noqa: S101 - asked by the only caller
        self.samples += 1
        self.running[progress.check.id] = None
        if not sample.met:
            self.failed += 1
            self._line(self._safe(f"✗ {progress.check.id}: {sample.signature}"))

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self.told < (REFRESH_S if self.live else PLAIN_EVERY_S):
            return
        self.told = now
        text = f"{self.settled} settled · {self.samples} samples, {self.failed} failed · {', '.join(self.running)}"
        if self.live:
            self.shown = self._safe(text)[: self.width - 1]
            self.out.write(f"\r\x1b[2K{self.shown}")
        else:
            self._line(self._safe(text)[:200])

    def _safe(self, text: str) -> str:
        return (for_terminal if self.live else for_log)(self.clean(text))

    def _line(self, text: str) -> None:
        if self.shown:
            self.out.write("\r\x1b[2K")
            self.shown = ""
        self.out.write(text + "\n")

    def close(self) -> None:
        if self.shown:
            self.out.write("\r\x1b[2K")
        if self.group:
            self._line("::endgroup::")
        self.out.close()


def teller(
    out: TextIO, environ: Mapping[str, str], clean: Callable[[str], str], *, quiet: bool, width: int
) -> "Silent | Teller":
    """Choose how progress is told."""
    if quiet:
        return Silent()
    on_runner = environ.get("GITHUB_ACTIONS") == "true"
    live = out.isatty() and not on_runner and environ.get("TERM") != "dumb"
    return Teller(Outlet(out), live=live, group=on_runner, clean=clean, width=width)
