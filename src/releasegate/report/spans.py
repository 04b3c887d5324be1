"""Foreign text in, inline Markdown of a bounded length that shows it out."""

from releasegate.foreign import code_span, for_markdown
from releasegate.model import CheckResult

LONGEST_CELL = 240
LONGEST_PROSE = 500


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def prose(text: str) -> str:
    return for_markdown(cut(text, LONGEST_PROSE))


def span(text: str, *, cell: bool = False) -> str:
    return code_span(cut(text, LONGEST_CELL), cell=cell)


def named(check: CheckResult) -> str:
    """Name a check in a cell of a table."""
    return (
        span(check.id, cell=True)
        + (" **critical**" if check.critical else "")
        + (" advisory" if check.advisory else "")
    )
