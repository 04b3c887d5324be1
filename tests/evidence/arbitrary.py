"""Evidence of any content at all, drawn from the very types that write the file: `EVIDENCE` is a strategy."""

import functools
import operator

import msgspec
from hypothesis import strategies as st

from releasegate.evidence.assemble import SCHEMA
from releasegate.model import Evidence

TEXT = st.text(max_size=12)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | FLOAT | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
PLAIN = {
    msgspec.inspect.NoneType: st.none(),
    msgspec.inspect.BoolType: st.booleans(),
    msgspec.inspect.IntType: st.integers(-(2**63), 2**63 - 1),
    msgspec.inspect.FloatType: FLOAT,
    msgspec.inspect.StrType: TEXT,
    msgspec.inspect.AnyType: JSON,
}


def strategy_of(info, within=()):  # noqa: PLR0911 - one line for each type
    """Give the strategy of a type as msgspec sees it. A struct never stands within one of its own type."""
    match info:
        case msgspec.inspect.StructType(cls=cls, fields=fields):
            if cls in within:
                return st.nothing()
            return st.builds(cls, **{field.name: strategy_of(field.type, (*within, cls)) for field in fields})
        case msgspec.inspect.EnumType(cls=cls):
            return st.sampled_from(list(cls))
        case msgspec.inspect.UnionType(types=types):
            return functools.reduce(operator.or_, (strategy_of(one, within) for one in types))
        case msgspec.inspect.ListType(item_type=item):
            return st.lists(strategy_of(item, within), max_size=2)
        case msgspec.inspect.VarTupleType(item_type=item):
            return st.lists(strategy_of(item, within), max_size=2).map(tuple)
        case msgspec.inspect.DictType(value_type=value):
            return st.dictionaries(TEXT, strategy_of(value, within), max_size=2)
    return PLAIN[type(info)]


EVIDENCE = strategy_of(msgspec.inspect.type_info(Evidence)).map(lambda e: msgspec.structs.replace(e, schema=SCHEMA))
