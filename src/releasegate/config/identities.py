"""The `identities:` of a config in, who a check may speak as out. What stands here is secret."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from releasegate.config.model import NOBODY, IdentityDecl, Jwt, Login
from releasegate.config.node import Node
from releasegate.config.scalars import Constant, ConstantHeaders
from releasegate.config.shape import (
    MISSING,
    Boolean,
    Duration,
    Field,
    JsonValue,
    ListOf,
    MapOf,
    Name,
    OneOf,
    Reading,
    Table,
    TargetName,
    Templated,
    UrlText,
)
from releasegate.jsonpath import PathText

WAYS = ("login", "jwt", "bearer", "basic", "headers")
PASSWORDS = ("password", "passwd", "passphrase", "secret", "token", "api_key", "apikey")
DEFAULT_EXPIRES_S = 300.0


class ConstantJson(JsonValue):
    """A JSON value without holes; MISSING when it had a problem."""

    def read(self, node: Node, ctx: Reading) -> Any:
        before = len(ctx.problems)
        value = super().read(node, ctx)
        return MISSING if len(ctx.problems) > before else value


class JsonObject(ConstantJson):
    says = "a JSON object"

    def read(self, node: Node, ctx: Reading) -> Any:
        return ConstantJson().read(node, ctx) if isinstance(node.value, dict) else self.wrong(node, ctx)

    def schema(self) -> dict[str, Any]:
        return {"type": "object"}


def _leaves(node: Node, key: str = "") -> Iterator[tuple[str, Node]]:
    if isinstance(node.value, dict):
        for name, item in node.value.items():
            yield from _leaves(item, name)
    elif isinstance(node.value, list):
        for item in node.value:
            yield from _leaves(item, key)
    else:
        yield key, node


def lacks_password(node: Node) -> bool:
    """Tell whether a value that the environment should give, or a password, is empty."""
    return any(
        leaf.value == "" and (leaf.env is not None or any(word in key.lower() for word in PASSWORDS))
        for key, leaf in _leaves(node)
    )


def _login(values: dict[str, Any], node: Node, ctx: Reading) -> Any:
    if values["token"] is None and not values["cookies"]:
        return ctx.report(node, "a login gives a token, cookies, or both", "token: $.access_token, or cookies: true")
    sent = [node.value[key] for key in ("json", "form", "headers") if key in node.value]
    return Login(
        post=values["post"],
        json=values["json"],
        form=values["form"],
        headers=values["headers"],
        token=values["token"],
        cookies=values["cookies"],
        expires_in_s=values["expires_in"],
        enabled=not any(lacks_password(item) for item in sent),
    )


def _jwt(values: dict[str, Any], node: Node, ctx: Reading) -> Any:
    symmetric = values["secret"] is not None
    algorithm = values["algorithm"] or ("HS256" if symmetric else None)
    if algorithm is None:
        return ctx.report(node, "a private key needs its algorithm", "algorithm: RS256, or ES256")
    if symmetric != (algorithm == "HS256"):
        at = node.value["algorithm"]
        return ctx.report(
            at, f"{algorithm} signs with {'a key' if symmetric else 'a secret'}", "HS256: secret; else key"
        )
    return Jwt(
        key=values["secret"] or values["key"] or values["private_key"],
        algorithm=algorithm,
        claims=values["claims"],
        expires_in_s=values["expires_in"],
        header=values["header"],
    )


def _basic(values: dict[str, Any], node: Node, ctx: Reading) -> Any:
    if ":" in values["user"]:
        return ctx.report(node.value["user"], "a user of basic has no colon")
    return values["user"], values["password"]


LOGIN = Table(
    "a login",
    {
        "post": Field(UrlText(), required=True, says="target:/path that logs in"),
        "json": Field(ConstantJson(), says="a JSON body"),
        "form": Field(MapOf(Templated(), least=1), says="a form body"),
        "headers": Field(ConstantHeaders(), default=(), says="headers to send"),
        "token": Field(PathText(), says="JSONPath to the token in the answer; sent as a bearer"),
        "cookies": Field(Boolean(), default=False, says="the cookies that it sets are the credentials"),
        "expires_in": Field(Duration(), says="log in again after so long"),
    },
    _login,
    exactly_one=(("json", "form"),),
)
KEY = Constant("a key", empty=False)
JWT = Table(
    "a jwt",
    {
        "secret": Field(KEY, says="the shared secret, for HS256"),
        "key": Field(KEY, says="the private key in PEM, for RS256 and ES256"),
        "private_key": Field(KEY, says="the same as key"),
        "algorithm": Field(OneOf("HS256", "RS256", "ES256"), says="HS256, RS256 or ES256"),
        "claims": Field(JsonObject(), default={}, says="claims besides iat and exp"),
        "expires_in": Field(Duration(), default=DEFAULT_EXPIRES_S, says="how long a token holds; 5m"),
        "header": Field(JsonObject(), default={}, says="header fields, such as kid"),
    },
    _jwt,
    exactly_one=(("secret", "key", "private_key"),),
)
BASIC = Table(
    "basic",
    {
        "user": Field(Constant("a user"), required=True),
        "password": Field(Constant("a password", empty=False), required=True),
    },
    _basic,
)
WAY_FIELDS = {
    "login": Field(LOGIN, says="a request that gives a token or cookies, once per run"),
    "jwt": Field(JWT, says="a token that the gate mints"),
    "bearer": Field(Constant("a token", empty=False), says="a token, sent as it is"),
    "basic": Field(BASIC, says="a user and a password"),
    "headers": Field(ConstantHeaders(), default=(), says="headers of any other kind"),
}


def _identity(values: dict[str, Any], node: Node, ctx: Reading) -> Any:
    login, fallback = values["login"], values.get("fallback")
    # Offline nothing is known of the environment: an empty default says nothing about the run.
    if login and not login.enabled and fallback is None and not ctx.lenient:
        at = node.value["login"]
        return ctx.report(at, "the login has an empty password and no fallback", "set its variable, or add fallback:")
    return IdentityDecl(
        name="",
        **{way: values[way] for way in WAYS},
        fallback=fallback,
        targets=values.get("targets") or (),
    )


FALLBACK = Table("a fallback", WAY_FIELDS, _identity, exactly_one=(WAYS,))
IDENTITY = Table(
    "an identity",
    {
        **WAY_FIELDS,
        "fallback": Field(FALLBACK, says="when the first way fails; the verdict is then at best DEGRADED"),
        "targets": Field(ListOf(TargetName(), least=1), default=(), says="the only targets that may receive it"),
    },
    _identity,
    exactly_one=(WAYS,),
)


class Identities(MapOf):
    """All identities by name."""

    def __init__(self) -> None:
        super().__init__(IDENTITY, key=Name())

    def read(self, node: Node, ctx: Reading) -> Any:
        read = super().read(node, ctx)
        if read is MISSING:
            return MISSING
        if NOBODY in node.value:
            ctx.report(node.keys[NOBODY], f'"{NOBODY}" is built in: it has no credentials', "choose another name")
        return {
            name: replace(one, name=name, fallback=replace(one.fallback, name=name) if one.fallback else None)
            for name, one in read.items()
        }
