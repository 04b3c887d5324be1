"""The config of `expect`, `until` and `poll` in, their demands out."""

from typing import Any

from msgspec.structs import replace

from releasegate.checks._http.spec import Expect, Poll
from releasegate.config.node import Node
from releasegate.config.shape import MISSING, Duration, Field, Reading, Shape, Table
from releasegate.expect import Bound, Demand, JsonExpect, SizeBound, StatusExpect, ValueExpect, bound_s
from releasegate.model import Level

LEAST_EVERY_S = 0.01
NO_ERROR = (Demand("status", "any", ["2xx", "3xx"]),)
FROM_NOW = (Demand("age", "max", 60.0),)


class HeaderExpect(Shape):
    """Header names, of any case, to what their value must be."""

    says = "headers and what they must be"

    def read(self, node: Node, ctx: Reading) -> Any:
        if not isinstance(node.value, dict):
            return self.wrong(node, ctx)
        out: dict[str, Any] = {}
        for name, item in node.value.items():
            if name.lower() in out:
                return ctx.report(node.keys[name], f"the header {name} stands here twice")
            out[name.lower()] = ValueExpect(f"header {name.lower()}").read(item, ctx)
        return MISSING if any(demands is MISSING for demands in out.values()) else tuple(out.items())

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": ValueExpect("header").schema()}


def _expect(values: dict[str, Any], node: Node, ctx: Reading) -> Any:
    expect = Expect(**values)
    if not expect.all():
        return ctx.report(node, "nothing is expected here: this could never fail", "add at least a status")
    return expect


EXPECT = Table(
    "expect",
    {
        "status": Field(StatusExpect(), default=(), says="200, 4xx, or a list of them"),
        "headers": Field(HeaderExpect(), default=(), says="headers of the answer"),
        "json": Field(JsonExpect(), default=(), says="JSONPaths and what they must select"),
        "body": Field(ValueExpect("body"), default=(), says="the body as text"),
        "size": Field(SizeBound(), default=(), says="the body's size"),
        "latency": Field(Bound(), default=(), says="from the request to the last byte"),
        "age": Field(Bound("age"), default=(), says="how long ago a cache may have stored the answer; 60s"),
    },
    _expect,
)


def completed(expect: Expect, poll: Poll | None) -> tuple[Expect, Poll | None]:
    """Add what is demanded of every answer that nobody speaks of: that it is no error, and no old one from a cache.

    Where a poll waits for an answer, that answer is meant, and the poll goes on until it is so.
    """
    until = poll.until if poll else None
    added: dict[str, Any] = {}
    if not expect.status and not (until and until.status):
        added["status"] = NO_ERROR
    if not expect.age and not (until and until.age):
        added["age"] = FROM_NOW
    if poll is None or until is None:
        return replace(expect, **added), poll
    return expect, replace(poll, until=replace(until, **added))


def _poll(values: dict[str, Any], node: Node, ctx: Reading) -> Any:
    within_s, until, every_s = bound_s(values["within"]), values["until"], values["every"]
    if within_s is None or within_s <= 0:
        return ctx.report(node.value["within"], "within needs a bound that fails", "within: {warn: 5s, fail: 20s}")
    if every_s is not None and every_s < LEAST_EVERY_S:
        return ctx.report(node.value["every"], "a poll waits at least 10ms")
    if until and all(demand.level is Level.WARN for demand in until.all()):
        return ctx.report(node.value["until"], "until only warns: a poll needs something to wait for")
    return Poll(every_s=every_s, within=values["within"], within_s=within_s, until=until)


def poll_shape() -> Table:
    return Table(
        "poll",
        {
            "every": Field(Duration(), says="the pause; 100, 250, 500, then 1000 ms if left out"),
            "within": Field(Bound(), required=True, says="how long to ask: a duration, or {warn, fail}"),
            "until": Field(EXPECT, says="ask until the answer is this"),
        },
        _poll,
    )
