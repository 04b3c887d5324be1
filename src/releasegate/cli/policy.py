"""`releasegate policy`: the sampling tables and their exact characteristic."""

import json

import click

from releasegate.cli.files import json_option
from releasegate.cli.show import show
from releasegate.sampling import PROFILES, Profile
from releasegate.stats.characteristic import characteristic

RATES = (0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)


@click.command("policy")
@click.option("--profile", "names", multiple=True, type=click.Choice(list(PROFILES)), help="Only this profile.")
@json_option
def command(names: tuple[str, ...], *, as_json: bool) -> int:
    """Print the sampling tables and what they catch.

    The characteristic is computed exactly, for a check that fails at each rate, if its samples are independent.

    \b
    releasegate policy
    releasegate policy --profile lean --json
    """
    profiles = [PROFILES[name] for name in names or PROFILES]
    show(json.dumps({"profiles": {p.name: _answer(p) for p in profiles}}) if as_json else _text(profiles))
    return 0


def _answer(profile: Profile) -> dict[str, object]:
    rows = []
    for rate in RATES:
        at = characteristic(profile, rate)
        rows.append(
            {
                "failure_rate": rate,
                "passed": at.passed,
                "failed": at.failed,
                "unproven": at.unproven,
                "mean_samples": at.mean_samples,
            }
        )
    return {
        "pass_at": list(profile.passes_needed),
        "failed_at": {str(k): most for k, most in profile.broken_at.items()},
        "characteristic": rows,
    }


def _text(profiles: list[Profile]) -> str:
    lines: list[str] = []
    for profile in profiles:
        needed = ", ".join(map(str, profile.passes_needed))
        broken = ", ".join(f"failure {k} with at most {most} passes" for k, most in profile.broken_at.items())
        lines += [
            f"{profile.name}: passes needed after 0, 1, 2 … failures: {needed}; FAILED at {broken}",
            "  fails     passed      failed    unproven   mean samples",
        ]
        for rate in RATES:
            at = characteristic(profile, rate)
            lines.append(
                f"  {rate:>5.1%}  {at.passed:>9.5%}  {at.failed:>9.5%}  {at.unproven:>9.5%}  {at.mean_samples:>8.2f}"
            )
        lines.append("")
    return (
        "\n".join(lines)
        + "Computed for independent samples; a fault that lasts longer than the run counts as one sample."
    )
