"""What is wrong with a config is told with its line, what was found, and what to write instead."""

import pytest
from config_gate import CHECK, HEALTH, TARGETS, gate, loaded, problems, the_problem, with_check

from releasegate.config.load import ConfigError, load

URL = "https://x.example.com"


def target(body):
    return gate(targets=f"targets:\n  api: {body}")


TARGET_ERRORS = [
    ("{}", "a target needs the key", "the origin"),
    ("{url: staging.example.com}", "its scheme is none of", "write it with its scheme"),
    ("{url: 'htps://staging.example.com'}", "its scheme is none of", 'did you mean "https"?'),
    ("{url: 'https://'}", "it has no host", None),
    ("{url: 'https://a b'}", "a blank", None),
    ("{url: 'https://a:99999'}", "host or port cannot be read", None),
    ("{url: 'https://a:0'}", "port 0 is none", None),
    ("{url: 'https://[::1'}", "host or port cannot be read", None),
    ("{url: 'https://a-.b%'}", "its host is not a name", None),
    ("{url: 'https://a/#x'}", "it has a #fragment", None),
    ("{url: 'https://a/?key=abcdef'}", "it has a ?query", "a query stands at the checks"),
    ("{url: 'tcp://a'}", "tcp has no default port", "tcp://host:port"),
    ("{url: 'tcp://a:1/x'}", "tcp has no path", None),
    ("{url: ''}", "expected a url", None),
    ("{url: 5}", "expected a url", "quote it"),
    ("{url: 'https://a{{nonce}}'}", "{{holes}} are not filled here", None),
    ("{url: 'https://a', allow_hosts: ['*.b', c]}", 'the host "a" is not in allow_hosts', "allowed: *.b, c"),
    ("{url: 'https://a', concurrency: 0}", "expected a whole number of at least 1", None),
    ("{url: 'https://a', max_body: 5}", "expected a size", None),
    ("{url: 'https://a', revison: {}}", 'unknown key "revison" in a target', 'did you mean "revision"?'),
    ("{url: 'https://a', foreign: yes}", 'expected true or false, found text "yes"', None),
    ("{url: 'https://a', headers: {Host: b}}", "the header Host is set by the wire", "leave it out"),
    ("{url: 'https://a', headers: {X: 'a', x: 'b'}}", "the header x stands here twice", None),
    ('{url: "https://a", headers: {X: "a\\nb"}}', "no line break", None),
    ("{url: 'https://a', revision: {get: /health}}", "needs exactly one of at, header, body; found none", None),
    ("{url: 'https://a', revision: {get: /health, at: $.r, header: x}}", "found at and header", None),
    ("{url: 'https://a', revision: {get: /health, at: '$['}}", "", None),
    ("{url: 'https://a', revision: {get: /health, body: '(?=x)'}}", "", "linear"),
    ("{url: 'https://a', revision: {get: health, at: $.r}}", "expected /path or target:/path", None),
    ("{url: 'https://a', revision: {get: '/{{nonce}}', at: $.r}}", '"{{nonce}}" is not defined here', None),
    ("{url: 'https://a', revision: {get: /h, at: $.r, wait: 10}}", "expected a duration", "a duration has a unit"),
    ("{url: 'https://a', revision: {get: /h, at: $.r, settle: 0}}", "a whole number of at least 1", None),
    ("{url: 'ws://a', revision: {get: /h, at: $.r}}", "a revision is read over http, not ws", None),
]


@pytest.mark.parametrize(("body", "message", "hint"), TARGET_ERRORS)
def test_a_wrong_target_is_told(body, message, hint):
    problem = the_problem(target(body))
    assert problem.file == "gate.yml"
    assert problem.line == 3
    assert message in problem.message
    assert hint is None or hint in problem.hint


