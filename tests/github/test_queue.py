"""What a merge group may inherit from its pull requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasegate.github.nouns import Pull, Status, StatusState, Subject, Trust
from releasegate.github.queue import Brought, inherited, read_group


def pull(number):
    return Pull(
        number=number, head_sha=f"{number:040x}", head_branch="topic", head_repository="o/r", base_branch="main",
        author="ada", open=True,
    )  # fmt: skip


def commit(*numbers, parents=1, sha="c" * 40):
    return Brought(sha=sha, parents=parents, pulls=tuple(map(pull, numbers)))


def told(**states):
    return {
        int(name[1:]): state and Status(context="releasegate/staging", state=StatusState(state), description="")
        for name, state in states.items()
    }


MERGE = commit(parents=2)


def test_a_group_whose_pull_requests_are_all_green_is_green():
    one = inherited((commit(12), commit(13), MERGE), told(n12="success", n13="success"), whole=True)
    assert (one.holds, one.said) == (True, "inherited: #12, #13 are green")


@pytest.mark.parametrize(
    ("brought", "states", "says"),
    [
        ((commit(12),), told(n12="pending"), "#12 is pending at its head 000000000000"),
        ((commit(12),), told(n12="failure"), "#12 is failure"),
        ((commit(12),), told(n12=None), "#12 has no status of this gate"),
        ((commit(12),), {}, "#12 has no status of this gate"),
        ((commit(12), commit(13)), told(n12="success"), "#13 has no status"),
        ((commit(12), commit(sha="d" * 40)), told(n12="success"), "commit dddddddddddd belongs to no pull request"),
        ((MERGE,), {}, "holds no pull request"),
        ((), {}, "holds no pull request"),
    ],
)
def test_a_group_is_no_better_than_the_worst_of_what_it_brings(brought, states, says):
    one = inherited(brought, states, whole=True)
    assert not one.holds
    assert says in one.said


def test_a_group_of_which_commits_are_missing_inherits_nothing():
    assert not inherited((commit(12),), told(n12="success"), whole=False).holds


@pytest.mark.parametrize("missing", ["base_sha", "sha"])
def test_a_group_of_which_the_event_does_not_say_what_it_brings_inherits_nothing_and_nobody_is_asked(missing):
    known = {"event": "merge_group", "repository": "o/r", "trust": Trust.OURS, "base_sha": "b" * 40, "sha": "c" * 40}
    assert not read_group(None, Subject(**{**known, missing: None}), "releasegate/staging", me="ada").holds


STATES = st.sampled_from([None, *(state.value for state in StatusState)])


@given(st.lists(st.lists(st.integers(1, 4), max_size=2), max_size=5), st.dictionaries(st.integers(1, 4), STATES))
def test_a_group_is_green_when_each_commit_has_pull_requests_and_all_of_them_are_green(groups, states):
    brought = [commit(*numbers) for numbers in groups]
    one = inherited(brought, told(**{f"n{number}": state for number, state in states.items()}), whole=True)
    green = all(states.get(number) == "success" for numbers in groups for number in numbers)
    assert one.holds is (green and bool(groups) and all(groups))
