"""Shapes: what may stand at a place of the config. One shape both reads a node and gives its JSON Schema.

A shape never raises on bad input: it reports every problem to the Reading and returns `MISSING`,
so all errors of a file come at once.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec import Struct, field

from releasegate import template
from releasegate.config.node import Node, Problem


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING = _Missing()
"""What a shape gives for a node that it reported as wrong."""

DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def duration_text(duration_s: float) -> str:
    """Write a duration as a config does, in the largest unit that it fills: `3.2m`, `1d`."""
    unit, factor = next((u, f) for u, f in reversed(DURATION_UNITS.items()) if duration_s >= f or u == "ms")
    count = duration_s / factor
    return f"{count:.4g}{unit}" if count < 1000 else f"{count:.0f}{unit}"  # noqa: PLR2004 - from there on whole days


SIZE = re.compile(r"(\d+(?:\.\d+)?)\s?(B|KB|MB|GB|KiB|MiB|GiB)")
SIZE_UNITS = {
    "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30,
}  # fmt: skip
SHARE = re.compile(r"(\d+(?:\.\d+)?)\s?%")
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


MOST_COMPARED = 500
MOST_HINTS = 200


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Give `did you mean "x"?` for the nearest known word, or the list of known words when it is short."""
    import difflib

    names = sorted(known)
    for name in names:
        if name.lower() == word.lower().replace("_", "-") or name.lower() == word.lower():
            return f'did you mean "{name}"?'
    if len(names) > MOST_COMPARED:
        names = [name for name in names if name[:1] == word[:1]][:MOST_COMPARED]
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"known here: {', '.join(names)}" if names and len(names) <= 24 else None  # noqa: PLR2004


class Reading(Struct):
    """The state of reading one config: problems so far, names in scope, and checks to make at the end.

    `scope` holds the names that a `{{hole}}` may use at this place; kinds add their captures to it.
    `names` is filled by the loader before the deferred checks run: group ("target", "identity", "check",
    "metric") to the names declared.
    """

    problems: list[Problem] = []
    scope: set[str] = field(default_factory=lambda: set(template.BUILTIN_HOLES))
    names: dict[str, set[str]] = {}
    loops: dict[str, list[Any]] = {}
    """The `for:` values of the check being read: hole name to its values."""
    defaults: dict[str, Node] = {}
    """The suite's `defaults` (`as`, `timeout`) that a kind falls back to where a check leaves a key out."""
    deferred: list[Callable[[], None]] = []
    lenient: bool = False
    """Whether unset variables hold placeholders: then nothing is concluded from a value of the environment."""

    def report(self, node: Node, message: str, hint: str | None = None, *, warning: bool = False) -> _Missing:
        self.problems.append(Problem(node.file, node.line, node.column, message, hint, warning))
        return MISSING

    def warn(self, node: Node, message: str, hint: str | None = None) -> None:
        self.report(node, message, hint, warning=True)

    def defer(self, check: Callable[[], None]) -> None:
        """Run `check` when the whole file has been read and `names` is known."""
        self.deferred.append(check)

    def refer(self, node: Node, group: str, name: str) -> None:
        """Demand, once everything is read, that `name` is declared in `group`."""

        def check() -> None:
            known = self.names.get(group, set())
            if name not in known:
                hint = did_you_mean(name, known) if len(self.problems) < MOST_HINTS else None
                self.report(node, f'unknown {group} "{name}"', hint)

        self.defer(check)

    def check_holes(self, node: Node, compiled: Any) -> None:
        for name in sorted(set(template.names_in(compiled))):
            if name not in self.scope:
                message = f'"{{{{{name}}}}}" is not defined here' if name else "empty hole {{}}"
                self.report(node, message, did_you_mean(name, self.scope) or "captures, for: values, nonce, uuid, now")

    def capture(self, node: Node, name: str) -> None:
        """Bring a captured name into scope; shadowing one is an error."""
        if name in self.scope:
            self.report(node, f'"{name}" is already defined in this sample', "give the capture another name")
        self.scope.add(name)

    @contextmanager
    def scoped(self) -> Iterator[None]:
        """Names that come into scope inside leave it at the end."""
        before = set(self.scope)
        try:
            yield
        finally:
            self.scope = before


