"""Hostile text in: nothing of it acts, all of it is seen. A CommonMark and GFM parser is the judge."""

import html
import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from releasegate.foreign import code_block, code_span, for_log, for_markdown, for_terminal, lines

GAP = "\u200b"
BLOCKS_OF_PROSE = {"paragraph_open", "paragraph_close", "inline"}
INERT = {"text", "text_special", "softbreak", "html_inline", "code_inline"}
OUR_TAGS = {"<span>", "</span>", "<code>", "</code>"}
LIVE_ON_GITHUB = re.compile(
    r"@[A-Za-z0-9]|#\d|\bgh-\d|\bwww\.|://|:[a-z0-9_+-]+:|[\w.+-]+@[\w-]+|\$\S.*\$", re.IGNORECASE | re.ASCII
)

PIECES = [
    "\x1b[31m", "\x1b]8;;http://evil.example\x07", "\x1b]0;t\x1b\\", "\x9b2J", "\r", "\n", "\r\n", "\t", "\x00", "\x08", "\x7f",
    "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u2028", "\u00ad", "\U000e0041", "\ud800",
    "::error::x", "::add-mask::y", "##[error]z", "#", "##", "::", "[", "]", "(", ")", "[x](http://evil.example)", "![i](https://evil.example/p.png)",
    "<img src=x onerror=alert(1)>", "<!-- ", "-->", "</details>", "<script>", "<a href='x'>", "<b", ">", "&lt;", "&#64;", "&amp", "&",
    "@octocat", "@acme/team", "a@b.co", "#123", "GH-7", "gh-8", "acme/repo#5", "acme/repo@abc1234", ":tada:", ":+1:",
    "https://evil.example/x", "http://evil.example", "ftp://evil.example", "www.evil.example", "WWW.evil.example", "mailto:a@b.co", "xmpp:a@b.co/x", "//evil.example",
    "`", "``", "```", "````sh", "~~~", "~~s~~", "*", "**b**", "_", "__u__", "\\", "\\\\", "|", "\\|", "||", "---", "- x", "+ x", "1. x", "12) x", "===", "# h", "> q",
    ":-", ":-:", "|-|", "    code", "[^1]", "[^1]: note", "[x]: http://evil.example", "- [ ] t", "$x$", "$$", "$`x`$", "{{x}}", "!", "a", "zz", " ", "  ", "0", "é", "漢", "💥",
]  # fmt: skip
hostile = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=8).map("".join)
GFM = MarkdownIt("gfm-like")
GFM.linkify.set({"fuzzy_link": False})  # GitHub links www., schemes and mail, not any bare host

CONTEXTS = {
    "alone": "{}",
    "in a sentence": "before {} after",
    "glued to words": "x{}x",
    "between lines": "before\n{}\nafter",
    "after an empty line": "before\n\n{}\n\nafter",
    "twice on a line": "{0} and {0}",
}


def inlines(tokens: list[Token]) -> list[Token]:
    return [child for token in tokens for child in (token.children or [])]


def seen_by_a_reader(tokens: list[Token]) -> str:
    parts = ["\n" if t.type == "softbreak" else "" if t.type == "html_inline" else t.content for t in inlines(tokens)]
    return "".join(parts)


def assert_inert(source: str) -> list[Token]:
    tokens = GFM.parse(source)
    assert {t.type for t in tokens} <= BLOCKS_OF_PROSE, source
    assert {t.type for t in inlines(tokens)} <= INERT, source
    assert {t.content for t in inlines(tokens) if t.type == "html_inline"} <= OUR_TAGS, source
    return tokens


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS.keys())
@given(text=hostile)
@settings(max_examples=120, deadline=None)
def test_markdown_made_of_hostile_text_is_plain_prose_that_reads_as_the_text(context: str, text: str):
    tokens = assert_inert(context.format(for_markdown(text)))
    seen = seen_by_a_reader(tokens)
    if context == "{}":
        assert seen.replace(GAP, "").strip() == for_terminal(text).strip()
    outside = "".join(t.content for t in inlines(tokens) if t.type in {"text", "text_special"})
    assert not LIVE_ON_GITHUB.search(outside.replace("$", " ")), outside


