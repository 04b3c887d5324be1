"""A merge group in, its status out: as good as the worst of its pull requests. Nothing is sampled."""

from collections.abc import Mapping

from releasegate.cli.desk import Desk
from releasegate.cli.runner import summarise
from releasegate.config.model import Config
from releasegate.errors import EXIT_INCONCLUSIVE, EXIT_MERGE, EXIT_NOT_PUBLISHED
from releasegate.github import intents
from releasegate.github.nouns import HubError, Status, StatusState
from releasegate.github.queue import Brought, Inherited, inherited, members

READING_S = 60.0


def inherit(config: Config, desk: Desk, environ: Mapping[str, str]) -> int:
    """Judge the group by what its pull requests were told, and publish that."""
    desk.begin(config.gate, config.mode, partial=False, deadline_s=READING_S)
    found = _found(desk, desk.may.context) if desk.may.context else None
    if found is not None and desk.may.context and desk.pending:
        state = StatusState.SUCCESS if found.holds else StatusState.ERROR
        said = intents.described(found.said)
        desk.put(Status(context=desk.may.context, state=state, description=said, target_url=desk.job.run_url))
        desk.note(found.said)
    summarise(environ, "", desk.notes)
    if desk.owed or found is None:
        return EXIT_NOT_PUBLISHED
    return EXIT_MERGE if found.holds or config.mode == intents.ADVISORY else EXIT_INCONCLUSIVE


def _found(desk: Desk, context: str) -> Inherited:
    """Read what each commit of the group belongs to, and what that was told."""
    base, head = desk.subject.base_sha, desk.subject.sha
    if base is None or head is None or desk.pending is None:
        return Inherited(holds=False, said="not inherited: the event does not say what the group brings")
    try:
        desk.hub.give(READING_S)
        commits, whole = desk.hub.commits_between(base, head)
        brought = [
            Brought(sha=each.sha, parents=len(each.parents), pulls=tuple(desk.hub.pulls_of_commit(each.sha)))
            for each in commits
        ]
        told = {pull.number: _newest(desk, pull.head_sha, context) for pull in members(brought)}
    except HubError as why:
        return Inherited(holds=False, said=f"not inherited: {why}")
    return inherited(brought, told, whole=whole)


def _newest(desk: Desk, sha: str, context: str) -> Status | None:
    """Give the newest status of ours at a head: by our own creator alone."""
    me = desk.pending.creator if desk.pending else None
    return next((status for status in desk.hub.statuses(sha, context) if status.creator == me), None)
