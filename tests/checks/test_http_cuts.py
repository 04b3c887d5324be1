"""Wherever an answer is cut, the cut is marked, so that no beginning of a secret stays behind it."""

import json

import msgspec
import pytest
from http_world import reply, sample

from releasegate.redact import Redactor

TOKEN = "geheim€nis-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TELLING = ("gehe", "nis-", "ABCD")
EXPECT = {
    "equals": {"json": {"$.state": "foo"}},
    "matches": {"json": {"$.state": {"matches": "^foo"}}},
    "object": {"json": {"$": {"equals": {"a": 1}}}},
    "schema": {"json": {"$": {"schema": {"properties": {"state": {"maxLength": 3}}}}}},
    "body": {"body": "foo"},
    "header": {"headers": {"X-S": "foo"}},
    "status": {"status": 500},
}
CHECKS = {
    **{name: {"get": "api:/x", "expect": expect} for name, expect in EXPECT.items()},
    "states": {"get": "api:/x", "poll": {"within": "1s"}, "states": {"at": "$.state", "order": ["a", "b"]}},
    "until": {"get": "api:/x", "poll": {"within": "300ms", "until": {"json": {"$.state": "foo"}}}},
}
PADDINGS = [*range(20, 66), *range(100, 126), *range(180, 206), *range(2000, 2052)]


@pytest.mark.parametrize("name", CHECKS)
def test_nothing_of_a_secret_is_left_where_an_answer_is_cut(name):
    redactor = Redactor({TOKEN})
    for padding in PADDINGS:
        said = {"state": "p" * padding + TOKEN}
        body = json.dumps(said, ensure_ascii=False).encode()
        one, _ = sample(CHECKS[name], reply(body=body, headers={"X-S": said["state"]}))
        assert not one.met
        written = msgspec.json.encode(redactor.clean_struct(one)).decode()
        assert not [part for part in TELLING if part in written], f"{padding}: {written}"


def test_nothing_of_a_secret_is_left_of_where_a_redirect_led():
    redactor = Redactor({TOKEN})
    for padding in range(100, 200):
        location = f"http://evil.test/{'p' * padding}/{TOKEN}"
        one, _ = sample(
            {"get": "api:/x", "follow": 2, "expect": {"status": 200}}, reply(302, headers={"location": location})
        )
        written = redactor.clean(" ".join(one.notes))
        assert "not followed" in written
        assert not [part for part in TELLING if part in written], written
