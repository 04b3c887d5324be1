"""What is sent: paths, queries, headers, bodies, credentials, cookies."""

import json

import pytest
from http_world import NONCE, TARGETS, Staging, read, reply, sample, taken, trouble, unmet

from releasegate import __version__

OK = {"status": 200}


def ask(**more):
    return {"get": "api:/x", "expect": OK, **more}


def test_a_request_goes_to_its_target_with_its_prefix():
    _, staging = sample(ask(), reply())
    assert staging.requests[0].url == "http://api.test:80/v1/x"
    assert staging.requests[0].method == "GET"


def test_every_request_says_who_asks():
    _, staging = sample(ask(), reply())
    assert staging.said()["user-agent"] == f"releasegate/{__version__}"
    assert staging.said()["accept"] == "*/*"


def test_headers_of_the_check_win_over_the_identitys_and_those_over_the_targets():
    flow = read(ask(**{"as": "gate-user", "headers": {"accept": "text/html", "x-b": "check"}}))
    staging = Staging([reply()])
    from msgspec.structs import replace

    api = replace(TARGETS["api"], headers=(("Authorization", "target"), ("X-A", "target"), ("X-B", "target")))
    taken(flow, staging, targets={"api": api})
    said = staging.said()
    assert said["authorization"] == "Bearer gate-user"
    assert (said["x-a"], said["x-b"], said["accept"]) == ("target", "check", "text/html")
    assert len(staging.requests[0].headers) == len(said)


def test_holes_are_percent_encoded_in_path_and_query():
    config = ask(get="api:/o/{{id}}/x", query={"q": "{{id}}"})
    _, staging = sample(config, reply(), values={"id": "../ä?&=/"})
    assert staging.requests[0].url.endswith("/o/..%2F%C3%A4%3F%26%3D%2F/x?q=..%2F%C3%A4%3F%26%3D%2F")


@pytest.mark.parametrize("part", ["..", "."])
def test_what_fills_a_hole_cannot_lead_to_another_path(part):
    one, staging = sample({"delete": "api:/o/{{id}}", "expect": OK}, reply(), values={"id": part})
    assert one.trouble.reason == "not allowed"
    assert not staging.requests


def test_a_hole_alone_keeps_its_type_in_a_json_body():
    config = {"post": "api:/x", "json": {"n": "{{n}}", "t": "n={{n}}"}, "expect": OK}
    _, staging = sample(config, reply(), values={"n": 7})
    assert json.loads(staging.requests[0].body) == {"n": 7, "t": "n=7"}


def test_a_form_is_urlencoded_and_its_type_is_said():
    config = {"post": "api:/x", "form": {"a": "b c&", "l": [1, "{{n}}"]}, "expect": OK}
    _, staging = sample(config, reply(), values={"n": "ä"})
    assert staging.requests[0].body == b"a=b+c%26&l=1&l=%C3%A4"
    assert staging.said()["content-type"] == "application/x-www-form-urlencoded"


def test_a_text_is_sent_as_it_is_and_a_content_type_of_the_check_stands():
    config = {"post": "api:/x", "text": "a {{nonce}}", "headers": {"content-type": "text/csv"}, "expect": OK}
    _, staging = sample(config, reply())
    assert staging.requests[0].body == f"a {NONCE}".encode()
    assert [v for n, v in staging.requests[0].headers if n.lower() == "content-type"] == ["text/csv"]


def test_a_writing_request_without_a_body_says_so():
    _, staging = sample({"post": "api:/x", "expect": OK}, reply())
    assert staging.requests[0].body is None
    assert staging.said()["content-length"] == "0"
    assert "content-length" not in sample(ask(), reply())[1].said()


def test_a_multipart_body_carries_values_and_files(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"1,2\n")
    config = {
        "post": "api:/x",
        "multipart": {"note": "hi", "data": {"file": "a.csv", "content_type": "text/csv", "filename": 'q".csv'}},
        "expect": OK,
    }
    staging = Staging([reply()])
    assert taken(read(config, file=str(tmp_path / "gate.yml")), staging).sample.met
    boundary = f"releasegate-{NONCE}"
    assert staging.said()["content-type"] == f"multipart/form-data; boundary={boundary}"
    assert staging.requests[0].body.decode() == (
        f'--{boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\nhi\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="data"; filename="q%22.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\n1,2\n\r\n--{boundary}--\r\n"
    )


def test_a_file_is_read_when_the_sample_is_taken_and_its_absence_is_trouble(tmp_path):
    flow = read({"put": "api:/x", "file": "body.bin", "expect": OK}, file=str(tmp_path / "gate.yml"))
    missing = taken(flow, Staging([reply()])).sample
    assert missing.trouble.reason == "no file"
    (tmp_path / "body.bin").write_bytes(b"\0\1")
    staging = Staging([reply()])
    assert taken(flow, staging).sample.met
    assert staging.requests[0].body == b"\0\1"


def test_a_link_does_not_lead_a_file_out_of_the_configs_directory(tmp_path):
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "secret").write_text("s")
    (inside / "link").symlink_to(tmp_path / "secret")
    flow = read({"put": "api:/x", "file": "link", "expect": OK}, file=str(inside / "gate.yml"))
    staging = Staging([reply()])
    assert taken(flow, staging).sample.trouble.reason == "not allowed"
    assert not staging.requests


