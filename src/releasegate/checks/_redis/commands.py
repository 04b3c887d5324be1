"""The command of a config in, its words out; or a problem, if it is not one that only reads."""

from typing import Any

from releasegate.config.node import Node
from releasegate.config.shape import MISSING, Reading, Shape, Templated, did_you_mean
from releasegate.template import Template, as_text, compile_text

READS = frozenset(
    """
    BITCOUNT BITFIELD_RO BITPOS DBSIZE ECHO EXISTS EXPIRETIME GEODIST GEOHASH GEOPOS GEORADIUSBYMEMBER_RO GEORADIUS_RO
    GEOSEARCH GET GETBIT GETRANGE HEXISTS HGET HGETALL HKEYS HLEN HMGET HRANDFIELD HSCAN HSTRLEN HVALS INFO LASTSAVE
    LCS LINDEX LLEN LPOS LRANGE MGET PEXPIRETIME PING PTTL RANDOMKEY ROLE SCAN SCARD SDIFF SINTER SINTERCARD SISMEMBER
    SMEMBERS SMISMEMBER SORT_RO SRANDMEMBER SSCAN STRLEN SUNION TIME TTL TYPE XLEN XPENDING XRANGE XREVRANGE ZCARD
    ZCOUNT ZDIFF ZINTER ZINTERCARD ZLEXCOUNT ZMSCORE ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE
    ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE ZUNION
    """.split()  # noqa: SIM905 - a list of words is read as words
)
"""Commands that change nothing, wait for nothing, and are answered once. KEYS only reads, and stops everybody else."""
PARTS = {
    "ACL": frozenset({"WHOAMI"}),
    "CLUSTER": frozenset({"COUNTKEYSINSLOT", "INFO", "KEYSLOT", "MYID", "NODES", "SLOTS"}),
    "LATENCY": frozenset({"HISTORY", "LATEST"}),
    "MEMORY": frozenset({"DOCTOR", "STATS", "USAGE"}),
    "OBJECT": frozenset({"ENCODING", "FREQ", "IDLETIME", "REFCOUNT"}),
    "PUBSUB": frozenset({"CHANNELS", "NUMPAT", "NUMSUB"}),
    "SLOWLOG": frozenset({"GET", "LEN"}),
    "XINFO": frozenset({"CONSUMERS", "GROUPS", "STREAM"}),
}
"""Commands of which the second word tells whether they only read."""
INSTEAD = {"KEYS": "it walks through all keys and holds everybody else up: write SCAN, or DBSIZE"}
NEITHER = "only commands that read may be sent, one in a check; docs/kinds/redis.md lists them"
Words = tuple["str | Template", ...]


class Command(Shape):
    """`LLEN jobs`, parted at blanks, or a list of words; holes are filled within their word."""

    says = "a command such as LLEN jobs, or a list of its words"

    def read(self, node: Node, ctx: Reading) -> Any:
        if isinstance(node.value, list):
            words = tuple(_word(item, ctx) for item in node.value)
        elif node.kind == "text":
            words = tuple(compile_text(word) for word in node.value.split())
            for word in words:
                ctx.check_holes(node, word)
        else:
            return self.wrong(node, ctx)
        if not words or MISSING in words:
            return MISSING if words else self.wrong(node, ctx)
        if node.kind == "text" and any(mark in node.value for mark in "'\""):
            return ctx.report(node, "a quoted word of a command", 'write a list of words: [GET, "a key with blanks"]')
        return _demand_reading(words, node, ctx)

    def schema(self) -> dict[str, Any]:
        words = {"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1}
        return {"anyOf": [{"type": "string"}, words]}


def _word(node: Node, ctx: Reading) -> Any:
    word = Templated().read(node, ctx)
    if word is MISSING or isinstance(word, (str, Template)):
        return word
    return ctx.report(node, "null is no word of a command") if word is None else as_text(word)


def _demand_reading(words: Words, node: Node, ctx: Reading) -> Any:
    """Refuse what is not known to only read. The words that tell it have no holes."""
    name = words[0].upper() if isinstance(words[0], str) else words[0].source
    if name in READS:
        return (name, *words[1:])
    parts = PARTS.get(name)
    if parts is not None:
        part = str(words[1]).upper() if len(words) > 1 else ""
        if part in parts:
            return (name, part, *words[2:])
        return ctx.report(node, f"the command {name} {part} is not known to only read", _one_of(name, parts))
    hint = INSTEAD.get(name) or did_you_mean(name, READS | PARTS.keys())
    return ctx.report(node, f"the command {name} is not known to only read: it is refused", hint or NEITHER)


def _one_of(name: str, parts: frozenset[str]) -> str:
    return "one of " + ", ".join(f"{name} {part}" for part in sorted(parts))
