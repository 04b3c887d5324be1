"""What is written for each verdict, and what keeps a success from being written."""

import itertools
import re
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from releasegate.errors import EvidenceError
from releasegate.foreign import for_terminal
from releasegate.github.intents import (
    LONGEST,
    CommentMode,
    FailOn,
    Standing,
    Told,
    asks_protection,
    conclusion,
    context_of,
    decide,
    demand_of,
    described,
    exit_code,
    first_comment,
    is_of_run,
    ours,
    own_evidence,
    pending,
    red_before,
    standing,
    stands,
    superseded,
)
from releasegate.github.job import Job
from releasegate.github.marker import Marker, line_of, marker_of
from releasegate.github.nouns import Comment, Conclusion, Pull, Status, StatusState, Subject, Trust
from releasegate.model import RunInfo, State, Verdict

SHA, NEWER = "a" * 40, "b" * 40
CONTEXT = "releasegate/staging"
ME, ELSE = "github-actions[bot]", "ann"
URL = "https://github.com/acme/shop/actions/runs/7/attempts/1"
RED = {State.UNSTABLE: StatusState.FAILURE, State.INCONCLUSIVE: StatusState.ERROR}


def subject(**more):
    known = {"event": "pull_request", "repository": "acme/shop", "sha": SHA, "pull": 1, "trust": Trust.PULL_REQUEST}
    return Subject(**{**known, "base_branch": "main", "default_branch": "main", **more})


def verdict(state=State.STABLE, reason="all is well"):
    return Verdict(state=state, exit_code=0, reasons=(reason,), score=1.0)


def status(state="pending", at=5, creator=ME, **more):
    return Status(
        context=CONTEXT, state=StatusState(state), description="", creator=creator,
        created=f"2026-01-01T00:00:{at:02d}Z", id=at, **more,
    )  # fmt: skip


def pull(sha=SHA, **more):
    known = {"number": 1, "head_branch": "f", "head_repository": "acme/shop", "base_branch": "main"}
    return Pull(**{**known, "head_sha": sha, "author": "ann", "open": True, **more})


OURS = status(at=5)
RUN = RunInfo(
    gate="staging", sha=SHA, started="", duration_s=0.0, revisions={}, tool_version="", config_hash="", run_id="7",
    run_attempt="1",
)  # fmt: skip


def decided(state=State.STABLE, *, about=None, may=None, statuses=(), mode="enforce", **more):
    told = {"statuses": statuses, "pending": OURS, "pull": pull()}
    told |= {key: more.pop(key) for key in ("pending", "pull", "problem") if key in more}
    asked = {"mode": mode, "interrupted": False, "url": URL, **more}
    return decide(verdict(state), about or subject(), may or Standing(context=CONTEXT), Told(**told), **asked)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (State.STABLE, "success"),
        (State.DEGRADED, "success"),
        (State.UNSTABLE, "failure"),
        (State.INCONCLUSIVE, "error"),
    ],
)
def test_each_verdict_has_its_status_on_the_judged_commit(state, told):
    found = decided(state)
    assert found.status == Status(
        context=CONTEXT, state=StatusState(told), description=f"{state.value}: all is well", target_url=URL
    )
    assert (found.comment, found.owed, found.said) == (True, False, ())


@pytest.mark.parametrize("state", State)
def test_a_later_pending_of_ours_owns_the_success_and_the_comment_and_never_keeps_red_from_being_written(state):
    found = decided(state, statuses=[status(at=6), OURS])
    assert not found.comment
    assert not found.owed
    if state in RED:
        assert found.status.state is RED[state]
    else:
        assert found.status is None
        assert "superseded by a later run" in found.said[-1]


def test_the_order_is_that_of_the_pending_statuses_and_within_a_second_that_of_their_ids():
    same = status(at=5)
    assert superseded(Told(statuses=[Status(**{**_fields(same), "id": 6})], pending=same))
    assert not superseded(Told(statuses=[Status(**{**_fields(same), "id": 4})], pending=same))
    assert not superseded(Told(statuses=[status(at=6, creator=ELSE)], pending=OURS))
    assert not superseded(Told(statuses=[status("success", at=6)], pending=OURS))


