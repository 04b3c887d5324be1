"""Markdown in, what GitHub makes of it out: read by its own parser, and by its rules on what it links afterwards.

The parser knows no `@name`, `#12`, `GH-7`, `owner/repo#1`, emoji or math: GitHub looks for them later, in each text of
the page by itself, and not in code. A bare commit hash is linked to that commit of the same repository; it does no harm.
"""

import re
import unicodedata
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

LIVE = re.compile(
    r"""(?ix)
    (?<![\w`]) @ [a-z0-9]          # a mention
    | \# \d                        # an issue, also owner/repo#1
    | \b gh-\d
    | :// | \b www\.               # an address
    | : (?!\d+:) [a-z0-9_+-]+ :    # an emoji
    | \$                           # math
    """,
    re.ASCII,
)
DEAD = {
    "h2", "p", "ul", "ol", "li", "strong", "em", "code", "pre", "br", "span",
    "table", "thead", "tbody", "tr", "th", "td", "details", "summary",
}  # fmt: skip
QUIET = {"code", "pre", "span"}
"""In these GitHub links nothing; a span of ours holds one `$`, which alone begins no math."""
HIDDEN = {"Cc", "Cf", "Cs"}
OURS = "\n\u200b"
"""The gap that parts what GitHub would link."""
HARMLESS_ATTRIBUTES = {("pre", "lang"), ("ol", "start")}


class Page(HTMLParser):
    """What a reader's browser gets: the elements in their order, and the texts that GitHub would link in."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.open: list[str] = []
        self.alive: list[str] = []
        self.shown: list[str] = []
        self.feed(cmarkgfm.github_flavored_markdown_to_html(source, Options.CMARK_OPT_UNSAFE))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.alive += [f"<{tag} {name}>" for name, _ in attrs if (tag, name) not in HARMLESS_ATTRIBUTES]
        self.alive += [] if tag in DEAD else [f"<{tag}>"]
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")
        if not self.open or self.open.pop() != tag:
            self.alive.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.shown.append(data)
        self.alive += [repr(char) for char in data if unicodedata.category(char) in HIDDEN and char not in OURS]
        if not QUIET.intersection(self.open):
            self.alive += [found[0] for found in LIVE.finditer(data)]

    def handle_comment(self, data: str) -> None:
        self.alive.append(f"<!--{data}")
