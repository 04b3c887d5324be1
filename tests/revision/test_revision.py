import asyncio
import itertools

import pytest

from releasegate import revision
from releasegate.config.model import Revision, Target
from releasegate.config.shape import Url
from releasegate.errors import CouldNotLook
from releasegate.evidence.identity import STEADY, identify, matches
from releasegate.gate import LEAST_BETWEEN
from releasegate.model import Contact, Trouble
from releasegate.revision import RevisionReader, extract
from releasegate.wire.types import HttpAnswer

NEW = "a" * 40
OLD = "b" * 40
NONCE = "0af7651916cd43dd8448eb211c80319c"


def answer(body=b"", status=200, headers=()):
    contact = Contact(target="api", host="h", port=1)
    return HttpAnswer(status=status, headers=headers, body=body, phases=(), contact=contact, total_s=0.0)


class ScriptedWire:
    """Answers with the next revision of the script; the last one stays. `!` refuses the connection."""

    def __init__(self, *script):
        self.script = list(script)
        self.asked = []

    async def families(self, target):
        return ()

    async def fetch(self, request):
        self.asked.append(request)
        said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if said == "!":
            raise CouldNotLook(Trouble(phase="connect", reason="refused", message="nobody listens"))
        return answer(said.encode(), headers=(("x-revision", said),))


def target(name="api", *, wait_s=0.0, settle=1, foreign=False):
    revision = Revision(get=Url(None, "/health"), header="X-Revision", wait_s=wait_s, settle=settle)
    return Target(name=name, url="http://h:1", scheme="http", host="h", port=1, revision=revision, foreign=foreign)


class Time:
    now = 0.0

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds
        await asyncio.sleep(0)


def arrive(wire, judged, *targets):
    time, told = Time(), []
    reader = RevisionReader(targets, wire, lambda: "t", time.sleep, lambda: NONCE)
    instead = asyncio.run(reader.arrive(judged, time.sleep, time.clock, told.append))
    return instead, reader, told


@pytest.mark.parametrize(
    ("judged", "seen", "same"),
    [
        (NEW, NEW, True),
        (NEW, NEW[:7], True),
        (NEW[:12], NEW, True),
        (NEW, NEW.upper(), True),
        (NEW, NEW[:6], False),
        (NEW, OLD, False),
        (NEW, "", False),
        ("v1.2.3", "v1.2.3", True),
        ("v1.2.3", "v1.2", False),
        (NEW, "unknown", False),
        (NEW, f"{NEW}-dirty", False),
        (NEW[:7], f"{NEW[:7]}-dirty", False),
        (f"{NEW}-dirty", f"{NEW}-dirty", True),
    ],
)
def test_a_revision_matches_in_full_or_by_a_prefix_of_seven(judged, seen, same):
    assert matches(judged, seen) is same


@pytest.mark.parametrize(
    ("how", "got"),
    [
        ({"at": "$.revision"}, answer(b'{"revision":"abc"}')),
        ({"header": "X-Rev"}, answer(headers=(("x-rev", "abc"),))),
        ({"body": "rev=([a-z]+)"}, answer(b"rev=abc;")),
    ],
)
def test_a_revision_is_read_from_json_a_header_or_the_body(how, got):
    assert extract(Revision(get=Url(None, "/"), **how), got) == "abc"


@pytest.mark.parametrize(
    ("got", "why"),
    [
        (answer(b'{"revision":"abc"}', status=503), "status 503"),
        (answer(b"<html>"), "not JSON"),
        (answer(b"{}"), "no revision"),
        (answer(b'{"revision": 7}'), "no revision"),
    ],
)
def test_an_answer_that_names_no_commit_is_unreadable_and_says_why(got, why):
    with pytest.raises(ValueError, match=why):
        extract(Revision(get=Url(None, "/"), at="$.revision"), got)


def test_several_revisions_in_one_answer_are_unreadable():
    with pytest.raises(ValueError, match="several"):
        extract(Revision(get=Url(None, "/"), body="rev=([a-z]+)"), answer(b"rev=abc rev=abd"))


