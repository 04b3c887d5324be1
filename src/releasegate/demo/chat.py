"""A world in, the chat out: a WebSocket on which agents say what they do, to everyone who listens."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from releasegate.demo.answers import Answer, enlarged, object_in, refused
from releasegate.demo.conversation import CUT, DETAILS, PAUSE_S, script
from releasegate.demo.faults import Fault
from releasegate.demo.ledger import Unavailable
from releasegate.demo.service import respond, route, service, stopped, unavailable
from releasegate.demo.world import AGENTS, World

MOST_WAITING = 1_000
OTHER_THREAD = "thread-of-another-client"
Event = dict[str, Any]
Mailbox = asyncio.Queue[Event | None]
"""What is to be sent on one connection; None cuts it."""


def chat(world: World) -> Starlette:
    room = Room(world)
    return service([route(world, "GET", "/health", _health), WebSocketRoute("/ws", room.receive)])


async def _health(world: World, _request: Request) -> Answer:
    return Answer(200, world.health("chat"))


class Room:
    """All open connections: what an agent says on one of them is heard on every one."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.mailboxes: set[Mailbox] = set()

    async def receive(self, websocket: WebSocket) -> None:
        """Serve one connection from its upgrade to its end; either side may end it at any time."""
        try:
            await self._serve(websocket)
        except* WebSocketDisconnect:
            pass

    async def _serve(self, websocket: WebSocket) -> None:
        """Raise WebSocketDisconnect at the end, alone or in a group. It ends without a goodbye: that cuts it."""
        refusal = stopped(self.world, websocket.headers.get("authorization"), needed=True)
        if refusal:
            await websocket.send_denial_response(respond(refusal))
            return
        await websocket.accept()
        mailbox: Mailbox = asyncio.Queue(MOST_WAITING)
        self.mailboxes.add(mailbox)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_speak(websocket, mailbox))
                await self._listen(websocket, mailbox, tasks)
        finally:
            self.mailboxes.discard(mailbox)

    async def _listen(self, websocket: WebSocket, mailbox: Mailbox, tasks: asyncio.TaskGroup) -> None:
        while True:
            said = await websocket.receive()
            if said["type"] == "websocket.disconnect":
                raise WebSocketDisconnect
            answer = self._answer(said.get("text"), lambda thread: tasks.create_task(self._run(thread, mailbox)))
            if answer is not None and Fault.WS_SILENT not in self.world.faults:
                _put(mailbox, enlarged(self.world.faults, answer))

    def _answer(self, text: str | None, start: Callable[[str], object]) -> Event | None:
        """Answer a message at once; None when the answer comes as events."""
        message = _read(text)
        thread = message.get("thread_id")
        kind = message.get("type")
        if kind == "ping":
            return {"type": "pong", "timestamp": self.world.now()}
        if kind == "get_agent_status":
            return {"type": "agent_status", "thread_id": thread, "agents": self.world.agents()}
        problem = _problem(message)
        if problem:
            return _invalid(problem, thread)
        start(str(thread))
        return None

    async def _run(self, thread: str, mailbox: Mailbox) -> None:
        """Let an agent work until it is done, the connection is cut, or a store is gone, which everyone hears."""
        agent, completed = AGENTS[0], False
        run_id = self.world.begin_run(agent)
        try:
            completed = await self._play(agent, thread, run_id, mailbox)
        except Unavailable as problem:
            self._tell(self._event("error", thread, run_id, **unavailable(str(problem)).payload))
        finally:
            self.world.end_run(agent, completed=completed)

    async def _play(self, agent: str, thread: str, run_id: str, mailbox: Mailbox) -> bool:
        """Tell everyone what an agent does, and this client what another's does meanwhile; False when cut."""
        for line in script(self.world.faults):
            await asyncio.sleep(PAUSE_S)
            if line.event == CUT:
                await mailbox.put(None)
                return False
            if line.ours:
                found = await self._work(line.event, agent, thread, run_id)
                self._tell(self._event(line.event, thread, run_id, **found))
            else:
                _put(mailbox, self._event(line.event))
        return True

    def _tell(self, event: Event) -> None:
        for listener in self.mailboxes:
            _put(listener, event)

    async def _work(self, event: str, agent: str, thread: str, run_id: str) -> Event:
        """Do what an event tells of; give what came of it."""
        ledger = self.world.ledger
        if event == "agent_thinking":
            return {"remembered": len(await ledger.recall(agent))}
        if event == "tool_completed":
            return {"rows": await ledger.note(run_id, agent)}
        if event == "agent_completed":
            await ledger.remember(agent, thread)
        return {}

    def _event(
        self, name: str, thread: str = OTHER_THREAD, run_id: str = "run-of-another-client", **found: Any
    ) -> Event:
        event = {"type": name, "thread_id": thread, "run_id": run_id, "timestamp": self.world.now()}
        return dict(enlarged(self.world.faults, {**event, **DETAILS.get(name, {}), **found}))


def _read(text: str | None) -> Event:
    """Read a message; one without a type when it is no JSON object."""
    return object_in((text or "").encode("utf-8", "replace")) or {}


def _problem(message: Event) -> str | None:
    """Say what is wrong with a message that should start an agent."""
    if message.get("type") != "start_agent":
        return "a message is a JSON object whose type is one of start_agent, get_agent_status, ping"
    thread, payload = message.get("thread_id"), message.get("payload")
    if not isinstance(thread, str) or not thread:
        return "start_agent needs a thread_id"
    wish = payload.get("user_request") if isinstance(payload, dict) else None
    return None if isinstance(wish, str) and wish else "start_agent needs payload.user_request"


def _invalid(message: str, thread: object = None) -> Event:
    payload: Event = refused(400, "invalid_message", message).payload
    return {"type": "error", "thread_id": thread if isinstance(thread, str) else None, **payload}


def _put(mailbox: Mailbox, event: Event) -> None:
    """Leave an event; a client that does not read misses what no longer fits."""
    if not mailbox.full():
        mailbox.put_nowait(event)


async def _speak(websocket: WebSocket, mailbox: Mailbox) -> None:
    while (event := await mailbox.get()) is not None:
        await websocket.send_json(event)
    raise WebSocketDisconnect
