"""A request in, the answer that is judged out: credentials, cookies, redirects, the one retry. All I/O of the kind.

Credentials and cookies go only to the origin that they are for; a redirect is followed to declared origins only.
"""

from typing import Any

from msgspec.structs import replace

from releasegate.checks._http import encode, judge
from releasegate.checks._http.meaning import (
    add_contact,
    closed_before_a_byte,
    cookies_set,
    from_a_cache,
    header,
    joined,
    lost_a_race,
    retry_after_s,
    shown,
)
from releasegate.checks._http.spec import WRITING, Answer, Content, File, Flow, Request
from releasegate.checks.base import Probe
from releasegate.checks.compose import Headers, Refused, filled_headers, filled_path, merged
from releasegate.config.model import NOBODY, Target
from releasegate.errors import CouldNotLook
from releasegate.model import Phase
from releasegate.template import Template, as_text
from releasegate.wire.origin import absolute, target_for
from releasegate.wire.types import HttpAnswer, HttpRequest

TOO_MANY = 429
OK = range(200, 300)
MOST_FILE_BYTES = 10 * 2**20
REDIRECTS = frozenset({301, 302, 303, 307, 308})
SEE_OTHER = 303
KEEPING = frozenset({307, 308})
BEFORE_SENDING = frozenset({"name", "connect", "TLS", "login", "address"})
UNSENT = frozenset({"dns", "refused", "unreachable", "tls", "not allowed"})
KEPT_ABROAD = frozenset({"user-agent", "accept", "accept-language"})


