import pytest

from releasegate.changes.impact import Impact
from releasegate.checks.base import Judgement
from releasegate.config.kinds import profile as profile_of
from releasegate.config.model import CheckDecl, Config, Policy, Suite
from releasegate.errors import UsageError
from releasegate.plan import build


class Kind:
    name = "fake"
    troubles = ()
    table = None
    writes_by_default = "single"

    def __init__(self, writes=0, cleans_up=False, reads_by_default="standard"):
        self._writes, self._cleans_up, self.reads_by_default = writes, cleans_up, reads_by_default

    def targets(self, spec, values):
        return (values.get("place", "api"),)

    def timeout_s(self, spec):
        return 1.0

    def writes(self, spec):
        return self._writes

    def cleans_up(self, spec):
        return self._cleans_up

    async def observe(self, spec, probe):
        return None

    async def clean_up(self, spec, probe):
        return None

    def judge(self, spec, observation, scope):
        return Judgement(expectations=())

    def violate(self, observation, expectation):
        return None


def check(name, suite="s", **more):
    return CheckDecl(suite=suite, name=name, kind="fake", spec=None, hash=name, **more)


def config(*suites):
    return Config(
        gate="staging",
        mode="enforce",
        targets={},
        identities={},
        control=None,
        suites=suites,
        policy=Policy(),
        hash="h",
    )


def plan(*suites, kind=None, **selection):
    return build(config(*suites), lambda _name: kind or Kind(), **selection)


def test_for_gives_the_product_of_its_values_with_ids_in_brackets():
    looped = check("c", loops={"pattern": ("a", "b"), "agents": (1, 2)})
    got = plan(Suite(name="s", checks=(looped,))).checks
    assert [c.id for c in got] == ["s.c[a,1]", "s.c[a,2]", "s.c[b,1]", "s.c[b,2]"]
    assert got[2].values == {"pattern": "b", "agents": 1}


def test_a_for_value_may_name_the_target():
    got = plan(Suite(name="s", checks=(check("c", loops={"place": ("api", "auth")}),))).checks
    assert [c.targets for c in got] == [("api",), ("auth",)]


def test_a_suites_weight_is_spread_over_its_checks_by_their_weight():
    got = plan(Suite(name="s", weight=60, checks=(check("a", weight=2), check("b")))).checks
    assert [c.weight for c in got] == [40, 20]


@pytest.mark.parametrize(
    ("kind", "profile"),
    [
        (Kind(), "standard"),
        (Kind(reads_by_default="once"), "once"),
        (Kind(writes=1), "single"),
        (Kind(writes=2, cleans_up=True), "lean"),
    ],
)
def test_the_default_profile_follows_from_what_a_sample_writes(kind, profile):
    assert profile_of(kind, None, None) == profile


def test_samples_written_in_the_config_win():
    got = plan(Suite(name="s", checks=(check("a", samples="standard"),)), kind=Kind(writes=1)).checks
    assert (got[0].profile, got[0].writes) == ("standard", 7)


def test_selecting_a_check_of_a_for_selects_all_of_it_or_one():
    suite = Suite(name="s", checks=(check("c", loops={"x": ("a", "b")}), check("d")))
    assert [c.id for c in plan(suite, checks=("s.c",)).checks] == ["s.c[a]", "s.c[b]"]
    assert [c.id for c in plan(suite, checks=("s.c[b]",)).checks] == ["s.c[b]"]


def test_never_green_26_a_selection_makes_the_run_partial_and_lists_what_it_left_out():
    got = plan(Suite(name="s", checks=(check("a"), check("b"))), checks=("s.a",))
    assert got.partial
    assert [(left.id, left.reason) for left in got.left_out] == [("s.b", "not selected")]


def test_a_selection_brings_in_what_it_needs_and_its_twin_and_what_these_ask_for():
    smoke = Suite(name="s", checks=(check("a", loops={"x": (1, 2)}), check("b", needs=("s.a[1]",)), check("other")))
    orders = Suite(name="o", checks=(check("c", "o", needs=("s.b",), twin="o.d"), check("d", "o"), check("e", "o")))
    got = plan(smoke, orders, checks=("o.c",))
    assert {c.id: c.brought_in for c in got.checks} == {
        "s.a[1]": "s.b needs it",
        "s.b": "o.c needs it",
        "o.c": None,
        "o.d": "it is the twin of o.c",
    }
    assert [left.id for left in got.left_out] == ["s.a[2]", "s.other", "o.e"]
    assert got.partial


def test_a_selected_case_brings_in_the_twin_of_its_own_value_or_all_of_a_twin_that_has_others():
    values = {"x": ("a", "b")}
    same = (check("c", twin="s.t", loops=values), check("t", loops=values))
    assert [c.id for c in plan(Suite(name="s", checks=same), checks=("s.c[b]",)).checks] == ["s.c[b]", "s.t[b]"]
    other = (check("c", twin="s.t"), check("t", loops=values))
    assert [c.id for c in plan(Suite(name="s", checks=other), checks=("s.c",)).checks] == ["s.c", "s.t[a]", "s.t[b]"]


