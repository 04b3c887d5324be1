"""What libpq says of a failure in, its normalised reason and its message out. Pure.

libpq gives the code of an error only once a connection is made. Before, there is its text: the system's words, and the
server's, in the language that it was set to.
"""

import os
import re

from releasegate.wire.reasons import OS_REASONS

LONGEST_MESSAGE = 300
SYSTEM = {os.strerror(number): reason for number, reason in OS_REASONS.items()}
REFUSALS = {
    "password authentication failed": "28P01",
    "no password supplied": "no password",
    "no pg_hba.conf entry": "28000",
    "role .* does not exist": "28000",
    "database .* does not exist": "3D000",
    "permission denied for database": "42501",
    "too many (?:clients|connections)|remaining connection slots": "53300",
    "starting up|shutting down|not yet accepting|recovery mode": "57P03",
}
"""What the server says in English when it lets nobody in, with the code (SQLSTATE) that it has for it."""
REFUSED = re.compile(r"\b\w+:(?:  |$)|authentication method requirement")
"""The server's words follow a severity, in any language; the other is libpq's, of a login that we take no part in."""
CLOSED = re.compile(r"server closed the connection|connection (?:has been )?closed|SSL SYSCALL error: EOF")
PREFIX = re.compile(
    r"^(?:connection (?:failed: )?to server at .*? failed: |connection to server at .*? port \d+ failed: )"
)
SEVERITY = re.compile(r"^(?:FATAL|ERROR|PANIC):\s+")


def reason_of(said: str, phase: str) -> str:
    """Name why there is no connection, or no longer one."""
    system = next((reason for words, reason in SYSTEM.items() if words in said), None)
    if system or CLOSED.search(said):
        return system or "closed"
    if phase == "authenticate":
        told = next((code for words, code in REFUSALS.items() if re.search(words, said)), None)
        return told or ("login refused" if REFUSED.search(said) else "protocol")
    return {"TLS": "tls", "connect": "closed"}.get(phase, "protocol")


def said_of(said: str) -> str:
    """Give the first line of what libpq says, without where it connected to: the contact says that."""
    line = said.partition("\n")[0].strip()
    return SEVERITY.sub("", PREFIX.sub("", line))[:LONGEST_MESSAGE] or "libpq does not say why"
