"""Kinds that installed packages bring: found, sampled, judged; broken ones are told; their bugs are never a verdict."""

import json
import os
import socket
import subprocess
import sys

import jsonschema_rs
import pytest
from kinds_by_others import EXAMPLE, gate, nameserver, odd, package, pip_install

DNS = """
version: 1
targets:
  nameserver: {{url: "{url}"}}
suites:
  names:
    checks:
      resolves:
        dns:
          connect: nameserver
          name: "{{{{nonce}}}}.staging.example.com"
          expect: {{answers: {{$: {{contains: 192.0.2.7}}}}, latency: 5s}}
"""
ODD = """
version: 1
targets:
  here: {{url: "tcp://127.0.0.1:{port}"}}
suites:
  s:
    checks:
      c: {{odd: {{connect: here}}}}
"""


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    pip_install("--target", folder, EXAMPLE)
    return folder


@pytest.fixture
def packages(tmp_path):
    folder = tmp_path / "packages"
    folder.mkdir()
    return folder


@pytest.fixture
def port():
    """Give the port of somebody who takes connections, as many as one test makes."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield server.getsockname()[1]


# The example


def test_the_examples_own_tests_pass(installed, tmp_path):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(EXAMPLE)]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, check=False, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout


def test_an_installed_kind_is_valid_planned_and_in_the_schema(installed, tmp_path):
    config = DNS.format(url="tcp://127.0.0.1:53")
    assert gate(tmp_path, config, "validate", "--json", packages=installed).json["valid"]
    planned = gate(tmp_path, config, "plan", "--json", packages=installed).json["checks"][0]
    assert (planned["kind"], planned["samples"], planned["writes"]) == ("dns", 7, 0)
    assert planned["package"] == "releasegate-dns 0.1.0"
    assert "(by releasegate-dns 0.1.0)" in gate(tmp_path, config, "plan", packages=installed).out
    schema = gate(tmp_path, config, "schema", packages=installed)
    assert '"#/$defs/dns"' in schema.out
    assert jsonschema_rs.meta.is_valid(json.loads(schema.out))


def test_an_editable_install_is_found_too(tmp_path):
    pip_install("--prefix", tmp_path / "editable", "-e", EXAMPLE)
    (path,) = (tmp_path / "editable").rglob("*.pth")
    beside = os.pathsep.join([str(path.parent), path.read_text(encoding="utf-8").strip()])
    assert gate(tmp_path, DNS.format(url="tcp://127.0.0.1:53"), "validate", packages=beside).code == 0


def test_without_the_package_its_kind_is_an_unknown_key(tmp_path):
    said = gate(tmp_path, DNS.format(url="tcp://127.0.0.1:53"), "validate")
    assert said.code == 2
    assert 'unknown key "dns" in a check' in said.out


def test_a_mistyped_kind_is_answered_with_the_installed_one(installed, tmp_path):
    config = DNS.format(url="tcp://127.0.0.1:53").replace("dns:", "dnss:")
    said = gate(tmp_path, config, "validate", packages=installed)
    assert (said.code, 'did you mean "dns"?' in said.out) == (2, True)
    wrong = DNS.format(url="tcp://127.0.0.1:53").replace("name:", "nam:")
    assert 'did you mean "name"?' in gate(tmp_path, wrong, "validate", packages=installed).out


def test_a_healthy_server_is_stable_and_the_evidence_names_who_judged(installed, tmp_path):
    with nameserver("192.0.2.8", "192.0.2.7") as url:
        ran = gate(tmp_path, DNS.format(url=url), "run", packages=installed)
    assert ran.code == 0, ran.out + ran.err
    (check,) = ran.evidence["checks"]
    assert (check["kind"], check["label"], check["red_capable"], len(check["samples"])) == ("dns", "PASSED", True, 7)
    assert ran.evidence["run"]["kinds"] == {"dns": "releasegate-dns 0.1.0"}
    assert all(sample["contact"][0]["bytes_received"] > 0 for sample in check["samples"])
    assert gate(tmp_path, "", "judge", ".releasegate/evidence.json").code == 0  # also where nobody has the package


def test_other_records_are_unstable(installed, tmp_path):
    with nameserver("192.0.2.9") as url:
        ran = gate(tmp_path, DNS.format(url=url), "run", packages=installed)
    assert ran.code == 10
    assert {s["signature"] for s in ran.evidence["checks"][0]["samples"]} == {"dns $ contains"}
    assert "192.0.2.9" in ran.out


def test_a_server_that_is_not_there_is_trouble_and_never_green(installed, tmp_path):
    ran = gate(tmp_path, DNS.format(url="tcp://127.0.0.1:1"), "run", packages=installed)
    assert ran.code == 10
    assert {s["signature"] for s in ran.evidence["checks"][0]["samples"]} == {"dns connect refused"}


def test_a_control_may_be_of_such_a_kind_and_is_named_in_the_evidence(installed, tmp_path, port):
    with nameserver("192.0.2.7") as url:
        config = f"""
