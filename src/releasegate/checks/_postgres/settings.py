"""The url of a target in, all that libpq is told out; or why the url is not taken. Pure.

libpq asks the environment (PGHOST, PGPASSWORD …) and the home directory (.pgpass, client certificates) for whatever it
is not told. Only the url decides here, so it is told everything.
"""

import os
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit

from releasegate.checks.userinfo import user_of
from releasegate.config.model import Target
from releasegate.wire.address import is_local, literal_kind

USER = "postgres"
"""Who we are where the url does not say it: libpq would take the name of whoever runs the gate."""
NOWHERE = f"{os.devnull}/none"
"""A path at which there is no file, on any system."""
VERIFIED = frozenset({"require", "verify-ca", "verify-full"})
PLAIN = "disable"
NEUTRAL = {
    "passfile": NOWHERE, "options": "", "application_name": "releasegate", "client_encoding": "UTF8",
    "connect_timeout": "0", "channel_binding": "prefer", "sslnegotiation": "postgres", "sslcompression": "0",
    "sslcert": NOWHERE, "sslkey": NOWHERE, "sslcertmode": "disable", "sslrootcert": NOWHERE, "sslcrl": NOWHERE,
    "sslcrldir": "", "sslsni": "1", "requirepeer": "", "require_auth": "none,md5,scram-sha-256",
    "min_protocol_version": "3.0", "max_protocol_version": "3.0", "ssl_min_protocol_version": "TLSv1.2",
    "ssl_max_protocol_version": "", "gssencmode": "disable", "krbsrvname": "postgres", "gsslib": "",
    "gssdelegation": "0", "target_session_attrs": "any", "load_balance_hosts": "disable",
}  # fmt: skip
QUERY = ("sslmode", "channel_binding", "application_name")
"""What the query of a url may say."""
BINDINGS = ("disable", "prefer", "require")


def refusal(target: Target) -> tuple[str, str] | None:
    """Say what is wrong with a target's url, and what to write instead."""
    query = _query(target)
    unknown = next((name for name in query if name not in QUERY), None)
    if unknown is not None:
        hint = f"it may say {', '.join(QUERY)}; a certificate authority stands at targets: {{{target.name}: {{ca: …}}}}"
        return f'its url says "{unknown[:40]}", and that would not be heeded', hint
    mode = query.get("sslmode", PLAIN)
    if mode != PLAIN and mode not in VERIFIED:
        hint = f"sslmode=verify-full, or {PLAIN} to speak in the clear"
        return f"sslmode={mode[:40]} leaves open whether the server is verified", hint
    binding = query.get("channel_binding", "prefer")
    if binding not in BINDINGS:
        return f"channel_binding={binding[:40]} is not known", f"one of {', '.join(BINDINGS)}"
    if "/" in target.path[1:]:
        return "the path of its url is no name of a database", "postgres://user:password@host:5432/database"
    return None


def is_plain(target: Target) -> bool:
    """Tell whether no TLS is spoken: where the url says so, or on this machine if it does not say."""
    here = is_local(target.host) or literal_kind(target.host) == "loopback"
    return _query(target).get("sslmode", PLAIN if here else "verify-full") == PLAIN


def settings(target: Target, address: str, bundle: str | None, known: Iterable[str]) -> dict[str, str]:
    """Give what to tell libpq, of the `known` keywords, to speak to a target at a vetted address."""
    user, password = user_of(target)
    said = {name: value for name, value in _query(target).items() if name != "sslmode"}
    told = {
        **NEUTRAL,
        **said,
        "host": target.host,
        "hostaddr": address,
        "port": str(target.port),
        "user": user or USER,
        "password": password,
        "dbname": unquote(target.path.lstrip("/")) or user or USER,
        "sslmode": PLAIN if is_plain(target) else "verify-full",
    }
    if told["sslmode"] != PLAIN:
        told["require_auth"] += ",password"  # in the clear it is shown to nobody
        told["sslrootcert"] = bundle or "system"  # libpq reads no directory; OpenSSL's own place names one
    keywords = frozenset(known)
    return {name: value for name, value in told.items() if name in keywords}


def _query(target: Target) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(target.url).query, keep_blank_values=True))
