"""GitHub's limits hold to the character, and what it says at them is what it says."""

import pytest
from hub_world import PERSON

from releasegate.demo.hub.state import Status


def errors(response):
    assert response.status == 422
    assert response.payload["message"] == "Validation Failed"
    return response.payload["errors"]


@pytest.mark.parametrize("letter", ["a", "ü", "🚦"])
def test_a_description_ends_at_140_characters(world, letter):
    assert world.say(description=letter * 140).status == 201
    assert errors(world.say(description=letter * 141)) == [{
        "resource": "Status", "code": "custom", "field": "description",
        "message": "description is too long (maximum is 140 characters)",
    }]  # fmt: skip
    assert len(world.repository.statuses) == 1


def test_a_context_ends_at_255_characters(world):
    assert world.say(context="c" * 255).status == 201
    assert errors(world.say(context="c" * 256))[0]["field"] == "context"


@pytest.mark.parametrize(("field", "value"), [("state", "green"), ("target_url", "ftp://example.com")])
def test_a_status_is_refused_for_what_it_says(world, field, value):
    refused = world.ask("POST", f"/repos/acme/shop/statuses/{world.head}", {"state": "success", field: value})
    assert errors(refused.response)[0]["field"] == field
    assert world.repository.statuses == []
    world.hub.log.clear()  # the description forbids that state, and so do we


def test_a_context_takes_a_thousand_statuses_of_one_commit_whatever_its_case(world):
    world.repository.statuses += [
        Status(
            id=number, sha=world.head, state="pending", context="Gate", description=None, target_url=None,
            creator=world.job.actor, app_id=None, at=world.now,
        )
        for number in range(999)
    ]  # fmt: skip
    assert world.say(context="gate").status == 201
    assert errors(world.say(context="GATE")) == [{
        "resource": "Status", "code": "custom",
        "message": "This SHA and context has reached the maximum number of statuses.",
    }]  # fmt: skip
    assert world.say(context="other").status == 201


def test_a_status_of_an_unknown_commit_is_refused(world):
    refused = world.say(sha="f" * 40)
    assert (refused.status, refused.payload["message"]) == (422, f"No commit found for SHA: {'f' * 40}")


@pytest.mark.parametrize("letter", ["a", "🚦"])
def test_a_comment_ends_at_65536_characters(world, letter):
    made = world.of("POST", "/issues/1/comments", {"body": letter * 65_536})
    assert made.status == 201
    long = [{
        "resource": "IssueComment", "code": "unprocessable", "field": "data",
        "message": "Body is too long (maximum is 65536 characters)",
    }]  # fmt: skip
    assert errors(world.of("POST", "/issues/1/comments", {"body": letter * 65_537})) == long
    assert errors(world.of("PATCH", f"/issues/comments/{made.payload['id']}", {"body": letter * 65_537})) == long
    assert len(world.repository.comments) == 1


def test_a_blank_comment_is_refused(world):
    assert errors(world.of("POST", "/issues/1/comments", {"body": " \n"}))[0]["message"] == "Body cannot be blank"


def check(world, **more):
    return world.of("POST", "/check-runs", {"name": "gate", "head_sha": world.head, **more})


def annotated(count, message="m"):
    one = {"path": "a.py", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": message}
    return {"title": "t", "summary": "s", "annotations": [one] * count}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"output": annotated(51)}, "No more than 50 items are allowed; 51 were supplied."),
        ({"output": {"title": "t", "summary": "s" * 65_536}}, "Only 65535 characters are allowed; 65536 were supplied."),
        ({"output": {"title": "t", "summary": "s", "text": "t" * 70_292}},
            "Only 65535 characters are allowed; 70292 were supplied."),
        ({"output": {"title": "t" * 256, "summary": "s"}}, "Only 255 characters are allowed; 256 were supplied."),
        ({"output": annotated(1, "m" * 65_537)}, "Only 65536 bytes are allowed; 65537 were supplied."),
        ({"output": {"title": "t"}}, 'Missing required key "summary".'),
        ({"output": {"summary": "s"}}, 'Missing required key "title".'),
        ({"status": "completed"}, 'Missing required key "conclusion".'),
        ({"name": None}, '"name" wasn\'t supplied.'),
        ({"conclusion": "green"}, "green is not a member of the list of what it may be."),
    ],
)  # fmt: skip
def test_a_check_run_is_refused_beyond_its_limits(world, given, message):
    refused = check(world, **given)
    assert (refused.status, refused.payload["message"]) == (422, f"Invalid request.\n\n{message}")
    assert "errors" not in refused.payload
    assert world.repository.check_runs == {}


def test_a_check_run_is_taken_at_its_limits(world):
    whole = {**annotated(50, "m" * 65_536), "title": "t" * 255, "summary": "s" * 65_535, "text": "t" * 65_535}
    made = check(world, conclusion="failure", output=whole)
    assert (made.status, made.payload["status"]) == (201, "completed")
    more = world.of("PATCH", f"/check-runs/{made.payload['id']}", {"output": annotated(50)})
    assert more.payload["output"]["annotations_count"] == 100


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{", 400, "Problems parsing JSON"),
        (b"[]", 400, "Body should be a JSON object"),
        (b"{}", 422, 'Invalid request.\n\n"body" wasn\'t supplied.'),
        (b'{"body": 1}', 422, "Invalid request.\n\nFor 'properties/body', 1 is not a string."),
    ],
)
def test_a_body_of_another_form_is_refused(world, body, status, message):
    refused = world.of("POST", "/issues/1/comments", body)
    assert (refused.status, refused.payload["message"]) == (status, message)


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        ({"content": "e30="}, 422, 'Invalid request.\n\n"sha" wasn\'t supplied.'),
        ({"content": "e30=", "sha": "0" * 40}, 409, f"README.md does not match {'0' * 40}"),
        ({"content": "*"}, 422, "content is not valid Base64"),
        ({"content": "e30=", "branch": "none"}, 404, "Branch none not found"),
    ],
)
def test_a_file_is_written_only_over_what_was_seen(world, given, status, message):
    refused = world.of("PUT", "/contents/README.md", {"message": "Change", **given}, token=PERSON)
    assert (refused.status, refused.payload["message"]) == (status, message)
    assert world.repository.commit("main").files["README.md"] == b"# shop\n"
