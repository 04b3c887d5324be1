"""Whole reports as they read, kept beside the tests so that a change of words is seen in review.

To write them anew after a change that is meant: `RELEASEGATE_SNAPSHOTS=write pytest tests/report`, then read the diff.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from report_stories import control_failed, cut_short, diagnosed, explained, healthy, mixed, staging_down, wrong_commit

from releasegate.model import Evidence
from releasegate.report import console, junit, markdown

SNAPSHOTS = Path(__file__).parent / "snapshots"
STORIES = {
    "healthy": healthy,
    "mixed": mixed,
    "staging-down": staging_down,
    "wrong-commit": wrong_commit,
    "control-failed": control_failed,
    "cut-short": cut_short,
    "diagnosed": diagnosed,
    "explained": explained,
}
REPORTS: dict[str, Callable[[Evidence], str]] = {
    "txt": lambda evidence: console.render(evidence, colour=False, width=100),
    "md": markdown.render,
    "xml": junit.render,
}


@pytest.mark.parametrize("kind", REPORTS)
@pytest.mark.parametrize("story", STORIES)
def test_a_report_reads_as_it_did(story: str, kind: str):
    place = SNAPSHOTS / f"{story}.{kind}"
    text = REPORTS[kind](STORIES[story]())
    if os.environ.get("RELEASEGATE_SNAPSHOTS") == "write":
        place.write_text(text, encoding="utf-8")
    assert text == place.read_text(encoding="utf-8")


def test_the_example_in_the_docs_is_a_report_that_was_really_made():
    page = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    example = page.split("```text\n")[1].split("```")[0]
    assert console.render(mixed(), colour=False, width=100).startswith(example)
