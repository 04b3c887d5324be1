"""What may stand under `websocket:`, and what the author of a wrong check is told."""

import math

import pytest
from jsonschema_rs import Draft202012Validator
from websocket_world import problems, read, talk

from releasegate.checks.websocket import KIND
from releasegate.config.load import load
from releasegate.errors import GateError

STATUS = {"connect": "chat:/ws", "expect": {"status": 101}}


def events(*items, **more):
    return talk(*items, **more)


@pytest.mark.parametrize(
    "config",
    [
        STATUS,
        {"connect": "chat:/ws", "expect": {"latency": "2s"}},
        {"connect": "chat:/ws", "as": "nobody", "expect": {"status": [401, 403]}},
        {"connect": "chat:/ws", "events": ["welcome"]},
        events("a"),
        events({"a": {}}, {"b": {"within": "5s"}}, {"c": {"within": {"warn": "1s", "fail": "2s"}}}, never=["error"]),
        events({"a": {"optional": True, "json": {"$.x": 1}}}, {"b": {"send": "on"}}, "b", "b"),
        events("a", send=["a", 1], event="$.kind", timeout="3s", subprotocols=["v2.chat"], headers={"X-A": "{{uuid}}"}),
        events("a", send="hello {{nonce}}", **{"as": "gate-user"}),
        events("an event", "ereignis-ä", expect={"status": 101, "latency": {"warn": "1s", "fail": "2s"}}),
    ],
)
def test_what_loads_also_fits_the_schema(config):
    assert read(config)
    Draft202012Validator(KIND.table.schema()).validate(config)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"connect": "chat:/ws"}, "demands nothing"),
        ({"connect": "chat:/ws", "timeout": "5s"}, "list the events that must come, or at least expect"),
        ({"expect": {"status": 101}}, 'needs the key "connect"'),
        ("chat:/ws", "a websocket check"),
        ({**STATUS, "send": {"a": 1}}, "send needs events"),
        ({**STATUS, "event": "$.kind"}, "event needs events"),
        ({**STATUS, "where": {"$.a": 1}}, "where needs events"),
        ({**STATUS, "never": ["error"]}, "never needs events"),
        ({**STATUS, "conect": "x"}, 'did you mean "connect"?'),
        ({**STATUS, "connect": "chet:/ws"}, 'did you mean "chat"?'),
        ({**STATUS, "connect": "ws://x/y"}, "declare the origin under targets"),
        ({**STATUS, "connect": "{{nonce}}"}, "opened at target:/path"),
        ({**STATUS, "as": "gate-usr"}, 'did you mean "gate-user"?'),
        ({**STATUS, "timeout": "0s"}, "longer than 0s"),
        ({**STATUS, "timeout": 5}, "a duration has a unit"),
        ({**STATUS, "subprotocols": []}, "at least 1"),
        ({**STATUS, "subprotocols": ["a b"]}, "a token"),
        ({**STATUS, "headers": {"Upgrade": "x"}}, "set by the wire"),
        ({**STATUS, "headers": {"X-A": "a\r\nX-B: c"}}, "printable ASCII"),
        ({**STATUS, "expect": {"status": 1000}}, "100 to 599"),
        ({**STATUS, "expect": {"state": 101}}, 'did you mean "status"?'),
        (events(), "at least 1"),
        (events("a", {"b": {"optional": True}}), "end with one that must come"),
        (events("a", never=["a"]), "in events and in never"),
        (events("a", never=[]), "at least 1"),
        (events("a", event="type"), "begins with $"),
        (events("a", event="$.{{nonce}}"), "takes no {{holes}}"),
        (events("a", where={"thread": 1}), "begins with $"),
        (events("a", where={"$.t": "{{nobody-said}}"}), "is not defined here"),
        (events("a", where={}), "at least one JSONPath"),
        (events("a", send={"n": math.nan}), "finite"),
        (events("a", send=None), "a JSON mapping or list, or a text"),
        (events("a", send=7), "a JSON mapping or list, or a text"),
        (events({"a": {}, "b": {}}), "one event an item"),
        (events({"a": None}), "an event"),
        (events({"a": {"withn": "2s"}}), 'did you mean "within"?'),
        (events({"a": {"within": "0s"}}), "nothing comes within 0s"),
        (events({"a": {"within": 2}}), "a duration has a unit"),
        (events({"a": {"within": {"warn": "3s", "fail": "2s"}}}), "warn is above fail"),
        (events({"a": {"within": "31s"}}), "within 31 s is longer than the sample's 30 s"),
        (events({"a": {"within": {"warn": "9s"}}}, timeout="5s"), "raise timeout"),
        (events({"a": {"json": {"x": 1}}}), "begins with $"),
        (events({"a": {"optional": "yes"}}), "true or false"),
        (events({"a": {"send": 1}}), "a JSON mapping or list, or a text"),
        (events(""), "not empty"),
        (events("a\nb"), "on one line"),
        (events("{{nonce}}"), "plain text"),
        (events(7), "quote it"),
        (events({"a": {"optional": True}}, "a"), "which is which?"),
        (events({"a": {"optional": True}}, {"b": {"optional": True}}, "a"), "which is which?"),
        (events("a", expect={"status": [401, 403]}), "events come only after an upgrade"),
        (events("a", expect={"status": "1xx"}), "a refusal is a check of its own"),
        (events(*["a"] * 101), "more than 100 events"),
    ],
)
def test_a_wrong_check_is_refused_with_advice(config, said):
    told = problems(config)
    assert said in told
    assert told.startswith("releasegate.yml:1:")


