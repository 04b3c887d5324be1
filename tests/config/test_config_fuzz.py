"""Whatever the text is: a Config or a ConfigError, nothing else."""

from pathlib import Path

from config_gate import gate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from releasegate.config.load import ConfigError, load
from releasegate.config.model import Config
from releasegate.config.rules import BadRule, parse_rule

EXAMPLE = (Path(__file__).parent / "example.yml").read_text(encoding="utf-8")
LINES = EXAMPLE.splitlines()
FEW = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
TOKENS = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "- ",
    "&a ",
    "*a",
    "!x ",
    "${X}",
    "${X:-",
    "{{n}}",
    "\n",
    "  ",
    "'",
    '"',
    "|\n",
    "a",
    "1",
    "null",
    "~",
    "true",
    ".nan",
    "? ",
    "#",
    "\t",
    "<<: ",
    "---\n",
    "%TAG",
    "@",
    "`",
    "é",
    "\u2028",
]
SECTIONS = [
    "version",
    "targets",
    "identities",
    "control",
    "suites",
    "policy",
    "metrics",
    "baseline",
    "alerts",
    "events",
]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "api", "api:/x", "5s", "{{n}}"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "url",
                    "http",
                    "tcp",
                    "websocket",
                    "get",
                    "expect",
                    "status",
                    "json",
                    "for",
                    "checks",
                    "smoke",
                    "api",
                    "login",
                    "jwt",
                    "post",
                    "block",
                    "needs",
                    "twin",
                    "connect",
                    "steps",
                    "events",
                    "revision",
                    "headers",
                    "poll",
                    "until",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


def outcome(text, **more):
    try:
        return load(text, {"X": "{{[x"}, file="x.yml", **more)
    except ConfigError as error:
        return error.problems


def survives(text, **more):
    """Give a config, or problems that point into the text."""
    found = outcome(text, **more)
    if not isinstance(found, Config):
        assert found
        assert all(problem.line >= 1 and problem.column >= 1 and problem.message for problem in found)


@FEW
@given(st.text())
def test_any_text(text):
    survives(text)


@FEW
@given(st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")))
def test_any_bytes(text):
    survives(text)


@FEW
@given(st.lists(st.sampled_from(TOKENS), max_size=30).map("".join))
def test_any_tokens_of_yaml(text):
    survives(text)
    survives(gate(text))


@FEW
@given(st.sampled_from(SECTIONS), JSON)
def test_any_value_in_any_section(section, value):
    import json

    text = "\n".join(line for line in gate().splitlines() if not line.startswith(section))
    survives(f"{text}\n{section}: {json.dumps(value, allow_nan=False) if _finite(value) else '.nan'}")


@FEW
@given(JSON, st.sampled_from(["http", "websocket", "tcp", "mcp", "redis", "postgres", "tests", "load"]))
def test_any_value_in_any_kind(value, kind):
    import json

    written = json.dumps(value) if _finite(value) else ".inf"
    survives(gate(checks=f"suites: {{smoke: {{checks: {{a: {{{kind}: {written}}}}}}}}}"))


def _finite(value):
    import json

    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


@FEW
@given(st.integers(0, len(LINES) - 1), st.sampled_from(TOKENS), st.integers(0, 60))
def test_the_example_with_something_put_in(number, token, column):
    lines = list(LINES)
    lines[number] = lines[number][:column] + token + lines[number][column:]
    survives("\n".join(lines), lenient_env=True)


@FEW
@given(st.integers(0, len(LINES) - 1), st.integers(1, 5))
def test_the_example_with_lines_left_out(number, count):
    survives("\n".join(LINES[:number] + LINES[number + count :]), lenient_env=True)


@FEW
@given(st.text() | st.lists(st.sampled_from(["pass_rate", ">=", " ", "95%", "suite.", "[", "]", "nan"])).map("".join))
def test_any_line_as_a_rule(text):
    try:
        found = parse_rule(text).metric
    except BadRule as bad:
        found = str(bad)
    assert found
