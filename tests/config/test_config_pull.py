"""A pull request's config under the base branch's: whatever it says, what is judged is not weaker."""

import pytest
from config_gate import gate

from releasegate.checks.catalogue import kind
from releasegate.config.load import ConfigError
from releasegate.config.pull import Source, judged
from releasegate.plan import build

TARGETS = "targets:\n  api: {url: '${API}'}\n  edge: {url: 'https://edge.example.com'}\n"
ENVIRON = {"API": "https://api.example.com", "TENANT": "acme", "TOKEN": "s3cr3t-value", "OTHER": "0th3r-value"}
REST = """\
identities:
  user: {bearer: "${TOKEN}"}
control: {tcp: {connect: edge}}
policy:
  block: [failed == 0]
  approvers: [mia]
"""
CHECKS = """\
suites:
  smoke:
    weight: 10
    checks:
      health:
        critical: true
        samples: standard
        http: {get: "api:/health?t=${TENANT}", expect: {status: 200}}
      orders:
        for: {page: [one, two]}
        needs: smoke.health
        http: {get: "api:/{{page}}", as: user, expect: {status: 200}}
"""
OPEN = CHECKS.replace("?t=${TENANT}", "/${TENANT}")
"""The same with its name of the environment in a place that is no secret's."""
HOLLOW = CHECKS.replace("expect: {status: 200}}\n      orders", "expect: {status: 2xx}}\n      orders")


def text(checks=CHECKS, rest=REST, targets=TARGETS):
    return gate(rest, targets=targets, checks=checks)


def config(pull, base=None, environ=ENVIRON, *, files=None, base_files=None):
    def source(of, own):
        return Source(of, (own or {}).__getitem__)

    return judged(source(base or text(), base_files), source(pull, files), environ, file="gate.yml")


def names(judged_config):
    """Name what is declared, also of kinds that are not judged yet, which no plan has."""
    return [f"{suite.name}.{decl.name}" for suite in judged_config.suites for decl in suite.checks]


def ids(judged_config):
    return [check.id for check in build(judged_config, kind).checks]


def shown(judged_config):
    """Give what decides of the suites, in a form that compares."""
    decls = [d for suite in judged_config.suites for d in suite.checks]
    return [(s.name, s.weight, s.events) for s in judged_config.suites], [(d.name, d.hash, repr(d)) for d in decls]


def decl(judged_config, name):
    return next(d for s in judged_config.suites for d in s.checks if f"{s.name}.{d.name}" == name)


def test_the_same_config_is_judged_as_it_is_and_says_where_it_comes_from():
    same = config(text())
    assert (same.origin.base, same.origin.pull) == (same.hash, same.hash)
    assert (same.origin.changed, same.origin.deleted, same.origin.added, same.origin.terms) == ((), (), (), ())
    assert ids(same) == ["smoke.health", "smoke.orders[one]", "smoke.orders[two]"]


WEAKER = {
    "no rules": (text(rest=REST.replace("[failed == 0]", "[failed <= 100%]")), "policy"),
    "an approver of its own": (text(rest=REST.replace("mia", "eve")), "policy"),
    "advisory": (text(rest=f"mode: advisory\n{REST}"), "mode"),
    "another gate": (text(rest=f"gate: other\n{REST}"), "gate"),
    "no control": (text(rest=REST.replace("control: {tcp: {connect: edge}}\n", "")), "control"),
    "another target": (text(targets=TARGETS.replace("${API}", "https://evil.example.com")), "targets"),
    "another identity": (text(rest=REST.replace("${TOKEN}", "${OTHER}")), "identities"),
    "an excuse": (text(rest=f"excuses: {{flaky: 100}}\n{REST}"), "excuses"),
    "everything is harmless": (text(rest=f"changes: {{harmless: ['src/**']}}\n{REST}"), "changes"),
    "no run": (text(rest=f"events: {{pull_request: defer}}\n{REST}"), "events"),
    "a webhook": (text(rest=f"alerts: [{{when: {{same_timeout: 1, of: 1}}, webhook: 'https://e'}}]\n{REST}"), "alerts"),
    "a weightless suite": (text(CHECKS.replace("weight: 10", "weight: 0")), "suites.smoke"),
    "a suite for other events": (
        text(CHECKS.replace("weight: 10", "weight: 10\n    events: [schedule]")),
        "suites.smoke",
    ),
}


