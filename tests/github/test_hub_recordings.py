"""What the stand-in answers has the shape of what GitHub answered when it was recorded."""

import json
import re
from pathlib import Path

import pytest
from hub_world import PERSON

from releasegate.demo.hub.state import Commit

RECORDED = json.loads((Path(__file__).parent / "data/recordings.json").read_text(encoding="utf-8"))
NEWER = {"status", "verified_at"}
"""What GitHub's answers hold since: errors say their status, verifications when they were made. Both are described."""


def shape(value):
    """Give keys and types; of a listing the first entry."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def unlike(recorded, ours, at="$"):
    """Say where two shapes differ. What is null in one of them may be anything in the other."""
    if "NoneType" in (recorded, ours):
        return
    if isinstance(recorded, dict) and isinstance(ours, dict):
        for key in sorted(recorded.keys() | (ours.keys() - NEWER)):
            if key in recorded and key in ours:
                yield from unlike(recorded[key], ours[key], f"{at}.{key}")
            else:
                yield f"{at}.{key} is {'not ours' if key in recorded else 'ours alone'}"
    elif isinstance(recorded, list) and isinstance(ours, list):
        if recorded and ours:
            yield from unlike(recorded[0], ours[0], f"{at}[]")
    elif recorded != ours:
        yield f"{at} is {recorded} there and {ours} here"


def of(scenario):
    return [each for each in RECORDED if each["scenario"] == scenario]


def named(world, scenario):
    """Give the repository the name that it has in a scenario, with the commits that are asked for."""
    shop = world.hub.repositories.pop("acme/shop")
    shop.owner, shop.name = world.hub.user("octokit-fixture-org"), scenario
    for number in (1, 2):
        sha = f"{number:040d}"
        shop.commits[sha] = Commit(sha=sha, message="", parents=(), files={}, author=shop.owner, at=world.now)
    world.hub.repositories[shop.full_name] = shop
    return shop


def replayed(world, recorded):
    path, _, query = recorded["path"].partition("?")
    asked = dict(part.split("=") for part in query.split("&") if part)
    return world.ask(recorded["method"], path, recorded["body"], token=PERSON, **asked).response


@pytest.mark.parametrize("scenario", ["create-status", "create-file", "git-refs"])
def test_the_same_requests_are_answered_in_the_same_form(world, scenario):
    named(world, scenario)
    assert of(scenario)
    for recorded in of(scenario):
        ours = replayed(world, recorded)
        assert ours.status == recorded["status"], ours.payload
        assert list(unlike(shape(recorded["response"]), shape(ours.payload))) == []
        if "location" in recorded:
            assert ours.headers["location"] == recorded["location"]


def test_a_file_has_the_id_that_git_gives_it(world):
    named(world, "create-file")
    [recorded] = of("create-file")
    ours = replayed(world, recorded).payload["content"]
    elsewhere = {"download_url": "https://github.com/raw/octokit-fixture-org/create-file/main/test.txt"}
    assert ours == {**recorded["response"]["content"], **elsewhere}


def test_pages_are_linked_as_recorded(world):
    shop = named(world, "paginate-issues")
    shop.issues.clear()
    for number in range(13):
        world.ask(
            "POST", "/repos/octokit-fixture-org/paginate-issues/issues", {"title": f"Test issue {number}"}, token=PERSON
        )
    shop.id = 1000
    for recorded in of("paginate-issues"):
        ours = replayed(world, recorded)
        assert ours.headers["link"] == recorded["link"]
        assert ours.payload[0]["number"] == recorded["response"][0]["number"]
        theirs, mine = shape(recorded["response"]), shape(ours.payload)
        assert list(unlike(theirs, mine)) == []


def test_a_refusal_has_the_recorded_form(world):
    [recorded] = of("errors")
    ours = world.say(description="a" * 141)
    assert ours.status == recorded["status"] == 422
    theirs, mine = shape(recorded["response"]), shape(ours.payload)
    # A reason in words goes with the code "custom", as docs and countless logs of others have it.
    assert mine["errors"][0].pop("message") == "str"
    assert list(unlike(theirs, mine)) == []
    assert re.fullmatch(r"https://docs\.github\.com/rest/[a-z/]+#[a-z-]+", ours.payload["documentation_url"])


def test_a_shape_that_differs_is_told():
    assert list(unlike(shape({"a": 1, "b": [{"c": "x"}]}), shape({"a": "1", "b": [{}], "d": 0}))) == [
        "$.a is int there and str here", "$.b[].c is not ours", "$.d is ours alone",
    ]  # fmt: skip
