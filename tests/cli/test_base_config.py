"""`run --base-config` as a user meets it: what decides is the base branch's, also without GitHub."""

import json
from pathlib import Path

import pytest

CONFIG = """\
version: 1
targets: {{api: {{url: "http://127.0.0.1:9"}}}}
suites: {{smoke: suite.yml}}
policy: {{block: [failed == 0], deadline: {deadline}}}
"""
SUITE = 'checks: {{health: {{samples: {samples}, http: {{get: "api:/health", expect: {{status: {status}}}}}}}}}\n'


@pytest.fixture
def ran(call, tmp_path):
    """Run a config beside another one, which is the base branch's; nobody listens at the staging."""

    def run(own, base, *, deadline="1m"):
        for place, suite, bound in ((tmp_path, own, deadline), (tmp_path / "base", base, "2m")):
            place.mkdir(exist_ok=True)
            (place / "releasegate.yml").write_text(CONFIG.format(deadline=bound))
            (place / "suite.yml").write_text(suite)
        said = call("run", "-q", "--base-config", "base/releasegate.yml")
        evidence = json.loads(Path(".releasegate/evidence.json").read_text("utf-8")) if said.code != 2 else None
        return said, evidence

    return run


def test_both_versions_of_a_changed_check_run_and_the_report_says_whose_config_it_is(ran):
    said, evidence = ran(SUITE.format(samples="once", status="2xx"), SUITE.format(samples="single", status=200))
    assert said.code == 10
    told = " ".join(said.out.split())
    assert "the config is the base branch's, " in told
    assert "changed by this pull request: smoke.health; judged as the base branch has it: policy" in told
    assert [check["id"] for check in evidence["checks"]] == ["smoke.health", "smoke.health@base"]
    assert {check["profile"] for check in evidence["checks"]} == {"single"}
    assert evidence["policy"]["deadline_s"] == 120
    origin = evidence["plan"]["origin"]
    assert (origin["changed"], origin["terms"]) == (["smoke.health"], ["policy"])
    assert len({origin["base"], origin["pull"], evidence["run"]["config_hash"]}) == 3


def test_what_the_file_says_is_judged_again_to_the_same_verdict(ran, call):
    ran(SUITE.format(samples="once", status="2xx"), SUITE.format(samples="single", status=200))
    assert call("judge", ".releasegate/evidence.json").code == 10


def test_an_unusable_base_is_an_error_that_names_it(ran):
    said, _ = ran(SUITE.format(samples="once", status="2xx"), "checks: {}\n")
    assert (said.code, "suite.yml of the base branch" in said.err) == (2, True)