class Shape:
    """What may stand at one place. Subclasses give `read` and `schema`."""

    says = "a value"

    def read(self, node: Node, ctx: Reading) -> Any:
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        raise NotImplementedError

    def wrong(self, node: Node, ctx: Reading, hint: str | None = None) -> _Missing:
        found = node.raw or node.kind
        return ctx.report(node, f"expected {self.says}, found {node.kind} {shown(found)}", hint)


def shown(text: object) -> str:
    """Quote the offending text, cut to 60 characters."""
    flat = str(text).replace("\n", "\\n")
    return f'"{flat[:57]}…"' if len(flat) > 60 else f'"{flat}"'  # noqa: PLR2004


class Text(Shape):
    """Plain text without holes. `pattern` is matched in full."""

    def __init__(self, says: str = "text", pattern: re.Pattern[str] | None = None) -> None:
        self.says = says
        self.pattern = pattern

    def read(self, node: Node, ctx: Reading) -> Any:
        if node.kind != "text":
            return self.wrong(node, ctx, "quote it" if node.kind in {"number", "boolean"} else None)
        if self.pattern and not self.pattern.fullmatch(node.value):
            return self.wrong(node, ctx)
        return node.value

    def schema(self) -> dict[str, Any]:
        extra = {"pattern": f"^(?:{self.pattern.pattern})$"} if self.pattern else {}
        return {"type": "string", **extra}


class Name(Text):
    """A name that we give: a-z, 0-9 and -."""

    def __init__(self) -> None:
        super().__init__("a name of a-z, 0-9 and -", NAME)

    def wrong(self, node: Node, ctx: Reading, hint: str | None = None) -> _Missing:
        near = re.sub(r"[^a-z0-9]+", "-", str(node.raw).lower()).strip("-")
        return super().wrong(node, ctx, hint or (f"such as {near}" if NAME.fullmatch(near) else None))


class Templated(Shape):
    """Any scalar, with `{{holes}}`; numbers and booleans are kept as they are."""

    says = "text, a number or a boolean"

    def read(self, node: Node, ctx: Reading) -> Any:
        if node.kind in {"mapping", "list"}:
            return self.wrong(node, ctx, "quote text that begins with { or [")
        compiled = template.compile_text(node.value) if isinstance(node.value, str) else node.value
        ctx.check_holes(node, compiled)
        return compiled

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number", "boolean", "null"]}


class JsonValue(Shape):
    """Any JSON value; strings in it may have holes."""

    says = "any JSON value"

    def read(self, node: Node, ctx: Reading) -> Any:
        if isinstance(node.value, dict):
            return {key: self.read(item, ctx) for key, item in node.value.items()}
        if isinstance(node.value, list):
            return [self.read(item, ctx) for item in node.value]
        if isinstance(node.value, float) and not math.isfinite(node.value):
            return ctx.report(node, "a number must be finite", "JSON has no NaN and no infinity")
        compiled = template.compile_text(node.value) if isinstance(node.value, str) else node.value
        ctx.check_holes(node, compiled)
        return compiled

    def schema(self) -> dict[str, Any]:
        return {}


class Boolean(Shape):
    """`true` or `false`."""

    says = "true or false"

    def read(self, node: Node, ctx: Reading) -> Any:
        return node.value if node.kind == "boolean" else self.wrong(node, ctx)

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Number(Shape):
    """A finite number within bounds; `whole` allows integers only."""

    def __init__(self, *, least: float | None = None, most: float | None = None, whole: bool = False) -> None:
        self.least, self.most, self.whole = least, most, whole
        lower = [f"at least {least}"] if least is not None else []
        upper = [f"at most {most}"] if most is not None else []
        bounds = " and ".join(lower + upper)
        self.says = ("a whole number" if whole else "a number") + (f" of {bounds}" if bounds else "")

    def read(self, node: Node, ctx: Reading) -> Any:
        value = node.value
        if node.kind != "number" or not math.isfinite(value) or (self.whole and value != int(value)):
            return self.wrong(node, ctx)
        if (self.least is not None and value < self.least) or (self.most is not None and value > self.most):
            return self.wrong(node, ctx)
        return int(value) if self.whole else value

    def schema(self) -> dict[str, Any]:
        out: dict[str, Any] = {"type": "integer" if self.whole else "number"}
        if self.least is not None:
            out["minimum"] = self.least
        if self.most is not None:
            out["maximum"] = self.most
        return out