def test_the_revision_of_a_target_is_asked_there():
    text = gate(targets=TARGETS + '  b: {url: "http://b", revision: {get: "api:/health", at: $.r}}')
    assert "a target says its own revision" in the_problem(text).message


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "path", "origin"),
    [
        ("http://a", "http", "a", 80, "", "http://a:80"),
        ("HTTPS://A.example.com/", "https", "a.example.com", 443, "", "https://a.example.com:443"),
        ("ws://a/prefix/", "ws", "a", 80, "/prefix", "ws://a:80"),
        ("wss://u:p@a:8443/x", "wss", "a", 8443, "/x", "wss://a:8443"),
        ("http://[::1]:8080/x", "http", "::1", 8080, "/x", "http://[::1]:8080"),
        ("redis://:pw@cache", "redis", "cache", 6379, "", "redis://cache:6379"),
        ("rediss://cache/0", "rediss", "cache", 6379, "/0", "rediss://cache:6379"),
        ("postgres://db/app?sslmode=require", "postgres", "db", 5432, "/app", "postgres://db:5432"),
        ("postgresql://db", "postgresql", "db", 5432, "", "postgresql://db:5432"),
        ("tcp://edge:443", "tcp", "edge", 443, "", "tcp://edge:443"),
        ("https://bücher.example", "https", "xn--bcher-kva.example", 443, "", "https://xn--bcher-kva.example:443"),
    ],
)
def test_the_url_of_a_target_is_taken_apart(url, scheme, host, port, path, origin):  # noqa: PLR0917
    text = gate(targets=f"targets: {{api: {{url: 'https://a'}}, it: {{url: '{url}'}}}}")
    it = loaded(text).targets["it"]
    assert (it.scheme, it.host, it.port, it.path, it.origin) == (scheme, host, port, path, origin)


IDENTITY_ERRORS = [
    ("nobody: {bearer: abcdef}", '"nobody" is built in', "choose another name"),
    ("a: {}", "needs exactly one of login, jwt, bearer, basic, headers; found none", None),
    ("a: {bearer: abcdef, basic: {user: u, password: p}}", "found bearer and basic", None),
    ("a: {bearer: ''}", "expected a token, found nothing", None),
    ("a: {basic: {user: 'u:v', password: p}}", "no colon", None),
    ("a: {jwt: {secret: s, algorithm: RS256}}", "RS256 signs with a key", None),
    ("a: {jwt: {key: s, algorithm: HS256}}", "HS256 signs with a secret", None),
    ("a: {jwt: {key: s}}", "a private key needs its algorithm", "RS256"),
    ("a: {jwt: {secret: s, claims: [x]}}", "expected a JSON object, found list", None),
    ("a: {jwt: {secret: s, claims: {n: .nan}}}", "a number must be finite", None),
    ("a: {login: {post: 'api:/l', json: {password: pw}}}", "a login gives a token, cookies, or both", None),
    ("a: {login: {post: 'api:/l', token: $.t}}", "needs exactly one of json, form", None),
    ("a: {login: {post: 'apo:/l', json: {p: x}, token: $.t}}", 'unknown target "apo"', 'did you mean "api"?'),
    ("a: {login: {post: '/l', json: {p: x}, token: $.t}}", "expected target:/path", None),
    ("a: {login: {post: 'api:/l', json: {password: ''}, token: $.t}}", "empty password and no fallback", "fallback"),
    ("a: {login: {post: 'api:/l', json: {who: '${P:-}'}, token: $.t}}", "empty password and no fallback", "fallback"),
    ("a: {bearer: abcdef, targets: [apu]}", 'unknown target "apu"', 'did you mean "api"?'),
    ("a: {bearer: abcdef, fallback: {bearer: abcdef, fallback: {bearer: x}}}", 'unknown key "fallback"', None),
    ("A_b: {bearer: abcdef}", "expected a name of a-z, 0-9 and -", None),
]


@pytest.mark.parametrize(("body", "message", "hint"), IDENTITY_ERRORS)
def test_a_wrong_identity_is_told(body, message, hint):
    problem = the_problem(gate(f"identities:\n  {body}"))
    assert message in problem.message
    assert hint is None or hint in problem.hint


