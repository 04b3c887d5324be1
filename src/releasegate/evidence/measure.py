"""A metric's declaration and the file that another tool wrote in, its value in the base unit out, or why there is none.

Pure: who opens the file says what it is and how old. Nothing is guessed: one finite number, young enough, or no value.
"""

import math
from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from releasegate import strictjson
from releasegate.config.model import MetricDecl
from releasegate.config.shape import DURATION_UNITS, SIZE_UNITS, duration_text
from releasegate.jsonpath import TooManyNodes, compile_path
from releasegate.model import Measurement

CLOCKS_APART_S = 1.0
"""By so much the clock of a file system may be ahead of ours."""
A_WHOLE = 100
FACTORS = {**DURATION_UNITS, **SIZE_UNITS}
KINDS = {str: "text", bool: "a boolean", type(None): "null", list: "a list", dict: "an object"}


class Written(Struct, frozen=True, kw_only=True):
    """What stood in the file, and for how many seconds; or the `problem` that kept it from being read."""

    data: bytes = b""
    age_s: float | None = None
    problem: str | None = None


def measure(name: str, declared: MetricDecl, written: Written) -> Measurement:
    """Give what the file says. A `problem` is one sentence that begins with the file's name."""
    found, problem = _read(written, declared.at)
    return concluded(
        Measurement(
            name=name,
            file=declared.file,
            at=declared.at,
            unit=declared.unit,
            max_age_s=declared.max_age_s,
            found=found,
            age_s=None if written.age_s is None else round(written.age_s, 3),
            problem=f"{declared.file} {problem}" if problem else None,
        )
    )


def concluded(measured: Measurement) -> Measurement:
    """Give the measurement with the value that its number, unit and age come to. A problem that it has stays."""
    if measured.problem is not None:
        return replace(measured, value=None)
    problem = _too_old(measured) or _no_quantity(measured)
    if problem:
        return replace(measured, value=None, problem=f"{measured.file} {problem}")
    return replace(measured, value=_in_base_unit(measured))


def declared_of(measured: Iterable[Measurement]) -> dict[str, MetricDecl]:
    """Give the declarations that measurements speak of, by name."""
    return {m.name: MetricDecl(file=m.file, at=m.at, unit=m.unit, max_age_s=m.max_age_s) for m in measured}


def _read(written: Written, at: str) -> tuple[float | None, str | None]:
    if written.problem is not None:
        return None, written.problem
    try:
        values = compile_path(at).select(strictjson.parse(written.data))
    except strictjson.NotJson as why:
        return None, f"is not JSON: {why}"
    except TooManyNodes as why:
        return None, f"cannot be searched: {why}"
    if len(values) != 1:
        return None, f"has {len(values):,} values at {at}, one is asked for" if values else f"has nothing at {at}"
    return _number(values[0], at)


def _number(value: Any, at: str) -> tuple[float | None, str | None]:
    kind = KINDS.get(type(value))
    if kind:
        return None, f"has {kind} at {at}, a number is asked for"
    try:
        return float(value), None
    except OverflowError:
        return None, f"has a number beyond every bound at {at}"


def _too_old(measured: Measurement) -> str | None:
    age_s = measured.age_s
    if age_s is None:
        return "has no age"
    if age_s < -CLOCKS_APART_S:
        return f"was written {duration_text(-age_s)} in the future: its age cannot be told"
    if age_s > measured.max_age_s:
        return f"is {duration_text(age_s)} old, at most {duration_text(measured.max_age_s)} is allowed"
    return None


def _no_quantity(measured: Measurement) -> str | None:
    """Say why a number cannot be of its unit: most likely the tool writes another one."""
    found, unit = measured.found, measured.unit
    if found is None:
        return "has no number"
    if not math.isfinite(_in_base_unit(measured)):
        return f"has a number beyond every bound at {measured.at}"
    if unit == "%" and not 0 <= found <= A_WHOLE:
        return f"says {found:.6g} %, which is no share of a whole: is that its unit?"
    if unit in FACTORS and found < 0:
        return f"says {found:.6g} {unit}, less than nothing: is that its unit?"
    return None


def _in_base_unit(measured: Measurement) -> float:
    """Give shares of 1, seconds, bytes, in the same steps as a rule's threshold; a number of another unit as it is."""
    found = measured.found or 0.0
    return found / 100 if measured.unit == "%" else found * FACTORS.get(measured.unit or "", 1)
