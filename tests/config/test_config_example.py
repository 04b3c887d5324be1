"""The whole language, as the example writes it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from config_gate import gate

from releasegate.checks import catalogue
from releasegate.config.load import load

TEXT = (Path(__file__).parent / "example.yml").read_text(encoding="utf-8")
ENVIRON = {
    "STAGING_API_URL": "https://api.example.com/v1",
    "STAGING_AUTH_URL": "https://auth.example.com",
    "STAGING_WS_URL": "wss://chat.example.com",
    "STAGING_REDIS_URL": "redis://:redis-password@cache.example.com:6379/0",
    "STAGING_POSTGRES_URL": "postgres://gate:database-password@db.example.com/app",
    "STAGING_EDGE_URL": "tcp://edge.example.com:443",
    "STAGING_PASSWORD": "password-of-the-gate",
    "STAGING_JWT_SECRET": "secret-that-signs-tokens-of-the-gate",
    "ALERT_WEBHOOK": "https://hooks.example.com/of-the-gate",
}


@pytest.fixture(scope="module")
def config():
    return load(TEXT, ENVIRON, file="releasegate.yml")


def test_the_example_loads_as_it_stands(config):
    assert (config.gate, config.mode) == ("staging", "enforce")
    assert list(config.targets) == ["api", "auth", "chat", "cache", "database", "edge"]
    assert [(suite.name, suite.weight, len(suite.checks)) for suite in config.suites] == [
        ("orchestration", 30, 5), ("pipeline", 60, 6), ("mcp", 5, 1), ("dependencies", 5, 2), ("end-to-end", 0, 1),
        ("load", 0, 1),
    ]  # fmt: skip
    assert config.warnings == ()


def test_the_example_means_what_its_comments_say(config):
    api, auth = config.targets["api"], config.targets["auth"]
    assert (api.path, api.port, api.concurrency) == ("/v1", 443, 32)
    assert (api.revision.at, api.revision.wait_s, api.revision.settle) == ("$.revision", 600, 3)
    assert (auth.foreign, auth.owner) == (True, "@acme/identity")
    user = config.identities["gate-user"]
    assert user.login.enabled
    assert user.login.token == "$.access_token"
    assert (user.fallback.jwt.algorithm, user.fallback.jwt.expires_in_s) == ("HS256", 300)
    assert user.fallback.jwt.claims["permissions"] == ["agent_execution"]
    assert config.control.kind == "tcp"
    assert (config.policy.deadline_s, config.policy.concurrency) == (900, 64)
    assert [rule.level for rule in config.policy.rules] == ["fail"] * 4 + ["warn"] * 4
    talk = config.suites[0].checks[3]
    assert (talk.name, talk.samples, len(talk.loops["pattern"])) == ("communication", "standard", 5)
    stranger, agent = config.suites[1].checks[2], config.suites[1].checks[5]
    assert stranger.twin == "pipeline.lifecycle"
    assert (agent.critical, agent.samples) == (True, "lean")
    assert agent.diagnose == ("dependencies.redis", "dependencies.postgres")


def test_the_example_keeps_its_secrets(config):
    assert set(config.secrets) == {
        "password-of-the-gate", "secret-that-signs-tokens-of-the-gate", "https://hooks.example.com/of-the-gate",
        ":redis-password", "redis-password", "gate:database-password", "database-password", "gate",
    }  # fmt: skip
    assert "password" not in repr(config).replace("Password", "")
    assert "secret-that-signs" not in repr(config)


def test_what_the_example_declares_and_nobody_judges_yet_is_named(config):
    names = [name for name, _ in config.later]
    assert names == [
        "baseline", "excuses", "alerts",
        "kind tests", "kind load",
        "rules over contract.breaking", "rules over memory.peak",
    ]  # fmt: skip
    assert all(reason for _, reason in config.later)


def test_the_example_validates_offline_with_nothing_set():
    config = load(TEXT, {}, file="releasegate.yml", lenient_env=True)
    assert config.secrets == ()
    assert config.hash == load(TEXT, ENVIRON, file="releasegate.yml").hash


def test_every_kind_names_the_targets_of_the_example(config):
    named = {}
    for suite in config.suites:
        for check in suite.checks:
            named[f"{suite.name}.{check.name}"] = catalogue.kind(check.kind).targets(check.spec, {})
    assert named["pipeline.real-agent-execution"] == ("chat",)
    assert named["mcp.agent-protocol"] == ("api",)
    assert named["dependencies.redis"] == ("cache",)
    assert named["dependencies.postgres"] == ("database",)
    assert named["end-to-end.pytest"] == ("api",)
    assert named["load.twenty-users"] == ()
    assert catalogue.kind("tcp").targets(config.control.spec, {}) == ("edge",)


def test_two_thousand_checks_of_one_for_load_in_a_moment():
    values = ", ".join(map(str, range(2000)))
    text = gate(
        checks=f"""suites:
  many:
    checks:
      one:
        for: {{n: [{values}]}}
        http: {{get: "api:/items/{{{{n}}}}", expect: {{status: 200, json: {{$.id: "{{{{n}}}}"}}}}}}
"""
    )
    took = []
    for _ in range(7):
        began = time.perf_counter()
        load(text, {}, file="gate.yml")
        took.append(time.perf_counter() - began)
    assert min(took) < 0.04


def test_a_config_is_read_without_the_clients_that_run_it():
    text = gate()
    script = (
        "import sys; from releasegate.config.load import load; from releasegate.checks import catalogue\n"
        f"load({text!r}, {{}}, file='x')\n"
        "heavy = {'httpx', 're2', 'jsonpath_rfc9535', 'jsonschema_rs', 'jwt', 'websockets', 'pycurl',\n"
        "         'importlib.metadata', 'releasegate.checks.later', 'releasegate.checks.websocket'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert shown.stdout.strip() == "[]"


def test_a_kind_that_is_only_loaded_says_why_and_cannot_run():
    kind = catalogue.kind("load")
    assert "not judged" in kind.later
    with pytest.raises(NotImplementedError, match="not judged"):
        kind.judge({}, None, {})


def test_a_kind_that_nobody_provides_is_not_known():
    with pytest.raises(KeyError):
        catalogue.kind("gopher")
