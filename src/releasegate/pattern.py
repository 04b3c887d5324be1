"""Regular expressions in, matches out, in linear time whatever the pattern and the text: the engine is RE2.

RE2 is loaded when the first pattern is compiled; a gate without patterns never pays for it.
"""

import re
from functools import lru_cache
from typing import Any

from releasegate.config.node import Node
from releasegate.config.shape import MISSING, Reading, Shape

MAX_PATTERN = 4096
LINEAR = "the engine is linear-time, so lookaround and backreferences are not available"


class BadPattern(ValueError):  # noqa: N818 - the name says what it is
    """A pattern that RE2 refuses. `position` counts characters from 0; None when the engine does not say."""

    def __init__(self, message: str, position: int | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.position = position
        self.hint = hint


@lru_cache(maxsize=2048)
def compile_pattern(pattern: str) -> Any:
    """Compile once. Raises BadPattern."""
    if len(pattern) > MAX_PATTERN:
        raise BadPattern(f"a pattern of {len(pattern)} characters; at most {MAX_PATTERN} are allowed")
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise _bad(pattern, error) from None


def _bad(pattern: str, error: Exception) -> BadPattern:
    if isinstance(error, UnicodeEncodeError):
        return BadPattern("a lone surrogate, which is no character", error.start)
    said = error.args[0] if error.args else ""
    message = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    what, colon, piece = message.partition(": ")
    at = pattern.find(piece) if colon and piece else -1
    perl = what == "invalid perl operator" or (what == "invalid escape sequence" and piece[1:2].isdigit())
    return BadPattern(message, at if at >= 0 else None, LINEAR if perl else None)


def _readable(text: str) -> str:
    # RE2 works on UTF-8, and a lone surrogate has none.
    try:
        text.encode()
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udfff]", "\ufffd", text)
    return text


def search(pattern: str, text: str) -> list[str]:
    """Give group 1 of every match if the pattern has a group, else the match. Raises BadPattern."""
    compiled = compile_pattern(pattern)
    group = 1 if compiled.groups else 0
    return [match.group(group) or "" for match in compiled.finditer(_readable(text))]


def matches(pattern: str, text: str) -> bool:
    """Tell whether the pattern matches anywhere in the text. Raises BadPattern."""
    return compile_pattern(pattern).search(_readable(text)) is not None


def literal(text: str) -> str:
    """Give the pattern that matches just this text."""
    return re.sub(r"([^0-9A-Za-z_\u0080-\U0010ffff])", r"\\\1", text).replace("\\\0", "\\x00")


def check(node: Node, ctx: Reading, pattern: str) -> bool:
    """Report a bad pattern at the very character of the config, as far as it is known."""
    try:
        compile_pattern(pattern)
    except BadPattern as error:
        here = Node(node.value, node.line, node.column, node.raw, node.quoted, file=node.file)
        if error.position is not None and node.raw.strip("\"'") == pattern:
            here.column += error.position + (1 if node.quoted else 0)
        ctx.report(here, f"bad pattern: {error}", error.hint or "RE2 syntax; (?i) ignores case")
        return False
    return True


class Regex(Shape):
    """A regular expression in RE2's syntax, as text."""

    says = "a regular expression"

    def read(self, node: Node, ctx: Reading) -> Any:
        if node.kind != "text":
            return self.wrong(node, ctx, "quote it" if node.kind in {"number", "boolean"} else None)
        return node.value if check(node, ctx, node.value) else MISSING

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": MAX_PATTERN}
