"""Connecting, asking, and all that comes: what stands in a sample of it."""

import pytest
from websocket_world import (
    AGENT,
    HEALTHY,
    NONCE,
    RUN,
    names,
    ours,
    sample,
    spans,
    survivors,
    talk,
    theirs,
    trouble,
    unmet,
)

from releasegate.model import Outcome

TRACED = {"traceparent": f"00-{NONCE}-0000000000000001-01"}


def test_every_part_of_a_sample_is_a_phase_with_its_time():
    one, staging = sample({**RUN, "as": "gate-user"}, *HEALTHY)
    assert one.met, unmet(one)
    assert names(one) == ["authenticate", "connect", "upgrade", "request", *AGENT, "close"]
    assert spans(one) == {
        "authenticate": 0.5, "connect": 0.05, "upgrade": 0.2, "request": 0.0, **dict.fromkeys(AGENT, 0.1), "close": 0.0,
    }  # fmt: skip
    assert staging.closings == 1
    assert [contact.target for contact in one.contact] == ["chat"]


def test_the_events_are_on_the_timeline_with_their_times_and_what_they_said():
    one, _ = sample(RUN, *HEALTHY)
    assert [(moment.name, moment.at_s) for moment in one.timeline] == [
        (name, pytest.approx(0.25 + 0.1 * n)) for n, name in enumerate(AGENT, 1)
    ]
    assert [moment.data for moment in one.timeline] == [text for _, text in HEALTHY]


def test_each_event_keeps_what_was_demanded_and_what_was_found():
    one, _ = sample(RUN, *HEALTHY)
    assert [e.text for e in one.expectations if e.level == "fail"] == [
        "status == 101 (got 101)",
        "agent_started within 5 s of the send (got 100 ms)",
        "agent_thinking within 5 s of agent_started (got 100 ms)",
        "tool_executing within 5 s of agent_thinking (got 100 ms)",
        "tool_completed within 5 s of tool_executing (got 100 ms)",
        "agent_completed within 10 s of tool_completed (got 100 ms)",
        "$.result exists (got {})",
        "error never comes (got nothing)",
    ]


def test_where_to_connect_and_what_to_show_comes_from_the_config():
    config = talk(
        "a", connect="other:/rooms/{{room}}?x=1", headers={"X-A": "{{nonce}}"}, subprotocols=["v2", "v1"], timeout="7s",
        **{"as": "gate-user"},
    )  # fmt: skip
    one, staging = sample(config, (0.1, ours("a")), values={"room": "a b/../c"})
    assert one.met
    (asked,) = staging.asked
    assert asked["url"] == "wss://other.test:443/rooms/a%20b%2F..%2Fc?x=1"
    assert asked["headers"] == {"Authorization": "Bearer token-of-gate-user", "X-A": NONCE, **TRACED}
    assert (asked["timeout_s"], asked["subprotocols"], asked["max_message"]) == (7.0, ("v2", "v1"), 5 * 2**20)


def test_a_header_of_the_check_wins_over_the_identitys():
    config = {"connect": "chat:/ws", "as": "gate-user", "headers": {"authorization": "mine"}, "expect": {"status": 101}}
    _, staging = sample(config)
    assert staging.asked[0]["headers"] == {"authorization": "mine", **TRACED}


@pytest.mark.parametrize("who", ["nobody", None])
def test_nobody_shows_nothing(who):
    config = {"connect": "chat:/ws", "expect": {"status": 101}} | ({"as": who} if who else {})
    one, staging = sample(config)
    assert one.met
    assert staging.asked[0]["headers"] == TRACED
    assert names(one) == ["connect", "upgrade", "close"]


def test_the_identitys_cookies_are_shown_as_one_header():
    lines = (
        "chat.test\tFALSE\t/\tFALSE\t0\tsid\tabc",
        "chat.test\tFALSE\t/v1\tFALSE\t0\tb\t1",
        "no cookie line",
        "chat.test\tFALSE\t/auth\tFALSE\t0\tc\t2",
        "chat.test\tFALSE\t/v\tFALSE\t0\td\t3",
    )
    config = {"connect": "chat:/ws", "as": "gate-user", "expect": {"status": 101}}
    _, staging = sample(config, identity_cookies=lines)
    assert staging.asked[0]["headers"]["Cookie"] == "sid=abc; b=1"


