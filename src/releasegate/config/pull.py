"""The base branch's config and a pull request's in, the config that is judged out: never a weaker one. Pure.

All that decides is the base branch's: targets, identities, control, policy, what counts how much. The pull request
brings what its checks do, on the base branch's targets and with the names of the environment that its checks use. Of
a check that the pull request changes or deletes the base branch's version runs as well.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from releasegate.config import across, canonical
from releasegate.config.environ import names_in
from releasegate.config.load import ConfigError, Loader
from releasegate.config.model import CheckDecl, Config, Suite
from releasegate.config.node import Node
from releasegate.config.secrets import LEAST
from releasegate.config.suites import ids_of
from releasegate.model import OF_BASE, Origin

TERMS = ("version", "targets", "identities", "control")
"""What a check of a pull request is read against."""
COMMANDS = frozenset({"tests"})
"""The kinds that run a command: what is run is never a pull request's to say."""
NOT_JUDGED = "no check of this pull request is judged before it is merged"
Checks = dict[str, CheckDecl]


class Source(NamedTuple):
    """A config's text, and how the text of a suite's own file is had: by its path beside the config."""

    text: str
    read: Callable[[str], str] | None = None


class _Read(NamedTuple):
    config: Config
    root: Node
    loader: Loader


class _Suites(NamedTuple):
    suites: tuple[Suite, ...]
    not_taken: tuple[str, ...]


def judged(
    base: Source | None, pull: Source, environ: Mapping[str, str], *, file: str, stranger: str | None = None
) -> Config:
    """Give the config that is judged, with its `origin`. Raises ConfigError when either is unusable.

    Without a `base` it is the pull request's own: the caller says whether it may read the environment. `stranger` says
    why nothing of the pull request is to be asked of staging.
    """
    proposed = _read(pull, {}, file, lenient=True)
    if base is None:
        config = _read(pull, environ, file).config
        return replace(config, origin=Origin(pull=config.hash))
    try:
        held = _read(base, environ, file)
    except ConfigError as wrong:
        told = tuple(replace(problem, file=f"{problem.file} of the base branch") for problem in wrong.problems)
        raise ConfigError(told) from None
    origin = Origin(pull=proposed.config.hash, base=held.config.hash, approvers=held.config.policy.approvers)
    if proposed.config.hash == held.config.hash:
        return replace(held.config, origin=origin)
    origin = replace(origin, terms=tuple(_other_terms(held, proposed)))
    digest = canonical.digest([held.config.hash, proposed.config.hash])
    if stranger:
        return replace(held.config, hash=digest, origin=replace(origin, not_taken=(f"{NOT_JUDGED}: {stranger}",)))
    try:
        taken = _on_terms(held, pull, environ, file)
    except ConfigError as wrong:
        said = wrong.problems[0].message
        for value in sorted((environ.get(name, "") for name in _names(held)), key=len, reverse=True):
            said = said.replace(value, "***") if len(value) >= LEAST else said
        return replace(held.config, hash=digest, origin=replace(origin, not_taken=(f"{NOT_JUDGED}: {said}",)))
    return _merged(held.config, taken, origin, digest)


def _read(source: Source, environ: Mapping[str, str], file: str, *, lenient: bool = False) -> _Read:
    loader = Loader(environ, file, source.read, lenient=lenient)
    root = loader.compose(source.text)
    return _Read(loader.demand(root), root, loader)


def _on_terms(held: _Read, pull: Source, environ: Mapping[str, str], file: str) -> Config:
    """Read the pull request's suites as if they stood in the base branch's config.

    What new and changed checks read of the environment is secret wherever they put it: the base branch may show it to
    staging alone.
    """
    loader = Loader(environ, file, pull.read, lenient=False, allowed=_names(held), secrets=held.config.secrets)
    root = loader.compose(pull.text, only="suites")
    parts = {key: node for key, node in held.root.value.items() if key in TERMS}
    keys = {**held.root.keys, "suites": root.keys["suites"]}
    joined = Node({**parts, "suites": root.value["suites"]}, root.line, root.column, keys=keys, file=root.file)
    taken, read = loader.demand(joined), _read_anew(loader, _checks(held.config.suites))
    across.check_ids(read, loader.suites.found, loader.ctx)
    if errors := loader.problems(warnings=False):
        raise ConfigError(errors)
    return replace(taken, secrets=(*taken.secrets, *read))


def _names(held: _Read) -> frozenset[str]:
    """Give the names of the environment that the base branch's checks read."""
    return frozenset(name for node in held.loader.suites.nodes for name in names_in(node))


def _read_anew(loader: Loader, ours: Checks) -> tuple[str, ...]:
    """Give what others than the base branch's checks got of the environment, but for values of its `for:`."""
    shown = {str(value) for decl in ours.values() for loop in decl.loops.values() for value in loop}
    hashes = {decl.hash for decl in ours.values()}
    nodes = [found.node for found in loader.suites.found if found.decl.hash not in hashes]
    nodes += [node.value[key] for node in loader.suites.nodes for key in ("title", "owner") if key in node.value]
    values = (value for node in nodes for each in node.walk() for value in each.env or ())
    return tuple(dict.fromkeys(value for value in values if len(value) >= LEAST and value not in shown))


