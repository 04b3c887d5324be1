"""One sample of an `mcp` check, over the real wire."""

import asyncio
import json

from catalogue_rules import sampled

from releasegate.checks import catalogue
from releasegate.config.load import ConfigError, load
from releasegate.plan import build
from releasegate.sample import witness

HEAD = "version: 1\ntargets: {api: {url: %s, max_body: 256KiB}}\nidentities: {gate-user: {bearer: a-made-up-token}}\n"


def config(check, url="http://127.0.0.1:9"):
    return load(f"{HEAD % url}suites: {{s: {{checks: {{c: {{mcp: {json.dumps(check)}}}}}}}}}", {}, file="gate.yml")


def problems(check):
    """Give what is wrong with a check, as one text."""
    try:
        config(check)
    except ConfigError as wrong:
        return "\n".join(f"{problem.message} ({problem.hint})" for problem in wrong.problems)
    return ""


def take(check, url):
    """Give what was taken, with the kind and its spec."""
    one = config(check, url)
    planned = build(one, catalogue.kind).checks[0]
    return planned.kind, planned.decl.spec, asyncio.run(sampled(planned.kind, planned.decl.spec, {}, one.targets))


def sample(check, url):
    return take(check, url)[2].sample


def survivors(check, url):
    """Name what could not have turned a green sample red."""
    kind, spec, taken = take(check, url)
    assert taken.sample.met, unmet(taken.sample)
    return witness(kind, spec, taken)[1]


def unmet(one):
    return [e.text for e in one.expectations if not e.met] or one.trouble
