"""`releasegate waive`: somebody lets one red commit pass, says why, and is named."""

import click

from releasegate.cli.desk import desk_of
from releasegate.cli.files import config_option, environment, read_config, read_event
from releasegate.cli.telling import whole_commit
from releasegate.errors import EXIT_MERGE, NotPublishedError, UsageError
from releasegate.foreign import for_log
from releasegate.github import intents, waive
from releasegate.github.context import subject_of
from releasegate.github.job import NOBODY_SPEAKS, job_of
from releasegate.github.nouns import HubError
from releasegate.github.publish import DEADLINE_S
from releasegate.github.waive import Wish


@click.command("waive")
@config_option
@click.option("--pr", "number", type=click.IntRange(1), required=True, help="The pull request whose head may pass.")
@click.option("--reason", required=True, help="Why; it stands in a comment.")
@click.option("--sha", required=True, help="The head that you looked at, all 40 digits: another is refused.")
def command(config_path: str | None, number: int, reason: str, sha: str) -> int:
    """Let the red head of one pull request pass, in public.

    Only a workflow_dispatch on the default branch may, started by somebody who may at least maintain the repository and
    wrote no pull request with this head. The status becomes a success that reads WAIVED; a comment gives the reason.

    \b
    releasegate waive --pr 42 --sha 4f2c0d9be1a7735c8e6f9d01b2a3c4d5e6f70819 --reason "the vendor is down"
    """
    whole_commit(sha)
    environ = environment()
    job = job_of(environ)
    subject = subject_of(environ.get("GITHUB_EVENT_NAME", ""), read_event(environ), environ, pull=number)
    wish = Wish(
        reason=reason, actor=subject.actor, again=environ.get("GITHUB_TRIGGERING_ACTOR"), attempt=job.attempt,
        sha=sha,
    )  # fmt: skip
    waive.demand(waive.no_place(wish, subject))
    if not job.can_speak:
        raise UsageError(NOBODY_SPEAKS)
    context = intents.context_of(read_config(config_path, environ, lenient_env=True).gate, "enforce")
    desk = desk_of(job, subject)
    desk.enter()
    try:
        desk.hub.give(DEADLINE_S)
        pull = desk.hub.pull(number)
        newest = waive.allowed(desk.hub, wish, subject, pull, context)
        put = waive.told(desk.hub, wish, pull, newest, job.run_url)
    except HubError as why:
        raise NotPublishedError(f"nothing is waived: {why}") from None
    click.echo(for_log(f"releasegate: {context} is success on {pull.head_sha}: {put.description}"), err=True)
    if warning := waive.other_voice(newest, put):
        desk.note(warning)
    return EXIT_MERGE
