"""Evidence in, where a pull request's config comes from and what it changes of the checks out, in a line."""

import msgspec

from releasegate.model import Evidence, Origin
from releasegate.report.words import listing

SHORT = 12
MOST = 8


def origin_line(evidence: Evidence) -> str | None:
    """Give the line; None where the config was taken as it stands."""
    try:
        origin = msgspec.convert(evidence.plan.get("origin"), Origin | None)
    except msgspec.ValidationError:
        return "where the config comes from cannot be read from the evidence"
    if origin is None:
        return None
    if origin.base is None:
        return "the config is the pull request's own: the base branch has none"
    parts = (
        (f"changed by this {origin.change}", origin.changed),
        ("deleted by it", origin.deleted),
        ("new in it", origin.added),
        ("judged as the base branch has it", origin.terms),
    )
    told = [f"{said}: {listing(names, MOST)}" for said, names in parts if names]
    return "; ".join([f"the config is the base branch's, {origin.base[:SHORT]}", *told])