CACHED = [
    ("age", "864000"),
    ("age", "1"),
    ("age", "0, 7"),
    ("age", "0.5"),
    ("x-cache", "HIT"),
    ("x-cache", "Hit from cloudfront"),
    ("x-cache", "MISS, HIT"),
    ("x-cache", "TCP_MEM_HIT from edge"),
    ("cf-cache-status", "HIT"),
    ("cf-cache-status", "STALE"),
    ("cache-status", "edge; hit; ttl=60"),
    ("cache-status", "edge;hit=?1"),
    ("cache-status", "shield; hit, edge; fwd=uri-miss"),
    ("cache-status", '"a, b; c" ; hit'),
    ("cache-status", '"a; hit'),
    ("cache-status", "HIT"),
    ("x-cache", "MISS from shield-hit1, HIT from edge"),
    ("x-cache", "MISS HIT"),
    ("x-cache", "HIT from miss1"),
]


@pytest.mark.parametrize("header", CACHED, ids=": ".join)
def test_never_green_29_a_revision_that_a_cache_says_is_unreadable_and_says_so(header):
    with pytest.raises(ValueError, match=f"a cache answered .{header[0]}: "):
        extract(Revision(get=Url(None, "/"), body="[a-z]+"), answer(b"abc", headers=(header,)))


ASKED_ANEW = [
    ("age", "0"),
    ("x-cache", "MISS"),
    ("x-cache", "Miss from cloudfront"),
    ("x-cache", "RefreshHit from cloudfront"),
    ("x-cache", "TCP_REFRESH_HIT"),
    ("cf-cache-status", "DYNAMIC"),
    ("cf-cache-status", "REVALIDATED"),
    ("cache-status", "edge; fwd=uri-miss"),
    ("x-cache", "white"),
    ("x-cache", ""),
    ("x-cache", "MISS from shield-hit1"),
    ("x-cache", "TCP_MISS from hit.example.com, MISS from edge-hit"),
    ("age", "0, 0"),
    ("age", "0.0"),
    ("age", ""),
    ("age", "soon"),
    ("cache-status", "edge; hit=?0; fwd=stale; fwd-status=304"),
    ("cache-status", '"Hit-Cache"; fwd=uri-miss'),
    ("cache-status", 'edge; fwd=uri-miss; detail="x; hit, \\"; hit"'),
]


@pytest.mark.parametrize("header", ASKED_ANEW, ids=": ".join)
def test_a_cache_that_asked_staging_is_believed(header):
    assert extract(Revision(get=Url(None, "/"), body="[a-z]+"), answer(b"abc", headers=(header,))) == "abc"


def test_a_caches_word_is_told_but_not_at_any_length():
    with pytest.raises(ValueError, match="a cache answered") as refused:
        extract(Revision(get=Url(None, "/"), at="$"), answer(b'"abc"', headers=(("x-cache", "HIT " * 9999),)))
    assert len(str(refused.value)) < 200


def test_every_reading_asks_caches_to_stand_back_and_goes_over_a_connection_of_its_own():
    wire = ScriptedWire(NEW)
    arrive(wire, NEW, target(settle=3))
    assert len(wire.asked) == 3
    assert all(request.fresh and ("Cache-Control", "no-cache") in request.headers for request in wire.asked)


def test_it_waits_until_the_deployment_has_arrived_and_is_steady():
    instead, reader, told = arrive(ScriptedWire(OLD, OLD, NEW), NEW, target(wait_s=60))
    assert instead is None
    assert [r.revision for r in reader.readings] == [OLD, OLD] + [NEW] * STEADY
    assert told == [f"waiting for {NEW}, 60 s at most; now: api {OLD}"]
    assert identify(NEW, tuple(reader.readings), frozenset()).holds is True


