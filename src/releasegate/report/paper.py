"""Lines in, a page for a terminal out: wrapped to its width, coloured if asked, foreign text made harmless.

Every line passes `for_log` here, at the only exit, so that no renderer can forget it.
"""

import re
import unicodedata

from releasegate.foreign import for_log, for_terminal

COLOURS = {"good": "1;32", "fair": "1;33", "bad": "1;31", "unsure": "1;35", "head": "1", "dim": "2"}
LEAST_WIDTH = 40
LEAST_TEXT = 16
ASCII_END = 0x2E80
"""Below this code point no character is wide."""
_WORDS = re.compile(r"\s+")


def cells(text: str) -> int:
    """Count the columns that a text takes on a terminal."""
    if text.isascii() or max(map(ord, text)) < ASCII_END:
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(1 for char in text if unicodedata.combining(char))


def wrap(text: str, width: int, *, hang: int) -> list[str]:
    """Break a line at spaces; what follows the first line is indented by `hang`. A longer word is cut."""
    if cells(text) <= width:
        return [text]
    hang = min(hang, width // 2)
    indent = text[: len(text) - len(text.lstrip(" "))]
    out, line = [], indent
    for word in _WORDS.split(text.strip()):
        joined = f"{line} {word}" if line.strip() else line + word
        if cells(joined) <= width:
            line = joined
            continue
        if line.strip():
            out.append(line)
        line = " " * hang + word
        while cells(line) > width:
            keep = _fitting(line, width)
            out.append(line[:keep])
            line = " " * hang + line[keep:]
    return [*out, line]


def _fitting(line: str, width: int) -> int:
    keep = min(len(line), width)
    while cells(line[:keep]) > width:
        keep -= 1
    return keep


class Paper:
    """A page in the making."""

    def __init__(self, *, colour: bool, width: int) -> None:
        self.colour = colour
        self.width = max(LEAST_WIDTH, width)
        self.done: list[str] = []

    def line(self, text: str, style: str | None = None, *, indent: int = 0) -> None:
        """Add a line. `style` colours it whole."""
        for part in wrap(" " * indent + for_terminal(text), self.width, hang=indent + 2):
            self._put(part, style)

    def tagged(self, tag: str, text: str, style: str | None = None, *, indent: int = 0, column: int = 0) -> None:
        """Add a line that begins with a coloured tag, padded to `column`; its continuation hangs under the text."""
        tag = for_terminal(tag)
        head = " " * indent + tag + " " * max(1, column - cells(tag))
        first, *rest = wrap(for_terminal(text), max(LEAST_TEXT, self.width - cells(head)), hang=0)
        safe = for_log(head + first).rstrip()
        if self.colour and style and safe.startswith(head.rstrip()):
            safe = f"\x1b[{COLOURS[style]}m{head.rstrip()}\x1b[0m{safe[len(head.rstrip()) :]}"
        self.done.append(safe)
        for part in rest:
            self._put(" " * cells(head) + part, None)

    def gap(self) -> None:
        if self.done and self.done[-1]:
            self.done.append("")

    def _put(self, text: str, style: str | None) -> None:
        safe = for_log(text).rstrip()
        self.done.append(f"\x1b[{COLOURS[style]}m{safe}\x1b[0m" if self.colour and style and safe else safe)

    def text(self) -> str:
        return "\n".join(self.done).rstrip("\n") + "\n"
