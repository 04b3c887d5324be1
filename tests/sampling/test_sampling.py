"""The tables conclude what VERDICT.md says, and their characteristic is the published one."""

import pytest

from releasegate.model import Label
from releasegate.sampling import PROFILES, conclude, pause_s
from releasegate.stats.characteristic import characteristic

PUBLISHED = [
    ("standard", 0.015, 0.9999517, 7.68),
    ("standard", 0.05, 0.9924627, 9.62),
    ("standard", 0.20, 0.4707458, 15.43),
    ("standard", 0.50, 0.0089962, 7.78),
    ("standard", 1.0, 0.0, 3),
    ("lean", 0.015, 0.9988707, 5.48),
    ("lean", 0.05, 0.9697943, 6.66),
    ("lean", 0.20, 0.4913492, 8.73),
    ("lean", 0.50, 0.0339966, 5.80),
    ("lean", 1.0, 0.0, 3),
    ("single", 0.015, 0.9993351, 1.04),
    ("single", 0.05, 0.9928687, 1.14),
    ("single", 0.20, 0.9024, 1.49),
    ("single", 0.50, 0.5625, 1.88),
    ("single", 1.0, 0.0, 2),
    ("once", 0.5, 0.5, 1),
]


@pytest.mark.parametrize(("profile", "rate", "passed", "mean"), PUBLISHED)
def test_the_characteristic_is_the_published_one(profile, rate, passed, mean):
    got = characteristic(PROFILES[profile], rate)
    assert got.passed == pytest.approx(passed, abs=5e-8)
    assert got.mean_samples == pytest.approx(mean, abs=0.005)
    assert got.passed + got.failed + got.unproven == pytest.approx(1)


def test_a_half_broken_check_at_standard_fails_or_stays_unproven_as_published():
    got = characteristic(PROFILES["standard"], 0.5)
    assert got.failed == pytest.approx(0.9176, abs=5e-5)
    assert got.unproven == pytest.approx(0.0734, abs=5e-5)


def test_correlated_samples_weaken_the_claim_as_the_report_says():
    assert characteristic(PROFILES["standard"], 0.5, 0.5).passed == pytest.approx(0.12, abs=0.005)


@pytest.mark.parametrize(
    ("profile", "marks", "label"),
    [
        ("standard", "✓✓✓✓✓✓", None),
        ("standard", "✓✓✓✓✓✓✓", Label.PASSED),
        ("standard", "✗✓✓✓✓✓✓✓✓✓✓✓", None),
        ("standard", "✗✓✓✓✓✓✓✓✓✓✓✓✓", Label.FLAKY),
        ("standard", "✗✗✗", Label.FAILED),
        ("standard", "✗✗✓✓✗", None),
        ("standard", "✗✓✗✓✗✓✗", Label.FAILED),
        ("standard", "✗✗✓✓✗✓✓✓✓✗✓✓✓✓✓✗", Label.UNPROVEN),
        ("lean", "✓✓✓✓✓", Label.PASSED),
        ("lean", "✓✓✓✓✗✗✗", Label.UNPROVEN),
        ("lean", "✓✓✓✗✗✗", Label.FAILED),
        ("single", "✓", Label.PASSED),
        ("single", "✗✓✓✓", Label.FLAKY),
        ("single", "✗✓✓✗", Label.FAILED),
        ("once", "✗", Label.FAILED),
    ],
)
def test_samples_come_to_the_label_of_the_table(profile, marks, label):
    assert conclude(profile, [mark == "✓" for mark in marks]) is label


def test_samples_after_the_deciding_one_are_a_contradiction():
    with pytest.raises(ValueError, match="after the one that decided"):
        conclude("once", [True, True])


@pytest.mark.parametrize("profile", PROFILES)
def test_never_green_14_no_tolerance_is_as_large_as_the_sample_size(profile):
    assert characteristic(PROFILES[profile], 1.0).passed == 0


def test_pauses_grow_with_failures_and_a_window_spreads_the_samples():
    assert [pause_s("standard", k) for k in range(4)] == [0, 0.25, 0.5, 1]
    assert pause_s("standard", 0, 12) == 2
