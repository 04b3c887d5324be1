"""The states that a polled answer passed in, what is wrong with that path out. Pure."""

from releasegate.checks._http.spec import Answer, States
from releasegate.expect.text import flat
from releasegate.template import as_text

NOT_YET = 404
LONGEST_STATE = 200
Path = tuple[tuple[float, str | None], ...]


def state_of(states: States, answer: Answer) -> str | None:
    """Read the state: exactly one text or number at the declared place, else None."""
    found = answer.select(states.at)
    if len(found) != 1 or found[0] is None or isinstance(found[0], (dict, list)):
        return None
    state = as_text(found[0])
    return state if len(state) <= LONGEST_STATE else f"{state[:LONGEST_STATE]}…"


def follow(states: States, path: Path, at_s: float, answer: Answer) -> Path:
    """Add what an answer shows to the path, if it is news. A 404 before the first state is not news."""
    state = state_of(states, answer)
    if state is None and not path and answer.status == NOT_YET:
        return path
    if path and path[-1][1] == state:
        return path
    return (*path, (round(at_s, 6), state))


def ended(states: States, path: Path) -> bool:
    return bool(path) and path[-1][1] == states.order[-1]


def fault(states: States, path: Path, waited_s: float) -> tuple[str, str] | None:
    """Give what breaks the order so far, as (normalised, in full); None when all is well yet.

    A path that is well but does not end at the last state is the waiter's business, see `unfinished`.
    """
    rank = {state: index for index, state in enumerate(states.order)}
    before: str | None = None
    for index, (at_s, state) in enumerate(path):
        if state is None:
            return "no state", "an answer had no state"
        if state in states.never:
            return f"reached {state}", f"reached {state}"
        if state not in rank:
            return "unknown state", f"reached {cut(state)}, which is not in the order"
        if before is not None and rank[state] < rank[before]:
            return f"went back to {state}", f"went back from {before} to {state}"
        left_s = path[index + 1][0] if index + 1 < len(path) else waited_s
        is_last = state == states.order[-1]
        if states.stuck_s is not None and not is_last and left_s - at_s > states.stuck_s:
            return f"stuck in {state}", f"stuck in {state} for {left_s - at_s:.1f} s"
        before = state
    return None


def unfinished(path: Path, waited_s: float) -> tuple[str, str]:
    """Say where a path stopped that did not come to its end, as (normalised, in full)."""
    if not path:
        return "no state", "no state came"
    at_s, state = path[-1]
    return f"stuck in {state}", f"stuck in {state} for {waited_s - at_s:.1f} s"


def told(path: Path) -> str:
    """Write the path as it is shown, capped: `pending → running → completed`."""
    names = [cut(state) for _, state in path]
    if len(names) > 24:  # noqa: PLR2004 - more than anyone reads in one line
        names = [*names[:12], f"({len(names) - 24} more)", *names[-12:]]
    return " → ".join(names) or "nothing"


def cut(state: str | None) -> str:
    text = "no state" if state is None else flat(state)
    return text if len(text) <= 60 else f"{text[:59]}…"  # noqa: PLR2004