def test_what_an_identity_shows_is_nowhere_in_the_sample():
    lines = ("chat.test\tFALSE\t/\tFALSE\t0\tsid\ta-secret-cookie",)
    config = talk("a", **{"as": "gate-user"})
    for staging in ({}, {"refusal": (403, b"no")}, {"trouble": trouble("refused", "connect")}):
        one, world = sample(config, (0.1, ours("a")), identity_cookies=lines, **staging)
        assert "a-secret-cookie" in repr(world.asked)
        assert "a-secret-cookie" not in repr(one)
        assert "token-of" not in repr(one)


def test_a_login_that_fell_back_is_told():
    one, _ = sample(talk("a", **{"as": "gate-user"}), (0.1, ours("a")), fell=True)
    assert one.fallback == "gate-user"
    assert sample(talk("a"), (0.1, ours("a")), fell=True)[0].fallback is None


def test_a_login_that_fails_is_trouble_in_its_phase_and_nothing_is_opened():
    one, staging = sample(talk("a", **{"as": "gate-user"}), broken=True)
    assert one.signature == "websocket login status 500"
    assert (one.trouble.target, names(one), staging.asked) == ("auth", ["authenticate"], [])


def test_a_connection_that_cannot_be_had_is_trouble_in_its_phase():
    one, staging = sample(talk("a"), trouble=trouble("refused", "connect"))
    assert (one.outcome, one.signature, one.target) == (Outcome.TROUBLE, "websocket connect refused", "chat")
    assert (names(one), staging.closings) == (["name"], 0)


@pytest.mark.parametrize(("status", "step"), [(401, "authenticate"), (403, "authenticate"), (404, "upgrade"), (503, "upgrade"), (200, "upgrade")])  # fmt: skip
def test_a_refused_upgrade_is_unmet_in_the_step_that_refused(status, step):
    one, staging = sample(talk("a", **{"as": "gate-user"}), refusal=(status, b"go away"))
    assert one.outcome is Outcome.UNMET
    assert one.signature == f"websocket {step} status {status}"
    assert [(e.step, e.text) for e in one.expectations] == [(step, f"status == 101 (got {status})")]
    assert (one.excerpt, names(one)) == ("go away", ["authenticate", "connect", "upgrade"])
    assert [contact.bytes_received for contact in one.contact] == [99]
    assert (staging.sent, staging.closings) == ([], 0)


STRANGERS = {"connect": "chat:/ws", "as": "nobody", "expect": {"status": [401, 403]}}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_can_be_what_is_demanded(status):
    one, _ = sample(STRANGERS, refusal=(status, b""))
    assert one.met
    assert one.excerpt is None


def test_a_check_that_must_reject_strangers_is_red_when_the_door_is_open_or_broken():
    assert sample(STRANGERS)[0].signature == "websocket upgrade status 101"
    assert sample(STRANGERS, refusal=(500, b""))[0].signature == "websocket upgrade status 500"
    assert sample(STRANGERS, trouble=trouble("refused", "connect"))[0].outcome is Outcome.TROUBLE


def test_a_slow_upgrade_is_judged_by_its_own_bound():
    config = {"connect": "chat:/ws", "expect": {"latency": {"warn": "100ms", "fail": "200ms"}}}
    one, _ = sample(config)
    assert one.signature == "websocket upgrade latency max"
    assert unmet(one) == ["latency ≤ 200 ms (got 250 ms)", "latency ≤ 100 ms (got 250 ms)"]


def test_a_path_or_header_that_a_value_would_turn_elsewhere_is_not_asked_for():
    for more, value in (({"connect": "chat:/{{v}}"}, ".."), ({"headers": {"X": "{{v}}"}}, "a\r\nX-B: c")):
        one, staging = sample({"connect": "chat:/ws", "expect": {"status": 101}} | more, values={"v": value})
        assert one.signature == "websocket upgrade not allowed"
        assert staging.asked == []


