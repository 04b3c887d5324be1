"""`releasegate schema`: JSON Schemas, generated from the code that reads and writes."""

import json

import click

from releasegate.cli.show import show


@click.command("schema")
@click.option("--evidence", is_flag=True, help="The schema of evidence.json instead of the config's.")
def command(*, evidence: bool) -> int:
    """Print the JSON Schema of the config, for editors.

    \b
    releasegate schema > releasegate.schema.json
    # then, in the first line of releasegate.yml:
    # yaml-language-server: $schema=releasegate.schema.json
    """
    if evidence:
        from releasegate.evidence.file import json_schema
    else:
        from releasegate.config.schema import json_schema
    show(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return 0
