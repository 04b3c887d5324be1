"""The claim that samples support, with its condition."""

import pytest
from verdict_words import ran

from releasegate.sampling import PROFILES
from releasegate.verdict.strength import claim, strength_of


def test_the_claim_is_said_with_its_condition_in_the_words_of_the_design():
    assert strength_of(ran("a.b")) == (
        "7/7 in 0.8 s. If samples were independent, a check that fails 50 / 30 / 20 / 10 % of the time would pass this"
        " rule 0.9 / 15 / 47 / 91 %. A fault that lasts longer than 0.8 s counts as one sample."
    )


def test_short_runs_are_told_in_milliseconds():
    assert strength_of(ran("a.b", duration_s=0.012)).startswith("7/7 in 12 ms. ")


@pytest.mark.parametrize("profile", PROFILES)
def test_no_profile_claims_more_than_its_table_gives(profile):
    shares = [float(part) for part in claim(profile).split(" rule ")[1].split(" %")[0].split(" / ")]
    assert shares == sorted(shares)
    assert shares[-1] < 100
