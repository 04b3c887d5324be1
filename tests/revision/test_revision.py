import asyncio

import pytest

from releasegate.config.model import Revision, Target
from releasegate.config.shape import Url
from releasegate.errors import CouldNotLook
from releasegate.model import Contact, Trouble
from releasegate.revision import RevisionReader, extract, identify, matches
from releasegate.wire.types import HttpAnswer

NEW = "a" * 40
OLD = "b" * 40


def answer(body=b"", status=200, headers=()):
    contact = Contact(target="api", host="h", port=1)
    return HttpAnswer(status=status, headers=headers, body=body, phases=(), contact=contact, total_s=0.0)


class ScriptedWire:
    """Answers with the next revision of the script; the last one stays. `!` refuses the connection."""

    def __init__(self, *script):
        self.script = list(script)

    async def fetch(self, request):
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


def arrive(wire, judged, *targets):
    time, told = Time(), []
    reader = RevisionReader(targets, wire, lambda: "t")
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


def test_it_waits_until_the_deployment_has_arrived():
    instead, reader, told = arrive(ScriptedWire(OLD, OLD, NEW), NEW, target(wait_s=60))
    assert instead is None
    assert [r.revision for r in reader.readings] == [OLD, OLD, NEW]
    assert OLD in told[0]


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
    reader = RevisionReader([target()], ScriptedWire(*revisions), lambda: "t")

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


def test_what_ran_before_the_deployment_arrived_does_not_count():
    identity = identify(NEW, readings(OLD, NEW, moments=("before", "before", "after")), frozenset())
    assert identity.holds is True


def test_without_a_declared_revision_nothing_is_claimed():
    assert identify(NEW, (), frozenset()).holds is None


def test_without_a_named_commit_the_deployed_one_is_judged():
    assert identify(None, readings(NEW), frozenset()).judged == NEW
