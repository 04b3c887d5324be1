"""SQL in, its words and signs out, without comments; texts and quoted names are one token each. Pure.

Read as PostgreSQL reads it with `standard_conforming_strings` on, which the session sets. What is never closed is
refused: nobody could say where it ends.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple


class Sort(Enum):
    """What a token is: a word is a keyword or an unquoted name, folded to lower case; digits are signs."""

    WORD = "word"
    NAME = "quoted name"
    TEXT = "text"
    HOLE = "hole"
    SIGN = "sign"


class Token(NamedTuple):
    """`text` is the word, the name or the hole without its quotes; `start` and `end` say where it stands."""

    sort: Sort
    text: str
    start: int
    end: int


class BadSql(ValueError):  # noqa: N818 - the name says what it is
    """What cannot be read, or may not be sent. `hint` says what to write."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


# The order matters: what begins a longer token stands before what begins a shorter one.
PIECES = re.compile(
    r"(?P<blank>[ \t\n\r\f\v]+|--[^\n\r]*)"
    r"|(?P<comment>/\*)"
    r"|(?P<hole>\{\{\s*(?P<hole_name>[A-Za-z0-9_.-]*)\s*\}\})"
    r"|(?P<unicode>[uU]&[\"'])"
    r"|(?P<escaped>[eE]'(?:[^'\\]|\\.|'')*+')"
    r"|(?P<text>(?:[bBxXnN])?'(?:[^']|'')*+')"
    r'|"(?P<name>(?:[^"]|"")*+)"'
    r"|(?P<open>[eEbBxXnN]?'|\")"
    r"|(?P<dollar>\$(?P<tag>(?:[A-Za-z_\x80-\U0010ffff][0-9A-Za-z_\x80-\U0010ffff]*)?)\$)"
    r"|(?P<parameter>\$[0-9]+)"
    r"|(?P<word>[A-Za-z_\x80-\U0010ffff][0-9A-Za-z_$\x80-\U0010ffff]*)"
    r"|(?P<sign>.)",
    re.DOTALL,
)
COMMENT_EDGE = re.compile(r"/\*|\*/")
HOLE = re.compile(r"\{\{")
WITHOUT_QUOTES = "write the hole without quotes: what fills it is sent beside the query, as a parameter"


def tokens(sql: str) -> Iterator[Token]:
    """Part a query. Raises BadSql."""
    at = 0
    while at < len(sql):
        match = PIECES.match(sql, at)
        assert match is not None  # noqa: S101 - `sign` takes any character
        kind, end = match.lastgroup or "", match.end()
        if match["comment"]:
            end = _after_comment(sql, end)
        elif match["dollar"]:
            end = _after_dollar(sql, end, match["dollar"])
        if not match["hole"] and HOLE.search(sql, at, end):
            raise BadSql("a hole within quotes or a comment", WITHOUT_QUOTES)
        if not match["blank"] and not match["comment"]:
            yield _token(match, kind, at, end)
        at = end


def _token(match: re.Match[str], kind: str, start: int, end: int) -> Token:
    """Make a token of what matched. Raises BadSql for what nobody should write here."""
    if kind == "open":
        raise BadSql(f"a {match[0][-1]} that is never closed")
    if kind == "unicode":
        raise BadSql(f"{match[0][:2]} escapes are not read", "write the characters themselves")
    if kind == "parameter":
        raise BadSql(f"{match[0]} has nothing that fills it", "write the value, or a {{hole}}")
    if match["hole"]:
        return Token(Sort.HOLE, match["hole_name"], start, end)
    if match["name"] is not None:
        return Token(Sort.NAME, match["name"].replace('""', '"'), start, end)
    if match["word"]:
        return Token(Sort.WORD, match["word"].lower(), start, end)
    sort = Sort.SIGN if match["sign"] else Sort.TEXT
    return Token(sort, match[0], start, end)


def _after_comment(sql: str, at: int) -> int:
    """Find the end of a comment; they nest."""
    depth = 1
    while depth:
        edge = COMMENT_EDGE.search(sql, at)
        if edge is None:
            raise BadSql("a /* that is never closed")
        depth += 1 if edge[0] == "/*" else -1
        at = edge.end()
    return at


def _after_dollar(sql: str, at: int, mark: str) -> int:
    end = sql.find(mark, at)
    if end < 0:
        raise BadSql(f"a {mark} that is never closed")
    return end + len(mark)
