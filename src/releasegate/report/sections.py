"""Sections with weights in, one text within a budget of bytes out: whole sections go, markup is never cut."""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

NOTE_ROOM = 700
"""Kept free for the sentence that names what was left out."""
LEAST_BUDGET = 2_000
LEAST_ROW = 12
"""No row of a table or list is shorter."""

Form = Callable[[int], str | None]


class Section(Struct, frozen=True, kw_only=True):
    """A part of a report, in its place. `weight` tells what stays longest.

    `forms` are ever shorter ways to say it; each gets the room that is left, and may give None when it sees at once
    that it is not enough. What does not fit is tried in the next.
    """

    name: str
    weight: int
    forms: tuple[Form, ...]


def pack(sections: Sequence[Section], budget: int) -> str:
    """Give the sections in their order, at most `budget` bytes of UTF-8, and a last sentence on what was left out."""
    room = max(LEAST_BUDGET, budget) - NOTE_ROOM
    told: dict[str, str] = {}
    shortened: dict[str, str] = {}
    for part in sorted(sections, key=lambda part: -part.weight):
        text, form = _fit(part, room)
        told[part.name] = text
        room -= size(text) + 2 if text else 0
        if form:
            shortened[part.name] = f"part of {part.name}" if text else part.name
    parts = [told[part.name] for part in sections if told[part.name]]
    if shortened:
        names = ", ".join(shortened[part.name] for part in sections if part.name in shortened)
        parts.append(f"_Left out for size: {names}. All of it is in the evidence file._")
    return "\n\n".join(parts) + "\n"


def _fit(part: Section, room: int) -> tuple[str, int]:
    """Give the first form that fits and its number; nothing, and the number of forms, when none does."""
    for number, form in enumerate(part.forms):
        text = form(room)
        if text is not None and size(text) + 2 <= room:
            return text, number
    return "", len(part.forms)


def section(name: str, weight: int, *forms: Form) -> Section:
    return Section(name=name, weight=weight, forms=forms)


def fixed(name: str, weight: int, text: str) -> Section:
    return section(name, weight, lambda _: text)


def listed(name: str, weight: int, title: str, items: list[str]) -> Section:
    """Make a section of list items, of which as many are shown as fit; the rest is counted."""
    head = [title, ""] if title else []

    def filled(room: int) -> str:
        shown = taken(items, room - size(title) - 60)
        return "\n".join([*head, *shown, f"- and {len(items) - len(shown):,} more"])

    return section(name, weight, lambda _: "\n".join([*head, *items]), filled)


def size(text: str) -> int:
    """Count the bytes of a text: never fewer than its characters, however a sink may count."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def taken(pieces: Iterable[str], room: int) -> list[str]:
    """Take pieces, in their order, while they fit."""
    fitting: list[str] = []
    for piece in pieces:
        room -= size(piece) + 2
        if room < 0:
            break
        fitting.append(piece)
    return fitting


def rows_fit(count: int, room: int) -> bool:
    """Tell whether so many rows can fit at all."""
    return count * LEAST_ROW <= room


def table(heads: str, rows: list[str]) -> str:
    """Make a table; `heads` are the column names with `|` between them, `rows` are whole lines."""
    columns = heads.count("|") + 1
    return "\n".join([f"| {heads} |", "|" + " --- |" * columns, *rows])


def fold(title: str, body: str) -> str:
    """Fold a section; `title` is always our own text, for GitHub does not read Markdown in a summary."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"
