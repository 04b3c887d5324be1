"""A seed in, rival runs of one gate on one commit out: interleaved request by request, with faults, strikes and kills.

Everything is real but the network and the clock: `Desk`, its client and the telling of the commands, against the
stand-in's state.
"""

import json
import random
import threading
from dataclasses import dataclass, field

import requests
from hub_world import JOB, NOW, World
from verdict_words import FAILED_CONTROL, evidence, ran

from github import GithubException
from releasegate.cli.telling import Wanted, tell
from releasegate.demo.hub.exchange import Request
from releasegate.demo.hub.respond import Cut, answer
from releasegate.demo.hub.script import Broken, Late, Lost, Meanwhile, Throttled
from releasegate.evidence.rejudge import knowing
from releasegate.github import intents
from releasegate.github.client import GithubHub
from releasegate.github.desk import ENDED, Desk
from releasegate.github.intents import CommentMode, FailOn
from releasegate.github.job import Job
from releasegate.github.nouns import HubError, Subject, Trust
from releasegate.github.publish import BEFORE_S
from releasegate.model import State

CONTEXT, GATE = "releasegate/staging", "staging"
PAGE = "https://github.com/acme/shop/actions/runs"
JUDGED = {
    State.STABLE: evidence(ran("s.a")),
    State.DEGRADED: evidence(ran("s.a"), fallbacks=("user",)),
    State.UNSTABLE: evidence(ran("s.a", "✗✗✗")),
    State.INCONCLUSIVE: evidence(ran("s.a"), control=FAILED_CONTROL),
}
OUTLIVED = (Lost(after=False), Lost(after=True), Broken(502), Broken(503, after=True))
LIMITS = (Throttled(5), Throttled(40), Throttled(None))
WEATHERS = {
    "clear": (),
    "passing": (("*", OUTLIVED, 0.1),),
    "stormy": (("*", (*OUTLIVED, *LIMITS, Late(3.0), Late(20.0)), 0.2),),
    "rough": (("*", (*OUTLIVED, *LIMITS, Late(3.0), Late(20.0)), 0.05),),
    "limited": (("POST */statuses/*", LIMITS, 0.4),),
    "blind": (("GET *", LIMITS, 0.3),),
}
"""What goes wrong: at which requests, what of it, and how often."""
MOST_TURNS = 5_000


class Struck(BaseException):
    """The runner cancels the job."""


class Killed(BaseException):
    """The runner kills it: nothing more is said."""


class Bug(Exception):  # noqa: N818 - how a run ends
    """A bug of ours."""


@dataclass(eq=False)
class Run:
    """One run. `blow` falls at its request of that number, before or after GitHub heard it."""

    number: int
    rerun: bool
    """One workflow run, again, and no other one."""
    starts: float
    state: State
    blow: type[BaseException] | None
    blow_at: int
    blow_after: bool
    second_net: bool
    """If it is killed, another step of its job ends what it left."""
    wakes: float = 0.0
    asked: int = 0
    code: int | None = None
    told: list[str] = field(default_factory=list)
    last_write_arrived: bool = True
    finalized: bool = False
    over: bool = False

    @property
    def job(self):
        run_id, attempt = ("1", str(self.number)) if self.rerun else (str(self.number), "1")
        return Job(api_url="https://api.github.test", repository="acme/shop", run_id=run_id, attempt=attempt,
                   run_url=f"{PAGE}/{run_id}/attempts/{attempt}", token=JOB)  # fmt: skip

    @property
    def url(self):
        return self.job.run_url


