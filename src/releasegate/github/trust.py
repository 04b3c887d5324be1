"""What is to be merged on GitHub in, the config that is judged out: what decides is read from its base branch.

That is a pull request or a queue's group, read through the API. What is decided is decided by pure functions; files,
branches and reviews are a Hub's to give.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from posixpath import join, normpath, relpath

from msgspec import Struct
from msgspec.structs import replace

from releasegate.changes.glob import matches
from releasegate.config.load import load
from releasegate.config.model import Config
from releasegate.config.pull import Source, judged
from releasegate.errors import UsageError
from releasegate.github.nouns import Files, Hub, HubError, Pull, Review, ReviewState, Subject, Trust
from releasegate.github.publish import pull_of
from releasegate.github.workflows import WORKFLOW, used_by
from releasegate.model import Origin

RUNNING = (".github/actions/**",)
"""What a workflow may run from the repository itself, beside what the base branch's policy guards."""
UNLISTED = "(GitHub lists only some of the changed files)"
FORK = "it comes from a fork, whose author would read in the report what staging answers"
CHECKED_OUT = "pull_request"
"""The event whose GITHUB_SHA is the head merged into the base branch as it is now."""
QUEUE = "merge_group"
MOST_USED = 50
DRIVE = re.compile(r"^[A-Za-z]:")
DECIDING = frozenset({ReviewState.APPROVED, ReviewState.CHANGES_REQUESTED, ReviewState.DISMISSED})


class Change(Struct, frozen=True, kw_only=True):
    """What is to be merged, the commit `sha` into `branch`: a pull request, or a queue's group, which is no one's."""

    branch: str
    sha: str
    pull: Pull | None = None


class Snapshot(Struct, frozen=True, kw_only=True):
    """What was read of a branch, by path; None where there was no file."""

    branch: str
    sha: str
    texts: dict[str, str | None]


class Trusted(Struct, frozen=True, kw_only=True):
    """What judges, what of the base branch it came from, and what the pull request changes."""

    config: Config
    base: Snapshot
    files: Files


class _Reader:
    """Reads the files of one commit, and remembers what it was told."""

    def __init__(self, hub: Hub, sha: str) -> None:
        self.hub, self.sha = hub, sha
        self.texts: dict[str, str | None] = {}

    def text(self, path: str) -> str | None:
        if path not in self.texts:
            self.texts[path] = self.hub.file(path, self.sha)
        return self.texts[path]

    def first(self, paths: Sequence[str]) -> str | None:
        return next((path for path in paths if self.text(path) is not None), None)

    def source(self, path: str) -> Source:
        """Give a config that is there, with the way to its suites' own files."""
        beside = PurePosixPath(path).parent

        def read(name: str) -> str:
            text = self.text(str(beside / name))
            if text is None:
                raise UsageError(f"there is none at {self.sha[:12]}")
            return text

        return Source(self.text(path) or "", read)


def change_of(hub: Hub, subject: Subject) -> Change | None:
    """Give what a run is about, where it can as the event has it; None where its commit is not to be merged."""
    if subject.event == QUEUE and subject.pull is None and subject.base_branch and subject.sha:
        return Change(branch=subject.base_branch, sha=subject.sha)
    pull = _known_pull(subject) or pull_of(hub, subject)
    return Change(branch=pull.base_branch, sha=pull.head_sha, pull=pull) if pull else None


def _known_pull(subject: Subject) -> Pull | None:
    if subject.pull is None or subject.sha is None or subject.base_branch is None:
        return None
    return Pull(
        number=subject.pull, head_sha=subject.sha, head_branch="", head_repository=subject.head_repository,
        base_branch=subject.base_branch, author="", open=True,
    )  # fmt: skip