@given(text=hostile)
@settings(max_examples=200, deadline=None)
@example(text="$x$")
def test_a_dollar_of_foreign_text_stands_in_a_span_where_no_formula_begins(text: str):
    assert for_markdown(text).replace("<span>$</span>", "").count("$") == 0


@pytest.mark.parametrize("render", [for_markdown, lambda text: code_span(text, cell=True)], ids=["prose", "code"])
@given(text=hostile)
@settings(max_examples=200, deadline=None)
@example(text="//evil.example|-|")
def test_no_foreign_text_breaks_out_of_a_table_cell(render, text: str):
    source = f"| a | b | c |\n| --- | --- | --- |\n| 1 | {render(text)} | 3 |\n"
    tokens = GFM.parse(source)
    kinds = [t.type for t in tokens]
    assert (kinds.count("table_open"), kinds.count("tr_open"), kinds.count("td_open")) == (1, 2, 3), source
    cells = [t for t in tokens if t.type == "inline"]
    assert (cells[3].content, cells[5].content) == ("1", "3"), source
    assert {t.type for t in inlines(tokens)} <= INERT
    middle = "".join(t.content for t in cells[4].children or [] if t.type != "html_inline")
    assert middle.replace(GAP, "").strip() == for_terminal(text).strip()


@given(text=hostile)
@settings(max_examples=200, deadline=None)
def test_a_code_span_holds_the_whole_text(text: str):
    tokens = assert_inert(f"before {code_span(text)} after")
    code = [t.content for t in inlines(tokens) if t.type == "code_inline"]
    assert len(code) == 1
    assert code[0].strip() == for_terminal(text).strip()


@given(text=hostile)
@settings(max_examples=200, deadline=None)
def test_a_code_block_ends_where_we_end_it(text: str):
    tokens = GFM.parse(f"{code_block(text)}\n\nafter")
    assert [t.type for t in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert tokens[0].content == "\n".join(lines(text)) + "\n"


@given(text=hostile)
@settings(max_examples=300, deadline=None)
def test_a_terminal_gets_one_line_without_any_control_or_hidden_character(text: str):
    shown = for_terminal(text)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    assert shown.encode("utf-8").decode() == shown
    assert for_terminal(shown) == shown


def test_every_control_format_and_separator_character_of_unicode_is_made_visible():
    hidden = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    assert [c for c in hidden if c in for_terminal(c)] == []


def test_printable_text_of_any_script_stays_as_it_is():
    for text in ("pipeline.chat", "größer ≥ 漢字 🙂", 'status == "healthy"', "a\\b"):
        assert for_terminal(text) == text


@given(text=hostile, indent=st.sampled_from(["", " ", "\u3000", "\t"]))
@settings(max_examples=300, deadline=None)
def test_no_log_line_is_a_workflow_command(text: str, indent: str):
    shown = indent + for_log(text)
    assert "\n" not in shown
    assert "\r" not in shown
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown


def test_a_forged_command_is_still_readable_in_the_log():
    assert for_log("  ::error::pwned") == "  \\x3a:error::pwned"
    assert for_log("x ##[group]y") == "x \\x23#[group]y"
    assert for_log("12::34") == "12::34"


def test_escapes_say_what_was_there():
    assert for_terminal("a\x1b[31mb\n\u202ec\U000e0041") == "a\\x1b[31mb\\n\\u202ec\\U000e0041"


def test_plain_words_cost_nothing_in_markdown():
    assert (
        for_markdown("status 503, 3 of 3 samples; see pipeline.chat") == "status 503, 3 of 3 samples; see pipeline.chat"
    )


def test_html_made_of_hostile_text_shows_it_as_text():
    assert html.unescape(for_markdown("<b>&amp;</b>")) == "<b>&amp;</b>"