def _fields(value):
    return {name: getattr(value, name) for name in value.__struct_fields__}


def test_a_moved_head_gets_its_status_still_and_leaves_the_comment_alone():
    found = decided(pull=pull(NEWER))
    assert found.status.state is StatusState.SUCCESS
    assert not found.comment
    assert "newer head" in found.said[0]


@pytest.mark.parametrize("trust", Trust)
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("state", State)
def test_never_green_43_evidence_that_code_of_a_pull_request_could_have_written_is_never_a_success(trust, own, state):
    found = decided(state, about=subject(trust=trust), own=own)
    green = found.status is not None and found.status.state is StatusState.SUCCESS
    assert green is (state not in RED and own and trust is not Trust.FORK)
    if state in RED:
        assert found.status.state is RED[state]


@pytest.mark.parametrize("more", [{"problem": "could not read"}, {"pending": None}])
def test_what_is_not_known_for_sure_is_no_success_and_is_owed(more):
    found = decided(**more)
    assert found.owed
    assert (found.status and found.status.state) == (StatusState.ERROR if "problem" in more else None)
    assert found.comment is ("problem" not in more)
    assert decided(State.UNSTABLE, **more).status.state is StatusState.FAILURE


def test_what_is_to_be_merged_elsewhere_by_now_is_no_success_there():
    found = decided(pull=pull(base_branch="release"))
    assert (found.status.state, found.owed) == (StatusState.ERROR, True)
    assert "to be merged into release by now" in found.status.description
    assert decided(pull=pull(base_branch="release"), about=subject(base_branch=None)) == decided()


def test_a_commit_without_a_pull_request_gets_its_status_too():
    assert decided(pull=None, about=subject(pull=None)) == decided()


@pytest.mark.parametrize("state", State)
def test_never_green_07_an_interrupted_run_is_an_error_whatever_it_came_to(state):
    found = decided(state, interrupted=True)
    assert (found.status.state, found.status.description) == (StatusState.ERROR, "cancelled before its end")


@pytest.mark.parametrize("state", State)
def test_an_advisory_run_says_what_it_would_do_in_a_context_that_nobody_requires(state):
    may = standing(subject(), "staging", "advisory", partial=False, protected=None)
    assert may.context == f"{CONTEXT}-advisory"
    found = decided(state, may=may, mode="advisory").status
    assert found.description.startswith("would block: ") is (state in RED)
    assert found.state is RED.get(state, StatusState.SUCCESS)


@pytest.mark.parametrize("partial", [True, False])
@pytest.mark.parametrize("protected", [True, False, None])
@pytest.mark.parametrize("base", ["main", "mine", None])
@pytest.mark.parametrize("trust", Trust)
@pytest.mark.parametrize("number", [1, None])
def test_only_a_whole_run_for_a_guarded_branch_writes_the_blocking_status(partial, protected, base, trust, number):
    about = subject(base_branch=base, trust=trust, pull=number)
    may = standing(about, "staging", "enforce", partial=partial, protected=protected)
    nobodys = trust is Trust.PULL_REQUEST and (base, number) == (None, None)
    writes = not partial and trust is not Trust.FORK and (bool(protected) or not (base == "mine" or nobodys))
    assert (may.context == CONTEXT) is writes
    assert (may.why is None) is writes
    if not writes:
        assert decided(may=may, about=about).status is None
        assert not decided(may=may, about=about).comment


def test_protection_is_asked_for_only_where_it_decides():
    assert asks_protection(subject()) is None
    assert asks_protection(subject(base_branch="release/1")) == "release/1"
    assert asks_protection(subject(base_branch="release/1", pull=None)) == "release/1"
    assert asks_protection(subject(base_branch="release/1", trust=Trust.FORK)) is None


def test_earlier_red_is_counted_by_our_own_creator_and_before_our_own_pending():
    statuses = [
        status("failure", 9),
        status("failure", 4, ELSE),
        status("failure", 3),
        status("error", 2),
        status("failure", 1),
    ]
    assert red_before(Told(statuses=statuses, pending=OURS)) == 2
    assert red_before(Told(statuses=statuses)) == 0


