"""`python -m releasegate`."""

from releasegate.cli.main import entry

entry()
