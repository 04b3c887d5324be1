"""Whatever staging sends, a sample comes of it: never a crash, never a hang, never a line broken in a report."""

import json
import time
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websocket_world import NONCE, Goodbye, Staging, ours, read, sample, taken, talk, theirs, unmet

from releasegate.checks._websocket import observe
from releasegate.checks.websocket import KIND
from releasegate.model import Outcome
from releasegate.redact import Redactor

WHOLE = read(
    talk(
        {"a": {"within": "1s", "json": {"$..x": {"type": "string"}, "$[?@.x > 1]": {"exists": False}}}},
        {"b": {"optional": True, "send": {"again": "{{nonce}}"}}},
        "c",
        never=["error"],
        event="$..type",
        timeout="3s",
    )
)
DEEP = '{"x":' * 90 + "1" + "}" * 90
NASTY = st.sampled_from(
    [
        "", "{", "null", "NaN", "[]", "1e999", "-", '"a"', "[" * 5000, '{"a":' * 5000, "9" * 500, b"", b"\xff\xfe", b"{}",
        '{"type":"a","type":"b"}', '{"type":"\\ud800","thread_id":"x"}', '{"type": NaN}', "\ufeff{}", "\x00", DEEP,
        ours("a", x=json.loads(DEEP)), ours("\x1b[2J\n::error::"), ours("a")[:-1], ours("a", thread_id=[NONCE]),
    ]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | st.sampled_from(["a", "b", "c"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "x"]), inner, max_size=3),
)
MESSAGES = (
    NASTY
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | JSON.map(json.dumps)
    | st.tuples(st.sampled_from(["a", "b", "c", "error"]), JSON).map(lambda said: ours(said[0], x=said[1]))
)
ENDS = st.none() | st.builds(Goodbye, st.integers(1000, 4999), st.text(max_size=40))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.3, 1.1]), MESSAGES), max_size=8), ENDS)
@example([(0.0, ours("a", x="y")), (0.0, ours("b")), (0.0, ours("c"))], None)
def test_no_message_crashes_a_sample_or_makes_it_longer_than_its_bound(messages, end):
    at_s, script = 0.0, []
    for gap_s, text in messages:
        at_s += gap_s
        script.append((at_s, text))
    one = taken(WHOLE, Staging([*script, *([(at_s, end)] if end else [])])).sample
    assert one.met or one.signature
    assert one.duration_s <= 3.0 + 1e-6
    assert not any(set(e.text) & set("\r\n\x1b\u2028\u202e") for e in one.expectations)
    assert len(one.timeline) <= len(messages) + 1


MANY = "\x00\xff{[".encode("latin-1") * 200
OTHERS = [
    "", " ", "pong", "no json", '42["a",{}]', '"', "NaN", b"\x00\x01", b"\xff\xfe", b"pong",
    b"{" + MANY, b" [" + MANY, b"{\x01\xff", b"[" + bytes(range(256)), b"\xef\xbb\xbf\xff{",
]  # fmt: skip
"""Neither JSON nor like it: texts of other protocols, sound and pictures."""


@pytest.mark.parametrize("message", OTHERS)
def test_what_does_not_look_like_json_is_not_ours(message):
    one, _ = sample(talk({"a": {"within": "1s"}}), (0.1, message))
    assert one.outcome is Outcome.UNMET
    assert unmet(one) == ["timeout waiting for a, 1 s after the send; 1 message came, none of ours"]
    assert [moment.name for moment in one.timeline] == ["not ours"]


def test_json_in_a_binary_message_is_read():
    assert sample(talk("a"), (0.1, ours("a").encode()))[0].met


BROKEN = [
    (ours("error").replace("{", '{"type":"a",'), 'duplicate key "type"'),
    (ours("error", n=1).replace("1}", "NaN}"), "NaN is no JSON number"),
    (ours("error", n=1).replace("1}", "[" * 200 + "]" * 200 + "}"), "nested deeper than 100 levels"),
    (ours("error").encode().replace(b"error", b"err\xff"), "invalid UTF-8 at byte 1"),
    (b"\xef\xbb\xbf" + ours("error").encode().replace(b"error", b"\xe4"), "invalid UTF-8 at byte 1"),
    (ours("error").encode()[:-1], "expecting ',' delimiter"),
    (ours("error")[:-1], "expecting ',' delimiter"),
    (ours("error") + "x", "extra data"),
    (ours("error") + "\x1e", "extra data"),
    (ours("error", s="x\x1b").replace("\\u001b", "\x1b"), "invalid control character"),
    (' \r\n\t\ufeff{"type":', "expecting value"),
    ("\u2028{'type': 'error'}", "expecting value"),
    ("{", "expecting property name enclosed in double quotes"),
    ("[", "expecting value"),
    ("[" * 5_000_000, "nested deeper than 100 levels"),
]