def test_a_selection_brings_in_what_it_needs_from_a_suite_of_another_event():
    suites = (
        Suite(name="s", checks=(check("a"),), events=("schedule",)),
        Suite(name="t", checks=(check("b", "t", needs=("s.a",)),)),
    )
    assert [c.id for c in plan(*suites, event="push", checks=("t.b",)).checks] == ["s.a", "t.b"]
    whole = plan(*suites, event="push")
    assert [c.id for c in whole.checks] == ["t.b"]
    assert [left.id for left in whole.left_out] == ["s.a"]


def test_without_a_selection_nothing_is_brought_in():
    got = plan(Suite(name="s", checks=(check("a"), check("b", needs=("s.a",)))))
    assert [c.brought_in for c in got.checks] == [None, None]


def test_a_suite_runs_only_on_its_events():
    suites = (Suite(name="s", checks=(check("a"),)), Suite(name="t", checks=(check("b", "t"),), events=("schedule",)))
    got = plan(*suites, event="pull_request")
    assert [c.id for c in got.checks] == ["s.a"]
    assert got.left_out[0].reason == "its suite runs on schedule, not on pull_request"
    assert not got.partial


def test_a_suite_that_is_asked_for_by_name_runs_on_any_event():
    suites = (Suite(name="s", checks=(check("a"),)), Suite(name="t", checks=(check("b", "t"),), events=("schedule",)))
    assert [c.id for c in plan(*suites, event="pull_request", suites=("t",)).checks] == ["t.b"]


@pytest.mark.parametrize(
    ("selection", "words"), [({"suites": ("pipelin",)}, "pipeline"), ({"checks": ("pipeline.lif",)}, "pipeline.life")]
)
def test_selecting_what_does_not_exist_is_an_error_that_helps(selection, words):
    with pytest.raises(UsageError, match=words):
        plan(Suite(name="pipeline", checks=(check("life", "pipeline"),)), **selection)


def test_never_green_01_every_check_filtered_out_is_an_error():
    suite = Suite(name="s", checks=(check("a"),), events=("schedule",))
    with pytest.raises(UsageError, match="leaves no check"):
        plan(suite, event="push")


def test_what_a_selection_leaves_out_and_a_failure_reads_stands_beside_the_plan():
    stores = Suite(name="d", checks=(check("store", "d", loops={"x": ("a", "b")}), check("other", "d")))
    chat = Suite(name="p", checks=(check("chat", "p", diagnose=("d.store",)), check("calm", "p")))
    got = plan(stores, chat, checks=("p.chat",))
    assert ([c.id for c in got.checks], [c.id for c in got.beside]) == (["p.chat"], ["d.store[a]", "d.store[b]"])
    assert {left.id for left in got.left_out} == {"d.store[a]", "d.store[b]", "d.other", "p.calm"}
    assert plan(stores, chat).beside == ()
    assert plan(stores, chat, checks=("p.calm",)).beside == ()


# harmless changes

HARMLESS = Impact(files=2, digest="sha256:0", globs=("docs/**",))
BESIDE = "the change is harmless: 2 files, all match docs/**"


def suite_of_all(**more):
    checks = (
        check("vital", critical=True, needs=("s.base",)),
        check("base"),
        check("refuses", critical=True, twin="s.lets-in"),
        check("lets-in"),
        check("page", loops={"x": (1, 2)}),
    )
    return Suite(name="s", checks=checks, **more)


def test_a_harmless_change_runs_the_critical_checks_with_what_they_need_and_their_twins():
    got = plan(suite_of_all(), changes=HARMLESS)
    assert {c.id: c.brought_in for c in got.checks} == {
        "s.vital": None,
        "s.base": "s.vital needs it",
        "s.refuses": None,
        "s.lets-in": "it is the twin of s.refuses",
    }
    assert [(left.id, left.reason, left.critical) for left in got.left_out] == [
        ("s.page[1]", BESIDE, False),
        ("s.page[2]", BESIDE, False),
    ]
    assert not got.partial
    assert got.changes == HARMLESS


def test_never_green_37_any_other_change_runs_everything():
    got = plan(suite_of_all(), changes=Impact(files=2, digest="sha256:0", file="a.py", obstacle="a.py is not harmless"))
    assert len(got.checks) == 6
    assert got.left_out == ()


def test_where_nothing_is_critical_a_harmless_change_runs_everything():
    got = plan(Suite(name="s", checks=(check("a"), check("b"))), changes=HARMLESS)
    assert [c.id for c in got.checks] == ["s.a", "s.b"]
    assert got.left_out == ()


def test_a_selection_wins_over_a_harmless_change_and_is_partial_as_ever():
    got = plan(suite_of_all(), changes=HARMLESS, checks=("s.page[1]",))
    assert [c.id for c in got.checks] == ["s.page[1]"]
    assert got.partial
    assert {left.reason for left in got.left_out} == {"not selected"}


def test_a_harmless_change_brings_in_nothing_that_the_event_leaves_out_nor_counts_its_critical_checks():
    nightly = Suite(name="t", checks=(check("night", "t", critical=True),), events=("schedule",))
    vital = Suite(name="s", checks=(check("vital", critical=True, needs=("t.night",)), check("b")))
    got = plan(vital, nightly, event="push", changes=HARMLESS)
    assert [c.id for c in got.checks] == ["s.vital"]
    assert [(left.id, left.critical) for left in got.left_out] == [("t.night", True), ("s.b", False)]
    lonely = plan(Suite(name="s", checks=(check("b"),)), nightly, event="push", changes=HARMLESS)
    assert [c.id for c in lonely.checks] == ["s.b"]
