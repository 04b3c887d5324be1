"""Lists of changed files, as git and GitHub write them: how each file changed, and whether the list is whole."""

import hashlib
import json
import shutil
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from releasegate.changes.listing import MOST_OF_GITHUB, Change, of_github, read
from releasegate.errors import UsageError

RAW = b":100644 100644 bcd1234 0123456 "
git = pytest.mark.skipif(not shutil.which("git"), reason="there is no git here")


def changes(data):
    listing = read(data)
    assert listing.problem is None
    return [(change.path, change.why) for change in listing.changes]


@pytest.mark.parametrize(
    "data",
    [
        b"M\tdocs/a.md\nA\tb.md\nD\tc d.md\n",
        b"M\0docs/a.md\0A\0b.md\0D\0c d.md\0",
        RAW + b"M\tdocs/a.md\n" + RAW + b"A\tb.md\n" + RAW + b"D\tc d.md\n",
        RAW + b"M\0docs/a.md\0" + RAW + b"A\0b.md\0" + RAW + b"D\0c d.md\0",
        b":100644 100644 bcd1234... 0123456... M\tdocs/a.md\nA\tb.md\nD\tc d.md\n",
    ],
    ids=["lines", "NULs", "raw lines", "raw NULs", "cut hashes"],
)
def test_each_form_of_git_says_the_same(data):
    assert changes(data) == [("docs/a.md", None), ("b.md", None), ("c d.md", None)]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"R100\tsrc/app.py\tdocs/app.md\n", "was renamed from src/app.py"),
        (b"R100\0src/app.py\0docs/app.md\0", "was renamed from src/app.py"),
        (RAW + b"R075\0src/app.py\0docs/app.md\0", "was renamed from src/app.py"),
        (b"C100\tsrc/app.py\tdocs/app.md\n", "was copied from src/app.py"),
        (b"T\tdocs/app.md\n", "changed its type"),
        (b"U\tdocs/app.md\n", "is not merged"),
        (b"X\tdocs/app.md\n", "has the status X"),
        (b"Q\0docs/app.md\0", "has the status Q"),
        (b":160000 160000 bcd1234 0123456 M\tdocs/app.md\n", "is a submodule"),
        (b":000000 160000 0000000 0123456 A\0docs/app.md\0", "is a submodule"),
        (b":160000 000000 bcd1234 0000000 D\0docs/app.md\0", "is a submodule"),
        (b":000000 120000 0000000 0123456 A\0docs/app.md\0", "is a link"),
    ],
)
def test_never_green_37_a_rename_or_anything_but_a_plain_change_of_a_file_is_told(data, why):
    assert changes(data) == [("docs/app.md", why)]


def test_after_a_rename_the_next_file_is_read_as_what_it_is():
    assert changes(b"R100\0a\0b\0M\0docs/c.md\0") == [("b", "was renamed from a"), ("docs/c.md", None)]
    assert changes(b"R100\ta\tb\nM\tdocs/c.md\n") == [("b", "was renamed from a"), ("docs/c.md", None)]


@pytest.mark.parametrize(
    ("quoted", "path"),
    [
        (rb'"\303\251.md"', "é.md"),
        (rb'"a\tb\nc\"d\\e.md"', 'a\tb\nc"d\\e.md'),
        (rb'"\a\b\v\f\r"', "\a\b\v\f\r"),
        ("é.md".encode(), "é.md"),
        (b'a"b', 'a"b'),
        (b'"', '"'),
    ],
)
def test_a_path_that_git_quotes_is_read_as_the_one_it_stands_for(quoted, path):
    assert changes(b"M\t" + quoted + b"\n") == [(path, None)]


def test_between_nuls_nothing_is_quoted():
    assert changes(b'M\0"a\nb\\n"\0') == [('"a\nb\\n"', None)]


@pytest.mark.parametrize("data", [b"M\0docs/\xff.md\0", rb'M	"docs/\377.md"' + b"\n"])
def test_a_name_that_is_no_utf_8_is_told(data):
    assert changes(data) == [("docs/\ufffd.md", "has a name that is not UTF-8")]


