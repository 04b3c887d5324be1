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
        start = 'exec "$INPUT_PYTHON" -I -S -B "$GITHUB_ACTION_PATH/action/bootstrap.py" '
        assert step["run"].splitlines()[-1].startswith(start)


def test_no_other_action_is_used():
    assert [step for step in STEPS if "uses" in step] == []


def test_nothing_is_written_to_the_environment_of_later_steps():
    assert "GITHUB_ENV" not in SCRIPT + str(ACTION)
    assert "GITHUB_PATH" not in SCRIPT + str(ACTION)


@pytest.mark.parametrize("name", ["gate", "waive", "finalize"])
def test_every_argument_is_an_option_of_the_command(bootstrap, tmp_path, name):
    environ = {f"INPUT_{each.upper().replace('-', '_')}": "3" for each in ACTION["inputs"]}
    called, *arguments = bootstrap.arguments(name, {**environ, "INPUT_CHECK_RUN": "true"}, tmp_path)
    assert called == name
    command = main.cli.get_command(click.Context(main.cli), name)
    known = {option for parameter in command.params for option in parameter.opts}
    assert {argument.partition("=")[0] for argument in arguments} <= known
    assert len(arguments) >= len(bootstrap.OPTIONS[name])


def test_the_choices_on_the_page_and_in_the_action_are_the_commands(bootstrap):
    command = main.cli.get_command(click.Context(main.cli), "gate")
    for parameter in command.params:
        if isinstance(parameter.type, click.Choice):
            described = ACTION["inputs"][parameter.opts[0].removeprefix("--")]
            row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{parameter.opts[0][2:]}`"))
            assert described["default"] == parameter.default
            for choice in parameter.type.choices:
                assert re.search(rf"\b{choice}\b", described["description"]), choice
                assert f"`{choice}`" in row


def test_a_value_is_never_an_option_itself(bootstrap, tmp_path):
    environ = {"INPUT_CONFIG": "--check=a.b", "INPUT_SUITES": "--check=x, api\nchat"}
    arguments = bootstrap.arguments("gate", environ, tmp_path)
    assert arguments[1:5] == ["--config=--check=a.b", "--suite=--check=x", "--suite=api", "--suite=chat"]


def test_what_was_not_given_is_not_passed(bootstrap, tmp_path):
    arguments = bootstrap.arguments(
        "gate", {"INPUT_CONFIG": "", "INPUT_SHA": "  ", "INPUT_CHECK_RUN": "false"}, tmp_path
    )
    assert [each.partition("=")[0] for each in arguments[1:]] == ["--evidence", "--junit", "--markdown"]


def test_a_switch_that_is_neither_on_nor_off_is_refused(bootstrap, tmp_path):
    with pytest.raises(bootstrap.RefusedError, match="check-run is true or false, not yes"):
        bootstrap.arguments("gate", {"INPUT_CHECK_RUN": "yes"}, tmp_path)


def test_a_command_that_there_is_not_is_refused(bootstrap, tmp_path):
    with pytest.raises(bootstrap.RefusedError, match="command is gate or waive, not run"):
        bootstrap.arguments("run", {}, tmp_path)


def test_the_files_are_told_to_later_steps_and_nothing_else_is(bootstrap, tmp_path):
    output = tmp_path / "output"
    bootstrap.tell_outputs({"GITHUB_OUTPUT": str(output)}, tmp_path / "out")
    told = dict(line.split("=", 1) for line in output.read_text().splitlines())
    assert told["evidence-path"] == str(tmp_path / "out" / "evidence.json")
    assert set(told) == {"evidence-path", "junit-path", "report-path"} <= {*ACTION["outputs"]}


def test_the_token_is_no_argument_and_no_input_of_the_script():
    for step in STEPS:
        assert step["env"]["GITHUB_TOKEN"] == "${{ inputs.token }}"
    assert "TOKEN" not in SCRIPT
    assert "PRIVATE_KEY" not in SCRIPT


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
