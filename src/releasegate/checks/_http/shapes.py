"""What may stand at the single places of an `http` check: bodies, files, captures, states."""

import re
from typing import Any

from releasegate.checks._http.spec import Capture, File, States
from releasegate.config.node import Node
from releasegate.config.scalars import TOKEN
from releasegate.config.shape import (
    MISSING,
    Duration,
    Either,
    Field,
    JsonValue,
    ListOf,
    MapOf,
    Reading,
    Table,
    Text,
)
from releasegate.jsonpath import PathText
from releasegate.pattern import Regex


class JsonBody(JsonValue):
    """A JSON value that can be sent."""

    def read(self, node: Node, ctx: Reading) -> Any:
        before = len(ctx.problems)
        value = super().read(node, ctx)
        return MISSING if len(ctx.problems) > before else value


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
                "header": Field(Text("the name of a header", TOKEN), says="a header of the answer"),
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