def test_a_login_without_its_password_is_not_tried_when_there_is_a_fallback():
    text = gate(
        """
        identities:
          user:
            login: {post: "auth:/login", json: {email: a, password: "${PW:-}"}, token: $.t}
            fallback: {jwt: {secret: "${JWT}", algorithm: HS256, expires_in: 1m}}
        """
    )
    without = loaded(text, {"JWT": "x" * 32}).identities["user"]
    assert not without.login.enabled
    assert (without.fallback.name, without.fallback.jwt.expires_in_s) == ("user", 60)
    assert loaded(text, {"JWT": "x" * 32, "PW": "secret"}).identities["user"].login.enabled


def test_offline_a_login_whose_password_is_not_known_is_no_error():
    body = "a: {login: {post: 'api:/l', json: {password: '${PW:-}'}, token: $.t}}"
    assert loaded(gate(f"identities:\n  {body}"), {}, lenient_env=True).identities["a"].login


CHECK_ERRORS = [
    ("{}", 5, "a check needs a kind", "one of http, websocket, tcp"),
    (f"{{{HEALTH[0:0]}htttp: {{}}}}", 5, 'unknown key "htttp" in a check', 'did you mean "http"?'),
    ("just text", 5, "expected a check, found text", "{http: …}"),
    (f"{{{HEALTH}, critcal: true}}", 5, 'unknown key "critcal" in a check', 'did you mean "critical"?'),
    (f"{{{HEALTH}, critical: yes}}", 5, 'expected true or false, found text "yes"', None),
    (f"{{{HEALTH}, weight: -1}}", 5, "expected a number of at least 0", None),
    (f"{{{HEALTH}, weight: .inf}}", 5, "expected a number of at least 0", None),
    (f"{{{HEALTH}, samples: many}}", 5, "expected one of standard, lean, single, once", None),
    (f"{{{HEALTH}, window: 10}}", 5, "expected a duration", "a duration has a unit"),
    (f"{{{HEALTH}, deadline: 0s}}", 5, "longer than 0s", None),
    (f"{{{HEALTH}, twin: smoke.helth}}", 5, 'unknown check "smoke.helth"', 'did you mean "smoke.health"?'),
    (f"{{{HEALTH}, twin: smoke.health}}", 5, "a check cannot be its own twin", None),
    (f"{{{HEALTH}, needs: smoke.health}}", 5, "needs lead in a circle: smoke.health → smoke.health", None),
    (f"{{{HEALTH}, diagnose: [smoke.health]}}", 5, "a check cannot diagnose itself", None),
    (f"{{{HEALTH}, diagnose: [gone.gone]}}", 5, 'unknown check "gone.gone"', None),
    (f"{{{HEALTH}, for: {{}}}}", 5, "expected at least 1", None),
    (f"{{{HEALTH}, for: {{n: []}}}}", 5, "for: over nothing", "give it a value"),
    (f"{{{HEALTH}, for: {{n: [1, 1]}}}}", 5, 'the value "1" stands here twice', None),
    (f"{{{HEALTH}, for: {{n: [1, '1']}}}}", 5, 'the value "1" stands here twice', None),
    (f"{{{HEALTH}, for: {{n: [[1]]}}}}", 5, "expected text, a number or a boolean, found list", None),
    (f"{{{HEALTH}, for: {{n: ['']}}}}", 5, "not empty", None),
    (f"{{{HEALTH}, for: {{n: ['{{{{nonce}}}}']}}}}", 5, "{{holes}} are not filled in for: values", None),
    (f"{{{HEALTH}, for: {{nonce: [1]}}}}", 5, '"nonce" is already defined in this sample', None),
    (f"{{{HEALTH}, for: {{a: ['1,2', '1'], b: ['3', '2,3']}}}}", 5, "two combinations", None),
    ("{http: {get: 'apu:/x', expect: {status: 200}}}", 5, 'unknown target "apu"', 'did you mean "api"?'),
    ("{http: {get: 'api:/x', as: usr, expect: {status: 200}}}", 5, 'unknown identity "usr"', "known here: nobody"),
    ("{http: {get: 'api:/{{pattrn}}', expect: {status: 200}}, for: {pattern: [a]}}", 5, "is not defined", "pattern"),
    ("{http: {get: 'api:/x'}}", 5, "expect", None),
    ("{http: {get: 'api:/x', expect: {}}}", 5, "nothing is expected", None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "line", "message", "hint"), CHECK_ERRORS)
