"""Every text of the evidence is hostile at once: no renderer lets any of it act."""

import re
import unicodedata
from enum import Enum
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import Struct, structs, to_builtins
from report_stories import (
    chat_timeout,
    check,
    demand,
    diagnosed,
    evidence,
    explained,
    met_sample,
    mixed,
    number,
    rule,
    sampled_as,
    staging_down,
    trouble_sample,
    wrong_commit,
)

from releasegate.changes.impact import Impact
from releasegate.model import Evidence, Label, Level, Outcome, State
from releasegate.report import console, junit, markdown

ATTACKS = [
    "::error::forged", "##[error]forged", "\n::add-mask::x", "\x1b[2J\x1b[31mSTABLE", "\x1b]8;;http://evil.example\x07", "\r\nSTABLE  may be merged",
    "\u202egnp.exe", "\u2066", "\ud800", "\x00", "\ufffe", "\U000e0041", "@octocat", "#123", "GH-7", ":tada:", "https://evil.example", "www.evil.example", "a@b.co",
    "[x](http://evil.example)", "![p](https://evil.example/p.png)", "<img src=x onerror=alert(1)>", "<!-- ", "</details>", "</summary>", "<script>",
    "|", "\\|", "``` \n# heading", "`", "````", "\n\n# heading\n", "\n- item", "\n---\n", "\n| a |\n|---|\n", "***", "$x$", "]]>", "&#64;octocat", '"><failure message="', "{target}", "{0}", "%s",
]  # fmt: skip
GFM = MarkdownIt("gfm-like")
GFM.linkify.set({"fuzzy_link": False})
LIVE_ON_GITHUB = re.compile(r"@[A-Za-z0-9]|#\d|\bgh-\d|\bwww\.|://|:(?!\d+:)[a-z0-9_+-]+:|\$", re.IGNORECASE | re.ASCII)
SGR = re.compile(r"\x1b\[(?:0|1|2|1;3[1-5])m")


