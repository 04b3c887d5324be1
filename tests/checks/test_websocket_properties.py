"""Over whatever comes: what green means, where listening stops, and that no stranger changes anything."""

import json
from collections import Counter

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from websocket_world import NONCE, Staging, ours, read, sample, taken, talk, theirs

from releasegate.checks._websocket.spec import Closed, Message, Observation
from releasegate.checks.websocket import KIND
from releasegate.model import Level
from releasegate.verdict.outcome import outcome_of

SCOPE = {"nonce": NONCE}
NAMES = st.sampled_from(["a", "b", "c", "d", "error", "x"])
GAPS = st.sampled_from([0.0, 0.2, 0.5, 0.500001, 0.6, 1.0, 2.5])
MINE = st.tuples(GAPS, NAMES, st.booleans())
"""How long after the one before, which event, and whether it says ok."""


@st.composite
def flows(draw, *, optional=True):
    items = []
    for name in draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4)):
        item = draw(st.sampled_from([{}, {"within": "500ms"}, {"within": "1s"}, {"json": {"$.ok": True}}]))
        send = draw(st.sampled_from([{}, {}, {"send": "on"}]))
        items.append({name: {**item, **send, "optional": optional and draw(st.booleans())}})
    last = next(iter(items[-1].values()))
    last["optional"] = False
    for index, item in enumerate(items):
        ((name, said),) = item.items()
        required = next(other for other in items[index:] if not next(iter(other.values()))["optional"])
        said["optional"] = said["optional"] and name not in required
    config = talk(*items, never=["error"], timeout="4s")
    return config if draw(st.booleans()) else {key: value for key, value in config.items() if key != "send"}


def scripts(size):
    """Messages that begin with the upgrade, or before it is known to be done, and so before any send."""
    return st.tuples(st.sampled_from([0.0, -0.2]), st.lists(MINE, max_size=size)).map(lambda drawn: script(*drawn))


def script(begin_s, messages):
    at_s, out = begin_s, []
    for gap_s, name, ok in messages:
        at_s += gap_s
        out.append((round(at_s, 6), name, ok))
    return out


def possible(events, messages, *, asked, since_s=0.0):
    """Tell whether some way of giving messages to events meets every demand: the promise of green, spelled out.

    `asked` says that a message of ours went out at `since_s`: what comes then, or came before, does not answer it.
    """
    if not events:  # what came in one moment with the last is looked at too
        return all(called != "error" or at_s > since_s for at_s, called, _ in messages)
    ((name, said),) = events[0].items()
    if said["optional"] and possible(events[1:], messages, asked=asked, since_s=since_s):
        return True
    bound_s = {"500ms": 0.5, "1s": 1.0}.get(said.get("within"), 99.0)
    for index, (at_s, called, ok) in enumerate(messages):
        if called == "error" or at_s > 3.75:  # forbidden before the last, or the sample's time is over
            return False
        good = called == name and at_s - since_s <= bound_s + 1e-9 and (ok or "json" not in said)
        if asked and at_s <= since_s:
            continue
        if good and possible(events[1:], messages[index + 1 :], asked="send" in said, since_s=max(at_s, since_s)):
            return True
    return False


def earliest(events, messages, *, asked):
    """Give the verdict where every event takes the first message of its name after the send: the rule, spelled out."""
    since_s, rest = 0.0, list(messages)
    for event in events:
        ((name, said),) = event.items()
        while rest and (rest[0][1] != name or (asked and rest[0][0] <= since_s)):
            if rest.pop(0)[1] == "error":
                return False
        if not rest or rest[0][0] > 3.75:
            return False
        at_s, _, ok = rest.pop(0)
        if at_s - since_s > {"500ms": 0.5, "1s": 1.0}.get(said.get("within"), 99.0) + 1e-9 or not (
            ok or "json" not in said
        ):
            return False
        since_s, asked = max(since_s, at_s), "send" in said
    return not any(called == "error" and at_s <= since_s for at_s, called, _ in rest)


