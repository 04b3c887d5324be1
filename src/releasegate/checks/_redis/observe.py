"""A probe, a target and the words of a command in, what Redis answered out. The only I/O of the kind."""

from typing import Any

from redis._parsers import _AsyncRESP2Parser
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import InvalidResponse, RedisError

from releasegate.checks._redis.replies import Levels, Unreadable, json_of, refusal_of
from releasegate.checks.base import Probe
from releasegate.checks.stream import stream
from releasegate.checks.userinfo import user_of
from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.wire.types import Stream

LOGGED_OUT = frozenset({"NOAUTH", "WRONGPASS"})


async def ask(probe: Probe, name: str, words: tuple[str, ...], timeout_s: float) -> tuple[Any, float]:
    """Log in if the url says as whom, send one command; give its reply as JSON, and the seconds that it took."""
    target = probe.targets[name]
    async with stream(probe, name, timeout_s) as opened:
        spoken = Spoken(opened)
        try:
            await spoken.begin()
            hello = _hello(target)
            if hello:
                with probe.phase("authenticate"):
                    for command in hello:
                        await spoken.ask(*command)
            with probe.phase("command"):
                reply = await spoken.ask(*words)
            return json_of(words[0], reply), probe.phases[-1].duration_s
        except Unreadable as error:
            raise probe.trouble("unreadable", f"the reply is not JSON: {error}") from None
        except (InvalidResponse, ValueError):
            raise probe.trouble("protocol", "what came is not what Redis says") from None
        except RedisError as error:
            raise _refused(spoken.ends.refused or str(error), probe) from None
        finally:
            await spoken.disconnect(nowait=True)


class Spoken(AbstractConnection):
    """redis-py's connection over a stream of ours: it makes none itself, says nothing unasked, tries nothing twice.

    It speaks RESP2, so that Redis of every age and what speaks like it is understood.
    """

    def __init__(self, opened: Stream) -> None:
        super().__init__(
            protocol=2,
            parser_class=_AsyncRESP2Parser,
            socket_timeout=None,
            socket_connect_timeout=None,
            redis_connect_func=_say_nothing,
        )
        self.ends: Any = _Ends(opened)

    async def begin(self) -> None:
        await self.connect()  # type: ignore[no-untyped-call]

    async def _connect(self) -> None:
        self._reader = self._writer = self.ends

    def _host_error(self) -> str:
        return "the server"

    def repr_pieces(self) -> list[tuple[str, str]]:
        return []

    async def ask(self, *words: str) -> Any:
        """Send a command and read its reply; texts as bytes. Raises CouldNotLook, RedisError, ValueError."""
        await self.send_command(*words, check_health=False)
        return await self.read_response(disable_decoding=True)


async def _say_nothing(connection: Any) -> None:
    """Stand for redis-py's own greeting, which tells its name and version."""
    connection._parser.on_connect(connection)  # noqa: SLF001 - as redis-py's documentation does it


class _Ends:
    """Both ends of a stream, as redis-py holds asyncio's. Closing is left to who opened it."""

    def __init__(self, opened: Stream) -> None:
        self.opened = opened
        self.unsent: list[bytes] = []
        self.levels = Levels()
        self.refused = ""
        """The last error that Redis answered with: of some, redis-py takes away the code."""

    async def readline(self) -> bytes:
        line = await self.opened.receive_until(b"\r\n")
        self.levels.take(line)
        if line.startswith(b"-"):
            self.refused = line[1:-2].decode(errors="replace")
        return line

    async def readexactly(self, size: int) -> bytes:
        return await self.opened.receive_exactly(size)

    def writelines(self, parts: list[bytes]) -> None:
        self.unsent += parts

    async def drain(self) -> None:
        sent, self.unsent = b"".join(self.unsent), []
        await self.opened.send(sent)

    def close(self) -> None:
        """Nothing is left to do here."""


def _hello(target: Target) -> list[tuple[str, ...]]:
    """Give the commands that come first: who we are, and which database is meant."""
    user, password = user_of(target)
    database = target.path.lstrip("/")
    first: list[tuple[str, ...]] = []
    if password:
        first.append(("AUTH", user, password) if user else ("AUTH", password))
    if database and database != "0":
        first.append(("SELECT", database))
    return first


def _refused(said: str, probe: Probe) -> CouldNotLook:
    reason, message = refusal_of(said)
    if reason in LOGGED_OUT:
        probe.doing = "authenticate"
    return probe.trouble(reason, message)
