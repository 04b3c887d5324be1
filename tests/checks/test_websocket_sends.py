"""What may answer a send: only what arrived after it. And what of the rest is still looked at."""

from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace
from websocket_world import Goodbye, Staging, ours, read, sample, survivors, taken, talk, unmet

from releasegate.checks._websocket.observe import SETTLE_S
from releasegate.checks.websocket import KIND

STARTED, DONE, ERROR = '{"type": "started"}', '{"type": "done"}', '{"type": "error"}'
ASKING = {"connect": "chat:/ws", "send": {"type": "go"}, "events": [{"started": {"within": "5s"}}, "done"]}
WELCOMED = {
    "connect": "chat:/ws",
    "events": [{"ready": {"within": "1s", "send": "go"}}, {"started": {"within": "1s"}}, "done"],
    "never": ["error"],
}
READY = '{"type": "ready"}'


@pytest.mark.parametrize("at_s", [-0.2, 0.0, 0.02])
def test_events_of_an_earlier_run_that_come_before_the_send_do_not_answer_it(at_s):
    one, _ = sample(ASKING, (at_s, STARTED), (at_s, DONE))
    assert unmet(one) == ["started came before the send, and not again (5 s after the send)"]
    assert one.signature == "websocket started before the send"
    assert [moment.name for moment in one.timeline] == ["started", "done"]


def test_what_is_said_unasked_gets_a_moment_to_arrive_where_nothing_else_tells_it_from_an_answer():
    for more in ({"where": {"$.type": {"exists": True}}}, {"where": {"$.type": {"in": ["started", "done"]}}}, {}):
        one, staging = sample({**ASKING, **more}, (0.1, STARTED), (0.2, DONE))
        assert staging.sent == [(SETTLE_S, '{"type":"go"}')]
        assert ("settle", SETTLE_S) in [(phase.name, round(phase.duration_s, 6)) for phase in one.phases]
    picked = {**ASKING, "where": {"$.id": "{{nonce}}"}}
    demanded = {**ASKING, "events": ["started", {"done": {"json": {"$.id": "{{nonce}}"}}}]}
    for config in (picked, demanded):
        assert sample(config)[1].sent == [(0.0, '{"type":"go"}')]


def test_they_may_come_again_and_then_those_count():
    one, _ = sample(ASKING, (-0.2, STARTED), (-0.1, DONE), (0.1, STARTED), (0.3, DONE))
    assert one.met, unmet(one)
    assert [e.found for e in one.expectations[1:]] == [[pytest.approx(0.08)], [0.2]]


def test_one_that_came_again_is_not_blamed_when_the_next_of_its_name_does_not_come():
    config = talk({"tick": {"within": "1s"}}, {"tick": {"within": "1s"}})
    one, _ = sample(config, (-0.1, ours("tick")), (0.1, ours("tick")))
    assert unmet(one) == ["timeout waiting for tick#2, 1 s after tick"]


@dataclass
class Kernel(Staging):
    """A staging whose bytes wait in the kernel until the loop has gone round twice, or the socket is waited for."""

    unread: list = field(default_factory=list)
    rounds: int = 0

    def _read(self):
        self.script[:0] = [(self.now - self.opened, what) for what in self.unread]
        self.unread.clear()

    async def sleep(self, pause_s):
        await super().sleep(pause_s)
        self.rounds += 1
        if self.rounds % 2 == 0:
            self._read()

    async def send(self, text):
        self.now += 0.001
        await super().send(text)

    async def receive(self, timeout_s):
        if timeout_s and not self.script:
            self.now += 0.001
            self._read()
        return await super().receive(timeout_s)


def test_what_the_kernel_holds_when_we_send_came_before_it():
    staging = Kernel(unread=[ours("a")])
    one = taken(read(talk({"a": {"within": "1s"}})), staging).sample
    assert unmet(one) == ["a came before the send, and not again (1 s after the send)"]


def test_what_the_kernel_holds_when_the_last_event_is_read_is_looked_at():
    def answer(_text):
        staging.unread.append(ours("error"))
        return [(0.1, ours("a"))]

    staging = Kernel(answers=answer)
    assert taken(read(talk("a", never=["error"])), staging).sample.signature == "websocket error came"


def test_an_event_before_the_send_whose_turn_comes_later_does_not_count_either():
    one, _ = sample({**ASKING, "timeout": "5350ms"}, (-0.2, DONE), (0.1, STARTED))
    assert unmet(one) == ["done came out of order, 300 ms before started, and not again (5 s after started)"]


def test_the_servers_leaving_is_told_with_what_came_before_the_send():
    one, _ = sample(ASKING, (-0.2, STARTED), (0.52, Goodbye(1011, "no")))
    assert unmet(one) == ['started came before the send, and not again (closed with 1011 "no", 500 ms after the send)']


def test_an_optional_event_before_the_send_is_only_another_message():
    config = talk({"a": {"optional": True, "json": {"$.ok": True}}}, "b")
    one, _ = sample(config, (-0.1, ours("a", ok=False)), (0.1, ours("b")))
    assert one.met, unmet(one)


def test_a_forbidden_event_of_ours_fails_also_before_the_send():
    one, staging = sample({**ASKING, "never": ["error"]}, (-0.18, ERROR), (0.1, STARTED), (0.2, DONE))
    assert unmet(one) == [f"error must never come, and came 200 ms before the send: {ERROR}"]
    assert len(staging.script) == 2