def _other_terms(held: _Read, proposed: _Read) -> Iterator[str]:
    """Name what differs beside the checks: by top-level key, and suites that count otherwise."""
    ours, theirs = held.root.value, proposed.root.value
    for key in sorted({*ours, *theirs} - {"suites"}):
        there = key in ours and key in theirs
        if not there or canonical.plain(ours[key]) != canonical.plain(theirs[key]):
            yield key
    suites = {suite.name: suite for suite in proposed.config.suites}
    for suite in held.config.suites:
        other = suites.get(suite.name, suite)
        if (suite.weight, suite.events) != (other.weight, other.events):
            yield f"suites.{suite.name}"


def _merged(held: Config, taken: Config, origin: Origin, digest: str) -> Config:
    ours, theirs = _checks(held.suites), _checks(taken.suites)
    suites, not_taken = _joined(held.suites, taken.suites)
    differing = tuple(name for name, decl in ours.items() if name in theirs and decl.hash != theirs[name].hash)
    return replace(
        held,
        suites=suites,
        hash=digest,
        secrets=tuple(dict.fromkeys((*held.secrets, *taken.secrets))),
        later=tuple(dict.fromkeys((*held.later, *taken.later))),
        warnings=tuple(dict.fromkeys((*held.warnings, *taken.warnings))),
        files=tuple(dict.fromkeys((*held.files, *taken.files))),
        origin=replace(
            origin,
            changed=tuple(name for name in differing if not _commands(ours[name], theirs[name])),
            deleted=tuple(name for name in ours if name not in theirs),
            added=tuple(name for name, decl in theirs.items() if name not in ours and not _commands(decl)),
            not_taken=not_taken,
        ),
    )


def _checks(suites: Iterable[Suite]) -> Checks:
    return {f"{suite.name}.{decl.name}": decl for suite in suites for decl in suite.checks}


def _commands(*decls: CheckDecl) -> bool:
    return any(decl.kind in COMMANDS for decl in decls)


def _joined(held: tuple[Suite, ...], taken: tuple[Suite, ...]) -> _Suites:
    """Join the suites: the base branch's, each followed by what is new in it, then the new ones."""
    ours, theirs = _checks(held), _checks(taken)
    not_taken: list[str] = []
    suites: list[Suite] = []
    for suite in held:
        both = [_both(decl, theirs.get(f"{suite.name}.{decl.name}"), not_taken) for decl in suite.checks]
        new = _new(suite.name, theirs, ours, not_taken)
        suites.append(replace(suite, checks=(*(decl for pair in both for decl in pair), *new)))
    there = {suite.name for suite in held}
    for suite in taken:
        new = () if suite.name in there else _new(suite.name, theirs, ours, not_taken)
        if new:
            suites.append(replace(suite, checks=new))
    return _Suites(_referring(suites), tuple(not_taken))


def _both(ours: CheckDecl, theirs: CheckDecl | None, not_taken: list[str]) -> tuple[CheckDecl, ...]:
    """Give what runs of a check of the base branch: one version, or both."""
    if theirs is None:
        return (_of_base(ours),)
    if theirs.hash == ours.hash:
        return (ours,)
    if _commands(ours, theirs):
        not_taken.append(f"{ours.suite}.{ours.name} runs a command, which is the base branch's until this is merged")
        return (ours,)
    same = ("critical", "advisory", "weight", "samples", "window_s", "deadline_s", "twin", "needs", "diagnose")
    return (replace(theirs, **{name: getattr(ours, name) for name in same}), _of_base(ours))


def _of_base(decl: CheckDecl) -> CheckDecl:
    """Give the base branch's version under a name that no config can write. Its failure has a meaning of its own."""
    return replace(decl, name=f"{decl.name}{OF_BASE}", advisory=True, weight=0.0)


def _new(suite: str, theirs: Checks, ours: Checks, not_taken: list[str]) -> tuple[CheckDecl, ...]:
    """Give what is new in a suite. It weighs nothing yet: no score is raised by adding what passes."""
    new = [decl for name, decl in theirs.items() if decl.suite == suite and name not in ours]
    not_taken += [
        f"{suite}.{decl.name} runs a command: it is not run before it is merged" for decl in new if _commands(decl)
    ]
    return tuple(replace(decl, weight=0.0) for decl in new if not _commands(decl))


def _referring(suites: list[Suite]) -> tuple[Suite, ...]:
    """Let what refers to a check or a `for:` value that the pull request deletes mean the base branch's version."""
    decls = [decl for suite in suites for decl in suite.checks]
    there = {
        name for decl in decls for name in (f"{decl.suite}.{decl.name}", *ids_of(decl.suite, decl.name, decl.loops))
    }

    def found(name: str) -> str:
        base, bracket, case = name.partition("[")
        return name if name in there else f"{base}{OF_BASE}{bracket}{case}"

    def follow(decl: CheckDecl) -> CheckDecl:
        return replace(
            decl,
            twin=decl.twin and found(decl.twin),
            needs=tuple(map(found, decl.needs)),
            diagnose=tuple(map(found, decl.diagnose)),
        )

    return tuple(replace(suite, checks=tuple(map(follow, suite.checks))) for suite in suites)
