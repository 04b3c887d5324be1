"""`python -m releasegate`."""

from releasegate.cli.main import main

main()
