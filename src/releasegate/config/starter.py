"""What can be found out in, a first config and a first workflow out."""

CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"
UPLOAD = "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2"
SETUP_PYTHON = "actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c # v6.0.0"

CONFIG = """\
version: 1
gate: staging
targets:
  api:
    url: {url}
    revision: {{get: /health, at: $.revision, wait: 10m}}
suites:
  smoke:
    checks:
      health:
        critical: true
        http: {{get: "api:/health", expect: {{status: 200, json: {{$.status: healthy}}}}}}
"""

WORKFLOW = """\
name: release gate
on: [pull_request, workflow_dispatch]
permissions:
  contents: read
jobs:
  gate:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: {checkout}
        with:
          persist-credentials: false
      - uses: {setup_python}
        with:
          python-version: "3.12"
      - run: python -m pip install releasegate
      - run: releasegate run --sha "$SHA" --markdown "$GITHUB_STEP_SUMMARY"
        env:
          SHA: ${{{{ github.event.pull_request.head.sha || github.sha }}}}
{env}      - uses: {upload}
        if: always()
        with:
          name: releasegate-evidence
          path: .releasegate/
          include-hidden-files: true
          if-no-files-found: warn
"""

ENV = "          STAGING_URL: ${{ vars.STAGING_URL }}\n"


def starter_config(url: str | None = None) -> str:
    """Give a config of 12 lines: a target, its revision, one check. Without a url it comes from STAGING_URL."""
    return CONFIG.format(url=_quoted(url) if url else "${STAGING_URL}")


def starter_workflow(url: str | None = None) -> str:
    """Give a workflow that runs the gate on pull requests, with the least permissions that do."""
    return WORKFLOW.format(checkout=CHECKOUT, setup_python=SETUP_PYTHON, upload=UPLOAD, env="" if url else ENV)


def _quoted(url: str) -> str:
    """Write a url so that YAML and the config read it as it is."""
    escaped = url.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${")
    return f'"{escaped}"'
