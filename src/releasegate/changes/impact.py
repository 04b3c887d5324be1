"""A list of changed files and what a config calls harmless in, whether the change is out, and why not. Pure."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from releasegate.changes.glob import matches

if TYPE_CHECKING:
    from releasegate.changes.listing import Change, Listing

WORKFLOWS = ".github"
HARMLESS = "the change is harmless"
MOST_NAMED = 3


class Impact(Struct, frozen=True, kw_only=True):
    """What a list of changed files came to. `globs` are those that matched a file, in the config's order.

    `obstacle` says why the change is not harmless: the first file that is not, named in `file`, or what is missing.
    """

    files: int
    digest: str
    globs: tuple[str, ...] = ()
    file: str | None = None
    obstacle: str | None = None

    @property
    def harmless(self) -> bool:
        return self.obstacle is None and self.files > 0 and bool(self.globs)

    @property
    def reason(self) -> str:
        """Say why a check that is not critical need not run; of a harmless change."""
        files = f"{self.files:,} files, all match" if self.files > 1 else "1 file, which matches"
        more = len(self.globs) - MOST_NAMED
        named = " or ".join(self.globs[:MOST_NAMED]) + (f" or {more} more" if more > 0 else "")
        return f"{HARMLESS}: {files} {named}"


def assess(listing: "Listing", harmless: Sequence[str], own: Iterable[str]) -> Impact:
    """Judge a change. `own` are the paths of the gate's files: a change of them is never harmless."""
    judged = Impact(files=len(listing.changes), digest=listing.digest)
    if not harmless:
        return replace(judged, obstacle="the config calls no change harmless")
    ours = [_names(path) for path in own]
    used: set[str] = set()
    for change in listing.changes:
        matched = next((glob for glob in harmless if matches(glob, change.path)), None)
        why = _why_not(change, matched, ours)
        if why:
            return replace(judged, file=change.path, obstacle=f"{change.path} {why}")
        used.add(matched or "")
    return replace(judged, globs=tuple(glob for glob in harmless if glob in used), obstacle=listing.problem)


def told(impact: Impact, *, ran: int, left_out: int, partial: bool) -> str:
    """Say in one line what the change came to, and what followed: so many ran, so many did not because of it."""
    if impact.obstacle is not None or not impact.harmless:
        return f"no check is left out for the change: {impact.obstacle}"
    if partial:
        return f"{impact.reason}; what runs was selected"
    if not left_out:
        return f"{impact.reason}; no check is left out for it: no other is critical"
    return f"{impact.reason}; {ran:,} of {ran + left_out:,} checks run: the critical ones, and what they need"


def _why_not(change: "Change", matched: str | None, ours: list[list[str]]) -> str | None:
    if change.why is not None:
        return change.why
    names = _names(change.path)
    if names[:1] == [WORKFLOWS] or any(_same(names, own) for own in ours):
        return "is a part of the gate"
    return None if matched else "matches no glob of changes.harmless"


def _names(path: str) -> list[str]:
    return [name for name in path.replace("\\", "/").split("/") if name not in {"", ".", ".."}]


def _same(one: list[str], other: list[str]) -> bool:
    """Tell whether two paths may name one file: where each of them begins is not known, so their ends are compared."""
    size = min(len(one), len(other))
    return one[-size:] == other[-size:]
