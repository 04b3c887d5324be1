"""What the report says of a change: that it is harmless and what was left out for it, or why it is not."""

import pytest
from msgspec import structs, to_builtins
from report_stories import check, demanded, judged

from releasegate.changes.impact import Impact
from releasegate.model import State
from releasegate.report import console, markdown

DOCS = Impact(files=2, digest="sha256:0", globs=("**/*.md",))
CODE = Impact(files=2, digest="sha256:0", file="src/app.py", obstacle="src/app.py matches no glob of changes.harmless")


def story_of(change, *left_out, rules=(), **more):
    left = [{"id": name, "reason": DOCS.reason} for name in left_out]
    plan = {"left_out": left, "changes": to_builtins(change), "partial": False, **more}
    return judged(check("a.vital", critical=True), check("a.need"), plan=plan, rules=rules)


def flat(story) -> str:
    return " ".join(console.render(story, colour=False, width=120).split())


def comment(story) -> str:
    return markdown.render(story).replace("\\", "").replace("&#8203;", "")


HARMLESS = (
    "the change is harmless: 2 files, all match **/*.md; 2 of 5 checks run: the critical ones, and what they need"
)


def test_a_harmless_change_is_told_before_the_suites_with_what_ran():
    story = story_of(DOCS, "b.one", "b.two", "b.three")
    assert story.verdict.state is State.STABLE
    assert HARMLESS in flat(story).partition("✓ a 2/2")[0]
    assert HARMLESS in comment(story).partition("How sure the gate is")[0]
    assert "left out, the change is harmless: 2 files, all match **/*.md: b.one, b.two, b.three" in flat(story)


def test_rules_about_what_was_left_out_are_not_applicable_and_the_others_count_over_what_ran():
    rules = (demanded("suite.b.pass_rate >= 95%"), demanded("pass_rate >= 95%"), demanded("flaky <= 0%", "warn"))
    story = story_of(DOCS, "b.one", rules=rules)
    assert [(rule.applicable, rule.held) for rule in story.rules] == [(False, None), (True, True), (True, True)]
    assert story.verdict.state is State.STABLE
    assert "2 rules held: pass_rate >= 95% (100 %), flaky <= 0% (0 %)" in flat(story)
    assert "| `suite.b.pass_rate >= 95%` | not applicable | · suite b was left out of this run |" in comment(story)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (CODE, "no check is left out for the change: src/app.py matches no glob of changes.harmless"),
        (structs.replace(CODE, obstacle="the list of changed files is empty"), "the list of changed files is empty"),
        (DOCS, "the change is harmless: 2 files, all match **/*.md; no check is left out for it: no other is critical"),
    ],
)
def test_any_other_change_says_why_everything_ran(change, said):
    assert said in flat(story_of(change))
    assert said in comment(story_of(change))


def test_without_a_list_of_files_nothing_is_said_of_the_change():
    for said in (flat(judged(check("a.b"))), comment(judged(check("a.b")))):
        assert "change is" not in said
        assert "for the change" not in said


@pytest.mark.parametrize("odd", [5, "docs", [], {"files": "two"}])
def test_a_file_that_says_nonsense_of_the_change_is_shown_all_the_same(odd):
    story = judged(check("a.b"), plan={"changes": odd, "left_out": []})
    assert "what the change is cannot be read from the evidence" in flat(story)


def test_the_name_of_a_changed_file_does_nothing():
    hostile = structs.replace(CODE, obstacle="\x1b[2J\n::error::x @team matches no glob")
    assert "\x1b" not in console.render(story_of(hostile), colour=False, width=80)
    assert "\n::error" not in console.render(story_of(hostile), colour=False, width=80)
    assert "@team" not in markdown.render(story_of(hostile))
