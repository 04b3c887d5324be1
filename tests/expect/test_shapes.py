"""Mistakes of a config are reported where they stand, with what to do; and the schemas for editors hold."""

import jsonschema_rs
import pytest
import yaml
from expect_words import read

from releasegate.expect import MISSING, Bound, JsonExpect, SizeBound, StatusExpect, ValueExpect

MISTAKES = [
    (JsonExpect(), "{}", "expected at least one JSONPath", None),
    (JsonExpect(), "[]", "expected a mapping of JSONPaths", None),
    (JsonExpect(), "$.x: {}", "at least one operator", "equals"),
    (JsonExpect(), "$.x: {lenght: 3}", 'unknown operator "lenght"', 'did you mean "length"?'),
    (JsonExpect(), "$.x: {name: bob}", 'unknown operator "name"', "equals: {"),
    (JsonExpect(), "$.x: {min: 3, max: 2}", "min 3 is above max 2", None),
    (JsonExpect(), "$.x: {length: {min: 3, max: 2}}", "min 3 is above max 2", None),
    (JsonExpect(), "$.x: {length: -1}", "at least 0", None),
    (JsonExpect(), "$.x: {length: {least: 1}}", 'unknown bound "least"', None),
    (JsonExpect(), "$.x: {length: {}}", "expected min, max or both", None),
    (JsonExpect(), "$.x: {length: 1.5}", "whole number", None),
    (JsonExpect(), "$.x: {count: 0}", "never met", "exists: false"),
    (JsonExpect(), "$.x: {count: {max: 0}}", "never met", "exists: false"),
    (JsonExpect(), "$.x: {exists: false, min: 3}", "exists: false cannot be met together", None),
    (JsonExpect(), "$.x: {exists: maybe}", "true or false", None),
    (JsonExpect(), "$.x: {in: []}", "list of at least one value", None),
    (JsonExpect(), "$.x: {in: a}", "list of at least one value", None),
    (JsonExpect(), "$.x: {type: strin}", "expected one of", 'did you mean "string"?'),
    (JsonExpect(), "$.x: {min: high}", "expected a number", None),
    (JsonExpect(), "$.x: {max: .inf}", "expected a number", None),
    (JsonExpect(), "$.x: {equals: .nan}", "finite", None),
    (JsonExpect(), "$.x: {matches: '(?=a)'}", "bad pattern", "lookaround"),
    (JsonExpect(), "$.x: {matches: '(a)\\1'}", "bad pattern", "backreferences"),
    (JsonExpect(), "$.x: {matches: 5}", "regular expression", "quote it"),
    (JsonExpect(), "$.x: {not: {}}", "at least one operator", None),
    (JsonExpect(), "$.x: {not: {not: 1}}", '"not" does not apply here', None),
    (JsonExpect(), "$.x: {not: {exists: true}}", '"exists" does not apply here', None),
    (JsonExpect(), "$.x: {not: {count: 1}}", '"count" does not apply here', None),
    (JsonExpect(), "$.x: {schema: {type: strin}}", "bad JSON Schema", None),
    (JsonExpect(), "$.x: {schema: {$ref: 'http://example.com/s'}}", "bad JSON Schema", "#/$defs"),
    (JsonExpect(), "$.x: {schema: {$ref: 'file:///etc/passwd'}}", "bad JSON Schema", "#/$defs"),
    (JsonExpect(), "$.x: {schema: yes please}", "as a mapping", None),
    (JsonExpect(), "x: 1", "bad JSONPath", "begins with $"),
    (JsonExpect(), "$.x[: 1", "bad JSONPath", "RFC 9535"),
    (JsonExpect(), "\"$[?@.id == '{{id}}']\": 1", "takes no {{holes}}", None),
    (JsonExpect(), "$.x: '{{nobody}}'", "is not defined here", None),
    (ValueExpect("body"), "[a]", "found a list", "in: [a, b]"),
    (ValueExpect("body"), "null", "found null", "exists: false"),
    (ValueExpect("body"), "{count: 1}", '"count" does not apply here', None),
    (ValueExpect("body"), "{schema: {}}", '"schema" does not apply here', None),
    (StatusExpect(), "20", "100 to 599", None),
    (StatusExpect(), "6xx", "100 to 599", None),
    (StatusExpect(), "[]", "at least one status", None),
    (StatusExpect(), "ok", "100 to 599", None),
    (StatusExpect(), "true", "100 to 599", None),
    (StatusExpect(), "{mn: 200}", 'unknown operator "mn"', 'did you mean "min"?'),
    (StatusExpect(), "{min: 300, max: 200}", "min is above max", None),
    (StatusExpect(), "{}", "at least one operator", None),
    (StatusExpect(), "{not: {not: 200}}", "not: cannot stand inside not:", None),
    (Bound(), "5", "a duration", "unit"),
    (Bound(), "{}", "warn, fail or both", None),
    (Bound(), "{warn: 3s, fail: 2s}", "warn is above fail", None),
    (Bound(), "{wran: 3s}", 'unknown key "wran"', 'did you mean "warn"?'),
    (SizeBound(), "64", "a size such as", None),
    (SizeBound(), "{min: 2B, max: 1B}", "min is above max", None),
    (SizeBound(), "{least: 2B}", 'unknown key "least"', None),
    (SizeBound(), "{}", "min, max or both", None),
]


