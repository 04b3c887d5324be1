"""The `targets:` of a config in, Targets out. A url's userinfo and query are secrets and stand in no message."""

import re
from base64 import b64encode
from pathlib import PurePath
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from releasegate.config.environ import PLACEHOLDER
from releasegate.config.model import DEFAULT_MAX_BODY, DEFAULT_SETTLE, DEFAULT_TARGET_CONCURRENCY, Revision, Target
from releasegate.config.node import Node
from releasegate.config.scalars import Constant, ConstantHeaders
from releasegate.config.shape import (
    MISSING,
    Boolean,
    Duration,
    Field,
    ListOf,
    MapOf,
    Name,
    Number,
    Reading,
    Size,
    Table,
    Text,
    UrlText,
    did_you_mean,
)
from releasegate.jsonpath import PathText
from releasegate.pattern import Regex

PORTS = {
    "http": 80, "https": 443, "ws": 80, "wss": 443, "tcp": None,
    "redis": 6379, "rediss": 6379, "postgres": 5432, "postgresql": 5432,
}  # fmt: skip
WITH_PATHS = frozenset({"http", "https", "ws", "wss"})
SECURE = frozenset({"https", "wss"})
WITH_DATABASE = frozenset({"redis", "rediss", "postgres", "postgresql"})

ILL = re.compile(r"[\x00-\x20\x7f\\<>\"^`{|}]")
HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
HOST_PATTERN = re.compile(r"(?:\*\.)?[A-Za-z0-9_.:-]+")
MOST_AT_ONCE = 10_000
DEPLOYMENT_URL = "RELEASEGATE_DEPLOYMENT_URL"
"""What a deployment says of itself, to the variable of this name: whoever may deploy chooses it."""
UNSET = re.compile(rf"{PLACEHOLDER}[a-z0-9-]+")


class UrlOfTarget(Constant):
    """An origin with a path prefix: gives the parts of it."""

    def __init__(self) -> None:
        super().__init__(f"a url: {', '.join(PORTS)}://host:port/prefix", empty=False)

    def read(self, node: Node, ctx: Reading) -> Any:
        text = super().read(node, ctx)
        if text is MISSING:
            return MISSING
        if ctx.lenient and (unset := UNSET.search(text)):
            text = f"https://{unset[0]}.invalid"
        parts = split(text)
        problem = parts if isinstance(parts, str) else _problem(parts)
        if isinstance(parts, str) or problem:
            return ctx.report(
                node,
                f'"{node.raw if node.env is not None else _safe(text)}" is not the url of a target: {problem}',
                _remedy(parts),
            )
        return text, parts


def split(text: str) -> SplitResult | str:
    """Split a url; a sentence that holds nothing of it when it is none."""
    if ILL.search(text):
        return "it holds a blank or a character that no url has"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return "its host or port cannot be read"
    return parts


def _problem(parts: SplitResult) -> str | None:
    scheme, host = parts.scheme, parts.hostname or ""
    checks = (
        (scheme not in PORTS, f"its scheme is none of {', '.join(PORTS)}"),
        (not host, "it has no host"),
        (bool(host) and not HOST.fullmatch(_ascii(host)), "its host is not a name or an address"),
        (scheme == "tcp" and not parts.port, "tcp has no default port"),
        (parts.port == 0, "port 0 is none"),
        (bool(parts.fragment), "it has a #fragment"),
        (bool(parts.query) and scheme not in WITH_DATABASE, "it has a ?query"),
        (scheme == "tcp" and parts.path not in {"", "/"}, "tcp has no path"),
    )
    return next((says for wrong, says in checks if wrong), None)


def _remedy(parts: SplitResult | str) -> str | None:
    if isinstance(parts, str):
        return None
    if parts.scheme and parts.scheme not in PORTS and "://" in parts.geturl():
        return did_you_mean(parts.scheme, PORTS)
    if parts.scheme not in PORTS:
        return "write it with its scheme: https://staging.example.com"
    if parts.query:
        return "a query stands at the checks"
    return "tcp://host:port" if parts.scheme == "tcp" else None


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _safe(text: str) -> str:
    """Leave out what could be a secret: all before the last @, and the query."""
    scheme, mark, rest = text.rpartition("://")
    return (scheme + mark + rest.rpartition("@")[2]).partition("?")[0]


def password_of(text: str) -> str:
    """Give the password of a url as written there, empty if it has none."""
    parts = split(text)
    return "" if isinstance(parts, str) else parts.netloc.rpartition("@")[0].partition(":")[2]


def secrets_of(text: str) -> tuple[str, ...]:
    """Give the parts of a url that must not be shown: userinfo whole and in its parts, and query values."""
    parts = split(text)
    if isinstance(parts, str):
        return ()
    userinfo = parts.netloc.rpartition("@")[0]
    user, _, password = userinfo.partition(":")
    query = [value for _, value in parse_qsl(parts.query)] + [
        pair.partition("=")[2] for pair in parts.query.split("&") if pair
    ]
    shown_anyway = {parts.scheme, parts.hostname, "postgres"}
    names = [] if user in shown_anyway else [user, unquote(user)]
    found = [userinfo, password, unquote(password), *names, *query]
    return tuple(dict.fromkeys(value for value in found if value))