@pytest.mark.parametrize("name", WEAKER)
def test_what_decides_is_the_base_branchs_and_that_it_differs_is_said(name):
    pull, differs = WEAKER[name]
    held, got = config(text()), config(pull)
    parts = ("gate", "mode", "targets", "identities", "policy", "excuses", "changes", "events", "alerts")
    assert [getattr(got, part) for part in parts] == [getattr(held, part) for part in parts]
    assert (shown(got), got.baseline, got.metrics) == (shown(held), held.baseline, held.metrics)
    assert got.origin.terms == (differs,)
    assert got.hash not in {held.hash, got.origin.pull}


def test_a_changed_check_runs_as_it_is_now_and_as_the_base_branch_has_it():
    got = config(text(HOLLOW))
    assert ids(got)[:2] == ["smoke.health", "smoke.health@base"]
    assert got.origin.changed == ("smoke.health",)
    before = decl(config(text()), "smoke.health")
    now, of_base = decl(got, "smoke.health"), decl(got, "smoke.health@base")
    assert now.spec != before.spec
    assert (of_base.spec, of_base.hash, of_base.samples, of_base.critical) == (
        before.spec, before.hash, "standard", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "weaker",
    [
        ("critical: true", "critical: false"),
        ("critical: true", "advisory: true"),
        ("critical: true", "critical: true\n        weight: 0"),
        ("samples: standard", "samples: once"),
        ("critical: true", "critical: true\n        deadline: 1h"),
        ("needs: smoke.health", "twin: smoke.health"),
    ],
)
def test_how_a_check_counts_is_the_base_branchs(weaker):
    got, held = config(text(CHECKS.replace(*weaker))), config(text())
    for name in ("smoke.health", "smoke.orders"):
        one, other = decl(got, name), decl(held, name)
        same = ("critical", "advisory", "weight", "samples", "window_s", "deadline_s", "twin", "needs")
        assert [getattr(one, part) for part in same] == [getattr(other, part) for part in same]
    assert len(got.origin.changed) == 1


def test_a_deleted_check_still_runs_as_the_base_branch_has_it_and_what_needs_it_needs_that():
    less = CHECKS.replace(CHECKS[CHECKS.index("      health:") : CHECKS.index("      orders:")], "")
    less = less.replace("        needs: smoke.health\n", "")
    got = config(text(less))
    assert ids(got)[:1] == ["smoke.health@base"]
    assert got.origin.deleted == ("smoke.health",)
    assert decl(got, "smoke.orders").needs == ("smoke.health@base",)


def test_a_deleted_suite_still_runs():
    other = CHECKS.replace("smoke", "other")
    got = config(text(other))
    assert set(ids(got)) == {
        "smoke.health@base", "smoke.orders@base[one]", "smoke.orders@base[two]",
        "other.health", "other.orders[one]", "other.orders[two]",
    }  # fmt: skip


def test_a_value_that_is_taken_out_of_a_loop_still_runs():
    got = config(text(CHECKS.replace("[one, two]", "[one]")))
    assert {"smoke.orders[one]", "smoke.orders@base[one]", "smoke.orders@base[two]"} < set(ids(got))


def test_a_new_check_runs_and_weighs_nothing_until_it_is_merged():
    more = CHECKS + '      new: {weight: 900, http: {get: "api:/new", expect: {status: 200}}}\n'
    more += '  another: {weight: 900, checks: {easy: {http: {get: "api:/", expect: {status: 200}}}}}\n'
    got = config(text(more))
    assert got.origin.added == ("smoke.new", "another.easy")
    weights = {check.id: check.weight for check in build(got, kind).checks}
    assert (weights["smoke.new"], weights["another.easy"]) == (0.0, 0.0)
    assert sum(weights.values()) == pytest.approx(10)


