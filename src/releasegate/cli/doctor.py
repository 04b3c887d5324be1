"""`releasegate doctor`: whether a red gate would really block, and who could turn it green."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click

from releasegate.cli.desk import Desk
from releasegate.cli.files import config_option, environment, find_config, json_option, read_config, read_text
from releasegate.errors import EXIT_MERGE, EXIT_USAGE, NotPublishedError, UsageError
from releasegate.foreign import for_log
from releasegate.github import intents
from releasegate.github.doctor import Finding, Level, Seen, findings
from releasegate.github.job import GITHUB_WEB, NOBODY_SPEAKS, job_of
from releasegate.github.nouns import Hub, HubError, Status, Subject
from releasegate.github.workflows import Workflows, workflows_of

PULLS, HEADS = 30, 3
ASKING_S = 120.0
T = TypeVar("T")


@click.command("doctor")
@config_option
@json_option
@click.option("--branch", help="The branch that is guarded.  [default: the repository's default branch]")
@click.option("--pr", "number", type=click.IntRange(1), help="Also say whether this pull request touches the gate.")
@click.option("--ready", is_flag=True, help="Also say how often the advisory gate would have blocked.")
def command(config_path: str | None, branch: str | None, *, number: int | None, ready: bool, as_json: bool) -> int:
    """Say whether the gate's status really blocks, and who could turn it green.

    Reads the rules of the branch on GitHub and the workflows of this directory; changes nothing. Each finding is ok, a
    warning or a problem, with what to do where.

    \b
    releasegate doctor --ready
    """
    environ = environment()
    job = job_of(environ)
    if not job.repository:
        raise UsageError("the repository is not known: GITHUB_REPOSITORY is owner/name")
    if not job.can_speak:
        raise UsageError(NOBODY_SPEAKS)
    gate = read_config(config_path, environ, lenient_env=True).gate
    desk = Desk(job, Subject(event="", repository=job.repository, sha=None))
    try:
        desk.enter()
        desk.hub.give(ASKING_S)
        onto = branch or desk.hub.default_branch()
    except (HubError, NotPublishedError) as why:
        raise UsageError(str(why)) from None
    web = (environ.get("GITHUB_SERVER_URL") or GITHUB_WEB).rstrip("/")
    begun = Seen(
        context=intents.context_of(gate, "enforce"), branch=onto, settings=f"{web}/{job.repository}/settings/rules",
        config=find_config(config_path).as_posix(), workflows=_workflows(),
    )  # fmt: skip
    found = findings(_look(desk.hub, begun, gate, number, ready=ready))
    bad = any(finding.level is Level.PROBLEM for finding in found)
    code = EXIT_USAGE if bad else EXIT_MERGE
    _show(found, code, as_json=as_json)
    return code


def _workflows() -> Workflows:
    places = [path for path in Path(".github/workflows").glob("*.y*ml") if path.is_file()]
    return workflows_of({path.as_posix(): read_text(path) for path in places})


def _look(hub: Hub, begun: Seen, gate: str, number: int | None, *, ready: bool) -> Seen:
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


def _show(found: Sequence[Finding], code: int, *, as_json: bool) -> None:
    if as_json:
        told = [{"about": f.about, "level": f.level.value, "said": f.said, "remedy": f.remedy} for f in found]
        click.echo(json.dumps({"findings": told, "exit_code": code}, ensure_ascii=False))
        return
    for finding in found:
        click.echo(for_log(f"{finding.level.value:8} {finding.about:11} {finding.said}"))
        for line in (finding.remedy or "").splitlines():
            click.echo(f"{'':20} {for_log(line)}")