def test_a_long_wait_is_told_twice_a_minute_and_whenever_something_else_is_there():
    _, _, told = arrive(ScriptedWire("!", "!", "!", "!", OLD), NEW, target(wait_s=100))
    unread = "api asked 4 times: refused in connect: nobody listens"
    assert [text.partition("now: ")[2] for text in told] == [unread, *[f"api {OLD}"] * 4]


def test_several_readings_of_one_kind_are_told_once():
    _, _, told = arrive(ScriptedWire("!"), NEW, target(wait_s=1, settle=5))
    assert [text.count("api ") for text in told] == [1] * len(told)


def test_when_the_wait_is_over_both_commits_are_named():
    instead, _, _ = arrive(ScriptedWire(OLD), NEW, target(wait_s=5))
    assert instead == f"api runs {OLD}, the commit to judge is {NEW}"


def test_settle_demands_equal_answers_in_a_row():
    _, reader, _ = arrive(ScriptedWire(NEW), NEW, target(settle=3))
    assert len(reader.readings) == 3


def test_never_green_28_mixed_replicas_do_not_settle():
    instead, _, _ = arrive(ScriptedWire(*[NEW[:8], NEW] * 40), NEW, target(wait_s=5, settle=3))
    assert "did not settle" in instead


def test_never_green_28_mixed_replicas_do_not_settle_when_no_commit_is_named():
    instead, _, _ = arrive(ScriptedWire(*[OLD, NEW] * 40), None, target(wait_s=5, settle=3))
    assert "did not settle" in instead


def test_a_rolling_deployment_may_end_well():
    rolling = [OLD, NEW, OLD, NEW, NEW, OLD, NEW, NEW, NEW, NEW, OLD]
    instead, reader, _ = arrive(ScriptedWire(*rolling, NEW), NEW, target(wait_s=60, settle=3))
    assert instead is None
    assert identify(NEW, tuple(reader.readings), frozenset()).holds is True


def test_a_target_that_gave_two_commits_is_asked_with_pauses_in_which_a_deployment_may_go_on():
    time = Time()
    reader = RevisionReader([target(wait_s=60)], ScriptedWire(OLD, NEW), lambda: "t", Time().sleep, lambda: NONCE)
    asyncio.run(reader.arrive(NEW, time.sleep, time.clock, lambda _: None))
    assert time.now >= (STEADY - 1) * 0.25


def test_a_staging_that_is_there_is_not_paused_for():
    time = Time()
    reader = RevisionReader([target(wait_s=60, settle=30)], ScriptedWire(NEW), lambda: "t", Time().sleep, lambda: NONCE)
    assert asyncio.run(reader.arrive(NEW, time.sleep, time.clock, lambda _: None)) is None
    assert (time.now, len(reader.readings)) == (0.0, 30)


@pytest.mark.parametrize("judged", [NEW, None], ids=["a named commit", "nobody named one"])
def test_never_green_28_a_mixture_is_told_with_both_commits_when_the_wait_is_over(judged):
    instead, reader, told = arrive(ScriptedWire(*[NEW, OLD] * 200), judged, target(wait_s=60, settle=3))
    assert NEW in instead
    assert OLD in instead
    assert len(told) < 30  # it stays polite
    assert identify(judged, tuple(reader.readings), frozenset(), instead).holds is False


def verdicts(choices, *, wait_s=0.0):
    """Run the readings of a whole short run, as the gate asks for them, over answers that were drawn."""
    time, wire = Time(), ScriptedWire(*choices)
    reader = RevisionReader([target(wait_s=wait_s, settle=3)], wire, lambda: "t", Time().sleep, lambda: NONCE)

    async def readings():
        instead = await reader.arrive(NEW, time.sleep, time.clock, lambda _: None)
        await reader.read("between", LEAST_BETWEEN)
        await reader.read_after()
        return identify(NEW, tuple(reader.readings), frozenset(), instead).holds

    return asyncio.run(readings())


