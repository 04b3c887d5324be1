"""`releasegate judge`: the verdict again, from the evidence alone."""

from pathlib import Path

import click

from releasegate.cli.execute import tell
from releasegate.cli.files import environment, json_option
from releasegate.evidence.file import read
from releasegate.evidence.rejudge import rejudge


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
    tell(evidence, file, environment(), as_json=as_json)
    return verdict.exit_code
