"""Declared identities and a wire in, the credentials with which a check speaks out: logins, minted tokens, fallbacks.

A login is made once per run, however many checks ask at once, and again when its token expires.
"""

import asyncio
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace

from releasegate.config.asking import is_header_value
from releasegate.config.model import NOBODY, IdentityDecl, Jwt, Login, Target
from releasegate.errors import CouldNotLook
from releasegate.model import Trouble
from releasegate.template import as_text
from releasegate.trace import traced
from releasegate.wire.origin import absolute
from releasegate.wire.types import HttpAnswer, HttpRequest, Wire

if TYPE_CHECKING:
    from tenacity import RetryCallState

LOGIN_TIMEOUT_S = 10.0
LEEWAY_S = 30.0
"""A token is renewed so long before it expires, or when half of its life is over if that is shorter."""
ATTEMPTS = 3
FIRST_WAIT_S = 0.2
PATIENCE_S = 5.0
"""No attempt begins later: a login that hangs is not made to hang three times."""
LAST_EPOCH_S = 253_402_300_800
TOO_MANY, SERVER_ERROR = 429, 500
PHASE = "login"


class Pass(Struct, frozen=True, kw_only=True):
    """What an identity shows: headers, and cookies of the target that gave them. `renew_at` counts epoch seconds."""

    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[str, ...] = ()
    cookies_for: str | None = None
    renew_at: float | None = None
    fell_back: bool = False


class IdentityBook:
    """Gives credentials to checks. `epoch` gives seconds since 1970; `on_secret` hears of every token at once."""

    def __init__(
        self,
        identities: Mapping[str, IdentityDecl],
        targets: Mapping[str, Target],
        wire: Wire,
        *,
        epoch: Callable[[], float],
        nonce: Callable[[], str],
        on_secret: Callable[[str], None] = lambda _secret: None,
    ) -> None:
        self._identities = identities
        self._targets = targets
        self._wire = wire
        self._epoch = epoch
        self._nonce = nonce
        self._on_secret = on_secret
        self._passes: dict[str, Pass] = {}
        self._failures: dict[str, CouldNotLook] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._fell_back: dict[str, None] = {}

    async def headers(self, identity: str, target: Target) -> tuple[tuple[str, str], ...]:
        """Give the headers for a target; none where the identity must not be shown. Raises CouldNotLook."""
        shown = await self._show(identity, target)
        return shown.headers if shown else ()

    async def cookies(self, identity: str, target: Target) -> tuple[str, ...]:
        shown = await self._show(identity, target)
        if shown is None or shown.cookies_for is None:
            return ()
        return shown.cookies if _one_place(self._targets[shown.cookies_for], target) else ()

    def fell_back(self, identity: str) -> bool:
        """Tell whether the identity's real login failed in this run and its fallback is used."""
        return identity in self._fell_back

    def fallbacks(self) -> tuple[str, ...]:
        return tuple(self._fell_back)

    async def _show(self, identity: str, target: Target) -> Pass | None:
        if identity == NOBODY:
            return None
        declared = self._identities[identity]
        if declared.targets and target.name not in declared.targets:
            return None
        async with self._locks.setdefault(identity, asyncio.Lock()):
            if identity in self._failures:
                raise self._failures[identity]
            known = self._passes.get(identity)
            if known is None or (known.renew_at is not None and self._epoch() >= known.renew_at):
                known = await self._obtain(declared)
                self._passes[identity] = known
            return known

    async def _obtain(self, declared: IdentityDecl) -> Pass:
        fallback = declared.fallback
        if declared.login and not declared.login.enabled and fallback:
            return await self._make(fallback)
        try:
            return await self._make(declared)
        except CouldNotLook as failure:
            if fallback is None:
                self._failures[declared.name] = failure  # a login that failed is not tried again by every sample
                raise
            self._fell_back[declared.name] = None
            return await self._make(fallback)

    async def _make(self, declared: IdentityDecl) -> Pass:
        if declared.login:
            return await self._log_in(declared.login)
        if declared.jwt:
            return self._mint(declared.jwt)
        if declared.bearer is not None:
            return Pass(headers=(_bearer(declared.bearer),))
        if declared.basic:
            pair = b64encode(":".join(declared.basic).encode()).decode()
            self._on_secret(pair)
            return Pass(headers=(("Authorization", f"Basic {pair}"),))
        return Pass(headers=declared.headers)

    def _mint(self, jwt: Jwt) -> Pass:
        """Sign a token now. A key that cannot sign is an error of the config that only shows here."""
        import warnings

        from jwt import PyJWTError, encode

        now = self._epoch()
        claims = {"iat": int(now), **jwt.claims, "exp": int(now + jwt.expires_in_s)}
        try:
            with warnings.catch_warnings():  # a short secret is staging's choice, and not ours to complain of here
                warnings.simplefilter("ignore")
                token = encode(claims, jwt.key, algorithm=jwt.algorithm, headers=jwt.header or None)
        except (PyJWTError, ValueError, TypeError):
            message = f"the key cannot sign {jwt.algorithm}"
            raise _trouble("key", message) from None  # the reason may quote the key
        self._on_secret(token)
        return Pass(headers=(_bearer(token),), renew_at=_renewal(now, now + jwt.expires_in_s))

    async def _log_in(self, login: Login) -> Pass:
        """Log in, in a trace of its own. Raises CouldNotLook, which names the trace."""
        trace = self._nonce()
        try:
            return await self._enter(login, trace)
        except CouldNotLook as failure:
            trouble = failure.trouble
            raise CouldNotLook(replace(trouble, message=f"{trouble.message}; trace {trace}")) from None

    async def _enter(self, login: Login, trace: str) -> Pass:
        target = self._targets[str(login.post.target)]
        answer = await self._ask(target, login, trace)
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - the class of success
            raise _trouble(f"status {answer.status}", f"the login was answered with status {answer.status}", target)
        token = _token(login, answer, target) if login.token else None
        now = self._epoch()
        ends = now + login.expires_in_s if login.expires_in_s else _expiry(token)
        for secret in (token, *(line.split("\t")[-1] for line in answer.cookies or ())):
            if secret:
                self._on_secret(secret)
        return Pass(
            headers=(_bearer(token),) if token else (),
            cookies=(answer.cookies or ()) if login.cookies else (),
            cookies_for=target.name,
            renew_at=_renewal(now, ends) if ends is not None else None,
        )

    async def _ask(self, target: Target, login: Login, trace: str) -> HttpAnswer:
        """Send the login; what may pass (no answer, 429, 5xx) is tried again, what is an answer is not."""
        from tenacity import (
            AsyncRetrying,
            retry_any,
            retry_if_exception_type,
            retry_if_result,
            stop_after_attempt,
            stop_after_delay,
            wait_exponential,
            wait_random,
        )

        request, attempts = _request(target, login), count(1)

        async def send() -> HttpAnswer:
            return await self._wire.fetch(replace(request, headers=traced(request.headers, trace, next(attempts))))

        def last(state: "RetryCallState") -> HttpAnswer:
            assert state.outcome is not None  # noqa: S101 - tenacity calls this after an attempt
            answer: HttpAnswer = state.outcome.result()
            return answer

        retrying = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(PATIENCE_S),
            wait=wait_exponential(multiplier=FIRST_WAIT_S, max=2.0) + wait_random(0, FIRST_WAIT_S),
            retry=retry_any(retry_if_exception_type(CouldNotLook), retry_if_result(_passing)),
            retry_error_callback=last,
        )
        try:
            return await retrying(send)
        except CouldNotLook as failure:
            trouble = failure.trouble
            raise _trouble(trouble.reason, f"in {trouble.phase}: {trouble.message}", target) from None