CUT = {
    "within the last line": b"M\tdocs/a.md\nM\tdocs/b",
    "within the last path": b"M\0docs/a.md\0M\0docs/b",
    "before the path": b"M\0docs/a.md\0M\0",
    "before the new path": b"R100\0docs/a.md\0",
    "a line without its path": b"M\n",
    "a rename without its new path": b"R100\tdocs/a.md\n",
    "JSON": b'[{"filename": "docs/a.md", "status": "modified"},',
    "JSON within a name": b'[{"filename": "docs/a',
    "two texts of JSON": b'[{"filename": "a", "status": "added"}]\n[{"filename": "b", "status": "added"}]',
}


@pytest.mark.parametrize("case", CUT)
def test_never_green_37_a_list_that_is_cut_is_not_whole(case):
    assert read(CUT[case]).problem.startswith("the list of changed files is cut: ")


@pytest.mark.parametrize("data", [b"", b"\n", b"  \n\n", b"[]", b"[[]]"])
def test_never_green_37_an_empty_list_tells_nothing(data):
    assert read(data).problem == "the list of changed files is empty"


def github(*files):
    return json.dumps(files).encode()


def file(path, status="modified", **more):
    return {"sha": "0", "filename": path, "status": status, "additions": 1, **more}


def test_githubs_list_is_read_with_its_pages_joined_or_one_by_one():
    files = [file("docs/a.md"), file("b.md", "added"), file("c.md", "removed")]
    expected = [("docs/a.md", None), ("b.md", None), ("c.md", None)]
    assert changes(github(*files)) == expected
    assert changes(github(files[:2], files[2:])) == expected


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (file("docs/a.md", "renamed", previous_filename="src/a.py"), "was renamed from src/a.py"),
        (file("docs/a.md", "copied", previous_filename="src/a.py"), "was copied from src/a.py"),
        (file("docs/a.md", "added", previous_filename="src/a.py"), "has the status added from src/a.py"),
        (file("docs/a.md", "renamed"), "was renamed"),
        (file("docs/a.md", "changed"), "changed its type"),
        (file("docs/a.md", "unchanged"), "has the status unchanged"),
        (file("docs/a.md", patch=f"@@ -1 +1 @@\n-Subproject commit {'1' * 40}"), "is a submodule"),
        (file("docs/a.md", patch="@@ -1 +1 @@\n+A Subproject commit is a line"), None),
    ],
)
def test_never_green_37_what_github_tells_of_a_rename_is_told(told, why):
    assert changes(github(told)) == [("docs/a.md", why)]


def test_never_green_37_at_githubs_limit_there_may_be_other_files():
    assert read(github(*[file("a.md")] * (MOST_OF_GITHUB - 1))).problem is None
    listing = read(github(*[file("a.md")] * MOST_OF_GITHUB))
    assert "no more than 3,000 files" in listing.problem
    assert len(listing.changes) == MOST_OF_GITHUB


NO_LISTS = {
    "bare names": b"README.md\ndocs/a.md\n",
    "bare names between NULs": b"README.md\0docs/a.md\0",
    "one bare name": b"README.md\n",
    "a patch": b"diff --git a/x b/x\n--- a/x\n",
    "porcelain": b" M docs/a.md\n",
    "a merge's raw": b"::100644 100644 100644 a b c MM\tdocs/a.md\n",
    "UTF-16": "M\tdocs/a.md\n".encode("utf-16"),
    "an error of GitHub": b'{"message": "Not Found"}',
    "one file of GitHub": json.dumps(file("docs/a.md")).encode(),
    "names in JSON": b'["README.md"]',
    "a number for a name": github({"filename": 1, "status": "added"}),
    "no status": github({"filename": "a.md"}),
}


