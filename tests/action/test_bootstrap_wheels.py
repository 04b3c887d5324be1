"""What the cache holds is taken by its hash alone; only what a wheel of ours may hold is unpacked."""

import importlib
import re
import stat
import sys
from pathlib import Path

import pytest
from action_wheels import lock, odd, wheel

HERE = "cp{}{}".format(*sys.version_info)
ELSEWHERE = "macosx_11_0_arm64" if sys.platform == "linux" else "manylinux_2_17_x86_64"


@pytest.fixture
def home(bootstrap, tmp_path, monkeypatch):
    """A checkout of the action with a lock, an empty cache beside it, and no pip."""

    def fetched(*_):
        raise bootstrap.RefusedError("there is no pip")

    (tmp_path / "requirements").mkdir()
    (tmp_path / "cache").mkdir()
    (tmp_path / "fresh").mkdir()
    monkeypatch.setattr(bootstrap, "HOME", tmp_path)
    monkeypatch.setattr(bootstrap, "fetch", fetched)
    return tmp_path


def need(home, *contents):
    (home / "requirements/runtime.txt").write_text(lock(*contents))


def gather(bootstrap, home):
    return bootstrap.gathered("", home / "cache", home / "fresh", {})


def test_a_cached_wheel_of_the_locked_hash_is_taken(bootstrap, home):
    need(home, wheel())
    (home / "cache/thing-1.0-py3-none-any.whl").write_bytes(wheel())
    assert gather(bootstrap, home) == [wheel()]


