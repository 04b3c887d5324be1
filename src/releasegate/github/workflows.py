"""The texts of a repository's workflows in, the jobs that run the gate and how they are started out. Pure."""

import re
from collections.abc import Mapping
from typing import Any

import yaml
from msgspec import Struct

ACTION = re.compile(r"(?:[\w.-]+/)+releasegate(?:/[\w./-]+)?@.+|(?:\./)?[\w./-]*releasegate[\w./-]*")
COMMAND = re.compile(r"\breleasegate\s+(?:gate|publish)\b")


LOCAL = re.compile(r"""\buses["']?\s*:\s*["']?\./([^\s"'#,}\]]+)""")
"""What a workflow runs of its own repository: an action in a directory, or another workflow."""
WORKFLOW = re.compile(r".+\.ya?ml")


class GateJob(Struct, frozen=True, kw_only=True):
    """A job that tells the gate's verdict. `statuses`: it may set one; `filtered` names events with a paths filter."""

    path: str
    job: str
    events: tuple[str, ...]
    filtered: tuple[str, ...]
    statuses: bool


class Workflows(Struct, frozen=True, kw_only=True):
    """`names` are those of all jobs, as checks show them; `unread` the files that are no workflows."""

    gates: tuple[GateJob, ...] = ()
    names: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def workflows_of(texts: Mapping[str, str]) -> Workflows:
    """Read workflows by path. A file that is none is named, and no reason to stop."""
    gates: list[GateJob] = []
    names: list[str] = []
    unread: list[str] = []
    for path, text in sorted(texts.items()):
        try:
            # The base loader makes nothing but text, lists and mappings: `on` stays a word.
            whole = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
        except (yaml.YAMLError, RecursionError):
            unread.append(path)
            continue
        jobs = _mapping(_mapping(whole).get("jobs"))
        if not jobs:
            unread.append(path)
        names += [str(_mapping(job).get("name") or key) for key, job in jobs.items()]
        gates += [_gate(path, key, _mapping(job), _mapping(whole)) for key, job in jobs.items() if _runs(job)]
    return Workflows(gates=tuple(gates), names=tuple(names), unread=tuple(unread))


def used_by(text: str) -> tuple[str, ...]:
    """Give the paths of the actions and workflows of the same repository that a workflow uses."""
    return tuple(dict.fromkeys(path.rstrip("/") for path in LOCAL.findall(text)))


def _gate(path: str, key: str, job: dict[str, Any], whole: dict[str, Any]) -> GateJob:
    started = whole.get("on")
    events: list[Any] = list(_mapping(started)) or (started if isinstance(started, list) else [started])
    filtered = [name for name, more in _mapping(started).items() if {"paths", "paths-ignore"} & _mapping(more).keys()]
    allowed = job.get("permissions", whole.get("permissions"))
    writes = allowed == "write-all" or _mapping(allowed).get("statuses") == "write"
    return GateJob(
        path=path, job=key, events=tuple(map(str, events)), filtered=tuple(map(str, filtered)), statuses=writes
    )  # fmt: skip


def _runs(job: Any) -> bool:
    steps = _mapping(job).get("steps")
    return any(_says(_mapping(step)) for step in (steps if isinstance(steps, list) else []))


def _says(step: dict[str, Any]) -> bool:
    judges = _mapping(step.get("with")).get("command", "gate") == "gate"  # the action's other commands tell no verdict
    used = judges and ACTION.fullmatch(str(step.get("uses", "")))
    return bool(used or COMMAND.search(str(step.get("run", ""))))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
