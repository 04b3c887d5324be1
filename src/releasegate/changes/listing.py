"""What git or GitHub says of changed files in, each file with what may keep it from being harmless out. Pure.

Read are `git diff --raw` and `--name-status`, with and without `-z`, and the JSON of GitHub's list of a pull request's
files. Each says how a file changed: a list of bare names hides what a rename took away, and is refused.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from releasegate import strictjson
from releasegate.errors import UsageError

MOST_OF_GITHUB = 3000
"""GitHub lists no more files of a pull request."""
PLAIN = frozenset({"A", "M", "D", "added", "modified", "removed"})
TWO_PATHS = frozenset({b"R", b"C"})
STATUSES = {
    "R": "was renamed", "C": "was copied", "T": "changed its type", "U": "is not merged",
    "renamed": "was renamed", "copied": "was copied", "changed": "changed its type",
}  # fmt: skip
MODES = {b"160000": "is a submodule", b"120000": "is a link"}
HEAD = re.compile(rb"(?::(?P<old>\d{6}) (?P<new>\d{6}) [0-9a-f]+\.* [0-9a-f]+\.* )?(?P<status>[A-Z])\d{0,3}")
ESCAPE = re.compile(rb'\\(?:([0-7]{3})|([abtnvfr"\\]))')
ESCAPED = dict(zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True))
SUBMODULE = re.compile(r"^[-+]Subproject commit [0-9a-f]{40}", re.MULTILINE)
EMPTY = "the list of changed files is empty"
REMEDY = "write it with: git diff --raw -z --no-renames BASE...HEAD; or give GitHub's list of the files, as JSON"


class Change(Struct, frozen=True):
    """One file. `why` says what keeps it from being harmless, whatever its path; None if nothing does."""

    path: str
    why: str | None = None


class Listing(Struct, frozen=True, kw_only=True):
    """All changed files, or the `problem` that tells that some may be missing. `digest` is that of what was given."""

    changes: tuple[Change, ...]
    digest: str
    problem: str | None = None


class _Cut(Exception):  # noqa: N818 - the list is not whole: that is an answer, no error
    """The list ends within a file."""


def read(data: bytes) -> Listing:
    """Read a list. Raises UsageError when it is none, or does not say how files changed."""
    digest = _digest(data)
    try:
        if data.lstrip()[:1] in {b"[", b"{"}:
            return of_github(_parsed(data), digest)
        changes = tuple(_of_git(data)) if data.strip() else ()
    except _Cut as cut:
        return Listing(changes=(), digest=digest, problem=f"the list of changed files is cut: {cut}")
    return Listing(changes=changes, digest=digest, problem=None if changes else EMPTY)


def of_github(files: Iterable[Any], digest: str | None = None) -> Listing:
    """Take GitHub's list of a pull request's files, its JSON parsed. Raises UsageError when it is none."""
    rows = list(files)
    changes = tuple(map(_file, rows))
    problem = None if changes else EMPTY
    if len(changes) >= MOST_OF_GITHUB:
        problem = f"GitHub lists no more than {MOST_OF_GITHUB:,} files, there may be others"
    return Listing(changes=changes, digest=digest or _digest(msgspec.json.encode(rows)), problem=problem)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _of_git(data: bytes) -> Iterator[Change]:
    """Read records that each end with a NUL, or lines."""
    ended = b"\0" if b"\0" in data else b"\n"
    if not data.endswith(ended):
        raise _Cut("its last entry does not end")
    fields = iter(data[:-1].split(b"\0"))
    records = _ended_by_nul(fields) if ended == b"\0" else map(_line, data[:-1].split(b"\n"))
    return (_change(head, paths) for head, paths in records)


def _ended_by_nul(fields: Iterator[bytes]) -> Iterator[tuple[re.Match[bytes], list[bytes]]]:
    for field in fields:
        head = _head(field)
        yield head, list(islice(fields, 1 + (head["status"] in TWO_PATHS)))


def _line(line: bytes) -> tuple[re.Match[bytes], list[bytes]]:
    head, *paths = line.split(b"\t")
    return _head(head), [_unquoted(path) for path in paths]


def _head(field: bytes) -> re.Match[bytes]:
    head = HEAD.fullmatch(field)
    if head is None:
        raise UsageError(f"the list of changed files does not say how each of them changed; {REMEDY}")
    return head


def _unquoted(path: bytes) -> bytes:
    r"""Give a path that git wrote between quotes, as `"\303\251.md"`."""
    if len(path) < len('""') or not path.startswith(b'"') or not path.endswith(b'"'):
        return path
    return ESCAPE.sub(lambda m: bytes([int(m[1], 8) & 0xFF]) if m[1] else bytes([ESCAPED[m[2][0]]]), path[1:-1])


def _change(head: re.Match[bytes], paths: list[bytes]) -> Change:
    status = head["status"]
    if len(paths) != 1 + (status in TWO_PATHS):
        raise _Cut("an entry lacks its path")
    try:
        *old, path = (path.decode() for path in paths)
    except UnicodeDecodeError:
        return Change(paths[-1].decode(errors="replace"), "has a name that is not UTF-8")
    mode = MODES.get(head["new"]) or MODES.get(head["old"])
    return Change(path, mode or _why(status.decode(), old[0] if old else None))


def _parsed(data: bytes) -> list[Any]:
    try:
        value = strictjson.parse(data)
    except strictjson.NotJson as why:
        raise _Cut(f"it is not whole JSON ({why})") from None
    files: list[Any] = value if isinstance(value, list) else [None]
    if all(isinstance(page, list) for page in files):  # as `gh api --paginate --slurp` gives them
        files = [file for page in files for file in page]
    return files


def _file(file: Any) -> Change:
    path, status = (file.get("filename"), file.get("status")) if isinstance(file, dict) else (None, None)
    if not isinstance(path, str) or not isinstance(status, str):
        raise UsageError(
            f"the list of changed files is JSON, and not GitHub's list of a pull request's files; {REMEDY}"
        )
    if SUBMODULE.search(str(file.get("patch"))):
        return Change(path, MODES[b"160000"])
    return Change(path, _why(status, file.get("previous_filename")))


def _why(status: str, old: Any) -> str | None:
    if status in PLAIN and old is None:
        return None
    told = STATUSES.get(status, f"has the status {status}")
    return f"{told} from {old}" if isinstance(old, str) else told
