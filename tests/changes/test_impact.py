"""Whether a change is harmless: every file is matched, plainly changed and no part of the gate, and none may be missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasegate.changes.impact import HARMLESS, Impact, assess, told
from releasegate.changes.listing import Change, Listing

GLOBS = ("**/*.md", "docs/**", "**/*.yml")
OWN = ("releasegate.yml", "gate/orders.yml")


def listing(*paths, problem=None):
    changes = tuple(path if isinstance(path, Change) else Change(path) for path in paths)
    return Listing(changes=changes, digest="sha256:0", problem=problem)


def of(*paths, globs=GLOBS, own=OWN, **more):
    return assess(listing(*paths, **more), globs, own)


def test_a_change_of_harmless_files_alone_is_harmless_and_says_why():
    impact = of("README.md", "docs/a.png")
    assert impact.harmless
    assert impact.reason == "the change is harmless: 2 files, all match **/*.md or docs/**"
    assert of("README.md").reason == "the change is harmless: 1 file, which matches **/*.md"
    assert impact.reason.startswith(HARMLESS)


def test_many_globs_are_counted_and_not_all_named():
    globs = tuple(f"{letter}/**" for letter in "abcde")
    assert of(*(f"{letter}/x" for letter in "abcde"), globs=globs).reason.endswith("a/** or b/** or c/** or 2 more")


@pytest.mark.parametrize(
    ("paths", "file", "why"),
    [
        (("README.md", "src/app.py"), "src/app.py", "matches no glob of changes.harmless"),
        (("docs/../src/app.py",), "docs/../src/app.py", "matches no glob of changes.harmless"),
        ((Change("docs/a.md", "was renamed from src/a.py"),), "docs/a.md", "was renamed from src/a.py"),
    ],
)
def test_never_green_37_one_file_that_is_not_harmless_decides(paths, file, why):
    impact = of(*paths)
    assert not impact.harmless
    assert (impact.file, impact.obstacle) == (file, f"{file} {why}")


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/gate.yml",
        ".github/README.md",
        "releasegate.yml",
        "services/shop/releasegate.yml",
        "gate/orders.yml",
        "services/shop/gate/orders.yml",
        "orders.yml",
    ],
)
def test_never_green_23_38_what_the_gate_is_made_of_is_never_harmless_whatever_the_globs_say(path):
    impact = of(path, globs=("**/*.yml", "**/*.md", ".github/**"))
    assert impact.obstacle == f"{path} is a part of the gate"


@pytest.mark.parametrize(
    "own", ["docs/gate.yml", "./docs/gate.yml", "/home/me/shop/docs/gate.yml", "../docs/gate.yml", "docs\\gate.yml"]
)
def test_never_green_38_a_config_is_known_from_wherever_it_is_named(own):
    assert of("docs/gate.yml", own=(own,)).obstacle == "docs/gate.yml is a part of the gate"
    assert of("docs/other.yml", own=(own,)).harmless


@pytest.mark.parametrize("problem", ["the list of changed files is cut: …", "GitHub lists no more than 3,000 files"])
def test_never_green_37_a_list_that_may_lack_files_is_never_harmless(problem):
    impact = of("README.md", problem=problem)
    assert (impact.harmless, impact.obstacle) == (False, problem)


def test_never_green_37_nothing_that_changed_is_not_harmless():
    assert not of(problem="the list of changed files is empty").harmless
    assert not Impact(files=0, digest="sha256:0", globs=("docs/**",)).harmless
    assert not Impact(files=1, digest="sha256:0").harmless


def test_without_globs_no_change_is_harmless():
    assert of("README.md", globs=()).obstacle == "the config calls no change harmless"


@given(st.lists(st.sampled_from(["README.md", "docs/a", "src/app.py", "a.py"]), min_size=1, max_size=6))
def test_never_green_37_a_change_is_harmless_only_if_each_of_its_files_is_by_itself(paths):
    assert of(*paths).harmless is all(of(path).harmless for path in paths)


@pytest.mark.parametrize(
    ("impact", "more", "said"),
    [
        (of("a.md"), {}, "which matches **/*.md; 2 of 11 checks run: the critical ones, and what they need"),
        (of("a.md"), {"left_out": 0}, "; no check is left out for it: no other is critical"),
        (of("a.md"), {"partial": True}, "; what runs was selected"),
        (of("a.py"), {}, "no check is left out for the change: a.py matches no glob of changes.harmless"),
        (of(problem="it is cut"), {}, "no check is left out for the change: it is cut"),
    ],
)  # fmt: skip
def test_the_line_of_the_report_says_what_followed(impact, more, said):
    assert said in told(impact, **{"ran": 2, "left_out": 9, "partial": False, **more})
