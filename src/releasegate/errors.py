"""The few ways in which the gate refuses to go on, each with an exit code and advice."""

from releasegate.model import Contact, Phase, Trouble

EXIT_MERGE = 0
EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_UNSTABLE = 10
EXIT_INCONCLUSIVE = 11
EXIT_NOT_PUBLISHED = 12
EXIT_INTERRUPTED = 130


class GateError(Exception):
    """A refusal with an exit code; the message ends in advice."""

    exit_code = EXIT_USAGE


class UsageError(GateError):
    """The command was asked for something that it cannot do."""


class UnknownKindError(KeyError):
    """No kind has this name: neither the gate nor an installed package brings it."""


class UnusableKindError(GateError):
    """A kind that an installed package brings and that cannot be used; the message names the package."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message}; {hint}")
        self.message = message
        self.hint = hint


class NotPublishedError(GateError):
    """What was decided could not be told."""

    exit_code = EXIT_NOT_PUBLISHED


class UndecidedError(GateError):
    """What is needed to judge is not given to who asks."""

    exit_code = EXIT_INCONCLUSIVE


class EvidenceError(GateError):
    """An evidence file that cannot be read, or that contradicts itself."""

    exit_code = EXIT_INCONCLUSIVE


class CouldNotLook(Exception):  # noqa: N818 - it is not an error of ours: the world did not let us look
    """Raised by the wire and by kinds when the world does not answer; becomes a sample of outcome `trouble`.

    `phases` and `contact` are what was measured before it happened. `reused`: the connection had carried a request
    before, so it may have been closed for lying idle.
    """

    def __init__(
        self, trouble: Trouble, phases: tuple[Phase, ...] = (), contact: Contact | None = None, *, reused: bool = False
    ) -> None:
        super().__init__(f"{trouble.reason} in {trouble.phase}: {trouble.message}")
        self.trouble = trouble
        self.phases = phases
        self.contact = contact
        self.reused = reused
