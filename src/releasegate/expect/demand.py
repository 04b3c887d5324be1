"""What is demanded of one subject: frozen, compiled, with its words ready."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import force_setattr

from releasegate import pattern, template
from releasegate.expect import text
from releasegate.model import Level

Unit = Callable[[float], str]

_UNITS: dict[str, Unit] = {"latency": text.duration, "within": text.duration, "size": text.size}
_SIDES = {"min": "≥", "max": "≤"}


class Demand(Struct, frozen=True):
    """`subject` is a JSONPath, `status`, `latency`, `header x` …; `value` may hold Templates.

    `constant` and `words` follow from the others: whether a scope is needed, and the demand as text.
    """

    subject: str
    operator: str
    value: Any
    level: Level = Level.FAIL
    constant: bool = True
    words: str = ""

    def __post_init__(self) -> None:
        constant = next(template.names_in(self.value), None) is None
        force_setattr(self, "constant", constant)
        force_setattr(self, "words", self.said(self.value))

    @property
    def unit(self) -> Unit | None:
        """The writer of this subject's numbers; None where the subject does not say its unit."""
        return _UNITS.get(self.subject)

    def said(self, operand: Any, unit: Unit | None = None) -> str:
        """Write the demand with this operand, in a unit."""
        unit = unit or self.unit
        name = text.flat(self.subject)
        if unit and self.operator in _SIDES and isinstance(operand, (int, float)):
            return f"{name} {_SIDES[self.operator]} {unit(operand)}"
        return f"{name} {text.said(self.operator, operand)}"


def resolve(operator: str, value: Any, scope: Mapping[str, Any]) -> Any:
    """Fill an operand. Raises KeyError on a hole that nothing fills.

    What fills a hole of a pattern stands for itself: staging cannot send `.*` and be matched by it.
    """
    if operator == "matches" and isinstance(value, template.Template):
        filled = [pattern.literal(template.as_text(scope[name])) for name in value.parts[1::2]]
        return value.parts[0] + "".join(map("".join, zip(filled, value.parts[2::2], strict=True)))
    if operator == "not" and isinstance(value, dict):
        return {inner: resolve(inner, operand, scope) for inner, operand in value.items()}
    return template.fill(value, scope)


def bound_s(demands: Iterable[Demand]) -> float | None:
    """Give the failing bound of a `Bound` in seconds; None if it only warns."""
    bounds = [d.value for d in demands if d.operator == "max" and d.level is Level.FAIL]
    return float(min(bounds)) if bounds else None