def test_a_wrong_check_is_told(body, line, message, hint):
    text = gate(
        targets='targets: {api: {url: "https://a"}}', checks=f"suites: {{smoke: {{checks: {{\nhealth:\n {body}}}}}}}"
    )
    problem = the_problem(text)
    assert problem.line == line
    assert message in problem.message
    assert hint is None or hint in problem.hint


TOP_ERRORS = [
    ("version: 1\n" + TARGETS, "there are no suites"),
    ("version: 1\n" + TARGETS + "suites: {}", "there are no suites"),
    ("version: 1\n" + TARGETS + "suites: {smoke: {}}", 'the suite "smoke" has no checks'),
    ("version: 1\n" + TARGETS + "suites: {smoke: {checks: {}}}", 'the suite "smoke" has no checks'),
    ("version: 1\n" + TARGETS + "suites: {smoke: [x]}", "expected a suite"),
    ("version: 1\n" + TARGETS + "suites: [smoke]", "expected suites by name, found list"),
    ("version: 2\n" + TARGETS + CHECK, "expected 1, found number"),
    (TARGETS + CHECK, 'a config needs the key "version"'),
    ("[1, 2]", "expected a config, found list"),
    ("text", "expected a config, found text"),
    (gate("mode: enforced"), "expected one of enforce, advisory"),
    (gate("gate: Staging Gate"), "expected a name of a-z, 0-9 and -"),
    (gate("polcy: {}"), 'unknown key "polcy" in a config'),
    (gate("policy: {deadline: 15}"), "expected a duration"),
    (gate("events: {pull_reqest: run}"), 'unknown event "pull_reqest"'),
    (gate("metrics: {score: {file: a.json, at: $.a}}"), '"score" is already a metric of the gate'),
    (gate("metrics: {mine: {file: ../a.json, at: $.a}}"), "a file stays inside the directory that the gate runs in"),
    (gate("metrics: {mine: {file: a.json, at: $.a, max_age: 0s}}"), "expected a duration longer than 0s"),
    (gate("metrics: {mine: {file: a.json, at: $.a, unit: 5}}"), "expected a unit such as %, ms or MiB"),
    (gate("metrics: {mine: {file: a.json}}"), 'a metric needs the key "at"'),
    (gate("changes: {harmless: [docs/]}"), "a glob is a path that begins at the repository's root"),
    (gate("changes: {harmless: ['**']}"), "this glob matches whatever is changed"),
    (gate("changes: {harmless: []}"), "expected at least 1 of: a glob such as docs/** or **/*.md"),
    (gate("changes: {}"), 'changes needs the key "harmless"'),
    (gate("baseline: {targets: {apu: ''}}"), 'unknown target "apu"'),
    (gate("control: {tcp: {connect: auth}, http: {}}"), "is of one kind; found tcp and http"),
    (gate("control: {}"), "the control needs a kind"),
    (gate("control: {load: {}}"), "the control cannot be of kind load"),
]


@pytest.mark.parametrize(("text", "message"), TOP_ERRORS)
def test_a_wrong_config_is_told(text, message):
    assert message in the_problem(text).message


@pytest.mark.parametrize("key", ["a\\n::error::forged", "a\\r##[error]forged", "a\\u2028::error::forged", "a\\e[2J"])
def test_what_a_config_says_writes_no_line_of_the_errors_about_it(key):
    told = str(the_problem(gate(f'"{key}": 1')))
    assert len(told.splitlines()) <= 2
    assert told.replace("\n", "").isprintable()


