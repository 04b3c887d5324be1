"""JSONPath text in, a compiled path out; a path and a JSON value in, the nodes out. RFC 9535.

Paths of names, indices and wildcards are read here; every other path is read by the library `jsonpath-rfc9535`,
which costs 40 ms to import and is loaded only then.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from releasegate.config.node import Node
from releasegate.config.shape import MISSING, Reading, Shape

MAX_NODES = 100_000
MAX_PATH = 4096

Location = tuple[str | int, ...]

# Names of ASCII letters only: a pattern of all that RFC 9535 allows takes 5 ms to build at every start.
_SEGMENT = re.compile(
    r"\.(?P<name>[A-Za-z_][0-9A-Za-z_]*)(?![^\x00-\x7f])"
    r"|(?P<wild>\.\*|\[\*\])"
    r"|\[(?P<index>0|-?[1-9][0-9]{0,14})\]"
    r"|\['(?P<single>[^'\\\x00-\x1f]*)'\]"
    r'|\["(?P<double>[^"\\\x00-\x1f]*)"\]'
)


class _Wild:
    """Every child of a node."""


WILD = _Wild()


class BadPath(ValueError):  # noqa: N818 - the name says what it is
    """A path that RFC 9535 does not allow. `position` counts characters from 0; None when it is not known."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class TooManyNodes(ValueError):  # noqa: N818 - what staging sent is too much, not an error of ours
    """A path that would visit more than MAX_NODES nodes of this value."""

    def __init__(self) -> None:
        super().__init__(f"the path visits more than {MAX_NODES:,} nodes")


class Path:
    """A compiled path. `steps` are the names, indices and WILD of a plain path; None for any other."""

    __slots__ = ("_library", "steps", "text")

    def __init__(self, text: str, steps: tuple[Any, ...] | None, library: Any = None) -> None:
        self.text = text
        self.steps = steps
        self._library = library

    def select(self, value: Any) -> list[Any]:
        """Give the values of all nodes, in the order of the RFC. Raises TooManyNodes."""
        if self.steps is None:
            return [node.value for node in self._library(value)]
        nodes = [value]
        for step in self.steps:
            nodes = _children(nodes, step)
            if len(nodes) > MAX_NODES:
                raise TooManyNodes
        return nodes

    def locate(self, value: Any) -> list[Location]:
        """Give where each node stands: the names and indices from the root. Raises TooManyNodes."""
        if self.steps is None:
            return [node.location for node in self._library(value)]
        places: list[tuple[Location, Any]] = [((), value)]
        for step in self.steps:
            places = [((*at, key), child) for at, parent in places for key, child in _keyed(parent, step)]
            if len(places) > MAX_NODES:
                raise TooManyNodes
        return [at for at, _ in places]


def _children(nodes: list[Any], step: Any) -> list[Any]:
    if isinstance(step, str):
        return [node[step] for node in nodes if isinstance(node, dict) and step in node]
    if isinstance(step, int):
        return [node[step] for node in nodes if isinstance(node, list) and -len(node) <= step < len(node)]
    out: list[Any] = []
    for node in nodes:
        if isinstance(node, dict):
            out.extend(node.values())
        elif isinstance(node, list):
            out.extend(node)
        if len(out) > MAX_NODES:
            raise TooManyNodes
    return out


def _keyed(parent: Any, step: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(step, str):
        return [(step, parent[step])] if isinstance(parent, dict) and step in parent else []
    if isinstance(step, int):
        fits = isinstance(parent, list) and -len(parent) <= step < len(parent)
        return [(step % len(parent), parent[step])] if fits else []
    if isinstance(parent, dict):
        return parent.items()
    return enumerate(parent) if isinstance(parent, list) else []


@lru_cache(maxsize=16384)
def compile_path(text: str) -> Path:
    """Compile once. Raises BadPath."""
    if len(text) > MAX_PATH:
        raise BadPath(f"a path of {len(text)} characters; at most {MAX_PATH} are allowed")
    steps = _plain(text)
    return Path(text, steps) if steps is not None else Path(text, None, _by_library(text))


def _plain(text: str) -> tuple[Any, ...] | None:
    """Read a path of names, indices and wildcards; None if it is anything else, right or wrong."""
    if text[:1] != "$" or not (text.isascii() or _encodable(text)):
        return None
    steps: list[Any] = []
    at = 1
    while at < len(text):
        match = _SEGMENT.match(text, at)
        if match is None:
            return None
        at = match.end()
        kind, found = match.lastgroup, match.group(match.lastgroup or 0)
        steps.append(WILD if kind == "wild" else int(found) if kind == "index" else found)
    return tuple(steps)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _by_library(text: str) -> Any:
    from releasegate import jsonpath_library

    return jsonpath_library.compile_query(text)


class PathText(Shape):
    """A JSONPath; reads to its text, having compiled it."""

    says = "a JSONPath such as $.status"

    def read(self, node: Node, ctx: Reading) -> Any:
        if node.kind != "text":
            return self.wrong(node, ctx, "quote it" if node.kind != "null" else None)
        return node.value if check(node, ctx, node.value) else MISSING

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\$", "maxLength": MAX_PATH}


def check(node: Node, ctx: Reading, text: str) -> bool:
    """Report a bad path at the very character of the config, as far as it is known."""
    if "{{" in text:
        ctx.report(node, f'a path takes no {{{{holes}}}}: "{text}"', "put the hole into what is demanded of the path")
        return False
    try:
        compile_path(text)
    except BadPath as error:
        here = Node(node.value, node.line, node.column, node.raw, node.quoted, file=node.file)
        if error.position is not None and node.raw.strip("\"'") == text:
            here.column += error.position + (1 if node.quoted else 0)
        hint = (
            "a path begins with $: $.status" if not text.startswith("$") else "RFC 9535: $.name, $['name'], $[0], $[*]"
        )
        ctx.report(here, f'bad JSONPath "{text[:80]}": {error}', hint)
        return False
    return True
