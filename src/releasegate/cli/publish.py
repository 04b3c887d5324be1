"""`releasegate publish`: the evidence of another job, told on GitHub."""

from collections.abc import Mapping
from pathlib import Path

import click
from msgspec import convert

from releasegate.cli.desk import attended, desk_of
from releasegate.cli.files import CONFIG_PLACES, config_option, environment, read_config, read_event
from releasegate.cli.telling import Wanted, not_judged, tell, telling_options, whole_commit
from releasegate.config.load import ConfigError
from releasegate.errors import UsageError
from releasegate.evidence.file import read
from releasegate.evidence.rejudge import knowing, rejudge
from releasegate.github import intents
from releasegate.github.context import subject_of
from releasegate.github.desk import Desk
from releasegate.github.intents import CommentMode, FailOn
from releasegate.github.job import NOBODY_SPEAKS, job_of
from releasegate.github.nouns import HubError
from releasegate.github.trust import confirmed
from releasegate.model import Evidence, Origin


@click.command("publish")
@click.argument("file", metavar="FILE")
@config_option
@click.option("--pr", "pull", type=click.IntRange(1), help="The evidence is about the head of this pull request.")
@click.option("--sha", help="The evidence is about this commit, all 40 digits.  [default: the event's]")
@telling_options
def command(
    file: str, config_path: str | None, *, pull: int | None, sha: str | None, comment: str, check_run: bool,
    fail_on: str,
) -> int:  # fmt: skip
    """Publish on GitHub what an evidence file says.

    For a run in a job that holds staging's secrets and no token. The verdict is derived anew; evidence of another
    commit, gate or attempt is refused. A success is only said of evidence of this very workflow run: what comes from
    elsewhere, code of a pull request could have written.

    \b
    releasegate publish .releasegate/evidence.json
    """
    environ = environment()
    job = job_of(environ)
    event = environ.get("GITHUB_EVENT_NAME", "")
    subject = subject_of(event, read_event(environ), environ, pull=pull, sha=whole_commit(sha))
    if subject.not_judged:
        return not_judged(subject, environ)
    if not job.can_speak:
        raise UsageError(NOBODY_SPEAKS)
    evidence = read(Path(file))
    rejudge(evidence)
    config = read_config(config_path, environ, lenient_env=True)
    desk = desk_of(job, subject)
    with attended(desk):
        desk.enter()
        if desk.subject.not_judged:
            return not_judged(desk.subject, environ)
        intents.demand_of(evidence.run, desk.subject, job, gate=config.gate, mode=config.mode)
        own = intents.own_evidence(evidence.run, desk.subject, job)
        known = _confirmed(evidence, desk, config_path, environ, own=own)
        own, evidence = known is not None, known or evidence
        partial = evidence.plan.get("partial") is not False
        desk.begin(config.gate, config.mode, partial=partial, deadline_s=0, quietly=not own)
        told = desk.learn()
        if red := max(intents.red_before(told), evidence.run.red_before):
            evidence = knowing(evidence, red)
        wanted = Wanted(comment=CommentMode(comment), check_run=check_run, fail_on=FailOn(fail_on))
        return tell(evidence, told, desk, environ, file, wanted=wanted, own=own)


def _confirmed(
    evidence: Evidence, desk: Desk, path: str | None, environ: Mapping[str, str], *, own: bool
) -> Evidence | None:
    """Judge evidence again by what GitHub alone knows; None, and said, where no success can be."""
    if desk.silent:
        return evidence if own else None
    try:
        change = desk.change()
        if change is None or not own:
            return evidence if own else None
        recorded, paths = convert(evidence.plan.get("origin"), Origin | None), (path,) if path else CONFIG_PLACES
        origin = confirmed(desk.hub, desk.subject, change, recorded, paths=paths, environ=environ)
    except (ConfigError, HubError) as why:
        desk.note(f"no success is written, for what the base branch demands is not known: {why}")
        return None
    if origin is None:
        base = change.branch
        desk.note(f"no success is written: this was not judged by the config of {base}: run with --base-config")
        return None
    return knowing(evidence, evidence.run.red_before, origin)
