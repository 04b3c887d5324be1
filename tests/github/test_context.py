import pytest

from releasegate.github.context import judged_commit


@pytest.mark.parametrize(
    ("payload", "sha"),
    [
        ({"pull_request": {"head": {"sha": "head"}}}, "head"),
        ({"merge_group": {"head_sha": "group"}}, "group"),
        ({"deployment": {"sha": "deployed"}, "deployment_status": {}}, "deployed"),
        ({"workflow_run": {"head_sha": "ran"}}, "ran"),
        ({"inputs": {}}, "env"),
        ({"pull_request": None}, "env"),
        ({"pull_request": {"head": {"sha": ""}}}, "env"),
    ],
)
def test_the_commit_that_an_event_is_about(payload, sha):
    assert judged_commit({"GITHUB_SHA": "env"}, payload) == sha


def test_outside_of_a_runner_no_commit_is_named():
    assert judged_commit({}, {}) is None
