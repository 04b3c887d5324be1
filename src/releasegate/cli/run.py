"""`releasegate run`: the gate itself."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from releasegate.cli.changes import changed_files_option, read_changes
from releasegate.cli.execute import DEFAULT_EVIDENCE, Asked, execute
from releasegate.cli.files import (
    CONFIG_PLACES,
    base_config_option,
    config_option,
    environment,
    json_option,
    read_config,
    read_event,
)
from releasegate.cli.outputs import Outputs
from releasegate.config.shape import DURATION, DURATION_UNITS, Duration
from releasegate.config.targets import DEPLOYMENT_URL
from releasegate.errors import UsageError
from releasegate.github.context import subject_of
from releasegate.github.job import job_of

COMMIT = re.compile(r"(?=.*[0-9])[^\s~^:?*\[\\]{3,200}")


def duration(text: str) -> float:
    """Read a duration such as 90s or 15m, in seconds. Raises BadParameter."""
    match = DURATION.fullmatch(text)
    if not match or not float(match[1]):
        raise click.BadParameter(f'"{text}" is not {Duration.says}')
    return float(match[1]) * DURATION_UNITS[match[2]]


def commit(text: str) -> str:
    """Give the commit to judge. Raises UsageError for what no target can say it runs: a branch, HEAD, nothing."""
    name = text.strip()
    if not COMMIT.fullmatch(name):
        hint = 'a branch moves; name the commit: --sha "$(git rev-parse HEAD)"'
        raise UsageError(f'--sha "{text}" is no commit: expected 7 hex digits or more, or a tag with a digit; {hint}')
    return name


JUDGING = (
    config_option,
    click.option("--suite", "suites", multiple=True, metavar="NAME", help="Only this suite. May be repeated."),
    click.option(
        "--check", "checks", multiple=True, metavar="ID", help="Only this check (suite.check). May be repeated."
    ),
    changed_files_option,
    click.option(
        "--deadline",
        "deadline_s",
        type=duration,
        help="Give the verdict after so long, such as 10m; waiting for the commit to arrive is not counted.",
    ),
    click.option(
        "--evidence", default=DEFAULT_EVIDENCE, show_default=True, metavar="FILE", help="Where the evidence goes."
    ),
    click.option("--junit", metavar="FILE", help="Also write JUnit XML."),
    click.option("--markdown", metavar="FILE", help="Also write the report as Markdown."),
    click.option("-q", "--quiet", is_flag=True, help="No progress, only the report."),
    json_option,
)
Command = TypeVar("Command", bound=Callable[..., Any])


def judging_options(command: Command) -> Command:
    """Give a command the options of whatever runs the gate."""
    for option in reversed(JUDGING):
        command = option(command)
    return command


@click.command("run")
@click.option(
    "--sha", envvar="RELEASEGATE_SHA", help="The commit to judge.  [default: RELEASEGATE_SHA, then the event's commit]"
)
@base_config_option
@judging_options
def command(
    config_path: str | None,
    sha: str | None,
    base_config: str | None,
    changed_files: str | None,
    *,
    evidence: str,
    junit: str | None,
    markdown: str | None,
    **asked: Any,
) -> int:
    """Run the gate against staging and give the verdict.

    Every check is sampled until its samples decide. A partial run (--suite, --check) is reported as partial. With
    --changed-files a change that is harmless, as the config says, runs the critical checks and what they need.

    \b
    releasegate run
    releasegate run --sha "$(git rev-parse HEAD)" --deadline 10m
    releasegate run --suite pipeline --json
    git diff --raw -z --no-renames origin/main...HEAD > changes.txt
    releasegate run --changed-files changes.txt
    """
    environ = environment()
    outputs = Outputs(evidence=evidence, junit=junit, markdown=markdown)
    outputs.prepare(*([config_path] if config_path else CONFIG_PLACES), changed_files=changed_files)
    event = environ.get("GITHUB_EVENT_NAME")
    subject = subject_of(event or "", read_event(environ), environ)
    if subject.deployment_url:
        environ = {**environ, DEPLOYMENT_URL: subject.deployment_url}
    config = read_config(config_path, environ, base=base_config)
    impact = read_changes(changed_files, config)
    sha = commit(sha) if sha is not None else subject.sha
    job = job_of(environ)
    order = Asked(
        outputs=outputs, sha=sha, event=event, changes=impact, run_id=job.run_id, run_attempt=job.attempt, **asked
    )
    return execute(config, order, environ)