BAD = {
    "another content": wheel(files={"thing.py": "NAME = 'evil'\n"}),
    "one file more": wheel(files={"more.py": ""}),
    "cut in the middle": wheel()[:-40],
    "one byte more": wheel() + b"\0",
    "empty": b"",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_cached_wheel_of_another_hash_is_said_and_not_used(bootstrap, home, content, capsys):
    need(home, wheel())
    (home / "cache/thing-1.0-py3-none-any.whl").write_bytes(content)
    with pytest.raises(bootstrap.RefusedError, match="there is no pip"):
        gather(bootstrap, home)
    assert "is not the wheel that is locked, and is not used" in capsys.readouterr().out


def test_what_is_fetched_is_held_to_its_hash_too(bootstrap, home, monkeypatch):
    need(home, wheel())
    monkeypatch.setattr(
        bootstrap, "fetch", lambda _, place, __: (place / "thing-1.0-py3-none-any.whl").write_bytes(BAD["empty"])
    )
    with pytest.raises(bootstrap.RefusedError, match="no wheel that is locked could be had of thing"):
        gather(bootstrap, home)


def test_a_bad_wheel_in_the_cache_is_fetched_anew_and_replaced(bootstrap, home, monkeypatch, capsys):
    need(home, wheel())
    cached = home / "cache/thing-1.0-py3-none-any.whl"
    cached.write_bytes(BAD["another content"])
    monkeypatch.setattr(bootstrap, "fetch", lambda _, place, __: (place / cached.name).write_bytes(wheel()))
    assert gather(bootstrap, home) == [wheel()]
    assert [path.name for path in (home / "cache").iterdir()] == [cached.name]
    assert cached.read_bytes() == wheel()
    assert "1 of 1 wheels are not in" in capsys.readouterr().out


def test_a_wheel_of_another_name_or_version_is_not_looked_at(bootstrap, home):
    need(home, wheel())
    (home / "cache/thing-1.1-py3-none-any.whl").write_bytes(wheel())
    (home / "cache/things-1.0-py3-none-any.whl").write_bytes(wheel())
    with pytest.raises(bootstrap.RefusedError, match="no pip"):
        gather(bootstrap, home)


def test_of_two_locked_wheels_that_of_this_platform_is_taken_whatever_their_names(bootstrap, home):
    native = wheel(tags=["py3-none-any"])
    abroad = wheel(tags=[f"{HERE}-{HERE}-{ELSEWHERE}"])
    need(home, native, abroad)
    (home / "cache/thing-1.0-py3-none-any.whl").write_bytes(abroad)
    (home / "cache/thing-1.0-py9-none-any.whl").write_bytes(native)
    assert gather(bootstrap, home) == [native]


def test_a_wheel_for_another_platform_alone_is_a_missing_one(bootstrap, home):
    abroad = wheel(tags=[f"{HERE}-{HERE}-{ELSEWHERE}"])
    need(home, abroad)
    (home / "cache/thing-1.0-py3-none-any.whl").write_bytes(abroad)
    with pytest.raises(bootstrap.RefusedError, match="no pip"):
        gather(bootstrap, home)


def test_a_link_to_nowhere_in_the_cache_is_a_missing_wheel(bootstrap, home):
    need(home, wheel())
    (home / "cache/thing-1.0-py3-none-any.whl").symlink_to(home / "nowhere")
    with pytest.raises(bootstrap.RefusedError, match="no pip"):
        gather(bootstrap, home)


@pytest.mark.parametrize("tag", ["cp311-abi3", "cp37-abi3", "py3-none", f"{HERE}-{HERE}"])
def test_tags_of_this_python_and_older_stable_ones_fit(bootstrap, tag):
    assert bootstrap.fits(wheel(tags=[f"{tag}-any"]))


@pytest.mark.parametrize("tag", ["cp310-cp310", "cp399-abi3", "py2-none", "pp311-pypy311_pp73", "cp399-cp399"])
def test_tags_of_other_pythons_do_not(bootstrap, tag):
    assert not bootstrap.fits(wheel(tags=[f"{tag}-any"]))


def test_every_wheel_that_is_installed_here_would_fit(bootstrap):
    found = [path.read_text() for path in Path(sys.prefix).rglob("*.dist-info/WHEEL")]
    assert len(found) > 20
    for text in found:
        tags = [line.removeprefix("Tag: ") for line in text.splitlines() if line.startswith("Tag: ")]
        assert bootstrap.fits(wheel(tags=tags)), tags


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../up.py", "a/../../up.py", "a//b.py", "./a.py", "a\\b.py", "C:/a.py", "a/C:b", "a\0b.py", "a:b"],
)
def test_a_path_that_leads_elsewhere_is_refused_and_nothing_is_written_there(bootstrap, tmp_path, path):
    place = tmp_path / "deep" / "site"
    place.mkdir(parents=True)
    with pytest.raises(bootstrap.RefusedError, match="which no file is unpacked to"):
        bootstrap.unpack(odd(path), place)
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_a_symbolic_link_is_refused(bootstrap, tmp_path):
    with pytest.raises(bootstrap.RefusedError, match="which no file is unpacked to"):
        bootstrap.unpack(odd("thing.py", link=True), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_file_of_a_wheel_replaces_anothers(bootstrap, tmp_path):
    bootstrap.unpack(wheel(), tmp_path)
    with pytest.raises(FileExistsError):
        bootstrap.unpack(wheel("other", files={"thing.py": "NAME = 'other'"}), tmp_path)


def test_bytecode_scripts_and_headers_stay_packed(bootstrap, tmp_path):
    files = {
        "thing/__pycache__/a.cpython-311.pyc": "x",
        "thing/a.pyc": "x",
        "thing-1.0.data/scripts/thing": "x",
        "thing-1.0.data/purelib/pure.py": "x",
        "thing-1.0.data/headers/thing.h": "x",
    }
    bootstrap.unpack(wheel(files=files), tmp_path)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {"thing.py", "pure.py", "thing-1.0.dist-info/WHEEL"}


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's; there, the directory of the job is the user's")
def test_it_unpacks_into_a_fresh_directory_that_only_this_user_can_enter(bootstrap, home, tmp_path):
    need(home, wheel())
    (home / "cache").rename(home / "releasegate-wheels")
    (home / "releasegate-wheels/thing-1.0-py3-none-any.whl").write_bytes(wheel())
    environ = {"RUNNER_TEMP": str(tmp_path / "fresh"), "RUNNER_TOOL_CACHE": str(tmp_path)}
    places = []
    for _ in range(2):
        place, shelf = bootstrap.prepare(environ)
        shelf.find_spec("thing")
        places.append(place)
    assert places[0] != places[1]
    assert [stat.S_IMODE(place.stat().st_mode) for place in places] == [0o700, 0o700]
    assert [(place / "site/thing.py").read_text() for place in places] == ["NAME = 'thing'\n"] * 2
    assert [place.parent for place in places] == [tmp_path / "fresh"] * 2


@pytest.fixture
def shelf(bootstrap, tmp_path, monkeypatch):
    """Two verified wheels, one of them with two modules, found by imports."""
    made = bootstrap.Shelf([wheel("one_thing", files={"_one.py": "A = 1"}), wheel("another_thing")], tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setattr(sys, "meta_path", [made, *sys.meta_path])
    yield made
    for name in ("one_thing", "_one", "another_thing"):
        sys.modules.pop(name, None)


def test_a_wheel_is_unpacked_at_its_first_import_and_once(shelf, tmp_path):
    assert list(tmp_path.iterdir()) == []
    assert importlib.import_module("one_thing").NAME == "one_thing"
    assert importlib.import_module("_one").A == 1
    assert not (tmp_path / "another_thing.py").exists()
    assert importlib.import_module("another_thing").NAME == "another_thing"


def test_a_module_that_no_wheel_holds_is_not_found(shelf):
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("a_third_thing")


def test_a_shelf_takes_no_wheel_with_a_path_that_leads_elsewhere(bootstrap, tmp_path):
    with pytest.raises(bootstrap.RefusedError):
        bootstrap.Shelf([wheel(), odd("../up.py")], tmp_path)


def test_a_package_that_is_read_in_place_is_imported_and_no_file_of_it_is_written(bootstrap, tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "READ_IN_PLACE", frozenset({"in_place"}))
    files = {
        "in_place/__init__.py": "from in_place.part import fail\n",
        "in_place/part.py": "def fail():\n    raise LookupError  # here\n",
    }
    made = bootstrap.Shelf([wheel("in_place", files=files)], tmp_path)
    monkeypatch.setattr(sys, "meta_path", [made, *sys.meta_path])
    with pytest.raises(LookupError) as failed:
        importlib.import_module("in_place").fail()
    assert "raise LookupError  # here" in str(failed.traceback[-1].statement)
    assert list(tmp_path.iterdir()) == []
    for name in ("in_place", "in_place.part"):
        sys.modules.pop(name)


def test_a_wheel_with_more_than_what_is_read_in_place_is_unpacked(bootstrap, tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "READ_IN_PLACE", frozenset({"in_place"}))
    made = bootstrap.Shelf([wheel("in_place", files={"_fast.so": "x"})], tmp_path)
    assert made.find_spec("in_place") is None
    assert (tmp_path / "in_place.py").exists()


LOOKS = re.compile(r"importlib[._](resources|metadata)|pkgutil\.get_data|\b__file__\b|\b__path__\b")
UNUSED = ("urllib3/contrib/emscripten/", "urllib3/http2/")
"""What the gate never imports: of a browser, and of a protocol that requests does not speak."""


def test_what_is_read_in_place_is_python_alone_and_looks_for_nothing_beside_it(bootstrap):
    for top in bootstrap.READ_IN_PLACE:
        (place,) = importlib.import_module(top).__path__
        for path in (path for path in Path(place).rglob("*") if path.is_file() and path.suffix != ".pyc"):
            name = f"{top}/{path.relative_to(place).as_posix()}"
            if name.startswith(UNUSED) or name == "github/openapi.index.json":  # what PyGithub is written from
                continue
            assert path.suffix in {".py", ".pyi", ".typed"}, name
            assert not LOOKS.search(path.read_text(encoding="utf-8")), name