def poison(value: Any, text: str) -> Any:
    """Put a text in the place of every string."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return text
    if isinstance(value, Struct):
        return structs.replace(value, **{name: poison(getattr(value, name), text) for name in value.__struct_fields__})
    if isinstance(value, tuple | list):
        return type(value)(poison(item, text) for item in value)
    if isinstance(value, dict):
        return {key: poison(item, text) for key, item in value.items()}
    return value


def everything() -> Evidence:
    """Evidence in which every part of every report is used."""
    warned = met_sample(expectations=(demand("latency", "slow", level=Level.WARN), demand("status", "ok", met=True)))
    return evidence(
        chat_timeout(title="Chat", reason="three of three"),
        check("a.down", "✗✗✗", failure=trouble_sample(notes=("a note",), excerpt="an\nexcerpt", fallback="user")),
        check("b.down", "✗✗✗", failure=trouble_sample(), critical=True),
        check("a.slow", "✓✗✓", Label.UNPROVEN, not_sampled="cut short", reason="undecided"),
        check("a.blocked", "", Label.UNPROVEN, not_sampled="needs a.down, which is FAILED"),
        check("a.flaky", "✓✓✗✓✓✓✓✓✓✓✓✓✓"),
        sampled_as(check("a.warned"), warned),
        check("a.known", "✗✗✗", Label.PRE_EXISTING, reason="base is broken too"),
        check("a.skipped", "", Label.SKIPPED),
        check("a.vacuous", red_capable=False, vacuous=("status",)),
        state=State.UNSTABLE,
        reasons=("first reason", "second reason"),
        rules=(rule("pass_rate >= 95%", 0.3, held=False, note="a note"), rule("x <= 3", None, held=None), rule("y <= 3", 1.0, applicable=False, held=None)),
        plan={"checks": [], "left_out": [{"id": "a.left", "reason": "not selected"}], "later": [["redis", "not judged yet"]], "fallbacks": ["user"], "changes": to_builtins(Impact(files=1, digest="", file="a", obstacle="a is no document"))},
        metrics=(number(), number("size", problem="reports/size.json is not there")),
        dropped=("an excerpt was cut",),
    )  # fmt: skip


STORIES = {
    "everything": everything(),
    "mixed": mixed(),
    "down": staging_down(),
    "commit": wrong_commit(),
    "diagnosed": diagnosed(),
    "explained": explained(),
}
stories = pytest.mark.parametrize("story", STORIES)
hostile = st.lists(st.sampled_from(ATTACKS) | st.text(max_size=3), min_size=1, max_size=4).map("".join)


def structure(tokens: list[Token]) -> list[str]:
    return [t.content if t.type == "html_block" else t.type for t in tokens]


def inlines(tokens: list[Token]) -> list[Token]:
    return [child for token in tokens for child in (token.children or [])]


@stories
@given(text=hostile)
@settings(max_examples=25, deadline=None)
def test_the_comment_has_the_same_structure_whatever_staging_says(story: str, text: str):
    tame = GFM.parse(markdown.render(poison(STORIES[story], "text")))
    tokens = GFM.parse(markdown.render(poison(STORIES[story], f"{text}x")))
    assert structure(tokens) == structure(tame)
    assert {t.type for t in inlines(tokens)} <= {
        "text", "text_special", "softbreak", "code_inline", "html_inline", "strong_open", "strong_close", "em_open", "em_close"
    }  # fmt: skip
    assert {t.content for t in inlines(tokens) if t.type == "html_inline"} <= {
        "<span>",
        "</span>",
        "<code>",
        "</code>",
        "<br>",
    }


@stories
@given(text=hostile)
@settings(max_examples=25, deadline=None)
@example(text="|")
@example(text="\\|")
def test_every_row_of_a_table_has_as_many_cells_as_its_head(story: str, text: str):
    wanted = 0
    for line in markdown.render(poison(STORIES[story], text)).split("\n"):
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("| ") else 0
        wanted = (wanted or cells) if cells else 0
        assert cells == wanted, line


@stories
@given(text=hostile)
@settings(max_examples=25, deadline=None)
def test_nothing_in_the_comment_comes_alive_after_github_rendered_it(story: str, text: str):
    depth = 0
    for token in inlines(GFM.parse(markdown.render(poison(STORIES[story], f"{text}x")))):
        depth += (
            {"<code>": 1, "</code>": -1, "<span>": 1, "</span>": -1}.get(token.content, 0)
            if token.type == "html_inline"
            else 0
        )
        if token.type in {"text", "text_special"} and not depth:
            assert not LIVE_ON_GITHUB.search(token.content), token.content


@stories
@pytest.mark.parametrize("colour", [False, True])
@given(text=hostile)
@settings(max_examples=25, deadline=None)
def test_a_terminal_gets_no_control_character_but_our_colours(story: str, colour: bool, text: str):
    page = console.render(poison(STORIES[story], text), colour=colour, width=80)
    bare = SGR.sub("", page) if colour else page
    assert {c for c in bare if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} <= {"\n"}


@stories
@given(text=hostile, width=st.integers(1, 200))
@settings(max_examples=25, deadline=None)
def test_no_line_of_the_report_is_a_workflow_command(story: str, text: str, width: int):
    for line in console.render(poison(STORIES[story], text), colour=False, width=width).split("\n"):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


@pytest.mark.parametrize("attack", ["\nSTABLE  may be merged · exit 0", "\r\nSTABLE", "\u2028STABLE", "\x85STABLE"])
def test_foreign_text_cannot_write_a_line_of_its_own(attack: str):
    page = console.render(poison(everything(), attack), colour=False, width=400)
    assert not [line for line in page.split("\n") if line.startswith("STABLE")]


@stories
@given(text=hostile)
@settings(max_examples=25, deadline=None)
def test_junit_is_well_formed_and_has_the_same_elements_whatever_staging_says(story: str, text: str):
    tame = ET.fromstring(junit.render(poison(STORIES[story], "x")))
    root = ET.fromstring(junit.render(poison(STORIES[story], f"{text}x")))
    assert [(e.tag, sorted(e.keys())) for e in root.iter()] == [(e.tag, sorted(e.keys())) for e in tame.iter()]


def test_a_poisoned_verdict_is_still_the_verdict():
    for text in ATTACKS:
        poisoned = poison(everything(), text)
        assert console.render(poisoned, colour=False, width=80).startswith("UNSTABLE  do not merge · exit 10\n")
        assert markdown.render(poisoned).startswith("## ❌ UNSTABLE: do not merge\n")
        assert 'message="UNSTABLE: do not merge"' in junit.render(poisoned)


def test_every_part_of_the_evidence_was_there_to_be_poisoned():
    story = everything()
    assert {sample.outcome for c in story.checks for sample in c.samples} == set(Outcome)
    assert {c.label for c in story.checks} >= {
        Label.FAILED,
        Label.UNPROVEN,
        Label.FLAKY,
        Label.PRE_EXISTING,
        Label.SKIPPED,
    }