class Session:
    """What one sample remembers between its requests: cookies, the last URL, what was sent."""

    def __init__(self, flow: Flow, probe: Probe) -> None:
        self.flow = flow
        self.probe = probe
        self.jars: dict[tuple[str, str], tuple[str, ...]] = {}
        self.last_url: str | None = None
        self.tries: dict[str | None, int] = {}
        self.sent: dict[str | None, int | None] = {}
        """Each step's last status; None when it was sent and nobody answered, also if a later try was refused.
        Absent when it was never sent."""
        self.sums: dict[str, float] | None = None
        """Phases of a polled step, summed; None while a step is not polled."""
        self.recording = True

    async def ask(self, request: Request, timeout_s: float) -> Answer:
        """Send a request and follow its redirects. Raises CouldNotLook, which then names the step."""
        probe = self.probe
        try:
            http = await self._compose(request, timeout_s)
            answer = await self._send(request, http)
            if request.follow and answer.status in REDIRECTS:
                return await self._follow(request, http, answer)
        except CouldNotLook as error:
            self._blame(error, request)
            raise
        except Refused as refused:
            probe.doing = "request"
            raise probe.trouble("not allowed", str(refused)) from None
        return self._judged(answer, answer.total_s, cookies_set(answer.headers) if self.flow.jar else ())

    def _judged(self, answer: HttpAnswer, total_s: float, cookies: Headers) -> Answer:
        told = from_a_cache(answer.headers)
        if told and self.recording:
            self._note(told)
        return Answer(
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            total_s=total_s,
            cookies=cookies,
        )

    async def _compose(self, request: Request, timeout_s: float) -> HttpRequest:
        probe = self.probe
        target, url = self._address(request)
        probe.target = target.name
        headers = request.plain_headers or filled_headers(request.headers, probe.scope)
        who = request.identity if isinstance(request.identity, str | None) else request.identity.text(probe.scope)
        if who is not None and who != NOBODY:
            headers = merged(target.headers, await self._credentials(who, target), headers)
        elif target.headers:
            headers = merged(target.headers, headers)
        content, jar = request.content, self.jars.get((who or NOBODY, target.name), ())
        return HttpRequest(
            target=target,
            method=request.method,
            url=url,
            headers=headers,
            body=self._encode(content) if isinstance(content, Content) else content,
            timeout_s=timeout_s,
            cookies=jar if jar or self.flow.jar else None,
            fresh=not request.repeatable,
        )

    def _address(self, request: Request) -> tuple[Target, str]:
        """Say where a request goes. A captured URL leads to declared origins only."""
        probe, url = self.probe, request.url
        if url.whole is None:
            name = url.target if isinstance(url.target, str) else _filled(url.target, probe)
            target = probe.targets[name]
            path = request.path
            if request.query or not isinstance(path, str):
                path = filled_path(path, request.query, probe.scope)
            return target, absolute(target, path)
        led = joined(self.last_url or "", _filled(url.whole, probe))
        address = filled_path(led, request.query, probe.scope)
        declared = target_for(address, probe.targets)
        if declared is None:
            probe.doing = "address"
            raise probe.trouble("not allowed", f"{shown(address)} is on no declared target")
        return declared, address

    async def _credentials(self, who: str, target: Target) -> Headers:
        self.probe.doing = "login"
        headers, cookies = await self.probe.shown(who, target)
        self.jars.setdefault((who, target.name), cookies)
        return headers

    def _encode(self, content: Content) -> bytes:
        return encode.encode_content(content, self.probe.scope, self._read)

    def _read(self, file: File) -> bytes:
        """Read a file beside the config, never one outside of its directory, also not through a link."""
        from pathlib import Path

        base = Path(file.config).parent.resolve()
        path = (base / file.path).resolve()
        self.probe.doing = "file"
        try:
            if not path.is_relative_to(base):
                raise self.probe.trouble("not allowed", f"{file.path} leads out of the config's directory")
            if path.stat().st_size > MOST_FILE_BYTES:
                raise self.probe.trouble("too large", f"{file.path} has more than 10 MiB")
            return path.read_bytes()
        except OSError as error:
            raise self.probe.trouble("no file", f"{file.path}: {error.strerror}") from None

    async def _send(self, request: Request, http: HttpRequest) -> HttpAnswer:
        """Send; once in a sample, and only what may be sent twice, again after a 429 or an early close."""
        probe = self.probe
        try:
            answer = await self._fetch(request, http)
        except CouldNotLook as error:
            if not self._may_retry(request) or not closed_before_a_byte(error):
                raise
            self._note_retry("the connection was closed before a byte; sent again")
            return await self._fetch(request, replace(http, fresh=True))
        if answer.status != TOO_MANY or not self._may_retry(request):
            return answer
        pause_s = retry_after_s(answer.headers)
        left_s = http.timeout_s - answer.total_s - (pause_s or 0.0)
        if pause_s is None or left_s <= 0 or judge.accepts_status(request, TOO_MANY, probe.scope):
            return answer
        self._note_retry(f"429 Too Many Requests; sent again after {pause_s:g} s, as Retry-After asks")
        probe.doing = "retry after"
        await probe.sleep(pause_s)
        return await self._fetch(request, replace_timeout(http, left_s))

    def _may_retry(self, request: Request) -> bool:
        return self.recording and request.repeatable and self.probe.retries == 0

    def _note_retry(self, text: str) -> None:
        self.probe.retries += 1
        self._note(text)

    def _note(self, text: str) -> None:
        """Note something once, however often a poll meets it."""
        note = f"{self.probe.step}: {text}" if self.probe.step else text
        if note not in self.probe.notes:
            self.probe.notes.append(note)

    async def _fetch(self, request: Request, http: HttpRequest) -> HttpAnswer:
        """Send; and what a kept connection took along with it, over a new one: that is no retry, and tells nothing."""
        try:
            return await self._exchange(request, http)
        except CouldNotLook as error:
            if http.fresh or not lost_a_race(error):  # fresh is all that must not be sent twice
                raise
            spent_s = sum(phase.duration_s for phase in error.phases)
        try:
            return await self._exchange(request, replace_timeout(replace(http, fresh=True), http.timeout_s - spent_s))
        except CouldNotLook:
            if self.recording:
                self._note("a kept connection had been closed; sent on a new one")
            raise

    async def _exchange(self, request: Request, http: HttpRequest) -> HttpAnswer:
        probe = self.probe
        probe.doing = "request"
        self.last_url = http.url
        doubt = request.step in self.sent and self.sent[request.step] is None  # an earlier try may have arrived
        if request.writes:
            self.sent[request.step] = None
            self.tries[request.step] = self.tries.get(request.step, 0) + 1
        answer = await probe.wire.fetch(replace(http, headers=probe.traced(http.headers)))
        if request.writes and (not doubt or answer.status in OK):
            self.sent[request.step] = answer.status
        if self.recording:
            self._record(answer)
        if self.flow.jar and answer.cookies is not None:
            self.jars[self._who(request), http.target.name] = answer.cookies
        return answer

    def _who(self, request: Request) -> str:
        return _filled(request.identity, self.probe) if request.identity is not None else NOBODY

    def _record(self, answer: HttpAnswer) -> None:
        probe = self.probe
        if self.sums is not None:
            for phase in answer.phases:
                self.sums[phase.name] = self.sums.get(phase.name, 0.0) + phase.duration_s
        elif probe.step is None:
            probe.phases.extend(answer.phases)
        else:
            probe.phases.extend(Phase(name=p.name, duration_s=p.duration_s, step=probe.step) for p in answer.phases)
        if probe.contacts:
            add_contact(probe.contacts, answer.contact)
        else:
            probe.contacts.append(answer.contact)

    async def _follow(self, request: Request, http: HttpRequest, answer: HttpAnswer) -> Answer:
        """Follow redirects. What may not be followed is the answer, with a note that says why."""
        probe = self.probe
        followed = 0
        cookies = cookies_set(answer.headers)
        total_s = answer.total_s
        while answer.status in REDIRECTS and (location := header(answer.headers, "location")):
            following = self._next(request, http, answer.status, location)
            if isinstance(following, str) or followed == request.follow:
                why = following if isinstance(following, str) else f"more than {request.follow} redirects"
                self._note(f"redirect to {shown(joined(http.url, location))} not followed: {why}")
                break
            followed += 1
            if self.sums is None:
                probe.note_moment("redirect", f"{answer.status} to {shown(following.url)}")
            http = replace_timeout(following, following.timeout_s - answer.total_s)
            probe.target = http.target.name
            answer = await self._send(request, http)
            cookies += cookies_set(answer.headers)
            total_s += answer.total_s
        return self._judged(answer, total_s, cookies)

    def _next(self, request: Request, http: HttpRequest, status: int, location: str) -> HttpRequest | str:
        """Compose the request that a redirect asks for, or say why it is not made."""
        url = joined(http.url, location)
        target = target_for(url, self.probe.targets)
        if target is None:
            return "it is on no declared target"
        method, body, headers = http.method, http.body, http.headers
        if status not in KEEPING and (method == "POST" or (status == SEE_OTHER and method != "HEAD")):
            method, body = "GET", None
            headers = tuple(pair for pair in headers if not pair[0].lower().startswith("content-"))
        if target.origin != http.target.origin:
            if body is not None:
                return "a body is never carried to another origin"
            headers = tuple(pair for pair in headers if pair[0].lower() in KEPT_ABROAD)
            headers = merged(target.headers, headers)
        return HttpRequest(
            target=target,
            method=method,
            url=url,
            headers=headers,
            body=body,
            timeout_s=http.timeout_s,
            cookies=self.jars.get((self._who(request), target.name), ()),
            fresh=http.fresh and method in WRITING,
        )

    def _blame(self, error: CouldNotLook, request: Request) -> None:
        """Name step and target in a trouble that the wire or an identity reported."""
        probe, trouble = self.probe, error.trouble
        unsent = trouble.phase in BEFORE_SENDING or trouble.reason in UNSENT
        if unsent and self.tries.get(request.step, 0) <= 1:  # of several tries an earlier one may have arrived
            self.sent.pop(request.step, None)
        error.trouble = replace(trouble, step=trouble.step or probe.step, target=trouble.target or probe.target)
        error.phases = tuple(replace(phase, step=phase.step or probe.step) for phase in error.phases)


def _filled(compiled: Any, probe: Probe) -> str:
    return as_text(compiled.fill(probe.scope)) if isinstance(compiled, Template) else str(compiled)


def replace_timeout(http: HttpRequest, timeout_s: float) -> HttpRequest:
    """Give what is left of the time: one bound holds for a request with all its redirects."""
    return replace(http, timeout_s=max(timeout_s, 0.05))