def test_never_green_28_replicas_half_and_half_pass_once_in_2048_runs():
    """Exact, by all 2 ** 11 ways in which 3 readings before, 3 between and 5 after can come out.

    With a `wait` it is at most 1 in 256, however long: the 8 readings between and after must all be the judged commit
    whatever happened before. With ten minutes it is 1 in 1,154: 1 / 8 get by the first three readings, and of the
    others 11.07 % see ten in a row before the wait is over (summed over all ways, with the pauses of the code), so that
    2 ** -8 * (1 / 8 + 7 / 8 * 0.1107) = 0.087 % pass.
    """
    passed = sum(verdicts(draw) is True for draw in itertools.product((NEW, OLD), repeat=11))
    assert passed == 1


def test_never_green_28_luck_in_waiting_is_not_enough():
    lucky = [OLD, *[NEW] * STEADY]
    passed = [draw for draw in itertools.product((NEW, OLD), repeat=8) if verdicts([*lucky, *draw], wait_s=9)]
    assert passed == [(NEW,) * 8]


def test_after_the_run_as_many_readings_are_made_as_settle_demands_but_five_at_least():
    for settle, made in ((1, 5), (3, 5), (12, 12)):
        reader = RevisionReader([target(settle=settle)], ScriptedWire(NEW), lambda: "t", Time().sleep, lambda: NONCE)
        asyncio.run(reader.read_after())
        assert [r.moment for r in reader.readings] == ["after"] * made


class DualWire:
    """Answers by address family, or refuses in the phase given."""

    def __init__(self, **says):
        self.says = {4: says["v4"], 6: says["v6"]}
        self.asked = []

    async def families(self, target):
        return tuple(self.says)

    async def fetch(self, request):
        self.asked.append(request.family)
        said = self.says[request.family]
        if isinstance(said, tuple):
            phase, reason = said
            raise CouldNotLook(Trouble(phase=phase, reason=reason, message="no"))
        address = {4: "192.0.2.1", 6: "2001:db8::1"}[request.family]
        contact = Contact(target="api", host="h", port=1, address=address)
        headers = (("x-revision", said),)
        return HttpAnswer(status=200, headers=headers, body=b"", phases=(), contact=contact, total_s=0.0)


@pytest.mark.parametrize(("v4", "v6"), [(NEW, OLD), (OLD, NEW)])
def test_never_green_40_a_target_that_runs_another_commit_over_another_family_is_a_mixture(v4, v6):
    instead, reader, _ = arrive(DualWire(v4=v4, v6=v6), NEW, target(wait_s=1))
    assert f"{v4} at 192.0.2.1 and {v6} at 2001:db8::1" in instead
    assert identify(NEW, tuple(reader.readings), frozenset(), instead).holds is False
    assert {r.address for r in reader.readings} == {"192.0.2.1", "2001:db8::1"}


def test_never_green_40_families_of_two_commits_are_a_mixture_also_when_nobody_named_one():
    instead, reader, _ = arrive(DualWire(v4=NEW, v6=OLD), None, target(wait_s=1))
    assert "several commits" in instead
    assert identify(None, tuple(reader.readings), frozenset()).holds is False


@pytest.mark.parametrize("trouble", [("connect", "unreachable"), ("connect", "refused"), ("name", "dns")])
def test_a_family_that_cannot_be_reached_from_here_does_not_count(trouble):
    instead, reader, _ = arrive(DualWire(v4=NEW, v6=trouble), NEW, target(settle=3))
    assert instead is None
    assert [r.revision for r in reader.readings] == [NEW] * 3
    assert identify(NEW, tuple(reader.readings), frozenset()).holds is True


def test_a_family_that_swallows_connections_is_waited_for_only_once():
    wire = DualWire(v4=NEW, v6=("connect", "timeout"))
    reader = RevisionReader([target()], wire, lambda: "t", Time().sleep, lambda: NONCE)
    for _ in range(3):
        asyncio.run(reader.read("between"))
    assert wire.asked.count(6) == 1


