"""What the project says of itself holds: README, help, workflow, requirements."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from releasegate.cli.main import COMMANDS
from releasegate.config.load import load
from releasegate.github.context import EVENTS
from releasegate.github.intents import STATES
from releasegate.verdict.decide import EXIT_CODES

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))


def commands_on(page):
    """Give the commands of the gate that the code on a page calls."""
    code = "\n".join(re.findall(r"^```.*?\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE))
    return set(re.findall(r"^(?:\.venv/bin/)?releasegate ([a-z]+)", code, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in link:
            assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page):
    assert commands_on(page) <= set(COMMANDS)


def test_the_pages_name_the_commands_of_every_day():
    assert set().union(*map(commands_on, PAGES)) >= {"init", "validate", "plan", "run", "judge"}


def test_the_readmes_config_loads():
    text = re.search(r"```yaml releasegate\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    config = load(text[1], {"STAGING_URL": "https://staging.example.com"}, file="README.md")
    assert config.targets["api"].revision.wait_s == 600
    assert len(text[1].splitlines()) == 12


def test_every_room_stands_in_the_architecture():
    drawn = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = {path.stem for path in (ROOT / "src/releasegate").iterdir() if not path.name.startswith("_")}
    assert {room for room in rooms - {"py"} if f"`{room}" not in drawn} == set()


def test_the_requirements_are_hashed_and_name_no_index():
    for name in ("runtime", "mcp", "postgres", "redis", "dev"):
        text = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
        assert "://" not in text
        pinned = re.findall(r"^\S+==.*$", text, re.MULTILINE)
        assert pinned
        assert all(line.endswith("\\") for line in pinned)


def test_every_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = (ROOT / "requirements/runtime.txt").read_text(encoding="utf-8")
    for requirement in project["dependencies"]:
        name = re.split(r"[<>=]", requirement)[0]
        assert re.search(rf"^{re.escape(name)}==", locked, re.MULTILINE | re.IGNORECASE), name


WORKFLOWS = [*sorted((ROOT / ".github/workflows").iterdir()), *sorted((ROOT / "docs/workflows").iterdir())]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_workflow_pins_actions_by_hash_keeps_no_credentials_and_bounds_its_jobs(workflow):
    text = workflow.read_text(encoding="utf-8")
    used = re.findall(r"\buses: (\S+)", text)
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}|\./", action) for action in used)
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
    assert "\npermissions: {}\n" in text
    assert text.count("\n    timeout-minutes:") == text.count("runs-on:")


def test_every_pin_has_one_version_on_all_pages():
    pages = [*WORKFLOWS, *PAGES, ROOT / "src/releasegate/config/starter.py"]
    pins = {
        pin for page in pages for pin in re.findall(r"(\S+/\S+)@([0-9a-f]{40}) # (v[\d.]+)", page.read_text("utf-8"))
    }
    assert len(pins) > 4
    assert len({action for action, _, _ in pins}) == len(pins)


def test_the_gates_own_workflow_judges_the_demo_where_it_is_served_and_by_system():
    text = (ROOT / ".github/workflows/release-gate.yml").read_text(encoding="utf-8")
    place = ROOT / ".github/releasegate.yml"
    (systems,) = re.findall(r"system: \[(.*)\]", text)
    for system in systems.split(", "):
        config = load(place.read_text(encoding="utf-8"), {"SYSTEM": system}, file=str(place))
        assert config.gate == f"demo-{system}"
        assert f"--port {config.targets['api'].url.rpartition(':')[2].strip('/')} " in text


def test_no_two_modules_of_the_tests_share_a_name():
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name not in {"conftest.py", "__init__.py"}]
    assert sorted(names) == sorted(set(names))


def test_the_readmes_workflow_uses_the_action_as_it_is_and_asks_for_no_more_than_it_needs():
    text = re.search(
        r"```yaml\n(name: release gate\n.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    workflow = yaml.safe_load(text[1].replace("\non:", '\n"on":'))
    model = yaml.safe_load(
        (ROOT / "docs/workflows/release-gate.yml").read_text(encoding="utf-8").replace("\non:", '\n"on":')
    )
    job, (shown,) = workflow["jobs"]["gate"], model["jobs"].values()
    assert workflow["permissions"] == shown["permissions"]
    assert job["steps"][0] == shown["steps"][0]
    assert set(job["steps"][1].get("with", {})) <= set(yaml.safe_load((ROOT / "action.yml").read_text())["inputs"])
    assert set(workflow["on"]) <= set(model["on"]) <= set(EVENTS)
    assert len(text[1].splitlines()) == 12


def test_the_readmes_verdicts_are_those_of_the_code():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `([A-Z]+)` \| (\w+) \| (\d+) \|", text, re.MULTILINE)
    assert {state: int(code) for state, _, code in told} == {state.value: code for state, code in EXIT_CODES.items()}
    assert {state: status for state, status, _ in told} == {s.value: said.value for s, said in STATES.items()}