def test_never_green_1_a_config_without_checks_does_not_load():
    with pytest.raises(ConfigError, match="nothing would be checked"):
        load("version: 1\n" + TARGETS + "suites: {}", {}, file="gate.yml")


def test_never_green_2_an_empty_config_does_not_load():
    with pytest.raises(ConfigError, match="the file is empty"):
        load("", {}, file="gate.yml")


def test_never_green_3_a_check_without_expectation_does_not_load():
    assert "expect" in the_problem(with_check("http: {get: 'api:/x'}")).message


def test_never_green_31_for_over_nothing_does_not_load():
    assert "for: over nothing" in the_problem(with_check(f"for: {{n: []}}\n{HEALTH}")).message


def test_all_errors_of_a_file_come_at_once_in_their_order():
    text = """\
version: 1
moed: enforce
targets:
  api: {url: "https://a", concurency: 3}
suites:
  smoke:
    checks:
      one:
        http: {get: "apo:/x", expect: {status: 200}}
      two:
        crtical: true
        http: {get: "api:/x", expect: {status: 200}}
      two:
        http: {get: "api:/x", expect: {status: 200}}
      three:
        needs: smoke.two
        http: {get: "api:/${GONE}", expect: {status: 200}}
policy:
  block: [pass_rat >= 95%]
"""
    assert [(p.line, p.column, p.message) for p in problems(text)] == [
        (2, 1, 'unknown key "moed" in a config'),
        (4, 27, 'unknown key "concurency" in a target'),
        (9, 21, 'unknown target "apo"'),
        (11, 9, 'unknown key "crtical" in a check'),
        (13, 7, 'the key "two" stands here twice'),
        (17, 21, "${GONE} is not set"),
        (19, 11, 'unknown metric "pass_rat"'),
    ]


def test_a_word_that_is_none_of_a_few_is_told_with_them_once():
    problem = the_problem(gate("mode: perhaps"))
    assert str(problem).splitlines() == ['gate.yml:6:7: expected one of enforce, advisory, found text "perhaps"']


def test_a_bracket_that_nothing_closes_is_told_with_the_end_of_the_file():
    assert "at the end of the file: " in the_problem(gate() + "events: {a: b\n").message


def test_a_control_on_a_judged_target_is_refused():
    problem = the_problem(gate('control: {http: {get: "api:/edge", expect: {status: 200}}}'))
    assert problem.message == 'a control on a judged target: the check smoke.health uses "api"'
    assert "cannot break" in problem.hint


def test_a_control_on_a_judged_target_is_found_through_for():
    text = with_check(
        """
        for: {where: [api, auth]}
        http: {get: "{{where}}:/health", expect: {status: 200}}
        """,
        'control: {http: {get: "auth:/edge", expect: {status: 200}}}',
    )
    assert 'uses "auth"' in the_problem(text).message


def test_a_control_on_a_judged_address_under_another_name_is_refused():
    targets = TARGETS + "  edge: {url: 'tcp://API.example.com:443'}"
    problem = the_problem(gate("control: {tcp: {connect: edge}}", targets=targets))
    assert 'uses "edge" (the same address as "api")' in problem.message


def test_needs_in_a_circle_are_told_once_with_the_way():
    text = gate(
        checks=f"""suites: {{smoke: {{checks: {{
  a: {{needs: smoke.b, {HEALTH}}},
  b: {{needs: [smoke.c], {HEALTH}}},
  c: {{needs: ["smoke.a"], {HEALTH}}}, d: {{needs: smoke.a, {HEALTH}}}}}}}}}"""
    )
    assert the_problem(text).message == "needs lead in a circle: smoke.a → smoke.b → smoke.c → smoke.a"


def test_for_names_targets_and_each_must_exist():
    text = with_check('for: {where: [api, auht]}\nhttp: {get: "{{where}}:/health", expect: {status: 200}}')
    problem = the_problem(text)
    assert problem.message == 'unknown target "auht"'
    assert problem.hint == 'did you mean "auth"?'