def test_a_status_is_of_a_run_by_its_address_and_by_a_context_of_ours():
    assert is_of_run(status(target_url=URL), URL)
    assert not is_of_run(status(target_url=f"{URL}0"), URL)
    assert not is_of_run(replace(status(target_url=URL), context="ci/build"), URL)
    assert not is_of_run(status(), None)


def test_a_success_stands_while_it_is_the_newest_word_and_of_this_run():
    green = status("success", target_url=URL)
    assert stands(Told(statuses=[green, OURS]), URL)
    assert not stands(Told(statuses=[status("error", target_url=URL), green]), URL)
    assert not stands(Told(statuses=[status("success", target_url=f"{URL}0"), green]), URL)
    assert not stands(Told(), URL)


def test_contexts_and_the_first_status():
    assert context_of("staging", "enforce") == CONTEXT
    begun = pending(CONTEXT, datetime(2026, 1, 1, 12, 3, 44, tzinfo=UTC), 900, URL)
    assert (begun.state, begun.description) == (StatusState.PENDING, "running since 12:03Z, at most 15 min")


@given(st.text(max_size=400))
def test_a_description_holds_whole_words_within_githubs_limit_and_nothing_that_hides(text):
    said = described(text)
    assert len(said) <= LONGEST
    assert for_terminal(said) == said
    whole = for_terminal(text).split()
    kept = said.removesuffix("…").split()
    assert said == " ".join(whole) or len(kept) < 2 or kept[:-1] == whole[: len(kept) - 1]


def test_a_description_is_cut_between_words():
    assert described("four " * 40) == ("four " * 27).strip() + "…"
    assert described("x" * 200) == "x" * 139 + "…"


def test_a_comment_is_ours_only_by_its_author_and_its_first_line():
    line = line_of(Marker(gate="staging", sha=SHA, run="7", attempt="1", started="2026-01-01T00:00:00.000Z"))
    comments = [
        Comment(id=1, author=ELSE, body=f"{line}\nx"),
        Comment(id=2, author=ME, body=f"{line}\nx"),
        Comment(id=3, author=ME, body=f"x\n{line}"),
        Comment(id=4, author=ME, body=line.replace("gate=staging", "gate=other")),
    ]
    assert [each.id for each in ours(comments, "staging", ME)] == [2]
    assert ours(comments, "staging", None) == []
    assert marker_of(f"{line}\r\nx").run == "7"


def test_a_marker_cannot_be_ended_from_within():
    with pytest.raises(ValueError, match="words"):
        line_of(Marker(gate="a -->", sha=SHA, run="7", attempt="1", started="x"))


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("mode", CommentMode)
def test_a_first_comment_is_written_as_its_mode_says(state, mode):
    expected = {
        CommentMode.ALWAYS: True,
        CommentMode.ON_CHANGE: state is not State.STABLE,
        CommentMode.ON_FAILURE: state in RED,
        CommentMode.OFF: False,
    }
    assert first_comment(mode, state) is expected[mode]


def test_a_check_run_says_no_more_than_the_status():
    assert conclusion(decided(), advisory=False) is Conclusion.SUCCESS
    assert conclusion(decided(State.UNSTABLE), advisory=False) is Conclusion.FAILURE
    assert conclusion(decided(State.UNSTABLE), advisory=True) is Conclusion.NEUTRAL
    assert conclusion(decided(own=False), advisory=False) is Conclusion.NEUTRAL


@pytest.mark.parametrize(
    ("run_id", "attempt", "event", "trust", "own"),
    [
        ("7", "1", "push", Trust.OURS, True),
        ("7", "1", "workflow_run", Trust.OURS, False),
        ("7", "1", "pull_request", Trust.FORK, False),
        ("8", "1", "push", Trust.OURS, False),
        ("7", "2", "push", Trust.OURS, False),
        (None, None, "push", Trust.OURS, False),
    ],
)
def test_only_evidence_of_this_run_and_attempt_is_as_good_as_our_own(run_id, attempt, event, trust, own):
    assert own_evidence(RUN, subject(event=event, trust=trust), Job(run_id=run_id, attempt=attempt)) is own


