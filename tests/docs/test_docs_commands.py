"""docs/commands.md is held to click's own parameters, and each object that it shows is what is printed."""

import json
import re
import socket
from pathlib import Path

import click
import pytest
from docs_examples import codes, page, rows, section, shown

import releasegate
from releasegate.cli import files, main
from releasegate.cli.main import COMMANDS
from releasegate.errors import (
    EXIT_BUG,
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_MERGE,
    EXIT_NOT_PUBLISHED,
    EXIT_UNSTABLE,
    EXIT_USAGE,
)

PAGE = page("commands.md")
(CONFIG,) = shown(PAGE, "yaml releasegate")
EXAMPLES = re.findall(r"^```json (\w+): (.*)\n(.*)\n```", PAGE, re.MULTILINE)


def parameters(name):
    """Give every option and argument of a command as it is typed; --help is everyone's."""
    command = main.cli.get_command(click.Context(main.cli), name)
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            yield parameter.make_metavar(click.Context(command)).upper().strip("{}")
        else:
            yield from (*parameter.opts, *parameter.secondary_opts)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_named_and_none_is_invented(name):
    written = [code for row in rows(section(PAGE, f"`{name}`")) for code in codes(row[0])]
    known = {"BASH|ZSH|FISH": "SHELL"}
    assert sorted(written) == sorted(known.get(option, option) for option in parameters(name))


def test_every_command_has_its_section_and_is_listed():
    assert [codes(row[0])[0] for row in rows(PAGE)] == list(COMMANDS)
    assert [name for name in COMMANDS if f"\n## `{name}`\n" not in PAGE] == []


def test_the_shells_are_those_that_are_known():
    command = main.cli.get_command(click.Context(main.cli), "completion")
    assert codes(rows(section(PAGE, "`completion`"))[0][1]) == list(command.params[0].type.choices)


def test_the_exit_codes_are_those_of_the_code():
    written = [int(row[0]) for row in rows(section(PAGE, "Exit codes"))]
    assert written == [
        EXIT_MERGE,
        EXIT_BUG,
        EXIT_USAGE,
        EXIT_UNSTABLE,
        EXIT_INCONCLUSIVE,
        EXIT_NOT_PUBLISHED,
        EXIT_INTERRUPTED,
    ]


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """Run a command beside the page's config, outside of any runner; nobody listens at its staging."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "GITHUB_ACTIONS",
        "GITHUB_EVENT_NAME",
        "GITHUB_EVENT_PATH",
        "GITHUB_REPOSITORY",
        "GITHUB_SHA",
        "RELEASEGATE_SHA",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("STAGING_URL", f"http://127.0.0.1:{port}")
    Path("releasegate.yml").write_text(CONFIG, encoding="utf-8")

    def run(line):
        with pytest.raises(SystemExit) as left:
            main.main(line.split())
        return left.value.code, capsys.readouterr().out

    return run


@pytest.mark.parametrize(("case", "line", "expected"), EXAMPLES, ids=[line for _, line, _ in EXAMPLES])
def test_each_object_that_is_shown_is_what_is_printed(call, case, line, expected):
    if case == "typo":
        text = CONFIG.replace("status: 200", "statsu: 200")
        Path("releasegate.yml").write_text(text, encoding="utf-8")
    if case == "evidence":
        (evidence,) = shown(page("evidence.md"), "json evidence")
        Path("evidence.json").write_text(evidence, encoding="utf-8")
    code, out = call(line)
    (printed,) = out.splitlines()
    answer, wanted = json.loads(printed), json.loads(expected)
    if case == "shape":
        del answer["profiles"]["once"]["characteristic"][1:]
    assert answer == wanted
    assert code == {"ok": 0, "evidence": 0, "shape": 0, "down": 10}.get(case, 2)


def test_every_command_that_answers_in_json_shows_an_object():
    answering = {name for name in COMMANDS if "--json" in parameters(name)}
    assert {line.split()[0] for _, line, _ in EXAMPLES} == answering - {"demo"}


def test_a_name_that_is_not_set_stops_a_run_and_not_a_plan(call, monkeypatch):
    monkeypatch.delenv("STAGING_URL")
    assert [call(line)[0] for line in ("plan", "validate", "validate --env", "run -q")] == [0, 0, 2, 2]


def test_colours_are_as_the_page_says():
    wanted = {
        (): False,
        ("FORCE_COLOR",): True,
        ("FORCE_COLOR", "NO_COLOR"): False,
    }
    for names, colour in wanted.items():
        assert files.coloured(dict.fromkeys(names, "1"), terminal=False) is colour
    assert files.coloured({}, terminal=True)
    assert not files.coloured({"TERM": "dumb"}, terminal=True)
    assert not files.coloured({"NO_COLOR": "1"}, terminal=True)


def test_every_variable_that_the_code_reads_is_named():
    read = set()
    room = Path(releasegate.__file__).parent
    for path in room.rglob("*.py"):
        if "demo" not in path.relative_to(room).parts:
            read |= set(re.findall(r'(?:environ\.get\(|envvar=)"([A-Za-z_]+)"', path.read_text(encoding="utf-8")))
    assert read
    written = {name for row in rows(section(PAGE, "The environment")) for name in codes(row[0])}
    assert {name for name in read if name not in written and name.lower() not in written} == set()
