"""Every example of docs/kinds/http.md is a config that loads."""

import re
from pathlib import Path

import pytest

from releasegate.config.load import load

PAGE = (Path(__file__).parents[2] / "docs" / "kinds" / "http.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml check\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
HEAD = """
version: 1
gate: docs
targets:
  api: {url: "https://api.test"}
  auth: {url: "https://auth.test"}
identities:
  gate-user: {bearer: "${TOKEN}"}
suites:
  docs:
    checks:
"""


def test_the_page_has_examples():
    assert len(EXAMPLES) > 8


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.partition(":")[0])
def test_an_example_loads(example):
    indented = "".join(f"      {line}" if line.strip() else line for line in example.splitlines(keepends=True))
    config = load(HEAD + indented, {"TOKEN": "a-token"}, file="releasegate.yml")
    assert config.suites[0].checks
    assert all(check.kind == "http" for check in config.suites[0].checks)