def said_by_staging(messages):
    return [(at_s, ours(name, ok=ok)) for at_s, name, ok in messages]


@settings(max_examples=300, deadline=None)
@given(flows(), scripts(8))
def test_green_means_that_all_events_came_in_order_in_time_and_nothing_forbidden_before_the_last(config, messages):
    one, _ = sample(config, *said_by_staging(messages))
    assert one.met <= possible(config["events"], messages, asked="send" in config)


@settings(max_examples=300, deadline=None)
@given(flows(optional=False), scripts(8))
def test_every_event_takes_the_first_message_that_is_it(config, messages):
    one, _ = sample(config, *said_by_staging(messages))
    assert one.met is earliest(config["events"], messages, asked="send" in config)


def everything(messages, *, opened_s=0.25):
    """Record all that staging would say, as if nobody had stopped listening."""
    heard = tuple(Message(at_s=round(opened_s + at_s, 6), data=text) for at_s, text in messages)
    return Observation(
        status=101, upgrade_s=0.25, sent_s=opened_s, ended_s=99.0, due_s=opened_s + 3.75, messages=heard, event="$.type"
    )


@settings(max_examples=300, deadline=None)
@given(flows(), scripts(8))
def test_listening_stops_where_judging_all_of_it_would(config, messages):
    flow = read(config)
    one = taken(flow, Staging(said_by_staging(messages)))
    again = KIND.judge(flow, one.observation, one.scope)
    assert again.expectations == one.sample.expectations
    assert again.signature == one.sample.signature
    heard = len(one.observation.messages)
    if one.sample.met:  # what came later than the last event is not a part of the sample
        last_s = one.observation.messages[-1].at_s
        assert all(round(at_s + 0.25, 6) > last_s for at_s, _, _ in messages[heard:])
    else:
        whole = replace(everything(said_by_staging(messages)), sends=one.observation.sends)
        assert outcome_of(KIND.judge(flow, whole, SCOPE).expectations) == "unmet"


STRANGE = st.one_of(
    st.tuples(NAMES, st.booleans()).map(lambda said: theirs(said[0], ok=said[1])),
    st.sampled_from(
        [
            "",
            "pong",
            "[]",
            b"\x01\xff",
            '{"type": "a"}',
            '{"type":"error"}',
            "NaN",
            b"\xff",
            '{"thread_id": "x", "type": "b"}',
        ]
    ),
)


@settings(max_examples=300, deadline=None)
@given(flows(), scripts(6), st.lists(st.tuples(st.integers(0, 6), STRANGE), max_size=6))
def test_other_clients_messages_anywhere_change_nothing(config, messages, strangers):
    flow, mine = read(config), said_by_staging(messages)
    mixed = list(mine)
    for index, text in sorted(strangers, key=lambda one: -one[0]):
        after_s = mine[index - 1][0] if 0 < index <= len(mine) else mine[-1][0] if index and mine else 0.0
        mixed.insert(min(index, len(mine)), (after_s, text))
    alone, among = taken(flow, Staging(mine)).sample, taken(flow, Staging(mixed)).sample

    def essence(one):
        return one.outcome, one.signature, [(e.subject, e.operator, e.step, e.met, e.found) for e in one.expectations]

    assert essence(among) == essence(alone)


BROKEN = st.sampled_from(['{"type":', ours("error", x=1).replace("1}", "NaN}"), b'{"type": "\xff"}', "[[]", "{}}"])


