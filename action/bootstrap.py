"""The action's inputs and the lock in, the running gate out. Standard library only, started as `python -I -S -B`.

Every wheel is read once and held to the sha256 in the lock, before anything of any is used. What it holds is imported
from those same bytes, or unpacked from them at its first import, into a fresh directory that only this user can enter.
So a cache needs no trust: what it holds is taken by its hash, or fetched anew.
It must parse on Pythons that are too old, so that they are told so.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever has an older one reads this
    found = ".".join(map(str, sys.version_info[:3]))
    sys.exit(
        f"::error title=releasegate::Python 3.11 or newer is needed, and {sys.executable} is {found}: run "
        "actions/setup-python before, or name another with the input python"
    )

import hashlib
import importlib
import io
import os
import platform
import re
import stat
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Mapping, Sequence
from importlib.abc import ExecutionLoader
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from importlib.util import decode_source, spec_from_loader
from pathlib import Path
from typing import NamedTuple, NoReturn

HOME = Path(__file__).resolve().parent.parent
EXTRAS = ("mcp", "postgres", "redis")
UNUSABLE, INTERRUPTED = 2, 130
FILES = {"evidence": "evidence.json", "junit": "junit.xml", "markdown": "report.md"}
"""What the gate writes for later steps, by its options."""
READ_IN_PLACE = frozenset({"github", "idna", "jwt", "requests", "tenacity", "urllib3"})
"""Packages of Python alone that read nothing beside them: hundreds of small files, which would be slow to write."""
LARGEST_WHEEL = 100 * 2**20
DOWNLOAD_S = 300
OPTIONS = {
    "gate": ("config", "pr", "sha", "deadline", "comment", "fail-on"),
    "waive": ("config", "pr", "sha", "reason"),
    "finalize": ("config",),
}
"""Inputs that are an option of the same name, by command."""
PIP_READS = re.compile(
    r"(PIP_.*|PATH|HOME|USERPROFILE|SYSTEMROOT|APPDATA|LOCALAPPDATA|TEMP|TMP|TMPDIR|LANG|LC_.*|XDG_.*|NETRC"
    r"|(HTTPS?|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE)",
    re.IGNORECASE,
)
PINNED = re.compile(r"([A-Za-z0-9._-]+)==([^\s;]+)\s*(?:;\s*([^\\]+?))?\s*\\?")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})\s*\\?")
CLAUSE = re.compile(r"(\w+) (==|!=|<|>=) '([^']*)'")


class RefusedError(Exception):
    """The gate cannot be started, and why."""


class Wheel(NamedTuple):
    """A locked distribution; `name` is normalized, any of `hashes` is one of its wheels."""

    name: str
    version: str
    hashes: frozenset[str]


def locked(text: str, facts: Mapping[str, str]) -> list[Wheel]:
    """Read a lock, without what its markers leave out here. Raises RefusedError for a line that is not understood."""
    wheels: list[Wheel] = []
    for line in map(str.strip, text.splitlines()):
        if pinned := PINNED.fullmatch(line):
            wanted = applies(pinned[3], facts)
            wheels.append(Wheel(normal(pinned[1]) if wanted else "", pinned[2], frozenset()))
        elif (digest := HASH.fullmatch(line)) and wheels:
            wheels[-1] = wheels[-1]._replace(hashes=wheels[-1].hashes | {digest[1]})
        elif line and not line.startswith("#"):
            raise RefusedError(f"the lock has a line that is not understood: {line[:80]}")
    if unhashed := [wheel.name for wheel in wheels if not wheel.hashes]:
        raise RefusedError(f"the lock has no hash of {', '.join(unhashed)}")
    return [wheel for wheel in wheels if wheel.name]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def applies(marker: str | None, facts: Mapping[str, str]) -> bool:
    """Evaluate an environment marker, of the few forms that our locks have."""
    met = True
    for clause in marker.split(" and ") if marker else ():
        parts = CLAUSE.fullmatch(clause.strip())
        if not parts or parts[1] not in facts:
            raise RefusedError(f"the lock has a marker that is not understood: {clause}")
        fact, wanted = facts[parts[1]], parts[3]
        if parts[2] in {"<", ">="}:
            less = list(map(int, fact.split("."))) < list(map(int, wanted.split(".")))
            met &= less is (parts[2] == "<")
        else:
            met &= (fact == wanted) is (parts[2] == "==")
    return met


def facts_here() -> dict[str, str]:
    return {
        "implementation_name": sys.implementation.name,
        "platform_python_implementation": platform.python_implementation(),
        "platform_machine": platform.machine(),
        "python_full_version": ".".join(map(str, sys.version_info[:3])),
        "sys_platform": sys.platform,
    }


def requirements(extras: str) -> tuple[list[Path], list[Wheel]]:
    """Give the locks and all that they hold. Raises RefusedError for an extra that there is not."""
    asked = re.split(r"[\s,]+", extras.strip()) if extras.strip() else []
    if unknown := sorted({*asked} - {*EXTRAS}):
        raise RefusedError(f"extras: there is no {', '.join(unknown)}; there are {', '.join(EXTRAS)}")
    locks = [HOME / "requirements" / f"{name}.txt" for name in ("runtime", *asked)]
    facts = facts_here()
    wheels = {wheel for lock in locks for wheel in locked(lock.read_text(encoding="utf-8"), facts)}
    if len({wheel.name for wheel in wheels}) < len(wheels):
        raise RefusedError("the locks hold two versions of one distribution")
    return locks, sorted(wheels)


def verified(place: Path, wheels: Sequence[Wheel], *, foreign: bool = True) -> tuple[list[bytes], list[Wheel]]:
    """Give the bytes of those wheels that are there, by their hash, and those that are not.

    In a `foreign` place a wheel may be another platform's.
    """
    there: dict[tuple[str, str], list[Path]] = {}
    for path in sorted(place.glob("*.whl")):
        name, _, rest = path.name.partition("-")
        there.setdefault((normal(name), rest.partition("-")[0]), []).append(path)
    found: list[bytes] = []
    missing: list[Wheel] = []
    for wheel in wheels:
        for path in there.get((wheel.name, wheel.version), ()):
            content = whole(path)
            if hashlib.sha256(content).hexdigest() not in wheel.hashes:
                say("warning", f"{path.name} in the cache is not the wheel that is locked, and is not used")
            elif not foreign or fits(content):
                found.append(content)
                break
        else:
            missing.append(wheel)
    return found, missing


def whole(path: Path) -> bytes:
    """Read a regular file of bounded size; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_WHEEL)
    except OSError:
        return b""