@pytest.mark.parametrize("used", ["${TOKEN}", "${OTHER}", "${API}", "${NEW:-}", "${GITHUB_TOKEN}"])
def test_a_check_reads_no_name_that_no_check_of_the_base_branch_reads(used):
    more = CHECKS + f'      new: {{http: {{get: "api:/{used}", expect: {{status: 200}}}}}}\n'
    environ = {**ENVIRON, "GITHUB_TOKEN": "ghs_0123456789"}
    if "GITHUB" in used:
        with pytest.raises(ConfigError, match="the platform's own"):
            config(text(more), environ=environ)
        return
    got = config(text(more), environ=environ)
    assert shown(got) == shown(config(text()))
    assert (got.origin.added, len(got.origin.not_taken)) == ((), 1)
    assert "is used by no check of the base branch" in got.origin.not_taken[0]


def test_a_check_may_read_what_the_base_branchs_checks_read():
    more = CHECKS + '      new: {http: {get: "api:/${TENANT}", expect: {status: 200}}}\n'
    assert config(text(more)).origin.added == ("smoke.new",)


def test_checks_on_targets_that_the_base_branch_does_not_have_leave_its_own_as_they_are():
    more = CHECKS + '      new: {http: {get: "fresh:/", expect: {status: 200}}}\n'
    got = config(text(more, targets=TARGETS + "  fresh: {url: 'https://fresh.example.com'}\n"))
    assert shown(got) == shown(config(text()))
    assert got.origin.not_taken == (
        'no check of this pull request is judged before it is merged: unknown target "fresh"',
    )


def test_a_check_of_a_pull_request_on_the_control_is_not_taken():
    more = CHECKS + "      new: {tcp: {connect: edge}}\n"
    moved = REST.replace("control: {tcp: {connect: edge}}\n", "")
    assert "a control on a judged target" in config(text(more, rest=moved)).origin.not_taken[0]


def test_a_command_is_never_a_pull_requests_to_say():
    def tests(command):
        return CHECKS + f"      unit: {{tests: {{command: {command}, junit: r.xml, contact: none}}}}\n"

    got = config(text(tests("curl evil")), text(tests("pytest")))
    assert decl(got, "smoke.unit").spec == decl(config(text(tests("pytest")), text(tests("pytest"))), "smoke.unit").spec
    assert (names(got), got.origin.changed) == (names(config(text(tests("pytest")), text(tests("pytest")))), ())
    assert got.origin.not_taken == ("smoke.unit runs a command, which is the base branch's until this is merged",)
    fresh = config(text(tests("curl evil")))
    assert fresh.origin.not_taken == ("smoke.unit runs a command: it is not run before it is merged",)
    assert (names(fresh), fresh.origin.added) == (names(config(text())), ())


def test_a_suites_own_file_is_read_at_each_side():
    pointing = "suites: {smoke: smoke.yml}\n"
    own = 'checks: {health: {http: {get: "api:/health", expect: {status: %s}}}}\n'
    got = config(text(pointing), text(pointing), files={"smoke.yml": own % "2xx"}, base_files={"smoke.yml": own % 200})
    assert ids(got) == ["smoke.health", "smoke.health@base"]
    assert set(got.files) == {"gate.yml", "smoke.yml"}
    with pytest.raises(ConfigError, match="cannot be read"):
        judged(Source(text(pointing)), Source(text()), ENVIRON, file="gate.yml")


@pytest.mark.parametrize("broken", ["", "version: 1\n", "version: [", "a: &a [*a]\n", text(checks="suites: {}\n")])
def test_an_unusable_config_on_either_side_is_an_error(broken):
    with pytest.raises(ConfigError) as of_base:
        config(text(), broken or "\n")
    assert all("gate.yml of the base branch" in problem.file for problem in of_base.value.problems)
    with pytest.raises(ConfigError) as of_pull:
        config(broken or "\n")
    assert not any("base branch" in problem.file for problem in of_pull.value.problems)