class Play:
    """One seed's world. One run acts at a time; which one is next, and when time passes, the seed decides."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.world, self.now = World(), NOW
        chance = self.chance
        rerun, self.longest_s = chance.random() < 0.3, chance.choice([4.0, 120.0])
        self.runs = [
            Run(
                number=n,
                rerun=rerun,
                starts=NOW + chance.choice([0.0, chance.uniform(0, 2 * self.longest_s)]),
                state=chance.choice(list(State)),
                blow=chance.choices([None, Struck, Killed, Bug], [6, 2, 1, 1])[0],
                blow_at=chance.randint(1, 10),
                blow_after=chance.random() < 0.5,
                second_net=chance.random() < 0.5,
            )
            for n in range(1, chance.choice([2, 2, 3]) + 1)
        ]
        self.lag_s = chance.choice([0.0, 0.4, 8.0])
        self.weather = chance.choice(list(WEATHERS))
        for on, faults, rate in WEATHERS[self.weather]:
            for nth in range(1, 120):
                if chance.random() < rate:
                    self.world.hub.script.add(on, chance.choice(faults), nth)
        if chance.random() < 0.1:
            self.world.hub.script.add("*", Meanwhile(lambda _now: self._push()), chance.randint(1, 15))
        self.moved = False
        self.baton = threading.Condition()
        self.turn = None
        self.bugs = []

    def _push(self):
        self.moved = True
        author = self.world.hub.user("ann")
        self.world.hub.commit(
            self.world.repository, "feature", {"a.py": b"2\n"}, author=author, message="More", now=self.now
        )

    def lag(self):
        """Give how long a request or its answer is on its way: now and then long."""
        return self.chance.choice([0.01, 0.01, 0.01, self.chance.uniform(0, self.lag_s)])

    # Taking turns

    def play(self):
        threads = [threading.Thread(target=self._live, args=(run,), daemon=True) for run in self.runs]
        for run in self.runs:
            run.wakes = run.starts
        for thread in threads:
            thread.start()
        for _ in range(MOST_TURNS):
            alive = [run for run in self.runs if not run.over]
            if not alive:
                break
            self.now = max(self.now, min(run.wakes for run in alive))
            self._let(self.chance.choice([run for run in alive if run.wakes <= self.now]))
        else:
            raise AssertionError("it does not end")
        for thread in threads:
            thread.join(10)
        assert not self.bugs, self.bugs
        return self

    def _let(self, run):
        with self.baton:
            self.turn = run
            self.baton.notify_all()
            assert self.baton.wait_for(lambda: self.turn is None, 20), "a run keeps the turn"

    def wait(self, run, seconds=0.0):
        """Give the turn back until this run is chosen again, so many seconds later at least."""
        run.wakes = self.now + seconds
        with self.baton:
            self.turn = None
            self.baton.notify_all()
            self.baton.wait_for(lambda: self.turn is run)

    def _live(self, run):
        with self.baton:
            self.baton.wait_for(lambda: self.turn is run)
        try:
            run.code = self._act(run)
        except Killed:
            run.code = -9
            if run.second_net:
                self._finalize(run)
        except BaseException as bug:  # noqa: BLE001 - told by the one who plays
            self.bugs.append(bug)
        finally:
            run.over = True
            with self.baton:
                self.turn = None
                self.baton.notify_all()

    # What a run does: as `releasegate gate` does it

    def _desk(self, run):
        subject = Subject(
            event="pull_request", repository="acme/shop", sha=self.world.head, pull=1, head_repository="acme/shop",
            base_branch="main", default_branch="main", trust=Trust.PULL_REQUEST,
        )  # fmt: skip
        clock = lambda: self.now  # noqa: E731
        reach = lambda: Client(self, run)  # noqa: E731
        return Desk(run.job, subject, reach=reach, clock=clock, wall=clock, say=run.told.append)

    def _act(self, run):
        desk = self._desk(run)
        try:
            desk.enter()
            desk.begin(GATE, "enforce", partial=False, deadline_s=900)
            self.wait(run, self.chance.uniform(0, self.longest_s))
            told, judged = desk.learn(), JUDGED[run.state]
            if red := intents.red_before(told):
                judged = knowing(judged, red)
            wanted = Wanted(comment=CommentMode.ALWAYS, check_run=False, fail_on=FailOn.BLOCKED)
            return tell(judged, told, desk, {}, "evidence.json", wanted=wanted)
        except Struck:
            desk.close(intents.CANCELLED)
            return 130
        except Bug:
            desk.close(ENDED)
            return 1

    def _finalize(self, run):
        """The second net: a step of the same job, some time after it was killed."""
        self.wait(run, self.chance.uniform(0, 60))
        desk = self._desk(run)
        desk.enter()
        try:
            desk.end(None)
            run.finalized = True
        except HubError as why:
            run.told.append(str(why))


class Client(GithubHub):
    """The client, over the stand-in's state instead of a network."""

    def __init__(self, play, run):
        self.play, self.run = play, run
        now = lambda: play.now  # noqa: E731
        pause = lambda seconds: play.wait(run, seconds)  # noqa: E731
        super().__init__(run.job, "acme/shop", clock=now, wall=now, sleep=pause, budget_s=BEFORE_S)

    def _speak(self, jwt=None):
        return self

    def requestJsonAndCheck(self, verb, path, parameters=None, input=None):  # noqa: A002, N802 - PyGithub's own
        play, run = self.play, self.run
        play.wait(run, play.lag())
        run.asked += 1
        due = run.blow is not None and run.asked == run.blow_at
        if due and not run.blow_after:
            raise run.blow
        delivery = answer(
            Request(
                method=verb, path=path, query={key: str(value) for key, value in (parameters or {}).items()},
                headers={"user-agent": "releasegate", "authorization": f"Bearer {JOB}"},
                body=b"" if input is None else json.dumps(input).encode(),
            ),
            play.world.hub, play.now,
        )  # fmt: skip
        delay_s = delivery.delay_s + play.lag()
        play.wait(run, min(delay_s, self._timeout))
        if due:
            raise run.blow
        arrived = delivery.cut is Cut.NOWHERE and delay_s < self._timeout
        if verb == "POST" and "/statuses/" in path:
            run.last_write_arrived = arrived and delivery.response.status < 400
        if not arrived:
            raise requests.ConnectionError("cut")
        response = delivery.response
        headers = {name.lower(): value for name, value in response.headers.items()}
        payload = json.loads(json.dumps(response.payload))
        if response.status >= 400:
            raise GithubException(response.status, payload, headers)
        return headers, payload
