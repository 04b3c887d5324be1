"""A client that knows the staging: what tests say to it and hear from it."""

import asyncio
import json
import os
import socket
import sys
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
from websockets.asyncio.client import connect

from releasegate.demo.serve import Staging
from releasegate.demo.stores import NAMES, Stores, find

EMAIL = "gate@example.com"
START = {"type": "start_agent", "thread_id": "mine", "payload": {"user_request": "Analyze test data"}}


class Client:
    """Speaks to one staging."""

    def __init__(self, staging):
        self.environ = staging.environ
        self.http = httpx.Client(base_url=self.environ["STAGING_API_URL"], trust_env=False, timeout=10)

    def ask(self, method, path, *, token=None, **more):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.request(method, path, headers=headers, **more)

    def log_in(self, password=None):
        given = {"email": EMAIL, "password": password or self.environ["STAGING_PASSWORD"]}
        return httpx.post(self.environ["STAGING_AUTH_URL"] + "/auth/login", json=given, trust_env=False)

    def mint(self, *, secret=None, lives_s=60, **claims):
        given = {"sub": "releasegate", "permissions": ["agent_execution"], "exp": int(time.time() + lives_s), **claims}
        return jwt.encode(given, secret or self.environ["STAGING_JWT_SECRET"], algorithm="HS256")

    def chat(self, talk, *, token):
        """Open the chat and run `talk(socket)`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}

        async def run():
            async with (
                asyncio.timeout(10),
                connect(self.environ["STAGING_WS_URL"] + "/ws", additional_headers=headers, proxy=None) as opened,
            ):
                return await talk(opened)

        return asyncio.run(run())


MISSING = [why for name in NAMES if find(name) is None for why in Stores(wanted=[name]).missing.values()]
MAY_MISS = not os.environ.get("CI") or sys.platform == "win32"
WITHOUT = bool(MISSING) and MAY_MISS
needs_stores = pytest.mark.skipif(WITHOUT, reason="; ".join(MISSING) or "-")
"""What needs real stores is skipped where a machine has none; in CI it fails there, but on Windows."""


@contextmanager
def staged(*faults, stores=()):
    """Serve a staging, without stores unless they are asked for: most of what it does needs none."""
    with Staging(faults, stores=stores) as staging:
        client = Client(staging)
        with client.http:
            yield client


async def hear(opened, *messages, count=None):
    """Send messages; give the next `count` that are heard, or all until half a second of silence."""
    for message in messages:
        await opened.send(message if isinstance(message, (str, bytes)) else json.dumps(message))
    heard = []
    try:
        while len(heard) != count:
            async with asyncio.timeout(0.5 if count is None else 10):
                heard.append(json.loads(await opened.recv()))
    except TimeoutError:
        assert count is None, f"heard only {heard}"
    return heard


def types(heard, thread):
    return [event["type"] for event in heard if event.get("thread_id") == thread]


def until(look, **expected):
    """Look until an answer holds what is expected; give that answer."""
    ends = time.monotonic() + 10
    while not expected.items() <= (said := look()).items():
        assert time.monotonic() < ends, said
        time.sleep(0.02)
    return said


def is_open(port):
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def edge_of(staging):
    return port_of(staging.environ["STAGING_EDGE_URL"])


def port_of(url):
    return urlsplit(url).port
