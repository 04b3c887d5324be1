"""The config of an `http` check in, a Flow out; and its JSON Schema."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from releasegate.checks._http import encode
from releasegate.checks._http.expectations import EXPECT, completed, poll_shape
from releasegate.checks._http.shapes import STATES, BesideConfig, Captures, JsonBody
from releasegate.checks._http.spec import METHODS, Content, Expect, Flow, Part, Request
from releasegate.checks.compose import Headers as HeaderLines
from releasegate.checks.compose import encode_path, filled_path
from releasegate.config.asking import Headers, IdentityName
from releasegate.config.node import Node
from releasegate.config.shape import (
    MISSING,
    Either,
    Field,
    ListOf,
    MapOf,
    Name,
    Number,
    PositiveDuration,
    Reading,
    Shape,
    Table,
    Templated,
    Text,
    UrlText,
)
from releasegate.expect import Demand
from releasegate.model import Level
from releasegate.template import Template, names_in

DEFAULT_TIMEOUT_S = 10.0
MOST_REDIRECTS = 20
BODIES = ("json", "form", "multipart", "text", "file")


PART = Table(
    "a part",
    {
        "file": Field(BesideConfig(), required=True),
        "filename": Field(Text("a file name", re.compile(r"[^\x00-\x1f\x7f]+"))),
        "content_type": Field(Text("a content type", re.compile(r"[^\x00-\x1f\x7f]+"))),
    },
)
SCALAR = Templated()
FORM = MapOf(Either({"text": SCALAR, "number": SCALAR, "boolean": SCALAR, "list": ListOf(SCALAR)}), least=1)
MULTIPART = MapOf(Either({"text": SCALAR, "number": SCALAR, "boolean": SCALAR, "mapping": PART}), least=1)
QUERY = MapOf(Either({"text": SCALAR, "number": SCALAR, "boolean": SCALAR, "null": SCALAR, "list": ListOf(SCALAR)}))

SENT: dict[str, Field] = {
    **{method: Field(UrlText(), says=f"{method.upper()} target:/path") for method in METHODS},
    "query": Field(QUERY, default={}, says="query parameters; a list repeats its name"),
    "headers": Field(Headers(), default=(), says="headers to send"),
    "json": Field(JsonBody(), says="a JSON body"),
    "form": Field(FORM, says="a form body"),
    "multipart": Field(MULTIPART, says="a multipart body: values and files"),
    "text": Field(Templated(), says="a text body"),
    "file": Field(BesideConfig(), says="a body from a file beside the config, at most 10 MiB"),
    "as": Field(IdentityName(), inherits=True, says="who asks: an identity, or nobody"),
    "timeout": Field(
        PositiveDuration(),
        default=DEFAULT_TIMEOUT_S,
        inherits=True,
        says="bound on the request with its redirects; 10s",
    ),
    "follow": Field(
        Number(least=0, most=MOST_REDIRECTS, whole=True),
        default=0,
        inherits=True,
        says="how many redirects to follow; 0",
    ),
}
JUDGED: dict[str, Field] = {
    "poll": Field(poll_shape(), says="ask again until it is so"),
    "states": Field(STATES, says="the states that a polled answer passes"),
    "expect": Field(EXPECT, says="what the answer must be"),
    "capture": Field(Captures(), default=(), says="values of the answer, for the steps that follow"),
}
WITHOUT_BODY = (204, 205, 304)
INHERITED = tuple(key for key, field in SENT.items() if field.inherits)
ONE_METHOD = (METHODS,)
ONE_BODY = (BODIES,)


def _request(values: dict[str, Any], node: Node, ctx: Reading) -> Any:
    """Build a request that is judged. One that could not fail is refused."""
    if _judges_nothing(values, node, ctx):
        return MISSING
    expect, poll = completed(values["expect"] or Expect(), values["poll"])
    return _build({**values, "expect": expect, "poll": poll}, node)


def _cleaning(values: dict[str, Any], node: Node, _ctx: Reading) -> Request:
    return _build({"poll": None, "states": None, "capture": (), **values}, node)


def _judges_nothing(values: dict[str, Any], node: Node, ctx: Reading) -> bool:
    poll, states, expect = values["poll"], values["states"], values["expect"]
    before = len(ctx.problems)
    if states and not poll:
        ctx.report(node.keys["states"], "states needs poll", "poll: {every: 100ms, within: 20s}")
    if poll and states and poll.until:
        ctx.report(node.keys["states"], "a poll ends at until or at the last of states, not at both")
    if poll and not states and not poll.until:
        ctx.report(
            node.keys["poll"], "poll needs until, or states beside it", "poll: {within: 20s, until: {status: 200}}"
        )
    bodies = [e.json or e.body or e.size for e in (expect, poll and poll.until) if e]
    if "head" in node.value and any(bodies):
        ctx.report(node.value["head"], "an answer to HEAD has no body to expect something of", "use get")
    if any(bodies) and any(e and _has_no_body(e.status) for e in (expect, poll and poll.until)):
        ctx.report(
            node.keys["expect" if expect else "poll"], "an answer of this status has no body", "expect its status alone"
        )
    if poll is None and expect is None:
        ctx.report(node, "a request without expect could never fail", "add at least expect: {status: 200}")
    elif poll is None and all(demand.level is Level.WARN for demand in expect.all()):
        ctx.report(node.keys["expect"], "every expectation here only warns: this could never fail", "add a status")
    return len(ctx.problems) > before


def _has_no_body(status: tuple[Demand, ...]) -> bool:
    return any(demand.operator == "equals" and demand.value in WITHOUT_BODY for demand in status)


def _build(values: dict[str, Any], node: Node) -> Request:
    method = next(name for name in METHODS if name in node.value)
    content = _content(values, node)
    headers = encode.default_headers(values["headers"], method, content.form if content else None)
    url, query = values[method], tuple(values["query"].items())
    path = encode_path(url.path)
    names = names_in([url.target, url.whole, path, [v for _, v in query], [v for _, v in headers], values["as"]])
    if isinstance(path, str) and not any(names_in([v for _, v in query])):
        path, query = filled_path(path, _listed(query), {}), ()
    return Request(
        step=values.get("name"),
        method=method.upper(),
        url=url,
        path=path,
        query=_listed(query),
        headers=headers,
        plain_headers=_plain(headers),
        content=encode.prepared(content),
        identity=values["as"],
        timeout_s=values["timeout"],
        follow=values["follow"],
        captures=values["capture"],
        expect=values["expect"] or Expect(),
        poll=values["poll"],
        states=values["states"],
        needs=frozenset(names) | frozenset(_content_names(content)) | frozenset(_expected_names(values["expect"])),
    )


def _plain(headers: tuple[tuple[str, str | Template], ...]) -> HeaderLines | None:
    """Give the headers as they are sent, if they have no holes."""
    plain = tuple((name, value) for name, value in headers if isinstance(value, str))
    return plain if len(plain) == len(headers) else None


def _listed(query: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
    """Give lists of values as lists: that is what a template is filled in."""
    return tuple((name, list(value) if isinstance(value, tuple) else value) for name, value in query)


def _content(values: dict[str, Any], node: Node) -> Content | None:
    form = next((name for name in BODIES if name in node.value), None)
    if form is None:
        return None
    value = values[form]
    if form == "multipart":
        value = tuple(_part(name, part) for name, part in value.items())
    elif form == "form":
        value = dict(_listed(tuple(value.items())))
    return Content(form=form, value=value)


def _part(name: str, part: Any) -> Part:
    return Part(name=name, **part) if isinstance(part, dict) else Part(name=name, value=part)


def _content_names(content: Content | None) -> Iterator[str]:
    if content is None:
        return
    if content.form == "multipart":
        yield from names_in([part.value for part in content.value])
    elif content.form != "file":
        yield from names_in(content.value)


def _expected_names(expect: Expect | None) -> Iterator[str]:
    for demand in expect.all() if expect else ():
        yield from names_in(demand.value)


def _flow(values: dict[str, Any], node: Node, ctx: Reading) -> Any:
    steps = values["steps"]
    names = [step.step for step in steps]
    for index, name in enumerate(names):
        if name in names[:index]:
            at = node.value["steps"].value[index].value["name"]
            return ctx.report(at, f'two steps are named "{name}"', "a step's name says where a sample failed")
    return Flow(steps=steps, cleanup=values["finally"], jar=True)


CLEANING = Table(
    "a finally step",
    {
        "name": Field(Name(), says="what a note calls it"),
        **SENT,
        "expect": Field(EXPECT, says="2xx, 404 or 410 if left out"),
    },
    _cleaning,
    exactly_one=ONE_METHOD,
    at_most_one=ONE_BODY,
)
FINALLY = Field(ListOf(CLEANING, least=1), default=(), says="requests that take away what the sample made")
LONE_REQUEST = Table("a request", {**SENT, **JUDGED}, _request, exactly_one=ONE_METHOD, at_most_one=ONE_BODY)
STEP = Table(
    "a step",
    {"name": Field(Name(), required=True, says="where a sample failed"), **SENT, **JUDGED},
    _request,
    exactly_one=ONE_METHOD,
    at_most_one=ONE_BODY,
)
STEPS = Table(
    "an http check with steps",
    {
        **{key: SENT[key] for key in INHERITED},
        "steps": Field(ListOf(STEP, least=1), required=True, says="requests in their order, each with a name"),
        "finally": FINALLY,
    },
    _flow,
)


class HttpTable(Shape):
    """One request, or named steps; either may end in `finally`."""

    says = "a request, or steps"

    def read(self, node: Node, ctx: Reading) -> Any:
        if not isinstance(node.value, dict):
            return self.wrong(node, ctx)
        with ctx.scoped(), _inheriting(node, ctx):
            if "steps" in node.value:
                return STEPS.read(node, ctx)
            return self._lone(node, ctx)

    @staticmethod
    def _lone(node: Node, ctx: Reading) -> Any:
        request = LONE_REQUEST.read(node.without("finally"), ctx)
        last = node.value.get("finally")
        cleanup = FINALLY.shape.read(last, ctx) if last else ()
        if request is MISSING or cleanup is MISSING:
            return MISSING
        wants_jar = bool(request.follow or request.captures or cleanup)
        return Flow(steps=(request,), cleanup=cleanup, jar=wants_jar)

    def schema(self) -> dict[str, Any]:
        lone = LONE_REQUEST.schema()
        lone["properties"] = {**lone["properties"], "finally": {**FINALLY.shape.schema(), "description": FINALLY.says}}
        return {"anyOf": [lone, STEPS.schema()]}


@contextmanager
def _inheriting(node: Node, ctx: Reading) -> Iterator[None]:
    """Let steps fall back to what stands at the check, and that to the suite's defaults."""
    before = ctx.defaults
    ctx.defaults = {**before, **{key: node.value[key] for key in INHERITED if key in node.value}}
    try:
        yield
    finally:
        ctx.defaults = before
