"""`releasegate gate`: pending, run, publish."""

import json
import re
from collections.abc import Mapping
from typing import Any

import click
from msgspec.structs import replace

from releasegate.changes.impact import Impact
from releasegate.cli.changes import impact_of, read_changes
from releasegate.cli.desk import CANCELLED, Desk, attended
from releasegate.cli.execute import Asked, keep, perform, report
from releasegate.cli.files import CONFIG_PLACES, environment, read_config, read_event
from releasegate.cli.outputs import Outputs
from releasegate.cli.queue import inherit
from releasegate.cli.run import judging_options
from releasegate.cli.runner import output, outputs_of, summarise
from releasegate.config.load import ConfigError
from releasegate.config.model import Config
from releasegate.config.targets import DEPLOYMENT_URL
from releasegate.errors import (
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_MERGE,
    EXIT_NOT_PUBLISHED,
    EXIT_UNSTABLE,
    NotPublishedError,
    UndecidedError,
    UsageError,
)
from releasegate.evidence.rejudge import knowing
from releasegate.foreign import for_log, for_markdown
from releasegate.github import intents
from releasegate.github.context import subject_of
from releasegate.github.intents import ADVISORY, CommentMode
from releasegate.github.job import NOBODY_SPEAKS, job_of
from releasegate.github.marker import Marker, line_of
from releasegate.github.nouns import CheckRun, HubError, Subject, Trust
from releasegate.github.publish import Words, pull_of
from releasegate.github.trust import config_of, known_pull
from releasegate.model import Evidence

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
FAIL_ON: dict[str, frozenset[int]] = {
    "blocked": frozenset(),
    "unstable": frozenset({EXIT_INCONCLUSIVE}),
    "never": frozenset({EXIT_INCONCLUSIVE, EXIT_UNSTABLE}),
}
"""The exit codes that become 0."""
TITLE = 255


def whole_commit(sha: str | None) -> str | None:
    """Take no less than a whole commit id: GitHub gives a status to nothing else. Raises UsageError."""
    if sha is not None and not COMMIT.fullmatch(sha):
        raise UsageError(f'--sha "{sha}" is no whole commit id of 40 digits; write --sha "$(git rev-parse HEAD)"')
    return sha


@click.command("gate")
@click.option("--pr", "pull", type=click.IntRange(1), help="Judge the head of this pull request.")
@click.option("--sha", help="Judge this commit, all 40 digits.  [default: the event's]")
@click.option(
    "--comment",
    type=click.Choice([mode.value for mode in CommentMode]),
    default=CommentMode.ON_CHANGE.value,
    show_default=True,
    help="When a pull request gets its comment.",
)
@click.option("--check-run", is_flag=True, help="Also write a check run.")
@click.option(
    "--fail-on",
    type=click.Choice(list(FAIL_ON)),
    default="blocked",
    show_default=True,
    help="What the exit code calls a failure. The status says the verdict all the same.",
)
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
    desk = Desk(job, subject)
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
        return _judge(config, order, environ, desk, comment=CommentMode(comment), check_run=check_run, fail_on=fail_on)


def not_judged(subject: Subject, environ: Mapping[str, str]) -> int:
    """Say why there is nothing to judge. Raises UsageError where that is a mistake."""
    if not subject.idle:
        raise UsageError(f"{subject.not_judged}")
    why = subject.not_judged or ""
    click.echo(f"releasegate: nothing is judged: {for_log(why)}", err=True)
    summarise(environ, f"releasegate: nothing is judged: {for_markdown(why)}")
    return EXIT_MERGE


def _config(path: str | None, environ: Mapping[str, str], desk: Desk) -> Config:
    """Read the config with the deployment's address. What is wrong with it is also told where people look."""
    subject = desk.subject
    if subject.deployment_url:
        environ = {**environ, DEPLOYMENT_URL: subject.deployment_url}
    try:
        config = _of_pull(path, environ, desk) or read_config(path, environ)
    except ConfigError:
        if desk.excused or subject.trust is Trust.FORK:
            _without_secrets(path, environ, desk)
        raise
    return replace(config, secrets=(*config.secrets, *desk.job.secrets))


