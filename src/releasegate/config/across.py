"""A whole config in, problems between its parts out: controls on judged targets, circles, percentiles."""

from collections.abc import Iterable, Iterator, Mapping

from releasegate.config import kinds
from releasegate.config.model import ControlDecl, IdentityDecl, Rule, Target
from releasegate.config.node import Node
from releasegate.config.rules import METRICS, SAMPLES_FOR, subject_of
from releasegate.config.shape import Reading, did_you_mean
from releasegate.config.suitereader import Found
from releasegate.model import base_of
from releasegate.sampling import PROFILES

MOST_DIAGNOSED = 16


def check_control(
    control: ControlDecl, node: Node, checks: Iterable[Found], targets: Mapping[str, Target], ctx: Reading
) -> None:
    """Refuse a control whose target a check judges, under its own name or as the same origin under another."""
    named = kinds.kind(control.kind).targets(control.spec, {})
    judged = {
        name: found
        for found in checks
        for values in found.decl.cases()
        for name in found.kind.targets(found.decl.spec, values)
    }
    for name in named:
        of = next((other for other in judged if _same(name, other, targets)), None)
        if of is not None:
            by = f"{judged[of].decl.suite}.{judged[of].decl.name}"
            alias = "" if of == name else f' (the same address as "{of}")'
            message = f'a control on a judged target: the check {by} uses "{name}"{alias}'
            ctx.report(node, message, "a control must be something that the change cannot break")


def _same(one: str, other: str, targets: Mapping[str, Target]) -> bool:
    a, b = targets.get(one), targets.get(other)
    return one == other or bool(a and b and (a.host.lower(), a.port) == (b.host.lower(), b.port))


def check_schemes(
    checks: Iterable[Found], control: ControlDecl | None, root: Node, targets: Mapping[str, Target], ctx: Reading
) -> None:
    """Refuse a check, or a control, whose kind cannot speak to its target: a WebSocket on an http:// url."""
    for found in checks:
        named = (name for values in found.decl.cases() for name in found.kind.targets(found.decl.spec, values))
        _demand_speaking(found.decl.kind, dict.fromkeys(named), found.node.value[found.decl.kind], targets, ctx)
    if control:
        named = kinds.kind(control.kind).targets(control.spec, {})
        _demand_speaking(control.kind, named, root.value["control"].value[control.kind], targets, ctx)


def _demand_speaking(kind: str, named: Iterable[str], at: Node, targets: Mapping[str, Target], ctx: Reading) -> None:
    of_kind = kinds.kind(kind)
    refuses = getattr(of_kind, "refuses", None)
    for target in filter(None, map(targets.get, named)):
        cannot = f'a check of kind {kind} cannot speak to "{target.name}": '
        if of_kind.schemes and target.scheme not in of_kind.schemes:
            hint = f"it needs a target of {' or '.join(f'{s}://' for s in sorted(of_kind.schemes))}"
            ctx.report(at, f"{cannot}its url is {target.scheme}://…", hint)
        elif refuses and (refused := refuses(target)):
            ctx.report(at, f"{cannot}{refused[0]}", refused[1])


def check_windows(checks: Iterable[Found], deadline_s: float, ctx: Reading) -> None:
    """Refuse a window that its check's deadline, or that of the run, does not leave room for."""
    for found in checks:
        window_s, own_s = found.decl.window_s, found.decl.deadline_s
        if window_s is None:
            continue
        if own_s is not None and window_s >= own_s:
            message = f"a window of {window_s:g} s does not fit into the check's deadline of {own_s:g} s"
        elif window_s >= deadline_s:
            message = f"a window of {window_s:g} s does not fit into the run's deadline of {deadline_s:g} s"
        else:
            continue
        ctx.report(found.node.value["window"], f"{message}: it could never be green", "make the window shorter")


def check_ids(secrets: Iterable[str], checks: Iterable[Found], ctx: Reading) -> None:
    """Refuse a `for:` value that is a secret: it would stand in the id of its check, in every report."""
    for found in checks:
        values = {str(value) for loop in found.decl.loops.values() for value in loop}
        if any(secret in value for secret in secrets for value in values):
            ctx.report(found.node.value["for"], "a value of for: is a secret, and would stand in the check's id")


def check_logins(
    identities: Mapping[str, IdentityDecl], targets: Mapping[str, Target], root: Node, ctx: Reading
) -> None:
    """Refuse a login at a target that takes no requests."""
    for name, identity in identities.items():
        for login in (identity.login, identity.fallback and identity.fallback.login):
            target = targets.get(str(login.post.target)) if login else None
            if target is not None and target.scheme not in {"http", "https"}:
                message = f'a login is posted over http, and the url of "{target.name}" is {target.scheme}://…'
                ctx.report(root.value["identities"].keys[name], message, "log in at a target of http:// or https://")