def test_an_unset_name_of_the_base_branch_is_an_error_and_one_of_the_pull_request_is_not():
    with pytest.raises(ConfigError, match=r"\$\{TENANT\} is not set"):
        config(text(), environ={"API": "https://a.example.com", "TOKEN": "0123456789"})
    config(text(targets=TARGETS.replace("${API}", "${UNSET}")))


def test_the_first_config_of_a_repository_is_its_own_and_is_unreviewed():
    got = judged(None, Source(text()), ENVIRON, file="gate.yml")
    assert (got.origin.base, got.origin.pull, ids(got)) == (None, got.hash, ids(config(text())))


def test_the_secrets_of_both_sides_are_taken_out_of_the_reports():
    more = CHECKS.replace("?t=${TENANT}", "?t=${TENANT}-${TENANT}") + (
        '      new: {http: {get: "api:/", headers: {x-tenant: "${TENANT}"}, expect: {status: 200}}}\n'
    )
    assert {"s3cr3t-value", "acme"} <= set(config(text(more)).secrets)


@pytest.mark.parametrize("put", [
    "title: 'x ${TENANT}', http: {get: 'api:/', expect: {status: 200}}",
    "http: {get: 'api:/', expect: {body: {contains: '${TENANT}'}}}",
])  # fmt: skip
def test_what_a_pull_request_reads_of_the_environment_is_secret_wherever_it_puts_it(put):
    """The base branch shows it to staging, in a place where nobody else reads it."""
    other = "      new: {http: {get: 'api:/', expect: {status: 200}}}\n"
    assert "acme" not in config(text(OPEN + other), text(OPEN)).secrets
    assert "acme" in config(text(f"{OPEN}      new: {{{put}}}\n"), text(OPEN)).secrets


def test_what_a_pull_request_reads_of_the_environment_stands_in_no_name_and_no_reason():
    for put in ("for: {x: ['${TENANT}']}", "needs: '${TENANT:-smoke.health}'"):
        new = f"      new: {{{put}, http: {{get: 'api:/', expect: {{status: 200}}}}}}\n"
        merged = config(text(OPEN + new), text(OPEN))
        assert "acme" not in merged.origin.not_taken[0]
        assert not any("acme" in name for name in ids(merged))


def test_a_value_of_the_environment_that_the_base_branch_shows_in_names_stays_there():
    base = OPEN.replace("[one, two]", "['${TENANT}', two]")
    merged = config(text(base.replace('"api:/{{page}}"', '"api:/p/{{page}}"')), text(base))
    assert {"smoke.orders[acme]", "smoke.orders@base[acme]"} <= set(ids(merged))
    assert "acme" not in merged.secrets


def test_a_pull_request_asks_for_no_more_files_than_a_config_has():
    """Each is a request of which GitHub grants a repository a thousand an hour, to all of its jobs."""
    asked = []

    def read(path):
        asked.append(path)
        return "checks: {c: {http: {get: 'api:/', expect: {status: 200}}}}"

    many = "".join(f"  s{number}: s{number}.yml\n" for number in range(3000))
    with pytest.raises(ConfigError, match="more than 100 suites have files of their own"):
        judged(Source(text()), Source(text(CHECKS + many), read), ENVIRON, file="gate.yml")
    assert len(asked) <= 100


def test_no_secret_of_the_base_branch_becomes_the_name_of_a_check():
    """Names of checks stand in every report as they are; where the base branch shows it to staging, it is a secret."""
    base = CHECKS.replace("as: user, expect", 'headers: {X: "${OTHER}"}, expect')
    pull = base.replace('headers: {X: "${OTHER}"}, ', "").replace("[one, two]", '[one, "${OTHER}"]')
    merged = config(text(pull), text(base))
    assert "secret" in merged.origin.not_taken[0]
    assert not any(ENVIRON["OTHER"] in name for name in ids(merged))
