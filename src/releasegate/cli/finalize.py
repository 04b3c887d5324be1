"""`releasegate finalize`: what a killed run left pending, ended."""

import click

from releasegate.cli.desk import desk_of
from releasegate.cli.files import config_option, environment, read_config, read_event
from releasegate.cli.telling import not_judged, whole_commit
from releasegate.errors import EXIT_MERGE, NotPublishedError, UsageError
from releasegate.foreign import for_log
from releasegate.github import intents
from releasegate.github.context import subject_of
from releasegate.github.job import NOBODY_SPEAKS, job_of
from releasegate.github.nouns import HubError


@click.command("finalize")
@config_option
@click.option(
    "--sha", help="End whatever is pending on this commit, of any run.  [default: the event's, this run's own]"
)
def command(config_path: str | None, sha: str | None) -> int:
    """End on GitHub a pending status that a killed run left.

    It becomes an error: it blocks as before, and says why. A status that is no longer pending is left as it is, and
    without --sha so is one of another workflow run. Only with --sha is the config read: a run may have been told its
    gate's name by the base branch.

    \b
    releasegate finalize
    releasegate finalize --sha 4f2c0d9be1a7735c8e6f9d01b2a3c4d5e6f70819
    """
    environ = environment()
    job = job_of(environ)
    subject = subject_of(environ.get("GITHUB_EVENT_NAME", ""), read_event(environ), environ, sha=whole_commit(sha))
    if subject.not_judged:
        return not_judged(subject, environ)
    if not job.can_speak:
        raise UsageError(NOBODY_SPEAKS)
    context = None
    if sha is not None:
        config = read_config(config_path, environ, lenient_env=True)
        context = intents.context_of(config.gate, config.mode)
    desk = desk_of(job, subject)
    desk.enter()
    try:
        ended = desk.end(context)
    except HubError as why:
        raise NotPublishedError(str(why)) from None
    where = f"in {context}" if context else "of this run"
    said = [f"{each.context} is error on {desk.subject.sha}: {intents.CANCELLED}" for each in ended]
    for line in said or [f"nothing {where} is pending on {desk.subject.sha}"]:
        click.echo(for_log(f"releasegate: {line}"), err=True)
    return EXIT_MERGE
