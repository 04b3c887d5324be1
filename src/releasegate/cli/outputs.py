"""The paths that a run will write in, made ready: nothing else is overwritten, nothing of an earlier run is left."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from releasegate.errors import UsageError

OWN_DIRECTORY = ".releasegate"
SIGN = b'{"schema":"releasegate/evidence/'


class Outputs(Struct, frozen=True, kw_only=True):
    """Where evidence and reports go. Only the evidence is always written, and read back."""

    evidence: str
    junit: str | None = None
    markdown: str | None = None

    def prepare(self, *configs: str, changed_files: str | None = None) -> None:
        """Refuse what cannot be written, and what should not be; take away what an earlier run wrote.

        So when this run dies, nothing green lies where its own answer should be. Raises UsageError.
        """
        known = {_real(config): "the config" for config in configs}
        if changed_files:
            known[_real(changed_files)] = "the list of changed files"
        for option, path in self._named():
            other = known.setdefault(_real(path), option)
            if other != option:
                raise UsageError(f"{option} {path} is {other}; give it a path of its own")
            try:
                _make_ready(path, option)
            except OSError as problem:
                raise UsageError(f"cannot write {option} {path}: {problem.strerror}") from problem

    def _named(self) -> Iterator[tuple[str, str]]:
        yield "--evidence", self.evidence
        if self.junit:
            yield "--junit", self.junit
        if self.markdown:
            yield "--markdown", self.markdown


def _real(path: str) -> str:
    return os.path.realpath(path)


def _make_ready(path: str, option: str) -> None:
    place = Path(path)
    if not place.parent.exists():
        place.parent.mkdir(parents=True)
        if place.parent.name == OWN_DIRECTORY:  # what staging said is not to be committed by the way
            (place.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    if not os.access(place.parent, os.W_OK):
        raise UsageError(f"cannot write {option} {path}: its directory is read-only")
    try:
        mode = place.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise UsageError(f"{option} {path} is a directory; name a file in it")
    if option != "--evidence" and not stat.S_ISREG(mode):
        return  # /dev/stdout and its like take what they are given
    if option == "--evidence":
        _demand_ours(place, mode)
    place.unlink()


def _demand_ours(place: Path, mode: int) -> None:
    """Refuse to replace what no gate wrote. Raises UsageError, OSError."""
    if not stat.S_ISREG(mode) or place.is_symlink():
        raise UsageError(f"--evidence {place} is no regular file: it is read back after it was written")
    with place.open("rb") as file:
        beginning = file.read(len(SIGN))
    if beginning and beginning != SIGN:
        raise UsageError(f"--evidence {place} exists and is no evidence of a gate; remove it, or choose another path")
