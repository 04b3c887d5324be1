"""One check as a config says it and the urls of its targets in, one sample of it out: for the tests of kinds."""

import asyncio
import json
import os
import textwrap
import time

from msgspec import Struct

from releasegate.checks.catalogue import kind
from releasegate.config.load import load
from releasegate.config.model import Config
from releasegate.errors import UsageError
from releasegate.identities import IdentityBook
from releasegate.model import Sample
from releasegate.plan import PlannedCheck, build
from releasegate.sample import World, take, witness
from releasegate.wire.live import LiveWire

NAME = "trial"


class Trial(Struct, frozen=True, kw_only=True):
    """A sample and, where it is green, whether it could have been red; `vacuous` names what could not turn it red."""

    sample: Sample
    red_capable: bool | None = None
    vacuous: tuple[str, ...] = ()


def trial(check: str, **urls: str) -> Trial:
    """Take one sample of a check, written as under its name in a config: `dns: {…}`; `urls` are its targets, by name.

    Raises ConfigError for what would be no config; a bug of the kind passes through. The environment is not read.
    """
    targets = {name: {"url": url} for name, url in urls.items()}
    head = f"version: 1\ntargets: {json.dumps(targets)}\nsuites:\n  {NAME}:\n    checks:\n      {NAME}:\n"
    config = load(head + textwrap.indent(check, " " * 8), {}, file=f"{NAME}.yml")
    planned = build(config, kind).checks
    if len(planned) != 1:
        raise UsageError(f"a trial is of one check, and this makes {len(planned)}; leave its for: out")
    if planned[0].later:
        raise UsageError(f"there is nothing to try: {planned[0].later}")
    return asyncio.run(_try(config, planned[0]))


async def _try(config: Config, check: PlannedCheck) -> Trial:
    wire = LiveWire(environ={}, clock=time.monotonic)
    book = IdentityBook(config.identities, config.targets, wire, epoch=time.time, on_secret=_forget, nonce=_nonce)
    world = World(
        targets=config.targets,
        wire=wire,
        credentials=book,
        clock=time.monotonic,
        wall=lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        sleep=asyncio.sleep,
        nonce=_nonce,
    )
    try:
        taken = await take(check.kind, check.decl.spec, check.values, world)
    finally:
        await wire.aclose()
    if not taken.sample.met:
        return Trial(sample=taken.sample)
    capable, vacuous = witness(check.kind, check.decl.spec, taken)
    return Trial(sample=taken.sample, red_capable=capable, vacuous=vacuous)


def _nonce() -> str:
    return os.urandom(16).hex()


def _forget(_secret: str) -> None:
    """Keep no secret: a trial writes no report."""
