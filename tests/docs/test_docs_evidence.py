"""The evidence that docs/evidence.md shows is judged, its tables name every key, and what it calls refused is."""

import json

import jsonschema_rs
import msgspec
import pytest
from docs_examples import codes, page, rows, section, shown
from msgspec import to_builtins
from msgspec.structs import replace

from releasegate import model
from releasegate.changes.impact import HARMLESS, Impact
from releasegate.cli.main import main
from releasegate.config.across import MOST_DIAGNOSED
from releasegate.config.load import load
from releasegate.errors import EXIT_INCONCLUSIVE, EvidenceError
from releasegate.evidence import file
from releasegate.evidence.rejudge import rejudge
from releasegate.expect import keep
from releasegate.redact import SHORTEST, SHOWN, Redactor, encodings

PAGE = page("evidence.md")
(SHOWN_FILE,) = shown(PAGE, "json evidence")
OTHER = "0" * 40


def leave(*arguments):
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    return left.value.code


@pytest.fixture
def evidence():
    return file.decode(SHOWN_FILE.encode())


def test_the_example_is_what_a_gate_writes(evidence):
    assert json.loads(file.encode(evidence)) == json.loads(SHOWN_FILE)


def test_the_example_is_judged_to_what_it_says(tmp_path, capsys):
    path = tmp_path / "evidence.json"
    path.write_text(SHOWN_FILE, encoding="utf-8")
    assert leave("judge", str(path), "--json") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "STABLE"


def test_the_example_fits_the_schema_that_is_printed(capsys):
    assert leave("schema", "--evidence") == 0
    schema = json.loads(capsys.readouterr().out)
    assert "draft/2020-12" in schema["$schema"]
    jsonschema_rs.validator_for(schema).validate(json.loads(SHOWN_FILE))


def named(text):
    return [name for row in rows(text) for name in codes(row[0])]


def table(head):
    """Give the table whose first column is headed so."""
    return PAGE[PAGE.index(f"| {head} |") :]


