"""The path of a list of changed files in, what the change comes to for a config out."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from releasegate.changes.impact import Impact, assess
from releasegate.config.model import Config
from releasegate.errors import UsageError

if TYPE_CHECKING:
    from releasegate.changes.listing import Listing

LARGEST = 100 * 2**20

changed_files_option = click.option(
    "--changed-files", metavar="FILE",
    help="What `git diff --raw -z --no-renames BASE...HEAD` says, or GitHub's list of a pull request's files as JSON: "
    "if all are harmless, only the critical checks run.",
)  # fmt: skip


def read_changes(path: str | None, config: Config) -> Impact | None:
    """Read the list and judge it; None without one. Raises UsageError when there is none there, or it is no list."""
    if path is None:
        return None
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as problem:
        raise UsageError(f"cannot read --changed-files {path}: {problem.strerror}") from problem
    if len(data) > LARGEST:
        raise UsageError(f"--changed-files {path} is larger than {LARGEST // 2**20} MiB")
    from releasegate.changes.listing import read

    return impact_of(read(data), config)


def impact_of(listing: "Listing", config: Config) -> Impact:
    """Judge a list of changed files."""
    files = (*config.files, *(target.ca for target in config.targets.values() if target.ca))
    own = (*files, *map(os.path.realpath, files))
    return assess(listing, config.changes.get("harmless", ()), own)
