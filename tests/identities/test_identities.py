import asyncio
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from releasegate.config.model import IdentityDecl, Jwt, Login, Target
from releasegate.config.shape import Url
from releasegate.errors import CouldNotLook
from releasegate.identities import IdentityBook
from releasegate.model import Contact, Trouble
from releasegate.wire.types import HttpAnswer

NONCE = "0af7651916cd43dd8448eb211c80319c"
SECRET = "a-shared-secret-of-more-than-32-bytes!"


def target(name):
    return Target(name=name, url=f"http://{name}:1", scheme="http", host=name, port=1)


TARGETS = {name: target(name) for name in ("api", "auth")}


class ScriptedWire:
    """Answers logins one by one; the last answer stays. `!` refuses the connection."""

    def __init__(self, *script, cookies=None):
        self.script, self.requests, self.cookies = list(script), [], cookies

    async def fetch(self, request):
        self.requests.append(request)
        await asyncio.sleep(0)
        said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if said == "!":
            raise CouldNotLook(Trouble(phase="connect", reason="refused", message="nobody listens"))
        status, body = said if isinstance(said, tuple) else (200, said)
        contact = Contact(target="auth", host="auth", port=1)
        return HttpAnswer(
            status=status, headers=(), body=body.encode(), phases=(), contact=contact, total_s=0.0, cookies=self.cookies
        )


LOGIN = Login(post=Url("auth", "/auth/login"), json={"email": "gate"}, token="$.access_token")
MINTED = Jwt(key=SECRET, algorithm="HS256", claims={"sub": "gate"})
FALLBACK = IdentityDecl(name="user", jwt=MINTED)


def token(value="tok-1"):
    return json.dumps({"access_token": value})


class Time:
    now = 1_000_000.0

    def __call__(self):
        return self.now


def book(declared, wire=None, *, time=None, heard=None):
    on_secret = heard.append if heard is not None else (lambda _secret: None)
    return IdentityBook(
        {"user": declared}, TARGETS, wire or ScriptedWire("!"),
        epoch=time or Time(), nonce=lambda: NONCE, on_secret=on_secret,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """A retry waits for its turn on the loop, not on the clock."""
    real = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda _seconds: real(0))


def show(one, name="api"):
    return asyncio.run(one.headers("user", TARGETS[name]))


def test_a_login_gives_a_bearer():
    assert show(book(IdentityDecl(name="user", login=LOGIN), ScriptedWire(token()))) == (
        ("Authorization", "Bearer tok-1"),
    )


def test_a_login_sends_what_is_declared_to_where_it_is_declared():
    wire = ScriptedWire(token())
    show(book(IdentityDecl(name="user", login=LOGIN), wire))
    (request,) = wire.requests
    assert (request.method, request.url, json.loads(request.body)) == (
        "POST",
        "http://auth:1/auth/login",
        {"email": "gate"},
    )


def test_many_checks_at_once_make_one_login():
    wire = ScriptedWire(token())

    async def go():
        one = book(IdentityDecl(name="user", login=LOGIN), wire)
        return await asyncio.gather(*(one.headers("user", TARGETS["api"]) for _ in range(50)))

    assert len(set(asyncio.run(go()))) == 1
    assert len(wire.requests) == 1


def test_a_token_is_renewed_before_it_expires():
    time = Time()
    first = jwt.encode({"exp": time.now + 100}, SECRET)
    wire = ScriptedWire(token(first), token("tok-2"))

    async def go():
        one = book(IdentityDecl(name="user", login=LOGIN), wire, time=time)
        seen = []
        for passed_s in (0, 60, 11):
            time.now += passed_s
            seen.append((await one.headers("user", TARGETS["api"]))[0][1])
        return seen

    assert asyncio.run(go()) == [f"Bearer {first}", f"Bearer {first}", "Bearer tok-2"]


@pytest.mark.parametrize(
    "answers", [((401, "{}"),), ("!",), ((500, ""),), ("{}",), ("no json",), ('{"access_token": 7}',)]
)
def test_a_login_that_fails_falls_back_and_says_so(answers):
    one = book(IdentityDecl(name="user", login=LOGIN, fallback=FALLBACK), ScriptedWire(*answers))
    ((name, value),) = show(one)
    assert name == "Authorization"
    assert (
        jwt.decode(value.removeprefix("Bearer "), SECRET, algorithms=["HS256"], options={"verify_exp": False})["sub"]
        == "gate"
    )
    assert one.fell_back("user")
    assert one.fallbacks() == ("user",)


