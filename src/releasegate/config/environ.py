"""Scalars with `${NAME}` in, the same scalars with the environment's values out. After parsing: never YAML."""

import re
from collections.abc import Iterable, Iterator, Mapping

from releasegate.config.node import Node, Problem
from releasegate.config.shape import did_you_mean, shown
from releasegate.template import HOLE

VARIABLE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|\$\{")
OF_THE_PLATFORM = ("GITHUB_", "ACTIONS_", "RUNNER_", "INPUT_", "RELEASEGATE_APP_", "RELEASEGATE_PRIVATE_")
"""What speaks for the job. An App's key is among them: a config that could read it could show it to a target."""
PLACEHOLDER = "unset-"


def names_in(node: Node) -> Iterator[str]:
    """Give the names of the environment that are used below a node."""
    for each in node.walk():
        if each.env is not None:
            yield from (match["name"] for match in VARIABLE.finditer(each.raw) if match["name"])


class Environment:
    """Puts values into nodes and keeps the problems. `lenient` puts a placeholder where nothing is set.

    `allowed` are the only names that may be read; None = all but the platform's.
    """

    def __init__(
        self,
        values: Mapping[str, str],
        problems: list[Problem],
        lenient: bool = False,
        *,
        allowed: frozenset[str] | None = None,
    ) -> None:
        self.values = values
        self.problems = problems
        self.lenient = lenient
        self.allowed = allowed
        self.refused: list[Problem] = []
        """Its own problems: what else is wrong at their places is so because nothing was put there."""

    def fill(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            self._fill_one(node)

    def _fill_one(self, node: Node) -> None:
        text, ours, used, at, holed = "", bytearray(), [], 0, False
        for match in VARIABLE.finditer(node.raw):
            written = node.raw[at : match.start()]
            at = match.end()
            value = "${" if match[0] == "$${" else self._value(node, match)
            if match["name"]:
                holed = True
                used += [value] if value and self.values.get(match["name"]) == value else []
            text += written + value
            ours += bytes(len(written)) + (b"\x01" if match["name"] else b"\x00") * len(value)
        text += node.raw[at:]
        ours += bytes(len(text) - len(ours))
        node.value = self._without_new_holes(node, text, bytes(ours))
        node.env = tuple(used) if holed else None

    def _value(self, node: Node, match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return self._malformed(node, match)
        if refused := self._refused(name):
            self._report(node, f"${{{name}}} {refused[0]}", refused[1])
            return ""
        found = self.values.get(name)
        if not found and match["default"] is not None:
            return match["default"]
        if found is None and self.lenient:
            return PLACEHOLDER + name.lower().replace("_", "-")
        if found is None:
            near = did_you_mean(name, [known for known in self.values if not known.startswith(OF_THE_PLATFORM)])
            near = near if near and near.startswith("did") else None
            self._report(node, f"${{{name}}} is not set", near or f"set it, or give a default: ${{{name}:-…}}")
            return ""
        return found

    def _refused(self, name: str) -> tuple[str, str] | None:
        """Say why a name is not given, and what to do; None for one that is."""
        prefix = next((prefix for prefix in OF_THE_PLATFORM if name.startswith(prefix)), None)
        if prefix is not None:
            why = f"is not given to a config: {prefix}* is the platform's own"
            return why, "set a variable of your own in the workflow's env:"
        if self.allowed is not None and name not in self.allowed:
            why = "is used by no check of the base branch: a pull request reads no other names"
            return why, "it is judged once the base branch has it"
        return None

    def _malformed(self, node: Node, match: re.Match[str]) -> str:
        rest = node.raw[match.start() :]
        hint = "write ${NAME} or ${NAME:-default}; $${ stands for a literal ${"
        if rest.startswith("${{"):
            hint = "expressions of GitHub are not known here: set env: in the workflow and write ${NAME}"
        self._report(node, f"expected ${{NAME}}, found {shown(rest)}", hint)
        return ""

    def _without_new_holes(self, node: Node, text: str, ours: bytes) -> str:
        """Escape each hole that the environment brought in or completed: only the config's own may be filled."""
        out, at = "", 0
        for match in HOLE.finditer(text):
            touched = any(ours[match.start() : match.end()])
            if not touched:
                continue
            start = match.start() if match[1] is not None else match.start() + 1
            if match[1] is None and not any(ours[start : match.end()]):
                self._report(node, "a value that ends in \\ cannot stand before {{", "put something between them")
            out += text[at:start] + "\\"
            at = start
        return out + text[at:]

    def _report(self, node: Node, message: str, hint: str) -> None:
        self.refused.append(Problem(node.file, node.line, node.column, message, hint))
        self.problems.append(self.refused[-1])
