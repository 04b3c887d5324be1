"""`releasegate validate`: everything that is wrong with a config, offline."""

from pathlib import Path

import click

from releasegate.checks.catalogue import shadowed
from releasegate.cli.files import config_option, environment, json_option, read_config
from releasegate.cli.show import in_json, show
from releasegate.config.load import ConfigError
from releasegate.config.model import Config
from releasegate.config.node import Problem
from releasegate.errors import EXIT_USAGE, UsageError
from releasegate.foreign import for_log
from releasegate.report.words import plural


@click.command("validate")
@config_option
@click.option("--env/--no-env", "needs_env", default=False, help="Also demand that every ${NAME} is set.")
@json_option
def command(config_path: str | None, *, needs_env: bool, as_json: bool) -> int:
    """Read the config and say everything that is wrong with it.

    Nothing is contacted, and no ${NAME} needs to be set unless --env is given.

    \b
    releasegate validate
    releasegate validate -c gate/releasegate.yml --json
    """
    config: Config | None = None
    problems: tuple[Problem, ...] = ()
    try:
        config = read_config(config_path, environment(), lenient_env=not needs_env)
    except ConfigError as wrong:
        problems = wrong.problems
    except UsageError as missing:
        if not as_json:
            raise
        problems = (Problem(config_path or "", 0, 0, str(missing)),)
    if as_json:
        show(in_json(_answer(config, problems)))
    else:
        _show(config, problems)
    return 0 if config else EXIT_USAGE


def _answer(config: Config | None, problems: tuple[Problem, ...]) -> dict[str, object]:
    errors = [
        {"file": p.file, "line": p.line, "column": p.column, "message": p.message, "hint": p.hint} for p in problems
    ]
    return {
        "valid": config is not None,
        "errors": errors,
        "warnings": _warnings(config) if config else [],
        "later": [{"part": name, "reason": reason} for name, reason in config.later] if config else [],
    }


def _warnings(config: Config) -> list[str]:
    """Give what the config itself warns of, and what is not there beside it."""
    targets = config.targets.values()
    out = [*config.warnings]
    out += [f"the ca of {t.name} is not there: {t.ca}" for t in targets if t.ca and not Path(t.ca).is_file()]
    if not any(target.revision for target in targets):
        out.append("no target declares a revision: the gate cannot tell which commit staging runs")
    out += [f"the kind {name} of {package} is never used: the gate has its own" for name, package in shadowed()]
    return out


def _show(config: Config | None, problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        show(str(problem))
    if config is None:
        click.echo(plural(len(problems), "error"), err=True)
        return
    for warning in _warnings(config):
        show(for_log(f"warning: {warning}"))
    for name, reason in config.later:
        show(for_log(f"not judged yet: {name}: {reason}"))
    checks = sum(len(suite.checks) for suite in config.suites)
    gate = config.gate + " (advisory: it blocks nothing)" * (config.mode == "advisory")
    show(f"valid: gate {gate}, {plural(len(config.suites), 'suite')}, {plural(checks, 'check')} declared")