def test_several_for_keys_are_a_product_and_the_checks_have_ids():
    text = with_check(f"for: {{a: [1, 2], b: [x, true]}}\nneeds: 'other.o[7]'\n{HEALTH}").replace(
        "suites:\n", f"suites:\n  other: {{checks: {{o: {{for: {{n: [7]}}, {HEALTH}}}}}}}\n"
    )
    (check,) = loaded(text).suites[1].checks
    assert check.loops == {"a": (1, 2), "b": ("x", True)}
    wrong = problems(text.replace("other.o[7]", "other.o[8]"))
    assert wrong[0].message == 'unknown check "other.o[8]"'
    assert wrong[0].hint == 'did you mean "other.o[7]"?'


def test_for_has_a_bound_and_is_told_once():
    many = ", ".join(map(str, range(101)))
    text = with_check(f"for: {{a: [{many}], b: [{many}]}}\n{HEALTH}")
    assert "for: makes 10,201 checks; at most 10,000 are allowed" in the_problem(text).message


def test_a_name_of_for_does_not_reach_the_next_check():
    checks = f"""suites: {{smoke: {{checks: {{
  a: {{for: {{n: [1]}}, {HEALTH}}},
  b: {{http: {{get: "api:/{{{{n}}}}", expect: {{status: 200}}}}}}}}}}}}"""
    assert '"{{n}}" is not defined here' in the_problem(gate(checks=checks)).message


def test_critical_with_one_sample_is_a_warning():
    for more in ("samples: once", "samples: single"):
        (warning,) = loaded(with_check(f"critical: true\n{more}\n{HEALTH}")).warnings
        assert "smoke.health is critical, and one sample decides it" in warning
    post = "critical: true\nhttp: {post: 'api:/x', json: {}, expect: {status: 200}}"
    assert "(single)" in loaded(with_check(post)).warnings[0]
    assert loaded(with_check(f"critical: true\n{HEALTH}")).warnings == ()


def test_defaults_of_a_suite_name_an_identity():
    text = gate(checks=CHECK.replace("    checks:", "    defaults: {as: gate-usr}\n    checks:"))
    found = problems(text)
    assert [p.message for p in found] == ['unknown identity "gate-usr"']


def test_a_suite_stands_in_a_file_of_its_own():
    files = {"gate/orders.yml": "checks:\n  list:\n    http: {get: 'api:/${PATH_OF}', expect: {status: 200}}\n"}
    text = gate(checks="suites: {orders: gate/orders.yml}")
    config = load(text, {"PATH_OF": "orders"}, file="ci/gate.yml", read=files.__getitem__)
    assert config.suites[0].checks[0].name == "list"
    changed = {"gate/orders.yml": files["gate/orders.yml"].replace("200", "201")}
    assert load(text, {"PATH_OF": "x"}, file="ci/gate.yml", read=changed.__getitem__).hash != config.hash


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("checks:\n  a:\n    htp: {}", 3, 'unknown key "htp" in a check'),
        ("checks: {a: {http: {get: api:/{{x}}}}}", 1, "this is not YAML"),
        ("- a", 1, "expected a suite"),
        ("", 1, "the file is empty"),
    ],
)
def test_errors_of_a_suites_file_carry_its_name(content, line, message):
    text = gate(checks="suites: {orders: gate/orders.yml}")
    with pytest.raises(ConfigError) as caught:
        load(text, {}, file="ci/gate.yml", read=lambda _: content)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("ci/gate/orders.yml", line)
    assert message in problem.message


@pytest.mark.parametrize("path", ["../orders.yml", "/etc/passwd", "a/../../b.yml", "C:/x.yml", "..\\\\x.yml"])
def test_a_suites_file_stays_inside(path):
    text = gate(checks=f'suites: {{orders: "{path}"}}')
    problem = the_problem(text, read=lambda _: pytest.fail("it was opened"))
    assert "stays inside the config's directory" in problem.message


