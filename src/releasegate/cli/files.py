"""Paths in, text and configs out: what several commands read, with errors that say what to do."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from releasegate.config.load import load
from releasegate.config.model import Config
from releasegate.errors import UsageError

if TYPE_CHECKING:
    from releasegate.config.pull import Source

CONFIG_PLACES = ("releasegate.yml", ".github/releasegate.yml")
LARGEST_EVENT = 5 * 2**20

config_option = click.option(
    "-c", "--config", "config_path", metavar="FILE",
    help=f"The gate's config.  [default: {', then '.join(CONFIG_PLACES)}]",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, nothing else.")


def find_config(given: str | None) -> Path:
    """Give the config's path. Raises UsageError when there is none."""
    for place in (given,) if given else CONFIG_PLACES:
        if Path(place).is_file():
            return Path(place)
    missing = given or " or ".join(CONFIG_PLACES)
    raise UsageError(f"there is no {missing}; write a first one with: releasegate init")


def read_text(path: Path) -> str:
    """Read a file as UTF-8. Raises UsageError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8"
        raise UsageError(f"cannot read {path}: {reason}") from problem


base_config_option = click.option(
    "--base-config", metavar="FILE",
    help="The base branch's config: what decides is taken from it, and from the other only what its checks do.",
)  # fmt: skip


def read_config(
    given: str | None, environ: Mapping[str, str], *, lenient_env: bool = False, base: str | None = None
) -> Config:
    """Find and load the config; suites' own files are read beside it. `base` is the base branch's, beside its own."""
    path = find_config(given)
    if base is not None:
        from releasegate.config.pull import judged

        return judged(_source(find_config(base)), _source(path), environ, file=str(path))
    return load(
        read_text(path), environ, file=str(path), read=lambda name: read_text(path.parent / name),
        lenient_env=lenient_env,
    )  # fmt: skip


def _source(path: Path) -> "Source":
    from releasegate.config.pull import Source

    return Source(read_text(path), lambda name: read_text(path.parent / name))


def read_event(environ: Mapping[str, str]) -> dict[str, Any]:
    """Give the payload of the runner's event, empty outside of one. Raises UsageError when it is unreadable."""
    path = environ.get("GITHUB_EVENT_PATH")
    if not path:
        return {}
    import json

    try:
        size = Path(path).stat().st_size
    except OSError as problem:
        raise UsageError(
            f"cannot read the event file {path}: {problem.strerror}; name the commit with --sha"
        ) from problem
    if size > LARGEST_EVENT:
        raise UsageError(f"the event file {path} is larger than {LARGEST_EVENT} bytes")
    try:
        payload = json.loads(read_text(Path(path)).removeprefix("\ufeff"))
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"the event file {path} is not JSON: {problem}") from problem
    return payload if isinstance(payload, dict) else {}


def write_text(path: str, text: str) -> None:
    """Write a report. Raises UsageError when the place cannot be written."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"cannot write {path}: {problem.strerror}") from problem


def coloured(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Tell whether colours are wanted: NO_COLOR wins, then FORCE_COLOR, then whether it is a terminal."""
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or (terminal and environ.get("TERM") != "dumb")


def environment() -> Mapping[str, str]:
    """Give the process's environment: read here, passed on as an argument."""
    return os.environ