@pytest.mark.parametrize(("message", "reason"), BROKEN, ids=lambda said: repr(said[:20]))
def test_what_begins_like_json_and_is_none_fails_at_once(message, reason):
    """Nobody can tell whose it is, nor whether it is a forbidden one."""
    one, staging = sample(
        talk("a", {"b": {"within": "9s"}}, never=["error"]), (0.1, ours("a")), (0.3, message), (0.4, ours("b"))
    )
    (told,) = unmet(one)
    assert told.startswith(f"a message is not JSON: {reason}")
    assert told.endswith(", 200 ms after a")
    assert one.signature == "websocket a message is not JSON"
    assert [moment.name for moment in one.timeline] == ["a", "not JSON"]
    assert len(staging.script) == 1


def test_a_message_that_cannot_be_read_is_a_banner_before_the_send_and_nothing_when_the_time_is_over():
    early, _ = sample(talk("a"), (-0.1, "{not json} motd"), (0.1, ours("a")))
    assert early.met
    unasked, _ = sample(
        {key: value for key, value in talk("a").items() if key != "send"}, (-0.1, '{"'), (0.1, ours("a"))
    )
    assert "a message is not JSON" in unmet(unasked)[0]
    late, _ = sample(talk("a", timeout="1s"), (0.9, '{"'), busy_s=2)
    assert late.signature == "websocket timeout waiting for a"


@pytest.mark.parametrize("text", ["x", "{", " ", "\ufeff", "[[", '{"a":', '"\\'])
def test_a_message_as_large_as_it_may_be_is_refused_in_linear_time(text):
    flow, taking_s = read(talk({"a": {"within": "1s"}})), []
    for size in (500_000, 4_000_000):
        began = time.process_time()
        assert not taken(flow, Staging([(0.1, text * (size // len(text)))])).sample.met
        taking_s.append(time.process_time() - began)
    assert taking_s[1] < 1.5


def test_ten_thousand_messages_that_are_no_json_are_looked_at_quickly():
    flow = read(talk({"a": {"within": "5s"}}))
    staging = Staging([(n / 5000, OTHERS[n % len(OTHERS)]) for n in range(9_990)])
    began = time.process_time()
    assert taken(flow, staging).sample.signature == "websocket timeout waiting for a"
    assert time.process_time() - began < 1.5


CONFIG = talk(*({f"e{n}": {"within": "5s"}} for n in range(100)), never=["error"])


@pytest.mark.parametrize("last", ["e99", "x"])
def test_ten_thousand_messages_are_judged_well_under_a_second(last):
    """Those of ours that came too early are looked at, but not again and again."""
    flow = read(CONFIG)
    many = [(n / 5000, ours(last) if n % 2 else theirs("e0")) for n in range(9_990)]
    staging = Staging(many)
    began = time.process_time()
    one = taken(flow, staging)
    listening_s = time.process_time() - began
    assert one.sample.outcome is Outcome.UNMET
    assert len(one.observation.messages) == 9_990
    began = time.process_time()
    KIND.judge(flow, one.observation, one.scope)
    assert time.process_time() - began < 0.5
    assert listening_s < 1.5


def test_what_is_parsed_of_strangers_messages_is_not_kept():
    """Parsed, a message is many times as large as its text."""
    flow = read(talk({"a": {"within": "5s"}}))
    nested = json.dumps({"type": "a", "x": [[]] * 5_000})
    staging = Staging([(0.01 * n, nested) for n in range(30)])
    tracemalloc.start()
    try:
        one = taken(flow, staging)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(one.observation.messages) == 30
    assert held < 2_000_000  # the texts are one and the same object: only what was made of them counts


def test_a_flood_ends_where_a_sample_may_hold_no_more(monkeypatch):
    monkeypatch.setattr(observe, "MOST_MESSAGES", 500)
    one, staging = sample(talk("a"), *((0.0, theirs("a")) for _ in range(2000)))
    assert one.signature == "websocket a too much"
    assert len(staging.script) == 1499
    assert one.notes == ("401 of 501 messages are not kept here",)


LINES = "one\r\n::error::two\x1b[31m\u2028\u202ethree"


def test_what_staging_says_stays_on_its_line_in_every_expectation():
    for config, script in (
        (talk("a"), [(0.1, Goodbye(4000, LINES))]),
        (talk("a", never=["error"]), [(0.1, ours("error", said=LINES))]),
        (talk({"a": {"json": {"$.said": "x"}}}), [(0.1, ours("a", said=LINES))]),
    ):
        one, _ = sample(config, *script)
        assert one.outcome is Outcome.UNMET
        assert all(not set(e.text) & set("\r\n\x1b\u2028\u202e") for e in one.expectations)
        assert "two" in unmet(one)[0]
        assert not set(one.signature) & set("\r\n\x1b")


@pytest.mark.parametrize("config", [talk("a"), talk("a", never=["error"]), talk({"a": {"json": {"$.token": "x"}}})])
def test_a_token_that_staging_echoes_is_redacted_wherever_it_stands(config):
    token = "tok-0123456789"
    long = {"pad": "p " * 2000}
    script = [
        (0.1, token),
        (0.2, theirs(token, token=token)),
        (0.3, ours("x", **long, token=token)),
        (0.4, token.encode() + b"\xff"),
        (0.5, ours("error", token=token)),
        (0.6, ours("a", token=token)),
        (0.7, Goodbye(4001, f"bad {token}")),
    ]
    one, _ = sample(config, *script)
    assert token in repr(one)
    assert token not in repr(Redactor([token]).clean_struct(one))
