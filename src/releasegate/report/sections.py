"""Sections with weights in, one text within a budget of characters out: whole sections go, markup is never cut."""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

NOTE_ROOM = 700
"""Kept free for the sentence that names what was left out."""
LEAST_BUDGET = 2_000


class Section(Struct, frozen=True, kw_only=True):
    """A part of a report, in its place. `weight` tells what stays longest.

    `forms` are ever shorter ways to say it; each gets the room that is left. What does not fit is tried in the next.
    """

    name: str
    weight: int
    forms: tuple[Callable[[int], str], ...]


def pack(sections: Sequence[Section], budget: int) -> str:
    """Give the sections in their order, at most `budget` characters, and a last sentence on what was left out."""
    room = max(LEAST_BUDGET, budget) - NOTE_ROOM
    told: dict[str, str] = {}
    shortened: dict[str, str] = {}
    for section in sorted(sections, key=lambda section: -section.weight):
        text, form = _fit(section, room)
        told[section.name] = text
        room -= len(text) + 2 if text else 0
        if form:
            shortened[section.name] = f"part of {section.name}" if text else section.name
    parts = [told[section.name] for section in sections if told[section.name]]
    if shortened:
        names = ", ".join(shortened[section.name] for section in sections if section.name in shortened)
        parts.append(f"_Left out for size: {names}. All of it is in the evidence file._")
    return "\n\n".join(parts) + "\n"


def _fit(section: Section, room: int) -> tuple[str, int]:
    """Give the first form that fits and its number; nothing, and the number of forms, when none does."""
    for number, form in enumerate(section.forms):
        text = form(room)
        if len(text) + 2 <= room:
            return text, number
    return "", len(section.forms)


def fixed(name: str, weight: int, text: str) -> Section:
    return Section(name=name, weight=weight, forms=(lambda _: text,))


def listed(name: str, weight: int, title: str, items: list[str]) -> Section:
    """Make a section of list items, of which as many are shown as fit; the rest is counted."""
    head = [title, ""] if title else []

    def filled(room: int) -> str:
        shown = taken(items, room - len(title) - 60)
        return "\n".join([*head, *shown, f"- and {len(items) - len(shown):,} more"])

    return Section(name=name, weight=weight, forms=(lambda _: "\n".join([*head, *items]), filled))


def taken(pieces: Iterable[str], room: int) -> list[str]:
    """Take pieces, in their order, while they fit."""
    fitting: list[str] = []
    for piece in pieces:
        room -= len(piece) + 2
        if room < 0:
            break
        fitting.append(piece)
    return fitting


def table(heads: str, rows: list[str]) -> str:
    """Make a table; `heads` are the column names with `|` between them, `rows` are whole lines."""
    columns = heads.count("|") + 1
    return "\n".join([f"| {heads} |", "|" + " --- |" * columns, *rows])


def fold(title: str, body: str) -> str:
    """Fold a section; `title` is always our own text, for GitHub does not read Markdown in a summary."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"
