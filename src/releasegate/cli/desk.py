"""A job in, its desk at GitHub out, with live clocks; and no signal that leaves a pending status behind."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

import click

from releasegate.cli.stopping import SIGNALS, handlers_kept, unwanted
from releasegate.errors import EXIT_INTERRUPTED
from releasegate.foreign import for_log
from releasegate.github import publish
from releasegate.github.desk import ENDED, Desk
from releasegate.github.intents import CANCELLED
from releasegate.github.job import Job
from releasegate.github.nouns import Hub, Subject


class Struck(BaseException):
    """A signal came while nobody else listened."""


def desk_of(job: Job, subject: Subject) -> Desk:
    def reach() -> Hub:
        from releasegate.github.client import GithubHub

        return GithubHub(
            job,
            subject.repository,
            clock=time.monotonic,
            wall=time.time,
            sleep=time.sleep,
            budget_s=publish.BEFORE_S,
        )

    return Desk(job, subject, reach=reach, clock=time.monotonic, wall=time.time, say=_say)


def _say(said: str) -> None:
    with suppress(OSError):
        click.echo("\n".join(f"releasegate: {for_log(line)}" for line in said.splitlines()), err=True)


@contextmanager
def attended(desk: Desk) -> Iterator[None]:
    """Leave no pending status behind, however this ends. Raises SystemExit when a signal ends it."""

    def strike(number: int, _frame: FrameType | None) -> NoReturn:
        raise Struck(number)

    with handlers_kept():
        for number in SIGNALS:
            if not unwanted(number):
                signal.signal(number, strike)
        try:
            yield
        except Struck:
            _hear_nothing()
            desk.close(CANCELLED)
            raise SystemExit(EXIT_INTERRUPTED) from None
        except BaseException:
            _hear_nothing()
            desk.close(ENDED)
            raise


def _hear_nothing() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
