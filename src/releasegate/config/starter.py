"""What can be found out in, a first config and a first workflow out."""

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
# The gate on every pull request, in the merge queue, and by hand. The deployment to staging is somebody else's: the
# config waits for the commit to arrive there (`revision: {wait: 10m}`).
name: release gate
on:
  pull_request:
  merge_group:
  workflow_dispatch:
    inputs:
      pr:
        description: The number of a pull request, whose head is judged
        type: string
      sha:
        description: Or the whole id of a commit
        type: string
permissions: {}
concurrency:
  group: release-gate-${{ github.ref }}-${{ inputs.pr || inputs.sha }}
  cancel-in-progress: true
jobs:
  gate:
    name: staging judged
    permissions:
      contents: read # the config
      statuses: write # the verdict, which a branch requires
      pull-requests: write # the comment that explains it
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with:
          persist-credentials: false
      - id: gate
        uses: OWNER/releasegate@0000000000000000000000000000000000000000 # put here the commit that you read
        env:
          STAGING_URL: ${{ vars.STAGING_URL }}
      - if: always() && steps.gate.outputs.evidence-path != ''
        uses: actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2
        with:
          name: releasegate-evidence-${{ github.run_attempt }}
          path: ${{ steps.gate.outputs.evidence-path }}
          if-no-files-found: ignore
"""

ENV = """\
        env:
          STAGING_URL: ${{ vars.STAGING_URL }}
"""


def starter_config(url: str | None = None) -> str:
    """Give a config of 12 lines: a target, its revision, one check. Without a url it comes from STAGING_URL."""
    return CONFIG.format(url=_quoted(url) if url else "${STAGING_URL}")


def starter_workflow(url: str | None = None) -> str:
    """Give the model of docs/workflows that judges pull requests, with the least permissions that do."""
    return WORKFLOW.replace(ENV, "") if url else WORKFLOW


def _quoted(url: str) -> str:
    """Write a url so that YAML and the config read it as it is."""
    escaped = url.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${")
    return f'"{escaped}"'
