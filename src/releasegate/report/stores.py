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
    "unreadable": "what {target} holds has no JSON form: ask for another part of it, or for its length",
}
CLASSES: dict[str, str] = {}


def refusal(reason: str) -> str | None:
    """Give the advice for a code, in lower case; that for its class where PostgreSQL's own is not known."""
    return CODES.get(reason) or CLASSES.get(reason[:2] if len(reason) == 5 else "")  # noqa: PLR2004 - a SQLSTATE
