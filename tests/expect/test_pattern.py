"""Patterns: RE2, linear whatever comes, and mistakes that say what to do."""

import time

import pytest
from expect_words import read
from hypothesis import given
from hypothesis import strategies as st

from releasegate.config.shape import MISSING
from releasegate.pattern import BadPattern, Regex, literal, matches, search


def test_search_gives_group_one_of_every_match_or_the_match():
    assert search("id=([0-9]+)", "id=1 id=23") == ["1", "23"]
    assert search("[0-9]+", "id=1 id=23") == ["1", "23"]
    assert search("(a)|b", "ab") == ["a", ""]
    assert search("x", "abc") == []


def test_matches_anywhere_unless_anchored():
    assert matches("b", "abc")
    assert not matches("^b$", "abc")
    assert matches("(?i)OK", "ok")
    assert matches("ö.", "höß")


@pytest.mark.parametrize(("pattern", "position", "hint"), [
    ("ab(?=c)", 2, "lookaround"), ("(?<!a)b", 0, "lookaround"), ("(a)\\1", 3, "backreferences"), ("a(", None, None),
    ("a**", 1, None), ("[z-a]", 1, None), ("a{2000}", 1, None), ("x" * 5000, None, None), ("\ud800", 0, None),
])  # fmt: skip
def test_a_bad_pattern_says_what_is_wrong_and_where(pattern, position, hint):
    with pytest.raises(BadPattern) as bad:
        matches(pattern, "a")
    assert hint is None or hint in (bad.value.hint or "")
    assert position is None or bad.value.position == position


def test_an_exponential_pattern_takes_no_time():
    began = time.process_time()
    assert not matches("^(a+)+$", "a" * 100_000 + "b")
    assert time.process_time() - began < 1


def test_a_text_that_is_no_utf_8_is_searched_all_the_same():
    assert matches("a.b", "a\ud800b")


@given(st.text(max_size=20))
def test_a_literal_matches_itself_and_only_itself(text):
    readable = text.encode("utf-8", "replace").decode()
    assert matches(rf"\A{literal(readable)}\z", readable)
    assert not matches(rf"\A{literal(readable)}\z", f"{readable}x")


def test_the_shape_refuses_what_is_no_pattern():
    assert read(Regex(), "'a+'") == ("a+", [])
    for wrong in ("5", "[a]", "'('"):
        found, problems = read(Regex(), wrong)
        assert (found, len(problems)) == (MISSING, 1)
