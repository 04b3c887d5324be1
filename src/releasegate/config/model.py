"""What a config means once it is read: frozen values, references checked, holes compiled."""

from dataclasses import dataclass, field
from typing import Any

from releasegate.config.shape import Url

NOBODY = "nobody"
"""The identity that has no credentials."""
DEFAULT_MAX_BODY = 5 * 2**20
DEFAULT_TARGET_CONCURRENCY = 32
DEFAULT_CONCURRENCY = 64
DEFAULT_DEADLINE_S = 15 * 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """How a target says which commit it runs. One of `at` (JSONPath), `header`, `body` (regex) is set."""

    get: Url
    at: str | None = None
    header: str | None = None
    body: str | None = None
    wait_s: float = 0.0
    settle: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An origin that may be contacted. `url` may carry userinfo: never print it, print `origin`."""

    name: str
    url: str = field(repr=False)
    scheme: str
    host: str
    port: int
    path: str = ""
    """Path prefix of the url, without a trailing slash."""
    concurrency: int = DEFAULT_TARGET_CONCURRENCY
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Jwt:
    """A token that we mint. `key` is the secret (HS256) or the private key in PEM (RS256, ES256)."""

    key: str = field(repr=False)
    algorithm: str
    claims: dict[str, Any]
    expires_in_s: float = 300.0
    header: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A request that gives a token (`token`: JSONPath), cookies, or both. Not `enabled` when its password is empty."""

    post: Url
    json: Any = None
    form: dict[str, Any] | None = None
    headers: tuple[tuple[str, Any], ...] = ()
    token: str | None = None
    cookies: bool = False
    expires_in_s: float | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityDecl:
    """Who a check speaks as: exactly one of the primary ways is set; `fallback` holds a second Identity."""

    name: str
    login: Login | None = field(default=None, repr=False)
    jwt: Jwt | None = field(default=None, repr=False)
    bearer: str | None = field(default=None, repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    fallback: "IdentityDecl | None" = None
    targets: tuple[str, ...] = ()
    """Targets that may receive these credentials; empty = any declared target that the check addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDecl:
    """One check as written, before `for:` is expanded. `spec` is what the kind's own table made of its mapping."""

    suite: str
    name: str
    kind: str
    spec: Any = field(repr=False)
    hash: str
    """sha256 of the check's canonical content (holes unfilled): history is keyed by it."""
    loops: dict[str, tuple[Any, ...]] = field(default_factory=dict)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    name: str
    checks: tuple[CheckDecl, ...]
    title: str | None = None
    owner: str | None = None
    weight: float = 1.0
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the policy: `metric op value`, or against the baseline (`of_baseline` = factor, value None)."""

    text: str
    metric: str
    op: str
    value: float | None
    level: str
    of_baseline: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    deadline_s: float = DEFAULT_DEADLINE_S
    concurrency: int = DEFAULT_CONCURRENCY
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlDecl:
    kind: str
    spec: Any = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole gate. `later` names declared parts that this version loads but does not judge, with the reason."""

    gate: str
    mode: str
    targets: dict[str, Target]
    identities: dict[str, IdentityDecl]
    control: ControlDecl | None
    suites: tuple[Suite, ...]
    policy: Policy
    hash: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    later: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    baseline: dict[str, Any] | None = field(default=None, repr=False)
    metrics: dict[str, Any] = field(default_factory=dict)
    excuses: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    alerts: tuple[dict[str, Any], ...] = field(default=(), repr=False)
