"""A JSON Schema in, whether a value fits out. No reference leaves the schema, formats are checked.

Its patterns run on a linear-time engine, as all patterns of a gate do.
"""

import json
from functools import lru_cache
from typing import Any

MAX_SAID = 200
MAX_WHERE = 100


class BadSchema(ValueError):  # noqa: N818 - the name says what it is
    """A mapping that is no JSON Schema, or one that refers to something outside of itself."""


@lru_cache(maxsize=256)
def _compiled(text: str) -> Any:
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(
            json.loads(text), validate_formats=True, offline=True, pattern_options=jsonschema_rs.RegexOptions()
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise BadSchema(str(error).partition("\n")[0]) from None


def compile_schema(schema: dict[str, Any]) -> Any:
    """Compile once. Raises BadSchema."""
    return _compiled(json.dumps(schema, sort_keys=True))


def fits(schema: dict[str, Any], value: Any) -> bool:
    return bool(compile_schema(schema).is_valid(value))


def complaint(schema: dict[str, Any], value: Any) -> str:
    """Give the first thing that is wrong, in words; empty when nothing is."""
    import jsonschema_rs

    try:
        compile_schema(schema).validate(value)
    except jsonschema_rs.ValidationError as error:
        at = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
        return f"{at.lstrip('.')[:MAX_WHERE] + ': ' if at else ''}{_brief(error.message)}"
    return ""


def _brief(message: str) -> str:
    """Shorten the value that a message begins with; what is wrong with it stands at the end."""
    return message if len(message) <= MAX_SAID else f"{message[: MAX_SAID // 3]}…{message[-2 * MAX_SAID // 3 :]}"
