"""docs/doctor.md names each finding that the code knows, and its workflow is one that lets a job waive."""

import re
from pathlib import Path

import yaml
from docs_examples import codes, page, rows, shown

from releasegate.github import doctor

PAGE = page("doctor.md")
MODEL = Path(__file__).parents[2] / "docs/workflows/waive.yml"


def test_every_finding_has_its_row_and_none_is_invented():
    source = Path(doctor.__file__).read_text(encoding="utf-8")
    known = set(re.findall(r'_(?:ok|warn|bad)\(\s*"([\w ]+)"', source))
    assert {codes(row[0])[0] for row in rows(PAGE[: PAGE.index("### Levels")])} == known


def test_the_workflow_is_a_dispatch_with_no_more_than_it_needs_whose_step_is_shown():
    (shown_step,) = yaml.load(shown(PAGE, "yaml")[0], Loader=yaml.BaseLoader)
    whole = yaml.load(MODEL.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    assert list(whole["on"]) == ["workflow_dispatch"]
    assert set(whole["on"]["workflow_dispatch"]["inputs"]) == {"pr", "reason", "sha"}
    (job,) = whole["jobs"].values()
    assert job["permissions"] == {"contents": "read", "statuses": "write", "pull-requests": "write"}
    assert job["steps"][1]["with"] == shown_step["with"]