def fits(content: bytes) -> bool:
    """Say whether a wheel is for this Python on this machine, by what is inside of it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/WHEEL"))
        tags = re.findall(r"^Tag: (\S+)-(\S+)-(\S+?)\r?$", archive.read(name).decode(), re.MULTILINE)
    return any(speaks(python, abi) and runs(system) for python, abi, system in tags)


def speaks(python: str, abi: str) -> bool:
    major, minor = sys.version_info[:2]
    if python in {f"cp{major}{minor}", f"py{major}", f"py{major}{minor}"}:
        return True
    older = re.fullmatch(rf"(?:cp|py){major}(\d+)", python)
    return older is not None and int(older[1]) <= minor and (abi == "abi3" or python.startswith("py"))


def runs(system: str) -> bool:
    if system == "any":
        return True
    libc = "musllinux_" if "musl" in EXTENSION_SUFFIXES[0] else ("manylinux", "linux_")
    family = {"darwin": "macosx_", "win32": "win"}.get(sys.platform, libc)
    return system.startswith(family) and system.endswith((platform.machine().lower(), "universal2"))


def fetch(locks: Sequence[Path], place: Path, environ: Mapping[str, str]) -> None:
    """Let pip download all that is locked, as wheels; it is given no secret. Raises RefusedError."""
    python = [sys.executable, "-I", "-m", "pip"]
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--require-hashes")
    of = [part for lock in locks for part in ("--requirement", str(lock))]
    command = [*python, "download", *quiet, "--only-binary=:all:", *of, "--dest", str(place)]
    reads = {name: value for name, value in environ.items() if PIP_READS.fullmatch(name)}
    try:
        done = subprocess.run(  # noqa: S603 - this Python and our own words
            command, env=reads, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=DOWNLOAD_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise RefusedError(f"pip did not download the wheels within {DOWNLOAD_S} s") from None
    if done.returncode:
        if "No module named pip" in done.stderr:
            advice = "run actions/setup-python before, or put the wheels that are locked into the cache"
            raise RefusedError(f"{sys.executable} has no pip to download the wheels with: {advice}")
        raise RefusedError(f"pip could not download the wheels: {done.stderr.strip()[-600:]}")


def gathered(extras: str, cache: Path, fresh: Path, environ: Mapping[str, str]) -> list[bytes]:
    """Give the bytes of every wheel that is needed, fetching all when one is missing. Raises RefusedError."""
    locks, wheels = requirements(extras)
    found, missing = verified(cache, wheels)
    if not missing:
        return found
    say("notice", f"{len(missing)} of {len(wheels)} wheels are not in {cache}: downloading")
    fetched = fresh / "fetched"
    fetched.mkdir()
    fetch(locks, fetched, environ)
    found, missing = verified(fetched, wheels, foreign=False)
    if missing:
        raise RefusedError(f"no wheel that is locked could be had of {', '.join(wheel.name for wheel in missing)}")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        for path in fetched.iterdir():
            keep(path, cache / path.name)
    except OSError as problem:
        say("warning", f"the wheels cannot be kept in {cache}: {problem.strerror}")
    return found


def keep(path: Path, kept: Path) -> None:
    """Put a file into the cache at once: another job may read there just now."""
    beside = kept.with_name(f"{kept.name}.{os.getpid()}")
    beside.write_bytes(path.read_bytes())
    beside.replace(kept)


class Source(ExecutionLoader):
    """Gives one module out of a verified wheel, as it stands there: no file of it is written."""

    def __init__(self, archive: zipfile.ZipFile, inner: str) -> None:
        self._archive, self._inner = archive, inner

    def is_package(self, fullname: str) -> bool:  # noqa: ARG002 - a loader is asked so
        return self._inner.endswith("/__init__.py")

    def get_filename(self, fullname: str) -> str:  # noqa: ARG002 - a loader is asked so
        return self._inner

    def get_source(self, fullname: str) -> str:  # noqa: ARG002 - a loader is asked so
        return decode_source(self._archive.read(self._inner))


class Shelf:
    """Wheels that were verified. A finder of modules: it reads them in place, or unpacks what holds them."""

    def __init__(self, contents: Sequence[bytes], place: Path) -> None:
        self._place = place
        self._packed: dict[str, list[bytes]] = {}
        self._sources: dict[str, Source] = {}
        for content in contents:
            names = tops(content)
            if names <= READ_IN_PLACE:
                self._sources |= sources(content)
                continue
            for top in names:
                self._packed.setdefault(top, []).append(content)
        self._turns = {id(content): threading.Lock() for content in contents}
        self._unpacked: set[int] = set()

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """Find what is read in place. What was unpacked is found by who looks for files."""
        if source := self._sources.get(name):
            return spec_from_loader(name, source)
        for content in self._packed.get(name.partition(".")[0], ()):
            with self._turns[id(content)]:
                if id(content) not in self._unpacked:
                    unpack(content, self._place)
                    self._unpacked.add(id(content))
                    importlib.invalidate_caches()
        return None


def sources(content: bytes) -> dict[str, Source]:
    """Give the modules of a wheel by their names."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    paths = [(info.filename, "/".join(destination(info))) for info in archive.infolist()]
    return {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): Source(archive, inner)
        for inner, path in paths
        if path.endswith(".py")
    }


