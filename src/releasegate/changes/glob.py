"""A glob and the path of a file in, whether it matches out. Paths begin at the repository's root, parted by `/`.

`*` is any run of characters within a name, `?` one of them, `**` any directories, also none; letters keep their case.
No wildcard stands for the dot that a hidden name begins with: what is hidden steers machines more often than it speaks
to people.
"""

from fnmatch import fnmatchcase

ANY_DEPTH = "**"
WILD = frozenset("*?/")
SPECIAL = frozenset("[]{}\\!")


def fault(glob: str) -> tuple[str, str] | None:
    """Say what is wrong with a glob and what to write instead; None if nothing is."""
    if SPECIAL & set(glob):
        return "only *, ** and ? are special in a glob", "write one glob for each name; ? stands for any one character"
    names = glob.split("/")
    if not glob or {"", ".", ".."} & set(names):
        hint = f"{glob}** is all below it" if glob.endswith("/") else "as in docs/** or **/*.md"
        return "a glob is a path that begins at the repository's root", hint
    if any(ANY_DEPTH in name and name != ANY_DEPTH for name in names):
        return "** stands alone between slashes", "**/*.md is every .md file, docs/** all below docs"
    if set(glob) <= WILD:
        return "this glob matches whatever is changed: nothing would be looked at", "name what is harmless: docs/**"
    return None


def matches(glob: str, path: str) -> bool:
    """Tell whether a sound glob matches the whole path. `docs/**` is what lies below docs, not docs itself."""
    wanted = [*glob.split("/"), "*"] if glob.endswith(f"/{ANY_DEPTH}") else glob.split("/")
    reached = _skipped({0}, wanted)
    for name in path.split("/"):
        reached = _skipped({after for at in reached for after in _past(at, wanted, name)}, wanted)
    return len(wanted) in reached


def _skipped(reached: set[int], wanted: list[str]) -> set[int]:
    """Add the places behind `**`, which may stand for nothing."""
    for at, glob in enumerate(wanted):
        if at in reached and glob == ANY_DEPTH:
            reached.add(at + 1)
    return reached


def _past(at: int, wanted: list[str], name: str) -> list[int]:
    """Give where a glob stands after one more name of the path; nowhere if it does not match."""
    if at == len(wanted) or not name:
        return []
    hidden = name.startswith(".")
    if wanted[at] == ANY_DEPTH:
        return [] if hidden else [at]
    fits = fnmatchcase(name, wanted[at]) and (not hidden or wanted[at].startswith("."))
    return [at + 1] if fits else []
