"""The client that a kind speaks through in; a problem at its place in the config, if it is not installed, out."""

from importlib import import_module
from importlib.util import find_spec

from releasegate.config.node import Node
from releasegate.config.shape import Reading


def demand_client(node: Node, ctx: Reading, *, kind: str, module: str) -> None:
    """Report a client that is not there, as a warning to who only looks at a config; the kind's extra brings it.

    Before a run it is imported here: later it would hold the loop up in the middle of other checks' samples.
    """
    package = module.partition(".")[0]
    try:
        there = find_spec(package) is not None
        if there and not ctx.lenient:
            import_module(module)
    except ImportError:  # it is there, and a part of it is not
        there = False
    if not there:
        message = f"a check of kind {kind} needs {package}, which is not installed"
        hint = f"pip install '.[{kind}]' in a checkout of releasegate; with the action, extras: {kind}"
        ctx.report(node, message, hint, warning=ctx.lenient)