@pytest.mark.parametrize("trouble", [("first byte", "timeout"), ("TLS", "tls"), ("request", "reset")])
def test_never_green_40_a_family_that_is_reached_and_does_not_say_its_commit_is_unreadable(trouble):
    _, reader, _ = arrive(DualWire(v4=NEW, v6=trouble), NEW, target())
    asyncio.run(reader.read("after"))
    identity = identify(NEW, tuple(reader.readings), frozenset())
    assert identity.holds is None
    assert "over IPv6" in identity.problem


def test_a_target_that_no_family_reaches_is_one_unreadable_reading():
    _, reader, _ = arrive(DualWire(v4=("connect", "refused"), v6=("connect", "refused")), NEW, target())
    assert [r.problem for r in reader.readings] == ["asked 4 times: over IPv4: refused in connect: no"]


def test_a_dead_target_is_for_the_checks_to_show():
    instead, reader, _ = arrive(ScriptedWire("!"), NEW, target(wait_s=1))
    assert instead is None
    identity = identify(NEW, tuple(reader.readings), frozenset())
    assert identity.holds is None
    assert "could not be read before the run" in identity.problem


def test_a_foreign_target_need_not_run_our_commit():
    instead, _, _ = arrive(ScriptedWire(OLD), NEW, target("auth", foreign=True))
    assert instead is None


def readings(*revisions, moments=("before", "between", "after")):
    reader = RevisionReader([target()], ScriptedWire(*revisions), lambda: "t", Time().sleep, lambda: NONCE)

    async def read():
        for moment in moments:
            await reader.read(moment)

    asyncio.run(read())
    return tuple(reader.readings)


def test_identity_holds_when_every_reading_is_the_judged_commit():
    identity = identify(NEW, readings(NEW), frozenset())
    assert (identity.holds, identity.judged, identity.problem) == (True, NEW, None)


def test_never_green_18_another_commit_names_both():
    identity = identify(NEW, readings(OLD), frozenset())
    assert identity.holds is False
    assert OLD in identity.problem
    assert NEW in identity.problem


@pytest.mark.parametrize("seen", [(NEW, OLD, OLD), (NEW, OLD, NEW), (NEW, NEW, OLD)])
def test_never_green_28_a_change_during_the_run_is_seen_also_when_it_is_taken_back(seen):
    identity = identify(NEW, readings(*seen), frozenset())
    assert identity.holds is False
    assert f"changed during the run from {NEW} to {OLD}" in identity.problem


def test_a_foreign_target_must_not_change_during_the_run():
    identity = identify(NEW, readings(OLD, NEW, NEW), frozenset({"api"}))
    assert identity.holds is False


def test_what_ran_before_the_deployment_arrived_does_not_count_once_it_is_steady():
    moments = ("before",) * (1 + STEADY) + ("after",)
    assert identify(NEW, readings(OLD, NEW, moments=moments), frozenset()).holds is True


@pytest.mark.parametrize("foreign", [frozenset(), frozenset({"api"})], ids=["ours", "foreign"])
def test_never_green_28_what_ran_before_counts_while_it_may_still_be_there(foreign):
    moments = ("before",) * STEADY + ("after",)
    identity = identify(NEW, readings(OLD, NEW, moments=moments), foreign)
    assert identity.holds is False
    assert identity.problem == f"api answers with several commits: {OLD} and {NEW}"


def test_without_a_declared_revision_nothing_is_claimed():
    assert identify(NEW, (), frozenset()).holds is None


def test_without_a_named_commit_the_deployed_one_is_judged():
    assert identify(None, readings(NEW), frozenset()).judged == NEW


class Unlucky(ScriptedWire):
    """Answers `503` and its like with that status, `503 9` also with `Retry-After: 9`; `∞` does not come in time."""

    async def fetch(self, request):
        got = await super().fetch(request)
        said = got.body.decode()
        if said == "∞":
            raise CouldNotLook(Trouble(phase="first byte", reason="timeout", message="nothing came"))
        if not said[:3].isdigit():
            return got
        status, _, pause = said.partition(" ")
        return answer(status=int(status), headers=(("retry-after", pause),) if pause else ())


