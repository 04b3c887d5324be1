"""The config of a `websocket` check in, a Flow out; and its JSON Schema."""

from typing import Any

from msgspec.structs import replace

from releasegate.checks._websocket.spec import SWITCHING, Awaited, Flow
from releasegate.checks.compose import encode_path
from releasegate.config.asking import Headers, IdentityName
from releasegate.config.node import Node
from releasegate.config.scalars import TOKEN
from releasegate.config.shape import (
    MISSING,
    Boolean,
    Either,
    Field,
    JsonValue,
    ListOf,
    PositiveDuration,
    Reading,
    Shape,
    Table,
    Templated,
    Text,
    UrlText,
)
from releasegate.expect import Bound, JsonExpect, StatusExpect, bound_s
from releasegate.expect.text import duration
from releasegate.jsonpath import PathText

DEFAULT_TIMEOUT_S = 30.0
MOST_EVENTS = 100
MESSAGE = Either(
    {"mapping": JsonValue(), "list": JsonValue(), "text": Templated()}, says="a JSON mapping or list, or a text"
)
EVENT = Table(
    "an event",
    {
        "within": Field(Bound("within"), default=(), says="how long after the one before, or after the send"),
        "json": Field(JsonExpect(), default=(), says="JSONPaths of the message and what they must select"),
        "optional": Field(Boolean(), default=False, says="it may come; if it does, it is judged"),
        "send": Field(MESSAGE, says="a message to send once it came"),
    },
)
EXPECT = Table(
    "expect",
    {
        "status": Field(StatusExpect(), says="what the upgrade is answered with; 101"),
        "latency": Field(Bound(), default=(), says="how long connecting and upgrading may take"),
    },
)


class EventName(Text):
    """The name of an event, as messages say it."""

    def __init__(self) -> None:
        super().__init__("the name of an event")

    def read(self, node: Node, ctx: Reading) -> Any:
        name = super().read(node, ctx)
        if name is not MISSING and (not name or "{{" in name or not name.isprintable()):
            return ctx.report(node, "the name of an event is plain text, on one line, not empty")
        return name