def tops(content: bytes) -> set[str]:
    """Give the names that are imported from a wheel."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inner = [path[0] for path in map(destination, archive.infolist()) if path]
        return {name.partition(".")[0] for name in inner if not name.endswith(".dist-info")}


def unpack(content: bytes, place: Path) -> None:
    """Write the files of a wheel below a directory. Raises RefusedError for what no wheel of ours has."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            if inner := destination(info):
                path = place.joinpath(*inner)
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as file:
                    file.write(archive.read(info))


def destination(info: zipfile.ZipInfo) -> list[str]:
    """Give the parts of the path of a file; none for what is not unpacked: scripts, headers, bytecode."""
    parts = info.orig_filename.split("/")
    if info.is_dir():
        parts.pop()
    odd = any(part in {"", ".", ".."} or re.search(r'[\\:\0<>"|?*]', part) for part in parts)
    if odd or stat.S_ISLNK(info.external_attr >> 16):
        raise RefusedError(f"a wheel holds {info.orig_filename!r}, which no file is unpacked to")
    if parts[0].endswith(".data"):
        parts = parts[2:] if parts[1:2] in (["purelib"], ["platlib"]) else []
    return [] if info.is_dir() or "".join(parts[-1:]).endswith(".pyc") else parts


def arguments(command: str, environ: Mapping[str, str], out: Path) -> list[str]:
    """Give the command line. A value stands behind its option's `=`, so it can be no option itself."""
    if command not in OPTIONS:
        raise RefusedError(f"command is gate or waive, not {command[:20]}")
    asked = [f"--{name}={value}" for name in OPTIONS[command] if (value := given(environ, name))]
    if command != "gate":
        return [command, *asked]
    suites = [f"--suite={suite}" for suite in re.split(r"[\s,]+", given(environ, "suites")) if suite]
    check_run = given(environ, "check-run") or "false"
    if check_run not in {"true", "false"}:
        raise RefusedError(f"check-run is true or false, not {check_run[:20]}")
    asked += ["--check-run"] if check_run == "true" else []
    return [command, *asked, *suites, *(f"--{name}={out / file}" for name, file in FILES.items())]


