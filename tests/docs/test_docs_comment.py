"""docs/comment.md shows parts of a comment that is really made, and the budgets that really hold."""

import pytest
from docs_examples import DOCS, codes, page, rows, section, shown
from report_stories import mixed

from releasegate.model import State
from releasegate.report import markdown
from releasegate.report.words import ORDERS

TEXT = page("comment.md")
EXAMPLES = shown(TEXT, "markdown")


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_part_that_is_shown_is_part_of_a_comment(example: str):
    assert example in markdown.render(mixed())


def test_the_parts_are_shown_in_the_order_in_which_they_stand():
    comment = markdown.render(mixed())
    places = [comment.index(example) for example in EXAMPLES]
    assert len(places) == 5
    assert places == sorted(places)


def test_every_verdict_has_its_line():
    told = {codes(first)[0]: order for first, order in rows(TEXT)}
    assert told == {f"{markdown.EMOJI[state]} {state.value}": ORDERS[state] for state in State}


def test_the_budgets_are_the_ones_that_are_kept():
    budgets = {place: int(budget.replace(",", "")) for place, budget, _ in rows(section(TEXT, "When it is too long"))}
    assert budgets == {"comment": markdown.BUDGET, "check run": markdown.BUDGET, "job summary": markdown.SUMMARY_BUDGET}


def test_the_picture_is_there_and_small():
    assert 10_000 < (DOCS / "images" / "comment.png").stat().st_size < 200_000
