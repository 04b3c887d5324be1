"""`releasegate judge`: the verdict again, from the evidence alone."""

import sys
from pathlib import Path

import click

from releasegate.cli.execute import to_json
from releasegate.cli.files import coloured, environment, json_option
from releasegate.cli.show import show
from releasegate.evidence.file import read
from releasegate.evidence.rejudge import rejudge
from releasegate.report import console


@click.command("judge")
@click.argument("file", metavar="FILE")
@json_option
def command(file: str, *, as_json: bool) -> int:
    """Give the verdict again, from an evidence file alone.

    Outcomes, labels, rules and verdict are derived anew from what was found; where the file says otherwise,
    it is refused.

    \b
    releasegate judge .releasegate/evidence.json
    """
    evidence = read(Path(file))
    verdict = rejudge(evidence)
    if as_json:
        show(to_json(evidence, file))
    else:
        colour = coloured(environment(), terminal=sys.stdout.isatty())
        show(console.render(evidence, colour=colour, width=100), color=colour)
    return verdict.exit_code
