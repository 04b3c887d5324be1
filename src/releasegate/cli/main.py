"""Arguments in, an exit code out. Each command lives in a module of its own, loaded when it is called."""

import gc
import importlib
import io
import os
import sys
from contextlib import suppress
from typing import Any, NoReturn

import click

from releasegate import __version__
from releasegate.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_USAGE, GateError, UnusableKindError

GARBAGE = (200_000, 20, 100)
COMPLETING = "_RELEASEGATE_COMPLETE"
"""By this variable a shell asks what could stand next on its command line."""
COMMANDS = {
    "init": "Write a first config and a workflow.",
    "validate": "Read the config and say everything that is wrong with it. Offline.",
    "plan": "Say what a run would do: checks, samples, requests that write.",
    "run": "Run the gate against staging and give the verdict.",
    "gate": "Say on GitHub that a run began, run the gate, and publish its verdict.",
    "publish": "Publish on GitHub what an evidence file says.",
    "finalize": "End on GitHub a pending status that a killed run left.",
    "waive": "Let the red head of one pull request pass, in public.",
    "doctor": "Say whether the gate really blocks, and who could turn it green.",
    "judge": "Give the verdict again, from an evidence file alone.",
    "policy": "Print the sampling tables and what they catch, computed exactly.",
    "schema": "Print the JSON Schema of the config, for editors.",
    "demo": "See the gate work on an embedded staging, healthy or with faults.",
    "completion": "Print the completion script for your shell.",
}


class LateGroup(click.Group):
    """A group that knows its commands' names and loads the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"releasegate.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from releasegate.config.shape import did_you_mean

            ctx.fail(f'there is no command "{args[0]}"; {did_you_mean(args[0], COMMANDS)}')
        return super().resolve_command(ctx, args)


@click.group(cls=LateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="releasegate")
def cli() -> None:
    """Answer whether a commit may be merged, judging by what it does on staging.

    \b
    releasegate init       writes a config of 12 lines to begin with
    releasegate validate   says what is wrong with it
    releasegate run        samples staging until the evidence decides
    releasegate demo       shows all of it, with nothing to set up

    \b
    Exit codes: 0 may merge (STABLE, DEGRADED) · 1 a bug of the gate · 2 usage or config
                10 UNSTABLE · 11 INCONCLUSIVE · 12 decided, not told · 130 interrupted
    """


def entry() -> None:
    """Be the process: what is long-lived is soon all there is, so that looking for garbage costs more than it frees."""
    gc.set_threshold(*GARBAGE)
    for name in ("stdout", "stderr"):  # None when they were closed
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123 - for the life of the process
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except SystemExit as done:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        if isinstance(done.code, int):
            os._exit(done.code)  # all is written: taking an interpreter apart costs as much as a tenth of its start
        raise


def main(arguments: list[str] | None = None) -> None:
    """Run a command and leave with its exit code; what goes wrong is said on stderr, and as JSON where asked."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if instruction := os.environ.get(COMPLETING):
        _complete(instruction)
    try:
        code = cli.main(args=arguments, prog_name="releasegate", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as wrong:
        told = io.StringIO()
        wrong.show(told)
        _say(told.getvalue())  # it quotes arguments, which an event may have given
        _say_json(arguments, {"error": wrong.format_message(), "exit_code": wrong.exit_code})
        sys.exit(wrong.exit_code)
    except GateError as refusal:
        if _blamed(refusal) and not isinstance(refusal, UnusableKindError):
            _end_as_bug(refusal, arguments)
        _say(f"releasegate: {refusal}")
        _say_json(arguments, {"error": str(refusal), "exit_code": refusal.exit_code})
        sys.exit(refusal.exit_code)
    except SystemExit as left:
        if left.code == EXIT_INTERRUPTED and not _blamed(left):
            raise
        _end_as_bug(left, arguments)  # nobody else decides how the gate ends: an exit is no verdict
    except Exception as bug:  # noqa: BLE001 - the one place where a bug of ours becomes its exit code
        _end_as_bug(bug, arguments)
    sys.exit(code if isinstance(code, int) else 0)


def _complete(instruction: str) -> NoReturn:
    """Answer the shell, which reads no exit code: it is no green one, or the variable would turn a job green."""
    from click.shell_completion import shell_complete

    with suppress(OSError, ValueError, KeyError):  # of a command line that no shell would ask about
        shell_complete(cli, {}, "releasegate", COMPLETING, instruction)
    sys.exit(EXIT_USAGE)


def _end_as_bug(bug: BaseException, arguments: list[str]) -> NoReturn:
    package = _blamed(bug)
    _show_bug(bug, package)
    owner = f"a kind of {package}" if package else "releasegate"
    _say_json(arguments, {"error": f"a bug of {owner}: {type(bug).__name__}", "exit_code": EXIT_BUG})
    sys.exit(EXIT_BUG)


def _blamed(bug: BaseException) -> str | None:
    """Give the package in whose kind a bug is; None when it is ours."""
    guests = sys.modules.get("releasegate.checks.guest")  # not loaded while no such kind is asked
    return guests.blamed(bug) if guests is not None else None


def _say(text: str) -> None:
    """Say something on stderr, if it can be written: the exit code says it anyway. No line of it commands a runner."""
    from releasegate.foreign import for_log

    with suppress(OSError):
        click.echo("\n".join(map(for_log, text.splitlines())), err=True)


def _say_json(arguments: list[str], answer: dict[str, Any]) -> None:
    if "--json" in arguments:
        from releasegate.cli.show import in_json

        with suppress(OSError):
            click.echo(in_json(answer))


def _show_bug(bug: BaseException, package: str | None) -> None:
    """Show where a bug is without its message or values: they may hold what staging said, or a secret."""
    import traceback

    owner = f"a kind of {package}" if package else "the gate"
    _say(f"releasegate {__version__}: a bug of {owner}, not of staging: {type(bug).__name__}")
    for frame in traceback.extract_tb(bug.__traceback__)[-8:]:
        _say(f"  {frame.filename}:{frame.lineno} in {frame.name}")
    _say(f"No verdict was given. Please report it{' to its authors' if package else ''} with the lines above.")
