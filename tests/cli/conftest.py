import json

import pytest

from releasegate.cli.main import main


class Said:
    """What a command left behind: its exit code, stdout and stderr."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        (line,) = self.out.strip().splitlines()
        return json.loads(line)


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """Run a command in an empty directory, outside of any runner."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "GITHUB_ACTIONS",
        "GITHUB_EVENT_NAME",
        "GITHUB_EVENT_PATH",
        "GITHUB_REPOSITORY",
        "GITHUB_SHA",
        "RELEASEGATE_SHA",
    ):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Said(left.value.code, said.out, said.err)

    return run
