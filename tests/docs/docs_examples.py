"""The name of a page of docs/ in, what it shows and tabulates out."""

import re
from pathlib import Path

from releasegate.config.load import load

DOCS = Path(__file__).parents[2] / "docs"


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def shown(text, info):
    """Give the contents of the fenced blocks whose info string is exactly this."""
    return re.findall(rf"^```{re.escape(info)}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def section(text, heading):
    """Give what stands under a heading, up to the next one of its level or above."""
    start = re.search(rf"^(#+) {re.escape(heading)}\n", text, re.MULTILINE)
    assert start, heading
    rest = text[start.end() :]
    end = re.search(rf"^#{{1,{len(start[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def checks(head, example):
    """Give the checks that an example declares, as the only suite of a config with this head."""
    indented = "".join(f"      {line}" for line in example.splitlines(keepends=True))
    return load(f"version: 1\n{head}suites:\n  docs:\n    checks:\n{indented}", {}, file="docs.yml").suites[0].checks


def rows(text):
    """Give the first table's rows as lists of cells, without head and rule."""
    table = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert table, text
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def table(text, heading):
    """Give the rows of the table that begins with this heading."""
    return rows(text[text.index(f"| {heading} |") :])


def codes(cell):
    """Give what a cell shows as code."""
    return re.findall(r"`([^`]+)`", cell)