@pytest.mark.parametrize("case", NO_LISTS)
def test_never_green_37_a_list_that_does_not_say_how_files_changed_is_refused_with_the_remedy(case):
    with pytest.raises(UsageError, match="git diff --raw -z --no-renames"):
        read(NO_LISTS[case])


@pytest.mark.parametrize("data", [b"M\ta\n", b' [{"filename": "a", "status": "added"}]\n'])
def test_the_digest_is_that_of_the_bytes_that_were_given(data):
    assert read(data).digest == f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_a_list_that_github_itself_gave_has_a_digest_of_what_it_says():
    one, other = ([{"filename": name, "status": "added"}] for name in "ab")
    assert of_github(one).digest == of_github(iter(one)).digest != of_github(other).digest


# whatever the names are


PATHS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=12)
FILES = st.lists(st.tuples(st.sampled_from("AMD"), PATHS), min_size=1, max_size=6)
OURS = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


def quoted(path):
    """Quote as git does with core.quotePath."""
    out = "".join(
        f"\\{OURS[byte]}" if byte in OURS else chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
        for byte in path.encode()
    )
    return (f'"{out}"' if out != path else path).encode()


@given(FILES)
@example([("M", '"'), ("A", "\\303"), ("D", "\n")])
def test_each_name_survives_every_form(files):
    expected = [(path, None) for _, path in files]
    assert changes(b"".join(f"{status}\0{path}\0".encode() for status, path in files)) == expected
    assert changes(b"".join(status.encode() + b"\t" + quoted(path) + b"\n" for status, path in files)) == expected
    told = {"A": "added", "M": "modified", "D": "removed"}
    assert changes(github(*(file(path, told[status]) for status, path in files))) == expected


@given(FILES, st.data())
def test_never_green_37_a_list_between_nuls_cut_anywhere_is_whole_up_to_a_file_or_not_whole(files, data):
    whole = b"".join(f"{status}\0{path}\0".encode() for status, path in files)
    given_ = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        listing = read(given_)
    except UsageError:
        return
    seen = [(change.path, change.why) for change in listing.changes]
    assert listing.problem or seen == [(path, None) for _, path in files][: len(seen)]


@given(st.binary(max_size=40) | st.text("MRAD\t\n\0:10 \"'[]{}", max_size=30).map(str.encode))
def test_whatever_stands_in_the_file_it_is_a_list_or_refused(data):
    try:
        listing = read(data)
    except UsageError:
        return
    assert listing.changes or listing.problem
    assert all(isinstance(change, Change) for change in listing.changes)


@git
def test_what_git_itself_writes_is_read(tmp_path):
    def call(*arguments):
        line = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
        return subprocess.run(line, cwd=tmp_path, check=True, capture_output=True, timeout=30).stdout

    call("init", "--quiet")
    for name in ("stays.md", "goes.md", "src.py"):
        (tmp_path / name).write_text("the same words again and again\n" * 9 + name)
    call("add", ".")
    call("commit", "--quiet", "-m", "one")
    for name in ("é und\tandere.md", 'quo"te.md'):
        (tmp_path / name).write_text(name)
    call("rm", "--quiet", "goes.md")
    call("mv", "src.py", "moved.md")
    (tmp_path / "stays.md").write_text("other")
    (tmp_path / "link.md").symlink_to("stays.md")
    call("add", ".")
    call("commit", "--quiet", "-m", "two")
    plain = {"stays.md", "goes.md", "é und\tandere.md", 'quo"te.md'}
    for form in (["--raw"], ["--raw", "-z"], ["--name-status"], ["--name-status", "-z"]):
        seen = dict(changes(call("diff", *form, "HEAD~1...HEAD")))
        assert {path for path, why in seen.items() if why is None} - {"link.md"} == plain
        assert seen["moved.md"] == "was renamed from src.py"
        assert seen["link.md"] == ("is a link" if "--raw" in form else None)
        apart = dict(changes(call("diff", *form, "--no-renames", "HEAD~1...HEAD")))
        assert (apart["src.py"], apart["moved.md"]) == (None, None)
