"""The model of previews, run against a preview that is https and whose address only its deployment says."""

import asyncio
import contextlib
import json
import ssl
import threading
from urllib.parse import urlsplit

import pytest
from act_world import REPOSITORY, comments, told
from wire_world import Authority

from releasegate.demo.relay import PIECE
from releasegate.demo.serve import REVISION

PREVIEW = """\
version: 1
gate: staging
targets:
  api:
    url: "${RELEASEGATE_DEPLOYMENT_URL}"
    allow_hosts: ["*.preview.example.com", localhost]
    ca: ca.pem
    revision: {get: /health, at: $.revision, wait: 10s}
suites: {smoke: {checks: {health: {http: {get: "api:/health", expect: {status: 200}}}}}}
"""


class Terminator:
    """Speaks TLS for a server that speaks none: `url` leads there, and what is said is passed on as it is."""

    def __init__(self, behind: str, context: ssl.SSLContext) -> None:
        self._behind, self._context = urlsplit(behind), context
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        self._server = self._wait(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context))
        self.url = f"https://localhost:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_):
        self._wait(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _wait(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _end(self):
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, from_client, to_client):
        from_server, to_server = await asyncio.open_connection(self._behind.hostname, self._behind.port)
        with contextlib.closing(to_client), contextlib.closing(to_server), contextlib.suppress(OSError):
            await asyncio.gather(_pass_on(from_client, to_server), _pass_on(from_server, to_client))


async def _pass_on(reader, writer):
    while said := await reader.read(PIECE):
        writer.write(said)
        await writer.drain()
    writer.close()


def deployment(state, url, environment="preview-2"):
    status = {"state": state, "environment": environment, "environment_url": url}
    deployed = {"id": 7, "sha": REVISION}
    return json.dumps({"deployment_status": status, "deployment": deployed, "repository": REPOSITORY})


@pytest.fixture
def preview(repository, staging, tmp_path):
    authority = Authority(tmp_path)
    (repository.work / "ca.pem").write_bytes((tmp_path / "ca.pem").read_bytes())
    with Terminator(staging.environ["STAGING_API_URL"], authority.context("localhost")) as there:
        yield there.url


def test_a_healthy_preview_makes_the_deployed_commit_green(repository, preview, world):
    repository.config(PREVIEW)
    done = repository.run("deployment_status", deployment("success", preview), model="previews")
    assert done.returncode == 0, done.stdout
    assert "✅ STABLE" in done.stdout
    assert told(world, REVISION) == ["success", "pending"]
    assert comments(world) == []


def test_a_broken_preview_makes_the_deployed_commit_red_and_tells_its_pull_request(repository, preview, world):
    repository.config(PREVIEW.replace("api:/health", "api:/not-there"))
    done = repository.run("deployment_status", deployment("success", preview), model="previews")
    assert done.returncode == 1, done.stdout
    assert "❌ UNSTABLE" in done.stdout
    assert told(world, REVISION) == ["failure", "pending"]
    (comment,) = world.repository.comments.values()
    assert comment.number == world.pull.number
    assert "UNSTABLE" in comment.body


def test_a_preview_is_judged_once_it_is_there_and_nowhere_but_where_it_may_be(repository, staging, world):
    repository.config(PREVIEW)
    url = staging.environ["STAGING_API_URL"]
    for elsewhere, why in ((url, "https or wss, not http"), ("https://shop.example.org", "allow_hosts")):
        done = repository.run("deployment_status", deployment("success", elsewhere), model="previews")
        assert done.returncode == 1, done.stdout
        assert why in done.stdout, done.stdout
    for payload in (deployment("in_progress", url), deployment("success", url, "production")):
        done = repository.run("deployment_status", payload, model="previews")
        assert done.returncode == 0, done.stdout
        assert "Run Main OWNER/releasegate" not in done.stdout
    assert "success" not in told(world, REVISION)
