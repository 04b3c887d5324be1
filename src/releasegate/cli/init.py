"""`releasegate init`: a first config and a workflow, asking nothing that can be found out."""

from pathlib import Path

import click

from releasegate.cli.show import show
from releasegate.config.load import ConfigError, load
from releasegate.config.starter import starter_config, starter_workflow
from releasegate.errors import UsageError

CONFIG = "releasegate.yml"
WORKFLOW = ".github/workflows/release-gate.yml"


@click.command("init")
@click.option("--url", metavar="URL", help="Where staging answers; ${STAGING_URL} if left out.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
def command(url: str | None, *, force: bool) -> int:
    """Write a first config (12 lines) and a workflow.

    \b
    releasegate init
    releasegate init --url https://staging.example.com
    """
    try:
        load(starter_config(url), {}, file=CONFIG, lenient_env=True)
    except ConfigError as wrong:
        raise UsageError(f"--url {url}: {wrong.problems[0].message}") from wrong
    files = {CONFIG: starter_config(url), WORKFLOW: starter_workflow(url)}
    there = [name for name in files if Path(name).exists()]
    if there and not force:
        raise UsageError(f"{' and '.join(there)} exist already; nothing was written (--force overwrites)")
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
        show(f"wrote {name}")
    need = "" if url else "set STAGING_URL, then "
    show(f"next: {need}releasegate validate, releasegate plan, releasegate run")
    show(f"then: name the action in {WORKFLOW}, and require the status releasegate/staging")
    return 0
