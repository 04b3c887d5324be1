"""Which target an URL belongs to."""

import pytest
from wire_world import target_at

from releasegate.wire.origin import absolute, on_origin, target_for

API = target_at(80, host="api.example.com", path="/v1")
SIX = target_at(8080, host="::1", name="six")
CHAT = target_at(443, host="api.example.com", scheme="wss", name="chat")
TARGETS = {target.name: target for target in (API, SIX, CHAT)}


def test_a_path_stands_behind_origin_and_prefix():
    assert absolute(API, "/orders?a=1") == "http://api.example.com:80/v1/orders?a=1"
    assert absolute(SIX, "/") == "http://[::1]:8080/"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://api.example.com/x", "api"),
        ("HTTP://API.example.com:80/x", "api"),
        ("http://api.example.com", "api"),
        ("http://[::1]:8080/", "six"),
        ("wss://api.example.com/", "chat"),
        ("https://api.example.com/", None),
        ("http://api.example.com:8080/", None),
        ("http://api.example.com:0/", None),
        ("http://api.example.com.evil.net/", None),
        ("http://evil@api.example.com/", None),
        ("http://api.example.com@evil.net/", None),
        ("http://api.example.com:80@evil.net/", None),
        ("http://api.example.com\\@evil.net/", None),
        ("//api.example.com/", None),
        ("http://api.example.com:port/", None),
        ("http://[::1/", None),
        ("", None),
    ],
)
def test_an_url_belongs_to_the_target_with_its_origin(url, name):
    found = target_for(url, TARGETS)
    assert (found.name if found else None) == name
    for target in TARGETS.values():
        assert (on_origin(target, url) is not None) == (target.name == name)


def test_an_url_is_sent_with_the_targets_own_spelling_of_the_origin():
    assert on_origin(API, "http://API.example.com/x/../y?a=b#c") == "http://api.example.com:80/x/../y?a=b"
    assert on_origin(API, "http://api.example.com") == "http://api.example.com:80/"
