"""Strict JSON: what staging sends is read exactly, or refused with the reason; never a crash, never a stall."""

import json
import math
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from releasegate.strictjson import MAX_DEPTH, NotJson, parse

REFUSED = [
    (b"", "empty"),
    (b" \n\t ", "empty"),
    (b"\xef\xbb\xbf", "empty"),
    (b"\xff\xfe", "invalid UTF-8 at byte 0"),
    (b'"a\xc3"', "invalid UTF-8 at byte 2"),
    (b'{"a": 1, "a": 1}', 'duplicate key "a"'),
    (b'[{"b": {"k": 1, "x": 2, "k": 3}}]', 'duplicate key "k"'),
    (b'{"a": 1, "\\u0061": 2}', 'duplicate key "a"'),
    (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested deeper than 100 levels"),
    (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested deeper than 100 levels"),
    (b"[" * 1_000_000, "nested deeper than 100 levels"),
    (b"1" * 401, "more than 400 digits"),
    (b"-" + b"9" * 5000, "more than 400 digits"),
    (b"0." + b"1" * 500, "more than 400 digits"),
    (b"1e400", "beyond every bound"),
    (b"[-1e999]", "beyond every bound"),
    (b"1 2", "extra data"),
    (b'{"a": 1}x', "extra data"),
    (b"{'a': 1}", "expecting property name"),
    (b"[1,]", "at line 1 column"),
    (b'{"a": 1,}', "at line 1 column"),
    (b"[01]", "at line 1 column"),
    (b"[+1]", "at line 1 column"),
    (b"[.5]", "at line 1 column"),
    (b'"a\nb"', "invalid control character"),
    (b'"\\x41"', "invalid \\escape"),
    (b'"abc', "unterminated string"),
    (b"<html>login</html>", "expecting value at line 1 column 1"),
    (b'"\\ud800"', "lone surrogate"),
    (b'{"\\udc00": 1}', "lone surrogate"),
    (b"\x00", "expecting value"),
    (b"tru", "expecting value"),
]


@pytest.mark.parametrize(("data", "reason"), REFUSED, ids=[reason + str(i) for i, (_, reason) in enumerate(REFUSED)])
def test_refuses_with_a_short_reason(data, reason):
    with pytest.raises(NotJson) as refused:
        parse(data)
    assert reason in str(refused.value)
    assert len(str(refused.value)) < 120


@pytest.mark.parametrize("name", [b"NaN", b"Infinity", b"-Infinity", b"[NaN]", b'{"a": Infinity}'])
def test_never_green_05_nan_and_infinity_are_no_json(name):
    with pytest.raises(NotJson, match="is no JSON number"):
        parse(name)


@pytest.mark.parametrize(
    "data", [b"null", b'"x"', b"0", b"-0.0", b"1e308", b"[]", b"\xef\xbb\xbf{}", b' {"a":[1,{"b":null}]}\r\n']
)
def test_reads_what_is_json(data):
    assert parse(data) == json.loads(data.removeprefix(b"\xef\xbb\xbf"))


def test_whole_numbers_stay_exact():
    assert parse(b"9007199254740993") == 9007199254740993
    assert parse(b"1" * 400) == int("1" * 400)


def test_depth_counts_brackets_not_those_inside_texts():
    assert parse(json.dumps(["[" * 500, '\\"{{[' * 500]).encode()) == ["[" * 500, '\\"{{[' * 500]
    parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


def test_a_proper_pair_of_surrogates_is_one_character():
    assert parse(b'"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize(
    "data",
    [
        b'["' + b'\\"' * 500_000,
        b'"' * 500_000 + b"[" * 200,
        b'["' + b"\\" * 500_001,
        b"[" * 200 + b'"\\' * 300_000 + b"\\",
    ],
)
def test_an_answer_made_to_stall_is_refused_in_linear_time(data):
    began = time.process_time()
    with pytest.raises(NotJson):
        parse(data)
    assert time.process_time() - began < 2


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=15,
)


@given(VALUES, st.booleans())
def test_what_json_writes_is_read_back(value, ascii_only):
    assert parse(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


FRAGMENTS = st.lists(st.sampled_from(["{", "}", "[", "]", ",", ":", '"', '"a"', '"b"', "\\", "\\u", "d800", "1", "-", ".", "e", "0", "null", "true", "NaN", " ", "\n", "é", "\ufeff"]), max_size=14).map("".join)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(FRAGMENTS.map(str.encode) | st.binary(max_size=20))
@example(b'{"a":1,"a":1}')
def test_is_never_laxer_than_the_standard_library_and_never_crashes(data):
    try:
        value = parse(data)
    except NotJson:
        return
    assert value == json.loads(data.decode("utf-8-sig"))
    assert not (isinstance(value, float) and not math.isfinite(value))
