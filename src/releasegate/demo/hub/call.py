"""One admitted request in, what its handler needs to know of it out: its repository, its fields, its page."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote

from releasegate.demo.hub.exchange import Json, Place, Refused, Request, Response, malformed, not_found
from releasegate.demo.hub.hub import Hub
from releasegate.demo.hub.state import Commit, Repository, Token

PER_PAGE, MOST_PER_PAGE = 30, 100
NUMBER = re.compile("[0-9]{1,15}")
T = TypeVar("T")
TYPES: dict[type, str] = {str: "a string", list: "an array", dict: "an object"}


def read(given: Json, name: str, kind: type[T]) -> T | None:
    """Read a field of a type; null is none. Raises Refused (422) for another type."""
    value = given.get(name)
    if value is not None and not isinstance(value, kind):
        raise malformed(f"For 'properties/{name}', {json.dumps(value)} is not {TYPES[kind]}.")
    return value


@dataclass(kw_only=True)
class Call:
    """A request that was let in. `parts` are the variable parts of its path, decoded."""

    hub: Hub
    request: Request
    token: Token
    now: float
    parts: dict[str, str]
    found: Repository | None

    @property
    def at(self) -> Place:
        return self.request.at

    @property
    def repository(self) -> Repository:
        if self.found is None:
            raise not_found()
        return self.found

    @cached_property
    def given(self) -> Json:
        """The body as a JSON object."""
        try:
            given = json.loads(self.request.body or b"{}")
        except ValueError:
            raise Refused(400, "Problems parsing JSON") from None
        if not isinstance(given, dict):
            raise Refused(400, "Body should be a JSON object")
        return given

    def text(self, name: str, *, needed: bool = False) -> str | None:
        """Read a field that is text; null and absent are alike unless it is needed."""
        if needed and self.given.get(name) is None:
            raise malformed(f'"{name}" wasn\'t supplied.')
        return read(self.given, name, str)

    def must(self, name: str) -> str:
        return self.text(name, needed=True) or ""

    def content(self, name: str) -> bytes:
        try:
            return base64.b64decode(self.must(name).replace("\n", ""), validate=True)
        except ValueError:
            raise Refused(422, f"{name} is not valid Base64") from None

    def number(self, name: str) -> int:
        """Read a number of the path; what is none leads nowhere."""
        if not NUMBER.fullmatch(self.parts[name]):
            raise not_found()
        return int(self.parts[name])

    def commit(self, ref: str) -> Commit:
        commit = self.repository.commit(ref)
        if commit is None:
            raise Refused(422, f"No commit found for SHA: {ref}")
        return commit

    def _size(self) -> int:
        asked = self.request.query.get("per_page", "")
        return min(int(asked), MOST_PER_PAGE) if NUMBER.fullmatch(asked) and int(asked) else PER_PAGE

    def _number(self) -> int:
        asked = self.request.query.get("page", "")
        return max(int(asked), 1) if NUMBER.fullmatch(asked) else 1

    def page(
        self, items: Iterable[T], view: Callable[[T], Any], *, wrapped: Callable[[list[Any], int], Any] | None = None
    ) -> Response:
        """Give one page of a listing, and say in `Link` where the others are."""
        every: Sequence[T] = list(items)
        size, number = self._size(), self._number()
        last = max(1, -(-len(every) // size))
        shown = [view(item) for item in every[(number - 1) * size : number * size]]
        links = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
        kept = {
            relation: page
            for relation, page in links.items()
            if (relation in ("prev", "first") and number > 1) or (relation in ("next", "last") and number < last)
        }
        link = ", ".join(f'<{self._address(page)}>; rel="{relation}"' for relation, page in kept.items())
        payload = wrapped(shown, len(every)) if wrapped else shown
        return Response(status=200, payload=payload, headers={"link": link} if link else {})

    def _address(self, page: int) -> str:
        """Give the address of another page. GitHub names the repository by its id there."""
        path = self.request.path
        if self.found is not None:
            path = re.sub(r"^/(?:repos/[^/]+/[^/]+|repositories/\d+)", f"/repositories/{self.found.id}", path)
        query = {**self.request.query, "page": str(page)}
        return f"{self.at.api}{path}?" + "&".join(
            f"{quote(key)}={quote(value, safe='')}" for key, value in query.items()
        )