@settings(max_examples=200, deadline=None)
@given(flows(), scripts(6), BROKEN, st.data())
def test_a_message_that_cannot_be_read_before_the_last_event_is_never_green(config, messages, broken, data):
    flow, said = read(config), said_by_staging(messages)
    heard = taken(flow, Staging(list(said))).observation.messages
    if not heard:
        return
    index = data.draw(st.integers(0, len(heard) - 1))
    if "send" in config and said[index][0] <= 0:  # a banner, before anybody asked
        return
    said.insert(index, (said[index][0], broken))
    one = taken(flow, Staging(said)).sample
    assert one.outcome == "unmet"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | st.sampled_from(["a", "b", NONCE]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "thread_id", "ok", "x"]), inner, max_size=4)
    ),
)
DATA = st.one_of(
    st.binary(max_size=30),
    st.text(max_size=30),
    JSON.map(json.dumps),
    st.tuples(NAMES, JSON).map(lambda said: ours(said[0], ok=said[1])),
)
SECONDS = st.floats(allow_nan=True, allow_infinity=True)
OBSERVATIONS = st.builds(
    Observation,
    status=st.sampled_from([101, 101, 101, 401, 200, 999]),
    upgrade_s=SECONDS,
    refusal=st.none() | st.text(max_size=10),
    sent_s=SECONDS,
    sends=st.lists(st.tuples(st.sampled_from("abc"), SECONDS), max_size=2).map(tuple),
    ended_s=SECONDS,
    due_s=SECONDS,
    messages=st.lists(st.builds(Message, at_s=SECONDS, data=DATA), max_size=8).map(tuple),
    closed=st.none() | st.builds(Closed, at_s=SECONDS, code=st.integers(0, 70000), reason=st.text(max_size=20)),
)
WHOLE = read(
    talk(
        {"a": {"within": {"warn": "1s", "fail": "2s"}, "json": {"$.ok": True, "$..x": {"exists": False}}}},
        {"b": {"optional": True, "send": "on", "json": {"$[?@.ok > 1]": {"count": 1}}}},
        {"c": {"send": "on"}},
        "a",
        never=["error"],
        expect={"status": 101, "latency": "2s"},
        where={"$.thread_id": "{{nonce}}", "$..type": {"count": {"min": 1}}},
    )
)


@settings(max_examples=300, deadline=None)
@given(OBSERVATIONS)
@example(Observation(status=101, upgrade_s=0.1))
def test_judging_never_crashes_is_always_the_same_and_a_failure_always_has_a_signature(observation):
    judged = KIND.judge(WHOLE, observation, SCOPE)
    assert repr(judged) == repr(KIND.judge(WHOLE, observation, SCOPE))
    failed = any(not e.met and e.level is Level.FAIL for e in judged.expectations)
    assert failed is (judged.signature is not None)
    assert all("\n" not in e.text for e in judged.expectations)
    for expectation in judged.expectations:
        KIND.violate(observation, expectation)
    KIND.losses(WHOLE, observation)


def test_the_properties_are_about_green_and_red_alike():
    """A property over messages that never lead to green would hold of anything."""
    good = [(0.1, "a", True), (0.2, "b", True)]
    config = talk(
        {"a": {"optional": False}}, {"b": {"optional": False, "within": "500ms"}}, never=["error"], timeout="4s"
    )
    seen = Counter()
    wrong = ([(0.05, "error", True), *good], [good[0], (0.7, "b", True)], [(0.0, "a", True), good[1]])
    for messages in (good, good[:1], *wrong):
        seen[sample(config, *said_by_staging(messages))[0].met, earliest(config["events"], messages, asked=True)] += 1
    assert seen == {(True, True): 1, (False, False): 4}


UPGRADES = st.tuples(st.sampled_from([101, 101, 401, 503]), st.sampled_from([None, "v1", "v9"]), st.booleans())


@settings(max_examples=300, deadline=None)
@given(flows(), scripts(8), UPGRADES, st.booleans())
def test_passing_is_what_the_judge_comes_to(config, messages, upgrade, closes):
    status, subprotocol, offers = upgrade
    config = {**config, **({"subprotocols": ["v1"]} if offers else {}), "expect": {"latency": "500ms"}}
    closed = Closed(at_s=1.0, code=1000, reason="") if closes else None
    seen = replace(everything(said_by_staging(messages)), status=status, subprotocol=subprotocol, closed=closed)
    flow = read(config)
    assert KIND.passes(flow, seen, SCOPE) is (outcome_of(KIND.judge(flow, seen, SCOPE).expectations) == "met")
