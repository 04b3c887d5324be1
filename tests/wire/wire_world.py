"""Servers on the loopback that behave as badly as a test wants, and the words to speak to them."""

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
import time
from contextlib import asynccontextmanager, suppress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.wire import names as looking_up
from releasegate.wire.live import LiveWire
from releasegate.wire.types import HttpRequest


def target_at(port, *, scheme="http", host="127.0.0.1", name="api", **more):
    return Target(name=name, url=f"{scheme}://{host}:{port}", scheme=scheme, host=host, port=port, **more)


def ask(target, path="/", *, method="GET", url=None, **more):
    more.setdefault("timeout_s", 5.0)
    return HttpRequest(target=target, method=method, url=f"{target.origin}{path}" if url is None else url, **more)


def led_to(monkeypatch, *peers):
    """Lead every name to addresses, as a resolver would that somebody else controls."""
    found = tuple((socket.AF_INET6 if ":" in peer[0] else socket.AF_INET, peer) for peer in peers)
    monkeypatch.setattr(looking_up, "ask_system", lambda _host, _port: found)


@asynccontextmanager
async def wired(**environ):
    wire = LiveWire(environ=environ, clock=time.monotonic)
    try:
        yield wire
    finally:
        await wire.aclose()


@asynccontextmanager
async def served(handle, *, host="127.0.0.1", port=0, context=None):
    """Serve `handle(reader, writer)` for each connection; gives the port."""
    tasks = set()

    async def one(reader, writer):
        tasks.add(asyncio.current_task())
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handle(reader, writer)
        finally:
            tasks.discard(asyncio.current_task())
            writer.close()

    server = await asyncio.start_server(one, host, port, ssl=context, limit=2**22)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def read_request(reader):
    """Give the head as text and the body of a request; an empty head when there is none any more."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return "", b""
    length = next((line[16:] for line in head.split("\r\n") if line.lower().startswith("content-length: ")), "0")
    return head, await reader.readexactly(int(length))


def answer(body=b"ok", *headers, status="200 OK"):
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def answering(*answers, seen=None):
    """A handler that gives one answer after the other to each connection, the last one for ever."""

    async def handle(reader, writer):
        for number in range(10**9):
            head, body = await read_request(reader)
            if not head:
                return
            if seen is not None:
                seen.append((head, body))
            writer.write(answers[min(number, len(answers) - 1)])
            await writer.drain()

    return handle


def saying(*chunks, pause_s=0.0, end="close"):
    """A handler that reads one request, writes chunks, and then closes, resets or waits."""

    async def handle(reader, writer):
        await read_request(reader)
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(pause_s)
        if end == "wait":
            await asyncio.sleep(30)
        if end == "reset":
            writer.transport.abort()

    return handle


async def refused(awaitable):
    """Give the CouldNotLook that awaiting raises."""
    try:
        given = await awaitable
    except CouldNotLook as error:
        return error
    raise AssertionError(f"it was not refused: {given}")


def what(error):
    return error.trouble.phase, error.trouble.reason


def names(phases):
    return [phase.name for phase in phases]


class Authority:
    """A certificate authority of our own."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name("Test authority")
        self.certificate = self._sign(self.name, self.key.public_key(), days=30, ca=True)
        self.bundle = str(folder / "ca.pem")
        (folder / "ca.pem").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, *hosts, days=30):
        """Give a server's context with a certificate for hosts; negative days: expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_name(hosts[0]), key.public_key(), days=days, hosts=hosts)
        path = self.folder / f"{hosts[0]}{days}.pem".replace(":", "_")
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _sign(self, subject, key, *, days, hosts=(), ca=False):
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=60))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if ca:
            usage = dict.fromkeys(
                ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                 "encipher_only", "decipher_only"), False,
            )  # fmt: skip
            builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False
            )
        return builder.sign(self.key, hashes.SHA256())


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
