"""`releasegate completion`: the script that completes commands and options in a shell."""

import click
from click.shell_completion import get_completion_class

from releasegate.cli.main import COMPLETING
from releasegate.cli.show import show


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the completion script for your shell.

    \b
    releasegate completion bash >> ~/.bashrc
    releasegate completion zsh > "${fpath[1]}/_releasegate"
    releasegate completion fish > ~/.config/fish/completions/releasegate.fish
    """
    completion = get_completion_class(shell)
    assert completion is not None  # noqa: S101 - the choice above names click's own
    root = ctx.find_root().command
    show(completion(root, {}, "releasegate", COMPLETING).source())
    return 0
