"""A merge group in, its status out: as good as the worst of its pull requests. Nothing is sampled."""

from collections.abc import Mapping

from releasegate.cli.runner import summarise
from releasegate.config.model import Config
from releasegate.errors import EXIT_INCONCLUSIVE, EXIT_MERGE, EXIT_NOT_PUBLISHED
from releasegate.github import intents
from releasegate.github.desk import Desk
from releasegate.github.nouns import HubError, Status, StatusState
from releasegate.github.queue import Inherited, read_group

READING_S = 60.0


def inherit(config: Config, desk: Desk, environ: Mapping[str, str]) -> int:
    """Judge the group by what its pull requests were told, and publish that."""
    desk.begin(config.gate, config.mode, partial=False, deadline_s=READING_S)
    found = _found(desk)
    if found is not None and desk.may.context and desk.pending:
        state = StatusState.SUCCESS if found.holds else StatusState.ERROR
        said = intents.described(found.said)
        desk.put(Status(context=desk.may.context, state=state, description=said, target_url=desk.job.run_url))
        desk.note(found.said)
    summarise(environ, "", desk.notes)
    if desk.owed or found is None:
        return EXIT_NOT_PUBLISHED
    return EXIT_MERGE if found.holds or config.mode == intents.ADVISORY else EXIT_INCONCLUSIVE


def _found(desk: Desk) -> Inherited | None:
    """Ask what the group brings and what that was told; None where nothing may be said of it."""
    context, pending = desk.may.context, desk.pending
    if context is None:
        return None
    if pending is None:
        return Inherited(holds=False, said="not inherited: the run did not begin")
    try:
        desk.hub.give(READING_S)
        return read_group(desk.hub, desk.subject, context, me=pending.creator)
    except HubError as why:
        return Inherited(holds=False, said=f"not inherited: {why}")