def test_a_login_that_is_switched_off_uses_the_fallback_and_that_is_no_failure():
    off = Login(post=LOGIN.post, json={}, token="$.access_token", enabled=False)
    wire = ScriptedWire("!")
    one = book(IdentityDecl(name="user", login=off, fallback=FALLBACK), wire)
    assert show(one)[0][1].startswith("Bearer ")
    assert not one.fell_back("user")
    assert wire.requests == []


def test_never_green_11_a_login_without_fallback_could_not_look_and_names_its_target():
    one = book(IdentityDecl(name="user", login=LOGIN), ScriptedWire((401, "{}")))
    with pytest.raises(CouldNotLook) as failed:
        show(one)
    trouble = failed.value.trouble
    assert (trouble.phase, trouble.reason, trouble.target) == ("login", "status 401", "auth")


def test_a_login_that_failed_is_not_tried_again_by_every_sample():
    wire = ScriptedWire((401, "{}"))
    one = book(IdentityDecl(name="user", login=LOGIN), wire)
    for _ in range(3):
        with pytest.raises(CouldNotLook):
            show(one)
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("script", "asked"), [(("!", token()), 2), (((503, ""), (429, ""), token()), 3), (((401, ""),), 1)]
)
def test_only_what_may_pass_is_tried_again(script, asked):
    wire = ScriptedWire(*script)
    show(book(IdentityDecl(name="user", login=LOGIN, fallback=FALLBACK), wire))
    assert len(wire.requests) == asked


def test_a_login_may_give_cookies_which_only_its_own_target_gets():
    login = Login(post=LOGIN.post, json={}, cookies=True)
    line = "auth\tFALSE\t/\tFALSE\t0\tsession\ts3cret-cookie"
    heard = []
    one = book(IdentityDecl(name="user", login=login), ScriptedWire("", cookies=(line,)), heard=heard)
    assert asyncio.run(one.cookies("user", TARGETS["auth"])) == (line,)
    assert asyncio.run(one.cookies("user", TARGETS["api"])) == ()
    assert heard == ["s3cret-cookie"]


@pytest.mark.parametrize(
    ("scheme", "host", "port", "shared"),
    [
        ("ws", "auth", 1, True),
        ("ws", "AUTH", 1, True),
        ("wss", "auth", 1, False),
        ("ws", "auth", 2, False),
        ("ws", "other", 1, False),
    ],
)
def test_cookies_also_go_to_the_websocket_of_the_same_server(scheme, host, port, shared):
    login = Login(post=LOGIN.post, json={}, cookies=True)
    line = "auth\tFALSE\t/\tFALSE\t0\tsession\tabc"
    one = book(IdentityDecl(name="user", login=login), ScriptedWire("", cookies=(line,)))
    chat = Target(name="chat", url="", scheme=scheme, host=host, port=port)
    assert asyncio.run(one.cookies("user", chat)) == ((line,) if shared else ())


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256"])
def test_a_minted_token_verifies_and_holds_what_is_declared(algorithm):
    key, public = keys(algorithm)
    declared = Jwt(key=key, algorithm=algorithm, claims={"permissions": ["run"]}, expires_in_s=300, header={"kid": "1"})
    value = show(book(IdentityDecl(name="user", jwt=declared)))[0][1].removeprefix("Bearer ")
    claims = jwt.decode(value, public, algorithms=[algorithm], options={"verify_exp": False})
    assert claims == {"permissions": ["run"], "iat": 1_000_000, "exp": 1_000_300}
    assert jwt.get_unverified_header(value)["kid"] == "1"


def keys(algorithm):
    if algorithm == "HS256":
        return SECRET, SECRET
    made = rsa.generate_private_key(65537, 2048) if algorithm == "RS256" else ec.generate_private_key(ec.SECP256R1())
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = made.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, public.decode()


def test_a_key_that_cannot_sign_is_named_without_being_quoted():
    declared = Jwt(key="not a pem with s3cret", algorithm="RS256", claims={})
    with pytest.raises(CouldNotLook) as failed:
        show(book(IdentityDecl(name="user", jwt=declared)))
    assert "s3cret" not in str(failed.value)
    assert failed.value.trouble.reason == "key"


