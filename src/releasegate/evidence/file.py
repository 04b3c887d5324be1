"""Evidence in, its file out, and back: JSON, versioned, bounded, written whole or not at all."""

import os
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from releasegate.errors import EvidenceError, UsageError
from releasegate.evidence.assemble import SCHEMA
from releasegate.model import CheckResult, Evidence, Sample

LARGEST = 20 * 2**20
LARGEST_READ = 500 * 2**20
PRIVATE = 0o600


def encode(evidence: Evidence) -> bytes:
    """Give the file's bytes. What is dropped to stay within 20 MiB is said in `dropped`; no sample ever is."""
    try:
        encoded = msgspec.json.encode(evidence)
    except UnicodeEncodeError:
        evidence = msgspec.convert(_in_unicode(msgspec.to_builtins(evidence)), Evidence)
        encoded = msgspec.json.encode(evidence)
    for said, drop in (
        ("the excerpts of answers were left out, for size", _without_excerpts),
        ("the timelines of samples that met their demands were left out, for size", _without_green_timelines),
        ("the phases and contacts of readings beside failures were left out, for size", _with_bare_readings),
    ):
        if len(encoded) <= LARGEST:
            break
        checks = tuple(drop(check) for check in evidence.checks)
        evidence = replace(evidence, checks=checks, dropped=(*evidence.dropped, said))
        encoded = msgspec.json.encode(evidence)
    return encoded


def _in_unicode(value: Any) -> Any:
    """Replace what no file can hold: halves of characters that staging sent alone."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case list() | tuple():
            return [_in_unicode(item) for item in value]
        case dict():
            return {_in_unicode(key): _in_unicode(item) for key, item in value.items()}
    return value


def _without_excerpts(check: CheckResult) -> CheckResult:
    return replace(check, samples=tuple(_without_excerpt(sample) for sample in check.samples))


def _without_excerpt(sample: Sample) -> Sample:
    said = tuple(replace(reading, sample=replace(reading.sample, excerpt=None)) for reading in sample.diagnosis)
    return replace(sample, excerpt=None, diagnosis=said)


def _without_green_timelines(check: CheckResult) -> CheckResult:
    return replace(check, samples=tuple(replace(s, timeline=()) if s.met else s for s in check.samples))


def _with_bare_readings(check: CheckResult) -> CheckResult:
    """Keep of readings what a verdict and its reasons rest on."""
    return replace(check, samples=tuple(_with_bare(sample) if sample.diagnosis else sample for sample in check.samples))


def _with_bare(sample: Sample) -> Sample:
    bare = {"phases": (), "contact": (), "timeline": (), "notes": ()}
    return replace(
        sample, diagnosis=tuple(replace(one, sample=replace(one.sample, **bare)) for one in sample.diagnosis)
    )


def write(evidence: Evidence, path: Path) -> None:
    """Write the file whole or not at all. Raises UsageError when the place cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
                file.write(encode(evidence))
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as problem:
        raise UsageError(f"cannot write the evidence to {path}: {problem.strerror}") from problem


def decode(encoded: bytes) -> Evidence:
    """Read the file's bytes. Raises EvidenceError when they are not whole, or not of this version."""
    try:
        version = msgspec.json.decode(encoded, type=_Version)
        if version.schema != SCHEMA:
            raise EvidenceError(f"this version reads {SCHEMA}, the file is {version.schema!r}")
        return msgspec.json.decode(encoded, type=Evidence)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise EvidenceError(f"the evidence cannot be read: {problem}; run the gate again") from problem


class _Version(msgspec.Struct):
    schema: str


def read(path: Path) -> Evidence:
    """Read the file. Raises EvidenceError when it is missing, too large or unreadable."""
    try:
        with path.open("rb") as file:
            encoded = file.read(LARGEST_READ + 1)
    except OSError as problem:
        raise EvidenceError(f"cannot read {path}: {problem.strerror}; run the gate again") from problem
    if len(encoded) > LARGEST_READ:
        raise EvidenceError(f"{path} is larger than {LARGEST_READ} bytes: no gate wrote it")
    return decode(encoded)


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of the file, made from the types that write it."""
    made = msgspec.json.schema(Evidence)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"evidence.json of releasegate, {SCHEMA}",
        **made,
    }
