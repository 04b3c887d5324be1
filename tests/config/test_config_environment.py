"""`${NAME}`: put in after parsing, never YAML, never a hole, and secret where it serves as a credential."""

import pytest
from config_gate import gate, loaded, problems, the_problem, with_check

from releasegate.config.environ import Environment
from releasegate.config.load import load
from releasegate.config.yaml import compose
from releasegate.template import Template, compile_text

IDENTITY = """
identities:
  user:
    bearer: ${TOKEN}
"""


def filled(text, **values):
    composed = compose("a: " + text, "x.yml")
    environment = Environment(values, composed.problems)
    environment.fill(composed.holed)
    assert composed.problems == []
    return composed.root.value["a"].value


@pytest.mark.parametrize(
    ("text", "values", "meant"),
    [
        ("${X}", {"X": "v"}, "v"),
        ("a-${X}-${Y}", {"X": "1", "Y": "2"}, "a-1-2"),
        ("${X:-d}", {}, "d"),
        ("${X:-d}", {"X": ""}, "d"),
        ("${X:-}", {}, ""),
        ("$${X}", {"X": "v"}, "${X}"),
        ("cost $5 $X", {"X": "v"}, "cost $5 $X"),
        ("${X}", {"X": "5"}, "5"),
        ("${X}", {"X": "true"}, "true"),
        ("${X}", {"X": "${Y}", "Y": "no"}, "${Y}"),
        ("'${X}'", {"X": "a: [b]\n- c"}, "a: [b]\n- c"),
    ],
)
def test_a_value_becomes_text_and_nothing_else(text, values, meant):
    found = filled(text, **values)
    assert found == meant
    assert isinstance(found, str)


@pytest.mark.parametrize(
    ("text", "values", "literal"),
    [
        ("${X}", {"X": "{{nonce}}"}, "{{nonce}}"),
        ('"{${X}"', {"X": "{nonce}}"}, "{{nonce}}"),
        ('"{{${X}}}"', {"X": "nonce"}, "{{nonce}}"),
        ('"{{non${X}"', {"X": "ce}}"}, "{{nonce}}"),
        ("${X}${Y}", {"X": "{{non", "Y": "ce}}"}, "{{nonce}}"),
        ("${X}", {"X": r"\{{nonce}}"}, r"\{{nonce}}"),
        (r"'\${X}'", {"X": "{{nonce}}"}, r"\{{nonce}}"),
        ("${X}", {"X": "{{{{nonce}}}}"}, "{{{{nonce}}}}"),
    ],
)
def test_a_value_never_becomes_or_completes_a_hole(text, values, literal):
    compiled = compile_text(filled(text, **values))
    assert not isinstance(compiled, Template)
    assert compiled == literal


def test_the_configs_own_hole_beside_a_value_stays_a_hole():
    compiled = compile_text(filled('"${X}/{{id}}"', X="{{id}}"))
    assert compiled.text({"id": "7"}) == "{{id}}/7"


def test_a_backslash_of_the_environment_cannot_undo_a_hole():
    text = with_check("http: {get: 'api:/x', headers: {a: '${X}{{nonce}}'}, expect: {status: 200}}")
    assert "cannot stand before {{" in the_problem(text, {"X": "\\"}).message


def test_every_unset_variable_is_told_at_once_with_its_line():
    text = gate("identities:\n  a: {bearer: '${ONE}'}\n  b: {bearer: '${TWO}'}\n")
    found = problems(text, {})
    assert [(p.line, p.message) for p in found] == [(7, "${ONE} is not set"), (8, "${TWO} is not set")]
    assert "${ONE:-…}" in found[0].hint


@pytest.mark.parametrize("written", ["${GONE}", "https://${GONE}:${PORT_GONE}", "${GONE"])
def test_what_follows_from_an_unset_variable_is_not_told_beside_it(written):
    found = problems(gate(targets=f"targets: {{api: {{url: '{written}'}}}}"), {})
    assert {p.message.rpartition("} ")[2] for p in found} <= {"is not set", 'expected ${NAME}, found "${GONE"'}
    assert found