@pytest.mark.parametrize(("shape", "text", "message", "hint"), MISTAKES)
def test_a_mistake_is_reported_once_with_advice(shape, text, message, hint):
    found, problems = read(shape, text)
    assert found is MISSING
    assert len(problems) == 1, [str(problem) for problem in problems]
    assert message in problems[0].message
    assert hint is None or hint in (problems[0].hint or "")


def test_all_mistakes_come_at_once():
    assert len(read(JsonExpect(), "{$.a: {lenght: 1}, $.b: {min: x}, c: 1}")[1]) == 3


@pytest.mark.parametrize(
    ("text", "column"),
    [("$.x[: 1", 5), ('"$.x[": 1', 6), ("$.x: {matches: 'a(?=b)'}", 18), ("$.x:\n  matches: a(?=b)", 13)],
)
def test_a_bad_path_or_pattern_is_pointed_at_by_the_character(text, column):
    (problem,) = read(JsonExpect(), text)[1]
    assert problem.column == column


@pytest.mark.parametrize(("shape", "text"), [
    (JsonExpect(), "$.x: 1"), (JsonExpect(), "$.x: [1]"), (JsonExpect(), "$.x: {min: 1, length: {min: 2}}"),
    (ValueExpect("body"), "x"), (ValueExpect("body"), "{matches: x}"), (StatusExpect(), "4xx"),
    (StatusExpect(), "[200, 3xx]"), (StatusExpect(), "{not: 5xx}"), (Bound(), "5s"), (Bound(), "{warn: 1s, fail: 2s}"),
    (SizeBound(), "5MiB"), (SizeBound(), "{max: 5MiB}"),
])  # fmt: skip
def test_what_loads_fits_the_schema_for_editors(shape, text):
    assert read(shape, text)[1] == []
    assert jsonschema_rs.is_valid(shape.schema(), yaml.safe_load(text))


@pytest.mark.parametrize(("shape", "text"), [
    (JsonExpect(), "$.x: {}"), (JsonExpect(), "x: 1"), (JsonExpect(), "$.x: {lenght: 3}"), (JsonExpect(), "{}"),
    (ValueExpect("body"), "[a]"), (StatusExpect(), "20"), (Bound(), "5"), (SizeBound(), "{least: 1B}"),
])  # fmt: skip
def test_what_does_not_load_does_not_fit_the_schema_for_editors(shape, text):
    assert read(shape, text)[1] != []
    assert not jsonschema_rs.is_valid(shape.schema(), yaml.safe_load(text))


def test_a_schema_never_reads_what_it_refers_to(tmp_path):
    other = tmp_path / "other.json"
    other.write_text("{}")
    (problem,) = read(JsonExpect(), f"$.x: {{schema: {{$ref: '{other.as_uri()}'}}}}")[1]
    assert "bad JSON Schema" in problem.message


def test_a_schema_may_refer_to_itself():
    text = "$.x: {schema: {$ref: '#/$defs/name', $defs: {name: {type: string}}}}"
    assert read(JsonExpect(), text)[1] == []