@pytest.mark.parametrize("value", ["1\r\nAuthorization: me", "1\0", "é", "\u2028"])
def test_a_value_from_staging_cannot_become_a_header(value):
    one, staging = sample(
        {
            "steps": [
                {"name": "a", "get": "api:/a", "expect": OK, "capture": {"v": "$.v"}},
                {"name": "b", "get": "api:/b", "headers": {"X-V": "{{v}}"}, "expect": OK},
            ]
        },
        reply(json={"v": value}),
    )
    assert (one.trouble.reason, one.trouble.step) == ("not allowed", "b")
    assert len(staging.requests) == 1


def test_nobody_has_no_credentials_and_an_identity_its_own():
    _, staging = sample(ask(**{"as": "nobody"}), reply())
    assert not staging.logins
    _, staging = sample(ask(**{"as": "gate-user"}), reply())
    assert staging.logins == [("gate-user", "api")]


def test_an_identity_that_fell_back_is_named_in_the_sample():
    staging = Staging([reply()], fell={"gate-user"})
    assert taken(read(ask(**{"as": "gate-user"})), staging).sample.fallback == "gate-user"


def test_an_identity_that_cannot_be_had_is_trouble_of_the_login():
    staging = Staging([reply()], broken={"gate-user"})
    one = taken(read(ask(**{"as": "gate-user"})), staging).sample
    assert (one.trouble.phase, one.trouble.target) == ("login", "auth")
    assert not staging.requests


def test_cookies_go_back_to_who_set_them_under_the_same_identity_only():
    crumb = "api.test\tFALSE\t/\tFALSE\t0\tsid\tabc"
    step = {"expect": OK}
    _, staging = sample(
        {
            "steps": [
                {"name": "in", "post": "api:/login", **step},
                {"name": "again", "get": "api:/me", **step},
                {"name": "other-origin", "get": "auth:/me", **step},
                {"name": "other-identity", "get": "api:/me", "as": "admin", **step},
            ]
        },
        reply(cookies=(crumb,)),
        reply(),
    )
    assert [request.cookies for request in staging.requests] == [(), (crumb,), (), ()]


def test_cookies_of_an_identity_are_in_its_jar():
    staging = Staging([reply()], identity_cookies=("line",))
    taken(read(ask(**{"as": "gate-user"})), staging)
    assert staging.requests[0].cookies == ("line",)


def test_trouble_of_the_wire_keeps_its_reason_and_names_target_and_step():
    one, _ = sample({"steps": [{"name": "a", "get": "auth:/x", "expect": OK}]}, trouble("refused"))
    assert (one.trouble.reason, one.trouble.target, one.trouble.step) == ("refused", "auth", "a")
    assert one.signature == "http a connect refused"


def test_what_was_measured_is_in_the_sample():
    one, _ = sample(ask(), reply(took_s=0.2))
    assert [(p.name, p.step) for p in one.phases] == [("connect", None), ("first byte", None)]
    assert [(c.target, c.requests) for c in one.contact] == [("api", 1)]


@pytest.mark.parametrize("status", [200, 503])
def test_an_answer_in_the_wrong_status_is_unmet_not_trouble(status):
    one, _ = sample(ask(), reply(status, body=b"oh"))
    assert one.met is (status == 200)
    assert unmet(one) == ([] if status == 200 else ["status == 200 (got 503)"])
    assert one.signature == (None if status == 200 else "http status 503")
    assert one.excerpt == (None if status == 200 else "oh")


def test_every_request_of_a_sample_is_traced_by_its_nonce_and_counted():
    steps = [{"name": "a", "get": "api:/a", "expect": OK}, {"name": "b", "get": "api:/b", "expect": OK}]
    one, staging = sample({"steps": steps}, reply())
    assert [staging.said(n)["traceparent"] for n in (0, 1)] == [f"00-{NONCE}-000000000000000{n}-01" for n in (1, 2)]
    assert one.trace is None


@pytest.mark.parametrize(
    "config", [ask(expect={"status": 201}), ask(expect={"status": 200, "latency": {"warn": "1ms", "fail": "9s"}})]
)
def test_a_sample_that_fails_or_warns_names_its_trace(config):
    assert sample(config, reply())[0].trace == NONCE


def test_a_request_that_nobody_answers_names_its_trace():
    assert sample(ask(), trouble("reset", "first byte"))[0].trace == NONCE


def test_a_traceparent_of_the_check_is_sent_as_it_is_and_told():
    mine = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    one, staging = sample(ask(headers={"Traceparent": mine}), reply(500))
    assert staging.said()["traceparent"] == mine
    assert one.trace == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_what_finally_sends_is_traced_too():
    config = {**ask(), "finally": [{"delete": "api:/x"}]}
    _, staging = sample(config, reply())
    assert staging.said()["traceparent"].endswith("-0000000000000002-01")


@pytest.mark.parametrize("phase", ["name", "connect", "proxy", "TLS"])
def test_a_request_that_was_never_sent_names_no_trace(phase):
    assert sample(ask(), trouble("refused", phase))[0].trace is None
