"""What PostgreSQL answered, as it writes it, in; JSON values out. Pure."""

from typing import Any

from releasegate import strictjson

AS_JSON = frozenset({20, 21, 23, 26, 114, 700, 701, 1700, 3802})
"""The types whose text is JSON: int8, int2, int4, oid, json, float4, float8, numeric, jsonb."""
BOOL = 16


class Unreadable(ValueError):  # noqa: N818 - a finding about staging, not an error of ours
    """A value or a row has no JSON form; the message says why."""


def value_of(column: str, kind: int, text: bytes | None) -> Any:
    """Give a value: numbers, booleans, JSON and null as such, all else as the text that PostgreSQL writes.

    Raises Unreadable for NaN, infinity, and what is no UTF-8 or no strict JSON.
    """
    if text is None:
        return None
    if kind == BOOL:
        return text == b"t"
    try:
        return strictjson.parse(text) if kind in AS_JSON else text.decode()
    except strictjson.NotJson as error:
        said = text.decode(errors="replace")
        shown = said if len(said) <= 20 else error  # noqa: PLR2004 - NaN, Infinity, a short number
        raise Unreadable(f"{column} is no JSON value: {shown}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{column} is no UTF-8 text") from None


def demand_names(columns: list[str]) -> None:
    """Refuse columns of one name: an object could hold only one of them. Raises Unreadable."""
    for column in columns:
        if columns.count(column) > 1:
            raise Unreadable(f'two columns are called "{column}": name them with AS')
