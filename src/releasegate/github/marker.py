"""Which run a comment tells of in, the comment's first line out, and back. Pure; it is never seen by a reader."""

import re

from msgspec import Struct

WORD = r"[\w.:+-]{1,100}"
LINE = re.compile(
    rf"<!-- releasegate gate=(?P<gate>{WORD}) sha=(?P<sha>{WORD}) run=(?P<run>{WORD}) attempt=(?P<attempt>{WORD})"
    rf" started=(?P<started>{WORD}) -->(?:\r?\n|\Z)"
)


class Marker(Struct, frozen=True, kw_only=True):
    gate: str
    sha: str
    run: str
    attempt: str
    started: str


def line_of(marker: Marker) -> str:
    """Give the line. Raises ValueError for what could end it before its end."""
    line = (
        f"<!-- releasegate gate={marker.gate} sha={marker.sha} run={marker.run} attempt={marker.attempt}"
        f" started={marker.started} -->"
    )
    if not LINE.fullmatch(line):
        raise ValueError("what a marker holds is made of words")
    return line


def word_of(text: str | None) -> str:
    """Give what may stand in a marker: the text, or that there is none."""
    return text if text and re.fullmatch(WORD, text) else "none"


def marker_of(body: str) -> Marker | None:
    """Read the marker that a body begins with; None when it begins with another text."""
    match = LINE.match(body)
    return Marker(**match.groupdict()) if match else None