def test_what_came_with_an_event_does_not_answer_the_message_that_follows_it():
    one, _ = sample(WELCOMED, (0.1, READY), (0.1, STARTED), (0.1, DONE))
    assert unmet(one) == ["started came before ready's send, and not again (1 s after ready's send)"]
    assert one.signature == "websocket started before the send"


def test_a_welcome_then_our_send_then_its_answer_is_an_event_with_a_send_of_its_own():
    answers = {"go": [(0.4, STARTED), (0.5, DONE)]}
    one, _ = sample(WELCOMED, (-0.1, READY), answers=answers.__getitem__)
    assert one.met, unmet(one)
    assert [e.text for e in one.expectations[1:4]] == [
        "ready within 1 s of the upgrade (got 0 ms)",
        "started within 1 s of ready's send (got 400 ms)",
        "done comes (got it 100 ms after started)",
    ]


def test_a_slow_gate_that_sends_late_does_not_make_the_answer_late():
    one, _ = sample(WELCOMED, (0.1, READY), busy_s=3, answers={"go": [(0.4, STARTED), (0.5, DONE)]}.__getitem__)
    assert one.met, unmet(one)
    assert one.expectations[2].found == [0.4]


def test_what_arrived_while_a_slow_gate_had_not_yet_sent_is_no_answer():
    one, _ = sample(WELCOMED, (0.1, READY), (2.0, STARTED), (2.1, DONE), busy_s=3)
    assert unmet(one)[0].startswith("started came before ready's send, and not again (")


def test_the_judge_tells_it_from_the_observation_alone():
    flow = read(WELCOMED)
    one = taken(flow, Staging([(0.1, READY)], answers={"go": [(0.4, STARTED), (0.5, DONE)]}.__getitem__))
    assert one.observation.sends == (("ready", pytest.approx(0.35)),)
    assert KIND.judge(flow, one.observation, one.scope).expectations == one.sample.expectations
    for sends in ((("ready", 0.75),), ()):
        assert (
            KIND.judge(flow, replace(one.observation, sends=sends), one.scope).signature
            == "websocket started before the send"
        )


def test_green_checks_with_sends_are_red_where_the_answer_came_before_them():
    answers = {"go": [(0.4, STARTED), (0.5, DONE)]}
    flow = read({**WELCOMED, "send": "hello"})
    one = taken(flow, Staging([(0.1, READY)], answers=lambda text: answers.get(text, [])))
    mutants = dict(KIND.losses(flow, one.observation))
    assert KIND.judge(flow, mutants["ready before the send"], one.scope).signature == "websocket ready before the send"
    late = KIND.judge(flow, mutants["started before ready's send"], one.scope)
    assert late.signature == "websocket started before the send"
    assert survivors(ASKING, (0.1, STARTED), (0.2, DONE)) == ()


def test_an_optional_event_between_the_send_and_its_answer_leaves_no_mutant_alive():
    config = talk({"a": {"optional": True}}, "b", {"c": {"optional": True, "send": "on"}}, {"d": {"within": "1s"}})
    script = [(0.1, ours("a")), (0.2, ours("b")), (0.3, ours("c")), (0.4, ours("d"))]
    assert survivors(config, *script) == ()
    assert survivors(config, script[1], script[3]) == ()


def test_a_bound_behind_a_send_is_broken_by_the_answer_and_not_by_the_send():
    flow = read(talk({"a": {"within": "1s", "send": "on"}}, {"b": {"within": "1s"}}))
    one = taken(flow, Staging([(0.1, ours("a")), (0.2, ours("b"))]))
    bounds = [e for e in one.sample.expectations if e.subject.startswith("event ")]
    told = [KIND.judge(flow, KIND.violate(one.observation, e), one.scope).signature for e in bounds]
    assert told == ["websocket a too late", "websocket b too late"]


def test_an_error_that_arrived_with_the_last_event_is_still_ours():
    one, _ = sample(talk("a", "b", never=["error"]), (0.1, ours("a")), *[(0.2, ours(n)) for n in ("b", "x", "error")])
    assert unmet(one) == [f"error must never come, and came 0 ms after b: {ours('error')}"]
    assert [moment.name for moment in one.timeline] == ["a", "b", "x", "error"]


def test_an_unreadable_message_that_arrived_with_the_last_event_still_fails():
    one, _ = sample(talk("a"), (0.1, ours("a")), (0.1, ours("error")[:-1]))
    assert one.signature == "websocket a message is not JSON"


def test_after_the_last_event_nothing_is_waited_for():
    one, staging = sample(talk("a", never=["error"]), (0.1, ours("a")), (0.1, "x"), (0.100002, ours("error")))
    assert one.met
    assert one.duration_s == pytest.approx(0.35)
    assert len(staging.script) == 1


def test_a_stream_that_never_stops_does_not_hold_the_sample_after_its_last_event():
    stream = [(0.1 + 0.01 * n, "x") for n in range(5_000)]
    one, staging = sample(talk("a"), (0.1, ours("a")), *stream, busy_s=0.02)
    assert one.met
    assert len(staging.script) > 4_900
