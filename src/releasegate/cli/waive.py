"""`releasegate waive`: somebody lets one red commit pass, says why, and is named."""

from contextlib import suppress

import click

from releasegate.cli.desk import Desk
from releasegate.cli.files import config_option, environment, read_config, read_event
from releasegate.cli.gate import whole_commit
from releasegate.errors import EXIT_MERGE, NotPublishedError, UsageError
from releasegate.foreign import for_log
from releasegate.github import intents, waive
from releasegate.github.context import subject_of
from releasegate.github.job import NOBODY_SPEAKS, job_of
from releasegate.github.nouns import Hub, HubError, Pull, Status, Subject
from releasegate.github.publish import DEADLINE_S
from releasegate.github.waive import Wish

REFUSED = range(400, 500)


@click.command("waive")
@config_option
@click.option("--pr", "number", type=click.IntRange(1), required=True, help="The pull request whose head may pass.")
@click.option("--reason", required=True, help="Why; it stands in a comment.")
@click.option("--sha", help="The head that you looked at: another is refused.")
def command(config_path: str | None, number: int, reason: str, sha: str | None) -> int:
    """Let the red head of one pull request pass, in public.

    Only a workflow_dispatch on the default branch may, started by somebody who may at least maintain the repository and
    wrote no pull request with this head. The status becomes a success that reads WAIVED; a comment gives the reason.

    \b
    releasegate waive --pr 42 --reason "the vendor is down, agreed with on-call"
    """
    environ = environment()
    job = job_of(environ)
    subject = subject_of(environ.get("GITHUB_EVENT_NAME", ""), read_event(environ), environ, pull=number)
    wish = Wish(
        reason=reason, actor=subject.actor, again=environ.get("GITHUB_TRIGGERING_ACTOR"), attempt=job.attempt,
        sha=whole_commit(sha),
    )  # fmt: skip
    _demand(waive.no_place(wish, subject))
    if not job.can_speak:
        raise UsageError(NOBODY_SPEAKS)
    context = intents.context_of(read_config(config_path, environ, lenient_env=True).gate, "enforce")
    desk = Desk(job, subject)
    desk.enter()
    try:
        desk.hub.give(DEADLINE_S)
        pull = desk.hub.pull(number)
        newest = _allowed(desk.hub, wish, subject, pull, context)
        put = _told(desk.hub, wish, pull, newest, job.run_url)
    except HubError as why:
        raise NotPublishedError(f"nothing is waived: {why}") from None
    click.echo(for_log(f"releasegate: {context} is success on {pull.head_sha}: {put.description}"), err=True)
    if warning := waive.other_voice(newest, put):
        desk.note(warning)
    return EXIT_MERGE


def _allowed(hub: Hub, wish: Wish, subject: Subject, pull: Pull, context: str) -> Status:
    """Give the red status that is waived. Raises UsageError for each reason why not, HubError."""
    _demand(waive.no_pull(wish, pull, subject.default_branch or ""))
    sharing = [each for each in hub.pulls_of_commit(pull.head_sha) if each.open and each.head_sha == pull.head_sha]
    _demand(waive.no_actor(wish, pull, sharing, maintains=hub.maintains(wish.actor or "")))
    newest = next(iter(hub.statuses(pull.head_sha, context)), None)
    _demand(waive.no_red(newest, context))
    if newest is None:
        raise UsageError("nothing is waived")
    return newest


def _told(hub: Hub, wish: Wish, pull: Pull, newest: Status, url: str | None) -> Status:
    """Write the reason, then the status: nothing passes in silence. Raises UsageError when the head moved meanwhile.

    The reason is taken back where certainly no status was set; an answer that was lost may have set one.
    """
    comment = hub.create_comment(pull.number, waive.comment_of(wish, pull, newest, url))
    try:
        _demand(waive.no_pull(Wish(reason=wish.reason, actor=wish.actor, sha=pull.head_sha), hub.pull(pull.number),
                              pull.base_branch))  # fmt: skip
        return hub.set_status(pull.head_sha, waive.status_of(wish, newest, url))
    except (HubError, UsageError) as why:
        if isinstance(why, UsageError) or why.status in REFUSED:
            with suppress(HubError):
                hub.delete_comment(comment.id)
        raise


def _demand(refusal: str | None) -> None:
    if refusal:
        raise UsageError(f"nothing is waived: {refusal}")
