"""YAML text in, Nodes with line and column out; and every problem of the text itself.

The events come from libyaml (or PyYAML's own parser where that is missing); what they mean is decided here,
by the core schema of YAML 1.2, because a config must not turn `no` into false or `1:30` into ninety.
"""

import re
from typing import Any, NamedTuple

import yaml

from releasegate.config.node import Node, Problem
from releasegate.config.shape import shown

MAX_BYTES = 2**20
MAX_DEPTH = 64
MAX_NODES = 100_000
MAX_DIGITS = 300

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
NUMBER = (
    r"(?P<int>[-+]?[0-9]+)|(?P<oct>0o[0-7]+)|(?P<hex>0x[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<inf>[-+]?\.(?:inf|Inf|INF))|(?P<nan>\.(?:nan|NaN|NAN))"
)
QUOTING = frozenset("'\"|>")
NUMBERISH = frozenset("0123456789+-.")

QUOTE_BRACES = 'quote text with {{holes}} inside {…} or […]: {get: "api:/orders/{{id}}"}'
QUOTE_IT = "quote it"


class YamlError(Exception):
    """The text cannot be composed at all."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Composed(NamedTuple):
    """`root` is the document; `problems` what is wrong with it short of syntax; `holed` its scalars with `${`."""

    root: Node
    problems: list[Problem]
    holed: list[Node]


def compose(text: str, file: str) -> Composed:
    """Read one document. Raises YamlError on a syntax error, on a second document, and over the bounds."""
    if len(text) > MAX_BYTES or (len(text) * 4 > MAX_BYTES and len(text.encode("utf-8", "replace")) > MAX_BYTES):
        message = f"the file is larger than {MAX_BYTES // 2**20} MiB ({len(text):,} characters)"
        raise YamlError(Problem(file, 1, 1, message, "put suites into files of their own: orders: gate/orders.yml"))
    text = text.removeprefix("\ufeff")
    composer = _Composer(text, file)
    try:
        composer.events = _events(text)
        root = composer.document()
    except yaml.reader.ReaderError as error:
        raise YamlError(_unreadable(error, text, file)) from None
    except UnicodeEncodeError as error:
        raise YamlError(_at(text, error.start, file, "a character that no text has (a lone surrogate)")) from None
    except yaml.MarkedYAMLError as error:
        raise YamlError(_syntax(error, text, file)) from None
    return Composed(root, composer.problems, composer.holed)


def _events(text: str) -> Any:
    try:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]
    except ImportError:
        return yaml.SafeLoader(text)
    return CParser(text)


class _Composer:
    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.events: Any = None
        self.problems: list[Problem] = []
        self.holed: list[Node] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.nodes = 0
        self.lines: list[str] = []

    def document(self) -> Node:
        next_event = self.events.get_event
        next_event()
        event = next_event()
        if isinstance(event, yaml.StreamEndEvent):
            raise YamlError(Problem(self.file, 1, 1, "the file is empty", "write a first config: releasegate init"))
        self._demand_no_directives(event)
        root = self.node(next_event(), 0, flow=False)
        next_event()
        event = next_event()
        if not isinstance(event, yaml.StreamEndEvent):
            raise YamlError(self._problem(event, "a second document begins here", "one file holds one document"))
        return root

    def node(self, event: Any, depth: int, *, flow: bool) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self._count(event, 1)
        before = self.nodes
        if event.tag is not None:
            self.problems.append(
                self._problem(event, f"tags are not allowed, found {shown(event.tag)}", "leave the tag out")
            )
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
        else:
            if depth >= MAX_DEPTH:
                raise YamlError(self._problem(event, f"nested deeper than {MAX_DEPTH} levels"))
            sequence = isinstance(event, yaml.SequenceStartEvent)
            compose_inner = self._sequence if sequence else self._mapping
            node = compose_inner(event, depth + 1, flow=flow or bool(event.flow_style))
        if event.anchor:
            self.anchors[event.anchor] = (node, self.nodes - before + 1)
        return node

    def _count(self, event: Any, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            message = f"more than {MAX_NODES:,} values, counting each alias with all that it stands for"
            raise YamlError(self._problem(event, message, "aliases of aliases grow without bound: write less of them"))

    def _alias(self, event: Any, depth: int) -> Node:
        known = self.anchors.get(event.anchor)
        if known is None:
            message = f'"*{event.anchor}" is an alias, and no anchor "&{event.anchor}" stands before it'
            raise YamlError(self._problem(event, message, "quote text that begins with *"))
        node, size = known
        self._count(event, size)
        if depth + _height(node) > MAX_DEPTH:
            raise YamlError(self._problem(event, f"nested deeper than {MAX_DEPTH} levels by this alias"))
        return node

    def _sequence(self, event: Any, depth: int, *, flow: bool) -> Node:
        items: list[Node] = []
        next_event = self.events.get_event
        while not isinstance(item := next_event(), yaml.SequenceEndEvent):
            items.append(self.node(item, depth, flow=flow))
        mark = event.start_mark
        return Node(items, mark.line + 1, mark.column + 1, file=self.file)

    def _mapping(self, event: Any, depth: int, *, flow: bool) -> Node:
        values: dict[str, Node] = {}
        keys: dict[str, Node] = {}
        next_event = self.events.get_event
        while not isinstance(key_event := next_event(), yaml.MappingEndEvent):
            before = len(self.problems)
            key = self.node(key_event, depth, flow=flow)
            if isinstance(key.value, dict | list):
                del self.problems[before:]
            sound = self._sound_key(key, keys)
            value = self.node(next_event(), depth, flow=flow)
            if not sound:
                continue
            if flow and value.value is None and not value.raw:
                self.problems.append(self._empty(key))
            keys[key.value] = key
            values[key.value] = value
        mark = event.start_mark
        return Node(values, mark.line + 1, mark.column + 1, keys=keys, file=self.file)

    def _sound_key(self, key: Node, keys: dict[str, Node]) -> bool:
        message, hint = "", QUOTE_IT
        if isinstance(key.value, dict | list):
            found = shown(self._line(key.line)[max(0, key.column - 2) :].strip())
            message = f"a {key.kind} cannot be a key, found {found}"
            hint = f"quote text that begins with {{ or [; {QUOTE_BRACES}"
        elif not isinstance(key.value, str):
            message, hint = f"a key is text, found the {key.kind} {shown(key.raw)}", f'quote it: "{key.raw}":'
        elif "${" in key.raw:
            message, hint = f"${{…}} cannot stand in a key, found {shown(key.raw)}", "write the key itself"
        elif key.value in keys:
            message = f"the key {shown(key.value)} stands here twice"
            hint = f"it stood first in line {keys[key.value].line}"
        if message:
            self.problems.append(Problem(self.file, key.line, key.column, message, hint))
        return not message

    def _line(self, number: int) -> str:
        self.lines = self.lines or self.text.splitlines()
        return self.lines[number - 1] if number <= len(self.lines) else ""

    def _empty(self, key: Node) -> Problem:
        message = f"{shown(key.value)} has no value: a comma ends a value inside {{…}}"
        return Problem(self.file, key.line, key.column, message, 'quote text with a comma: {Accept: "a, b"}')

    def _scalar(self, event: Any) -> Node:
        mark, raw = event.start_mark, event.value
        quoted = event.style in QUOTING if event.style else False
        node = Node(raw, mark.line + 1, mark.column + 1, raw, quoted, {}, self.file)
        if not quoted and "${" not in raw:
            node.value = self._plain(raw, event)
        if "${" in raw:
            self.holed.append(node)
        return node

    def _plain(self, raw: str, event: Any) -> Any:
        if raw in NULLS:
            return None
        if raw in BOOLEANS:
            return BOOLEANS[raw]
        if raw.isdecimal() and raw.isascii() and len(raw) <= MAX_DIGITS:
            return int(raw)
        match = re.fullmatch(NUMBER, raw) if raw[0] in NUMBERISH else None
        if match is None:
            return raw
        if len(raw) > MAX_DIGITS:
            self.problems.append(self._problem(event, f"a number of {len(raw)} digits", "quote it if it is text"))
            return 0
        return _number(match)

    def _demand_no_directives(self, event: Any) -> None:
        if event.tags:
            self.problems.append(self._problem(event, "tags are not allowed", "leave the %TAG line out"))

    def _problem(self, event: Any, message: str, hint: str | None = None) -> Problem:
        return Problem(self.file, event.start_mark.line + 1, event.start_mark.column + 1, message, hint)


def _height(node: Node) -> int:
    if not isinstance(node.value, dict | list):
        return 0
    inner = node.value.values() if isinstance(node.value, dict) else node.value
    return 1 + max(map(_height, inner), default=0)


def _number(match: re.Match[str]) -> int | float:
    raw = match[0]
    match match.lastgroup:
        case "int":
            return int(raw)
        case "oct" | "hex":
            return int(raw, 0)
        case "float":
            return float(raw)
        case "inf":
            return float("-inf" if raw[0] == "-" else "inf")
    return float("nan")


def _at(text: str, index: int, file: str, message: str, hint: str | None = None) -> Problem:
    before = text[:index]
    return Problem(file, before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1, message, hint)


def _unreadable(error: Any, text: str, file: str) -> Problem:
    index = next((i for i, char in enumerate(text) if yaml.reader.Reader.NON_PRINTABLE.match(char)), 0)
    code = error.character if isinstance(error.character, int) else ord(text[index : index + 1] or "\0")
    message = f"the character U+{code:04X} is not allowed in YAML"
    return _at(text, index, file, message, 'write it escaped, in double quotes: "\\u0007"')


def _syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    context = error.context or ""
    began_there = "alias" in context or "anchor" in context or "quoted" in context
    mark = (error.context_mark if began_there else None) or error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.splitlines()
    written = lines[line] if line < len(lines) else ""
    rest = written[column:].strip() or written.strip()
    opened = f" that begins in line {error.context_mark.line + 1}" if error.context_mark and "flow" in context else ""
    while_doing = f" {context}{opened}" if context else ""
    place = shown(rest) if rest else "the end of the file"
    message = f"this is not YAML, at {place}: {error.problem}{while_doing}"
    return Problem(file, line + 1, column + 1, message, _remedy(str(error.problem), written, column))


def _remedy(problem: str, written: str, column: int) -> str:
    """Say what the text was probably meant to be: the first reason that applies."""
    char = written[column : column + 1]
    reasons = (
        (char == "\t" or written.startswith("\t"), "indent with spaces: YAML allows no tabs there"),
        ("alphabetic or numeric character" in problem, 'quote text that begins with * or &: "*/*"'),
        ("cannot start any" in problem or "directive" in problem, f"quote text that begins with {char or '%'}"),
        ("{{" in written, QUOTE_BRACES),
        ("mapping values are not allowed" in problem, 'quote text that contains ": ", or look at the indentation'),
        ("',' or '" in problem, "a bracket is not closed, or text inside {…} or […] needs quotes"),
        ("end of stream" in problem, "a quote is not closed"),
    )
    return next((says for applies, says in reasons if applies), "look at the indentation and the quotes before this")
