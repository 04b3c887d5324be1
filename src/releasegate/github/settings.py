"""What GitHub answers about a repository's setup in, rules, rulesets and roles out: the second half of the client."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from releasegate.github.nouns import HubError, Pull, Required, Rules, Ruleset

NO_COMMIT, UNPROCESSABLE, NOT_FOUND = "0" * 40, 422, 404
CHECKS, QUEUE, WORKFLOWS = "required_status_checks", "merge_queue", "workflows"
GUARDS = frozenset({CHECKS, QUEUE, WORKFLOWS, "pull_request", "update"})
"""Rules that keep others from pushing what they like; one against force pushes, say, lets everybody's commits in."""
MOST_RULESETS = 30
T = TypeVar("T")


class Settings(ABC):
    """Reads what `doctor` and `waive` ask for; how GitHub is asked is the client's."""

    @abstractmethod
    def _path(self, below: str) -> str: ...

    @abstractmethod
    def _ask(self, doing: str, verb: str, path: str, **more: Any) -> Any: ...

    @abstractmethod
    def _all(self, doing: str, path: str, query: dict[str, Any] | None = None) -> list[Any]: ...

    @abstractmethod
    def _read(self, make: Callable[[Any], T], data: Any) -> T: ...

    @abstractmethod
    def _pull_of(self, data: Any) -> Pull: ...

    def default_branch(self) -> str:
        found = self._ask("read the repository", "GET", self._path(""))
        return self._read(lambda data: str(data["default_branch"]), found)

    def rules(self, branch: str) -> Rules:
        """Put together what rulesets in force and classic protection want: each shows in a place of its own."""
        name = quote(branch, safe="")
        classic = self._ask("read the branch", "GET", self._path(f"/branches/{name}"))
        ruled = self._all("read the branch's rules", self._path(f"/rules/branches/{name}"))
        return self._read(lambda data: _rules(classic, data), ruled)

    def rulesets(self) -> Sequence[Ruleset]:
        listed = self._all("read the rulesets", self._path("/rulesets"))
        numbers = self._read(lambda data: [int(e["id"]) for e in data if e.get("target") == "branch"], listed)
        if len(numbers) > MOST_RULESETS:
            raise HubError(f"there are more than {MOST_RULESETS} rulesets: could not read them all")
        paths = [self._path(f"/rulesets/{number}") for number in numbers]
        return [self._read(_ruleset, self._ask("read a ruleset", "GET", path)) for path in paths]

    def check_names(self, sha: str) -> Sequence[str]:
        path = self._path(f"/commits/{sha}/check-runs")
        found = self._ask("read the check runs", "GET", path, query={"per_page": 100})
        return self._read(lambda data: [str(each["name"]) for each in data["check_runs"]], found)

    def recent_pulls(self, most: int) -> Sequence[Pull]:
        query = {"state": "all", "sort": "updated", "direction": "desc", "per_page": most}
        found = self._ask("list the pull requests", "GET", self._path("/pulls"), query=query)
        return [self._pull_of(each) for each in self._read(list, found)]

    def maintains(self, login: str) -> bool:
        """Read what the role allows, not its name: organisations name roles of their own."""
        path = self._path(f"/collaborators/{quote(login, safe='')}/permission")
        try:
            found = self._ask(f"read what {login} may do", "GET", path)
        except HubError as why:
            if why.status == NOT_FOUND:
                return False
            raise
        return self._read(lambda data: data["user"]["permissions"]["maintain"] is True, found)

    def demand_statuses(self) -> None:
        """Ask for a status on a commit that is none: who lacks the permission hears that first."""
        body = {"state": "error", "context": "releasegate/doctor"}
        try:
            self._ask("set a status", "POST", self._path(f"/statuses/{NO_COMMIT}"), body=body)
        except HubError as why:
            if why.status != UNPROCESSABLE:
                raise


def guarded(ruled: list[Any]) -> bool:
    """Tell whether rules in force on a branch keep from it what was only pushed."""
    return any(rule["type"] in GUARDS for rule in ruled)


def _rules(classic: Any, ruled: list[Any]) -> Rules:
    checks = (classic.get("protection") or {}).get(CHECKS) or {}
    wanted = [_required(each, "app_id", None) for each in checks.get("checks") or ()]
    for rule in ruled:
        if rule["type"] == CHECKS:
            number = int(rule["ruleset_id"])
            wanted += [_required(e, "integration_id", number) for e in rule["parameters"][CHECKS]]
    kinds = {rule["type"] for rule in ruled}
    level = checks.get("enforcement_level")
    return Rules(
        required=tuple(wanted), queue=QUEUE in kinds, workflows=WORKFLOWS in kinds, admins_pass=level == "non_admins"
    )


def _ruleset(data: Any) -> Ruleset:
    number, actors = int(data["id"]), data.get("bypass_actors")
    wanted = [
        _required(each, "integration_id", number)
        for rule in data.get("rules") or ()
        if rule["type"] == CHECKS
        for each in rule["parameters"][CHECKS]
    ]
    passing = None if actors is None else tuple(_actor(each) for each in actors)
    return Ruleset(
        id=number, name=str(data["name"]), enforcement=str(data["enforcement"]), required=tuple(wanted), bypass=passing
    )


def _actor(data: Any) -> str:
    return f"{data['actor_type']} {data['actor_id'] if data['actor_id'] is not None else 'any'} ({data['bypass_mode']})"


def _required(data: Any, key: str, ruleset: int | None) -> Required:
    app = data.get(key)
    return Required(context=str(data["context"]), app=int(app) if app is not None and int(app) > 0 else None,
                    ruleset=ruleset)  # fmt: skip
