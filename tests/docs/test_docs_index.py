"""docs/index.md lists every page, and every link between pages leads to a heading that is there."""

import re

import pytest
from docs_examples import DOCS, page

PAGES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


def anchors(text):
    """Give what GitHub makes of each heading."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_listed():
    listed = {target for target, _ in LINK.findall(page("index.md"))}
    assert listed == set(PAGES) - {"index.md"}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_to_a_heading_that_is_there(name):
    here = DOCS / name
    for target, anchor in LINK.findall(FENCED.sub("", page(name))):
        if "://" in target:
            continue
        there = (here.parent / target).resolve() if target else here
        assert there.is_file(), target
        assert not anchor or anchor in anchors(there.read_text(encoding="utf-8")), f"{target}#{anchor}"
