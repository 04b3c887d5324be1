"""What a kind of check is, and the probe through which its `observe` meets the world."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from msgspec import Struct

from releasegate.config.model import Target
from releasegate.config.shape import Shape
from releasegate.errors import CouldNotLook
from releasegate.model import Contact, Expectation, Moment, Phase, Trouble
from releasegate.template import as_text, fill
from releasegate.trace import trace_of, traced
from releasegate.wire.types import Wire

LOGIN_S = 40.0
"""More than a login takes with all its attempts: it ends first, and says that it was the login."""
SLACK_S = 2.0
"""What a sample of a Reader has beyond its own bound, which ends first and names the phase; then comes the goodbye."""


class Credentials(Protocol):
    """Gives the headers (and cookies, as Netscape cookie lines) with which an identity speaks to a target.

    Raises CouldNotLook when the identity cannot be had and has no fallback. `fell_back` names the identity
    when the fallback was used.
    """

    async def headers(self, identity: str, target: Target) -> tuple[tuple[str, str], ...]: ...

    async def cookies(self, identity: str, target: Target) -> tuple[str, ...]: ...

    def fell_back(self, identity: str) -> bool: ...


class Probe(Struct, kw_only=True):
    """One sample in the making. `observe` reads from it and records into it; the record survives an exception."""

    scope: dict[str, Any]
    """Values for `{{holes}}`: for: values, nonce, uuid, now; captures are added by the kind."""
    targets: Mapping[str, Target]
    wire: Wire
    credentials: Credentials
    clock: Callable[[], float]
    sleep: Callable[[float], Any]
    """An awaitable pause, in seconds."""
    began: float
    phases: list[Phase] = []
    contacts: list[Contact] = []
    timeline: list[Moment] = []
    notes: list[str] = []
    fallback: str | None = None
    leaked: int = 0
    retries: int = 0
    requests: int = 0
    """How many requests and upgrades the sample has sent."""
    trace: str | None = None
    """The trace id (W3C, 32 hex digits) with which the last of them was sent."""
    doing: str = "start"
    """The phase that is open now: what a timeout is blamed on."""
    step: str | None = None
    target: str | None = None
    """The target being spoken to now: what a failure is blamed on."""
    kept: Any = None
    """What a kind keeps from `observe` for its `clean_up`, such as the cookies of the sample."""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a phase; its duration is kept also when it ends in an exception."""
        self.doing = name
        start = self.clock()
        try:
            yield
        finally:
            self.phases.append(Phase(name=name, duration_s=self.clock() - start, step=self.step))

    def traced(self, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """Give the headers of the next request with the one that names it in the traces of staging.

        The trace is the sample's nonce, the span counts its requests; a `traceparent` of the config's own stays.
        """
        self.requests += 1
        headers = traced(headers, self.scope["nonce"], self.requests)
        self.trace = trace_of(headers)
        return headers

    async def shown(self, identity: str, target: Target) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
        """Give what an identity shows at a target: headers, and cookies as Netscape lines. Raises CouldNotLook.

        That its fallback was used is kept in the sample.
        """
        headers = await self.credentials.headers(identity, target)
        cookies = await self.credentials.cookies(identity, target)
        if self.credentials.fell_back(identity):
            self.fallback = identity
        return headers, cookies

    def note_moment(self, name: str, text: str = "") -> None:
        self.timeline.append(Moment(at_s=round(self.clock() - self.began, 6), name=name, text=text))

    def trouble(self, reason: str, message: str) -> CouldNotLook:
        """Build the exception for the phase that is open now."""
        return CouldNotLook(
            Trouble(phase=self.doing, reason=reason, message=message, target=self.target, step=self.step)
        )


class Judgement(Struct, frozen=True, kw_only=True):
    """What `judge` says of an observation. `signature` says why it failed, normalised; None if it did not."""

    expectations: tuple[Expectation, ...]
    signature: str | None = None
    excerpt: str | None = None


class Kind(Protocol):
    """A kind of check. `spec` is what `table` made of the config; an observation is the kind's own frozen value.

    `observe` raises only CouldNotLook or one of `troubles`; any other exception is a bug of ours.
    `timeout_s` bounds one sample in all; `writes` counts the requests of one sample that may change something;
    `cleans_up` says that what a sample writes, it takes away again.

    A kind may have `losses(spec, observation) -> [(name, observation without it), …]`, each of which must turn a green
    sample red, and `passes(spec, observation, scope) -> bool`: whether `judge` comes to met, without its words. Mutants
    are judged so, and a test must hold the two to each other. It may have `refuses(target)`: what is wrong with a
    target's url for this kind, and what to write instead, or None; asked when a config is loaded for a run.
    """

    name: str
    table: Shape
    troubles: tuple[type[Exception], ...]
    reads_by_default: str
    """The sampling profile of a check of this kind that writes nothing."""
    writes_by_default: str
    """The profile of one that writes and does not clean up; one that does is sampled leanly."""
    schemes: frozenset[str]
    """The schemes of the targets that it can address; empty = any."""

    def targets(self, spec: Any, values: Mapping[str, Any]) -> tuple[str, ...]: ...

    def timeout_s(self, spec: Any) -> float: ...

    def writes(self, spec: Any) -> int: ...

    def cleans_up(self, spec: Any) -> bool: ...

    async def observe(self, spec: Any, probe: Probe) -> Any: ...

    async def clean_up(self, spec: Any, probe: Probe) -> None: ...

    def judge(self, spec: Any, observation: Any, scope: Mapping[str, Any]) -> Judgement: ...

    def violate(self, observation: Any, expectation: Expectation) -> Any | None: ...


class Reader:
    """What is the same in all kinds that only read, from one target: inherit it.

    Their spec has `connect`, the name of the target, and `timeout_s`, the bound that `observe` keeps.
    """

    troubles: tuple[type[Exception], ...] = ()
    reads_by_default = "standard"
    writes_by_default = "single"
    schemes: frozenset[str] = frozenset()

    def targets(self, spec: Any, values: Mapping[str, Any]) -> tuple[str, ...]:
        return (as_text(fill(spec.connect, values)),)

    def timeout_s(self, spec: Any) -> float:
        return float(spec.timeout_s) + SLACK_S

    def writes(self, spec: Any) -> int:  # noqa: ARG002 - the contract of every kind
        return 0

    def cleans_up(self, spec: Any) -> bool:  # noqa: ARG002 - the contract of every kind
        return False

    async def clean_up(self, spec: Any, probe: Probe) -> None:
        """Nothing was written."""
