"""A config's nodes in, what must never be shown out: what the environment gave to places that hold credentials."""

from collections.abc import Iterator

from releasegate.config.environ import PLACEHOLDER
from releasegate.config.identities import PASSWORDS
from releasegate.config.node import Node
from releasegate.config.shape import Reading
from releasegate.config.targets import password_of, secrets_of

LEAST = 4
SECRET_KEYS = frozenset({"headers", "query", "authenticate", "cookies"})
ADDRESSES = frozenset({"get", "head", "post", "put", "patch", "delete", "options", "connect"})


class Secrets:
    """Collects in the order of the file, each once; warns of values too short to be told from other text."""

    def __init__(self, ctx: Reading) -> None:
        self.ctx = ctx
        self.found: dict[str, None] = {}

    def of_config(self, root: Node, suites: list[Node]) -> tuple[str, ...]:
        for identity in _items(root, "identities"):
            self._all(identity)
        for target in _items(root, "targets"):
            self._url(_get(target, "url"))
            self._all(_get(target, "headers"))
        baseline = _get(root, "baseline")
        for url in _items(baseline, "targets") if baseline else ():
            self._url(url)
        for alert in _items(root, "alerts"):
            self._all(_get(alert, "webhook"))
        for node in (*suites, _get(root, "control")):
            self._sent(node)
        return tuple(self.found)

    def _all(self, node: Node | None) -> None:
        """Take every value of the environment below a node."""
        if node is None:
            return
        for child in _children(node):
            self._all(child)
        for value in node.env or ():
            self._take(value, node)

    def _url(self, node: Node | None) -> None:
        if node is None or not isinstance(node.value, str):
            return
        password = password_of(node.value)
        for value in secrets_of(node.value):
            if len(value) >= LEAST or value == password:
                self._take(value, node, "the password in ")

    def _sent(self, node: Node | None) -> None:
        """Look through a check for headers, queries and addresses with a query."""
        if node is None or not isinstance(node.value, dict | list):
            return
        if isinstance(node.value, list):
            for item in node.value:
                self._sent(item)
            return
        for key, item in node.value.items():
            if key in SECRET_KEYS or key.lower().replace("-", "_") in PASSWORDS:
                self._all(item)
            elif key in ADDRESSES and item.env:
                self._query(item)
            else:
                self._sent(item)

    def _query(self, node: Node) -> None:
        query = str(node.value).partition("?")[2]
        for value in node.env or ():
            if value in query:
                self._take(value, node)

    def _take(self, value: str, node: Node, part: str = "") -> None:
        if self.ctx.lenient and PLACEHOLDER in value:
            return
        if len(value) >= LEAST:
            self.found[value] = None
        elif value:
            shown = node.raw if node.env is not None else "this url"
            self.ctx.warn(
                node, f"{part}{shown} is shorter than {LEAST} characters: it cannot be redacted from the reports"
            )


def _get(node: Node, key: str) -> Node | None:
    return node.value.get(key) if isinstance(node.value, dict) else None


def _items(node: Node, key: str) -> Iterator[Node]:
    found = _get(node, key)
    return _children(found) if found else iter(())


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node.value, dict):
        return iter(node.value.values())
    return iter(node.value if isinstance(node.value, list) else ())
