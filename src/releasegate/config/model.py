"""What a config means once it is read: frozen values, references checked, holes compiled."""

import itertools
from collections.abc import Iterator
from typing import Any, ClassVar

from msgspec import Struct

from releasegate.config.shape import Url
from releasegate.model import Guarded, Origin

NOBODY = "nobody"
"""The identity that has no credentials."""
DEFAULT_MAX_BODY = 5 * 2**20
DEFAULT_TARGET_CONCURRENCY = 32
DEFAULT_CONCURRENCY = 64
DEFAULT_SETTLE = 3
DEFAULT_DEADLINE_S = 15 * 60.0
DEFAULT_MAX_AGE_S = 24 * 3600.0


class Revision(Struct, frozen=True, kw_only=True):
    """How a target says which commit it runs. One of `at` (JSONPath), `header`, `body` (regex) is set."""

    get: Url
    at: str | None = None
    header: str | None = None
    body: str | None = None
    wait_s: float = 0.0
    settle: int = DEFAULT_SETTLE


class Target(Guarded, Struct, frozen=True, kw_only=True):
    """An origin that may be contacted. `url` may carry userinfo: never print it, print `origin`."""

    HIDDEN: ClassVar[tuple[str, ...]] = ("url", "headers")

    name: str
    url: str
    scheme: str
    host: str
    port: int
    path: str = ""
    """Path prefix of the url, without a trailing slash."""
    concurrency: int = DEFAULT_TARGET_CONCURRENCY
    headers: tuple[tuple[str, str], ...] = ()
    revision: Revision | None = None
    foreign: bool = False
    owner: str | None = None
    private: bool = False
    ca: str | None = None
    max_body: int = DEFAULT_MAX_BODY
    allow_hosts: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


class Jwt(Guarded, Struct, frozen=True, kw_only=True):
    """A token that we mint. `key` is the secret (HS256) or the private key in PEM (RS256, ES256)."""

    HIDDEN: ClassVar[tuple[str, ...]] = ("key",)

    key: str
    algorithm: str
    claims: dict[str, Any]
    expires_in_s: float = 300.0
    header: dict[str, Any] = {}


class Login(Struct, frozen=True, kw_only=True):
    """A request that gives a token (`token`: JSONPath), cookies, or both. Not `enabled` when its password is empty."""

    post: Url
    json: Any = None
    form: dict[str, Any] | None = None
    headers: tuple[tuple[str, Any], ...] = ()
    token: str | None = None
    cookies: bool = False
    expires_in_s: float | None = None
    enabled: bool = True


class IdentityDecl(Guarded, Struct, frozen=True, kw_only=True):
    """Who a check speaks as: exactly one of the primary ways is set; `fallback` holds a second Identity."""

    HIDDEN: ClassVar[tuple[str, ...]] = ("login", "jwt", "bearer", "basic", "headers")

    name: str
    login: Login | None = None
    jwt: Jwt | None = None
    bearer: str | None = None
    basic: tuple[str, str] | None = None
    headers: tuple[tuple[str, str], ...] = ()
    fallback: "IdentityDecl | None" = None
    targets: tuple[str, ...] = ()
    """Targets that may receive these credentials; empty = any declared target that the check addresses."""


class CheckDecl(Guarded, Struct, frozen=True, kw_only=True):
    """One check as written, before `for:` is expanded. `spec` is what the kind's own table made of its mapping."""

    HIDDEN: ClassVar[tuple[str, ...]] = ("spec",)

    suite: str
    name: str
    kind: str
    spec: Any
    hash: str
    """sha256 of the check's canonical content (holes unfilled): history is keyed by it."""
    loops: dict[str, tuple[Any, ...]] = {}
    critical: bool = False
    advisory: bool = False
    weight: float = 1.0
    samples: str | None = None
    window_s: float | None = None
    twin: str | None = None
    needs: tuple[str, ...] = ()
    diagnose: tuple[str, ...] = ()
    advice: str | None = None
    owner: str | None = None
    title: str | None = None
    deadline_s: float | None = None
    """Bound on all samples of this check together."""

    def cases(self) -> Iterator[dict[str, Any]]:
        """Give the values of each check that `for:` makes of this one: their product, one empty case without it."""
        for values in itertools.product(*self.loops.values()):
            yield dict(zip(self.loops, values, strict=True))


class Suite(Struct, frozen=True, kw_only=True):
    name: str
    checks: tuple[CheckDecl, ...]
    title: str | None = None
    owner: str | None = None
    weight: float = 1.0
    events: tuple[str, ...] = ()


class Rule(Struct, frozen=True, kw_only=True):
    """One line of the policy: `metric op value`, or against the baseline (`of_baseline` = factor, value None)."""

    text: str
    metric: str
    op: str
    value: float | None
    level: str
    of_baseline: float | None = None


class Policy(Struct, frozen=True, kw_only=True):
    deadline_s: float = DEFAULT_DEADLINE_S
    concurrency: int = DEFAULT_CONCURRENCY
    rules: tuple[Rule, ...] = ()
    approvers: tuple[str, ...] = ()
    """Logins of those whose approval lets a pull request change what the base branch demands."""
    guarded: tuple[str, ...] = ()
    """Globs of further files that run the gate."""


class MetricDecl(Struct, frozen=True, kw_only=True):
    """A number that another tool writes: `at` is the JSONPath to it in `file`, `unit` the one that the file uses."""

    file: str
    at: str
    unit: str | None = None
    max_age_s: float = DEFAULT_MAX_AGE_S


class ControlDecl(Guarded, Struct, frozen=True, kw_only=True):
    HIDDEN: ClassVar[tuple[str, ...]] = ("spec",)
    kind: str
    spec: Any


class Config(Guarded, Struct, frozen=True, kw_only=True):
    """A whole gate. `later` names declared parts that this version loads but does not judge, with the reason."""

    HIDDEN: ClassVar[tuple[str, ...]] = ("secrets", "baseline", "alerts")

    gate: str
    mode: str
    targets: dict[str, Target]
    identities: dict[str, IdentityDecl]
    control: ControlDecl | None
    suites: tuple[Suite, ...]
    policy: Policy
    hash: str
    secrets: tuple[str, ...] = ()
    later: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    baseline: dict[str, Any] | None = None
    metrics: dict[str, MetricDecl] = {}
    excuses: dict[str, Any] = {}
    changes: dict[str, Any] = {}
    events: dict[str, str] = {}
    alerts: tuple[dict[str, Any], ...] = ()
    files: tuple[str, ...] = ()
    """The paths of the config and of its suites' own files, as they are found from here."""
    origin: Origin | None = None
    """Where a pull request's config comes from; None for one that was taken as it stands."""