@pytest.mark.parametrize(
    ("config", "warned"),
    [
        (events("a"), False),
        (events("a", where=None), True),
        ({"connect": "chat:/ws", "events": ["a"]}, False),
        ({"connect": "chat:/ws", "events": [{"a": {"send": "x"}}, "b"]}, True),
        ({"connect": "chat:/ws", "events": [{"a": {"send": "x"}}, "b"], "where": {"$.id": "{{nonce}}"}}, False),
        (events({"a": {"json": {"$.id": "{{nonce}}"}}}, where=None), False),
        (events({"a": {"json": {"$.id": "x"}}}, where=None), True),
        (STATUS, False),
    ],
)
def test_who_asks_without_saying_which_answers_are_ours_is_warned(config, warned):
    config = {key: value for key, value in config.items() if value is not None}
    assert read(config)
    assert ("without where, another client's answer is taken for ours" in problems(config)) is warned


def test_the_warning_stands_at_the_send_and_the_check_loads():
    check = "      c:\n        websocket:\n          connect: chat:/ws\n          send: go\n          events: [a]\n"
    config = load(CONFIG.format(defaults="") + check, {}, file="releasegate.yml")
    assert [check.name for check in config.suites[0].checks] == ["a", "b", "c"]
    (warning,) = config.warnings
    assert warning.startswith("releasegate.yml:13:11: without where, ")
    assert "{{nonce}}" in warning


def test_what_is_wrong_is_shown_at_its_place():
    text = (
        CONFIG.format(defaults="")
        + """
      c:
        websocket:
          connect: chat:/ws
          events:
            - a: {within: 40s}
            - b: {optional: true}
          never:
            - a
          where: {thread: 1}
"""
    )
    with pytest.raises(GateError) as caught:
        load(text, {}, file="releasegate.yml")
    places = {line.partition(": ")[0] for line in str(caught.value).splitlines() if line.startswith("releasegate")}
    assert places == {"releasegate.yml:19:19"}
    fixed = text.replace("thread", "$.thread")
    with pytest.raises(GateError) as caught:
        load(fixed, {}, file="releasegate.yml")
    places = [line.partition(": ")[0] for line in str(caught.value).splitlines() if line.startswith("releasegate")]
    assert places == ["releasegate.yml:16:15", "releasegate.yml:18:13"]


def test_never_green_03_a_check_that_demands_nothing_is_refused():
    assert "demands nothing" in problems({"connect": "chat:/ws", "as": "gate-user"})


def test_all_errors_of_a_check_come_at_once():
    told = problems(events({"a": {"within": "soon"}}, "b", connect="chet:/ws", timeout=3))
    assert all(said in told for said in ("did you mean", "a duration has a unit", 'found text "soon"'))


