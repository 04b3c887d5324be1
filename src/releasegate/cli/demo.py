"""`releasegate demo`: the gate at work on an embedded staging."""

import json
import signal
import time
from typing import Any

import click

from releasegate.cli.demo_hub import seen, stand_in
from releasegate.cli.execute import DEFAULT_EVIDENCE, Asked, perform, report
from releasegate.cli.files import environment, json_option, read_text
from releasegate.cli.outputs import Outputs
from releasegate.cli.show import show
from releasegate.cli.telling import Wanted, tell
from releasegate.config.load import load
from releasegate.config.model import Config
from releasegate.demo import gate
from releasegate.demo.faults import FAULTS, LATER
from releasegate.demo.serve import VARIABLES, Staging
from releasegate.demo.stores import POSTGRES, REDIS
from releasegate.errors import UsageError
from releasegate.github.intents import CANCELLED, CommentMode, FailOn

POLL_S = 0.2
NOWHERE = {REDIS: "redis://cache.invalid:6379/0", POSTGRES: "postgres://database.invalid/app"}


def _list_faults(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        width = max(map(len, FAULTS))
        show("\n".join(f"{name:<{width}}  {says}" for name, says in FAULTS.items()))
        ctx.exit(0)


@click.command("demo")
@click.option(
    "--fault", "faults", multiple=True, metavar="NAME", help="Switch a fault on. May be repeated.",
    shell_complete=lambda _ctx, _param, typed: [name for name in FAULTS if name.startswith(typed)],
)  # fmt: skip
@click.option(
    "--faults", "list_faults", is_flag=True, is_eager=True, expose_value=False, callback=_list_faults,
    help="List the faults.",
)  # fmt: skip
@click.option("--serve", is_flag=True, help="Keep the staging up and print the environment that a config needs.")
@click.option(
    "--port", type=click.IntRange(0, 65000), default=0, help="First of six ports in a row.  [default: free ones]"
)
@click.option(
    "--evidence", default=DEFAULT_EVIDENCE, show_default=True, metavar="FILE", help="Where the evidence goes."
)
@click.option("--markdown", metavar="FILE", help="Also write the report as Markdown.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, only the report.")
@json_option
def command(
    faults: tuple[str, ...], *, serve: bool, port: int, evidence: str, markdown: str | None, **asked: Any
) -> int:
    """See the gate work on an embedded staging, healthy or with faults.

    \b
    releasegate demo
    releasegate demo --fault ws-timeout
    releasegate demo --serve --port 8100
    """
    _demand_known(faults)
    outputs = Outputs(evidence=evidence, markdown=markdown)
    if not serve:
        outputs.prepare()
    with Staging(faults, port=port) as staging:
        if serve:
            _serve(staging, as_json=asked["as_json"])
            return 0
        path = gate.path()
        config = load(read_text(path), {**_nowhere(staging), **staging.environ}, file=str(path))
        if staging.missing:
            click.echo(f"{gate.OF_THE_STORES} is left out: {'; '.join(staging.missing.values())}", err=True)
            config, asked["suites"] = gate.without_stores(config)
        asked["directory"] = staging.directory
        return _judge(config, Asked(outputs=outputs, sha=staging.revision, run_id="1", run_attempt="1", **asked))


def _judge(config: Config, asked: Asked) -> int:
    """Run the gate as `releasegate gate` does: told on GitHub's stand-in, which is shown in the end."""
    environ = {**environment(), **_direct()}
    with stand_in(asked.sha or "", config.gate, _direct()) as (desk, hub):
        desk.begin(
            config.gate, config.mode, partial=bool(asked.suites or asked.checks), deadline_s=config.policy.deadline_s
        )
        evidence = perform(config, asked, environ)
        if evidence.run.interrupted:
            desk.close(CANCELLED)
            report(evidence, asked, environ)
            return evidence.verdict.exit_code
        report(evidence, asked, environ)
        told, path = desk.learn(), asked.outputs.evidence
        wanted = Wanted(comment=CommentMode.ALWAYS, check_run=False, fail_on=FailOn.BLOCKED)
        code = tell(evidence, told, desk, {}, path, wanted=wanted)
        if not asked.as_json:
            show(seen(hub))
        return code


def _nowhere(staging: Staging) -> dict[str, str]:
    """Give what stands for the urls of the stores that are missing: no such host exists."""
    return {VARIABLES[name]: NOWHERE[name] for name in staging.missing}


def _direct() -> dict[str, str]:
    """Give what keeps a proxy from standing before the embedded staging: it is on this machine."""
    return {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}


def _demand_known(faults: tuple[str, ...]) -> None:
    from releasegate.config.shape import did_you_mean

    for name in faults:
        if name in LATER:
            raise UsageError(f'the fault "{name}" cannot be shown yet: {LATER[name]}')
        if name not in FAULTS:
            raise UsageError(f'there is no fault "{name}"; {did_you_mean(name, FAULTS)}; list them: --faults')


def _serve(staging: Staging, *, as_json: bool) -> None:
    """Print the environment and wait for a signal. Raises UsageError when the staging ends by itself."""
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):  # before anything is said: who hears it may stop us at once
        signal.signal(number, lambda got, _frame: stopped.append(got))
    environ = {**_nowhere(staging), **staging.environ, "RELEASEGATE_SHA": staging.revision}
    for why in staging.missing.values():
        click.echo(f"# {why}", err=True)
    if as_json:
        show(json.dumps({"environment": environ, "missing": staging.missing}))
    else:
        show("\n".join(f"export {name}='{value}'" for name, value in environ.items()))
    click.echo("# up; stop with Ctrl-C", err=True)
    while not stopped:
        time.sleep(POLL_S)
        if not stopped and not staging.alive:
            raise UsageError("the embedded staging ended by itself; what it said stands above, if it said anything")
