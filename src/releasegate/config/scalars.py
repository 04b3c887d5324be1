"""Shapes that several tables of the config share: text without holes, headers, paths that stay inside."""

import re
from pathlib import PurePosixPath
from typing import Any

from releasegate.config.node import Node
from releasegate.config.shape import MISSING, MapOf, Reading, Text
from releasegate.template import Template, as_text, compile_text

TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A token of HTTP (RFC 9110, 5.6.2): the name of a header, or of a subprotocol."""
OF_THE_WIRE = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade"})
CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
DRIVE = re.compile(r"[A-Za-z]:")


class CheckName(Text):
    """The name of another check: `suite.check` or `suite.check[value]`."""

    def __init__(self) -> None:
        super().__init__("the name of a check: suite.check")

    def read(self, node: Node, ctx: Reading) -> Any:
        name = super().read(node, ctx)
        if name is not MISSING:
            ctx.refer(node, "check", name)
        return name


class Constant(Text):
    """Text that no sample fills: holes are refused, their escapes resolved. It is never shown in a message."""

    def __init__(self, says: str = "text", *, empty: bool = True) -> None:
        super().__init__(says)
        self.empty = empty

    def read(self, node: Node, ctx: Reading) -> Any:
        text = super().read(node, ctx)
        if text is MISSING:
            return MISSING
        compiled = compile_text(text)
        if isinstance(compiled, Template):
            return ctx.report(node, "{{holes}} are not filled here", "\\{{ stands for a literal {{")
        if not compiled and not self.empty:
            return ctx.report(node, f"expected {self.says}, found nothing", _emptied(node))
        return compiled


def _emptied(node: Node) -> str | None:
    return f"{node.raw} is empty" if node.env is not None else None


class HeaderValue(Constant):
    """A header's value: numbers and booleans are written as JSON writes them."""

    def __init__(self) -> None:
        super().__init__("the value of a header")

    def read(self, node: Node, ctx: Reading) -> Any:
        if node.kind in {"number", "boolean"}:
            return as_text(node.value)
        text = super().read(node, ctx)
        if text is not MISSING and CONTROLS.search(text):
            return ctx.report(node, "the value of a header has no line break or control character")
        return text


class ConstantHeaders(MapOf):
    """Headers without holes, as pairs."""

    def __init__(self) -> None:
        super().__init__(HeaderValue(), key=Text("the name of a header", TOKEN), least=1)

    def read(self, node: Node, ctx: Reading) -> Any:
        before = len(ctx.problems)
        headers = super().read(node, ctx)
        if headers is MISSING or len(ctx.problems) > before:
            return MISSING
        seen: set[str] = set()
        for name in headers:
            if name.lower() in OF_THE_WIRE:
                ctx.report(node.keys[name], f"the header {name} is set by the wire", "leave it out")
            if name.lower() in seen:
                ctx.report(node.keys[name], f"the header {name} stands here twice")
            seen.add(name.lower())
        return MISSING if len(ctx.problems) > before else tuple(headers.items())


class InsidePath(Constant):
    """A relative path that does not leave the directory where it begins: the config's, unless `place` names another."""

    def __init__(self, says: str | None = None, *, place: str = "the config's directory") -> None:
        super().__init__(says or f"a path relative to {place}", empty=False)
        self.place = place

    def read(self, node: Node, ctx: Reading) -> Any:
        text = super().read(node, ctx)
        if text is MISSING:
            return MISSING
        path = PurePosixPath(text)
        if path.is_absolute() or ".." in path.parts or "\\" in text or DRIVE.match(text):
            return ctx.report(node, f"a file stays inside {self.place}", "write a relative path without ..")
        return text
