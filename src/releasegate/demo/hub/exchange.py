"""An HTTP request in, an HTTP answer out, as values; and every refusal in the form that GitHub gives it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Json = dict[str, Any]
DOCS = "https://docs.github.com/"
SECONDARY = f"{DOCS}free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"
PRIMARY = f"{DOCS}free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-primary-rate-limits"


class Place(NamedTuple):
    """Where the client found us: what every URL in an answer begins with."""

    api: str
    web: str


GITHUB = Place("https://api.github.com", "https://github.com")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What came in. Names of headers are lower-case; the path is below the API's root and still percent-encoded."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = b""
    at: Place = GITHUB


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What goes out; a payload of None is an empty body."""

    status: int
    payload: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818 - it is an answer, not a trouble
    """An answer other than what was asked for; `headers` go with it."""

    def __init__(
        self, status: int, message: str, *, errors: Sequence[Json] = (), headers: Mapping[str, str] | None = None,
        docs: str = "",
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status, self.message, self.docs = status, message, docs
        self.errors, self.headers = tuple(errors), dict(headers or {})

    def response(self, docs: str) -> Response:
        """Give the answer; `docs` is the page that GitHub names for what was asked."""
        payload: Json = {"message": self.message}
        if self.errors:
            payload["errors"] = list(self.errors)
        payload |= {"documentation_url": self.docs or f"{DOCS}rest/{docs}".rstrip("/"), "status": str(self.status)}
        return Response(status=self.status, payload=payload, headers=self.headers)


def not_found() -> Refused:
    return Refused(404, "Not Found")


def invalid(resource: str, message: str, *, code: str = "custom", name: str | None = None) -> Refused:
    """Refuse a value for what it says: "Validation Failed", with the reason in `errors`."""
    fields = {} if name is None else {"field": name}
    return Refused(
        422, "Validation Failed", errors=[{"resource": resource, "code": code, **fields, "message": message}]
    )


def malformed(what: str) -> Refused:
    """Refuse a request for its form: no field is named but in the text."""
    return Refused(422, f"Invalid request.\n\n{what}")
