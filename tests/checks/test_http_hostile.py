"""Whatever staging sends back, a sample comes of it: never a crash, never a request to an undeclared origin."""

from http_world import TARGETS, Staging, read, reply, taken
from hypothesis import example, given, settings
from hypothesis import strategies as st

from releasegate.wire.origin import target_for

OK = {"status": [200, 302]}
FLOW = read(
    {
        "follow": 2,
        "steps": [
            {
                "name": "first",
                "get": "api:/a",
                "expect": OK,
                "capture": {"v": "$.v", "h": {"header": "x"}, "c": {"cookie": "c"}},
            },
            {
                "name": "second",
                "post": "api:/a/{{v}}/b",
                "query": {"q": "{{h}}", "{{literal": "{{c}}"},
                "headers": {"X-V": "{{v}}", "X-H": "{{h}}"},
                "json": {"v": "{{v}}", "t": "x{{v}}"},
                "expect": OK,
            },
            {"name": "third", "get": "{{v}}", "query": {"h": "{{h}}"}, "expect": OK},
        ],
        "finally": [{"delete": "api:/a/{{v}}", "headers": {"X-H": "{{h}}"}}],
    }
)
URLS = st.sampled_from(
    [
        "http://api.test/v1",
        "//evil.test",
        "http://evil.test/",
        "https://auth.test\\@evil.test/",
        "http://[",
        "..",
        "/",
        "http://api.test:80@evil.test/",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text() | URLS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | URLS


def answers(status, value, **said):
    return reply(status, {"v": value}, headers=[(name.replace("_", "-"), text) for name, text in said.items()])


REPLIES = st.builds(
    answers,
    st.sampled_from([200, 200, 200, 302, 307, 429]),
    JSON,
    x=TEXTS,
    set_cookie=TEXTS.map("c={}".format),
    location=URLS | TEXTS,
    retry_after=st.sampled_from(["1", "x", "9" * 99]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(REPLIES, min_size=1, max_size=6))
@example([answers(200, "http://[", x="a", set_cookie="c=b")])
@example([answers(302, "a", x="a", set_cookie="c=b", location="http://[::1")])
def test_no_answer_crashes_a_sample_or_leads_it_astray(replies):
    staging = Staging(replies)
    sample = taken(FLOW, staging).sample
    assert sample.met or sample.signature
    for request in staging.requests:
        assert target_for(request.url, TARGETS) is request.target
        assert request.url.isascii()
        assert all(value.isascii() and value.isprintable() for _, value in request.headers)
