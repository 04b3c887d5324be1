"""docs/adding-a-kind.md shows the example as it is, its config loads, and what it says may be imported is there."""

import ast
import importlib
import inspect
import sys

import pytest
import yaml
from docs_examples import DOCS, codes, page, rows, section, shown

from releasegate.checks import catalogue
from releasegate.checks.base import Kind
from releasegate.checks.contract import METHODS, OPTIONAL
from releasegate.checks.guest import Guest
from releasegate.config.load import load

PAGE = page("adding-a-kind.md")
EXAMPLE = DOCS / "examples" / "releasegate-dns"
README = page("examples/releasegate-dns/README.md")
PUBLIC = {codes(row[0])[0]: codes(row[1]) for row in rows(section(PAGE, "What you may import"))}
BLOCKS = [
    (name, text) for name in ("releasegate_dns.py", "test_releasegate_dns.py") for text in shown(PAGE, f"python {name}")
]


@pytest.fixture
def dns(monkeypatch):
    """Let the config know the example's kind as if it were installed."""
    monkeypatch.syspath_prepend(EXAMPLE)
    kind = importlib.import_module("releasegate_dns").KIND
    given = catalogue.kind
    monkeypatch.setattr(catalogue, "kind", lambda name: Guest(kind, "it 1") if name == "dns" else given(name))
    yield kind
    del sys.modules["releasegate_dns"]


def test_the_page_shows_every_part_of_the_example():
    text = "\n".join(text for _, text in BLOCKS)
    assert len(BLOCKS) >= 7
    assert [name for name in ("observe", "judge", "violate", "losses") if f"def {name}(" not in text] == []


@pytest.mark.parametrize(("name", "text"), BLOCKS, ids=lambda text: text.splitlines()[0])
def test_what_is_shown_stands_in_the_example(name, text):
    assert text in (EXAMPLE / name).read_text(encoding="utf-8")


def test_the_packaging_that_is_shown_is_that_of_the_example():
    written = (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    assert [line for line in shown(PAGE, "toml pyproject.toml")[0].splitlines() if line not in written] == []


def test_the_configs_that_are_shown_load(dns):
    (text,) = shown(PAGE, "yaml releasegate")
    assert load(text, {}, file="docs.yml").suites[0].checks[0].kind == "dns"
    (example,) = shown(README, "yaml check")
    head = {"version": 1, "targets": {"nameserver": {"url": "tcp://ns1.example.com:53"}}}
    whole = yaml.safe_dump({**head, "suites": {"docs": {"checks": yaml.safe_load(example)}}})
    assert load(whole, {}, file="docs.yml").suites[0].checks[0].kind == "dns"


def test_the_readmes_keys_are_those_of_the_table(dns):
    assert [codes(row[0])[0] for row in rows(README)] == list(dns.table.fields)


def test_the_parts_of_a_kind_all_have_a_row_or_a_section():
    told = {name for row in rows(section(PAGE, "Who it is")) for name in codes(row[0])}
    shown_parts = {"name", "table", "observe", "judge", "violate", "clean_up"}
    assert told | shown_parts >= {*Kind.__annotations__, *METHODS}
    assert told & set(OPTIONAL) == set(OPTIONAL) - {"demands_refusal"}


def imported(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("releasegate."):
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "*") for alias in node.names if alias.name.startswith("releasegate."))


@pytest.mark.parametrize("path", sorted(EXAMPLE.glob("*.py")), ids=lambda path: path.name)
def test_the_example_imports_nothing_that_may_change(path):
    used = list(imported(path))
    assert used
    assert [(module, name) for module, name in used if name not in PUBLIC.get(module, ())] == []


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, names in PUBLIC.items() for n in names])
def test_every_public_name_is_there_and_says_what_it_is(module, name):
    found = getattr(importlib.import_module(module), name)
    if inspect.isclass(found) or inspect.isfunction(found):
        assert found.__doc__
