"""What stood beside a failure is told against its own normal, the likeliest cause first."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from report_stories import (
    bound,
    check,
    demand,
    diagnosed,
    evidence,
    judged,
    met_sample,
    read,
    refused,
    sampled_as,
    slow,
    trouble_sample,
    unmet_sample,
)

from releasegate.config.across import MOST_DIAGNOSED
from releasegate.diagnosis import AT_ONCE
from releasegate.model import CUT_OFF, Level, Trouble
from releasegate.report import console, junit, markdown
from releasegate.report.causes import LEAST_SAMPLES, LEAST_SLOWER_S, SLOWER, causes, normals, of_flaky, told_beside

FAILED_BOUND = replace(bound(0.9, 0.5), level=Level.FAIL, text="latency ≤ 500 ms (got 900 ms)")
TOO_LARGE = replace(bound(900, 500), subject="size", level=Level.FAIL, text="size ≤ 500 (got 900)")
WARNED = demand("status", "status == 201 (got 503)", level=Level.WARN)
SELDOM_MET = check("d.one", "✓✓✗✗✗")
CUT = trouble_sample(CUT_OFF, "first byte", "the sample was ended while it was under way")


def failing(*readings, drawn="✗"):
    return check("a.b", drawn, failure=unmet_sample(diagnosis=tuple(readings)), diagnose=("d.one",))


def usual(name, took_s=0.1, drawn="✓✓✓✓✓✓✓"):
    return sampled_as(check(name, drawn), met_sample(duration_s=took_s))


def told(reading, *others):
    """Say what one reading comes to, beside the samples that its check took in the run."""
    one = failing(reading)
    (cause,) = causes(one, normals(evidence(one, *others)))
    return cause.likely, cause.text


@pytest.mark.parametrize(
    ("reading", "others", "likely", "text"),
    [
        (read("d.one", trouble_sample()), (), True, "refused in connect: connection refused"),
        (read("d.one", unmet_sample()), (), True, "status == 200 (got 503)"),
        (read("d.one", unmet_sample(FAILED_BOUND), 0.9), (), True, "900 ms, 1.8 x its bound of 500 ms"),
        (read("d.one", unmet_sample(FAILED_BOUND, bound(0.9)), 0.9), (), True, "900 ms, 45 x its warn bound of 20 ms"),
        (read("d.one", slow(0.31), 0.31), (), True, "310 ms, 16 x its warn bound of 20 ms"),
        (read("d.one", slow(0.31), 0.31), (usual("d.one", 0.3),), True, "310 ms, 16 x its warn bound of 20 ms; as slow all through this run"),
        (read("d.one", slow(0.31), 0.31), (usual("d.one", 0.01),), True, "310 ms, 16 x its warn bound of 20 ms"),
        (read("d.one", met_sample(), 0.31), (usual("d.one"),), True, "310 ms, 3.1 x its median of this run (100 ms)"),
        (read("d.one", met_sample(), 0.29), (usual("d.one"),), False, "290 ms, as in the rest of this run (median 100 ms)"),
        (read("d.one", met_sample(), 0.009), (usual("d.one", 0.001),), False, "9 ms, as in the rest of this run (median 1 ms)"),
        (read("d.one", slow(0.011), 0.011), (), False, "11 ms, within its warn bound of 20 ms"),
        (read("d.one", met_sample(), 0.31), (usual("d.one", drawn="✓✓"),), False, "310 ms, and nothing of its own to compare it with"),
        (read("d.one", met_sample(), 0.31), (usual("d.one", drawn="✓✓✓"),), True, "310 ms, 3.1 x its median of this run (100 ms)"),
        (read("d.one", met_sample(), 0.375), (usual("d.one", 0.125),), True, "375 ms, 3.0 x its median of this run (125 ms)"),
        (read("d.one", met_sample(), 0.31), (SELDOM_MET,), False, "310 ms, and nothing of its own to compare it with"),
        (read("d.one", unmet_sample(TOO_LARGE), 0.31), (), True, "size ≤ 500 (got 900)"),
        (read("d.one", unmet_sample(WARNED, demand("status", "status == 200 (got 503)"))), (), True, "status == 200 (got 503)"),
        (read("d.one", CUT, 3.1), (), False, "its reading was cut off in first byte after 3.10 s"),
    ],
)  # fmt: skip
def test_a_reading_is_told_against_its_own_normal(reading, others, likely, text):
    assert told(reading, *others) == (likely, text)


def test_causes_are_ordered_by_how_they_are_and_then_by_how_far_from_their_normal():
    readings = {
        "d.usual": read("d.usual", met_sample()),
        "d.slower": read("d.slower", met_sample(), 0.4),
        "d.slowest": read("d.slowest", met_sample(), 0.9),
        "d.warned": read("d.warned", slow(0.04), 0.04),
        "d.worse": read("d.worse", slow(0.08), 0.08),
        "d.cut": read("d.cut", CUT),
        "d.unmet": read("d.unmet", unmet_sample()),
        "d.gone": read("d.gone", trouble_sample()),
    }
    one = failing(*readings.values())
    found = causes(one, normals(evidence(one, usual("d.slower"), usual("d.slowest"))))
    names = ["d.gone", "d.unmet", "d.worse", "d.warned", "d.slowest", "d.slower", "d.cut", "d.usual"]
    assert [cause.check for cause in found] == names
    assert [cause.likely for cause in found] == [True] * 6 + [False] * 2


def test_of_several_failures_the_worst_reading_is_told_and_how_often_there_was_one():
    normal, late, later = (read("d.one", slow(took_s), took_s) for took_s in (0.01, 0.1, 0.2))
    one = check("a.b", "✗✗✗")
    samples = tuple(replace(s, diagnosis=(r,)) for s, r in zip(one.samples, (normal, later, late), strict=True))
    (cause,) = causes(replace(one, samples=samples), {})
    assert cause.sentence == "d.one: 200 ms, 10 x its warn bound of 20 ms (at 2 of 3 failures)"


def test_what_is_usual_shares_a_line_and_each_cause_has_its_own():
    one = failing(read("d.two", met_sample()), read("d.one", slow(0.31), 0.31), read("d.three", met_sample()))
    unknown = "1 ms, and nothing of its own to compare it with"
    assert told_beside(one, {}) == [
        ("likely", "d.one: 310 ms, 16 x its warn bound of 20 ms"),
        ("beside", f"d.two: {unknown}; d.three: {unknown}"),
    ]


def test_a_check_that_failed_and_then_passed_says_what_stood_beside_its_failure():
    one = check("a.b", "✗✓✓✓✓✓✓✓✓✓✓✓✓", failure=unmet_sample(diagnosis=(read("d.one", slow(0.31), 0.31),)))
    assert of_flaky(one, {}) == "; likely d.one: 310 ms, 16 x its warn bound of 20 ms"
    for text in (console.render(judged(one), colour=False, width=500), markdown.render(judged(one))):
        assert "16 x its warn bound of 20 ms" in text


@pytest.mark.parametrize(
    "render", [lambda e: console.render(e, colour=False, width=200), markdown.render, junit.render]
)
def test_every_report_shows_likely_causes_beside_the_failing_sample(render):
    text = render(diagnosed())
    assert "likely" in text
    assert "310 ms, 16 x its warn bound of 20 ms" in text


@pytest.mark.parametrize("odd", [0, -1, "20ms", None, 10**400, float("inf"), float("nan"), [1], True])
def test_numbers_that_no_gate_writes_break_no_report(odd):
    strange = [replace(bound(0.3), demanded=odd), replace(bound(0.3), found=[odd]), replace(bound(0.3), found=[])]
    sample = met_sample(expectations=(demand("connects", "connects", met=True), *strange))
    one = failing(read("d.one", sample, 0.3))
    assert causes(one, normals(evidence(one)))


def test_a_dependency_that_passed_and_was_down_when_it_was_read_heads_what_it_explains():
    down = (read("d.store", refused("store")),)
    several = [check(f"a.c{n}", "✗✗✗", failure=unmet_sample(diagnosis=down), diagnose=("d.store",)) for n in range(3)]
    text = console.render(judged(*several, check("d.store")), colour=False, width=200)
    sentence = "d.store was down when it was read (tcp connect refused)"
    assert f"  {sentence}: it explains 3 checks: a.c0, a.c1, a.c2\n" in text
    assert f"FAILED 3 checks: {sentence}\n  a.c0 ✗✗✗, a.c1 ✗✗✗, a.c2 ✗✗✗\n" in text
    assert text.count(sentence) == 2
    alone = console.render(judged(several[0], check("d.store")), colour=False, width=200)
    assert f"FAILED a.c0  ✗✗✗\n  {sentence}\n  status == 200 (got 503)\n" in alone


def test_a_trouble_without_words_is_told_without_a_colon():
    silent = replace(trouble_sample(), trouble=Trouble(phase="connect", reason="timeout", message=""))
    assert told(read("d.one", silent)) == (True, "timeout in connect")


def test_the_page_shows_what_is_told_and_the_bounds_that_hold():
    text = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    example = text.split("### Likely causes")[1].split("```text\n")[1].split("```")[0]
    assert example in console.render(diagnosed(), colour=False, width=100)
    assert f"at least {SLOWER:g} times the median" in text
    assert f"(of at least {LEAST_SAMPLES}), and at least {LEAST_SLOWER_S * 1000:g} ms more" in text


def test_the_page_of_the_config_names_the_bounds_that_hold():
    text = (Path(__file__).parents[2] / "docs" / "config.md").read_text(encoding="utf-8")
    told = " ".join(text.split("### `diagnose`")[1].split("## Policy")[0].split())
    assert f"one reading at a time, of all together {AT_ONCE}." in told
    assert f"more than {MOST_DIAGNOSED} checks beside one failure" in told
