"""What Redis answered becomes JSON as it was meant, and what has no JSON form says why."""

import pytest

from releasegate.checks._redis.replies import MOST_LEVELS, Levels, Unreadable, json_of, refusal_of


@pytest.mark.parametrize(("said", "value"), [
    (b"used_memory:1024", {"used_memory": 1024}),
    (b"ratio:1.5", {"ratio": 1.5}),
    (b"# Memory\r\n\r\nno pair\r\nurl:redis://a:1", {"url": "redis://a:1"}),
    (b"sha:00000000\r\nnone:", {"sha": "00000000", "none": ""}),
    (None, None),
])  # fmt: skip
def test_info_is_an_object_of_numbers_and_texts(said, value):
    found = json_of("INFO", said)
    assert found == value
    assert [type(each) for each in (found or {}).values()] == [type(each) for each in (value or {}).values()]


@pytest.mark.parametrize(("said", "value"), [([b"a", b"1"], {"a": "1"}), ([], {}), (None, None)])
def test_hgetall_is_an_object(said, value):
    assert json_of("HGETALL", said) == value


@pytest.mark.parametrize("reply", [b"\xff", [b"a", [b"\xff"]], [ValueError("ERR x")]])
def test_what_has_no_json_form_says_why(reply):
    with pytest.raises(Unreadable, match=r"bytes of it are no UTF-8 text|a part of it is an error: ERR x"):
        json_of("GET", reply)


def test_a_reply_may_be_so_deep_and_no_deeper():
    levels = Levels()
    for _ in range(MOST_LEVELS):
        levels.take(b"*1\r\n")
    with pytest.raises(Unreadable, match="deeper than 50"):
        levels.take(b"*1\r\n")


def test_lists_beside_each_other_are_not_in_each_other():
    levels = Levels()
    levels.take(b"*99\r\n")
    for _ in range(33):
        levels.take(b"*2\r\n")
        levels.take(b":1\r\n")
        levels.take(b"$-1\r\n")
    assert levels.left == [66]


def test_an_error_is_named_by_its_code_and_not_by_what_somebody_wrote():
    assert refusal_of("LOADING the dataset") == ("LOADING", "the dataset")
    assert refusal_of("SECRET word") == ("error", "SECRET word")
