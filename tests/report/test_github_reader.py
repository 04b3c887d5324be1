"""GitHub's own Markdown parser reads what we say: nothing in it acts, whoever wrote the text. And the judge can object."""

from pathlib import Path

import pytest
from github_reader import Page
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_report_hostile import ATTACKS, STORIES, hostile, poison, stories

from releasegate.cli.runner import output, summarise
from releasegate.foreign import for_markdown
from releasegate.report import markdown

BUDGETS = st.sampled_from([2_000, 5_000, markdown.BUDGET, markdown.SUMMARY_BUDGET])


@pytest.mark.parametrize(
    "alive",
    [
        "@octocat", "thanks (@acme/agents)", "see #12", "octo/repo#3", "GH-7", "https://evil.example", "www.evil.example", "a@b.co", ":tada:", "$x$",
        "[x](http://evil.example)", "![p](https://evil.example/p.png)", "<img src=x>", "<!-- x -->", "</details>", "<h1>x</h1>", "# heading", "\u202egnp.exe",
    ],
)  # fmt: skip
def test_the_judge_sees_what_is_alive(alive: str):
    assert Page(alive).alive
    assert not Page(for_markdown(alive)).alive


@stories
@given(text=hostile, budget=BUDGETS)
@settings(max_examples=25, deadline=None)
@example(text="|", budget=60_000)
@example(text="\\|", budget=60_000)
@example(text="`|", budget=60_000)
def test_nothing_that_anybody_says_acts_in_comment_check_run_or_summary(story: str, text: str, budget: int):
    page = Page(markdown.render(poison(STORIES[story], f"{text}x"), budget=budget))
    assert page.alive == []
    assert page.open == []


@stories
@given(text=hostile)
@settings(max_examples=25, deadline=None)
def test_the_page_has_the_same_elements_whatever_anybody_says(story: str, text: str):
    def elements(said: str) -> list[str]:
        tags = Page(markdown.render(poison(STORIES[story], said))).tags
        return [tag for tag in tags if tag.removeprefix("/") not in {"span", "code"}]

    assert elements(f"{text}x") == elements("text")


@given(text=hostile)
@settings(max_examples=50, deadline=None)
def test_what_foreign_text_says_is_still_read_by_a_person(text: str):
    assert "needle" in "".join(Page(f"- {for_markdown(f'needle{text}')}").shown)


def test_every_attack_on_the_summarys_notes_is_dead(tmp_path: Path):
    place = tmp_path / "summary"
    summarise({"GITHUB_STEP_SUMMARY": str(place)}, "## ✅ STABLE: may be merged", ATTACKS)
    page = Page(place.read_text(encoding="utf-8"))
    assert page.alive == []
    assert page.tags.count("li") == len([attack for attack in ATTACKS if attack])


def outputs_read(text: str) -> dict[str, str]:
    """Read outputs as a runner does: `name<<end`, lines, `end`."""
    values, lines = {}, iter(text.split("\n"))
    for line in lines:
        if line:
            name, end = line.split("<<", 1)
            values[name] = "\n".join(iter(lines.__next__, end))
    return values


@pytest.mark.parametrize("attack", [*ATTACKS, "x\nverdict=STABLE", "EOF\nverdict<<EOF\nSTABLE\nEOF", "end-0\n"])
def test_no_output_of_the_step_writes_another(tmp_path: Path, attack: str):
    place = tmp_path / "outputs"
    output({"GITHUB_OUTPUT": str(place)}, {"comment-url": attack, "verdict": "UNSTABLE"})
    read = outputs_read(place.read_bytes().decode("utf-8"))
    assert list(read) == ["comment-url", "verdict"]
    assert read["verdict"] == "UNSTABLE"
