"""Globs over the paths of changed files: what each sign stands for, and that doubt never makes a change harmless."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from releasegate.changes.glob import fault, matches


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("README.md", "README.md"),
        ("docs/**", "docs/a.md"),
        ("docs/**", "docs/a/b/c.png"),
        ("**/*.md", "README.md"),
        ("**/*.md", "docs/a/b.md"),
        ("docs/**/*.md", "docs/a.md"),
        ("docs/**/*.md", "docs/a/b/c.md"),
        ("docs/*.md", "docs/a.md"),
        ("docs/*", "docs/a"),
        ("a?c", "abc"),
        ("a*c", "ac"),
        ("a*b*c", "axbxbxc"),
        ("**/docs/**", "a/docs/b"),
        ("**/docs/**", "docs/docs"),
        (".gitignore", ".gitignore"),
        ("docs/.vitepress/**", "docs/.vitepress/theme/a.css"),
        ("docs/.*", "docs/.hidden"),
        ("dépôt/**", "dépôt/é.md"),
        ("a b/**", "a b/c d"),
        ("**/a/**/b", "a/a/b/x/b"),
    ],
)
def test_a_glob_matches(glob, path):
    assert fault(glob) is None
    assert matches(glob, path)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("README.md", "docs/README.md"),
        ("README.md", "readme.md"),
        ("**/*.md", "a.MD"),
        ("**/*.md", "a.md/b.py"),
        ("**/*.md", "a.mdx"),
        ("docs/**", "docs"),
        ("docs/**", "docs2/a.md"),
        ("docs/**", "src/docs/a.md"),
        ("docs/*", "docs/a/b"),
        ("docs/*.md", "docs/a/b.md"),
        ("a?c", "ac"),
        ("a?c", "a/c"),
        ("a*c", "a/c"),
        ("docs/**", "docs/.vitepress/config.ts"),
        ("docs/**", "docs/.env"),
        ("**/*.md", ".github/pull_request_template.md"),
        ("**/*.md", "docs/.md"),
        ("*/a.md", ".hidden/a.md"),
        ("?a", ".a"),
        ("docs/**", "./docs/a.md"),
        ("docs/**", "/docs/a.md"),
        ("docs/**", "docs/../src/app.py"),
        ("docs/**", "docs//a.md"),
        ("docs/**", ""),
        ("a.md", "axmd"),
        ("**/*.md", "src/app.py\n/a.md\n"),
    ],
)
def test_a_glob_does_not_match(glob, path):
    assert fault(glob) is None
    assert not matches(glob, path)


@pytest.mark.parametrize(
    ("glob", "message"),
    [
        ("", "begins at the repository's root"),
        ("/docs/**", "begins at the repository's root"),
        ("./docs/**", "begins at the repository's root"),
        ("docs/../src/**", "begins at the repository's root"),
        ("docs/", "begins at the repository's root"),
        ("docs//a", "begins at the repository's root"),
        ("docs**", "** stands alone"),
        ("**.md", "** stands alone"),
        ("docs/***", "** stands alone"),
        ("**", "matches whatever is changed"),
        ("*", "matches whatever is changed"),
        ("**/*", "matches whatever is changed"),
        ("**/?*", "matches whatever is changed"),
        ("docs/{a,b}.md", "only *, ** and ? are special"),
        ("docs/[ab].md", "only *, ** and ? are special"),
        ("!docs/**", "only *, ** and ? are special"),
        ("docs\\a.md", "only *, ** and ? are special"),
    ],
)
def test_a_glob_that_is_none_or_calls_everything_harmless_is_told_with_what_to_write(glob, message):
    told, hint = fault(glob)
    assert message in told
    assert hint


NAME = st.text("abA.", min_size=1, max_size=4).filter(lambda name: set(name) != {"."})
PATHS = st.lists(NAME, min_size=1, max_size=5).map("/".join)
PIECE = st.just("**") | st.text("abA.*?", min_size=1, max_size=4).filter(lambda name: "**" not in name)
GLOBS = st.lists(PIECE, min_size=1, max_size=5).map("/".join).filter(lambda glob: fault(glob) is None)


def by_regex(glob):
    """Give the same language, written as one expression: an oracle that shares nothing with the matcher."""
    out = ""
    names = glob.split("/")
    for position, name in enumerate(names):
        last = position == len(names) - 1
        if name == "**":
            out += r"[^/.][^/]*(?:/[^/.][^/]*)*" if last else r"(?:[^/.][^/]*/)*"
            continue
        visible = "" if name.startswith(".") else r"(?!\.)"
        out += visible + "".join({"*": "[^/]*", "?": "[^/]"}.get(sign) or re.escape(sign) for sign in name)
        out += "" if last else "/"
    return re.compile(out)


@given(GLOBS, PATHS)
@example("a/**/.b/**/c", "a/.b/a/.b/c")
@example("**/a/**", "a/a")
def test_a_glob_matches_what_its_expression_matches(glob, path):
    assert matches(glob, path) is bool(by_regex(glob).fullmatch(path))


@given(PATHS.filter(lambda path: fault(path) is None))
def test_a_path_is_a_glob_of_itself(path):
    assert matches(path, path)


def test_a_long_hostile_path_is_soon_decided():
    assert not matches("**/" * 20 + "a*a*a*a*a*b", "/".join(["a" * 200] * 400))