class Duration(Shape):
    """`250ms 5s 2m 1h 14d` in, seconds out."""

    says = "a duration such as 250ms, 5s, 2m, 1h or 14d"

    def read(self, node: Node, ctx: Reading) -> Any:
        match = DURATION.fullmatch(node.value) if node.kind == "text" else None
        if not match:
            return self.wrong(node, ctx, "a duration has a unit: 5s" if node.kind == "number" else None)
        return float(match[1]) * DURATION_UNITS[match[2]]

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{DURATION.pattern}$"}


class PositiveDuration(Duration):
    """A duration longer than nothing."""

    def read(self, node: Node, ctx: Reading) -> Any:
        seconds = super().read(node, ctx)
        if seconds is not MISSING and seconds <= 0:
            return ctx.report(node, "expected a duration longer than 0s")
        return seconds


class Size(Shape):
    """`300MiB` in, bytes out."""

    says = "a size such as 64KiB or 5MiB"

    def read(self, node: Node, ctx: Reading) -> Any:
        match = SIZE.fullmatch(node.value) if node.kind == "text" else None
        return int(float(match[1]) * SIZE_UNITS[match[2]]) if match else self.wrong(node, ctx)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{SIZE.pattern}$"}


class Share(Shape):
    """`95%` in, 0.95 out."""

    says = "a share such as 95%"

    def read(self, node: Node, ctx: Reading) -> Any:
        match = SHARE.fullmatch(node.value) if node.kind == "text" else None
        return float(match[1]) / 100 if match else self.wrong(node, ctx)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{SHARE.pattern}$"}


class OneOf(Shape):
    """One of a few words (or numbers)."""

    def __init__(self, *words: str | int) -> None:
        self.words = words
        self.says = f"{'one of ' if len(words) > 1 else ''}{', '.join(str(word) for word in words)}"

    def read(self, node: Node, ctx: Reading) -> Any:
        if node.kind in {"text", "number"} and node.value in self.words:
            return node.value
        if node.quoted and any(str(word) == node.value for word in self.words):
            return self.wrong(node, ctx, f"without quotes: {node.value}")
        near = did_you_mean(str(node.raw), [str(word) for word in self.words])
        return self.wrong(node, ctx, near if near and near.startswith("did") else None)  # the message lists the words

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


class ListOf(Shape):
    """A list of `item`s, as a tuple; `least` of them. `lone` allows one item without the brackets."""

    def __init__(self, item: Shape, *, least: int = 0, lone: bool = False) -> None:
        self.item, self.least, self.lone = item, least, lone
        self.says = f"a list of {item.says}"

    def read(self, node: Node, ctx: Reading) -> Any:
        if not isinstance(node.value, list):
            if self.lone:
                one = self.item.read(node, ctx)
                return MISSING if one is MISSING else (one,)
            return self.wrong(node, ctx)
        if len(node.value) < self.least:
            return ctx.report(node, f"expected at least {self.least} of: {self.item.says}")
        items = [self.item.read(item, ctx) for item in node.value]
        return MISSING if any(item is MISSING for item in items) else tuple(items)

    def schema(self) -> dict[str, Any]:
        listed: dict[str, Any] = {"type": "array", "items": self.item.schema()}
        if self.least:
            listed["minItems"] = self.least
        return {"anyOf": [self.item.schema(), listed]} if self.lone else listed


