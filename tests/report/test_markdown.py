"""The comment: verdict first, the same facts as on the terminal, within a budget that cuts no markup."""

import re

import pytest
from markdown_it import MarkdownIt
from report_stories import (
    TRACE,
    chat_timeout,
    check,
    demand,
    evidence,
    healthy,
    judged,
    mixed,
    rule,
    staging_down,
    unmet_sample,
    wrong_commit,
)

from releasegate.model import Evidence, Label, State
from releasegate.report import console, markdown
from releasegate.report.markdown import render
from releasegate.report.sections import LEAST_BUDGET, Section, pack

GFM = MarkdownIt("gfm-like")
STORIES = {"healthy": healthy(), "mixed": mixed(), "down": staging_down(), "commit": wrong_commit()}


def many(count: int, *, apart: bool = False, **more: object) -> Evidence:
    """Give checks that fail for one cause, or each in its own way."""
    own = unmet_sample(demand("$.a", "$.a == 1 (got 2)"))
    return evidence(*(check(f"suite.check-{n:04}", "✗✗✗", failure=own if apart else None, **more) for n in range(count)), state=State.UNSTABLE, reasons=(f"{count} checks FAILED",), rules=(rule("pass_rate >= 95%", 0.0, held=False),))  # fmt: skip


def read(source: str) -> str:
    """Give the text that a reader of the rendered Markdown sees."""
    inlines = [child for token in GFM.parse(source) for child in (token.children or [token])]
    return " ".join(t.content for t in inlines if t.type in {"text", "text_special", "code_inline", "fence"})


def whole(source: str) -> bool:
    """Tell whether every fold, fence and row that is opened is closed."""
    fences = re.findall(r"^`{3,}", source, re.MULTILINE)
    rows = [line for line in source.split("\n") if line.startswith("|")]
    return (
        source.count("<details>") == source.count("</details>")
        and source.count("<summary>") == source.count("</summary>")
        and len(fences) % 2 == 0
        and all(row.endswith("|") for row in rows)
    )


def test_the_headline_is_an_emoji_the_word_and_what_to_do():
    heads = [render(story).split("\n")[0] for story in STORIES.values()]
    assert heads == [
        "## ✅ STABLE: may be merged",
        "## ❌ UNSTABLE: do not merge",
        "## ❌ UNSTABLE: do not merge",
        "## ❓ INCONCLUSIVE: do not merge, the evidence does not decide",
    ]


