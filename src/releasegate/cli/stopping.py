"""Signals that end a job in, a run that stops in good order out; and nothing that takes the evidence of one away."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from releasegate.errors import EXIT_INTERRUPTED

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
SIGNALS: tuple[signal.Signals, ...] = tuple(getattr(signal, name) for name in NAMES if hasattr(signal, name))
"""What a runner stops a job with: on Windows Ctrl-C, then Ctrl-Break."""


def unwanted(number: signal.Signals) -> bool:
    """Tell whether whoever started us wants a signal ignored: nohup does so with SIGHUP."""
    return number.name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Give the signals back to whom they belonged."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_on_signals(stop: asyncio.Event, say: Callable[[str], None]) -> None:
    """Stop in good order at the first signal; a second SIGINT leaves at once."""
    loop = asyncio.get_running_loop()

    def heard(number: int) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise SystemExit(EXIT_INTERRUPTED)
        say("stopping: cleaning up and writing the evidence so far")
        stop.set()

    for number in SIGNALS:
        if unwanted(number):
            continue
        try:
            loop.add_signal_handler(number, heard, number)
        except NotImplementedError:  # Windows' loops take no signal handlers
            signal.signal(number, lambda got, _frame: loop.call_soon_threadsafe(heard, got))


def ignore_signals() -> None:
    """Hear nothing any more, for as long as the evidence is written.

    asyncio's handlers go with its loop, before that: a runner that cancels a job sends SIGTERM just then, 7.5 s after
    its SIGINT.
    """
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        with suppress(NotImplementedError):
            loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)