def test_a_suites_file_that_cannot_be_read_is_an_error_at_its_name():
    def read(path):
        raise FileNotFoundError(2, "No such file", path)

    problem = the_problem(gate(checks="suites: {orders: orders.yml}"), read=read)
    assert 'the suite\'s file "orders.yml" cannot be read' in problem.message
    assert problem.line == 6


def test_the_hash_of_a_config_is_of_its_content_alone():
    text = gate("identities: {a: {bearer: '${TOKEN}'}}")
    first = loaded(text, {"TOKEN": "one-token"})
    assert loaded(text.replace("version: 1", "# comment\nversion:   1"), {"TOKEN": "another"}).hash == first.hash
    assert loaded(text.replace("${TOKEN}", "${TOKEN:-x}"), {"TOKEN": "one-token"}).hash != first.hash
    assert len(first.hash) == 64


def test_the_hash_of_a_check_holds_the_defaults_that_reach_it():
    def digest(defaults, body=HEALTH):
        suite = CHECK.replace(HEALTH, body).replace("    checks:", f"    defaults: {defaults}\n    checks:")
        return loaded(gate(checks=suite)).suites[0].checks[0].hash

    timed = HEALTH.replace("expect", "timeout: 3s, expect")
    assert digest("{timeout: 5s}") != digest("{timeout: 6s}")
    assert digest("{timeout: 5s}", timed) == digest("{timeout: 6s}", timed)
    assert digest("{timeout: 5s}") == digest("{timeout: 5s}")


@pytest.mark.parametrize(
    ("url", "check", "message"),
    [
        ("ws://a.example", HEALTH, 'a check of kind http cannot speak to "api": its url is ws://…'),
        (
            "https://a.example",
            'websocket: {connect: "api:/ws", expect: {status: 101}}',
            'a check of kind websocket cannot speak to "api": its url is https://…',
        ),
        ("tcp://a.example:1", HEALTH, 'a check of kind http cannot speak to "api": its url is tcp://…'),
    ],
)
def test_a_kind_that_cannot_speak_to_its_target_is_told(url, check, message):
    targets = f"targets:\n  api: {{url: '{url}'}}\n"
    checks = f"suites:\n  smoke:\n    checks:\n      one:\n        {check}\n"
    problem = the_problem(gate(targets=targets, checks=checks))
    assert problem.message == message
    assert "://" in problem.hint


def test_a_login_at_a_target_that_takes_no_requests_is_told():
    targets = TARGETS + "  chat: {url: 'ws://chat.example'}\n"
    identities = "identities: {me: {login: {post: 'chat:/login', json: {a: b}, token: $.t}}}"
    assert "a login is posted over http" in the_problem(gate(identities, targets=targets)).message


@pytest.mark.parametrize(
    "kind", ["http: {get: 'api:/x', expect: {status: 200}}", "websocket: {connect: 'api:/x', expect: {status: 101}}"]
)
@pytest.mark.parametrize("default", ["as: '{{who}}'", "as: stranger", "timeout: 5"])
def test_a_default_that_no_check_can_use_is_told_and_the_check_is_not_dropped(kind, default):
    scheme = "ws" if "websocket" in kind else "https"
    checks = (
        f"suites:\n  smoke:\n    defaults: {{{default}}}\n    checks:\n      one: {{{kind}}}\n      two: {{{kind}}}\n"
    )
    text = gate(targets=f"targets:\n  api: {{url: '{scheme}://a.example'}}\n", checks=checks)
    line = 1 + next(index for index, line in enumerate(text.splitlines()) if "defaults" in line)
    assert {problem.line for problem in problems(text)} == {line}


HTTP = 'http: {get: "api:/x", expect: {status: 200}}'