def test_a_failing_check_is_a_row_with_samples_failure_time_trace_and_owner():
    row = next(line for line in render(mixed()).split("\n") if "real-agent-execution` **critical**" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    seen = f"`timeout waiting for agent_thinking, 5 s after agent_started`<br>5.12 s<br>trace `{TRACE}`"
    name = "`pipeline.real-agent-execution` **critical**<br>of `@acme/agents`"
    assert cells == ["❌&nbsp;FAILED", name, "✗✗✗", seen]


FACTS = [
    "timeout waiting for agent_thinking, 5 s after agent_started",
    "3 of 3 samples failed, all alike",
    "0.00 s connect · 0.00 s send · 0.12 s agent_started",
    "chat chat.example.com:443 (203.0.113.8, TLSv1.3)",
    "Look at the agent's tool calls first; see the runbook.",
    "latency <= 300ms (got 412 ms)",
    "3 of 4 checks passed (1 flaky), 1 failed, 33.3 % by weight",
    "commit 4f2a91c07be3, which api ran (before, between, after the run)",
    "the control held",
    "find out why agent_thinking does not come (5 s after agent_started)",
    "If samples were independent, a check that fails 50 / 30 / 20 / 10 % of the time",
    "critical · weight 30",
]


@pytest.mark.parametrize("fact", FACTS)
def test_terminal_and_comment_tell_the_same_facts(fact: str):
    terminal = " ".join(console.render(mixed(), colour=False, width=100).split())
    comment = " ".join(read(render(mixed())).replace("\u200b", "").split())
    assert re.sub(r"\s", "", fact) in re.sub(r"\s", "", terminal)
    assert re.sub(r"\s", "", fact) in re.sub(r"\s", "", comment)


def test_terminal_and_comment_name_the_same_checks():
    names = [c.id for c in mixed().checks]
    assert [n in render(mixed()) for n in names] == [True] * len(names)


def test_what_is_green_and_long_is_folded():
    comment = render(healthy())
    assert "<details><summary>9 checks passed</summary>" in comment
    before_folds = comment.split("<details>")[0]
    assert "orchestration.metrics" not in before_folds


def test_nothing_is_left_out_while_there_is_room():
    assert "Left out" not in render(mixed())


@pytest.mark.parametrize("budget", [2_000, 3_000, 5_000, 10_000, 30_000, 60_000])
@pytest.mark.parametrize("count", [1, 40, 300, 5_000])
def test_the_comment_keeps_its_budget_and_cuts_no_markup(budget: int, count: int):
    comment = render(many(count, owner="@acme/a-team-with-a-long-name", reason="because"), budget=budget)
    assert len(comment.encode()) <= budget
    assert comment.startswith("## ❌ UNSTABLE: do not merge\n")
    assert whole(comment)


def test_a_budget_is_kept_in_bytes_however_wide_the_characters_are():
    wide = many(300, owner="@acme/" + "𝌆" * 30, title="タイトル")
    for budget in (2_000, 10_000, 60_000):
        assert len(render(wide, budget=budget).encode()) <= budget


def test_what_one_cause_has_broken_is_one_row_and_every_name_is_told_beneath_it():
    comment = render(many(40))
    row = next(line for line in comment.split("\n") if "❌&nbsp;FAILED" in line)
    assert row.split(" | ")[1].endswith("`suite.check-0002`<br>and 37 more")
    assert "<summary>The other 37 checks with the same cause</summary>" in comment
    assert all(f"`suite.check-{n:04}`" in comment for n in range(40))


def test_five_thousand_checks_that_fail_each_in_its_own_way_are_named_as_far_as_room_goes_and_counted():
    comment = render(many(5_000, apart=True))
    assert len(comment) <= 60_000
    assert "**5,000 checks did not pass**" in comment
    named = len(re.findall(r"^- FAILED `suite\.check-\d{4}`$", comment, re.MULTILINE))
    assert named > 1_000
    assert f"- and {5_000 - named:,} more\n" in comment
    assert "What to do next" in comment
    assert "part of the table of failing checks" in comment.split("Left out for size: ")[1]


def test_five_thousand_checks_with_one_cause_keep_their_row_and_as_many_names_as_fit():
    comment = render(many(5_000))
    assert len(comment.encode()) <= 60_000
    named = len(re.findall(r"^- FAILED `suite\.check-\d{4}`$", comment, re.MULTILINE))
    assert named > 1_000
    assert f"- and {4_997 - named:,} more\n" in comment


def test_a_reader_of_the_first_lines_knows_what_blocks_whose_it_is_and_what_to_do():
    first = render(mixed()).split("gate `staging`")[0].split("\n\n")
    assert first[0] == "## ❌ UNSTABLE: do not merge"
    assert first[1].startswith("- `pipeline.real-agent-execution` (critical) of `@acme/agents`: timeout waiting for")
    assert first[2] == "**What to do next**"
    assert "find out why agent\\_thinking does not come" in first[3]


def test_what_blocks_nothing_is_folded_away_from_what_to_do_next():
    urgent, later = render(mixed()).split("Good to know, blocks nothing (2)")
    assert "compare the failing sample" not in urgent
    assert "compare the failing sample" in later


def test_the_first_lines_count_the_checks_that_they_do_not_name():
    own = unmet_sample(demand("$.a", "$.a == 1 (got 2)"))
    story = judged(*(check(f"a.check-{n}", "✗✗✗", failure=own) for n in range(9)), check("a.sound"))
    bullets = render(story).split("\n\n")[1].split("\n")
    named = [line for line in bullets if line.startswith("- `a.check-")]
    assert 0 < len(named) < 9
    assert bullets[len(named)] == f"- and {9 - len(named)} checks more, in the table below"


def test_the_names_of_failing_checks_outlive_their_details():
    comment = render(many(600), budget=60_000)
    assert all(f"`suite.check-{n:04}`" in comment for n in range(600))


def test_passing_checks_go_first_when_room_is_short():
    checks = [check(f"a.check-{n:04}") for n in range(400)]
    story = evidence(chat_timeout(), *checks, state=State.UNSTABLE)
    comment = render(story, budget=8_000)
    assert "Left out for size: the passing checks. All of it is in the evidence file." in comment
    assert "agent_thinking" in comment


@pytest.mark.parametrize(("count", "rest"), [(8, []), (9, ["- and 1 more reason"]), (20, ["- and 12 more reasons"])])
def test_of_many_reasons_eight_are_told_and_the_rest_is_counted(count, rest):
    reasons = tuple(f"reason number {number}" for number in range(count))
    comment = render(evidence(check("a.b", "✗✗✗"), state=State.UNSTABLE, reasons=reasons)).splitlines()
    assert sum(line.startswith("- reason number") for line in comment) == 8
    assert [line for line in comment if "more reason" in line] == rest


def test_an_absurdly_long_reason_does_not_break_the_least_budget():
    story = evidence(check("a.b", "✗✗✗"), state=State.UNSTABLE, reasons=("$|" * 5_000,) * 20)
    comment = render(story, budget=0)
    assert len(comment) <= LEAST_BUDGET
    assert comment.startswith("## ❌ UNSTABLE")
    assert "the verdict's reasons" in comment


def test_an_absurdly_long_answer_is_cut_visibly():
    sample = unmet_sample(demand("$.a", "$.a == 1 (got " + "9" * 10_000 + ")"), excerpt="y" * 50_000)
    comment = render(evidence(check("a.b", "✗✗✗", failure=sample), state=State.UNSTABLE))
    assert len(comment) < 12_000
    assert "9…" in comment


def test_checks_that_were_not_sampled_do_not_repeat_the_verdicts_reason():
    comment = render(wrong_commit())
    assert comment.count("9b1deb4d3b7d4bad9bdd2b0d7b3dcb6dfeed0001") == 1
    assert comment.count("not sampled, for the reason above") == 1


def test_excused_and_skipped_checks_are_named():
    story = evidence(
        check("a.known", "✗✗✗", Label.MUTED, reason="muted until 2026-04-01, see 12"), check("a.off", "", Label.SKIPPED), check("a.b")
    )  # fmt: skip
    comment = render(story)
    assert "- MUTED `a.known`: muted until 2026-04-01, see 12" in comment
    assert "- skipped: a.off" in comment


def test_sections_stand_in_their_order_and_stay_by_their_weight():
    sections = [
        Section(name="one", weight=1, forms=(lambda _: "1" * 900,)),
        Section(name="two", weight=3, forms=(lambda _: "2" * 900,)),
        Section(name="three", weight=2, forms=(lambda _: "3" * 900, lambda room: "3" * min(room, 100))),
    ]
    text = pack(sections, 2_000)
    assert [line[:1] for line in text.split("\n") if line] == ["2", "3", "_"]
    assert text.endswith("_Left out for size: one, part of three. All of it is in the evidence file._\n")


def test_markdown_renders_the_same_text_twice():
    assert markdown.render(mixed()) == markdown.render(mixed())
