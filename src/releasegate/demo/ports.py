"""Names and a first port in, a bound socket for each out."""

import socket
import sys
from collections.abc import Sequence

HOST = "127.0.0.1"
ADVICE = "choose other ports: --port, or leave it out for free ones"


class CannotBind(Exception):  # noqa: N818 - the message goes to whoever asked for the port
    """A port cannot be had."""


def bind(names: Sequence[str], first: int) -> dict[str, socket.socket]:
    """Take a port for each name: in a row from `first`, or any that are free when it is 0. Raises CannotBind."""
    out: dict[str, socket.socket] = {}
    for number, name in enumerate(names):
        # The protocol is named: only then asyncio sends small writes at once (TCP_NODELAY), as a real server does.
        bound = out[name] = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        port = first + number if first else 0
        if port and sys.platform != "win32":  # there it would take a port away from its owner
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((HOST, port))
        except (OSError, OverflowError) as problem:
            for taken in out.values():
                taken.close()
            reason = getattr(problem, "strerror", None) or "there is no such port"
            raise CannotBind(f"the {name} cannot have port {port}: {reason}; {ADVICE}") from None
    return out