def test_evidence_of_no_run_is_nobodys_own():
    assert not own_evidence(replace(RUN, run_id=None, run_attempt=None), subject(), Job(run_id=None, attempt=None))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, None),
        ({"run_id": "6", "run_attempt": "2"}, None),
        ({"run_attempt": "2"}, "of attempt 2, this is attempt 1"),
        ({"sha": NEWER}, f"about {NEWER}"),
        ({"gate": "other"}, "of the gate other"),
        ({"mode": "advisory"}, "(advisory)"),
    ],
)
def test_only_evidence_about_what_is_published_is_taken(more, why):
    with pytest.raises(EvidenceError, match=re.escape(why)) if why else nullcontext():
        demand_of(replace(RUN, **more), subject(), Job(run_id="7", attempt="1"), gate="staging", mode="enforce")


def test_no_combination_of_doubts_says_success():
    """A success needs all of it: a green verdict, a standing, our own pending, all read, none later, own evidence."""
    flags = itertools.product([True, False], repeat=6)
    for green, may, began, read, newest, own in flags:
        found = decided(
            State.STABLE if green else State.UNSTABLE,
            may=Standing(context=CONTEXT if may else None),
            pending=OURS if began else None,
            problem=None if read else "unread",
            statuses=() if newest else [status(at=6)],
            own=own,
        )
        success = found.status is not None and found.status.state is StatusState.SUCCESS
        assert success is (green and may and began and read and newest and own)


STEPS = ("begin", "read", "write", "look")
"""A run's way: its pending, what GitHub says before its end, its end, and what GitHub says after a success."""


def ended(order, verdicts):
    """Let two runs of one commit take their steps in an order; give who began later, and the newest status."""
    newest_first, begun, told, ways = [], [], {}, {run: iter(STEPS) for run in verdicts}
    for at, run in enumerate(order):
        step = next(ways[run])
        if step == "begin":
            told[run] = Told(pending=status(at=at))
            newest_first.insert(0, told[run].pending)
            begun.append(run)
        now = Told(statuses=tuple(newest_first), pending=told[run].pending, pull=pull())
        if step == "read":
            told[run] = now
        if step == "write":
            asked = {"mode": "enforce", "interrupted": False, "url": URL}
            found = decide(verdict(verdicts[run]), subject(), Standing(context=CONTEXT), told[run], **asked)
            newest_first[:0] = [status(found.status.state, at)] if found.status else []
        if step == "look" and verdicts[run] not in RED and superseded(now):
            newest_first.insert(0, status("error", at))
    return begun[-1], newest_first[0].state


def test_of_two_runs_that_interleave_in_any_way_the_end_is_never_green_when_the_later_one_is_red():
    for order in set(itertools.permutations("AAAABBBB")):
        for first, second in itertools.product([State.STABLE, State.UNSTABLE, State.INCONCLUSIVE], repeat=2):
            verdicts = {"A": first, "B": second}
            later, end = ended(order, verdicts)
            assert verdicts[later] not in RED or end in RED.values(), (order, verdicts)


def test_of_two_runs_one_after_the_other_the_end_is_what_the_later_one_says():
    for first, second in itertools.product(State, repeat=2):
        assert ended("AAAABBBB", {"A": first, "B": second})[1] is RED.get(second, StatusState.SUCCESS)


@pytest.mark.parametrize(
    ("fail_on", "forgiven"), [("blocked", set()), ("unstable", {11}), ("never", {10, 11})], ids=str
)
@pytest.mark.parametrize("code", [0, 1, 10, 11, 12, 130])
def test_the_exit_code_forgives_what_it_was_told_to_and_no_more(fail_on, forgiven, code):
    one = Verdict(state=State.UNSTABLE, exit_code=code, reasons=(), score=None)
    assert exit_code(one, FailOn(fail_on)) == (0 if code in forgiven else code)