class MapOf(Shape):
    """A mapping with free keys: `key` shapes each key, `value` each value; gives a dict in file order."""

    def __init__(self, value: Shape, *, key: Shape | None = None, least: int = 0) -> None:
        self.value, self.key, self.least = value, key, least
        self.says = f"a mapping to {value.says}"

    def read(self, node: Node, ctx: Reading) -> Any:
        if not isinstance(node.value, dict):
            return self.wrong(node, ctx)
        if len(node.value) < self.least:
            return ctx.report(node, f"expected at least {self.least} of: {self.value.says}")
        out = {}
        for name, item in node.value.items():
            key = self.key.read(node.keys[name], ctx) if self.key else name
            value = self.value.read(item, ctx)
            if key is not MISSING and value is not MISSING:
                out[key] = value
        return out

    def schema(self) -> dict[str, Any]:
        out: dict[str, Any] = {"type": "object", "additionalProperties": self.value.schema()}
        if self.key:
            out["propertyNames"] = self.key.schema()
        if self.least:
            out["minProperties"] = self.least
        return out


class Either(Shape):
    """Chooses a shape by the node's kind: `{"mapping": …, "text": …}`; kinds as `Node.kind` names them."""

    def __init__(self, by_kind: Mapping[str, Shape], says: str | None = None) -> None:
        self.by_kind = by_kind
        self.says = says or " or ".join(dict.fromkeys(shape.says for shape in by_kind.values()))

    def read(self, node: Node, ctx: Reading) -> Any:
        shape = self.by_kind.get(node.kind)
        return shape.read(node, ctx) if shape else self.wrong(node, ctx)

    def schema(self) -> dict[str, Any]:
        unique: list[dict[str, Any]] = []
        for shape in self.by_kind.values():
            if shape.schema() not in unique:
                unique.append(shape.schema())
        return unique[0] if len(unique) == 1 else {"anyOf": unique}


class Field(Struct, frozen=True):
    """One key of a Table. `default` stands when the key is left out (a value already read, not a node).

    `inherits` lets what the suite's defaults say of the key stand before that.
    """

    shape: Shape
    required: bool = False
    default: Any = None
    says: str = ""
    inherits: bool = False

    def read(self, key: str, node: Node, ctx: Reading) -> Any:
        item = node.value.get(key)
        if item is not None:
            return self.shape.read(item, ctx)
        return self._inherited(ctx.defaults[key], ctx) if self.inherits and key in ctx.defaults else self.default

    def _inherited(self, node: Node, ctx: Reading) -> Any:
        """Read a default of the suite; what is wrong with it is said once, not for each check."""
        before = list(ctx.problems)
        value = self.shape.read(node, ctx)
        if any((p.file, p.line, p.column) == (node.file, node.line, node.column) for p in before):
            ctx.problems[:] = before
        return value


