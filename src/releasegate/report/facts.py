"""Evidence in, what every report says about its checks out; plain text, not yet made safe.

Each renderer puts these texts through `releasegate.foreign` in its own way; the facts are the same in all.
"""

from collections.abc import Iterable

from releasegate.foreign import for_terminal
from releasegate.model import (
    BROKEN,
    EXCUSED,
    PASSED,
    CheckResult,
    Contact,
    Evidence,
    Label,
    Level,
    Moment,
    Outcome,
    Sample,
)
from releasegate.report.words import at, listing, plural, seconds
from releasegate.verdict.label import SENT_AGAIN
from releasegate.verdict.metrics import samples_of

MOST_STEPS = 12
LONGEST_MOMENT = 48
MOST_NAMED = 6
LEFT = "finally: "
"""What begins a note about something that a sample left behind."""
GOODBYE = "close"
OF_THE_WIRE = frozenset(
    {"login", "authenticate", "name", "proxy", "connect", "TLS", "upgrade", "request", "first byte", "transfer"}
)


def rank(check: CheckResult) -> tuple[int, bool, float]:
    """Order by what blocks: the effect on the verdict, then critical, then weight."""
    if check.label in PASSED:
        effect = 5
    elif check.advisory:
        effect = 2
    elif check.label in BROKEN:
        effect = 0
    elif check.label in EXCUSED:
        effect = 3
    else:
        effect = 4 if check.label is Label.SKIPPED else 1
    return effect, not check.critical, -check.weight


def failing(evidence: Evidence) -> list[CheckResult]:
    """Give every check that did not pass and is neither excused nor skipped, what blocks first."""
    bad = (c for c in evidence.checks if c.label not in PASSED | EXCUSED and c.label is not Label.SKIPPED)
    return sorted(bad, key=rank)


def labelled(evidence: Evidence, labels: Iterable[Label]) -> list[CheckResult]:
    wanted = frozenset(labels)
    return [check for check in evidence.checks if check.label in wanted]


def warned(evidence: Evidence) -> list[CheckResult]:
    """Give the checks that passed although a `warn` bound was broken."""
    return [c for c in evidence.checks if c.label in PASSED and any(s.warned for s in c.samples)]


def said(text: str, evidence: Evidence) -> bool:
    """Tell whether a reason of the verdict says a text already."""
    return any(text in reason for reason in evidence.verdict.reasons)


def first_failure(check: CheckResult) -> Sample | None:
    return next((sample for sample in check.samples if sample.outcome is not Outcome.MET), None)


def what(check: CheckResult) -> str:
    """Say what went wrong in the first failing sample: the unmet demand, or why it could not look."""
    sample = first_failure(check)
    if sample is None:
        return check.not_sampled or check.reason or "it did not pass"
    return said_of(sample)


def said_of(sample: Sample) -> str:
    """Say what went wrong in a failing sample."""
    trouble = sample.trouble
    if trouble:
        where = f"{trouble.step}: " if trouble.step else ""
        return f"{where}{trouble.reason} in {trouble.phase}: {trouble.message}".removesuffix(": ")
    return next(iter(unmet(sample)), sample.signature or "no expectation was met")


def unmet(sample: Sample, level: Level = Level.FAIL) -> list[str]:
    found = (e for e in sample.expectations if not e.met and e.level is level)
    return [f"{e.step}: {e.text}" if e.step else e.text for e in found]


def warning(check: CheckResult) -> str:
    """Say the first warning bound that a sample broke; nothing if none did."""
    return next((text for sample in check.samples for text in unmet(sample, Level.WARN)), "")


def tally(check: CheckResult) -> str:
    """Say how many samples failed, and whether they failed alike."""
    failed = [s for s in check.samples if s.outcome is not Outcome.MET]
    text = f"{len(failed)} of {plural(len(check.samples), 'sample')} failed"
    reasons = dict.fromkeys(s.signature or "no signature" for s in failed)
    if len(reasons) > 1:
        return f"{text}, in {len(reasons)} ways: {listing(reasons, 3)}"
    return f"{text}, all alike" if len(failed) > 1 else text


def shaky(check: CheckResult) -> str:
    """Say why a check that passed is flaky: samples failed, or passed only because a request was sent twice."""
    if first_failure(check) is None:
        return check.reason or "it passed, though not at once"
    again = sum(sample.met and sample.retries > 0 for sample in check.samples)
    told = f"{tally(check)}: {what(check)}"
    return f"{told}; {again} passed only when sent again" if again else told


def leaks(evidence: Evidence) -> list[tuple[CheckResult, str]]:
    """Say of each check that left something behind on staging how much, how often, and why."""
    found = ((check, _left_behind(check)) for check in evidence.checks)
    return [(check, text) for check, text in found if text]


