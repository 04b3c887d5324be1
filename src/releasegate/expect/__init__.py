"""Demands and what was found in, expectations out: met or not, with both kept, in words and for a second judging."""

from releasegate.config.shape import MISSING
from releasegate.expect.again import holds, rejudge, why
from releasegate.expect.demand import Demand, bound_s
from releasegate.expect.judge import (
    judge_duration,
    judge_json,
    judge_size,
    judge_value,
    matches_where,
    meets,
    meets_json,
    only_refuses,
)
from releasegate.expect.shapes import Bound, JsonExpect, SizeBound, StatusExpect, ValueExpect
from releasegate.expect.violate import VACUOUS, violate_json, violate_value

__all__ = [
    "MISSING",
    "VACUOUS",
    "Bound",
    "Demand",
    "JsonExpect",
    "SizeBound",
    "StatusExpect",
    "ValueExpect",
    "bound_s",
    "holds",
    "judge_duration",
    "judge_json",
    "judge_size",
    "judge_value",
    "matches_where",
    "meets",
    "meets_json",
    "only_refuses",
    "rejudge",
    "violate_json",
    "violate_value",
    "why",
]