def test_identity_and_timeout_are_inherited_unless_the_check_says_its_own():
    flow = read(STATUS, defaults={"as": "gate-user", "timeout": "9s"})
    assert (flow.identity, flow.timeout_s) == ("gate-user", 9.0)
    own = read({**STATUS, "as": "nobody", "timeout": "1s"}, defaults={"as": "gate-user", "timeout": "9s"})
    assert (own.identity, own.timeout_s) == ("nobody", 1.0)


def test_what_is_inherited_is_checked_too():
    assert "unknown identity" in problems(STATUS, defaults={"as": "gate-usr"})
    assert "within 5 s is longer" in problems(events({"a": {"within": "5s"}}), defaults={"timeout": "2s"})


CONFIG = """
version: 1
targets: {{chat: {{url: "ws://chat.test"}}}}
suites:
  chat:
    defaults: {{{defaults}}}
    checks:
      a: {{websocket: {{connect: "chat:/ws", expect: {{status: 101}}}}}}
      b: {{websocket: {{connect: "chat:/ws", as: nobody, timeout: 1s, expect: {{status: 101}}}}}}
"""


@pytest.mark.parametrize(
    ("defaults", "said"),
    [
        ('as: "{{who}}"', "one for: value"),
        ("timeout: soon", "a duration"),
        ("timeout: 0s", "a duration longer than 0s"),
    ],
)
def test_never_green_01_a_check_with_a_wrong_default_does_not_vanish(defaults, said):
    with pytest.raises(GateError, match=said) as caught:
        load(CONFIG.format(defaults=defaults), {}, file="releasegate.yml")
    assert "releasegate.yml:6:" in str(caught.value)
    assert str(caught.value).count(said) == 1


def test_a_loop_may_name_targets_and_identities():
    loops = {"where": ["chat", "other"], "who": ["nobody", "gate-user"]}
    flow = read({**STATUS, "connect": "{{where}}:/ws/{{who}}", "as": "{{who}}"}, loops=loops)
    assert KIND.targets(flow, {"where": "other", "who": "nobody"}) == ("other",)
    assert 'unknown target "x"' in problems({**STATUS, "connect": "{{w}}:/ws"}, loops={"w": ["x"]})
    assert 'unknown identity "x"' in problems({**STATUS, "as": "{{w}}"}, loops={"w": ["x"]})


def test_an_inherited_identity_may_be_a_loops_and_each_of_its_values_is_checked():
    assert read(STATUS, defaults={"as": "{{who}}"}, loops={"who": ["admin"]}).identity.names == {"who"}
    assert 'unknown identity "x"' in problems(STATUS, defaults={"as": "{{who}}"}, loops={"who": ["x"]})


def test_the_defaults_are_thirty_seconds_a_type_and_an_upgrade():
    flow = read({"connect": "chat:/ws", "events": ["a"]})
    assert (flow.timeout_s, flow.event, flow.send, flow.where, flow.identity) == (30.0, "$.type", None, (), None)
    assert [(demand.operator, demand.value) for demand in flow.status] == [("equals", 101)]


def test_a_bound_on_the_upgrade_still_demands_the_upgrade():
    assert [demand.value for demand in read({"connect": "chat:/ws", "expect": {"latency": "2s"}}).status] == [101]


def test_events_of_one_name_are_told_apart():
    flow = read(events("tick", "tock", "tick", "tick", "tick#2"))
    assert [event.label for event in flow.events] == ["tick", "tock", "tick#2#", "tick#3", "tick#2"]
    assert len({event.label for event in flow.events}) == 5


def test_the_profile_is_lean_and_what_is_sent_counts_as_writing():
    flow = read(events({"a": {"send": "go on"}}, "b"))
    assert (KIND.writes(flow), KIND.cleans_up(flow)) == (2, False)
    assert KIND.writes(read(STATUS)) == 0
    assert (KIND.reads_by_default, KIND.writes_by_default) == ("lean", "lean")


def test_the_bound_on_a_sample_leaves_room_for_the_login_and_the_goodbye():
    flow = read({**STATUS, "timeout": "3s"})
    assert 4.0 < KIND.timeout_s(flow) < 10.0
    assert KIND.timeout_s(read({**STATUS, "timeout": "3s", "as": "gate-user"})) > KIND.timeout_s(flow) + 10
    assert KIND.timeout_s(read({**STATUS, "timeout": "3s", "as": "nobody"})) == KIND.timeout_s(flow)
