"""JSONPath text in, a function from a value to its nodes out: the library's reading of RFC 9535, bounded.

Differs from the library's own environment in two ways: `match` and `search` run on a linear-time engine, and the
work of every segment, also inside a filter, counts towards one bound, so that `$..*..*` over a hostile answer ends.
"""

from collections.abc import Callable, Iterable
from typing import Any

from iregexp_check import check as is_iregexp
from jsonpath_rfc9535.environment import JSONPathEnvironment
from jsonpath_rfc9535.exceptions import JSONPathError
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction
from jsonpath_rfc9535.node import JSONPathNode
from jsonpath_rfc9535.parse import Parser
from jsonpath_rfc9535.segments import JSONPathChildSegment, JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath_rfc9535.selectors import IndexSelector, NameSelector
from jsonpath_rfc9535.tokens import TokenStream

from releasegate import pattern
from releasegate.jsonpath import MAX_NODES, BadPath, TooManyNodes

MAX_WORK = 3 * MAX_NODES


class _Environment(JSONPathEnvironment):
    """One for each compiled path: `left` is what the evaluation under way may still cost."""

    max_recursion_depth = 200

    def __init__(self) -> None:
        self.parser_class = _BoundedParser
        self.left = MAX_WORK
        super().__init__()

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = _Linear(whole=True)
        self.function_extensions["search"] = _Linear(whole=False)

    def spend(self, segment: JSONPathSegment, node: JSONPathNode) -> None:
        """Take off what applying the segment to the node costs: one for a name, the children for all else."""
        children = len(node.value) if isinstance(node.value, (dict, list)) else 1
        for selector in segment.selectors:
            self.left -= 1 if isinstance(selector, (NameSelector, IndexSelector)) else children + 1
        if self.left < 0:
            raise TooManyNodes


class _Child(JSONPathChildSegment):
    env: _Environment

    def resolve(self, nodes: Iterable[JSONPathNode]) -> Iterable[JSONPathNode]:
        for node in nodes:
            self.env.spend(self, node)
            for selector in self.selectors:
                yield from selector.resolve(node)


class _Descent(JSONPathRecursiveDescentSegment):
    env: _Environment

    def resolve(self, nodes: Iterable[JSONPathNode]) -> Iterable[JSONPathNode]:
        for node in nodes:
            for visited in self._visit(node):
                self.env.spend(self, visited)
                for selector in self.selectors:
                    yield from selector.resolve(visited)


class _BoundedParser(Parser):
    def parse_query(self, stream: TokenStream, *, in_filter: bool = False) -> Iterable[JSONPathSegment]:
        for segment in super().parse_query(stream, in_filter=in_filter):
            bounded = _Descent if isinstance(segment, JSONPathRecursiveDescentSegment) else _Child
            yield bounded(env=segment.env, token=segment.token, selectors=segment.selectors)


class _Linear(FilterFunction):
    """`match` (the whole text) and `search` (anywhere) of RFC 9485 patterns."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012 - the library's own declaration
    return_type = ExpressionType.LOGICAL

    def __init__(self, *, whole: bool) -> None:
        self.whole = whole

    def __call__(self, text: object, regex: object) -> bool:
        if not isinstance(text, str) or not isinstance(regex, str) or not is_iregexp(regex):
            return False
        linear = _dots(regex)
        try:
            return pattern.matches(rf"\A(?:{linear})\z" if self.whole else linear, text)
        except pattern.BadPattern:
            return False


def _dots(regex: str) -> str:
    """Write out that a dot of RFC 9485 matches neither a line feed nor a carriage return."""
    out, escaped, within = [], False, False
    for sign in regex:
        if not escaped and not within and sign == ".":
            out.append(r"[^\n\r]")
            continue
        out.append(sign)
        within = within if escaped or sign not in "[]" else sign == "["
        escaped = sign == "\\" and not escaped
    return "".join(out)


def segments_of(text: str) -> tuple[JSONPathSegment, ...]:
    """Give the segments of a path that compiles."""
    return _Environment().compile(text).segments


def compile_query(text: str) -> Callable[[Any], list[JSONPathNode]]:
    """Compile by the library. Raises BadPath."""
    environment = _Environment()
    try:
        query = environment.compile(text)
    except JSONPathError as error:
        position = error.token.index if error.token else None
        raise BadPath(str(error.args[0]) if error.args else "it cannot be read", position) from None
    except RecursionError:
        raise BadPath("nested too deep") from None

    def nodes(value: Any) -> list[JSONPathNode]:
        environment.left = MAX_WORK
        out: list[JSONPathNode] = []
        for node in query.finditer(value):
            out.append(node)
            if len(out) > MAX_NODES:
                raise TooManyNodes
        return out

    return nodes
