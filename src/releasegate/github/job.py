"""A runner's environment in, the job that we are out: whose API, which run, and what to speak with. Pure."""

import re
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from msgspec import Struct

from releasegate.errors import UsageError
from releasegate.github.payload import REPOSITORY
from releasegate.model import Guarded

GITHUB_API, GITHUB_WEB = "https://api.github.com", "https://github.com"
NUMBER = re.compile("[0-9]{1,18}")
NO_REPOSITORY = (
    "the repository is not known: set GITHUB_REPOSITORY to owner/name, as a runner does;"
    " without GitHub: releasegate run"
)
NOBODY_SPEAKS = (
    "there is no token to publish with; set GITHUB_TOKEN in the step's env (${{ github.token }}), or an App's"
    " RELEASEGATE_APP_ID and RELEASEGATE_PRIVATE_KEY; to judge without publishing: releasegate run"
)


class Job(Guarded, Struct, frozen=True, kw_only=True):
    """Where we run. `run_id` and `attempt` are None outside of a runner; so is `run_url`, the attempt's own page."""

    HIDDEN: ClassVar[tuple[str, ...]] = ("token", "private_key")

    api_url: str = GITHUB_API
    repository: str | None = None
    run_id: str | None = None
    attempt: str | None = None
    run_url: str | None = None
    token: str | None = None
    app_id: str | None = None
    private_key: str | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(secret for secret in (self.token, self.private_key) if secret)

    @property
    def can_speak(self) -> bool:
        return bool(self.token or (self.app_id and self.private_key))


def job_of(environ: Mapping[str, str]) -> Job:
    """Read the environment. Raises UsageError for an address of the API that is none."""
    api, web = _address(environ, "GITHUB_API_URL", GITHUB_API), _address(environ, "GITHUB_SERVER_URL", GITHUB_WEB)
    name, run_id = environ.get("GITHUB_REPOSITORY", ""), environ.get("GITHUB_RUN_ID", "")
    attempt = environ.get("GITHUB_RUN_ATTEMPT", "")
    whole = REPOSITORY.fullmatch(name) and NUMBER.fullmatch(run_id) and NUMBER.fullmatch(attempt)
    return Job(
        api_url=api,
        repository=name if REPOSITORY.fullmatch(name) else None,
        run_id=run_id if whole else None,
        attempt=attempt if whole else None,
        run_url=f"{web}/{name}/actions/runs/{run_id}/attempts/{attempt}" if whole else None,
        token=environ.get("GITHUB_TOKEN", "").strip() or None,
        app_id=environ.get("RELEASEGATE_APP_ID", "").strip() or None,
        private_key=environ.get("RELEASEGATE_PRIVATE_KEY", "").strip() or None,
    )


def _address(environ: Mapping[str, str], name: str, usual: str) -> str:
    url = (environ.get(name) or usual).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise UsageError(f"{name} is no address of GitHub: expected something like {usual}")
    return url
