"""What may stand under `http:`, and what the author of a wrong check is told."""

import pytest
from http_world import problems, read

from releasegate.checks.http import KIND

OK = {"status": 200}


def lone(**more):
    return {"get": "api:/x", "expect": OK, **more}


def steps(*requests, **more):
    return {"steps": list(requests), **more}


def step(name, **more):
    more = more if any(key in more for key in ("get", "post", "delete")) else {"get": "api:/x", **more}
    return {"name": name, "expect": OK, **more}


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "patch", "delete", "options"])
def test_every_method_is_one_key(method):
    (request,) = read({method: "api:/x", "expect": OK}).steps
    assert request.method == method.upper()


@pytest.mark.parametrize(
    "config",
    [
        {"get": "api:/x"},
        {"get": "api:/x", "expect": {}},
        {"get": "api:/x", "expect": {"latency": {"warn": "1s"}}},
        steps({"name": "a", "get": "api:/x"}),
        steps(step("a"), {"name": "b", "get": "api:/x", "expect": {}}),
    ],
)
def test_never_green_03_a_request_without_an_expectation_that_fails_is_refused(config):
    assert "could never fail" in problems(config)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"steps": []}, "at least 1"),
        ({"expect": OK}, "exactly one of get"),
        (lone(post="api:/x"), "found get and post"),
        (lone(json={}, text="x"), "takes only one of json"),
        ({"get": "apy:/x", "expect": OK}, 'did you mean "api"?'),
        ({"get": "http://x/y", "expect": OK}, "declare the origin under targets"),
        (lone(**{"as": "gate-usr"}), 'did you mean "gate-user"?'),
        (lone(timeout="0s"), "longer than 0s"),
        (lone(timeout=5), "a duration has a unit"),
        (lone(follow=-1), "at least 0"),
        (lone(follw=1), 'did you mean "follow"?'),
        (lone(headers={"Host": "x"}), "set by the wire"),
        (lone(headers={"X-A": "1", "x-a": "2"}), "stands here twice"),
        (lone(headers={"X-A": "a\r\nX-B: c"}), "printable ASCII"),
        (lone(headers={"X-A": "é"}), "printable ASCII"),
        (lone(json={"n": float("nan")}), "finite"),
        (lone(file="/etc/passwd"), "stays inside"),
        (lone(file="../secret"), "stays inside"),
        (lone(multipart={"f": {"file": "a/../../b"}}), "stays inside"),
        (lone(query={"q": "{{nobody-said}}"}), "is not defined here"),
        (lone(capture={"nonce": "$.x"}), "already defined"),
        (lone(capture={"x": "x"}), "begins with $"),
        (lone(capture={"x": {"body": "(?=x)"}}), "lookaround"),
        (lone(capture={"x": {"header": "a", "cookie": "b"}}), "exactly one of header, cookie, body"),
        ({"head": "api:/x", "expect": {"json": {"$.a": 1}}}, "has no body"),
        (lone(poll={"within": "5s"}), "poll needs until"),
        (lone(poll={"within": {"warn": "5s"}, "until": OK}), "a bound that fails"),
        (lone(poll={"within": "5s", "every": "1ms", "until": OK}), "at least 10ms"),
        (lone(poll={"within": "5s", "until": {"latency": {"warn": "1s"}}}), "until only warns"),
        (lone(states={"at": "$.s", "order": ["a"]}), "states needs poll"),
        (lone(poll={"within": "5s", "until": OK}, states={"at": "$.s", "order": ["a"]}), "not at both"),
        (lone(poll={"within": "5s"}, states={"at": "$.s", "order": ["a", "a"]}), "stands twice"),
        (lone(poll={"within": "5s"}, states={"at": "$.s", "order": ["a"], "never": ["a"]}), "in order and in never"),
        (steps(step("a"), step("a")), 'two steps are named "a"'),
        (steps({"get": "api:/x", "expect": OK}), 'needs the key "name"'),
        (steps(step("a"), get="api:/x"), 'unknown key "get"'),
        (lone(**{"finally": [{"delete": "api:/x", "capture": {"a": "$.a"}}]}), 'unknown key "capture"'),
        ("api:/x", "a request, or steps"),
    ],
)
def test_a_wrong_check_is_refused_with_advice(config, said):
    assert said in problems(config)


