"""`releasegate gate`: pending, run, publish."""

from collections.abc import Mapping
from typing import Any

import click
from msgspec.structs import replace

from releasegate.changes.impact import Impact
from releasegate.cli.changes import impact_of, read_changes
from releasegate.cli.desk import attended, desk_of
from releasegate.cli.execute import Asked, keep, perform, report
from releasegate.cli.files import CONFIG_PLACES, environment, read_config, read_event
from releasegate.cli.outputs import Outputs
from releasegate.cli.queue import inherit
from releasegate.cli.run import judging_options
from releasegate.cli.runner import summarise
from releasegate.cli.telling import Wanted, not_judged, tell, telling_options, whole_commit
from releasegate.config.load import ConfigError
from releasegate.config.model import Config
from releasegate.config.targets import DEPLOYMENT_URL
from releasegate.errors import (
    EXIT_INTERRUPTED,
    EXIT_MERGE,
    EXIT_NOT_PUBLISHED,
    NotPublishedError,
    UndecidedError,
    UsageError,
)
from releasegate.evidence.rejudge import knowing
from releasegate.github import intents
from releasegate.github.context import subject_of
from releasegate.github.desk import Desk
from releasegate.github.intents import CommentMode, FailOn
from releasegate.github.job import NOBODY_SPEAKS, job_of
from releasegate.github.nouns import HubError, Trust
from releasegate.github.trust import config_of


@click.command("gate")
@click.option("--pr", "pull", type=click.IntRange(1), help="Judge the head of this pull request.")
@click.option("--sha", help="Judge this commit, all 40 digits.  [default: the event's]")
@telling_options
@judging_options
def command(
    config_path: str | None,
    changed_files: str | None,
    *,
    pull: int | None,
    sha: str | None,
    comment: str,
    check_run: bool,
    fail_on: str,
    evidence: str,
    junit: str | None,
    markdown: str | None,
    **asked: Any,
) -> int:
    """Say on GitHub that a run began, run the gate, and publish its verdict.

    The commit status releasegate/GATE is what a branch requires; the comment explains it. The token comes from
    GITHUB_TOKEN, or from an App's RELEASEGATE_APP_ID and RELEASEGATE_PRIVATE_KEY.

    \b
    releasegate gate
    releasegate gate --pr 12 --comment always
    """
    environ = environment()
    job = job_of(environ)
    outputs = Outputs(evidence=evidence, junit=junit, markdown=markdown)
    outputs.prepare(*([config_path] if config_path else CONFIG_PLACES), changed_files=changed_files)
    event = environ.get("GITHUB_EVENT_NAME", "")
    subject = subject_of(event, read_event(environ), environ, pull=pull, sha=whole_commit(sha))
    if subject.not_judged:
        return not_judged(subject, environ)
    if not job.can_speak and subject.trust is not Trust.FORK:
        raise UsageError(NOBODY_SPEAKS)
    desk = desk_of(job, subject)
    with attended(desk):
        desk.enter()
        if desk.subject.not_judged:
            return not_judged(desk.subject, environ)
        config = _config(config_path, environ, desk)
        answer = _elsewhere(config, desk, environ)
        if answer is not None:
            return answer
        order = Asked(
            outputs=outputs, sha=desk.subject.sha, event=event, run_id=job.run_id, run_attempt=job.attempt, **asked
        )
        partial = bool(order.suites or order.checks)
        deadline_s = order.deadline_s or config.policy.deadline_s
        desk.begin(config.gate, config.mode, partial=partial, deadline_s=deadline_s)
        order = replace(order, changes=read_changes(changed_files, config) or _changes(config, desk))
        wanted = Wanted(comment=CommentMode(comment), check_run=check_run, fail_on=FailOn(fail_on))
        return _judge(config, order, environ, desk, wanted)


