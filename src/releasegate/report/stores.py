"""The code with which Redis or PostgreSQL refuses in, what a person should look at next out."""

# ruff: noqa: E501 - a table of sentences is read by the sentence

LOGIN = "{target} does not let us in: look at user and password in the secret that its url comes from, and whether they were rotated"
RESTARTED = "{target} is not up yet: was it restarted at {when}, and is it still loading?"
FULL = "{target} has no room for another connection or for what was asked: look at its limits, and at who holds its connections at {when}"
CODES = {
    "wrongpass": LOGIN,
    "noauth": "{target} wants a password: its url needs one, redis://user:password@host",
    "noperm": "the user in the url of {target} may not do this: let it read, with ACL SETUSER",
    "wrongtype": "a key of {target} holds another type than the check reads: did the change alter how it is kept?",
    "loading": RESTARTED,
    "masterdown": "{target} is a replica without its master: look at the replication",
    "clusterdown": "{target} is a cluster that is not whole: look at its nodes",
    "moved": "{target} is one node of a cluster, and another one holds the key: name that one as the target",
    "28p01": LOGIN,
    "28000": "{target} lets nobody in from here under this name: look at the user in the secret that its url comes from, and at pg_hba.conf",
    "no-password": "{target} wants a password: its url needs one, postgres://user:password@host/database",
    "login-refused": LOGIN,
    "3d000": "{target} has no such database: is the name in its url right, and was the database made?",
    "42501": "the user in the url of {target} may not read this: GRANT it SELECT",
    "42p01": "{target} has no such table: did its migration run?",
    "42703": "a table of {target} has no such column: did its migration run, or did the change rename it?",
    "25006": "the query of the check would write, and {target} does not let it: a check only reads",
    "57014": "{target} ended the query, for it took too long: look for locks, and at the query's plan",
    "57p03": RESTARTED,
    "unreadable": "what {target} holds has no JSON form: ask for another part of it, or for its length",
}
CLASSES = {
    "08": "{target} is lost on the way: look for a restart or a pooler between at {when}",
    "22": "the query of the check fails on what {target} holds: did the change alter the data?",
    "42": "{target} does not understand the query: did the change alter the schema, or did the check not follow?",
    "53": FULL,
    "57": "{target} ended the query from its side: look for a restart or an administrator at {when}",
}
"""Classes of SQLSTATEs: their first two signs."""


def refusal(reason: str) -> str | None:
    """Give the advice for a code, in lower case; that for its class where PostgreSQL's own is not known."""
    return CODES.get(reason) or CLASSES.get(reason[:2] if len(reason) == 5 else "")  # noqa: PLR2004 - a SQLSTATE