def test_all_errors_of_a_check_come_at_once():
    told = problems(steps(step("a", get="apy:/x"), {"name": "b", "get": "api:/y"}))
    assert "did you mean" in told
    assert "could never fail" in told


def test_a_capture_is_known_to_later_steps_and_to_finally_only():
    create = step("create", post="api:/x", capture={"id": "$.id"})
    read(steps(create, step("see", get="api:/x/{{id}}"), **{"finally": [{"delete": "api:/x/{{id}}"}]}))
    assert "is not defined here" in problems(steps(step("see", get="api:/x/{{id}}"), create))


def test_a_capture_may_not_shadow_another_one():
    a = step("a", capture={"id": "$.id"})
    assert "already defined" in problems(steps(a, {**a, "name": "b"}))


def test_identity_and_timeout_are_inherited_from_check_and_suite():
    config = steps(step("a"), step("b", **{"as": "nobody", "timeout": "1s"}), timeout="3s")
    first, second = read(config, defaults={"as": "gate-user", "timeout": "9s"}).steps
    assert (first.identity, first.timeout_s) == ("gate-user", 3.0)
    assert (second.identity, second.timeout_s) == ("nobody", 1.0)


def test_an_inherited_identity_that_is_unknown_is_reported_once():
    told = problems(steps(step("a"), step("b")), defaults={"as": "gate-usr"})
    assert told.count("unknown identity") == 1


def test_the_default_timeout_is_ten_seconds():
    assert read(lone()).steps[0].timeout_s == 10.0


def test_a_loop_may_name_targets_and_identities():
    loops = {"where": ["api", "auth"], "who": ["nobody", "gate-user"]}
    flow = read({"get": "{{where}}:/x", "as": "{{who}}", "expect": OK}, loops=loops)
    assert KIND.targets(flow, {"where": "auth", "who": "nobody"}) == ("auth",)
    assert 'unknown target "apy"' in problems({"get": "{{w}}:/x", "expect": OK}, loops={"w": ["apy"]})
    assert 'unknown identity "x"' in problems(lone(**{"as": "{{w}}"}), loops={"w": ["x"]})


def test_what_has_no_holes_is_encoded_when_it_is_read():
    (request,) = read(lone(get="api:/a b", query={"q": ["ä", 1], "f": None}, json={"a": [1]})).steps
    assert request.path == "/a%20b?q=%C3%A4&q=1&f"
    assert request.content == b'{"a":[1]}'
    assert ("Content-Type", "application/json") in request.plain_headers


def test_writes_count_what_may_change_something_but_not_finally():
    flow = read(
        steps(
            step("a", post="api:/x", capture={"id": "$.id"}),
            step("b", get="api:/x/{{id}}"),
            step("c", delete="api:/x/{{id}}"),
            **{"finally": [{"delete": "api:/x/{{id}}"}]},
        )
    )
    assert KIND.writes(flow) == 2
    assert KIND.cleans_up(flow)
    assert KIND.writes(read(lone())) == 0
    assert not KIND.cleans_up(read(lone()))


def test_a_lone_request_may_clean_up_after_itself():
    flow = read({"post": "api:/x", "expect": OK, "capture": {"id": "$.id"}, "finally": [{"delete": "api:/x/{{id}}"}]})
    assert KIND.cleans_up(flow)


def test_the_bound_on_a_sample_holds_all_its_steps_and_polls():
    flow = read(steps(step("a", timeout="3s"), step("b", timeout="2s", poll={"within": "20s", "until": OK})))
    assert 25.0 <= KIND.timeout_s(flow) <= 35.0


def test_the_schema_knows_both_forms():
    lone_form, with_steps = KIND.table.schema()["anyOf"]
    assert {"get", "expect", "finally"} <= lone_form["properties"].keys()
    assert with_steps["required"] == ["steps"]


@pytest.mark.parametrize("body", [{"json": {"$.a": 1}}, {"body": {"not": {"contains": "x"}}}, {"size": "1KiB"}])
@pytest.mark.parametrize(("status", "refused"), [(204, True), (304, True), ([200, 204], False), (200, False)])
def test_a_body_is_not_expected_of_a_status_that_has_none(status, refused, body):
    said = problems({"get": "api:/x", "expect": {"status": status, **body}})
    assert ("an answer of this status has no body" in said) is refused
