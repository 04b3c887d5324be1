"""Nothing in, the path of the config that the demo runs out."""

from pathlib import Path


def path() -> Path:
    """Give the path of the config; it needs the environment that a Staging gives."""
    return Path(__file__).with_name("releasegate.yml")
