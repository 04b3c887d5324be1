"""How a sample ends, and what of all that came stands in it."""

import json

import pytest
from websocket_world import (
    HEALTHY,
    RUN,
    Goodbye,
    Staging,
    names,
    ours,
    read,
    sample,
    spans,
    taken,
    talk,
    theirs,
    trouble,
    unmet,
)

from releasegate.checks._websocket import observe
from releasegate.model import Outcome


def test_the_close_of_the_server_is_shown_with_its_code_and_reason():
    one, staging = sample(RUN, HEALTHY[0], (0.5, Goodbye(1011, "worker died")))
    assert unmet(one) == ['closed with 1011 "worker died" waiting for agent_thinking, 400 ms after agent_started']
    assert one.signature == "websocket closed 1011 waiting for agent_thinking"
    assert (one.timeline[-1].name, one.timeline[-1].text) == ("closed", "1011 worker died")
    assert names(one)[-2:] == ["agent_thinking", "close"]
    assert staging.closings == 1


def test_a_connection_that_ends_without_a_goodbye_is_trouble_in_the_event_that_was_awaited():
    one, staging = sample(RUN, HEALTHY[0], (0.5, Goodbye(1006)))
    assert one.outcome is Outcome.TROUBLE
    assert one.signature == "websocket agent_thinking closed"
    assert one.trouble.message == "the connection ended without a close frame, 400 ms after agent_started"
    assert [moment.name for moment in one.timeline] == ["agent_started"]
    assert (one.target, staging.closings, len(one.contact)) == ("chat", 1, 1)


@pytest.mark.parametrize("reason", ["too large", "protocol"])
def test_what_the_wire_refuses_to_read_is_trouble_in_the_event_that_was_awaited(reason):
    one, _ = sample(RUN, HEALTHY[0], (0.5, trouble(reason, "transfer")))
    assert one.signature == f"websocket agent_thinking {reason}"


def test_a_close_after_the_last_event_is_nobodys_business():
    assert sample(RUN, *HEALTHY, (0.6, Goodbye(1011)))[0].met


def test_other_messages_are_told_with_their_beginning():
    one, _ = sample(
        talk("a"), (0.1, "no json"), (0.2, theirs("a")), (0.3, b"\x00\xff"), (0.4, ours("b")), (0.5, ours("a"))
    )
    told = [(moment.name, moment.text) for moment in one.timeline]
    assert told[0] == ("not ours", "no json")
    assert told[1][0] == "not ours"
    assert told[2] == ("not ours", "\x00\\xff")
    assert told[3:] == [("b", ""), ("a", "")]


def test_a_long_message_is_cut_and_that_is_said():
    words = "word " * 1000
    one, _ = sample(talk("a"), (0.1, words), (0.2, b"\xfe " * 3000), (0.3, ours("a", text=words)))
    first, second, third = (moment.data for moment in one.timeline)
    assert first == "word " * 200 + "… (5,000 characters in all)"
    assert second.endswith("… (6,000 bytes in all)")
    assert third.endswith("characters in all)")
    assert max(len(first), len(third)) < 1100
    assert one.timeline[0].text == "word " * 12 + "…"


def test_what_a_cut_would_leave_of_a_token_is_left_out():
    """Half of a secret is no longer found by who redacts."""
    token = "tok-" + "s3cr3t" * 400
    one, _ = sample(talk("a", "b"), (0.1, json.dumps({"hello": token})), (0.2, ours("a", token=token)))
    assert "s3cr3t" not in repr(one)
    assert token[:8] not in repr(one)


def test_a_timeline_keeps_the_first_and_the_last_messages_and_says_how_many_are_not_there(monkeypatch):
    monkeypatch.setattr(observe, "KEPT_MESSAGES", 6)
    strangers = [(0.01 * n, theirs(f"x{n}")) for n in range(1, 21)]
    one, _ = sample(talk("a"), *strangers, (0.5, ours("a")))
    assert one.met
    assert [round(moment.at_s - 0.25, 2) for moment in one.timeline] == [0.01, 0.02, 0.03, 0.19, 0.2, 0.5]
    assert one.notes == ("15 of 21 messages are not kept here",)


def test_an_event_that_is_named_like_our_own_words_changes_nothing():
    config = talk({"closed": {"within": "1s"}}, {"close": {"within": "1s"}}, "connect")
    one, _ = sample(
        config, (0.1, ours("closed")), (0.2, ours("not ours")), (0.3, ours("close")), (0.4, ours("connect"))
    )
    assert one.met
    assert [moment.name for moment in one.timeline] == ["closed", "not ours", "close", "connect"]
    assert one.notes == ()


def test_a_name_as_long_as_a_book_is_cut():
    one, _ = sample(talk("a"), (0.1, ours("x" * 100_000)), (0.2, ours("a b " * 1000)), (0.3, ours("a")))
    assert one.met
    assert all(len(moment.name) <= 100 for moment in one.timeline)


@pytest.mark.parametrize(
    ("most", "says"), [("MOST_MESSAGES", "more than 40 messages"), ("MOST_BYTES", "MiB of messages")]
)
def test_more_than_one_sample_may_hold_is_trouble(monkeypatch, most, says):
    monkeypatch.setattr(observe, most, 40 if most == "MOST_MESSAGES" else 5000)
    one, staging = sample(talk("a"), *((0.001 * n, theirs("x", text="y" * 50)) for n in range(500)))
    assert one.signature == "websocket a too much"
    assert says in one.trouble.message
    assert len(staging.script) > 400
    assert len(one.timeline) < 50


def test_a_sample_that_is_cut_off_keeps_what_came():
    flow = read(talk("a", timeout="30s"))
    staging = Staging([(0.1, theirs("x"))])
    seen = taken(flow, staging)
    assert [moment.name for moment in seen.sample.timeline] == ["not ours"]
    assert names(seen.sample)[-2:] == ["a", "close"]
    assert spans(seen.sample)["a"] == 30.0 - 0.25
