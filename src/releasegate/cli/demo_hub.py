"""A commit in, a pull request that is about it on GitHub's stand-in out, and what a reader sees there in the end."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from releasegate.cli.desk import attended, desk_of
from releasegate.foreign import lines
from releasegate.github import intents
from releasegate.github.desk import Desk
from releasegate.github.job import Job
from releasegate.github.nouns import Subject, Trust

if TYPE_CHECKING:
    from releasegate.demo.hub.hub import Hub

SHOP, TOKEN = "demo/shop", "ghs_demo"
SCOPES = {"contents": "read", "statuses": "write", "pull_requests": "write"}
SHOWN, LONGEST = 9, 110
"""So many lines of the comment, of so many characters, are enough to see what it says."""


@contextmanager
def stand_in(sha: str, gate: str, direct: Mapping[str, str]) -> Iterator[tuple[Desk, "Hub"]]:
    """Serve a GitHub with a pull request whose head is the commit, and whose base requires the gate's status."""
    from releasegate.demo.hub.hub import Hub
    from releasegate.demo.hub.state import Required, Ruleset
    from releasegate.demo.hub_server import HubServer

    hub, now = Hub(), time.time()
    shop, author = hub.repository(SHOP, now=now), hub.user("ann")
    made = hub.commit(shop, "change", {"agents.py": b"\n"}, author=author, message="Change the agents", now=now)
    shop.commits[sha] = replace(made, sha=sha)
    shop.branches["change"] = sha
    pull = hub.pull(shop, shop, "change", author=author, now=now, title="Change the agents")
    needs = (Required(intents.context_of(gate, "enforce")),)
    shop.rulesets[1] = Ruleset(id=1, name="gate", required=needs)
    hub.actions_token(shop, SCOPES, TOKEN)
    with _beside_proxies(direct), HubServer(hub) as server:
        url = f"{server.url}/{SHOP}/actions/runs/1/attempts/1"
        job = Job(api_url=server.url, repository=SHOP, run_id="1", attempt="1", run_url=url, token=TOKEN)
        about = Subject(
            event="pull_request", repository=SHOP, sha=sha, pull=pull.number, head_repository=SHOP,
            base_branch="main", default_branch="main", trust=Trust.PULL_REQUEST,
        )  # fmt: skip
        desk = desk_of(job, about)
        with attended(desk):
            desk.enter()
            yield desk, hub


@contextmanager
def _beside_proxies(direct: Mapping[str, str]) -> Iterator[None]:
    """Keep the client of GitHub from asking a proxy for what is on this machine: it reads the process's variables."""
    before = {name: os.environ.get(name) for name in direct}
    os.environ.update(direct)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def seen(hub: "Hub") -> str:
    """Say how the pull request stands: its newest status, whether it may be merged, how its comment begins."""
    from releasegate.demo.hub.required import blocked_by
    from releasegate.demo.hub.statuses import latest

    shop = hub.repositories[SHOP]
    pull = shop.pulls[1]
    told = [f"on GitHub's stand-in, {SHOP}#{pull.number}, in {len(hub.log)} requests:"]
    told += [f"  {each.context}: {each.state}, {each.description}" for each in latest(shop.statuses, pull.sha)]
    blocked = blocked_by(shop, pull)
    told.append("  merge: " + (", ".join(f"blocked, {b.context} is {b.why}" for b in blocked) or "not blocked"))
    for comment in shop.comments.values():
        body = [line for line in lines(comment.body)[1:] if line.strip()]  # the first is its marker, which nobody sees
        told += [f"  comment of {comment.author.login}:", *(f"  | {_brief(line)}" for line in body[:SHOWN])]
        told += [f"  | … {len(body) - SHOWN} more lines"] if len(body) > SHOWN else []
    return "\n".join(told)


def _brief(line: str) -> str:
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