def asked(*script, times=1, moments=("after",)):
    """Give what was read, the pauses that were made, and how many requests were sent."""
    wire, pauses = Unlucky(*script), []

    async def sleep(seconds):
        pauses.append(seconds)
        await asyncio.sleep(0)

    async def read():
        reader = RevisionReader([target()], wire, lambda: "t", sleep, lambda: NONCE)
        for moment in moments:
            await reader.read(moment, times)
        return tuple(reader.readings)

    return asyncio.run(read()), pauses, len(wire.asked)


@pytest.mark.parametrize(
    ("said", "why"),
    [("!", "refused in connect: nobody listens"), *((s, f"status {s}") for s in ("429", "502", "503", "504"))],
)
def test_a_reading_that_nobody_answered_is_asked_again_after_a_pause_and_says_so(said, why):
    (reading,), pauses, _ = asked(said, said, NEW)
    assert (reading.revision, reading.problem) == (NEW, f"asked 3 times: {why}")
    assert pauses == [0.25, 0.25]
    assert identify(NEW, (reading,), frozenset()).holds is True


def test_a_reading_that_comes_at_once_is_not_paused_for():
    (reading,), pauses, sent = asked(NEW)
    assert (reading.revision, reading.problem, pauses, sent) == (NEW, None, [], 1)


def test_a_revision_that_stays_unreadable_is_asked_four_times_and_is_never_green():
    (reading,), pauses, sent = asked("503", "503", "503", "503", NEW)
    assert (reading.revision, reading.problem) == (None, "asked 4 times: status 503")
    assert (pauses, sent) == ([0.25] * 3, 4)
    assert identify(NEW, (reading,), frozenset()).holds is None


@pytest.mark.parametrize("said", ["", "no commit", OLD, "200", "500", "404", "302"])
def test_an_answer_that_says_something_is_never_asked_for_again(said):
    assert asked(said, NEW)[2] == 1
    (reading,), _, sent = asked("503", said, NEW)
    assert (sent, reading.revision) == (2, said if said in (OLD, "no commit") else None)


@pytest.mark.parametrize(
    ("said", "pause"),
    [("429 2", 2.0), ("503 0", 0.25), ("429 3600", 5.0), ("429 Wed, 21 Oct 2026 07:28:00 GMT", 0.25), ("429 ²", 0.25)],
)
def test_the_pause_that_an_answer_asks_for_is_made_within_bounds(said, pause):
    assert asked(said, NEW)[1] == [pause]


def test_a_pause_that_was_made_for_one_reading_counts_for_those_that_wait_behind_it():
    readings, pauses, _ = asked("429 2", "429 2", "429 2", NEW, times=3)
    assert [r.revision for r in readings] == [NEW] * 3
    assert pauses == [2.0, 0.25, 0.25]


def test_a_rate_limit_that_lasts_a_second_and_says_nothing_of_it_is_outlived():
    time = Time()

    class Limited(ScriptedWire):
        async def fetch(self, request):
            self.asked.append(request)
            return await super().fetch(request) if time.now >= 1 else answer(status=503)

    reader = RevisionReader([target()], Limited(NEW), lambda: "t", time.sleep, lambda: NONCE)
    assert [r.revision for r in asyncio.run(reader.read("after", 5))] == [NEW] * 5


def test_readings_are_asked_again_one_at_a_time():
    class Crowd(Unlucky):
        now = most = 0

        async def fetch(self, request):
            self.now += 1
            if len(self.asked) >= 5:
                self.most = max(self.most, self.now)
            await asyncio.sleep(0)
            self.now -= 1
            return await super().fetch(request)

    wire = Crowd(*["503"] * 5, NEW)
    got = asyncio.run(RevisionReader([target()], wire, lambda: "t", Time().sleep, lambda: NONCE).read("after", 5))
    assert [r.revision for r in got] == [NEW] * 5
    assert (wire.most, len(wire.asked)) == (1, 10)


