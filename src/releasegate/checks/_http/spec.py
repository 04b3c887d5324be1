"""The nouns of the `http` kind: what its table makes of a config, and what `observe` brings home."""

from functools import cached_property
from typing import Any

from msgspec import Struct

from releasegate.checks.compose import Headers
from releasegate.config.model import NOBODY
from releasegate.config.shape import Url
from releasegate.template import Template

WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")

Demands = tuple[Any, ...]
"""Demands of the expect room."""


class Capture(Struct, frozen=True, kw_only=True):
    """`source` is `json`, `header`, `cookie` or `body`; `of` the JSONPath, the name or the regex there."""

    name: str
    source: str
    of: str


class Expect(Struct, frozen=True, kw_only=True):
    """What an answer must be. `headers` are by lower-case name."""

    status: Demands = ()
    headers: tuple[tuple[str, Demands], ...] = ()
    json: Demands = ()
    body: Demands = ()
    size: Demands = ()
    latency: Demands = ()
    age: Demands = ()
    """Judged where an answer says how old it is."""

    def all(self) -> Demands:
        in_headers = tuple(demand for _, demands in self.headers for demand in demands)
        return (*self.status, *in_headers, *self.json, *self.body, *self.size, *self.latency, *self.age)


class Poll(Struct, frozen=True, kw_only=True):
    """Ask again until `until` holds. `every_s` is None for the ladder; `within` is a Bound's demands."""

    every_s: float | None
    within: Demands
    within_s: float
    until: Expect | None


class States(Struct, frozen=True, kw_only=True):
    """The states that a polled answer passes: skipping ahead is allowed, going back is not."""

    at: str
    order: tuple[str, ...]
    never: tuple[str, ...] = ()
    stuck_s: float | None = None


class File(Struct, frozen=True, kw_only=True):
    """A file beside the config file `config`: `path` is relative to its directory and stays inside it."""

    config: str
    path: str


class Part(Struct, frozen=True, kw_only=True):
    """One part of a multipart body: a `value`, or a `file` with the name and type it is sent under."""

    name: str
    value: Any = None
    file: File | None = None
    filename: str | None = None
    content_type: str | None = None


class Content(Struct, frozen=True, kw_only=True):
    """A body still to be encoded. `form` is one of json, form, multipart, text, file."""

    form: str
    value: Any


class Request(Struct, frozen=True, kw_only=True):
    """One request, once or polled. `step` is None for a check that is one request.

    `path`, `headers` and `content` were encoded when they were read, as far as they have no holes:
    then `path` is text, and `content` bytes. `needs` names all holes.
    """

    step: str | None
    method: str
    url: Url
    path: str | Template
    query: tuple[tuple[str, Any], ...] = ()
    headers: tuple[tuple[str, str | Template], ...] = ()
    plain_headers: Headers | None = None
    """The headers as they are sent when they have no holes and nobody adds any; else None."""
    content: bytes | Content | None = None
    identity: str | Template | None = None
    timeout_s: float = 10.0
    follow: int = 0
    captures: tuple[Capture, ...] = ()
    expect: Expect = Expect()
    poll: Poll | None = None
    states: States | None = None
    needs: frozenset[str] = frozenset()

    @property
    def writes(self) -> bool:
        return self.method in WRITING

    @property
    def logs_in(self) -> bool:
        return self.identity is not None and self.identity != NOBODY

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice changes nothing more: it only reads, or the server can tell the second."""
        return not self.writes or any(name.lower() == "idempotency-key" for name, _ in self.headers)


class Flow(Struct, frozen=True, kw_only=True):
    """What an `http` check is: requests in their order, and what takes away again what they made."""

    steps: tuple[Request, ...]
    cleanup: tuple[Request, ...] = ()
    jar: bool = False
    """Whether a cookie that is set could matter: to a lone request without redirects it cannot."""


class Answer(Struct, frozen=True, kw_only=True, dict=True):
    """The answer that is judged, after redirects. `cookies` are all that were set on the way, the last wins."""

    status: int
    headers: Headers
    body: bytes
    total_s: float
    cookies: Headers = ()

    @cached_property
    def json(self) -> Any:
        """The parsed body, or the NotJson that says why there is none."""
        from releasegate.strictjson import NotJson, parse

        try:
            return parse(self.body)
        except NotJson as refused:
            return refused

    def select(self, path: str) -> list[Any]:
        """Give what a JSONPath selects in the body; nothing where there is no JSON, or far too much of it."""
        from releasegate.jsonpath import TooManyNodes, compile_path
        from releasegate.strictjson import NotJson

        if isinstance(self.json, NotJson):
            return []
        try:
            return compile_path(path).select(self.json)
        except TooManyNodes:
            return []

    @cached_property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Seen(Struct, frozen=True, kw_only=True):
    """What one step saw. `answer` is the last one.

    For a polled step `reached_s` is when its `until` held or its last state came, None if that never was;
    `waited_s` is how long was waited in all, and `path` the states that were seen, with their times.
    """

    answer: Answer
    step: str | None = None
    polls: int = 1
    reached_s: float | None = None
    waited_s: float = 0.0
    path: tuple[tuple[float, str | None], ...] = ()


class Observation(Struct, frozen=True, kw_only=True):
    """The steps that were taken, in order; fewer than declared when one of them did not get what it demands."""

    seen: tuple[Seen, ...]