def check_circles(checks: Iterable[Found], ctx: Reading) -> None:
    """Refuse a check that is its own twin or diagnosis, and `needs` that lead back to where they began."""
    graph: dict[str, tuple[str, ...]] = {}
    at: dict[str, Node] = {}
    for found in checks:
        own = f"{found.decl.suite}.{found.decl.name}"
        graph[own] = tuple(base_of(name) for name in found.decl.needs)
        at[own] = found.node
        if found.decl.twin and base_of(found.decl.twin) == own:
            ctx.report(found.node.value["twin"], "a check cannot be its own twin", "name the check that must pass")
        if own in map(base_of, found.decl.diagnose):
            ctx.report(found.node.value["diagnose"], "a check cannot diagnose itself", "name another check")
    for circle in _circles(graph):
        way = " → ".join((*circle, circle[0]))
        ctx.report(at[circle[0]].value["needs"], f"needs lead in a circle: {way}", "leave one of them out")


def check_diagnosed(checks: Iterable[Found], ctx: Reading) -> None:
    """Refuse to read, when something fails, what would change staging, take its time, or be far too much."""
    checks = tuple(checks)
    asking = [found for found in checks if found.decl.diagnose]
    names = ((name, found) for found in checks for name in (f"{found.decl.suite}.{found.decl.name}", *found.ids))
    named = dict(names) if asking else {}
    for found in asking:
        at = found.node.value["diagnose"]
        read = [(name, named[name]) for name in found.decl.diagnose if name in named]
        for name, other in read:
            if other.kind.writes(other.decl.spec):
                ctx.report(at, f"{name} writes: diagnose only reads", "name a check that changes nothing on staging")
            elif other.kind.reads_by_default == "once":
                message = f"{name} is of kind {other.decl.kind}, which is no quick reading"
                ctx.report(at, message, "name a check that takes one look: http, tcp")
        ids = {own for name, other in read for own in (other.ids if name not in other.ids else (name,))}
        if len(ids) > MOST_DIAGNOSED:
            message = f"diagnose names {len(ids):,} checks; at most {MOST_DIAGNOSED} are read beside one failure"
            ctx.report(at, message, "name those that it depends on directly")


def _circles(graph: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Walk depth first without recursion; a name that is met again on the way closes a circle."""
    done: set[str] = set()
    for start in graph:
        way: list[str] = []
        todo = [iter((start,))]
        while todo:
            name = next(todo[-1], None)
            if name is None:
                todo.pop()
                if way:
                    done.add(way.pop())
            elif name in way:
                yield tuple(way[way.index(name) :])
            elif name in graph and name not in done:
                way.append(name)
                todo.append(iter(graph[name]))


def check_rules(rules: Iterable[tuple[Rule, Node]], checks: list[Found], suites: set[str], ctx: Reading) -> None:
    """Demand that a rule's suite or check exists, and that its percentile has the samples that it needs."""
    for rule, node in rules:
        subject = subject_of(rule.metric)
        if subject.suite is not None and subject.suite not in suites:
            ctx.report(node, f'unknown suite "{subject.suite}"', did_you_mean(subject.suite, suites))
        elif subject.check is not None and subject.check not in ctx.names["check"]:
            ctx.report(node, f'unknown check "{subject.check}"', did_you_mean(subject.check, ctx.names["check"]))
        elif subject.metric in SAMPLES_FOR and subject.metric in METRICS:
            _carried(node, subject.metric, samples(checks, subject.suite, subject.check), ctx)


def _carried(node: Node, metric: str, taken: int, ctx: Reading) -> None:
    needed = SAMPLES_FOR[metric]
    if taken < needed:
        message = f"{metric} needs at least {needed} samples; a healthy run takes {taken}"
        ctx.report(node, message, "ask for latency.max or latency.p50, or of more checks at once")


def samples(checks: Iterable[Found], suite: str | None = None, check: str | None = None) -> int:
    """Give the samples that a healthy run takes of a suite, of a check or of all; what is not judged takes none."""
    return sum(
        PROFILES[kinds.profile(found.kind, found.decl.samples, found.decl.spec)].passes_needed[0]
        * len([name for name in found.ids if check in {None, name, base_of(name)}])
        for found in checks
        if suite in {None, found.decl.suite} and not getattr(found.kind, "later", None)
    )


def warn_of_weak(checks: Iterable[Found], ctx: Reading) -> None:
    """Warn of critical checks that one sample decides, and of refusals that nothing shows to be meant for strangers."""
    for found in checks:
        refused = getattr(found.kind, "demands_refusal", None)
        if refused and refused(found.decl.spec) and not found.decl.twin:
            message = f"{found.decl.suite}.{found.decl.name} is green also where everybody is turned away"
            ctx.warn(found.node, message, "twin: the check that is let in with the same request")
        profile = kinds.profile(found.kind, found.decl.samples, found.decl.spec)
        if found.decl.critical and profile in {"single", "once"} and not getattr(found.kind, "later", None):
            name = f"{found.decl.suite}.{found.decl.name}"
            hint = "samples: lean, if it is safe to repeat; or give it a finally"
            ctx.warn(found.node.keys["critical"], f"{name} is critical, and one sample decides it ({profile})", hint)


def warn_of_no_critical(checks: Iterable[Found], root: Node, ctx: Reading) -> None:
    """Warn where harmless changes would run everything, because nothing is critical."""
    if "changes" in root.value and not any(found.decl.critical for found in checks):
        message = "no check is critical: every check runs for a harmless change too"
        ctx.warn(root.keys["changes"], message, "critical: true, where it must hold whatever is changed")