class EventItem(Shape):
    """`agent_started`, or `agent_started: {within: 2s}`."""

    says = "an event such as agent_started: {within: 2s}"

    def read(self, node: Node, ctx: Reading) -> Any:
        if not isinstance(node.value, dict):
            name = EventName().read(node, ctx)
            return MISSING if name is MISSING else Awaited(name=name, label=name)
        if len(node.value) != 1:
            return self.wrong(node, ctx, "one event an item: write each with a - of its own")
        ((key, item),) = node.value.items()
        name = EventName().read(node.keys[key], ctx)
        values = EVENT.read(item, ctx)
        if name is MISSING or values is MISSING:
            return MISSING
        within_s = bound_s(values["within"])
        if within_s is not None and within_s <= 0:
            return ctx.report(item.value["within"], "nothing comes within 0s")
        return Awaited(name=name, label=name, within_s=within_s, **values)

    def schema(self) -> dict[str, Any]:
        one = {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": EVENT.schema()}
        return {"anyOf": [{"type": "string"}, one]}


def _flow(values: dict[str, Any], node: Node, ctx: Reading) -> Any:
    if _is_wrong(values, node, ctx) or not _fit(values["events"], values["timeout"], node, ctx):
        return MISSING
    expect = values["expect"] or {"status": None, "latency": ()}
    asked = {"status": expect["status"]} if expect["status"] else {}
    flow = Flow(
        url=values["connect"],
        path=encode_path(values["connect"].path),
        identity=values["as"],
        headers=values["headers"],
        subprotocols=values["subprotocols"],
        timeout_s=values["timeout"],
        send=values["send"],
        event=values["event"],
        where=values["where"],
        events=_labelled(values["events"]),
        never=values["never"],
        latency=expect["latency"],
        **asked,
    )
    _warn_of_strangers(flow, node, ctx)
    return flow


def _warn_of_strangers(flow: Flow, node: Node, ctx: Reading) -> None:
    """Warn where an answer is awaited, and neither what picks it nor what it must hold is this sample's own."""
    if not flow.sends or flow.where or flow.knows_its_answers:
        return
    hint = 'send {{nonce}}, and pick by it what comes back: where: {$.id: "{{nonce}}"}'
    place = node.keys["send" if flow.send is not None else "events"]
    ctx.warn(place, "without where, another client's answer is taken for ours", hint)


def _labelled(events: tuple[Awaited, ...]) -> tuple[Awaited, ...]:
    """Tell events of one name apart: the second `tick` is `tick#2`."""
    names, told = {event.name for event in events}, []
    for index, event in enumerate(events):
        number = 1 + sum(earlier.name == event.name for earlier in events[:index])
        label = event.name if number == 1 else f"{event.name}#{number}"
        while number > 1 and label in names:
            label += "#"
        told.append(replace(event, label=label))
    return tuple(told)


def _fit(events: tuple[Awaited, ...], timeout_s: float, node: Node, ctx: Reading) -> bool:
    """Refuse a bound that the sample's end comes before."""
    before = len(ctx.problems)
    for index, event in enumerate(events):
        longest_s = max((demand.value for demand in event.within), default=0.0)
        if longest_s > timeout_s:
            (item,) = node.value["events"].value[index].value.values()
            said = f"within {duration(longest_s)} is longer than the sample's {duration(timeout_s)}"
            ctx.report(item.value["within"], said, "raise timeout")
    return len(ctx.problems) == before


def _is_wrong(values: dict[str, Any], node: Node, ctx: Reading) -> bool:
    """Refuse what could never fail, and what contradicts itself."""
    before = len(ctx.problems)
    events, expect = values["events"], values["expect"]
    if values["connect"].whole is not None:
        ctx.report(node.value["connect"], "a WebSocket is opened at target:/path", "declare its origin as a target")
    if not events and expect is None:
        hint = "list the events that must come, or at least expect: {status: 101}"
        ctx.report(node, "a websocket check without events or expect demands nothing", hint)
    if not events:
        for key in ("send", "event", "where", "never"):
            if key in node.value:
                ctx.report(node.keys[key], f"{key} needs events: nothing would be waited for", "list them in events")
    else:
        _check_events(values, node, ctx)
    return len(ctx.problems) > before


def _check_events(values: dict[str, Any], node: Node, ctx: Reading) -> None:
    events, expect = values["events"], values["expect"]
    items = node.value["events"].value
    if len(events) > MOST_EVENTS:
        ctx.report(node.value["events"], f"more than {MOST_EVENTS} events")
    if expect and expect["status"] and not _is_switching(expect["status"]):
        ctx.report(
            node.value["expect"].value["status"],
            "events come only after an upgrade: their status is 101",
            "a refusal is a check of its own, without events",
        )
    _check_optional(events, items, ctx)
    if events[-1].optional:
        ctx.report(items[-1], "nothing would wait for an optional event at the end", "end with one that must come")
    for name in values["never"]:
        if any(awaited.name == name for awaited in events):
            ctx.report(node.value["never"], f'"{name}" stands in events and in never')


def _check_optional(events: tuple[Awaited, ...], items: list[Node], ctx: Reading) -> None:
    """Refuse an optional event that takes the message for which the next one that must come waits."""
    for index, event in enumerate(events):
        required = next((other for other in events[index:] if not other.optional), None)
        if event.optional and required is not None and required.name == event.name:
            ctx.report(items[index], f'an optional "{event.name}" before one that must come: which is which?')


def _is_switching(status: Any) -> bool:
    return len(status) == 1 and status[0].operator == "equals" and status[0].value == SWITCHING


FIELDS: dict[str, Field] = {
    "connect": Field(UrlText(), required=True, says="target:/path of the WebSocket"),
    "as": Field(IdentityName(), inherits=True, says="who connects: an identity, or nobody"),
    "headers": Field(Headers(), default=(), says="headers of the upgrade"),
    "subprotocols": Field(ListOf(Text("a token", TOKEN), least=1), default=(), says="offered, the first preferred"),
    "timeout": Field(PositiveDuration(), default=DEFAULT_TIMEOUT_S, inherits=True, says="bound on one sample; 30s"),
    "send": Field(MESSAGE, says="the message that asks: JSON, or a text"),
    "event": Field(PathText(), default="$.type", says="where a message says what it is; $.type"),
    "where": Field(JsonExpect(), default=(), says="only messages of which this is so are ours"),
    "events": Field(
        ListOf(EventItem(), least=1), default=(), says="the events, in their order; others may come between"
    ),
    "never": Field(ListOf(EventName(), least=1), default=(), says="events of ours that fail at once"),
    "expect": Field(EXPECT, says="what the upgrade is answered with, and how fast"),
}
TABLE = Table("a websocket check", FIELDS, _flow)
