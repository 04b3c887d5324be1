"""YAML text and environment in, a frozen Config out; or every problem of it at once, with line and remedy."""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from releasegate.config import across, canonical
from releasegate.config.environ import Environment
from releasegate.config.model import DEFAULT_CONCURRENCY, DEFAULT_DEADLINE_S, NOBODY, Config, ControlDecl, Policy, Rule
from releasegate.config.node import Node, Problem
from releasegate.config.rules import is_unmeasured
from releasegate.config.scalars import InsidePath
from releasegate.config.secrets import Secrets
from releasegate.config.shape import MISSING, Reading
from releasegate.config.suitereader import SuiteReader
from releasegate.config.tables import read_rules
from releasegate.config.top import LATER, TOP
from releasegate.config.yaml import YamlError, compose
from releasegate.errors import GateError

MOST_SHOWN = 200
MOST_FILES = 100
"""Of suites, each of which may be a request that GitHub counts."""


class ConfigError(GateError):
    """A config that cannot be used; `problems` are all its errors, in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        more = len(problems) - MOST_SHOWN
        lines = [str(problem) for problem in problems[:MOST_SHOWN]] + ([f"… and {more} more"] if more > 0 else [])
        super().__init__("\n".join(lines))
        self.problems = problems


def load(
    text: str,
    environ: Mapping[str, str],
    *,
    file: str,
    read: Callable[[str], str] | None = None,
    lenient_env: bool = False,
) -> Config:
    """Load a whole config. Raises ConfigError.

    `read` gives the text of a suite's own file, by its path beside the config. With `lenient_env` an unset
    variable becomes a placeholder: for looking at a config offline.
    """
    loader = Loader(environ, file, read, lenient=lenient_env)
    return loader.demand(loader.compose(text))


class Loader:
    """Reads one config.

    `allowed` bounds the names that it may read of the environment, `secrets` are what must not be shown beside its own.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        file: str,
        read: Callable[[str], str] | None,
        *,
        lenient: bool,
        allowed: frozenset[str] | None = None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self.secrets = secrets
        self.ctx = Reading(lenient=lenient)
        self.environment = Environment(environ, self.ctx.problems, lenient, allowed=allowed)
        self.file = file
        self.read_text = read
        self.files = [file]
        self.suites = SuiteReader(self.ctx, self._open)
        self.suite_files: list[Node] = []

    def compose(self, text: str, *, only: str | None = None) -> Node:
        """Give the text's root, filled from the environment: `only` below one key. Raises ConfigError for no YAML."""
        try:
            return self._compose(text, self.file, only)
        except YamlError as error:
            raise ConfigError((error.problem,)) from None

    def demand(self, root: Node) -> Config:
        """Give the config. Raises ConfigError with every error."""
        config = self._read(root)
        errors = self.problems(warnings=False)
        if errors or config is None:
            raise ConfigError(errors)
        return config

    def _read(self, root: Node) -> Config | None:
        if not isinstance(root.value, dict):
            self.ctx.report(root, f"expected a config, found {root.kind}", "begin with: version: 1")
            return None
        self._names(root)
        with self.ctx.scoped():
            self.ctx.scope.clear()
            values = TOP.read(root.without("suites", "control"), self.ctx)
        suites = self.suites.read(root.value["suites"]) if "suites" in root.value else ()
        if "suites" not in root.value:
            self.ctx.report(root, "there are no suites: nothing would be checked", "suites: {smoke: {checks: …}}")
        control = TOP.fields["control"].shape.read(root.value["control"], self.ctx) if "control" in root.value else None
        for check in self.ctx.deferred:
            check()
        rules = self._rules(root)
        across.check_circles(self.suites.found, self.ctx)
        across.check_diagnosed(self.suites.found, self.ctx)
        if values is MISSING or control is MISSING:
            return None
        if control:
            across.check_control(control, root.value["control"], self.suites.found, values["targets"], self.ctx)
        if not self.ctx.lenient and not self.problems(warnings=False):
            across.check_schemes(self.suites.found, control, root, values["targets"], self.ctx)
            across.check_logins(values["identities"], values["targets"], root, self.ctx)
        across.warn_of_weak(self.suites.found, self.ctx)
        across.warn_of_no_critical(self.suites.found, root, self.ctx)
        return self._config(root, values, suites, control, [rule for rule, _ in rules])

    def _compose(self, text: str, file: str, only: str | None = None) -> Node:
        composed = compose(text, file)
        self.ctx.problems += composed.problems
        part = composed.root if only is None else _at(composed.root, only)
        wanted = {id(node) for node in part.walk()} if part is not None and only else None
        self.environment.fill(node for node in composed.holed if wanted is None or id(node) in wanted)
        return composed.root

    def _open(self, node: Node) -> Node | None:
        """Read a suite's own file; its problems carry its name."""
        path = InsidePath("the path of the suite's file").read(node, self.ctx)
        if path is MISSING:
            return None
        if len(self.files) > MOST_FILES:
            message = f"more than {MOST_FILES} suites have files of their own"
            self.ctx.report(node, message, "put several suites into the config itself")
            return None
        if self.read_text is None:
            self.ctx.report(node, "a suite's own file cannot be read here", "write the suite inline")
            return None
        try:
            text = self.read_text(path)
        except (GateError, OSError, ValueError) as error:
            self.ctx.report(node, f'the suite\'s file "{path}" cannot be read: {error}', "it stands beside the config")
            return None
        name = str(PurePosixPath(self.file.replace("\\", "/")).parent / path)
        self.files.append(name)
        try:
            root = self._compose(text, name)
        except YamlError as error:
            self.ctx.problems.append(error.problem)
            return None
        self.suite_files.append(root)
        return root

    def _names(self, root: Node) -> None:
        """Know what is declared before anything is read, so that one error does not bring others about."""
        for group, key in (("target", "targets"), ("identity", "identities"), ("metric", "metrics")):
            self.ctx.names[group] = set(_mapping(root, key))
        self.ctx.names["identity"].add(NOBODY)

    def _rules(self, root: Node) -> list[tuple[Rule, Node]]:
        """Parse the rules from their nodes, so that they are looked at also when another part is wrong."""
        declared = {name: _text(node, "unit") for name, node in _mapping(root, "metrics").items()}
        policy = root.value.get("policy")
        found: list[tuple[Rule, Node]] = []
        for key, level in (("block", "fail"), ("warn", "warn")):
            lines = _at(policy, key)
            texts = [node for node in lines.value if node.kind == "text"] if lines and lines.kind == "list" else []
            found += read_rules(texts, level, declared, self.ctx)
        across.check_rules(found, self.suites.found, set(_mapping(root, "suites")), self.ctx)
        return found

    def _config(
        self, root: Node, values: dict[str, Any], suites: Any, control: ControlDecl | None, rules: list[Rule]
    ) -> Config:
        policy = values["policy"] or {}
        secrets = Secrets(self.ctx).of_config(root, self.suites.nodes)
        across.check_ids((*self.secrets, *secrets), self.suites.found, self.ctx)
        across.check_windows(self.suites.found, policy.get("deadline", DEFAULT_DEADLINE_S), self.ctx)
        return Config(
            gate=values["gate"],
            mode=values["mode"],
            targets=values["targets"],
            identities=values["identities"],
            control=control,
            suites=suites,
            policy=Policy(
                deadline_s=policy.get("deadline", DEFAULT_DEADLINE_S),
                concurrency=policy.get("concurrency", DEFAULT_CONCURRENCY),
                rules=tuple(rules),
                approvers=policy.get("approvers", ()),
                guarded=policy.get("guarded", ()),
            ),
            hash=canonical.digest([canonical.plain(node) for node in (root, *self.suite_files)]),
            secrets=secrets,
            later=self._later(values, rules),
            warnings=tuple(str(problem) for problem in self.problems(warnings=True)),
            baseline=values["baseline"],
            metrics=values["metrics"],
            excuses=values["excuses"],
            changes=values["changes"],
            events=values["events"],
            alerts=values["alerts"],
            files=tuple(self.files),
        )

    def _later(self, values: dict[str, Any], rules: list[Rule]) -> tuple[tuple[str, str], ...]:
        """Name what is declared and has no effect in this version."""
        later = [(name, reason) for name, reason in LATER.items() if values[name]]
        kinds = {f"kind {found.decl.kind}": getattr(found.kind, "later", None) for found in self.suites.found}
        later += [(name, reason) for name, reason in kinds.items() if reason]
        unmeasured = sorted({rule.metric for rule in rules if is_unmeasured(rule.metric)})
        later += [(f"rules over {name}", "it is not measured by this version: it has no value") for name in unmeasured]
        if any(rule.of_baseline is not None for rule in rules):
            later.append(("rules against the baseline", "there is no baseline in this version: they have no value"))
        return tuple(later)

    def problems(self, *, warnings: bool) -> tuple[Problem, ...]:
        """Give the errors or the warnings, each once, in the order of the files; at an unset variable only that."""
        order = {name: index for index, name in enumerate(self.files)}
        refused = self.environment.refused
        unset = {problem.place for problem in refused}
        told = (problem for problem in self.ctx.problems if problem.place not in unset or problem in refused)
        chosen = dict.fromkeys(problem for problem in told if problem.warning == warnings)
        return tuple(sorted(chosen, key=lambda p: (order.get(p.file, 0), p.line, p.column)))


def _at(node: Node | None, key: str) -> Node | None:
    return node.value.get(key) if node is not None and isinstance(node.value, dict) else None


def _mapping(node: Node, key: str) -> dict[str, Node]:
    found = _at(node, key)
    return found.value if found is not None and isinstance(found.value, dict) else {}


def _text(node: Node, key: str) -> str | None:
    found = _at(node, key)
    return found.value if found is not None and isinstance(found.value, str) else None
