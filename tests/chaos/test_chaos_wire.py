"""Runs over real sockets against a staging that misbehaves byte by byte: a few here, hundreds by hand."""

from chaos_wire import MOST_GROWTH, play_live, resident_bytes

SEEDS = range(24)


def test_whatever_goes_over_the_wire_a_run_ends_in_time_with_evidence_that_is_true():
    """Everything is demanded of each run in `play_live`, also that no task, thread or descriptor is left."""
    before = resident_bytes()
    got = play_live(SEEDS)
    assert len(got) == len(SEEDS)
    assert len({evidence.verdict.state for evidence in got}) > 1
    samples = [sample for evidence in got for check in evidence.checks for sample in check.samples]
    assert {"met", "unmet", "trouble"} == {sample.outcome.value for sample in samples}
    reasons = {sample.trouble.reason for sample in samples if sample.trouble}
    assert {"closed", "protocol", "timeout", "too large"} <= reasons
    assert resident_bytes() - before < MOST_GROWTH