@pytest.mark.parametrize(
    ("declared", "headers"),
    [
        (IdentityDecl(name="user", bearer="b-token"), (("Authorization", "Bearer b-token"),)),
        (IdentityDecl(name="user", basic=("me", "pw:x")), (("Authorization", "Basic bWU6cHc6eA=="),)),
        (IdentityDecl(name="user", headers=(("X-Key", "k"),)), (("X-Key", "k"),)),
    ],
)
def test_what_needs_no_login_is_shown_as_declared(declared, headers):
    assert show(book(declared)) == headers


def test_an_identity_is_shown_to_the_targets_that_it_is_for_only():
    one = book(IdentityDecl(name="user", bearer="b-token", targets=("api",)))
    assert show(one, "auth") == ()
    assert show(one, "api") != ()


def test_nobody_shows_nothing():
    one = book(IdentityDecl(name="user", bearer="b-token"))
    assert asyncio.run(one.headers("nobody", TARGETS["api"])) == ()
    assert not one.fell_back("nobody")


def test_every_token_is_a_secret_at_once():
    heard = []
    show(book(IdentityDecl(name="user", login=LOGIN), ScriptedWire(token("tok-1")), heard=heard))
    assert heard == ["tok-1"]


def test_a_token_that_came_expired_is_kept_for_the_checks_to_show():
    time = Time()
    wire = ScriptedWire(token(jwt.encode({"exp": time.now - 60}, SECRET)))
    one = book(IdentityDecl(name="user", login=LOGIN), wire, time=time)
    show(one)
    show(one)
    assert len(wire.requests) == 1


def test_a_sample_waits_longer_for_its_login_than_a_login_takes():
    from releasegate.checks.base import LOGIN_S
    from releasegate.identities import FIRST_WAIT_S, LOGIN_TIMEOUT_S, PATIENCE_S

    longest_pause_s = FIRST_WAIT_S * 2 + FIRST_WAIT_S
    assert PATIENCE_S + longest_pause_s + LOGIN_TIMEOUT_S < LOGIN_S


def test_a_login_that_hangs_is_tried_once_and_then_falls_back(monkeypatch):
    class Hanging(ScriptedWire):
        async def fetch(self, request):
            ticking[0] += 10.0  # what tenacity's clock sees of it
            return await super().fetch(request)

    ticking = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: ticking[0])
    wire = Hanging("!")
    one = book(IdentityDecl(name="user", login=LOGIN, fallback=FALLBACK), wire)
    assert asyncio.run(one.headers("user", TARGETS["api"]))[0][1].startswith("Bearer ey")
    assert len(wire.requests) == 1
    assert one.fell_back("user")


def jwt_with(claims):
    import base64

    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.sig"


@pytest.mark.parametrize(
    "claims",
    [b'{"exp": ' + b"9" * 4000 + b"}", b"[" * 100_000, b'{"exp": 1e999}', b'{"exp": -5}', b'{"exp": "x"}', b"\xff"],
)
def test_no_claims_of_a_token_can_crash_the_gate(claims):
    wire = ScriptedWire(json.dumps({"access_token": jwt_with(claims)}))
    one = book(IdentityDecl(name="user", login=LOGIN), wire)
    assert asyncio.run(one.headers("user", TARGETS["api"]))[0][0] == "Authorization"


def test_a_token_that_no_header_can_hold_falls_back():
    one = book(IdentityDecl(name="user", login=LOGIN, fallback=FALLBACK), ScriptedWire(token("tök-1")))
    assert asyncio.run(one.headers("user", TARGETS["api"]))[0][1].startswith("Bearer ey")
    assert one.fell_back("user")


def test_a_short_shared_secret_warns_nobody_on_the_way():
    short = IdentityDecl(name="user", jwt=Jwt(key="short", algorithm="HS256", claims={}))
    assert asyncio.run(book(short).headers("user", TARGETS["api"]))


def test_a_login_is_traced_and_its_failure_names_the_trace():
    wire = ScriptedWire((503, ""))
    with pytest.raises(CouldNotLook, match=f"status 503; trace {NONCE}"):
        show(book(IdentityDecl(name="user", login=LOGIN), wire))
    said = [dict(request.headers)["traceparent"] for request in wire.requests]
    assert said == [f"00-{NONCE}-000000000000000{attempt}-01" for attempt in (1, 2, 3)]
