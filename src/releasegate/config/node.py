"""A parsed YAML value that still knows where it stands; and the problems that point there."""

from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from releasegate.foreign import for_log
from releasegate.model import Guarded

if TYPE_CHECKING:
    from collections.abc import Iterator


class Node(Guarded, Struct):
    """`value` is a scalar (str, int, float, bool, None), a list of Nodes, or a dict of str to Node.

    `keys` holds the key nodes of a mapping by name, so that an error about a key can point at the key.
    `line` and `column` count from 1. `raw` is the scalar as written; `quoted` tells `"5"` from `5`.
    """

    HIDDEN: ClassVar[tuple[str, ...]] = ("env",)

    value: Any
    line: int
    column: int
    raw: str = ""
    quoted: bool = False
    keys: "dict[str, Node]" = {}
    file: str = ""
    env: tuple[str, ...] | None = None
    """The values of the environment that were put into this scalar; None when it holds no `${NAME}`."""

    @property
    def kind(self) -> str:
        match self.value:
            case dict():
                return "mapping"
            case list():
                return "list"
            case bool():
                return "boolean"
            case None:
                return "null"
            case int() | float():
                return "number"
        return "text"

    def walk(self) -> "Iterator[Node]":
        """Give this node and all below it."""
        yield self
        match self.value:
            case dict():
                for item in self.value.values():
                    yield from item.walk()
            case list():
                for item in self.value:
                    yield from item.walk()

    def without(self, *keys: str) -> "Node":
        """Give a mapping without some of its keys, at the same place."""
        kept = {key: item for key, item in self.value.items() if key not in keys}
        return Node(kept, self.line, self.column, keys=self.keys, file=self.file)

    def plain(self) -> Any:
        """Give the JSON value without positions."""
        match self.value:
            case dict():
                return {key: node.plain() for key, node in self.value.items()}
            case list():
                return [node.plain() for node in self.value]
        return self.value


class Problem(Struct, frozen=True):
    """One error of a config file: where, what is wrong, and what to do."""

    file: str
    line: int
    column: int
    message: str
    hint: str | None = None
    warning: bool = False

    @property
    def place(self) -> tuple[str, int, int]:
        return self.file, self.line, self.column

    def __str__(self) -> str:
        """Say it in a line, and advice in another: a config may quote anything, and a runner reads what is printed."""
        advice = f"\n    {for_log(self.hint)}" if self.hint else ""
        return f"{for_log(self.file)}:{self.line}:{self.column}: {for_log(self.message)}{advice}"
