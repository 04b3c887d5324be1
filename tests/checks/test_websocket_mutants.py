"""That every green could have been red: each mutant dies, and what could not be red is named."""

import pytest
from websocket_world import Staging, ours, read, sample, survivors, taken, talk, theirs

from releasegate.checks.websocket import KIND
from releasegate.verdict.outcome import outcome_of

FULL = talk(
    {"a": {"within": {"warn": "1s", "fail": "2s"}, "json": {"$.ok": True}}},
    {"b": {"optional": True, "within": "2s", "json": {"$.n": {"min": 1}}}},
    {"c": {"json": {"$.items": {"length": {"min": 1}}, "$.error": {"exists": False}}}},
    {"d": {"within": "2s"}},
    never=["error", "fatal"],
    expect={"status": 101, "latency": {"warn": "1s", "fail": "5s"}},
)
SAID = [
    (0.1, theirs("a", ok=False)),
    (0.2, ours("x")),
    (0.3, ours("a", ok=True)),
    (0.4, "no json"),
    (0.5, ours("b", n=1)),
    (0.6, ours("c", items=[1])),
    (0.7, theirs("error")),
    (0.8, ours("d")),
]


def test_every_mutant_of_a_well_written_check_dies():
    assert survivors(FULL, *SAID) == ()


def test_also_where_an_optional_event_did_not_come_or_is_only_allowed():
    assert survivors(FULL, *(said for said in SAID if '"b"' not in str(said[1]))) == ()
    assert survivors(talk({"a": {"optional": True}}, "b"), (0.1, ours("a")), (0.2, ours("b"))) == ()


def test_also_where_events_of_one_name_have_demands_of_their_own():
    config = talk(
        "tick", {"tick": {"within": "1s", "json": {"$.n": 2}}}, "tock", {"tick": {"within": "2s"}}, timeout="9s"
    )
    script = [(0.1, ours("tick")), (0.2, ours("tick", n=2)), (0.3, ours("tock")), (0.4, ours("tick"))]
    assert survivors(config, *script) == ()


@pytest.mark.parametrize(
    "where",
    [
        {"$.thread_id": "{{nonce}}"},
        {"$.thread_id": {"matches": "{{nonce}}"}},
        {"$.ours": {"exists": True}},
        {"$.internal": {"exists": False}},
        {"$.user": {"not": "someone-else"}},
        {"$.user": {"in": ["gate", "robot"]}},
        {"$.thread_id": "{{nonce}}", "$.tags": {"contains": "x"}},
        {"$.tags[*]": {"length": {"min": 1}}},
    ],
)
def test_whatever_picks_our_messages_another_clients_turn_it_red(where):
    assert survivors(talk("a", where=where), (0.1, ours("a", ours=1, user="gate", tags=["x"]))) == ()


def test_a_refusal_and_a_bare_upgrade_can_turn_red():
    assert survivors({"connect": "chat:/ws", "expect": {"status": 101}}) == ()
    assert survivors({"connect": "chat:/ws", "expect": {"latency": "2s"}}) == ()
    assert survivors({"connect": "chat:/ws", "expect": {"status": [401, 403]}}, refusal=(401, b"")) == ()
    assert survivors({"connect": "chat:/ws", "expect": {"status": "4xx"}}, refusal=(404, b"")) == ()


def test_what_could_not_turn_red_is_named():
    config = talk({"a": {"json": {"$": {"exists": True}, "$.t": {"matches": ".*"}}}}, where={"$": {"exists": True}})
    assert survivors(config, (0.1, ours("a", t="x"))) == (
        "a: $ exists",
        'a: $.t matches ".*"',
        "where $ exists: another client's events",
    )


def test_a_forbidden_event_that_where_never_lets_through_is_named():
    config = talk("a", where={"$.type": "a"}, never=["error"])
    assert survivors(config, (0.1, ours("a"))) == ("error never comes",)


def test_the_losses_are_these():
    flow = read(FULL)
    one = taken(flow, Staging(list(SAID)))
    assert [name for name, _ in KIND.losses(flow, one.observation)] == [
        "no upgrade",
        "silence",
        "a dropped",
        "c dropped",
        "d dropped",
        "a and c swapped",
        "c and d swapped",
        "a close before d",
        "a before the send",
        "where $.thread_id equals: another client's events",
    ]


@pytest.mark.parametrize(
    ("loss", "signature"),
    [
        ("no upgrade", "websocket upgrade status 503"),
        ("silence", "websocket timeout waiting for a"),
        ("c dropped", "websocket timeout waiting for c"),
        ("a and c swapped", "websocket c out of order"),
        ("a close before d", "websocket closed 1000 waiting for d"),
        ("a before the send", "websocket a before the send"),
        ("where $.thread_id equals: another client's events", "websocket timeout waiting for a"),
    ],
)
def test_each_loss_is_told_for_what_it_is(loss, signature):
    flow = read(FULL)
    one = taken(flow, Staging(list(SAID)))
    mutant = dict(KIND.losses(flow, one.observation))[loss]
    assert KIND.judge(flow, mutant, one.scope).signature == signature


def test_each_violation_breaks_the_expectation_that_it_is_made_for():
    flow = read(FULL)
    one = taken(flow, Staging(list(SAID)))
    assert one.sample.met
    for expectation in one.sample.expectations:
        mutant = KIND.violate(one.observation, expectation)
        judged = KIND.judge(flow, mutant, one.scope)
        if expectation.level == "fail":
            assert outcome_of(judged.expectations) == "unmet"
        assert demanded_by(expectation) in {demanded_by(e) for e in judged.expectations if not e.met}


def demanded_by(expectation):
    return expectation.subject, expectation.operator, expectation.level


def test_a_bound_as_long_as_the_sample_is_broken_by_being_late_and_not_by_the_samples_end():
    flow = read(talk({"a": {"within": "1s"}}, timeout="1s"))
    one = taken(flow, Staging([(0.1, ours("a"))]))
    (bound,) = (e for e in one.sample.expectations if e.subject == "event a")
    assert KIND.judge(flow, KIND.violate(one.observation, bound), one.scope).signature == "websocket a too late"


def test_an_unmet_expectation_and_a_recorded_nothing_have_no_mutant():
    one, _ = sample(talk("a"))
    assert one.expectations
    flow = read(talk("a"))
    seen = taken(flow, Staging([]))
    assert [KIND.violate(seen.observation, e) for e in seen.sample.expectations if not e.met] == [None]


def test_mutants_are_judged_in_the_time_of_the_events_and_not_of_all_that_came():
    flow = read(FULL)
    flood = [(0.25, theirs("a"))] * 5000
    one = taken(flow, Staging([SAID[0], *flood, *SAID[2:]]))
    assert len(one.observation.messages) > 5000
    mutants = [KIND.violate(one.observation, e) for e in one.sample.expectations]
    mutants += [mutant for _, mutant in KIND.losses(flow, one.observation)]
    assert all(len(mutant.messages) < 10 for mutant in mutants)
