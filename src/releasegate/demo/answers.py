"""What a client sent in, an object out; and a healthy answer in, the answer that the faults make of it out. Pure."""

from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from releasegate.demo.faults import Fault
from releasegate.strictjson import NotJson, parse

OK = 200
CONFIG, SERVERS = "/api/mcp/config", "/api/mcp/servers"
ADDED = {"region": "eu-west", "links": {"docs": "https://docs.example.com/api"}}


class Answer(NamedTuple):
    """A status and the JSON value that goes with it; None = an empty body."""

    status: int
    payload: Any = None


def object_in(raw: bytes) -> dict[str, Any] | None:
    """Read what a client sent; None when it is no JSON object."""
    try:
        given = parse(raw)
    except NotJson:
        return None
    return given if isinstance(given, dict) else None


def refused(status: int, error: str, message: str, **more: Any) -> Answer:
    """Give an error in the one form that all errors of this staging have."""
    return Answer(status, {"error": error, "message": message, "code": status, **more})


def distorted(faults: AbstractSet[Fault], path: str, answer: Answer) -> Answer:
    """Give the answer as the faults leave it."""
    status, payload = answer
    if Fault.CONTRACT_BREAK in faults and path == CONFIG and status == OK:
        payload = {key: value for key, value in payload.items() if key != "agents"}
    if Fault.WRONG_TYPE in faults and path == SERVERS and status == OK:
        payload = {**payload, "data": {server["name"]: server for server in payload["data"]}}
    if Fault.EMPTY_200 in faults and path.startswith("/api/") and status == OK:
        payload = None
    return Answer(status, enlarged(faults, payload))


def enlarged(faults: AbstractSet[Fault], payload: Any) -> Any:
    """Add what a compatible change of the contract adds."""
    return {**payload, **ADDED} if Fault.CONTRACT_ADD in faults and isinstance(payload, dict) else payload
