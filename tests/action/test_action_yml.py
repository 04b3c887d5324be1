"""action.yml, the script that it starts, the command line and docs/action.md say the same."""

import ast
import re
import sys

import click
import pytest
import yaml
from action_wheels import ROOT

from releasegate.cli import main

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs/action.md").read_text(encoding="utf-8")
STEPS = ACTION["runs"]["steps"]
SCRIPT = (ROOT / "action/bootstrap.py").read_text(encoding="utf-8")


def table(heading):
    """Give the first column of the table below a heading of the page."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [re.search(r"`([^`]+)`", row)[1] for row in section.splitlines() if row.startswith("| `")]


def test_every_input_stands_on_the_page_and_none_is_invented():
    assert table("Inputs") == list(ACTION["inputs"])


def test_every_output_stands_on_the_page_and_none_is_invented():
    assert table("Outputs") == list(ACTION["outputs"])


def test_every_input_reaches_the_script_through_the_environment_alone():
    for step in STEPS:
        expressions = {name: value for name, value in step["env"].items() if name.startswith("INPUT_")}
        assert {
            f"INPUT_{name.upper().replace('-', '_')}": f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]
        }.items() >= expressions.items()
    given = set(re.findall(r"inputs\.([\w-]+)", str(STEPS)))
    assert given == set(ACTION["inputs"])


def test_no_expression_is_written_into_a_shell():
    assert [step for step in STEPS if "${{" in step["run"]] == []


def test_each_step_becomes_the_gate_so_that_signals_arrive():
    for step in STEPS:
        assert step["run"].splitlines()[-1].startswith('exec "$INPUT_PYTHON" -I -S -B "$GITHUB_ACTION_PATH/action/')


def test_no_other_action_is_used():
    assert [step for step in STEPS if "uses" in step] == []


def test_nothing_is_written_to_the_environment_of_later_steps():
    assert "GITHUB_ENV" not in SCRIPT + str(ACTION)
    assert "GITHUB_PATH" not in SCRIPT + str(ACTION)


def test_every_argument_is_an_option_of_the_command(bootstrap, tmp_path):
    environ = {f"INPUT_{name.upper().replace('-', '_')}": "3" for name in ACTION["inputs"]}
    name, *arguments = bootstrap.arguments(environ, tmp_path)
    command = main.cli.get_command(click.Context(main.cli), name)
    known = {option for parameter in command.params for option in parameter.opts}
    assert {argument.partition("=")[0] for argument in arguments} <= known
    assert len(arguments) > len(bootstrap.OPTIONS)


def test_a_value_is_never_an_option_itself(bootstrap, tmp_path):
    arguments = bootstrap.arguments({"INPUT_CONFIG": "--check=a.b", "INPUT_SUITES": "--check=x, api\nchat"}, tmp_path)
    assert arguments[1:5] == ["--config=--check=a.b", "--suite=--check=x", "--suite=api", "--suite=chat"]


def test_what_was_not_given_is_not_passed(bootstrap, tmp_path):
    arguments = bootstrap.arguments({"INPUT_CONFIG": "", "INPUT_SHA": "  "}, tmp_path)
    assert [each for each in arguments if each.startswith(("--config", "--sha", "--suite"))] == []


def test_it_imports_the_standard_library_only_before_it_has_verified_the_rest():
    tree = ast.parse(SCRIPT)
    imported = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= {*sys.stdlib_module_names}


def test_a_python_that_is_too_old_can_read_it_up_to_the_advice():
    tree = ast.parse(SCRIPT, feature_version=(3, 8))
    first = next(node for node in tree.body if isinstance(node, ast.If))
    before = tree.body[: tree.body.index(first)]
    assert "3.11 or newer is needed" in ast.unparse(first)
    assert [ast.unparse(node) for node in before[1:]] == ["from __future__ import annotations", "import sys"]


@pytest.mark.parametrize("text", ["a\nb", "50%", "::warning::x\r"])
def test_what_it_says_is_one_line_of_the_log(bootstrap, capsys, text):
    bootstrap.say("error", text)
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert said.endswith("\n")
    assert said.startswith("::error title=releasegate::")
