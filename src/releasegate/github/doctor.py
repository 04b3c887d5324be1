"""What GitHub and the workflows say about a gate in, findings with their remedies out. It asks a Hub, and judges.

What could not be read is a problem of its own: a hole that nobody can see is not closed.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from releasegate.foreign import for_terminal
from releasegate.github import intents
from releasegate.github.nouns import Files, Hub, HubError, Rules, Ruleset, Status, StatusState
from releasegate.github.scopes import USUAL, yaml
from releasegate.github.workflows import GateJob, Workflows

ACTIONS_APP = 15368
"""The App that every GITHUB_TOKEN speaks for."""
RUNNING = (".github/workflows/", ".github/actions/", "requirements")
OWN_EVENTS = frozenset({"pull_request", "pull_request_review", "push", "merge_group", "deployment_status"})
"""Events whose workflow is that of the commit itself, which its author may edit."""
ENOUGH, MOST_ERRORS = 20, 0.05
"""Pull requests that an advisory gate should have judged, and the part of them that may be without a verdict."""
SHOWN = 5
PULLS, HEADS = 30, 3
T = TypeVar("T")


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(Struct, frozen=True, kw_only=True):
    """One judgement. `remedy` says what to do where, None where all is well."""

    about: str
    level: Level
    said: str
    remedy: str | None = None


class Seen(Struct, frozen=True, kw_only=True):
    """What was read. None: it was not asked, or could not be read, which `unread` then says, by subject."""

    context: str
    branch: str
    settings: str
    """Where the rules of the repository are changed."""
    rules: Rules | None = None
    rulesets: Sequence[Ruleset] | None = None
    checks: Sequence[str] | None = None
    statuses_allowed: bool | None = None
    workflows: Workflows = Workflows()
    touched: Files | None = None
    """The files of the pull request that was asked about."""
    config: str = ""
    advisory: Mapping[int, Sequence[Status]] | None = None
    """The advisory statuses of recent pull requests, each the newest first."""
    unread: Mapping[str, str] = {}


def findings(seen: Seen) -> list[Finding]:
    """Judge all of it, in the order in which holes matter."""
    judges: tuple[Callable[[Seen], Finding | None], ...] = (
        _required, _evaluated, _pinned, _shadowed, _bypass, _permission, _workflow, _filtered, _queue, _level, _touched,
        _ready,
    )  # fmt: skip
    found = [finding for judge in judges if (finding := judge(seen)) is not None]
    unread = [
        Finding(about=about, level=Level.PROBLEM, said=f"not known: {said.splitlines()[0]}",
                remedy="\n".join(said.splitlines()[1:]) or "ask with a token that may read it")
        for about, said in seen.unread.items()
    ]  # fmt: skip
    return [*found, *unread]


def _required(seen: Seen) -> Finding | None:
    if seen.rules is None:
        return None
    places = [need.ruleset for need in seen.rules.required if _same(need.context, seen.context)]
    if not places:
        said = f"{seen.branch} does not require {seen.context}: a red one blocks nothing"
        return _bad("required", said, f"{seen.settings}: require status checks to pass, add {seen.context}")
    where = ", ".join("classic protection" if place is None else f"ruleset {place}" for place in places)
    return _ok("required", f"{seen.branch} requires {seen.context}, by {where}")


def _evaluated(seen: Seen) -> Finding | None:
    idle = [
        ruleset
        for ruleset in seen.rulesets or ()
        if ruleset.enforcement != "active" and any(_same(need.context, seen.context) for need in ruleset.required)
    ]
    if not idle:
        return None
    names = ", ".join(f"{for_terminal(each.name)} ({for_terminal(each.enforcement)})" for each in idle)
    return _warn("in force", f"a ruleset that names {seen.context} binds nobody: {names}",
                 f"{seen.settings}: set its enforcement to active")  # fmt: skip


def _pinned(seen: Seen) -> Finding | None:
    needs = [need for need in (seen.rules or Rules()).required if _same(need.context, seen.context)]
    if not needs:
        return None
    strict = [need.app for need in needs if need.app not in (None, ACTIONS_APP)]
    if strict:
        return _ok("pinned", f"only App {strict[0]} may say it")
    who = "any workflow of the repository" if any(need.app for need in needs) else "whoever may write statuses"
    return _warn("pinned", f"{who} may say it",
                 f"{seen.settings}: choose the gate's own App as the source of {seen.context}")  # fmt: skip


def _shadowed(seen: Seen) -> Finding | None:
    twins = {name for name in (*(seen.checks or ()), *seen.workflows.names) if _same(name, seen.context)}
    if twins:
        said = f"a job or check is called {for_terminal(min(twins))} like the status: both are then required"
        return _bad("shadowed", said, "rename the job (its `name:`) in .github/workflows")
    return None if seen.checks is None else _ok("shadowed", "no job or check has the status's name")


def _bypass(seen: Seen) -> Finding | None:
    if seen.rules is None:
        return None
    needs = [need for need in seen.rules.required if _same(need.context, seen.context)]
    ruled = {need.ruleset for need in needs if need.ruleset is not None}
    sets = [ruleset for ruleset in seen.rulesets or () if ruleset.id in ruled]
    hidden = ruled - {each.id for each in sets if each.bypass is not None}
    passing = [for_terminal(actor) for each in sets for actor in each.bypass or ()]
    if seen.rules.admins_pass and any(need.ruleset is None for need in needs):
        passing.append("who administers the repository (classic protection)")
    if not needs or (hidden and not passing):
        said = f"who may bypass ruleset {min(hidden)} is not shown to this token" if hidden else ""
        return _warn("bypass", said, "ask with administration: read, or see the ruleset's page") if hidden else None
    # Of several rules that want the status each has to be bypassed, so that one which nobody may bypass is enough.
    firm = [each for each in sets if each.bypass == ()]
    if not passing or firm:
        return _ok("bypass", "nobody may bypass it")
    return _warn("bypass", f"it does not bind {', '.join(passing)}",
                 f"{seen.settings}: empty the bypass list; releasegate waive leaves a trace")  # fmt: skip


def _permission(seen: Seen) -> Finding | None:
    return _ok("permission", "this token may set statuses") if seen.statuses_allowed else None


def _workflow(seen: Seen) -> Finding | None:
    gates = seen.workflows.gates
    if not gates:
        return _warn("workflow", "no workflow here runs the gate",
                     "add one: releasegate init, or copy one of docs/workflows")  # fmt: skip
    poor = [gate for gate in gates if not gate.statuses]
    if poor:
        said = f"{_place(poor[0])} does not give its token statuses: write"
        return _bad("workflow", said, f"in {_place(poor[0])} write\n{yaml(USUAL)}")
    return _ok("workflow", f"{', '.join(map(_place, gates))} may set the status")


def _filtered(seen: Seen) -> Finding | None:
    bad = next((gate for gate in seen.workflows.gates if gate.filtered), None)
    if bad is None:
        return None
    said = f"{for_terminal(bad.path)} has a paths filter: where it does not match the status stays absent for ever"
    return _bad("filter", said, "remove it; what does not concern the gate is said by `changes:` in its config")


def _queue(seen: Seen) -> Finding | None:
    told = any("merge_group" in gate.events for gate in seen.workflows.gates)
    if seen.rules is None or not seen.rules.queue or told or not seen.workflows.gates:
        return None
    return _bad("queue", f"{seen.branch} is merged through a queue, and no gate runs on merge_group: it stalls",
                f"add `merge_group:` to `on:` in {for_terminal(seen.workflows.gates[0].path)}")  # fmt: skip


def _level(seen: Seen) -> Finding | None:
    """Name the level of trust: who could turn it green by editing a workflow."""
    if seen.rules is None or not seen.workflows.gates:
        return None
    if seen.rules.workflows:
        return _ok("trust", "level 3: an organisation's workflows are required; see whether the gate's is one of them")
    needs = [need for need in seen.rules.required if _same(need.context, seen.context)]
    pinned = any(need.app not in (None, ACTIONS_APP) for need in needs)
    own = sorted({event for gate in seen.workflows.gates for event in gate.events if event in OWN_EVENTS})
    if pinned and not own:
        return _ok("trust", "level 2: an App says it, in workflows of the default branch")
    why = f"its workflow on {own[0]} is the change's own" if own else "no App is required as its source"
    return _warn("trust", f"level 1, for people who mean well: {why}",
                 "level 2: an App's key in an environment that is limited to the default branch, pull_request_target or"
                 " workflow_run, and the App as the required source")  # fmt: skip


def _touched(seen: Seen) -> Finding | None:
    if seen.touched is None:
        return None
    own = {seen.config, *(gate.path for gate in seen.workflows.gates)}
    names = dict.fromkeys(name for file in seen.touched.files for name in (file.path, file.previous) if name)
    hit = [for_terminal(name) for name in names if name in own or name.startswith(RUNNING)]
    if hit or not seen.touched.whole:
        what = _some(hit) if hit else "more files than GitHub lists"
        return _warn("change", f"the pull request touches what runs the gate: {what}", "read these files by eye")
    return _ok("change", "the pull request touches neither workflow, action, lock nor config of the gate")


def _ready(seen: Seen) -> Finding | None:
    if seen.advisory is None:
        return None
    ends = {number: [s.state for s in told if s.state is not StatusState.PENDING]
            for number, told in seen.advisory.items()}  # fmt: skip
    last = {number: states[0] for number, states in ends.items() if states}
    red = [n for n, state in last.items() if state is StatusState.FAILURE]
    lost = [n for n, state in last.items() if state is StatusState.ERROR]
    torn = [n for n, states in ends.items() if len(set(states)) > 1]
    said = (
        f"advisory runs judged {len(last)} of the last {len(seen.advisory)} pull requests: {len(red)} would have been"
        f" blocked by a red{_list(red)}, {len(lost)} by no verdict{_list(lost)}, {len(torn)} changed on one commit"
    )
    if len(last) < ENOUGH:
        return _warn("ready", said, f"wait for {ENOUGH} judged pull requests")
    if len(lost) > MOST_ERRORS * len(last):
        return _warn("ready", said, "find out first why runs end without a verdict")
    return _ok("ready", said)


def _list(numbers: Sequence[int]) -> str:
    return f" ({_some([f'#{number}' for number in numbers])})" if numbers else ""


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _place(gate: GateJob) -> str:
    return f"{for_terminal(gate.path)}, job {for_terminal(gate.job)}"


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _ok(about: str, said: str) -> Finding:
    return Finding(about=about, level=Level.OK, said=said)


def _warn(about: str, said: str, remedy: str) -> Finding:
    return Finding(about=about, level=Level.WARNING, said=said, remedy=remedy)


def _bad(about: str, said: str, remedy: str) -> Finding:
    return Finding(about=about, level=Level.PROBLEM, said=said, remedy=remedy)


def look(hub: Hub, begun: Seen, gate: str, number: int | None, *, ready: bool) -> Seen:
    """Ask for everything; what is refused is kept as what is not known."""
    unread: dict[str, str] = {}

    def ask(about: str, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except HubError as why:
            unread[about] = str(why)
            return None

    rules = ask("required", lambda: hub.rules(begun.branch))
    rulesets = ask("bypass", hub.rulesets)
    checks = ask("shadowed", lambda: _checks(hub, begun.branch))
    allowed = ask("permission", lambda: _allowed(hub))
    touched = ask("change", lambda: hub.changed_files(number)) if number else None
    context = intents.context_of(gate, intents.ADVISORY)
    advisory = ask("ready", lambda: _advisory(hub, context)) if ready else None
    return Seen(
        context=begun.context, branch=begun.branch, settings=begun.settings, config=begun.config,
        workflows=begun.workflows, rules=rules, rulesets=rulesets, checks=checks, statuses_allowed=allowed,
        touched=touched, advisory=advisory, unread=unread,
    )  # fmt: skip


def _checks(hub: Hub, branch: str) -> Sequence[str]:
    """Name the checks of the branch and of the last pull requests onto it: some run on one of them alone."""
    heads = [pull.head_sha for pull in hub.recent_pulls(PULLS) if pull.base_branch == branch][:HEADS]
    return [name for commit in (branch, *heads) for name in hub.check_names(commit)]


def _allowed(hub: Hub) -> bool:
    hub.demand_statuses()
    return True


def _advisory(hub: Hub, context: str) -> Mapping[int, Sequence[Status]]:
    return {pull.number: hub.statuses(pull.head_sha, context) for pull in hub.recent_pulls(PULLS)}