@pytest.mark.parametrize(
    ("send", "said"),
    [
        ({"n": "{{nonce}}", "t": ["{{v}}", "x{{v}}", 1.5, None, True]}, f'{{"n":"{NONCE}","t":[3,"x3",1.5,null,true]}}'),
        ([], "[]"),
        ("hello", "hello"),
        ('{"a": {{v}}}', '{"a": 3}'),
        ("{{v}}", "3"),
        ("ä\n☃", "ä\n☃"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_mapping_is_sent_as_json_and_a_text_as_it_is(send, said):
    one, staging = sample(talk("a", send=send), (0.1, ours("a")), values={"v": 3})
    assert one.met
    assert staging.sent == [(0.0, said)]


def test_without_send_nothing_is_sent_and_the_first_event_counts_from_the_upgrade():
    config = {"connect": "chat:/ws", "events": [{"welcome": {"within": "1s"}}]}
    one, staging = sample(config, (0.2, '{"type": "welcome"}'))
    assert (one.met, staging.sent) == (True, [])
    assert one.expectations[1].text == "welcome within 1 s of the upgrade (got 200 ms)"
    assert unmet(sample(config)[0]) == ["timeout waiting for welcome, 1 s after the upgrade"]


def test_a_message_can_follow_an_event_and_is_sent_at_that_moment():
    config = talk({"ready": {"send": {"say": "{{nonce}}"}}}, "done", send="hello")
    script = {"hello": [(0.3, ours("ready"))], f'{{"say":"{NONCE}"}}': [(0.4, ours("done"))]}
    one, staging = sample(config, answers=script.__getitem__)
    assert one.met
    assert staging.sent == [(0.0, "hello"), (pytest.approx(0.3), f'{{"say":"{NONCE}"}}')]


def test_nothing_follows_an_event_that_is_not_as_demanded():
    config = talk({"ready": {"send": "go on", "json": {"$.ok": True}}}, "done", send="hello")
    one, staging = sample(config, (0.1, ours("ready", ok=False)))
    assert one.signature == "websocket ready $.ok equals"
    assert [text for _, text in staging.sent] == ["hello"]


def test_what_came_all_in_one_read_is_not_lost():
    one, _ = sample(RUN, *((0.01, text) for _, text in HEALTHY))
    assert one.met
    assert len(one.timeline) == 5


def test_without_send_what_came_with_the_upgrade_counts_as_come_at_once():
    config = {"connect": "chat:/ws", "events": [{"welcome": {"within": "1s"}}, {"news": {"within": "1s"}}]}
    one, _ = sample(config, (-0.1, '{"type": "welcome"}'), (1.0, '{"type": "news"}'))
    assert one.met, unmet(one)
    assert [e.found for e in one.expectations[1:]] == [[0.0], [1.0]]


def test_a_slow_gate_does_not_make_staging_late():
    """What arrived in time is read late."""
    one, _ = sample(
        talk({"a": {"within": "1s"}}, {"b": {"within": "1s"}}), (0.9, ours("a")), (1.9, ours("b")), busy_s=3
    )
    assert one.met, unmet(one)


def test_a_slow_gate_reads_what_waits_and_then_ends():
    strangers = [(0.5 * n, theirs("a")) for n in range(50)]
    one, staging = sample(talk({"a": {"within": "2s"}}), *strangers, busy_s=4)
    assert unmet(one) == ["timeout waiting for a, 2 s after the send; 6 messages came, none of ours"]
    assert len(staging.script) == 44


@pytest.mark.parametrize("refuses", [False, True])
def test_a_server_chooses_one_of_the_subprotocols_that_are_offered(refuses):
    config = {"connect": "chat:/ws", "subprotocols": ["v2", "v1"], "expect": {"status": 101}}
    one, _ = sample(config, refuses_subprotocols=refuses)
    assert one.met is not refuses
    assert (
        one.expectations[-1].text
        == f'subprotocol in ["v2","v1"] (got {"nothing" if refuses else chr(34) + "v2" + chr(34)})'
    )
    if not refuses:
        assert survivors(config) == ()


def test_an_upgrade_is_traced_by_the_nonce_and_a_failing_sample_says_so():
    config = {"connect": "chat:/ws", "expect": {"status": 101}}
    met, staging = sample(config)
    assert staging.asked[0]["headers"] == TRACED
    assert met.trace is None
    assert sample(config, refusal=(503,))[0].trace == NONCE
