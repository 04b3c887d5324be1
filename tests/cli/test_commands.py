import json
import shutil
import subprocess

import pytest

from releasegate.cli import main as cli_main
from releasegate.cli.main import COMMANDS
from releasegate.sampling import PROFILES
from releasegate.stats.characteristic import characteristic

CONFIG = """\
version: 1
gate: staging
targets:
  api: {url: "http://127.0.0.1:9"}
suites:
  s:
    checks:
      health:
        http: {get: api:/health, expect: {status: 200}}
      create:
        http: {post: api:/things, json: {}, expect: {status: 201}}
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_that_teaches_by_example(call, name):
    said = call(name, "--help")
    assert said.code == 0
    assert f"releasegate {name}" in said.out


def test_help_lists_every_command_and_the_exit_codes(call):
    told = " ".join(call("--help").out.split())
    for name, says in COMMANDS.items():
        assert f" {name} {says}" in told
    assert "10 UNSTABLE" in told


def test_a_mistyped_command_is_answered_with_the_nearest(call):
    said = call("validat")
    assert said.code == 2
    assert 'did you mean "validate"?' in said.err


def test_a_mistyped_option_is_answered_with_the_nearest(call):
    said = call("run", "--confg", "x")
    assert said.code == 2
    assert "--config" in said.err


def test_never_green_02_a_missing_config_is_an_error_that_says_what_to_do(call):
    said = call("run")
    assert said.code == 2
    assert "releasegate init" in said.err


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "version: 1\n", "\ufeff", "a: [", "x\x00y"])
def test_never_green_02_an_empty_or_unreadable_config_is_an_error(call, tmp_path, text):
    (tmp_path / "releasegate.yml").write_text(text, encoding="utf-8")
    assert call("run").code == 2
    assert call("validate").code == 2


def test_never_green_02_a_config_that_is_not_text_is_an_error(call, tmp_path):
    (tmp_path / "releasegate.yml").write_bytes(b"\xff\xfe\x00")
    said = call("run", "--json")
    assert said.code == 2
    assert "UTF-8" in said.json["error"]


def test_policy_prints_the_characteristic_that_is_computed(call):
    answer = call("policy", "--json").json["profiles"]
    assert list(answer) == list(PROFILES)
    standard = answer["standard"]
    assert standard["pass_at"] == [7, 12, 16, 20, 24]
    row = next(row for row in standard["characteristic"] if row["failure_rate"] == 0.5)
    assert row["passed"] == characteristic(PROFILES["standard"], 0.5).passed
    assert round(row["passed"] * 100, 5) == 0.89962


def test_policy_can_be_read_by_a_person(call):
    said = call("policy", "--profile", "standard")
    assert "0.89962%" in said.out
    assert "lean" not in said.out


def test_validate_says_what_is_declared(call, tmp_path):
    (tmp_path / "releasegate.yml").write_text(CONFIG)
    said = call("validate")
    assert said.code == 0
    assert "2 checks declared" in said.out
    assert "no target declares a revision" in said.out


def test_validate_says_that_an_advisory_gate_blocks_nothing(call, tmp_path):
    (tmp_path / "releasegate.yml").write_text(f"mode: advisory\n{CONFIG}")
    assert "valid: gate staging (advisory: it blocks nothing), " in call("validate").out


def test_validate_gives_every_error_with_its_place_as_json(call, tmp_path):
    broken = CONFIG.replace("get: api:/health", "get: apo:/health").replace("status: 201", "statsu: 201")
    (tmp_path / "releasegate.yml").write_text(broken)
    said = call("validate", "--json")
    assert said.code == 2
    answer = said.json
    assert answer["valid"] is False
    assert {error["line"] for error in answer["errors"]} == {9, 11}
    assert all(
        error["file"] == "releasegate.yml" and error["column"] and error["message"] for error in answer["errors"]
    )
    assert any('"api"' in (error["hint"] or "") for error in answer["errors"])


def test_plan_counts_samples_and_writes(call, tmp_path):
    (tmp_path / "releasegate.yml").write_text(CONFIG)
    answer = call("plan", "--json").json
    assert [(c["id"], c["profile"], c["samples"], c["writes"]) for c in answer["checks"]] == [
        ("s.health", "standard", 7, 0),
        ("s.create", "single", 1, 1),
    ]
    assert (answer["samples"], answer["writes"]) == (8, 1)
    assert "8 samples, 1 writing request" in call("plan").out


def test_plan_says_what_is_read_though_it_was_left_out(call, tmp_path):
    (tmp_path / "releasegate.yml").write_text(CONFIG.replace("create:", "create:\n        diagnose: s.health"))
    assert call("plan", "--check", "s.create", "--json").json["read"] == ["s.health"]
    said = call("plan", "--check", "s.create").out
    assert "left out: s.health: not selected; read when a check fails that names it" in said
    assert call("plan", "--json").json["read"] == []


def test_init_writes_a_config_that_validates_and_a_workflow(call, tmp_path):
    assert call("init").code == 0
    assert len((tmp_path / "releasegate.yml").read_text().splitlines()) <= 12
    assert (tmp_path / ".github/workflows/release-gate.yml").is_file()
    assert call("validate").code == 0


def test_init_never_overwrites_unasked(call, tmp_path):
    (tmp_path / "releasegate.yml").write_text("mine")
    said = call("init")
    assert said.code == 2
    assert (tmp_path / "releasegate.yml").read_text() == "mine"
    assert not (tmp_path / ".github").exists()
    assert call("init", "--force").code == 0


def test_schema_is_a_json_schema(call):
    import json

    schema = json.loads(call("schema").out)
    assert "suites" in schema["properties"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_that_its_shell_accepts(call, shell, tmp_path):
    said = call("completion", shell)
    assert "_RELEASEGATE_COMPLETE" in said.out
    if shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(said.out)
        subprocess.run([shell, "-n", str(script)], check=True)


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("releasegate wai", "waive"),
        ("releasegate run --ju", "--junit"),
        ("releasegate completion z", "zsh"),
        ("releasegate demo --fault redis", "redis-slow"),
    ],
)
def test_a_shell_that_asks_is_told_what_could_stand_next(call, monkeypatch, typed, known):
    monkeypatch.setenv("_RELEASEGATE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    said = call()
    assert said.out.splitlines() == [f"plain,{known}"]
    assert said.err == ""


@pytest.mark.parametrize("instruction", ["bash_complete", "bash_source", "nonsense"])
def test_never_green_a_job_whose_environment_asks_for_a_completion_judges_nothing(call, monkeypatch, instruction):
    monkeypatch.setenv("_RELEASEGATE_COMPLETE", instruction)
    assert call("run").code == 2


def test_never_green_06_a_bug_of_ours_leaves_with_1_and_shows_no_values(call, monkeypatch):
    def broken(**_options):
        raise RuntimeError("with a secret in it")

    monkeypatch.setattr(cli_main.cli, "main", broken)
    said = call("run", "--json")
    assert said.code == 1
    assert said.json["exit_code"] == 1
    assert "secret" not in said.out + said.err
    assert "a bug of the gate" in said.err


def test_init_writes_no_config_that_validate_refuses(call, tmp_path):
    said = call("init", "--url", "javascript:x")
    assert said.code == 2
    assert "is not the url of a target" in said.err
    assert list(tmp_path.iterdir()) == []


def test_validate_misses_a_certificate_bundle_that_is_not_there(call, tmp_path):
    (tmp_path / "releasegate.yml").write_text(CONFIG.replace(':9"}', ':9", ca: certs/none.pem}'))
    warned = "the ca of api is not there: certs/none.pem"
    assert f"warning: {warned}\n" in call("validate").out
    assert warned in json.loads(call("validate", "--json").out)["warnings"]


def test_a_deployment_leads_the_config_to_its_own_url_and_only_to_hosts_that_are_allowed(call, tmp_path, monkeypatch):
    url = "https://evil.example.org"
    event = {"deployment": {"sha": "a" * 40}, "deployment_status": {"state": "success", "environment_url": url}}
    (tmp_path / "event.json").write_text(json.dumps(event), encoding="utf-8")
    (tmp_path / "releasegate.yml").write_text(
        "version: 1\ntargets: {api: {url: '${RELEASEGATE_DEPLOYMENT_URL}', allow_hosts: ['*.example.com']}}\n"
        "suites: {s: {checks: {c: {http: {get: 'api:/', expect: {status: 200}}}}}}\n",
        encoding="utf-8",
    )
    assert "RELEASEGATE_DEPLOYMENT_URL} is not set" in call("run").err
    monkeypatch.setenv("GITHUB_EVENT_NAME", "deployment_status")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    said = call("run")
    assert said.code == 2
    assert 'the host "evil.example.org" is not in allow_hosts' in said.err


COMMAND = "\n::stop-commands::x\n ::error::forged\n##[error]forged\n"


@pytest.mark.parametrize("arguments", [
    [COMMAND], ["run", COMMAND], ["gate", f"--deadline={COMMAND}"], ["gate", f"--pr={COMMAND}"],
    ["gate", f"--sha={COMMAND}"], ["gate", f"--comment={COMMAND}"], ["gate", f"--config={COMMAND}"],
    ["run", f"--suite={COMMAND}"], ["run", f"--{COMMAND}"], ["judge", COMMAND], ["judge", "--json", COMMAND],
    ["validate", "--json", f"--config={COMMAND}"], ["completion", COMMAND], ["waive", "--pr=1", f"--reason={COMMAND}"],
])  # fmt: skip
def test_no_argument_commands_the_runner_that_reads_what_is_said(call, tmp_path, monkeypatch, arguments):
    """An action's inputs are arguments, and an event may have given them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "releasegate.yml").write_text(CONFIG, encoding="utf-8")
    said = call(*arguments)
    assert said.code in {2, 11}
    lines = [line.strip() for line in (said.out + said.err).splitlines()]
    assert [line for line in lines if line.startswith("::") or "##[" in line] == []


def test_what_a_config_quotes_is_no_command_in_the_middle_of_json_either(call, tmp_path):
    wrong = tmp_path / "wrong.yml"
    wrong.write_text('"##[error]b": 1\n', encoding="utf-8")
    said = call("validate", "--json", "-c", str(wrong))
    assert "##[" not in said.out
    assert "##[error]b" in json.loads(said.out)["errors"][0]["message"]
