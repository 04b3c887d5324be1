"""`releasegate doctor`: whether a red gate would really block, and who could turn it green."""

from collections.abc import Sequence
from pathlib import Path

import click

from releasegate.cli.desk import desk_of
from releasegate.cli.files import config_option, environment, find_config, json_option, read_config, read_text
from releasegate.cli.show import in_json, show
from releasegate.errors import EXIT_MERGE, EXIT_USAGE, NotPublishedError, UsageError
from releasegate.foreign import for_log
from releasegate.github import intents
from releasegate.github.doctor import Finding, Level, Seen, findings, look
from releasegate.github.job import GITHUB_WEB, NO_REPOSITORY, NOBODY_SPEAKS, job_of
from releasegate.github.nouns import HubError, Subject
from releasegate.github.workflows import Workflows, workflows_of

ASKING_S = 120.0


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
        raise UsageError(NO_REPOSITORY)
    if not job.can_speak:
        raise UsageError(NOBODY_SPEAKS)
    gate = read_config(config_path, environ, lenient_env=True).gate
    desk = desk_of(job, Subject(event="", repository=job.repository, sha=None))
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
    found = findings(look(desk.hub, begun, gate, number, ready=ready))
    bad = any(finding.level is Level.PROBLEM for finding in found)
    code = EXIT_USAGE if bad else EXIT_MERGE
    _show(found, code, as_json=as_json)
    return code


def _workflows() -> Workflows:
    places = [path for path in Path(".github/workflows").glob("*.y*ml") if path.is_file()]
    return workflows_of({path.as_posix(): read_text(path) for path in places})


def _show(found: Sequence[Finding], code: int, *, as_json: bool) -> None:
    if as_json:
        told = [{"about": f.about, "level": f.level.value, "said": f.said, "remedy": f.remedy} for f in found]
        show(in_json({"findings": told, "exit_code": code}))
        return
    for finding in found:
        click.echo(for_log(f"{finding.level.value:8} {finding.about:11} {finding.said}"))
        for line in (finding.remedy or "").splitlines():
            click.echo(f"{'':20} {for_log(line)}")