def test_a_misspelt_variable_is_recognised():
    found = problems(gate(IDENTITY), {"TOKENS": "abcdefg"})
    assert found[0].hint == 'did you mean "TOKENS"?'


@pytest.mark.parametrize(
    "name", ["GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "RUNNER_TEMP", "INPUT_KEY", "RELEASEGATE_PRIVATE_KEY"]
)
def test_a_variable_of_the_platform_is_never_given_to_a_config(name):
    text = gate(f"identities: {{user: {{bearer: '${{{name}:-x}}'}}}}")
    found = problems(text, {name: "secret-of-the-platform"})
    assert found[0].message.startswith(f"${{{name}}} is not given to a config")
    assert all("secret-of-the-platform" not in str(p) for p in found)


@pytest.mark.parametrize("written", ["${}", "${a b}", "${X", "${X-d}", "${1X}", "${{ secrets.X }}"])
def test_a_malformed_variable_is_an_error(written):
    found = problems(with_check(f"http: {{get: 'api:/x', headers: {{a: '{written}'}}, expect: {{status: 200}}}}"))
    assert found[0].message.startswith("expected ${NAME}, found")


def test_a_variable_where_a_number_belongs_is_told_without_its_value():
    text = gate("policy: {concurrency: '${MANY}'}")
    problem = the_problem(text, {"MANY": "12345678"})
    assert problem.message == 'expected a whole number of at least 1 and at most 10000, found text "${MANY}"'


def test_offline_an_unset_variable_is_a_placeholder():
    text = gate(IDENTITY, targets="targets: {api: {url: '${API_URL}'}, other: {url: '${OTHER}/prefix'}}")
    config = loaded(text, {}, lenient_env=True)
    assert config.targets["api"].host == "unset-api-url.invalid"
    assert config.targets["other"].host != config.targets["api"].host
    assert config.secrets == ()


SECRETS = """
identities:
  one:
    login:
      post: auth:/login
      json: {email: gate@example.com, password: "${PASSWORD}"}
      token: $.token
    fallback: {jwt: {secret: "${JWT_SECRET}", claims: {sub: "${SUBJECT}"}}}
  two: {basic: {user: "${USER_NAME}", password: "${BASIC}"}}
  three: {headers: {X-Key: "key ${KEY}"}}
alerts:
  - {when: {same_timeout: 3, of: 10}, webhook: "${WEBHOOK}"}
baseline: {targets: {api: "${BASE_URL}"}}
"""
SECRET_VALUES = {
    "PASSWORD": "s3cret-password", "JWT_SECRET": "s3cret-jwt", "SUBJECT": "s3cret-subject", "USER_NAME": "s3cret-user",
    "BASIC": "s3cret-basic", "KEY": "s3cret-key", "WEBHOOK": "https://hooks.example.com/s3cret-hook",
    "BASE_URL": "https://base:s3cret-base@base.example.com", "TARGET_HEADER": "s3cret-header",
    "URL": "https://me-myself:s3cret%21url@host.example.com/prefix", "DB": "postgres://db.example.com/app?key=s3cret-query",
    "QUERY": "s3cret-param", "IN_HEADER": "s3cret-sent", "INLINE": "s3cret-inline", "PLACE": "a-public-place",
}  # fmt: skip


def secretive():
    targets = (
        'targets: {api: {url: "${URL}", headers: {X-A: "${TARGET_HEADER}"}}, auth: {url: "https://a.example.com"},'
        ' db: {url: "${DB}"}}'
    )
    check = """
    http:
      get: api:/x?key=${INLINE}&place={{nonce}}
      headers: {X-B: "${IN_HEADER}"}
      query: {q: "${QUERY}"}
      expect: {status: 200, json: {$.place: "${PLACE}"}}
    """
    return with_check(check, SECRETS).replace(gate().split("\n\n")[0].partition("\n")[2], targets)


def test_what_serves_as_a_credential_is_a_secret_in_all_its_parts():
    config = loaded(secretive(), SECRET_VALUES)
    expected = set(SECRET_VALUES.values()) - {SECRET_VALUES[name] for name in ("URL", "DB", "BASE_URL", "PLACE")}
    expected |= {
        "s3cret%21url",
        "s3cret!url",
        "me-myself",
        "me-myself:s3cret%21url",
        "s3cret-query",
        "base:s3cret-base",
    }
    expected |= {"s3cret-base", "base"}
    assert set(config.secrets) == expected


def test_no_secret_stands_in_the_repr_of_a_config():
    config = loaded(secretive(), SECRET_VALUES)
    assert "s3cret" not in repr(config)
    assert "host.example.com" in repr(config)


def test_no_secret_stands_in_an_error():
    broken = secretive().replace("expect: {status: 200,", "expect: {status: 900, stauts: 1,")
    for name in ("URL", "DB", "BASE_URL"):
        broken = broken.replace(f"${{{name}}}", f"htp://${{{name}}}")
    found = problems(broken, SECRET_VALUES)
    assert len(found) >= 4
    assert all("s3cret" not in str(problem) for problem in found)


def test_a_host_name_is_no_secret():
    config = loaded(gate(targets="targets: {api: {url: '${URL}'}}"), {"URL": "https://visible.example.com/prefix"})
    assert config.secrets == ()


def test_a_secret_too_short_to_redact_is_warned_of():
    config = loaded(gate(IDENTITY), {"TOKEN": "abc"})
    assert config.secrets == ()
    (warning,) = config.warnings
    assert "${TOKEN} is shorter than 4 characters" in warning
    assert "gate.yml:9:13" in warning
    assert "abc" not in warning


def test_user_and_password_of_a_url_are_shown_to_that_target_unless_it_has_a_header_of_its_own():
    url = 'url: "https://me:p%40ss@api.example.com"'
    shown = loaded(gate(targets=f"targets:\n  api: {{{url}}}\n")).targets["api"]
    own = loaded(gate(targets=f"targets:\n  api: {{{url}, headers: {{authorization: mine}}}}\n")).targets["api"]
    other = loaded(
        gate(
            "control: {tcp: {connect: db}}",
            targets=f"targets:\n  api: {{{url}}}\n  db: {{url: 'postgres://me:pw12@db'}}\n",
        )
    )
    assert shown.headers == (("Authorization", "Basic bWU6cEBzcw=="),)
    assert own.headers == (("authorization", "mine"),)
    assert other.targets["db"].headers == ()


def test_a_certificate_bundle_is_found_beside_the_config():
    def bundle(path, file="gate/gate.yml"):
        targets = f"targets:\n  api: {{url: 'https://a.example', ca: {path}}}\n"
        return load(gate(targets=targets), {}, file=file).targets["api"].ca

    assert bundle("certs/ca.pem") == "gate/certs/ca.pem"
    assert bundle("/etc/ca.pem") == "/etc/ca.pem"
    assert bundle("ca.pem", "gate.yml") == "ca.pem"


@pytest.mark.parametrize("key", ["password", "Api-Key", "token", "passphrase"])
def test_what_a_request_sends_under_a_secrets_name_is_a_secret(key):
    check = f'http: {{post: "api:/x", json: {{user: "${{NAME}}", deep: [{{{key}: "${{VALUE}}"}}]}}, expect: {{status: 200}}}}'
    config = loaded(with_check(check), {"NAME": "someone", "VALUE": "hunter22"})
    assert config.secrets == ("hunter22",)


def test_a_secret_is_no_value_of_a_for():
    check = 'for: {who: ["${TOKEN}", b]}\nhttp: {get: "api:/{{who}}", expect: {status: 200}}'
    problem = the_problem(with_check(check, IDENTITY), {"TOKEN": "hunter22"})
    assert "would stand in the check's id" in problem.message
    assert "hunter22" not in str(problem)
