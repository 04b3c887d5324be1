"""Builders of config texts, and of the problems that they bring."""

import textwrap

from releasegate.config.load import ConfigError, load

ENVIRON = {"STAGING": "https://staging.example.com"}
TARGETS = """\
targets:
  api: {url: "https://api.example.com"}
  auth: {url: "https://auth.example.com"}
"""
CHECK = """\
suites:
  smoke:
    checks:
      health:
        http: {get: "api:/health", expect: {status: 200}}
"""
HEALTH = 'http: {get: "api:/health", expect: {status: 200}}'


def gate(*parts, targets=TARGETS, checks=CHECK):
    return "\n".join(["version: 1", targets, *(textwrap.dedent(part) for part in parts), checks])


def with_check(body, *parts, name="health"):
    return gate(
        *parts,
        checks=f"suites:\n  smoke:\n    checks:\n      {name}:\n{textwrap.indent(textwrap.dedent(body), ' ' * 8)}",
    )


def loaded(text, environ=ENVIRON, **more):
    return load(text, environ, file="gate.yml", **more)


def problems(text, environ=ENVIRON, **more):
    """Load what must not load, and give its problems."""
    try:
        loaded(text, environ, **more)
    except ConfigError as error:
        return error.problems
    raise AssertionError("this should not have loaded")


def the_problem(text, environ=ENVIRON, **more):
    found = problems(text, environ, **more)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]