@pytest.mark.parametrize(
    ("text", "struct"),
    [
        (section(PAGE, "The top level"), model.Evidence),
        (section(PAGE, "`run`"), model.RunInfo),
        (section(PAGE, "`checks[]`"), model.CheckResult),
        (section(PAGE, "`checks[].samples[]`"), model.Sample),
        (table("in `phases[]`"), model.Phase),
        (table("in `expectations[]`"), model.Expectation),
        (table("in `contact[]`"), model.Contact),
        (table("in `trouble`"), model.Trouble),
        (table("in `timeline[]`"), model.Moment),
        (table("in `diagnosis[]`"), model.Diagnosis),
        (section(PAGE, "`rules[]`"), model.RuleResult),
        (section(PAGE, "`verdict`"), model.Verdict),
        (section(PAGE, "`metrics[]`"), model.Measurement),
        (table("in `changes`"), Impact),
        (table("in `control`"), model.Control),
        (table("in `identity`"), model.Identity),
        (table("in `readings[]`"), model.Reading),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_key_is_in_its_table_and_none_is_invented(text, struct):
    assert sorted(named(text)) == sorted(struct.__struct_fields__)


@pytest.mark.parametrize("part", ["plan", "policy"])
def test_what_a_second_judging_needs_is_in_its_table(part):
    assert set(named(table(f"in `{part}`"))) == set(json.loads(SHOWN_FILE)[part])


def check_of(evidence, **more):
    return replace(evidence, checks=(replace(evidence.checks[0], **more),))


def sample_of(evidence, **more):
    return check_of(evidence, samples=(replace(evidence.checks[0].samples[0], **more),))


def unmet(evidence):
    first, *others = evidence.checks[0].samples[0].expectations
    return (replace(first, found=[503]), *others)


def moved(evidence):
    last = replace(evidence.identity.readings[-1], revision=OTHER)
    return replace(evidence.identity, readings=(*evidence.identity.readings[:-1], last))


def planned(evidence, **more):
    return replace(evidence, plan=evidence.plan | more)


def measuring(evidence, value):
    declared = {"file": "m.json", "at": "$.score", "unit": "%", "max_age_s": 60.0}
    measured = model.Measurement(name="m", found=98.7, age_s=1.0, value=value, **declared)
    return replace(planned(evidence, metrics={"m": declared}), metrics=(measured,))


def left_out(evidence):
    change = to_builtins(Impact(files=1, digest="sha256:0", globs=("docs/**",)))
    return planned(evidence, left_out=[{"id": "smoke.other", "reason": HARMLESS}], changes=change)


REFUSED = {
    "another schema": lambda e: replace(e, schema="releasegate/evidence/v0"),
    "a check is missing": lambda e: replace(e, checks=()),
    "other terms": lambda e: check_of(e, weight=2.0),
    "a demand is said to be met": lambda e: sample_of(e, expectations=unmet(e)),
    "an outcome is changed": lambda e: sample_of(e, outcome=model.Outcome.UNMET),
    "a sample is missing": lambda e: check_of(e, samples=()),
    "a sample too many": lambda e: check_of(e, samples=e.checks[0].samples * 2),
    "a reading that nobody asked for": lambda e: sample_of(
        e, diagnosis=(model.Diagnosis(check="d.store", sample=e.checks[0].samples[0]),)
    ),
    "a label is changed": lambda e: check_of(e, label=model.Label.FLAKY),
    "another explanation": lambda e: check_of(e, strength="beyond all doubt"),
    "an unknown profile": lambda e: check_of(
        planned(e, terms={"smoke.health": {"profile": "lenient", "weight": 1.0}}), profile="lenient"
    ),
    "a rule is missing": lambda e: replace(e, rules=()),
    "a rule is changed": lambda e: replace(e, rules=(replace(e.rules[0], observed=0.99),)),
    "a claim of harmlessness": left_out,
    "a control without samples": lambda e: replace(e, control=model.Control(held=True)),
    "a control that was not asked": lambda e: planned(e, control=True),
    "a revision that was not read": lambda e: planned(e, revisions=["api", "chat"]),
    "another commit": lambda e: replace(e, identity=moved(e)),
    "another number": lambda e: measuring(e, 98.7),
    "a number is missing": lambda e: replace(measuring(e, 0.987), metrics=()),
    "the verdict is changed": lambda e: replace(e, verdict=replace(e.verdict, score=0.5)),
}


def test_the_page_names_all_that_is_refused():
    assert {codes(row[0])[0] for row in rows(section(PAGE, "Judging it again"))} == {*REFUSED, "unreadable"}


@pytest.mark.parametrize("name", [*REFUSED, "unreadable"])
def test_what_the_page_calls_refused_is_refused(name, evidence, tmp_path, capsys):
    path = tmp_path / "evidence.json"
    path.write_bytes(SHOWN_FILE.encode()[:-10] if name == "unreadable" else file.encode(REFUSED[name](evidence)))
    assert leave("judge", str(path)) == EXIT_INCONCLUSIVE
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("part", ["state", "exit_code", "score", "reasons"])
def test_each_part_of_the_verdict_is_derived_again(part, evidence):
    other = {"state": model.State.DEGRADED, "exit_code": 10, "score": 0.0, "reasons": ("fine",)}[part]
    with pytest.raises(EvidenceError, match=part):
        rejudge(replace(evidence, verdict=replace(evidence.verdict, **{part: other})))


def test_an_expectation_that_was_not_kept_is_believed_as_the_page_says(evidence):
    first, *others = unmet(evidence)
    assert rejudge(sample_of(evidence, expectations=(replace(first, kept=False), *others))) == evidence.verdict


def test_a_number_that_is_what_was_found_is_judged(evidence):
    assert rejudge(measuring(evidence, 0.987)) == evidence.verdict


def test_a_secret_is_shown_as_the_page_says_and_its_value_not_kept(evidence):
    cleaned = Redactor(["healthy"]).clean_struct(evidence)
    _, status = cleaned.checks[0].samples[0].expectations
    assert (status.demanded, status.found, status.kept) == (SHOWN, [SHOWN], False)
    assert f"replaced by `{SHOWN}`" in " ".join(PAGE.split())
    assert f"shorter than {SHORTEST} characters" in PAGE
    assert len(set(encodings("a/secret&more"))) > 8
    assert rejudge(cleaned) == evidence.verdict


SECRETS = """
version: 1
targets:
  api: {url: "https://user-of-ours:pass-of-ours@api.example.com", headers: {X-Gate: "${A_HEADER}"}}
identities:
  user: {bearer: "${A_TOKEN}"}
suites:
  s:
    checks:
      one:
        http:
          as: user
          post: api:/things?key=${IN_THE_PATH}
          query: {key: "${A_QUERY}"}
          json: {text: "${A_BODY}", password: written-into-it}
          expect: {status: 200}
"""


def test_secrets_are_what_the_page_says():
    environ = {name: f"value-of-{name}" for name in ("A_HEADER", "A_TOKEN", "IN_THE_PATH", "A_QUERY", "A_BODY")}
    secrets = load(SECRETS, environ, file="docs.yml").secrets
    userinfo = {"user-of-ours:pass-of-ours", "user-of-ours", "pass-of-ours"}
    assert set(secrets) == set(environ.values()) - {"value-of-A_BODY"} | userinfo


def test_what_is_dropped_is_said_in_the_sentences_shown(evidence, monkeypatch):
    monkeypatch.setattr(file, "LARGEST", 100)
    small = msgspec.json.decode(file.encode(evidence), type=model.Evidence)
    assert len(small.dropped) == 3
    assert [line for line in PAGE.splitlines() if line.startswith("- `the ")] == [
        f"- `{said}`" for said in small.dropped
    ]
    assert len(small.checks[0].samples) == len(evidence.checks[0].samples)


def test_the_caps_are_those_of_the_code():
    caps = {row[0]: row[1] for row in rows(section(PAGE, "What is capped"))}
    assert caps["a value in `found`"].startswith(f"{keep.MAX_BYTES // 1024} KiB")
    assert caps["values of one expectation"] == str(keep.MAX_VALUES)
    assert caps["checks read beside one failing sample"] == str(MOST_DIAGNOSED)
    assert caps["the whole file"] == f"{file.LARGEST // 2**20} MiB"
    assert f"larger than {file.LARGEST_READ // 2**20} MiB" in PAGE