class Table(Shape):
    """A mapping with known keys, read in the order given here (so captures come into scope in order).

    `build(values, node, ctx)` turns the dict of values (defaults filled in) into what the table means;
    it may report problems and return MISSING. It is not called when a key had a problem.
    `exactly_one` names groups of keys of which one, and only one, must be there. `example` is shown to who writes no
    mapping.
    """

    def __init__(
        self,
        says: str,
        fields: Mapping[str, Field],
        build: Callable[[dict[str, Any], Node, Reading], Any] | None = None,
        *,
        exactly_one: tuple[tuple[str, ...], ...] = (),
        at_most_one: tuple[tuple[str, ...], ...] = (),
        example: str | None = None,
    ) -> None:
        self.says = says
        self.example = example
        self.fields = fields
        self.build = build
        self.exactly_one = exactly_one
        self.at_most_one = at_most_one

    def read(self, node: Node, ctx: Reading) -> Any:
        if not isinstance(node.value, dict):
            return self.wrong(node, ctx, f"such as {self.example}" if self.example else None)
        sound = self.check_keys(node, ctx)
        values: dict[str, Any] = {}
        for key, spec in self.fields.items():
            values[key] = spec.read(key, node, ctx)
            sound = sound and values[key] is not MISSING
        if not sound:
            return MISSING
        return self.build(values, node, ctx) if self.build else values

    def check_keys(self, node: Node, ctx: Reading) -> bool:
        before = len(ctx.problems)
        for key in node.value:
            if key not in self.fields:
                ctx.report(node.keys[key], f'unknown key "{key}" in {self.says}', did_you_mean(key, self.fields))
        for key, spec in self.fields.items():
            if spec.required and key not in node.value:
                ctx.report(node, f'{self.says} needs the key "{key}"', spec.says or f"expected {spec.shape.says}")
        for group in self.exactly_one:
            here = [key for key in group if key in node.value]
            if len(here) != 1:
                found = f"found {' and '.join(here)}" if here else "found none"
                ctx.report(node, f"{self.says} needs exactly one of {', '.join(group)}; {found}")
        for group in self.at_most_one:
            here = [key for key in group if key in node.value]
            if len(here) > 1:
                ctx.report(
                    node.keys[here[1]], f"{self.says} takes only one of {', '.join(group)}; found {' and '.join(here)}"
                )
        return len(ctx.problems) == before

    def schema(self) -> dict[str, Any]:
        properties = {}
        for key, spec in self.fields.items():
            properties[key] = {**spec.shape.schema(), **({"description": spec.says} if spec.says else {})}
        out: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
        required = [key for key, spec in self.fields.items() if spec.required]
        if required:
            out["required"] = required
        if self.exactly_one:
            out["allOf"] = [{"oneOf": [{"required": [key]} for key in group]} for group in self.exactly_one]
        return out


class TargetName(Shape):
    """The name of a target; a `for:` hole is allowed, then every value must be a target."""

    says = "the name of a target"

    def read(self, node: Node, ctx: Reading) -> Any:
        if node.kind != "text":
            return self.wrong(node, ctx)
        compiled = template.compile_text(node.value)
        refer_target(node, ctx, compiled)
        return compiled

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


def refer_target(node: Node, ctx: Reading, compiled: "str | template.Template") -> None:
    """Demand that a target name is declared, for every value of the `for:` holes in it."""
    if isinstance(compiled, str):
        ctx.refer(node, "target", compiled)
        return
    holes = sorted(compiled.names)
    if len(holes) != 1 or holes[0] not in ctx.loops:
        ctx.report(node, "the name of a target may hold one for: value, nothing else")
        return
    for value in ctx.loops[holes[0]]:
        ctx.refer(node, "target", compiled.text({holes[0]: value}))


class Url(Struct, frozen=True):
    """Where a request goes: `target:/path` (both may have holes), or `whole`: a hole that holds an absolute URL."""

    target: "str | template.Template | None"
    path: "str | template.Template" = ""
    whole: "template.Template | None" = None


class UrlText(Shape):
    """`api:/orders/{{id}}`, or `/path` where `implicit` says whose path that is, or `{{captured}}`."""

    says = "target:/path"

    def __init__(self, *, implicit: bool = False) -> None:
        self.implicit = implicit
        if implicit:
            self.says = "/path or target:/path"

    def read(self, node: Node, ctx: Reading) -> Any:
        if node.kind != "text" or not node.value:
            return self.wrong(node, ctx, "quote text that begins with {" if node.kind == "mapping" else None)
        if template.HOLE.fullmatch(node.value):
            whole = template.compile_text(node.value)
            ctx.check_holes(node, whole)
            return Url(None, whole=whole if isinstance(whole, template.Template) else None)
        name, colon, path = node.value.partition(":")
        if self.implicit and node.value.startswith("/"):
            name, path = None, node.value
        elif not colon or not path.startswith("/") or path.startswith("//"):
            hint = "declare the origin under targets: and write its name: api:/path" if path.startswith("//") else None
            return self.wrong(node, ctx, hint)
        compiled_path = template.compile_text(path)
        ctx.check_holes(node, compiled_path)
        if name is None:
            return Url(None, compiled_path)
        compiled = template.compile_text(name)
        refer_target(node, ctx, compiled)
        return Url(compiled, compiled_path)

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}