def _one_place(one: Target, other: Target) -> bool:
    """Tell whether two targets are one server, as secure: a site and its WebSocket share their cookies."""
    secure = {"https", "wss"}
    return (one.host.lower(), one.port, one.scheme in secure) == (
        other.host.lower(), other.port, other.scheme in secure,
    )  # fmt: skip


def _passing(answer: HttpAnswer) -> bool:
    return answer.status == TOO_MANY or answer.status >= SERVER_ERROR


def _request(target: Target, login: Login) -> HttpRequest:
    import json

    path = login.post.path if isinstance(login.post.path, str) else login.post.path.source
    if login.form is not None:
        body = urlencode({key: as_text(value) for key, value in login.form.items()})
        kind = "application/x-www-form-urlencoded"
    else:
        body, kind = json.dumps(login.json, ensure_ascii=False), "application/json"
    given = tuple((name, as_text(value)) for name, value in (*target.headers, *login.headers))
    return HttpRequest(
        target=target,
        method="POST",
        url=absolute(target, path),
        headers=(("Content-Type", kind), ("Accept", "application/json"), *given),
        body=body.encode(),
        timeout_s=LOGIN_TIMEOUT_S,
        cookies=() if login.cookies else None,
    )


def _token(login: Login, answer: HttpAnswer, target: Target) -> str:
    """Take the token out of the answer. Raises CouldNotLook when there is not exactly one."""
    from releasegate.jsonpath import compile_path
    from releasegate.strictjson import NotJson, parse

    try:
        found: list[Any] = compile_path(login.token or "$").select(parse(answer.body))
    except NotJson:
        raise _trouble("no token", "the answer to the login is not JSON", target) from None
    tokens = [value for value in found if isinstance(value, str) and value]
    if len(tokens) != 1 or len(found) != 1 or not is_header_value(tokens[0]):
        raise _trouble("no token", f"the answer to the login has no single token at {login.token}", target)
    return tokens[0]


def _expiry(token: str | None) -> float | None:
    """Read the expiry out of a JWT, unverified: it only says when to log in again. None for other tokens."""
    from releasegate.strictjson import NotJson, parse

    parts = (token or "").split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return None
    try:
        claims = parse(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, NotJson):
        return None
    ends = claims.get("exp") if isinstance(claims, dict) else None
    return float(ends) if isinstance(ends, int | float) and 0 < ends < LAST_EPOCH_S else None


def _renewal(now: float, ends: float) -> float:
    """Say when to renew; a token that came expired is kept as it is: what it opens is for the checks to show."""
    left = ends - now
    return ends - min(LEEWAY_S, left / 2) if left > 0 else float("inf")


def _bearer(token: str) -> tuple[str, str]:
    return ("Authorization", f"Bearer {token}")


def _trouble(reason: str, message: str, target: Target | None = None) -> CouldNotLook:
    return CouldNotLook(Trouble(phase=PHASE, reason=reason, message=message, target=target.name if target else None))