def _left_behind(check: CheckResult) -> str:
    taken = samples_of(check)
    leaking = [sample for sample in taken if sample.leaked]
    if not leaking:
        return ""
    things = plural(sum(sample.leaked for sample in leaking), "thing")
    why = dict.fromkeys(n.removeprefix(LEFT) for s in leaking for n in s.notes if n.startswith(LEFT))
    told = f"left {things} behind in {len(leaking)} of {plural(len(taken), 'sample')}"
    return f"{told}: {listing(why, 2)}" if why else told


def remarks(evidence: Evidence) -> list[tuple[str, str]]:
    """Give what green samples noted, with the checks that did; what is told as a leak or a retry is not told twice."""
    told: dict[str, dict[str, None]] = {}
    for check in evidence.checks:
        if check.label in PASSED:
            for note in dict.fromkeys(note for sample in check.samples if sample.met for note in sample.notes):
                if SENT_AGAIN not in note and not note.startswith(LEFT):
                    told.setdefault(note, {})[check.id] = None
    return [(listing(ids, MOST_NAMED), note) for note, ids in told.items()]


def timeline(sample: Sample) -> str:
    """Tell a sample from its start to its failure: `0.00 s connect · 0.12 s agent_started · timeout waiting …`."""
    told_otherwise = {moment.name for moment in sample.timeline} | _awaited(sample) | {GOODBYE}
    told_otherwise -= OF_THE_WIRE  # what staging calls its events hides nothing
    steps: list[tuple[float, str]] = []
    began = 0.0
    for phase in sample.phases:
        name = f"{phase.step} {phase.name}" if phase.step else phase.name
        if phase.name not in told_otherwise:
            steps.append((began, name))
        began += phase.duration_s
    steps += [(moment.at_s, _moment(moment)) for moment in sample.timeline]
    steps.sort(key=lambda step: step[0])
    told = [f"{at(moment)} {name}" for moment, name in steps]
    if len(told) > MOST_STEPS:
        left_out = len(told) - MOST_STEPS
        told[MOST_STEPS // 2 : -MOST_STEPS // 2] = [f"… {left_out:,} more …"]
    trouble = sample.trouble
    end = f"{trouble.reason} in {trouble.phase}" if trouble else next(iter(unmet(sample)), None)
    return " · ".join([*told, f"{at(sample.duration_s)} {end}"] if end else told)


def _awaited(sample: Sample) -> set[str]:
    """Name what was waited for in vain: the end of the timeline says it."""
    missing = {e.subject.removeprefix("event ") for e in sample.expectations if not e.met}
    return missing | ({sample.trouble.phase} if sample.trouble else set())


def _moment(moment: Moment) -> str:
    """Name a moment; its text may be a whole message, so that only its beginning is told."""
    text = "" if moment.text == moment.name else moment.text
    return f"{_brief(moment.name)} {_brief(text)}".rstrip()


def _brief(text: str) -> str:
    """Give the beginning of what staging said, on one line: a timeline is one in every report."""
    text = for_terminal(text[: LONGEST_MOMENT + 1])
    return text if len(text) <= LONGEST_MOMENT else f"{text[:LONGEST_MOMENT]}…"


def answered(sample: Sample) -> str:
    """Say who answered, from where; nobody, if no byte came back."""
    seen: dict[str, None] = {}
    for contact in sample.contact:
        told = who(contact)
        seen[told if contact.bytes_received else f"{told}, not a byte"] = None
    return "; ".join(seen) or "nobody"


def took(check: CheckResult) -> str:
    """Say how long samples took: the middle one and the slowest."""
    durations = sorted(sample.duration_s for sample in check.samples)
    if not durations:
        return "not sampled"
    middle, slowest = durations[(len(durations) - 1) // 2], durations[-1]
    told = seconds(slowest)
    return told if seconds(middle) == told else f"{seconds(middle)}, at most {told}"


def who(contact: Contact) -> str:
    """Name an answerer: target, host and port, address, TLS."""
    via = [part for part in (contact.address, contact.tls) if part and part != contact.host]
    return f"{contact.target} {contact.host}:{contact.port}" + (f" ({', '.join(via)})" if via else "")


def traits(check: CheckResult) -> str:
    """Say what makes a check weigh: `critical · weight 30 · @acme/agents`."""
    parts = ["critical"] if check.critical else []
    parts += ["advisory"] if check.advisory else []
    parts += [f"weight {check.weight:.3g}"] if check.weight else []
    parts += [f"owner {check.owner}"] if check.owner else []
    return " · ".join(parts)
