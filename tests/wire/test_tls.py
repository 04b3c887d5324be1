"""TLS: whom we trust, and how it is told when we do not."""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest
from wire_world import Authority, answer, answering, ask, names, refused, saying, served, target_at, what, wired

FEW = pytest.mark.parametrize("kind", ["fetch", "websocket"])


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def attempt(kind, context, *, handle=None, environ=None, **more):
    """Give the refusal of a request or of an upgrade over TLS."""

    async def run():
        async with served(handle or answering(answer()), context=context) as port, wired(**(environ or {})) as wire:
            scheme = "https" if kind == "fetch" else "wss"
            target = target_at(port, scheme=scheme, **more)
            if kind == "fetch":
                return await refused(wire.fetch(ask(target)))
            return await refused(wire.open_websocket(target, f"{target.origin}/", (), 5.0, max_message=1000))

    return asyncio.run(run())


def test_our_own_authority_is_trusted_and_the_certificate_is_told(authority):
    async def run():
        async with served(answering(answer()), context=authority.context("127.0.0.1")) as port, wired() as wire:
            target = target_at(port, scheme="https", ca=authority.bundle)
            return [await wire.fetch(ask(target)) for _ in range(2)]

    first, second = asyncio.run(run())
    assert names(first.phases) == ["name", "connect", "TLS", "request", "first byte", "transfer"]
    assert names(second.phases) == ["request", "first byte", "transfer"]
    assert "127.0.0.1" in first.contact.tls
    assert "issued by" in first.contact.tls
    assert "Test authority" in first.contact.tls
    assert second.contact.tls == first.contact.tls


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@FEW
def test_the_environment_names_authorities(authority, kind, variable, tmp_path):
    value = authority.bundle
    if variable == "SSL_CERT_DIR":
        (tmp_path / hashed(authority.bundle)).write_bytes(Path(authority.bundle).read_bytes())
        value = str(tmp_path)
    error = attempt(kind, authority.context("127.0.0.1"), handle=saying(), environ={variable: value})
    assert what(error) in {("first byte", "closed"), ("upgrade", "closed")}


def hashed(bundle):
    """Give the name that OpenSSL looks a certificate up by."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to name the file")
    said = subprocess.run(
        ["openssl", "x509", "-hash", "-noout", "-in", bundle], capture_output=True, text=True, check=True
    )
    return f"{said.stdout.strip()}.0"


@FEW
def test_an_unknown_authority_is_not_trusted(authority, kind):
    error = attempt(kind, authority.context("127.0.0.1"))
    assert what(error) == ("TLS", "tls")
    assert names(error.phases) == ["name", "connect", "TLS"]
    assert "self-signed" in error.trouble.message or "issuer" in error.trouble.message
    assert error.contact.address == "127.0.0.1"


@FEW
def test_an_expired_certificate_is_not_trusted(authority, kind):
    error = attempt(kind, authority.context("127.0.0.1", days=-1), ca=authority.bundle)
    assert what(error) == ("TLS", "tls")
    assert "expired" in error.trouble.message


@FEW
def test_a_certificate_for_another_host_is_not_trusted(authority, kind):
    error = attempt(kind, authority.context("staging.example"), ca=authority.bundle)
    assert what(error) == ("TLS", "tls")
    assert "match" in error.trouble.message


@FEW
def test_a_bundle_that_is_not_there_trusts_nobody(authority, kind, tmp_path):
    error = attempt(kind, authority.context("127.0.0.1"), ca=str(tmp_path / "none.pem"))
    assert what(error) == ("TLS", "tls")


@FEW
def test_a_bundle_that_is_none_trusts_nobody(authority, kind, tmp_path):
    (tmp_path / "no.pem").write_text("no certificate")
    error = attempt(kind, authority.context("127.0.0.1"), ca=str(tmp_path / "no.pem"))
    assert what(error) == ("TLS", "tls")


@FEW
def test_a_server_that_speaks_no_tls_is_told(authority, kind):
    async def plain(reader, writer):
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    assert what(attempt(kind, None, ca=authority.bundle, handle=plain)) == ("TLS", "tls")


@FEW
def test_a_handshake_that_does_not_end_times_out_in_its_phase(authority, kind):
    async def silent(reader, _writer):
        await reader.read(1)
        await asyncio.sleep(30)

    async def run():
        async with served(silent) as port, wired() as wire:
            if kind == "fetch":
                target = target_at(port, scheme="https", ca=authority.bundle)
                return await refused(wire.fetch(ask(target, timeout_s=0.2)))
            target = target_at(port, scheme="wss", ca=authority.bundle)
            return await refused(wire.open_websocket(target, f"{target.origin}/", (), 0.2, max_message=1000))

    assert what(asyncio.run(run())) == ("TLS", "timeout")


def test_targets_with_different_authorities_do_not_share_trust(authority, tmp_path):
    other = Authority(tmp_path)

    async def run():
        context = authority.context("127.0.0.1")
        async with served(answering(answer(b"ok", "Connection: close")), context=context) as port, wired() as wire:
            trusting = target_at(port, scheme="https", ca=authority.bundle)
            doubting = target_at(port, scheme="https", ca=other.bundle, name="other")
            first = await wire.fetch(ask(trusting))
            return first.status, await refused(wire.fetch(ask(doubting))), (await wire.fetch(ask(trusting))).status

    first, error, again = asyncio.run(run())
    assert (first, again) == (200, 200)
    assert what(error) == ("TLS", "tls")
