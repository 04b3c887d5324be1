"""`releasegate plan`: what a run would do."""

import click
from msgspec import to_builtins

from releasegate.changes.impact import HARMLESS, Impact
from releasegate.changes.impact import told as told_of_change
from releasegate.checks.catalogue import kind
from releasegate.cli.changes import changed_files_option, read_changes
from releasegate.cli.files import config_option, environment, json_option, read_config
from releasegate.cli.show import in_json, show
from releasegate.foreign import for_terminal
from releasegate.plan import Plan, build
from releasegate.report.words import plural


@click.command("plan")
@config_option
@click.option("--suite", "suites", multiple=True, metavar="NAME", help="Only this suite. May be repeated.")
@click.option("--check", "checks", multiple=True, metavar="ID", help="Only this check. May be repeated.")
@changed_files_option
@json_option
def command(
    config_path: str | None,
    suites: tuple[str, ...],
    checks: tuple[str, ...],
    changed_files: str | None,
    *,
    as_json: bool,
) -> int:
    """Say what a run would do: which checks, how often each, and how much it writes. Offline.

    \b
    releasegate plan
    releasegate plan --suite pipeline --json
    releasegate plan --changed-files changes.txt
    """
    environ = environment()
    config = read_config(config_path, environ, lenient_env=True)
    impact = read_changes(changed_files, config)
    event = environ.get("GITHUB_EVENT_NAME")
    plan = build(config, kind, suites=suites, checks=checks, event=event, changes=impact)
    show(in_json(_answer(plan)) if as_json else _text(plan))
    return 0


def _answer(plan: Plan) -> dict[str, object]:
    rows = [
        {
            "id": check.id,
            "kind": check.kind.name,
            "profile": check.profile,
            "samples": check.samples,
            "writes": check.writes,
            "critical": check.decl.critical,
            "targets": list(check.targets),
            "later": check.later,
            "package": getattr(check.kind, "package", None),
            "brought_in": check.brought_in,
        }
        for check in plan.checks
    ]
    return {
        "checks": rows,
        "samples": plan.samples,
        "writes": plan.writes,
        "read": [check.id for check in plan.beside],
        "left_out": [{"id": left.id, "reason": left.reason} for left in plan.left_out],
        "changes": to_builtins(plan.changes),
        "partial": plan.partial,
    }


def _text(plan: Plan) -> str:
    width = max(len(check.id) for check in plan.checks)
    lines = [f"{'check':<{width}}  kind       profile   samples  writes  targets"]
    for check in plan.checks:
        notes = ["critical"] * check.decl.critical + ["advisory"] * check.decl.advisory
        notes += [f"not judged yet: {check.later}"] if check.later else []
        notes += [f"by {package}"] if (package := getattr(check.kind, "package", None)) else []
        notes += [f"brought in: {check.brought_in}"] if check.brought_in else []
        lines.append(
            f"{check.id:<{width}}  {check.kind.name:<9}  {check.profile:<8}  {check.samples:>7}  {check.writes:>6}"
            f"  {' '.join(check.targets)}" + (f"  ({', '.join(notes)})" if notes else "")
        )
    read = {check.id for check in plan.beside}
    lines += [
        f"left out: {left.id}: {left.reason}" + ("; read when a check fails that names it" * (left.id in read))
        for left in plan.left_out
    ]
    if plan.changes:
        lines.append(for_terminal(_change(plan, plan.changes)))
    told = f"{plural(plan.samples, 'sample')}, {plural(plan.writes, 'writing request')}"
    lines.append(f"{plural(len(plan.checks), 'check')}; if all are healthy {told}")
    return "\n".join(lines)


def _change(plan: Plan, impact: Impact) -> str:
    idle = sum(left.reason.startswith(HARMLESS) for left in plan.left_out)
    return told_of_change(impact, ran=len(plan.checks), left_out=idle, partial=plan.partial)
