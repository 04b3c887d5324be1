"""What docs/config.md shows loads, and it names every key that there is."""

import re
from pathlib import Path

import pytest

from releasegate.changes.glob import fault, matches
from releasegate.cli.measurements import LARGEST
from releasegate.config.load import load
from releasegate.config.model import DEFAULT_MAX_AGE_S
from releasegate.config.rules import METRICS
from releasegate.config.shape import duration_text
from releasegate.config.suites import COMMON, SUITE
from releasegate.config.tables import METRIC
from releasegate.config.targets import PORTS, TARGET
from releasegate.config.top import TOP

TEXT = (Path(__file__).parents[2] / "docs/config.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```yaml releasegate\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("text", SHOWN)
def test_every_config_that_is_shown_loads(text):
    environ = {"STAGING_URL": "https://staging.example.com", "STAGING_JWT_SECRET": "x" * 32}
    config = load(text, environ, file="docs.yml")
    assert config.suites
    assert config.warnings == ()


def test_the_page_shows_a_config_for_every_part():
    assert len(SHOWN) == 10


@pytest.mark.parametrize("names", [TOP.fields, TARGET.fields, SUITE, COMMON, METRIC.fields, METRICS, PORTS])
def test_every_key_is_named_on_the_page(names):
    assert [name for name in names if not re.search(rf"\b{re.escape(name)}\b", TEXT)] == []


def test_the_bounds_on_files_of_other_tools_are_those_of_the_code():
    assert f"larger than {LARGEST // 2**20} MiB" in TEXT
    assert f"`{duration_text(DEFAULT_MAX_AGE_S)}` if left out" in TEXT


def test_globs_match_as_the_page_says():
    (harmless,) = [load(text, {"STAGING_URL": "x"}, file="d").changes for text in SHOWN if "\nchanges:" in text]
    assert harmless == {"harmless": ("**/*.md", "docs/**")}
    assert matches("**/*.md", "README.md")
    assert not matches("docs/**", "docs")
    assert not matches("*.md", "README.MD")
    assert not matches("docs/**", "docs/.vitepress/config.ts")
    assert matches("docs/.vitepress/**", "docs/.vitepress/config.ts")
    assert all(fault(f"docs/{sign}") for sign in "[{!")