def _revision(values: dict[str, Any], _node: Node, _ctx: Reading) -> Revision:
    return Revision(
        get=values["get"],
        at=values["at"],
        header=values["header"],
        body=values["body"],
        wait_s=values["wait"],
        settle=values["settle"],
    )


REVISION = Table(
    "a revision",
    {
        "get": Field(UrlText(implicit=True), required=True, says="the path that says which commit runs"),
        "at": Field(PathText(), says="JSONPath to the commit in the answer"),
        "header": Field(Text("the name of a header"), says="the header that holds the commit"),
        "body": Field(Regex(), says="a regex on the body; its group is the commit"),
        "wait": Field(Duration(), default=0.0, says="how long to wait for the deployment to arrive"),
        "settle": Field(
            Number(least=1, most=100, whole=True), default=DEFAULT_SETTLE, says="so many equal answers in a row; 3"
        ),
    },
    _revision,
    exactly_one=(("at", "header", "body"),),
)


def _target(values: dict[str, Any], node: Node, ctx: Reading) -> Any:
    text, parts = values["url"]
    host = _ascii(parts.hostname)
    allowed = values["allow_hosts"]
    of_a_deployment = f"${{{DEPLOYMENT_URL}" in node.value["url"].raw
    if of_a_deployment and not allowed:
        hint = 'say which hosts it may name: allow_hosts: ["*.preview.example.com"]'
        return ctx.report(
            node.value["url"], "whoever may deploy chooses this url, and it would be shown identities", hint
        )
    if of_a_deployment and parts.scheme not in SECURE:
        return ctx.report(node.value["url"], f"the url of a deployment is https or wss, not {parts.scheme}")
    if allowed and not ctx.lenient and not any(_allows(pattern, host) for pattern in allowed):
        return ctx.report(
            node.value["url"], f'the host "{host}" is not in allow_hosts', f"allowed: {', '.join(allowed)}"
        )
    return {
        **values,
        "url": text,
        "scheme": parts.scheme,
        "host": host,
        "port": parts.port or PORTS[parts.scheme],
        "path": parts.path.rstrip("/"),
        "headers": (*_basic(parts, values["headers"]), *values["headers"]),
        "ca": _beside(node.file, values["ca"]),
    }


def _basic(parts: SplitResult, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Give the header that shows an url's user and password, unless the target has one of its own."""
    said = any(name.lower() == "authorization" for name, _ in headers)
    if parts.scheme not in WITH_PATHS or "@" not in parts.netloc or said:
        return ()
    pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return (("Authorization", f"Basic {b64encode(pair.encode()).decode()}"),)


def _beside(config: str, path: str | None) -> str | None:
    """Give a path as it is found from here: it is written relative to the config."""
    return None if path is None else str(PurePath(config).parent / path)


def _allows(pattern: str, host: str) -> bool:
    pattern, host = pattern.lower(), host.lower().rstrip(".")
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


TARGET = Table(
    "a target",
    {
        "url": Field(UrlOfTarget(), required=True, says="the origin, with a path prefix if it has one"),
        "headers": Field(ConstantHeaders(), default=(), says="headers sent with every request to it"),
        "concurrency": Field(
            Number(least=1, most=MOST_AT_ONCE, whole=True),
            default=DEFAULT_TARGET_CONCURRENCY,
            says="samples at once against this target; 32",
        ),
        "revision": Field(REVISION, says="which commit runs there; asked before, between and after"),
        "foreign": Field(Boolean(), default=False, says="another team's: its failure is ENVIRONMENT"),
        "owner": Field(Text("who owns it"), says="whom to ask when it fails"),
        "private": Field(Boolean(), default=False, says="it may resolve to a private address"),
        "ca": Field(Constant("the path of a file"), says="a CA bundle of its own, in PEM"),
        "max_body": Field(Size(), default=DEFAULT_MAX_BODY, says="the largest body read; 5MiB"),
        "allow_hosts": Field(
            ListOf(Text("a host name, or *.example.com", HOST_PATTERN), least=1),
            default=(),
            says="hosts that the url may name",
        ),
    },
    _target,
    example="{url: https://staging.example.com}",
)


class Targets(MapOf):
    """All targets by name."""

    def __init__(self) -> None:
        super().__init__(TARGET, key=Name(), least=1)

    def read(self, node: Node, ctx: Reading) -> Any:
        read = super().read(node, ctx)
        if read is MISSING:
            return MISSING
        for name, values in read.items():
            revision = values["revision"]
            if revision and revision.get.target not in {None, name}:
                at = node.value[name].value["revision"].value["get"]
                ctx.report(at, "a target says its own revision", f"write the path alone, or {name}:/path")
            if revision and values["scheme"] not in {"http", "https"}:
                ctx.report(node.value[name].keys["revision"], f"a revision is read over http, not {values['scheme']}")
        return {name: Target(name=name, **values) for name, values in read.items()}
