"""Check runs in, what was said about a commit out. Only Apps write them, GITHUB_TOKEN being one."""

from releasegate.demo.hub.call import Call, read
from releasegate.demo.hub.exchange import Json, Refused, Response, malformed, not_found
from releasegate.demo.hub.state import CheckRun
from releasegate.demo.hub.views import api_of, node, show_app, stamp, web_of

STATUSES = ("queued", "in_progress", "completed", "waiting", "requested", "pending")
CONCLUSIONS = ("success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required")
LONGEST_TEXT, LONGEST_TITLE, LONGEST_MESSAGE, MOST_ANNOTATIONS = 65_535, 255, 65_536, 50
"""Characters, characters, bytes of an annotation's message, annotations a request."""
PLAIN = ("started_at", "completed_at", "details_url", "external_id")


def create(call: Call) -> Response:
    if call.token.app is None:
        raise Refused(403, "You must authenticate via a GitHub App.")
    commit = call.repository.commit(call.must("head_sha"))
    if commit is None:
        raise Refused(422, f"No commit found for SHA: {call.must('head_sha')}")
    run = CheckRun(id=call.hub.next_id(), sha=commit.sha, name=call.must("name"), app=call.token.app)
    run.started_at = stamp(call.now)
    _fill(call, run)
    call.repository.check_runs[run.id] = run
    return Response(status=201, payload=show_run(call, run))


def update(call: Call) -> Response:
    run = _found(call)
    if call.token.app is None or call.token.app.id != run.app.id:
        who = call.token.app.id if call.token.app else "none"
        raise Refused(
            403, f"Invalid app_id `{who}` - check run can only be modified by the GitHub App that created it."
        )
    run.name = call.text("name") or run.name
    _fill(call, run)
    return Response(status=200, payload=show_run(call, run))


def show(call: Call) -> Response:
    return Response(status=200, payload=show_run(call, _found(call)))


def listing(call: Call) -> Response:
    """Give the check runs of a commit, the newest first; without filter=all the newest of each name and App."""
    query, sha = call.request.query, call.commit(call.parts["ref"]).sha
    runs = [run for run in call.repository.check_runs.values() if run.sha == sha]
    if query.get("filter", "latest") == "latest":
        runs = list({(run.app.id, run.name): run for run in runs}.values())
    for key, value in (("check_name", "name"), ("status", "status")):
        runs = [run for run in runs if query.get(key) in (None, getattr(run, value))]
    runs = [run for run in runs if query.get("app_id") in (None, str(run.app.id))]
    newest = sorted(runs, key=lambda run: -run.id)
    return call.page(
        newest,
        lambda run: show_run(call, run),
        wrapped=lambda shown, count: {"total_count": count, "check_runs": shown},
    )


def _found(call: Call) -> CheckRun:
    run = call.repository.check_runs.get(call.number("run"))
    if run is None:
        raise not_found()
    return run


def _fill(call: Call, run: CheckRun) -> None:
    """Take over what was said. Raises Refused (422) at GitHub's limits, before anything has changed."""
    status, conclusion = call.text("status"), call.text("conclusion")
    plain = {name: value for name in PLAIN if (value := call.text(name)) is not None}
    if status not in (None, *STATUSES) or conclusion not in (None, *CONCLUSIONS):
        raise malformed(f"{status or conclusion} is not a member of the list of what it may be.")
    if status == "completed" and conclusion is None:
        raise malformed('Missing required key "conclusion".')
    output = read(call.given, "output", dict)
    if output is not None:
        _say(output, run)
    for name, value in plain.items():
        setattr(run, name, value)
    if conclusion is not None:
        run.status, run.conclusion = "completed", conclusion
        run.completed_at = run.completed_at or stamp(call.now)
    elif status is not None:
        run.status, run.conclusion, run.completed_at = status, None, None


def _say(output: Json, run: CheckRun) -> None:
    """Take over the text; what was annotated before stays, and more is added."""
    for name, known in (("summary", None), ("title", run.title)):
        if output.get(name, known) is None:
            raise malformed(f'Missing required key "{name}".')
    annotations = read(output, "annotations", list) or []
    if len(annotations) > MOST_ANNOTATIONS:
        raise malformed(f"No more than {MOST_ANNOTATIONS} items are allowed; {len(annotations)} were supplied.")
    for name, longest in (("summary", LONGEST_TEXT), ("text", LONGEST_TEXT), ("title", LONGEST_TITLE)):
        length = len(read(output, name, str) or "")
        if length > longest:
            raise malformed(f"Only {longest} characters are allowed; {length} were supplied.")
    for annotation in annotations:
        if not isinstance(annotation, dict):
            raise malformed(f"For 'items', {annotation!r} is not an object.")
        length = len((read(annotation, "message", str) or "").encode(errors="replace"))
        if length > LONGEST_MESSAGE:
            raise malformed(f"Only {LONGEST_MESSAGE} bytes are allowed; {length} were supplied.")
    run.title, run.summary, run.text = output.get("title", run.title), output["summary"], output.get("text")
    run.annotations += annotations


def show_run(call: Call, run: CheckRun) -> Json:
    url, web = f"{api_of(call.at, call.repository)}/check-runs/{run.id}", web_of(call.at, call.repository)
    return {
        "id": run.id, "node_id": node("CheckRun", run.id), "head_sha": run.sha, "name": run.name, "url": url,
        "html_url": f"{web}/runs/{run.id}", "details_url": run.details_url or f"{web}/runs/{run.id}",
        "external_id": run.external_id or "", "status": run.status, "conclusion": run.conclusion,
        "started_at": run.started_at, "completed_at": run.completed_at, "check_suite": {"id": run.app.id},
        "output": {"title": run.title, "summary": run.summary, "text": run.text,
                   "annotations_count": len(run.annotations), "annotations_url": f"{url}/annotations"},
        "app": show_app(call.at, run.app), "pull_requests": [],
    }  # fmt: skip
