"""JSONPath: the plain paths read here select what the library selects; bombs end; mistakes are pointed at."""

import contextlib
import subprocess
import sys
import time

import jsonpath_rfc9535
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from releasegate.jsonpath import BadPath, TooManyNodes, compile_path

PIECES = st.sampled_from([
    ".a", ".b", ".*", "[*]", "[0]", "[-1]", "[1]", "['a']", '["b"]', "['*']", "['a.b']", "['']", ".é", "[-0]", "[01]",
    "[ 0 ]", " .a", ".a ", "..a", "[0,1]", "[1:]", "['\\u0061']", "['it\\'s']", ".1", ".", "[", "]", "a", "[a]", ".a-b",
    "[?@.a]", "[9007199254740992]", "[-2]", "['\"']", "[\"'\"]", "[\n*]", "[?@.a == 'x']",
])  # fmt: skip
PATHS = st.lists(PIECES, max_size=4).map(lambda pieces: "$" + "".join(pieces))
VALUES = st.recursive(
    st.sampled_from([None, True, 1, "x", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "*", "a.b", "", "é", "a-b"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(PATHS, VALUES)
def test_selects_and_locates_what_the_library_does(text, value):
    try:
        expected = jsonpath_rfc9535.find(text, value)
    except jsonpath_rfc9535.JSONPathError:
        with pytest.raises(BadPath):
            compile_path(text)
        return
    path = compile_path(text)
    assert path.select(value) == expected.values()
    assert path.locate(value) == [node.location for node in expected]


@pytest.mark.parametrize("text", ["$", "$.a", "$['a b'][0].*", "$[*][-1]", '$["x"]', "$['größe']"])
def test_a_plain_path_is_read_without_the_library(text):
    assert compile_path(text).steps is not None


def test_a_plain_path_does_not_import_the_library():
    program = (
        "import sys; from releasegate.jsonpath import compile_path; compile_path('$.a[0][*]').select({});"
        "from releasegate import expect, strictjson; strictjson.parse(b'{}');"
        "print([m for m in ('jsonpath_rfc9535', 're2', 'jsonschema_rs', 'asyncio', 'socket', 'httpx') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("x.y", 0),
        ("$.a[", None),
        ("$..", None),
        ("$ ", 2),
        ("$[?@.a ==]", None),
        ("$[?nope(@.a)]", 3),
        ("$[" + "(" * 3000, None),
        ("$" + ".a" * 5000, None),
    ],
)
def test_a_bad_path_says_what_is_wrong_and_where(text, position):
    with pytest.raises(BadPath) as bad:
        compile_path(text)
    assert str(bad.value)
    if position is not None:
        assert bad.value.position == position


@given(st.text(alphabet="$.[]*'\"?@!()=<>&|0123456789ab \\u-,:é\ud800", max_size=20))
def test_any_text_is_a_path_or_a_bad_path(text):
    with contextlib.suppress(BadPath):
        assert isinstance(compile_path(f"${text}").select({"a": [1, {"b": "x"}]}), list)


BOMBS = ["$..*..*", "$..*..*..*[?@.none]", "$[*][?$..*[?@.none]]", "$[?$[?@.none]]", "$[?count($..*) > 1]"]


@pytest.mark.parametrize("text", BOMBS)
def test_a_bomb_ends(text):
    value = [[[0, 1] for _ in range(20)] for _ in range(2000)]
    began = time.process_time()
    with pytest.raises(TooManyNodes, match="100,000"):
        compile_path(text).select(value)
    assert time.process_time() - began < 6


def test_the_bound_is_of_one_evaluation_not_of_all():
    path = compile_path("$..a")
    for _ in range(9):
        assert path.select([[0]] * 40_000) == []


def test_match_and_search_run_in_linear_time_and_mean_what_the_rfc_says():
    assert compile_path("$[?match(@, 'a.c')]").select(["abc", "xabc", "a\nc", "a\rc"]) == ["abc"]
    assert compile_path("$[?search(@, 'b[.]')]").select(["ab.", "abc", 5]) == ["ab."]
    assert compile_path("$[?match(@, 'a|bc')]").select(["a", "bc", "ac"]) == ["a", "bc"]
    assert compile_path("$[?search(@, '(a')]").select(["a"]) == []
    began = time.process_time()
    assert compile_path("$[?search(@, '(a+)+$')]").select(["a" * 50_000 + "b"]) == []
    assert time.process_time() - began < 1
