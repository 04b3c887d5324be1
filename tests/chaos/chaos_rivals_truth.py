"""The end of a play of rivals in, what is wrong with it out: by GitHub's state alone, and by exit codes."""

import contextlib
import io

from chaos_rivals import CONTEXT, Bug, Killed, Play, Run, Struck

from releasegate.github.desk import FRESH_S
from releasegate.model import State

GREEN = {State.STABLE, State.DEGRADED}


def rivalry(seed):
    """Play a seed; give the play. Raises AssertionError with all that is wrong in the end."""
    with contextlib.redirect_stderr(io.StringIO()):
        play = Play(seed).play()
        found = faults_of(play)
    assert found == [], found
    return play


def faults_of(play):
    """Give what is wrong with the end, as sentences; it looks at GitHub's state alone, and at exit codes."""
    runs = {run.url: run for run in play.runs}
    head = play.world.head
    said = [each for each in play.world.repository.statuses if each.sha == head and each.context == CONTEXT]
    begun = {  # the last time that it said so: of an answer that was lost it does not know
        run.number: next((s for s in reversed(said) if s.target_url == run.url and s.state == "pending"), None)
        for run in play.runs
    }
    found = [*_of_successes(said, runs, begun), *(_of_newest(play, said[-1], runs, begun) if said else ())]
    return found + [sentence for run in play.runs for sentence in _of_run(run, said)] + [*_of_comments(play)]


def _of_successes(said, runs, begun):
    for status in (each for each in said if each.state == "success"):
        run = runs[status.target_url]
        if run.state not in GREEN:
            yield f"run {run.number} is {run.state} and said success"
        if begun[run.number] is None:
            yield f"run {run.number} said success and never that it began"
            continue
        red = any(s.state == "failure" and s.id < begun[run.number].id for s in said)
        if red and not status.description.startswith("DEGRADED"):
            yield f"run {run.number} hides that the commit was red before: {status.description}"


def _of_newest(play, newest, runs, begun):
    run = runs[newest.target_url]
    if newest.state == "success" and begun[run.number] is not None:
        later = [b for n, b in begun.items() if b is not None and n != run.number and b.id > begun[run.number].id]
        slow = play.lag_s > FRESH_S  # then it is looked at once more, by who lives, and taken back, if GitHub lets it
        refused = slow and (run.code == -9 or not run.last_write_arrived)
        if any(newest.at - pending.at > FRESH_S for pending in later) and not refused:
            yield f"the success of run {run.number} stands over a later run's"
    if newest.state == "pending" and (run.code != -9 or run.finalized) and run.last_write_arrived:
        yield f"run {run.number} ended with {run.code} and left its pending status"


def _of_run(run, said):
    own = [status.state for status in said if status.target_url == run.url]
    usual = {State.STABLE: 0, State.DEGRADED: 0, State.UNSTABLE: 10, State.INCONCLUSIVE: 11}[run.state]
    blown = {Struck: 130, Bug: 1, Killed: -9}.get(run.blow) if run.blow and run.asked >= run.blow_at else None
    allowed = {usual, 12} | ({blown} if blown else set())
    if run.code not in allowed:
        yield f"run {run.number} is {run.state} and ended with {run.code}"
    if run.code in {10, 11} and not {"failure", "error"} & set(own):
        yield f"run {run.number} ended with {run.code}, and GitHub was not told"
    if run.finalized and own[-2:] in (["failure", "error"], ["success", "error"]) and "taken back" not in str(run.told):
        yield f"run {run.number} was killed after its last word, which was changed"
    superseded = any("superseded" in text for text in run.told)
    if run.code == 0 and "success" not in own and not superseded:
        yield f"run {run.number} ended with 0, and no success was said"


def _of_comments(play):
    """One comment in the end, where each run could say its word; else the next one that can leaves one."""
    if not _comments(play) and all(run.code in {-9, 1, 12, 130} for run in play.runs):
        return
    if play.moved:  # the comment is left to a run of the new head
        return
    able = play.weather in {"clear", "passing"} and play.lag_s < 1 and not any(run.blow for run in play.runs)
    if len(_comments(play)) != 1 and able:
        yield f"there are {len(_comments(play))} comments"
    play.world.hub.script.steps.clear()
    last = Run(
        number=99, rerun=False, starts=play.now, state=State.STABLE, blow=None, blow_at=0, blow_after=False, second_net=False
    )  # fmt: skip
    after = Play.__new__(Play)
    after.__dict__ |= {**play.__dict__, "runs": [last], "bugs": []}
    after.play()
    if len(_comments(after)) != 1:
        yield f"the next run leaves {len(_comments(after))} comments"


def _comments(play):
    return [c for c in play.world.repository.comments.values() if c.author.login == "github-actions[bot]"]
