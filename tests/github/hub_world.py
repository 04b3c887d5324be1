"""A GitHub with a repository, two pull requests and three tokens: what tests of it begin with."""

import json

from releasegate.demo.hub.exchange import Request
from releasegate.demo.hub.hub import Hub
from releasegate.demo.hub.respond import answer
from releasegate.demo.hub.state import Review

NOW = 1_780_000_000.0
OURS = {"contents": "read", "statuses": "write", "pull_requests": "write", "checks": "write"}
"""What the workflow that is documented gives its GITHUB_TOKEN, and checks."""
JOB, READER, PERSON = "ghs_job", "ghs_reader", "github_pat_person"


class World:
    """A hub and a clock. The pull request 1 is from a branch of ours, 2 from a fork."""

    committed = False
    """Whether a test has said what the commits hold of a config."""
    followed = None
    """The config that commits have because it lies in the working directory."""

    def __init__(self, *, private=False):
        self.hub, self.now = Hub(), NOW
        self.repository = self.hub.repository("acme/shop", now=NOW, private=private)
        author = self.hub.user("ann")
        files = {"README.md": b"# shop\n", ".github/releasegate.yml": b"version: 1\n"}
        self.hub.commit(self.repository, "main", files, author=author, message="Add the shop", now=NOW)
        self.head = self.hub.commit(
            self.repository, "feature", {"a.py": b"1\n"}, author=author, message="Add a", now=NOW
        ).sha
        self.pull = self.hub.pull(self.repository, self.repository, "feature", author=author, now=NOW, title="Add a")
        self.fork = self.hub.fork(self.repository, "eve", now=NOW)
        self.hub.commit(self.fork, "theirs", {"b.py": b"2\n"}, author=self.hub.user("eve"), message="Add b", now=NOW)
        self.forked = self.hub.pull(
            self.repository, self.fork, "theirs", author=self.hub.user("eve"), now=NOW, title="Add b"
        )
        self.job = self.hub.actions_token(self.repository, OURS, JOB)
        self.hub.actions_token(self.repository, {"contents": "read"}, READER)
        everything = dict.fromkeys((*OURS, "issues", "actions", "administration"), "write")
        self.hub.user_token("ann", everything, PERSON)

    def ask(self, method, path, body=None, *, token=JOB, headers=None, **query):
        """Ask, and give the whole delivery."""
        shown = {"authorization": f"Bearer {token}"} if token else {}
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = Request(
            method=method, path=path, body=raw, query={key: str(value) for key, value in query.items()},
            headers={"user-agent": "test", **shown, **(headers or {})},
        )  # fmt: skip
        return answer(request, self.hub, self.now)

    def of(self, method, path, *args, **more):
        """Ask of the repository, and give the response alone."""
        return self.ask(method, f"/repos/acme/shop{path}", *args, **more).response

    def review(self, login, state, *, sha=None):
        """Let a person say something about pull request 1."""
        review = Review(
            id=self.hub.next_id(), author=self.hub.user(login), state=state, sha=sha or self.pull.sha, at=self.now
        )
        self.pull.reviews.append(review)

    def say(self, state="success", context="releasegate/staging", *, sha=None, **more):
        body = {"state": state, "context": context, **more}
        return self.of("POST", f"/statuses/{sha or self.head}", body)
