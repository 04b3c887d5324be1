"""Whatever is asked, however it is asked, there is an answer in GitHub's form; and pages leave nothing out."""

import json
import re
from copy import deepcopy
from itertools import product

import pytest
from hub_world import JOB, PERSON, World
from hypothesis import given, settings
from hypothesis import strategies as st
from test_hub_access import PUBLIC, signed

from releasegate.demo.hub.routes import ROUTES

WORLD = World()
GATE = WORLD.hub.app("gate", "acme", {"statuses": "write"}, PUBLIC)
SIGNED = signed(WORLD, GATE)
for known in (*WORLD.hub.tokens.values(), WORLD.hub.anonymous):
    known.limit = 1_000_000
SHOP = "/repos/acme/shop"
ANNOTATION = {"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}
RUN = {
    "name": "gate", "head_sha": WORLD.head, "status": "completed", "conclusion": "success", "details_url": "https://a.b",
    "output": {"title": "t", "summary": "s", "text": "t", "annotations": [ANNOTATION, ANNOTATION]},
}  # fmt: skip
SOUND = (
    ("POST", f"{SHOP}/statuses/{WORLD.head}", JOB,
     {"state": "success", "context": "c", "description": "d", "target_url": "https://a.b"}),
    ("POST", f"{SHOP}/check-runs", JOB, RUN),
    ("POST", f"{SHOP}/issues/1/comments", JOB, {"body": "b"}),
    ("POST", f"{SHOP}/issues", PERSON, {"title": "t", "body": "b", "labels": ["l", {"name": "n"}]}),
    ("PUT", f"{SHOP}/contents/a/b", PERSON, {"message": "m", "content": "e30=", "branch": "feature", "sha": "0" * 40}),
    ("POST", f"{SHOP}/git/refs", PERSON, {"ref": "refs/heads/x", "sha": WORLD.head}),
    ("POST", f"/app/installations/{next(iter(GATE.installed))}/access_tokens", SIGNED,
     {"permissions": {"statuses": "write"}, "repositories": ["shop"]}),
)  # fmt: skip
WORDS = st.sampled_from(["success", "completed", "main", "feature", WORLD.head, "refs/heads/x", "1", "e30=", "", "🚦"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=4,
)
PARTS = st.one_of(WORDS, st.sampled_from(["acme", "main...feature", "README.md", "ann", "²"]), st.text(max_size=5))
KEYS = st.sampled_from(["page", "per_page", "ref", "head", "state", "since", "filter"])
QUERY = st.dictionaries(KEYS, st.sampled_from(["²", "0", "-1", "9" * 5_000]) | st.text(max_size=4))


@settings(max_examples=300, deadline=None)
@given(route=st.sampled_from(ROUTES), data=st.data())
def test_every_request_has_an_answer(route, data):
    path = route.template.replace("{owner}/{repo}", "acme/shop")
    path = re.sub(r"\{\w+\}", lambda _: data.draw(PARTS), path)
    body = data.draw(st.none() | VALUES | st.binary(max_size=8))
    token = data.draw(st.sampled_from([JOB, PERSON, None, "a.b.c", "§", SIGNED]))
    answered(WORLD.ask(route.method, path, body, token=token, **data.draw(QUERY)).response)


@pytest.mark.parametrize("sound", SOUND, ids=lambda sound: sound[1].removeprefix(SHOP).split("/")[1])
def test_a_sound_request_with_one_odd_value_anywhere_has_an_answer(sound):
    method, path, token, body = sound
    count = len(list(places(body)))
    for number, value in product(range(count), (None, True, -1, 1.5, "", "🚦", "\udc80", [], [None], {}, {"a": []})):
        odd = deepcopy(body)
        place, key = list(places(odd))[number]
        place[key] = value
        answered(WORLD.ask(method, path, odd, token=token).response)


def places(node):
    """Give every container in a body with every key of it."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield node, key
        if isinstance(value, (dict, list)):
            yield from places(value)


def answered(response):
    assert json.dumps(response.payload)
    assert response.status in (200, 201, 204, 304, 400, 401, 403, 404, 409, 422)
    if response.status >= 400:
        assert response.payload["status"] == str(response.status)
        assert response.payload["message"]


@settings(max_examples=50, deadline=None)
@given(count=st.integers(0, 25), size=st.integers(1, 12))
def test_pages_hold_every_entry_once(count, size):
    world = World()
    for number in range(count):
        world.say(context=f"{number}")
    seen, page = [], 1
    while page:
        response = world.of("GET", f"/commits/{world.head}/statuses", per_page=size, page=page)
        seen += [int(each["context"]) for each in response.payload]
        page = page + 1 if 'rel="next"' in response.headers.get("link", "") else 0
    assert seen == list(range(count))[::-1]