version: 1
targets:
  nameserver: {{url: "{url}"}}
  here: {{url: "tcp://127.0.0.1:{port}"}}
control:
  dns: {{connect: nameserver, name: example.com}}
suites:
  s:
    checks:
      c: {{tcp: {{connect: here}}}}
"""
        ran = gate(tmp_path, config, "run", packages=installed)
    assert ran.code == 0, ran.out
    assert ran.evidence["control"]["held"] is True
    assert ran.evidence["run"]["kinds"] == {"dns": "releasegate-dns 0.1.0"}


def test_a_kind_that_is_read_only_when_another_check_fails_is_named_too(installed, tmp_path):
    config = (
        DNS.format(url="tcp://127.0.0.1:1")
        + """
      first: {diagnose: names.resolves, tcp: {connect: nameserver}}
"""
    )
    ran = gate(tmp_path, config, "run", "--check", "names.first", packages=installed)
    assert [check["id"] for check in ran.evidence["checks"]] == ["names.first"]
    assert ran.evidence["run"]["kinds"] == {"dns": "releasegate-dns 0.1.0"}


# Packages that are broken


def test_a_package_that_nobody_names_is_not_imported(packages, tmp_path, port):
    package(packages, "raise SystemExit(0)")
    config = ODD.format(port=port).replace("odd:", "tcp:")
    assert gate(tmp_path, config, "validate", packages=packages).code == 0
    assert 'unknown key "od"' in gate(tmp_path, config.replace("tcp:", "od:"), "validate", packages=packages).out
    ran = gate(tmp_path, config, "run", packages=packages)
    assert (ran.code, ran.evidence["run"]["kinds"]) == (0, {})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import a_module_that_is_not_there", "cannot be loaded: No module named"),
        ("", "cannot be loaded: module 'odd' has no attribute 'KIND'"),
        ("def", "cannot be loaded: invalid syntax"),
        ("KIND = object()", "does not keep the contract: it has no name; it has no table"),
        (odd("name = 'other'"), 'does not keep the contract: its name is "other"'),
        (odd("troubles = (Exception,)"), "does not keep the contract: its trouble Exception would hide bugs"),
        (odd("judge = None"), "does not keep the contract: its judge cannot be called"),
    ],
    ids=["import", "attribute", "syntax", "no kind", "name", "troubles", "judge"],
)
@pytest.mark.parametrize("command", ["validate", "run"])
def test_a_broken_package_is_an_error_that_names_it_and_the_line(packages, tmp_path, source, said, command):
    package(packages, source)
    ended = gate(tmp_path, ODD.format(port=9), command, packages=packages)
    told = ended.out + ended.err
    assert ended.code == 2
    assert f'the kind "odd" of releasegate-odd 1.2 {said}' in told
    assert "releasegate.yml:8:" in told
    assert "Traceback" not in told


def test_two_packages_of_one_kind_are_an_error_that_names_both(packages, tmp_path, port):
    package(packages, odd("pass"))
    package(packages, odd("pass"), name="odd-too", version="3", module="odd_too", entry="odd = odd_too:KIND")
    said = gate(tmp_path, ODD.format(port=port), "validate", packages=packages)
    assert said.code == 2
    assert 'the kind "odd" comes from odd-too 3 and releasegate-odd 1.2' in said.out


def test_a_kind_of_the_gate_is_never_replaced_and_validate_warns(packages, tmp_path, port):
    package(packages, "raise SystemExit(0)", entry="tcp = odd:KIND")
    config = ODD.format(port=port).replace("odd:", "tcp:")
    said = gate(tmp_path, config, "validate", packages=packages)
    assert said.code == 0
    assert "warning: the kind tcp of releasegate-odd 1.2 is never used: the gate has its own" in said.out
    ran = gate(tmp_path, config, "run", packages=packages)
    assert (ran.code, ran.evidence["run"]["kinds"]) == (0, {})


def test_a_broken_package_is_told_also_by_schema(packages, tmp_path):
    package(packages, "KIND = object()")
    said = gate(tmp_path, "", "schema", packages=packages)
    assert said.code == 2
    assert "releasegate-odd 1.2" in said.err


# Kinds with a bug


BUGS = {
    "observe raises": odd("async def observe(self, spec, probe):\n    raise KeyError(spec)"),
    "observe leaves": odd("async def observe(self, spec, probe):\n    raise SystemExit(0)"),
    "observe leaves as if interrupted": odd("async def observe(self, spec, probe):\n    raise SystemExit(130)"),
    "observe refuses": odd(
        "async def observe(self, spec, probe):\n    from releasegate.errors import UsageError\n    raise UsageError('no')"
    ),
    "observe gives what judge cannot read": odd("async def observe(self, spec, probe):\n    return None"),
    "judge gives nothing": odd("def judge(self, spec, observation, scope):\n    return None"),
    "judge gives no expectations": odd(
        "def judge(self, spec, observation, scope):\n    return Judgement(expectations=('met',))"
    ),
    "judge gives what no file holds": odd("def judge(self, spec, observation, scope):\n    return object()"),
    "violate raises": odd("def violate(self, observation, expectation):\n    raise ValueError"),
    "losses are none": odd("def losses(self, spec, observation):\n    return [1]"),
    "clean_up raises": odd(
        "def cleans_up(self, spec):\n    return True\nasync def clean_up(self, spec, probe):\n    raise LookupError"
    ),
    "no time": odd("def timeout_s(self, spec):\n    return float('nan')"),
    "no number": odd("def writes(self, spec):\n    return None"),
    "no names": odd("def targets(self, spec, values):\n    return (7,)"),
    "the table raises": odd(
        "from releasegate.config.shape import Shape\n"
        "class Table(Shape):\n    def read(self, node, ctx):\n        raise IndexError\ntable = Table()"
    ),
    "the import raises": "raise RuntimeError('as it is imported')",
    "the import raises KeyError": "{}['a key']",
    "the import leaves": "raise SystemExit(0)",
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_of_a_kind_is_no_verdict_and_names_its_package(packages, tmp_path, port, bug):
    package(packages, BUGS[bug])
    ran = gate(tmp_path, ODD.format(port=port), "run", "--json", packages=packages)
    assert ran.code == 1
    assert "a bug of a kind of releasegate-odd 1.2, not of staging" in ran.err
    assert "No verdict was given" in ran.err
    assert ran.json["error"].startswith("a bug of a kind of releasegate-odd 1.2: ")
    assert ran.evidence is None


def test_a_sound_kind_of_such_a_package_passes(packages, tmp_path, port):
    package(packages, odd("pass"))
    ran = gate(tmp_path, ODD.format(port=port), "run", packages=packages)
    assert (ran.code, ran.evidence["run"]["kinds"]) == (0, {"odd": "releasegate-odd 1.2"})


def test_an_exit_from_within_the_gate_is_no_verdict(call, monkeypatch):
    def leave():
        raise SystemExit(0)

    monkeypatch.setattr("releasegate.cli.validate.environment", leave)
    said = call("validate")
    assert said.code == 1
    assert "a bug of the gate" in said.err