def _of_pull(path: str | None, environ: Mapping[str, str], desk: Desk) -> Config | None:
    """Give a pull request's config with what decides from its base branch; None where there is no pull request.

    Raises NotPublishedError where the base branch cannot be read.
    """
    if desk.silent:
        return None
    try:
        pull = known_pull(desk.subject) or pull_of(desk.hub, desk.subject)
        if pull is None:
            return None
        trusted = config_of(desk.hub, desk.subject, pull, (path,) if path else CONFIG_PLACES, environ)
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
    try:
        files = desk.files or desk.hub.changed_files(desk.subject.pull)
    except HubError as why:
        desk.note(f"no check is left out for the change: {why}")
        return None
    listed = [
        {"filename": f.path, "status": f.status, "previous_filename": f.previous, "patch": f.patch} for f in files.files
    ]
    return impact_of(json.dumps(listed).encode(), config)


def _judge(
    config: Config, order: Asked, environ: Mapping[str, str], desk: Desk, *, comment: CommentMode, check_run: bool,
    fail_on: str,
) -> int:  # fmt: skip
    """Run, and tell: the files that need no token first, then GitHub."""
    evidence = perform(config, order, environ)
    if evidence.run.interrupted:
        desk.close(CANCELLED)
        report(evidence, order, environ)
        return EXIT_INTERRUPTED
    told = desk.learn()
    if red := intents.red_before(told):
        evidence = knowing(evidence, red)
        keep(evidence, order)
    report(evidence, order, environ)
    return tell(
        evidence, told, desk, environ, order.outputs.evidence, comment=comment, check_run=check_run, fail_on=fail_on
    )


def tell(
    evidence: Evidence, told: intents.Told, desk: Desk, environ: Mapping[str, str], path: str, *, comment: CommentMode,
    check_run: bool, fail_on: str, own: bool = True,
) -> int:  # fmt: skip
    """Write summary and outputs, publish, and give the exit code."""
    from releasegate.report import markdown

    mode, url = evidence.run.mode, desk.job.run_url
    decided = intents.decide(
        evidence.verdict,
        desk.subject,
        desk.may,
        told,
        mode=mode,
        interrupted=evidence.run.interrupted,
        url=url,
        own=own,
    )
    notes = [*desk.notes, *(said for said in decided.said if said not in desk.notes)]
    summarise(environ, markdown.render(evidence, budget=markdown.SUMMARY_BUDGET), notes)
    output(environ, outputs_of(evidence, path))
    words = Words(
        gate=evidence.run.gate, state=evidence.verdict.state, mode=comment, comment=_body(evidence, desk),
        check_run=_check_run(evidence, decided, url) if check_run else None,
    )  # fmt: skip
    done = desk.finish(decided, told, words)
    summarise(environ, "", [note for note in desk.notes if note not in notes])
    output(environ, {"comment-url": done.comment_url or ""})
    if done.status is not None:
        click.echo(f"releasegate: {done.status.context} is {done.status.state.value} on {desk.subject.sha}", err=True)
    if desk.owed and not desk.excused:
        return EXIT_NOT_PUBLISHED
    code = evidence.verdict.exit_code
    return EXIT_MERGE if code in FAIL_ON[fail_on] else code


def _body(evidence: Evidence, desk: Desk) -> str:
    from releasegate.report import markdown

    run = evidence.run
    marker = Marker(
        gate=run.gate, sha=desk.subject.sha or "none", run=desk.job.run_id or "none",
        attempt=desk.job.attempt or "none", started=run.started,
    )  # fmt: skip
    return f"{line_of(marker)}\n{markdown.render(evidence)}"


def _check_run(evidence: Evidence, decided: intents.Decided, url: str | None) -> CheckRun:
    from releasegate.report import markdown

    return CheckRun(
        name=f"{evidence.run.gate} report",
        conclusion=intents.conclusion(decided, advisory=evidence.run.mode == ADVISORY),
        title=intents.described(intents.told_of(evidence.verdict, advisory=False))[:TITLE],
        summary=markdown.render(evidence),
        details_url=url,
    )
