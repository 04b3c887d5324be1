r"""Text that others wrote in, text that cannot act out: on a terminal, in a log, in Markdown.

What staging, a test or a branch name says is hostile until shown otherwise. Nothing is dropped: what would act
or hide is written as an escape (`\x1b`, `\u202e`), so that a reader sees that it was there.
"""

import re

_HIDDEN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: escape sequences begin here
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, joiners, fillers
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2"  # Arabic and Syriac signs of category Cf
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, bidi
    "\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\ud800-\udfff"  # lone surrogates: not encodable
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"  # tags and variation selectors: text that nobody sees
    "]"
)
_NEWLINE = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_NOTATIONS = ((0x100, "\\x{:02x}"), (0x10000, "\\u{:04x}"), (0x110000, "\\U{:08x}"))
_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\[)")

_GAP = "&#8203;"
_ACTIVE = re.compile(
    r"(?P<special>[\\`*_\[\]~])"
    r"|(?P<entity>[<>&|$])"
    r"|(?P<hash>#)"
    r"|(?P<gap>@|/(?=/)|:(?=[\w+-]+:)|(?i:www)(?=\.)|(?i:gh-)(?=\d))"
)
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;", "$": "<span>$</span>"}
_LEADING = re.compile(r"^(\d{0,9})([-+=:.)])")
_BACKTICKS = re.compile("`+")
_IN_CODE = re.compile(r"(?i:(?<=www))\.|/(?=/)|[^\w\s,/.-]|_", re.ASCII)


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    return next(mark.format(code) for ceiling, mark in _NOTATIONS if code < ceiling)


def for_terminal(text: str) -> str:
    """Give one line in which controls, escape sequences, bidi and invisible characters are seen, not obeyed."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(_escape, text)


def for_log(text: str) -> str:
    """Give one line that a runner does not take for a workflow command, wherever the line begins."""
    text = for_terminal(text)
    if "::" not in text and "##[" not in text:
        return text
    return _COMMAND.sub(lambda m: (m[1] or "") + f"\\x{ord(m[0][-1]):02x}", text)


def lines(text: str) -> list[str]:
    """Give the lines of a longer text, each safe for a terminal; tabs become spaces."""
    return [for_terminal(line.expandtabs(4)) for line in _NEWLINE.split(text)]


def for_markdown(text: str) -> str:
    """Give inline Markdown that shows the text itself: no link, mention, image, HTML, reference, emoji or block.

    An invisible gap (U+200B) parts what GitHub links after rendering (`@name`, `#12`, `https://`). GitHub still
    links a bare commit hash of the same repository, to that commit.
    """
    text = for_terminal(text).strip()
    if text.isalnum() and text.isascii() and text[:3].lower() != "www":
        return text
    return _LEADING.sub(r"\1\\\2", _ACTIVE.sub(_inert, text))


def _inert(match: re.Match[str]) -> str:
    char = match.group()
    if match.lastgroup == "special":
        return "\\" + char
    if match.lastgroup == "entity":
        return _ENTITIES[char]
    return ("\\#" if char == "#" else char) + _GAP


def code_span(text: str, *, cell: bool = False) -> str:
    """Give the text as inline code, in which GitHub links nothing; with `cell` also safe in a table."""
    text = for_terminal(text)
    if cell and ("|" in text or "`" in text):
        return f"<code>{_IN_CODE.sub(_entity, text)}</code>"
    if "`" not in text:
        edge = " " if text[:1] == text[-1:] == " " and text.strip() else ""
        return f"`{edge}{text or ' '}{edge}`"
    fence = "`" * (1 + max(len(run) for run in _BACKTICKS.findall(text)))
    return f"{fence} {text} {fence}"


def _entity(match: re.Match[str]) -> str:
    char = match.group()
    if char == ".":
        return _GAP + char
    return f"&#{ord(char)};" + (_GAP if char in "@:#/" else "")


def code_block(text: str) -> str:
    """Give the text as a fenced block, whose fence is longer than any run of backticks in it."""
    body = "\n".join(lines(text))
    fence = "`" * max(3, 1 + max(map(len, _BACKTICKS.findall(body)), default=0))
    return f"{fence}text\n{body}\n{fence}"
