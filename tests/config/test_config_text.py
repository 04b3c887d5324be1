"""YAML text: what it means, and what is wrong with it, at its line."""

import pytest

from releasegate.config.yaml import MAX_NODES, YamlError, compose


def value(text):
    return compose(text, "x.yml").root.plain()


def complaint(text):
    try:
        composed = compose(text, "x.yml")
    except YamlError as error:
        return error.problem
    (problem,) = composed.problems
    return problem


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True), ("False", False), ("yes", "yes"), ("no", "no"), ("on", "on"), ("Off", "Off"),
        ("null", None), ("~", None), ("", None), ("12", 12), ("-3", -3), ("+3", 3), ("007", 7), ("0o17", 15),
        ("0x1F", 31), ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("-.inf", float("-inf")), ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"), ("1_000", "1_000"), ("0b1", "0b1"), ("'5'", "5"), ('"true"', "true"),
        ("$.a[?@.b == 'c']", "$.a[?@.b == 'c']"), ("-", [None]), (".", "."), ("1.2.3", "1.2.3"), ("5s", "5s"),
    ],
)  # fmt: skip
def test_a_scalar_means_what_yaml_1_2_says(written, meant):
    found = value(f"a: {written}" if written != "-" else "a:\n  -")["a"]
    assert found == meant
    assert type(found) is type(meant)


def test_not_a_number_is_a_number():
    assert value("a: .nan")["a"] != value("a: .nan")["a"]


def test_nodes_know_where_they_stand():
    root = compose("a:\n  - b: 'c'\n    é: [1, x]\n", "x.yml").root
    inner = root.value["a"].value[0]
    assert (inner.value["b"].line, inner.value["b"].column, inner.value["b"].quoted) == (2, 8, True)
    assert (inner.keys["é"].line, inner.keys["é"].column) == (3, 5)
    assert (inner.value["é"].value[1].line, inner.value["é"].value[1].column) == (3, 12)


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("a: {get: api:/orders/{{id}}}", 1, 22, "this is not YAML", "quote text with {{holes}}"),
        ("a:\n  post: {{id}}", 2, 10, "a mapping cannot be a key", "quote text that begins with {"),
        ("a: [{{id}}]", 1, 6, "a mapping cannot be a key", "quote text that begins with {"),
        ("Accept: */*", 1, 9, "this is not YAML", "quote text that begins with *"),
        ("a: {Accept: a, b}", 1, 16, '"b" has no value', 'Accept: "a, b"'),
        ("a: @acme", 1, 4, 'at "@acme"', "quote text that begins with @"),
        ("a: `x`", 1, 4, 'at "`x`"', "quote text that begins with `"),
        ("a: %x", 1, 4, 'at "%x"', "quote text that begins with %"),
        ("a:\n\t- b", 2, 1, "cannot start any token", "indent with spaces"),
        ("a: b: c", 1, 5, "mapping values are not allowed", "quote text that contains"),
        ("a: 'b' c", 1, 8, "this is not YAML", None),
        ('a: "x\nb: y', 1, 4, "unexpected end of stream", "a quote is not closed"),
        ("a: [1,\nb: 3\n", 3, 1, "this is not YAML", "a bracket is not closed"),
        ("a: 1\na: 2", 2, 1, 'the key "a" stands here twice', "it stood first in line 1"),
        ("200: x", 1, 1, 'a key is text, found the number "200"', 'quote it: "200":'),
        ("true: x", 1, 1, 'a key is text, found the boolean "true"', 'quote it: "true":'),
        ("~: x", 1, 1, "a key is text, found the null", "quote it"),
        ("? [a]\n: b", 1, 3, "a list cannot be a key", "quote"),
        ("a: !!str 5", 1, 4, "tags are not allowed", "leave the tag out"),
        ("a: !python/object:os.system x", 1, 4, "tags are not allowed", "leave the tag out"),
        ("%TAG ! tag:x,2000:\n---\na: 1", 1, 1, "tags are not allowed", "%TAG"),
        ("a: 1\n---\nb: 2", 2, 1, "a second document begins here", "one document"),
        ("a: *gone", 1, 4, '"*gone" is an alias', "quote text that begins with *"),
        ("a: &x [*x]", 1, 8, '"*x" is an alias', "quote"),
        ("a: \x07", 1, 4, "the character U+0007 is not allowed", "escaped"),
        ("ok: 1\na: \ud800", 2, 4, "a lone surrogate", None),
        ("", 1, 1, "the file is empty", "releasegate init"),
        ("# only words", 1, 1, "the file is empty", "releasegate init"),
        ("a: " + "1" * 400, 1, 4, "a number of 400 digits", "quote it"),
        ("${X}: 1", 1, 1, "${…} cannot stand in a key", "write the key itself"),
    ],
)
def test_a_text_that_is_wrong_is_told_with_place_and_remedy(text, line, column, message, hint):
    problem = complaint(text)
    assert (problem.line, problem.column) == (line, column), problem
    assert message in problem.message
    assert hint is None or hint in problem.hint


def test_a_file_of_10_mb_is_refused_before_it_is_parsed():
    problem = complaint("[" * 10_000_000)
    assert "larger than 1 MiB (10,000,000 characters)" in problem.message


def test_the_bound_on_the_file_counts_bytes():
    assert "larger than 1 MiB" in complaint("a: " + "é" * 600_000).message
    assert len(value("a: " + "e" * 600_000)["a"]) == 600_000


def test_aliases_stand_for_what_they_name():
    assert value("a: &x {b: 1}\nc: *x\n") == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_bomb_of_aliases_is_refused_without_unfolding_it():
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert f"more than {MAX_NODES:,} values" in complaint("\n".join(levels)).message


def test_aliases_cannot_nest_deeper_than_text_can():
    levels = ["a0: &a0 " + "[" * 20 + "]" * 20]
    levels += [f"a{i}: &a{i} " + "[" * 20 + f"*a{i - 1}" + "]" * 20 for i in range(1, 6)]
    assert "nested deeper than 64 levels by this alias" in complaint("\n".join(levels)).message


def test_nesting_has_a_bound():
    assert "nested deeper than 64 levels" in complaint("a: " + "[" * 100 + "]" * 100).message
    assert value("a: " + "[" * 60 + "]" * 60)


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert value("\ufeffa: 1") == {"a": 1}


def test_the_pure_parser_says_the_same_where_libyaml_is_missing(monkeypatch):
    import sys

    text = "a: [1, {b: 'c', d: &x yes}]\ne: *x\n"
    fast = compose(text, "x.yml").root
    monkeypatch.setitem(sys.modules, "yaml.cyaml", None)
    assert compose(text, "x.yml").root == fast
    assert "has no value" in complaint("a: {Accept: a, b}").message
    assert "not allowed" in complaint("ok: 1\na: \x07").message