@pytest.mark.parametrize(
    ("written", "instead", "hint"),
    [
        ("version: 1", 'version: "1"', "without quotes: 1"),
        ("get:", "GET:", 'did you mean "get"?'),
        ("status: 200", 'status: "200"', "without quotes: 200"),
        ("status: 200", "status: 2XX", "in lower case: 2xx"),
        ("one:", "One_Check:", "such as one-check"),
        ('{url: "https://a.example"}', "https://a.example", "such as {url: https://staging.example.com}"),
        (HTTP, f"timeout: 5s, {HTTP}", "it stands under the kind, as in http: {timeout: …}"),
        (HTTP, f"critical: true, advisory: true, {HTTP}", "leave one of them out"),
    ],
)
def test_what_a_newcomer_writes_is_answered_with_what_to_write(written, instead, hint):
    sound = f'version: 1\ntargets:\n  api: {{url: "https://a.example"}}\nsuites: {{smoke: {{checks: {{one: {{{HTTP}}}}}}}}}\n'
    assert loaded(sound)
    assert hint in [problem.hint for problem in problems(sound.replace(written, instead, 1))]


def test_suites_in_a_list_are_answered_with_how_they_are_named():
    found = problems("version: 1\ntargets: {api: {url: 'https://a.example'}}\nsuites:\n  - name: smoke\n")
    assert found[0].hint == "suites: {smoke: {checks: {…}}}"


@pytest.mark.parametrize(
    ("status", "twin", "warned"),
    [
        ("401", "", True),
        ("[401, 403]", "", True),
        ("4xx", "", False),
        ("[401, 404]", "", False),
        ("401", "twin: smoke.in, ", False),
    ],
)
def test_a_refusal_without_a_twin_is_warned_of(status, twin, warned):
    checks = (
        f"suites:\n  smoke:\n    checks:\n      in: {{{HTTP}}}\n      out: {{{twin}{HTTP.replace('200', status)}}}\n"
    )
    said = loaded(gate(checks=checks)).warnings
    assert bool(said) is warned
    assert all("everybody is turned away" in line for line in said)


@pytest.mark.parametrize(
    ("check", "policy", "refused"),
    [
        ("window: 10s, deadline: 3s, ", "", "the check's deadline of 3 s"),
        ("window: 10s, ", "policy: {deadline: 4s}", "the run's deadline of 4 s"),
        ("window: 2s, deadline: 3s, ", "policy: {deadline: 4s}", None),
    ],
)
def test_a_window_that_no_deadline_leaves_room_for_is_refused(check, policy, refused):
    checks = f"suites:\n  smoke:\n    checks:\n      one: {{{check}{HTTP}}}\n"
    text = gate(policy, checks=checks)
    assert (refused in the_problem(text).message) if refused else loaded(text)


def asking(diagnose, *others):
    """Give a config whose one check names others under `diagnose`; it stands in line 4."""
    named = "".join(f", {other}" for other in others)
    targets = 'targets: {api: {url: "https://a"}}'
    return gate(
        targets=targets, checks=f"suites: {{smoke: {{checks: {{\none: {{{HTTP}, diagnose: {diagnose}}}{named}}}}}}}"
    )


@pytest.mark.parametrize(
    ("other", "message", "hint"),
    [
        ('other: {http: {post: "api:/x", expect: {status: 200}}}', "smoke.other writes: diagnose only reads", "changes nothing"),
        ("other: {load: {drive: smoke.one, users: 2, duration: 1s, expect: {errors: {max: 1%}}}}", "smoke.other is of kind load, which is no quick reading", "http, tcp"),
        (f"other: {{{HTTP}, for: {{n: [{', '.join(map(str, range(17)))}]}}}}", "diagnose names 17 checks; at most 16 are read beside one failure", "directly"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_at_the_moment_of_a_failure_is_refused(other, message, hint):
    problem = the_problem(asking("smoke.other", other))
    assert (problem.line, problem.message) == (4, message)
    assert hint in problem.hint


def test_what_reads_may_be_named_alone_or_as_a_family():
    other = f"other: {{{HTTP}, for: {{n: [a, b]}}}}"
    assert loaded(asking("smoke.other", other)).suites[0].checks[0].diagnose == ("smoke.other",)
    assert loaded(asking("['smoke.other[a]', smoke.third]", other, f"third: {{{HTTP}}}"))