def config_of(hub: Hub, subject: Subject, change: Change, paths: Sequence[str], environ: Mapping[str, str]) -> Trusted:
    """Give the config that judges a change. Raises ConfigError, UsageError, HubError: none of them is green.

    One that touches no file of the config is judged by the base branch's, whatever its own branch is behind.
    """
    tip, files = _between(hub, change)
    base = _Reader(hub, tip)
    held = base.first(paths)
    config = judged(base.source(held), base.source(held), environ, file=held) if held else None
    if config is None or held is None:
        _demand_own_branch(subject, change)
    if config is None or held is None or touches(files, (*base.texts, *paths)):
        merged = subject.merge_sha if subject.event == CHECKED_OUT else None
        stranger = FORK if change.pull and change.pull.head_repository != subject.repository else None
        config = _compared(base, held, _Reader(hub, merged or change.sha), paths, environ, stranger=stranger)
    if held and config.origin:
        edits = edits_of(files, _running(base, config, subject, environ))
        config = replace(config, origin=_with_people(hub, config.origin, change, edits))
    read = Snapshot(branch=change.branch, sha=base.sha, texts=base.texts)
    return Trusted(config=config, base=read, files=files)


def _compared(
    base: _Reader, held: str | None, head: _Reader, paths: Sequence[str], environ: Mapping[str, str], *,
    stranger: str | None,
) -> Config:  # fmt: skip
    own = head.first(paths)  # what the base branch would read once it has this
    if own is None:
        raise UsageError(f"what is to be merged has no {' or '.join(paths)}: without a config nothing is judged")
    held_source = base.source(held) if held else None
    return judged(held_source, head.source(own), environ, file=held or own, stranger=stranger)


def _between(hub: Hub, change: Change) -> tuple[str, Files]:
    """Give the commit that the base branch is at, and what a change brings there.

    A group may stand on another that is not merged yet: it brings what that brings. Of a pull request GitHub lists more
    files than of a comparison, but as it is now. Raises HubError when that is not what is judged.
    """
    tip, files = hub.files_between(change.branch, change.sha)
    if files.whole or change.pull is None:
        return tip, files
    files, now = hub.changed_files(change.pull.number), hub.pull(change.pull.number)
    if (now.head_sha, now.base_branch) != (change.sha, change.branch):
        raise HubError(f"#{now.number} is by now {now.head_sha[:12]} onto {now.base_branch}: run the gate for that")
    return tip, files


def touches(files: Files, paths: Collection[str]) -> bool:
    """Tell whether a change may be one of these files; so it may where not all of its files are known."""
    return not files.whole or any(name in paths for file in files.files for name in (file.path, file.previous))


def confirmed(
    hub: Hub, subject: Subject, change: Change, origin: Origin | None, *, paths: Sequence[str],
    environ: Mapping[str, str],
) -> Origin | None:  # fmt: skip
    """Add to a run's origin what GitHub alone knows: what runs the gate and was changed, and who approved it.

    None where the run was not judged by the base branch's config as it is now. Raises ConfigError, HubError.
    """
    tip, files = _between(hub, change)
    base = _Reader(hub, tip)
    held = base.first(paths)
    if held is None:
        return None
    source = base.source(held)
    config = load(source.text, {}, file=held, read=source.read, lenient_env=True)
    if origin is None or origin.base != config.hash:
        return None
    edits = edits_of(files, _running(base, config, subject, environ))
    return _with_people(hub, replace(origin, approvers=config.policy.approvers), change, edits)


def _demand_own_branch(subject: Subject, change: Change) -> None:
    """Refuse a first config that could read what its author may not: secrets of a job that is not the author's own.

    Onto another branch than the default one it is refused too: the same commit may be to be merged where there is one.
    """
    own = change.pull is not None and change.pull.head_repository == subject.repository
    if subject.trust is not Trust.PULL_REQUEST or not own or change.branch != subject.default_branch:
        raise UsageError(
            f"{change.branch} has no config: the first one comes from a branch of {subject.repository} itself onto its"
            " default branch, in a workflow on pull_request"
        )


def _with_people(hub: Hub, origin: Origin, change: Change, edits: tuple[str, ...]) -> Origin:
    """Add what the change edits of what runs the gate, and who approved it where somebody may."""
    approver, pull = None, change.pull
    if pull and origin.approvers and (edits or origin.changed or origin.deleted):
        reviews, author = hub.reviews(pull.number), pull.author or hub.pull(pull.number).author
        approver = approved_by(reviews, origin.approvers, head=pull.head_sha, author=author)
    return replace(origin, edits=edits, approved_by=approver, group=pull is None)