def _config(path: str | None, environ: Mapping[str, str], desk: Desk) -> Config:
    """Read the config with the deployment's address. What is wrong with it is also told where people look."""
    subject = desk.subject
    if subject.deployment_url:
        environ = {**environ, DEPLOYMENT_URL: subject.deployment_url}
    try:
        config = _of_change(path, environ, desk) or read_config(path, environ)
    except ConfigError:
        if desk.excused or subject.trust is Trust.FORK:
            _without_secrets(path, environ, desk)
        raise
    return replace(config, secrets=(*config.secrets, *desk.job.secrets))


def _of_change(path: str | None, environ: Mapping[str, str], desk: Desk) -> Config | None:
    """Give the config of what is to be merged, with what decides from its base branch; None where nothing is.

    Raises NotPublishedError where the base branch cannot be read. A fork's job has nobody to ask, and nothing to lose.
    """
    if desk.silent and desk.subject.trust is Trust.FORK:
        return None
    try:
        change = desk.change()
        if change is None:
            return None
        trusted = config_of(desk.hub, desk.subject, change, (path,) if path else CONFIG_PLACES, environ)
    except HubError as why:
        raise NotPublishedError(f"nothing is judged, for what the base branch demands is not known: {why}") from None
    desk.base, desk.files = trusted.base, trusted.files
    return trusted.config


def _without_secrets(path: str | None, environ: Mapping[str, str], desk: Desk) -> None:
    """Say where people look that a job has no secrets. Raises UndecidedError, ConfigError for what else is wrong."""
    config = read_config(path, environ, lenient_env=True)
    who = desk.subject.actor if desk.excused else "a fork"
    said = f"no secrets for {who}: dispatch with pr={desk.subject.pull}"
    desk.begin(config.gate, config.mode, partial=False, deadline_s=0, quietly=True)
    if desk.may.context is not None:
        desk.put(intents.cancelled(desk.may.context, desk.job.run_url, said))
    summarise(environ, "", [said, *desk.notes])
    raise UndecidedError(said)


def _elsewhere(config: Config, desk: Desk, environ: Mapping[str, str]) -> int | None:
    """Do what the config wants of this event instead of a run; None when it wants one."""
    wish = config.events.get(desk.subject.event, "run")
    if wish == "inherit" and desk.subject.event == "merge_group":
        return inherit(config, desk, environ)
    if wish != "defer":
        return None
    desk.begin(config.gate, config.mode, partial=False, deadline_s=0, quietly=True)
    if desk.may.context is not None:
        status = intents.deferred(desk.may.context, desk.job.run_url)
        try:
            there = desk.hub.statuses(desk.subject.sha or "", desk.may.context)
        except HubError as why:
            there = ()
            desk.note(str(why))
        if not there:
            desk.put(status)
            desk.leave_pending()
        desk.note(f"{desk.subject.event} is deferred: another event judges this commit")
    summarise(environ, "", desk.notes)
    return EXIT_NOT_PUBLISHED if desk.owed and not desk.excused else EXIT_MERGE


def _changes(config: Config, desk: Desk) -> Impact | None:
    """Ask for the pull request's files where the config tells the harmless from the others. In doubt, all runs."""
    if not config.changes or desk.subject.pull is None:
        return None
    from releasegate.changes.listing import of_github

    try:
        files = desk.files or desk.hub.changed_files(desk.subject.pull)
    except HubError as why:
        desk.note(f"no check is left out for the change: {why}")
        return None
    listed = of_github(
        {"filename": f.path, "status": f.status, "previous_filename": f.previous, "patch": f.patch} for f in files.files
    )
    return impact_of(listed, config)


def _judge(config: Config, order: Asked, environ: Mapping[str, str], desk: Desk, wanted: Wanted) -> int:
    """Run, and tell: the files that need no token first, then GitHub."""
    evidence = perform(config, order, environ)
    if evidence.run.interrupted:
        desk.close(intents.CANCELLED)
        report(evidence, order, environ)
        return EXIT_INTERRUPTED
    told = desk.learn()
    if red := intents.red_before(told):
        evidence = knowing(evidence, red)
        keep(evidence, order)
    report(evidence, order, environ)
    return tell(evidence, told, desk, environ, order.outputs.evidence, wanted=wanted)
