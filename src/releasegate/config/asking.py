"""Who asks, and with which headers: shapes that every kind uses which speaks as somebody."""

from typing import Any

from releasegate import template
from releasegate.config.model import NOBODY
from releasegate.config.node import Node
from releasegate.config.scalars import OF_THE_WIRE, TOKEN
from releasegate.config.shape import MISSING, MapOf, Reading, Shape, Templated, Text, did_you_mean


class IdentityName(Shape):
    """The name of a declared identity, or `nobody`; it may be a `for:` value."""

    says = "the name of an identity, or nobody"

    def read(self, node: Node, ctx: Reading) -> Any:
        if node.kind != "text":
            return self.wrong(node, ctx)
        compiled = template.compile_text(node.value)
        if isinstance(compiled, str):
            self._refer(node, ctx, compiled)
            return compiled
        ctx.check_holes(node, compiled)
        if len(compiled.names) != 1 or not compiled.names <= ctx.loops.keys():
            return ctx.report(node, "the name of an identity may hold one for: value, nothing else")
        (hole,) = compiled.names
        for value in ctx.loops[hole]:
            self._refer(node, ctx, compiled.text({hole: value}))
        return compiled

    @staticmethod
    def _refer(node: Node, ctx: Reading, name: str) -> None:
        """Demand that it is declared. Many requests inherit one name: what is wrong with it is said once."""
        message = f'unknown identity "{name}"'

        def check() -> None:
            known = ctx.names.get("identity", set())
            said = any((p.line, p.message) == (node.line, message) for p in ctx.problems)
            if name not in known and not said:
                ctx.report(node, message, did_you_mean(name, {*known, NOBODY}))

        if name != NOBODY:
            ctx.defer(check)

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


def is_header_value(value: str) -> bool:
    return value.isascii() and value.isprintable()


class HeaderName(Text):
    """A header that a request may set: not those that the wire itself sets."""

    def __init__(self) -> None:
        super().__init__("the name of a header", TOKEN)

    def read(self, node: Node, ctx: Reading) -> Any:
        name = super().read(node, ctx)
        if name is not MISSING and name.lower() in OF_THE_WIRE:
            return ctx.report(node, f"the header {name} is set by the wire", "leave it out")
        return name


class Headers(MapOf):
    """Headers to send; a constant value that cannot be one is refused here, a filled one when it is sent."""

    def __init__(self) -> None:
        super().__init__(Templated(), key=HeaderName())

    def read(self, node: Node, ctx: Reading) -> Any:
        headers = super().read(node, ctx)
        if headers is MISSING:
            return MISSING
        out: dict[str, tuple[str, str | template.Template]] = {}
        for name, value in headers.items():
            text = value if isinstance(value, (str, template.Template)) else template.as_text(value)
            if isinstance(text, str) and not is_header_value(text):
                return ctx.report(node.value[name], "a header's value is printable ASCII, on one line")
            if name.lower() in out:
                return ctx.report(node.keys[name], f"the header {name} stands here twice")
            out[name.lower()] = (name, text)
        return tuple(out.values())
