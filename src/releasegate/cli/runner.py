"""What a run came to in, the runner's files for it out: the job summary and the outputs of the step.

They need no token. Nothing is ever written to GITHUB_ENV or GITHUB_PATH.
"""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from releasegate.errors import UsageError
from releasegate.foreign import for_markdown
from releasegate.model import PASSED, Evidence, Label

LARGEST_SUMMARY = 2**20
"""Bytes of one step; of a larger summary GitHub shows nothing."""


def summarise(environ: Mapping[str, str], text: str, notes: Iterable[str] = ()) -> None:
    """Write the job summary, where there is a runner to show it. Raises UsageError."""
    told = "\n".join(f"- {for_markdown(note)}" for note in notes)
    parts = [part for part in (text, told) if part]
    _append(environ.get("GITHUB_STEP_SUMMARY"), "".join(f"{part}\n\n" for part in parts))


def output(environ: Mapping[str, str], values: Mapping[str, str]) -> None:
    """Tell later steps, each value behind a delimiter that nobody can guess. Raises UsageError."""
    lines: list[str] = []
    for name, value in values.items():
        end = f"end-{os.urandom(16).hex()}"
        lines += [f"{name}<<{end}", value, end]
    _append(environ.get("GITHUB_OUTPUT"), "".join(f"{line}\n" for line in lines))


def outputs_of(evidence: Evidence, path: str) -> dict[str, str]:
    counts = Counter(check.label for check in evidence.checks)
    score = evidence.verdict.score
    return {
        "verdict": evidence.verdict.state.value,
        "score": "" if score is None else f"{score:g}",
        "passed": str(sum(counts[label] for label in PASSED)),
        "failed": str(counts[Label.FAILED]),
        "regressions": str(counts[Label.REGRESSION]),
        "flaky": str(counts[Label.FLAKY]),
        "evidence-path": path,
    }


def _append(path: str | None, text: str) -> None:
    if not path or not text:
        return
    encoded = text.encode("utf-8", errors="replace")
    if len(encoded) > LARGEST_SUMMARY:
        raise UsageError(f"{path} would be larger than a runner takes")
    try:
        with Path(path).open("ab") as file:
            file.write(encoded)
    except OSError as problem:
        raise UsageError(f"cannot write {path}: {problem.strerror}") from problem
