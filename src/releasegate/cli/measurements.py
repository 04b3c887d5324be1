"""The metrics of a config in, what other tools wrote out: regular files, bounded, below here, and not committed."""

import os
import stat
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from releasegate.config.model import MetricDecl
from releasegate.evidence.measure import Written, measure
from releasegate.model import Measurement

LARGEST = 5 * 2**20
GIT_S = 10.0
"""Bound on all that git is asked in one run."""
TRACKED, NOT_TRACKED = 0, 1
OF_ANOTHER_REPOSITORY = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR"})
"""Variables that a hook sets and that would have git look somewhere else."""


def measurements(
    declared: Mapping[str, MetricDecl], directory: Path, environ: Mapping[str, str], clock: Callable[[], float]
) -> tuple[Measurement, ...]:
    """Read every metric's file below the directory. What stands in the way is part of the answer; nothing is raised."""
    git = Git(environ)
    return tuple(
        measure(name, metric, _written(directory, metric.file, git, clock)) for name, metric in declared.items()
    )


def _written(directory: Path, name: str, git: "Git", clock: Callable[[], float]) -> Written:
    try:
        root = directory.resolve()
        place = (root / name).resolve(strict=True)
        if not place.is_relative_to(root):
            return Written(problem="leads out of the directory that the gate runs in")
        return _read(place, clock) if (why := git.objects_to(place)) is None else Written(problem=why)
    except FileNotFoundError:
        return Written(problem="is not there")
    except (OSError, RuntimeError, ValueError) as problem:  # a circle of links is a RuntimeError up to Python 3.12
        return Written(problem=f"cannot be read: {getattr(problem, 'strerror', None) or problem}")


def _read(place: Path, clock: Callable[[], float]) -> Written:
    with open(place, "rb", opener=_without_waiting) as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            return Written(problem="is no regular file")
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        return Written(problem=f"is larger than {LARGEST // 2**20} MiB")
    return Written(data=data, age_s=clock() - info.st_mtime)


def _without_waiting(path: str, flags: int) -> int:
    """Open without waiting for who writes into a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


class Git:
    """Asked whether a file is committed. A checkout makes the oldest number look new, so that its age does not tell."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        here = {name: value for name, value in environ.items() if name not in OF_ANOTHER_REPOSITORY}
        self.environ = {**here, "LC_ALL": "C"}
        self.until = time.monotonic() + GIT_S

    def objects_to(self, place: Path) -> str | None:
        """Say why the file may be no measurement of this run: it is tracked, or git cannot say so. Raises OSError.

        Git is told which repository. It would take a directory that looks like one for one, and obey its config: such a
        directory can be committed, unlike a `.git`.
        """
        tree = next((parent for parent in place.parents if (parent / ".git").exists()), None)
        if tree is None:
            return None
        which = [f"--git-dir={tree / '.git'}", f"--work-tree={tree}", "--literal-pathspecs"]
        asked = ["git", "-C", str(tree), *which, "ls-files", "--error-unmatch", "--", str(place.relative_to(tree))]
        left_s = max(0.0, self.until - time.monotonic())
        try:
            done = subprocess.run(  # noqa: S603 - no shell, and the name stands behind --
                asked, env=self.environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=left_s, check=False
            )
        except FileNotFoundError:
            return "stands in a repository, and there is no git to ask whether it is committed: install it"
        except subprocess.TimeoutExpired:
            return f"may be committed: git did not say so within {GIT_S:g} s"
        if done.returncode == TRACKED:
            return "is committed, so it is no measurement of this run: let the tool write to a path that git ignores"
        if done.returncode == NOT_TRACKED:
            return None
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {done.returncode}"]
        return f"may be committed: git cannot tell ({said[0]:.200})"
