"""What `gate` and `publish` have in common: their options, and the telling of a verdict to runner and GitHub."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click
from msgspec import Struct

from releasegate.cli.runner import output, outputs_of, summarise
from releasegate.errors import EXIT_MERGE, EXIT_NOT_PUBLISHED, UsageError
from releasegate.foreign import for_log, for_markdown
from releasegate.github import intents
from releasegate.github.desk import Desk
from releasegate.github.intents import ADVISORY, CommentMode, FailOn
from releasegate.github.marker import Marker, line_of, word_of
from releasegate.github.nouns import CheckRun, Subject
from releasegate.github.publish import Words
from releasegate.model import Evidence

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
TITLE = 255


class Wanted(Struct, frozen=True, kw_only=True):
    """How a verdict is to be told."""

    comment: CommentMode
    check_run: bool
    fail_on: FailOn


TELLING = (
    click.option(
        "--comment",
        type=click.Choice([mode.value for mode in CommentMode]),
        default=CommentMode.ON_CHANGE.value,
        show_default=True,
        help="When a pull request gets its comment.",
    ),
    click.option("--check-run", is_flag=True, help="Also write a check run."),
    click.option(
        "--fail-on",
        type=click.Choice([each.value for each in FailOn]),
        default=FailOn.BLOCKED.value,
        show_default=True,
        help="What the exit code calls a failure. The status says the verdict all the same.",
    ),
)
Command = TypeVar("Command", bound=Callable[..., Any])


def telling_options(command: Command) -> Command:
    """Give a command the options of whatever tells a verdict on GitHub."""
    for option in reversed(TELLING):
        command = option(command)
    return command


def whole_commit(sha: str | None) -> str | None:
    """Take no less than a whole commit id: GitHub gives a status to nothing else. Raises UsageError."""
    if sha is not None and not COMMIT.fullmatch(sha):
        raise UsageError(f'--sha "{sha}" is no whole commit id of 40 digits; write --sha "$(git rev-parse HEAD)"')
    return sha


def not_judged(subject: Subject, environ: Mapping[str, str]) -> int:
    """Say why there is nothing to judge. Raises UsageError where that is a mistake."""
    if not subject.idle:
        raise UsageError(f"{subject.not_judged}")
    why = subject.not_judged or ""
    click.echo(f"releasegate: nothing is judged: {for_log(why)}", err=True)
    summarise(environ, f"releasegate: nothing is judged: {for_markdown(why)}")
    return EXIT_MERGE


def tell(
    evidence: Evidence,
    told: intents.Told,
    desk: Desk,
    environ: Mapping[str, str],
    path: str,
    *,
    wanted: Wanted,
    own: bool = True,
) -> int:
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
        gate=evidence.run.gate, state=evidence.verdict.state, mode=wanted.comment, comment=_body(evidence, desk),
        check_run=_check_run(evidence, decided, url) if wanted.check_run else None,
    )  # fmt: skip
    done = desk.finish(decided, told, words)
    summarise(environ, "", [note for note in desk.notes if note not in notes])
    output(environ, {"comment-url": done.comment_url or ""})
    if done.status is not None:
        click.echo(f"releasegate: {done.status.context} is {done.status.state.value} on {desk.subject.sha}", err=True)
    if desk.owed and not desk.excused:
        click.echo(f"releasegate: exit {EXIT_NOT_PUBLISHED}: what was decided does not stand on GitHub", err=True)
        return EXIT_NOT_PUBLISHED
    return intents.exit_code(evidence.verdict, wanted.fail_on)


def _body(evidence: Evidence, desk: Desk) -> str:
    from releasegate.report import markdown

    run = evidence.run
    marker = Marker(
        gate=run.gate, sha=word_of(desk.subject.sha), run=word_of(desk.job.run_id),
        attempt=word_of(desk.job.attempt), started=word_of(run.started),
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