def test_a_reading_that_did_not_come_in_time_is_waited_for_twice_at_most():
    (reading,), _, sent = asked("∞", "∞", NEW)
    assert (sent, reading.revision) == (2, None)
    (reading,), _, sent = asked("∞", NEW)
    assert (sent, reading.problem) == (2, "asked 2 times: timeout in first byte: nothing came")


@pytest.mark.parametrize("times", [1, 5])
def test_a_target_that_says_slowly_to_come_later_is_left_when_its_time_is_over(times, monkeypatch):
    monkeypatch.setattr(revision, "PATIENCE_S", 0.05)

    class Slow(ScriptedWire):
        async def fetch(self, request):
            self.asked.append(request)
            await asyncio.sleep(0.04)
            return answer(status=503)

    async def read():
        reader = RevisionReader([target()], wire, lambda: "t", Time().sleep, lambda: NONCE)
        got = await reader.read("after", times)
        assert len(await reader.read("after")) == 1  # and is not waited for anew
        return got

    wire = Slow()
    readings = asyncio.run(read())
    assert (len(readings), {reading.revision for reading in readings}) == (times, {None})
    assert len(wire.asked) <= times + 2 + 1


def test_where_asking_again_was_in_vain_it_is_not_done_anew_before_there_is_an_answer():
    _, pauses, sent = asked("503", times=5, moments=("between", "after"))
    assert (len(pauses), sent) == (5 + 5 + 1, 5 + 5 + 5 + 1 + 5)
    readings, _, _ = asked(*["503"] * 4, NEW, "503", NEW, moments=("before",) * 3)
    assert [r.revision for r in readings] == [None, NEW, NEW]


def test_a_family_that_cannot_be_reached_from_here_is_not_paused_for():
    time = Time()
    reader = RevisionReader(
        [target()], DualWire(v4=NEW, v6=("connect", "refused")), lambda: "t", time.sleep, lambda: NONCE
    )
    asyncio.run(reader.read("after"))
    assert (time.now, len(reader.readings)) == (0.0, 1)


def test_never_green_40_what_one_family_said_counts_also_when_the_run_ends_before_the_other_is_asked_again():
    pausing = asyncio.Event()

    async def never(seconds):
        pausing.set()
        await asyncio.sleep(3600)

    async def cut():
        reader = RevisionReader(
            [target()], DualWire(v4=OLD, v6=("request", "reset")), lambda: "t", never, lambda: NONCE
        )
        reading = asyncio.ensure_future(reader.read("between"))
        await pausing.wait()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return [r.revision for r in reader.readings]

    assert asyncio.run(asyncio.wait_for(cut(), 5)) == [OLD]


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("https://me:secret@h.example/x?token=secret#secret", "status 302, to https://h.example/x: declare that path"),
        ("//me:secret@h.example/x", "status 302, to //h.example/x: declare that path"),
        ("/health/@me", "status 302, to /health/@me: declare that path"),
        ("http://[", "status 302, to http://[: declare that path"),
        ("?token=secret", "status 302"),
        ("/" + "x" * 99, f"status 302, to /{'x' * 99}: declare that path"),
        ("/" + "x" * 100, f"status 302, to /{'x' * 98}…: declare that path"),
    ],
)
def test_a_redirect_says_where_to_without_what_may_be_secret(location, why):
    with pytest.raises(ValueError, match="status") as refused:
        extract(Revision(get=Url(None, "/"), at="$"), answer(status=302, headers=(("location", location),)))
    assert str(refused.value) == why


def test_every_reading_is_traced():
    wire = ScriptedWire(NEW)
    asyncio.run(RevisionReader([target()], wire, lambda: "t", Time().sleep, lambda: NONCE).read("after"))
    assert dict(wire.asked[0].headers)["traceparent"] == f"00-{NONCE}-0000000000000001-01"
