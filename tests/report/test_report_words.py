"""The words that all reports share: durations, shares, observed values, marks."""

import pytest
from report_stories import check, rule

from releasegate.report.words import listing, marks, observed, percent, plural, seconds, short


@pytest.mark.parametrize(
    ("duration_s", "told"),
    [(0.0, "0 s"), (0.0004, "<1 ms"), (0.012, "12 ms"), (0.9994, "999 ms"), (0.9996, "1.00 s"), (2.834, "2.83 s"), (26.39, "26.4 s"), (119.96, "120.0 s"), (120, "2 min"), (303, "5 min 3 s"), (float("nan"), "nan")],
)  # fmt: skip
def test_durations_are_said_as_a_person_would(duration_s: float, told: str):
    assert seconds(duration_s) == told


@pytest.mark.parametrize(("share", "told"), [(1.0, "100 %"), (0.0, "0 %"), (0.95, "95 %"), (0.8333, "83.3 %"), (0.99996, "99.996 %"), (0.0004, "0.04 %")])  # fmt: skip
def test_a_share_is_never_rounded_to_all_or_nothing(share: float, told: str):
    assert percent(share) == told


@pytest.mark.parametrize(
    ("text", "value", "limit", "told"),
    [
        ("pass_rate >= 95%", 0.923, 0.95, "92.3 %"),
        ("pass_rate >= 95%", 0.94996, 0.95, "94.996 %"),
        ("pass_rate >= 95%", 0.95, 0.95, "95 %"),
        ("flaky <= 20%", 0.2001, 0.2, "20.01 %"),
        ("compliance >= 90%", 98.7, 90.0, "98.7 %"),
        ("failed == 0", 3.0, 0.0, "3"),
        ("latency.p95 <= 300ms", 0.4123, 0.3, "412 ms"),
        ("memory.peak <= 300MiB", 270 * 2.0**20, 300 * 2.0**20, "270 MiB"),
        ("pass_rate >= baseline", 0.75, None, "75 %"),
        ("latency.p95 <= 110% of baseline", 0.25, None, "250 ms"),
        ("pass_rate >= 95%", None, 0.95, "no value"),
        ("pass_rate >= 95%", float("nan"), 0.95, "nan"),
    ],
)
def test_an_observed_value_speaks_the_unit_of_its_rule_and_stays_on_its_side(text, value, limit, told):
    policy = {"rules": [{"text": text, "value": limit}]}
    assert observed(rule(text, value), policy) == told


def test_a_rule_that_the_policy_does_not_know_is_still_told():
    assert observed(rule("failed == 0", 2.0), {}) == "2"


def test_samples_are_drawn_in_their_order():
    assert marks(check("a.b", "✓✗✓✗").samples) == "✓✗✓✗"


def test_many_samples_are_drawn_to_an_end_and_counted():
    drawn = marks(check("a.b", "✓" * 100).samples)
    assert drawn.endswith("… (100)")
    assert len(drawn) < 50


def test_a_commit_is_shortened_and_a_tag_is_not():
    assert short("4f2a91c07be35d8812aa0c6d9e7f431b5c8d2e60") == "4f2a91c07be3"
    assert short("release-2026-03-01-candidate") == "release-2026-03-01-candidate"
    assert short(None) == "unknown"


def test_a_long_listing_counts_what_it_does_not_name():
    assert listing(["a", "b", "c"], 3) == "a, b, c"
    assert listing(map(str, range(2000)), 2) == "0, 1 and 1,998 more"


def test_one_is_not_plural():
    assert [plural(count, "check") for count in (0, 1, 2000)] == ["0 checks", "1 check", "2,000 checks"]
