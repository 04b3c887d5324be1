"""What may stand at the single places of an `http` check: identities, headers, files, captures, states."""

import re
from typing import Any

from releasegate.checks._http import encode
from releasegate.checks._http.spec import NOBODY, Capture, File, States
from releasegate.config.node import Node
from releasegate.config.shape import (
    MISSING,
    Duration,
    Either,
    Field,
    JsonValue,
    ListOf,
    MapOf,
    Reading,
    Shape,
    Table,
    Templated,
    Text,
    did_you_mean,
)
from releasegate.jsonpath import PathText
from releasegate.pattern import Regex
from releasegate.template import Template, compile_text

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
OF_THE_WIRE = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade"})


class JsonBody(JsonValue):
    """A JSON value that can be sent."""

    def read(self, node: Node, ctx: Reading) -> Any:
        before = len(ctx.problems)
        value = super().read(node, ctx)
        return MISSING if len(ctx.problems) > before else value


class IdentityName(Shape):
    """The name of a declared identity, or `nobody`; it may be a `for:` value."""

    says = "the name of an identity, or nobody"

    def read(self, node: Node, ctx: Reading) -> Any:
        if node.kind != "text":
            return self.wrong(node, ctx)
        compiled = compile_text(node.value)
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


class HeaderName(Text):
    """A header that a request may set: not those that the wire itself sets."""

    def __init__(self) -> None:
        super().__init__("the name of a header", HEADER_NAME)

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
        out: dict[str, tuple[str, str | Template]] = {}
        for name, value in headers.items():
            text = value if isinstance(value, (str, Template)) else encode.as_text(value)
            if isinstance(text, str) and not encode.is_header_value(text):
                return ctx.report(node.value[name], "a header's value is printable ASCII, on one line")
            if name.lower() in out:
                return ctx.report(node.keys[name], f"the header {name} stands here twice")
            out[name.lower()] = (name, text)
        return tuple(out.values())


class BesideConfig(Text):
    """A file in the config's directory or below."""

    def __init__(self) -> None:
        super().__init__("a path relative to the config's directory")

    def read(self, node: Node, ctx: Reading) -> Any:
        text = super().read(node, ctx)
        if text is MISSING:
            return MISSING
        if not text or text.startswith("/") or ".." in text.split("/") or "\\" in text or ":" in text:
            return ctx.report(node, "a file stays inside the config's directory", "write a relative path without ..")
        return File(config=node.file, path=text)


CAPTURE = Either(
    {
        "text": PathText(),
        "mapping": Table(
            "a capture",
            {
                "header": Field(Text("the name of a header", HEADER_NAME), says="a header of the answer"),
                "cookie": Field(Text("the name of a cookie"), says="a cookie that was set"),
                "body": Field(Regex(), says="a regex on the body; its group is what is captured"),
            },
            exactly_one=(("header", "cookie", "body"),),
        ),
    },
    says="a JSONPath, or one of header, cookie, body",
)


class Captures(MapOf):
    """Names to what of the answer they stand for; they come into scope for the steps that follow."""

    def __init__(self) -> None:
        super().__init__(
            CAPTURE, key=Text("a name of letters, digits, _ and -", re.compile(r"[A-Za-z0-9_-]+")), least=1
        )

    def read(self, node: Node, ctx: Reading) -> Any:
        captures = super().read(node, ctx)
        if captures is MISSING:
            return MISSING
        for name in captures:
            ctx.capture(node.keys[name], name)
        return tuple(_capture(name, found) for name, found in captures.items())


def _capture(name: str, found: Any) -> Capture:
    if isinstance(found, str):
        return Capture(name=name, source="json", of=found)
    source = next(key for key, value in found.items() if value is not None)
    return Capture(name=name, source=source, of=found[source])


def _states(values: dict[str, Any], node: Node, ctx: Reading) -> Any:
    order, never = values["order"], values["never"]
    for name in ("order", "never"):
        if len(set(values[name])) != len(values[name]):
            return ctx.report(node.value[name], f"a state stands twice in {name}")
    both = sorted(set(order) & set(never))
    if both:
        return ctx.report(node.value["never"], f'"{both[0]}" stands in order and in never')
    return States(at=values["at"], order=order, never=never, stuck_s=values["stuck"])


STATES = Table(
    "states",
    {
        "at": Field(PathText(), required=True, says="where an answer says its state"),
        "order": Field(ListOf(Text("a state"), least=1), required=True, says="the states in their order"),
        "never": Field(ListOf(Text("a state")), default=(), says="states that fail at once"),
        "stuck": Field(Duration(), says="how long a state may last"),
    },
    _states,
)
