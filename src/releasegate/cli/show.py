"""Text in, stdout out: the one place where a command prints what it is about."""

import os
import sys
from typing import Any

import click

from releasegate.errors import NotPublishedError


def in_json(answer: Any) -> str:
    """Write an object for a machine, in one line in which a runner finds no command: not even in the middle."""
    import json

    return json.dumps(answer, ensure_ascii=False).replace("##[", "#\\u0023[")


def show(text: str, *, color: bool | None = None) -> None:
    """Print a text. A reader that left is no error; raises NotPublishedError when it cannot be written."""
    try:
        click.echo(text, color=color)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the end of the process flushes once more
    except OSError as problem:
        raise NotPublishedError(f"stdout cannot be written: {problem.strerror}") from problem
