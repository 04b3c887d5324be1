"""httpx requests in, httpx responses out, over a Wire: what the authors of kinds see, see `checks.client`."""

from collections.abc import Callable, Mapping

import httpx

from releasegate.config.model import Target
from releasegate.wire.origin import target_for
from releasegate.wire.types import HttpAnswer, HttpRequest, Wire

DEFAULT_TIMEOUT_S = 10.0
DECODED = frozenset({"content-encoding", "content-length", "transfer-encoding"})
NOT_SENT = frozenset({"host", "content-length", "connection", "accept-encoding"})


class WireTransport(httpx.AsyncBaseTransport):
    """Sends to declared origins only. Raises httpx.UnsupportedProtocol for others; CouldNotLook passes through.

    `hear` is told of every answer, with its phases and who gave it.
    """

    def __init__(
        self, wire: Wire, targets: Mapping[str, Target], hear: Callable[[HttpAnswer], None] = lambda _answer: None
    ) -> None:
        self.wire = wire
        self.targets = targets
        self.hear = hear

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        target = target_for(url, self.targets)
        if target is None:
            raise httpx.UnsupportedProtocol(f"{request.url.host} is no declared target", request=request)
        timeouts = [value for value in request.extensions.get("timeout", {}).values() if value is not None]
        body = await request.aread()
        answer = await self.wire.fetch(
            HttpRequest(
                target=target,
                method=request.method,
                url=url,
                headers=tuple((k, v) for k, v in request.headers.items() if k.lower() not in NOT_SENT),
                body=body or None,
                timeout_s=max(timeouts, default=DEFAULT_TIMEOUT_S),
            )
        )
        self.hear(answer)
        headers = [(name, value) for name, value in answer.headers if name not in DECODED]
        return httpx.Response(
            answer.status,
            headers=headers,
            content=answer.body,
            request=request,
            extensions={"phases": answer.phases, "contact": answer.contact},
        )