def tell_outputs(environ: Mapping[str, str], out: Path) -> None:
    """Tell later steps where the files will be. They may be missing: a run that does not begin has no evidence."""
    if path := environ.get("GITHUB_OUTPUT"):
        names = {"markdown": "report"}
        lines = [f"{names.get(name, name)}-path={out / file}\n" for name, file in FILES.items()]
        with Path(path).open("a", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)


def given(environ: Mapping[str, str], name: str) -> str:
    return environ.get(f"INPUT_{name.upper().replace('-', '_')}", "").strip()


def say(level: str, text: str) -> None:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    sys.stdout.write(f"::{level} title=releasegate::{text}\n")
    sys.stdout.flush()


def prepare(environ: Mapping[str, str]) -> tuple[Path, Shelf]:
    """Make a directory of this job's own, and give it with all wheels, verified. Raises RefusedError."""
    fresh = Path(tempfile.mkdtemp(prefix="releasegate-", dir=environ.get("RUNNER_TEMP") or None))  # of mode 0700
    cache = Path(environ.get("RUNNER_TOOL_CACHE") or fresh) / "releasegate-wheels"
    for name in ("site", "out"):
        (fresh / name).mkdir()
    return fresh, Shelf(gathered(given(environ, "extras"), cache, fresh, environ), fresh / "site")


def main(command: str = "gate") -> NoReturn:
    """Become the gate: its exit code is the step's."""
    try:
        fresh, shelf = prepare(os.environ)
        asked = arguments(command, os.environ, fresh / "out")
    except RefusedError as refused:
        say("error", str(refused))
        sys.exit(UNUSABLE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.meta_path.insert(0, shelf)
    by_others = filter(None, map(str.strip, given(os.environ, "python-path").splitlines()))
    sys.path += [str(HOME / "src"), str(fresh / "site"), *by_others]
    if command == "gate":
        tell_outputs(os.environ, fresh / "out")
        # The largest of them, 17 MB: it is written while modules are compiled.
        threading.Thread(target=shelf.find_spec, args=("pycurl",), daemon=True).start()
    sys.argv = ["releasegate", *asked]
    from releasegate.cli.main import entry

    entry()
    sys.exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
