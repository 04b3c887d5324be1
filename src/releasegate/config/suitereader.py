"""The node of `suites:` in, Suites out; what each check turned out to be is kept for the checks across them."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from releasegate.config import canonical
from releasegate.config.model import NOBODY, CheckDecl, Suite
from releasegate.config.node import Node
from releasegate.config.shape import MISSING, Name, Reading, Table
from releasegate.config.suites import COMMON, DEFAULTS, MOST_CHECKS, SUITE, SuiteShape, ids_of, read_kind

WITHOUT_CHECKS = {key: field for key, field in SUITE.items() if key != "checks"}
SUITE_TABLE = Table("a suite", WITHOUT_CHECKS)
CHECK_TABLE = Table("a check", COMMON)


class Found(NamedTuple):
    """A check with what it stands for: its node, its kind, and the ids that come of it."""

    decl: CheckDecl
    node: Node
    kind: Any
    ids: tuple[str, ...]


class SuiteReader:
    """Reads all suites. `open_file` gives the root of a suite's own file, None when it could not be had."""

    def __init__(self, ctx: Reading, open_file: Callable[[Node], Node | None]) -> None:
        self.ctx = ctx
        self.open_file = open_file
        self.found: list[Found] = []
        self.nodes: list[Node] = []
        self.expanded = 0

    def read(self, node: Node) -> tuple[Suite, ...]:
        self.ctx.names["check"] = set()
        if not isinstance(node.value, dict):
            self.ctx.report(node, f"expected suites by name, found {node.kind}", "suites: {smoke: {checks: {…}}}")
            return ()
        if not node.value:
            self.ctx.report(node, "there are no suites: nothing would be checked", "declare a suite with a check")
        suites = (self._named(name, node.keys[name], item) for name, item in node.value.items())
        return tuple(suite for suite in suites if suite is not None)

    def _named(self, name: str, key: Node, node: Node) -> Suite | None:
        Name().read(key, self.ctx)
        root = self.open_file(node) if node.kind == "text" else node
        if root is None:
            return None
        if not isinstance(root.value, dict):
            SuiteShape().wrong(root, self.ctx)
            return None
        self.nodes.append(root)
        return self._suite(name, root)

    def _suite(self, name: str, root: Node) -> Suite | None:
        checks = root.value.get("checks")
        values = SUITE_TABLE.read(root.without("checks"), self.ctx)
        if checks is None or not isinstance(checks.value, dict) or not checks.value:
            at = root if checks is None else checks
            self.ctx.report(at, f'the suite "{name}" has no checks', "checks: {name-of-a-check: {http: …}}")
            return None
        defaults = self._defaults(root.value.get("defaults"))
        read = [self._check(name, key, checks.keys[key], item, defaults) for key, item in checks.value.items()]
        if values is MISSING:
            return None
        return Suite(
            name=name,
            checks=tuple(decl for decl in read if decl is not None),
            title=values["title"],
            owner=values["owner"],
            weight=values["weight"],
            events=values["events"],
        )

    def _defaults(self, node: Node | None) -> dict[str, Node]:
        if node is None or not isinstance(node.value, dict):
            return {}
        who = node.value.get("as")
        if who is not None and who.kind == "text" and who.value != NOBODY and "{{" not in who.value:
            self.ctx.refer(who, "identity", who.value)
        return {key: item for key, item in node.value.items() if key in DEFAULTS.fields}

    def _check(self, suite: str, name: str, key: Node, node: Node, defaults: dict[str, Node]) -> CheckDecl | None:
        ctx = self.ctx
        sound_name = Name().read(key, ctx) is not MISSING
        if not isinstance(node.value, dict):
            ctx.report(node, f"expected a check, found {node.kind}", "a check names its kind: {http: …}")
            ctx.names["check"].add(f"{suite}.{name}")
            return None
        named = read_kind(node, COMMON, ctx, "a check")
        values = CHECK_TABLE.read(node.without(*(node.value.keys() - COMMON.keys())), ctx)
        loops = values["for"] if values is not MISSING else {}
        ids = self._ids(suite, name, node, loops)
        spec = self._spec(node, named, defaults, loops)
        if spec is MISSING and named is not None and all(problem.warning for problem in ctx.problems):
            ctx.report(node, "this check cannot be read", "look at the suite's defaults")  # never dropped in silence
        if values is not MISSING and values["critical"] and values["advisory"]:
            ctx.report(node.keys["advisory"], "a critical check cannot be advisory", "leave one of them out")
        if named is None or values is MISSING or spec is MISSING or not sound_name or ids is None:
            return None
        decl = _declare(suite, name, values, kind=named[0], spec=spec, digest=_hash(node, named[0], defaults))
        self.found.append(Found(decl, node, named[1], ids))
        return decl

    def _ids(self, suite: str, name: str, node: Node, loops: dict[str, tuple[Any, ...]]) -> tuple[str, ...] | None:
        """Name the checks that come of a declaration; count them before they are made."""
        base = f"{suite}.{name}"
        self.ctx.names["check"].add(base)
        count = math.prod(len(values) for values in loops.values())
        before, self.expanded = self.expanded, self.expanded + count
        if self.expanded > MOST_CHECKS:
            if before <= MOST_CHECKS:
                at = node.keys.get("for", node)
                self.ctx.report(at, f"for: makes {self.expanded:,} checks; at most {MOST_CHECKS:,} are allowed")
            return None
        ids = tuple(ids_of(suite, name, loops))
        if len(loops) > 1 and len(set(ids)) < len(ids):
            self.ctx.report(
                node.keys["for"], "two combinations of for: values give the same id", "leave the commas out"
            )
            return None
        if loops:
            self.ctx.names["check"].update(ids)
        return ids

    def _spec(
        self, node: Node, named: tuple[str, Any] | None, defaults: dict[str, Node], loops: dict[str, tuple[Any, ...]]
    ) -> Any:
        if named is None:
            return MISSING
        ctx = self.ctx
        written = node.value.get("for")
        with ctx.scoped():
            for hole in written.value if written and isinstance(written.value, dict) else ():
                ctx.capture(written.keys[hole], hole)
                ctx.loops[hole] = list(loops.get(hole, ()))
            ctx.defaults = defaults
            try:
                return named[1].table.read(node.value[named[0]], ctx)
            finally:
                ctx.loops, ctx.defaults = {}, {}


def _hash(node: Node, kind: str, defaults: dict[str, Node]) -> str:
    """Hash what a check says, with the defaults that reach it."""
    own = node.value[kind].value
    reaching = {key: canonical.plain(item) for key, item in defaults.items() if not own or key not in own}
    return canonical.digest([canonical.plain(node), reaching])


def _declare(suite: str, name: str, values: dict[str, Any], *, kind: str, spec: Any, digest: str) -> CheckDecl:
    same = ("critical", "advisory", "weight", "samples", "twin", "needs", "diagnose", "advice", "owner", "title")
    return CheckDecl(
        suite=suite,
        name=name,
        kind=kind,
        spec=spec,
        hash=digest,
        loops=values["for"],
        window_s=values["window"],
        deadline_s=values["deadline"],
        **{key: values[key] for key in same},
    )