def _running(base: _Reader, config: Config, subject: Subject, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Give the globs of what runs the gate."""
    own = (*workflow_of(environ, subject.repository), *kinds_of(environ))
    return (*own, *_used(base, own), *RUNNING, *config.policy.guarded)


def _used(base: _Reader, workflows: Sequence[str]) -> tuple[str, ...]:
    """Give what workflows use of their own repository, as the base branch has them: actions, and further workflows."""
    found, todo = dict[str, None](), [path for path in workflows if WORKFLOW.fullmatch(path)]
    while todo and len(found) < MOST_USED:
        used = [path for path in used_by(base.hub.file(todo.pop(), base.sha) or "") if path not in found]
        found |= dict.fromkeys(used)
        todo += [path for path in used if WORKFLOW.fullmatch(path)]
    rest = ("**",) if todo else ()  # what else is used is not known: it may be any file
    return (*(path if WORKFLOW.fullmatch(path) else f"{path}/**" for path in found), *rest)


def kinds_of(environ: Mapping[str, str]) -> Iterator[str]:
    """Give globs of what is imported from the repository itself: kinds of check by others, which judge."""
    root = _plain(environ.get("GITHUB_WORKSPACE", "/"))
    for line in map(str.strip, environ.get("INPUT_PYTHON_PATH", "").splitlines()):
        place = relpath(_plain(join(root, _plain(line))), root)
        if line and place.split("/")[0] != "..":
            yield "**" if place == "." else f"{place}/**"


def _plain(path: str) -> str:
    """Write a path as others are compared with it: also one of Windows, without its drive."""
    return normpath(DRIVE.sub("", path).replace("\\", "/"))


def workflow_of(environ: Mapping[str, str], repository: str) -> tuple[str, ...]:
    """Give the path of the workflow that runs, if it is one of this repository."""
    path = environ.get("GITHUB_WORKFLOW_REF", "").partition("@")[0]
    own = path.startswith(f"{repository}/")
    return (path.removeprefix(f"{repository}/"),) if own else ()


def edits_of(files: Files, globs: Sequence[str]) -> tuple[str, ...]:
    """Name the changed files that run the gate, under their old names too; say so where not all are known."""
    names = [name for file in files.files for name in (file.path, file.previous) if name]
    found = [name for name in names if any(name == glob or matches(glob, name) for glob in globs)]
    return (*dict.fromkeys(found), *([] if files.whole else [UNLISTED]))


def approved_by(reviews: Sequence[Review], approvers: Sequence[str], *, head: str, author: str) -> str | None:
    """Name one of these who approved this very head and did not take it back. Nobody approves an own pull request."""
    allowed = {name.lower() for name in approvers} - {author.lower()}
    last: dict[str, Review] = {}
    for review in reviews:
        if review.state in DECIDING:
            last[review.author.lower()] = review
    return next(
        (
            review.author
            for name, review in last.items()
            if name in allowed and review.state is ReviewState.APPROVED and review.sha == head
        ),
        None,
    )


def moved(hub: Hub, before: Snapshot) -> str | None:
    """Say what the base branch says otherwise than when its config was read; None when it still says the same."""
    head = hub.branch_head(before.branch)
    if head == before.sha:
        return None
    now = _Reader(hub, head)
    return differing(before, Snapshot(branch=before.branch, sha=head, texts={p: now.text(p) for p in before.texts}))


def differing(before: Snapshot, now: Snapshot) -> str | None:
    """Compare two readings of a branch."""
    other = sorted(path for path in {*before.texts, *now.texts} if before.texts.get(path) != now.texts.get(path))
    if not other and before.branch == now.branch:
        return None
    return f"{before.branch} moved to {now.sha[:12]}, which has another {', '.join(other)}: run the gate again"
