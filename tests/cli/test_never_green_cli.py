"""The never-green list as a user would meet it: whole processes against a staging on loopback."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

PATIENCE_S = 30
SHA = "4f2a91c07be3d5a6978812345678901234567890"
CONFIG = """\
version: 1
gate: staging
targets:
  api:
    url: ${{STAGING}}
    revision: {{get: /health, at: $.revision}}
suites:
  s:
    checks:
{checks}
policy:
  block: [failed == 0]
"""
METRIC = """
metrics:
  compliance: {{file: reports/compliance.json, at: $.score, unit: "%"}}
"""
HEALTH = '      health: {http: {get: "api:/health", expect: {status: 200, json: {$.status: healthy}}}}\n'
SLOW = '      slow: {http: {get: "api:/slow", expect: {status: 200}}}\n'
ORDER = """\
      order:
        http:
          steps:
            - {name: create, post: "api:/orders", json: {}, capture: {id: $.id}, expect: {status: 201}}
            - {name: wait, get: "api:/slow", expect: {status: 200}}
          finally:
            - delete: api:/orders/{{id}}
"""


class Staging(ThreadingHTTPServer):
    """Healthy, but for what a test sets. Keeps the request lines, in order."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen, self.revisions = [], [SHA]
        self.asked = threading.Event()
        self.released = threading.Event()

    def handle_error(self, request, client_address):
        """The gate may leave before it is answered."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        encoded = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def handle_any(self):
        staging = self.server
        staging.seen.append(f"{self.command} {self.path}")
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/slow":
            staging.asked.set()
            staging.released.wait(PATIENCE_S)
        revision = staging.revisions[0] if len(staging.revisions) == 1 else staging.revisions.pop(0)
        status = {"POST": 201, "DELETE": 204}.get(self.command, 200)
        if status == 204:
            self.send_response(204)
            self.end_headers()
        else:
            self.answer(status, {"status": "healthy", "revision": revision, "id": 7})

    do_GET = do_POST = do_DELETE = handle_any  # noqa: N815 - http.server's names


@pytest.fixture
def staging():
    with Staging() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def gate(tmp_path):
    """Start `releasegate run` on some checks, in an empty directory."""

    @contextmanager
    def start(url, checks, *more, config=None):
        text = (config or CONFIG).format(checks=checks)
        (tmp_path / "releasegate.yml").write_text(text, encoding="utf-8")
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "RELEASEGATE_"))}
        command = [sys.executable, "-m", "releasegate", "run", "--sha", SHA, "--json", "--quiet", *more]
        with subprocess.Popen(
            command, cwd=tmp_path, env={**environ, "STAGING": url}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    return start


def ended(process):
    """Give the exit code and the one object on stdout."""
    out, err = process.communicate(timeout=PATIENCE_S)
    assert b"Traceback" not in err
    return process.returncode, json.loads(out)


def evidence(tmp_path):
    return json.loads((tmp_path / ".releasegate/evidence.json").read_text(encoding="utf-8"))


def test_a_healthy_staging_is_stable(staging, gate, tmp_path):
    with gate(staging.url, HEALTH) as process:
        code, answer = ended(process)
    assert (code, answer["verdict"], answer["counts"]) == (0, "STABLE", {"PASSED": 1})
    assert set(answer) == {"verdict", "exit_code", "reasons", "score", "counts", "evidence"}
    assert evidence(tmp_path)["run"]["revisions"] == {"api": SHA}


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_never_green_07_a_signal_stops_the_run_cleans_up_and_leaves_the_evidence_so_far(
    staging, gate, tmp_path, number
):
    with gate(staging.url, HEALTH + ORDER) as process:
        assert staging.asked.wait(PATIENCE_S)
        process.send_signal(number)
        code, answer = ended(process)
    assert (code, answer["exit_code"], answer["verdict"]) == (130, 130, "INCONCLUSIVE")
    assert "DELETE /orders/7" in staging.seen
    written = evidence(tmp_path)
    assert written["run"]["interrupted"] is True
    order = next(check for check in written["checks"] if check["id"] == "s.order")
    assert "interrupted" in order["not_sampled"]
    assert judged(tmp_path) == 130


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX has them")
def test_never_green_07_a_run_that_is_killed_leaves_no_evidence_of_an_earlier_one(staging, gate, tmp_path):
    with gate(staging.url, HEALTH) as process:
        assert ended(process)[0] == 0
    with gate(staging.url, SLOW) as process:
        assert staging.asked.wait(PATIENCE_S)
        process.kill()
        process.wait(PATIENCE_S)
    assert [path.name for path in (tmp_path / ".releasegate").iterdir()] == [".gitignore"]


def test_never_green_08_at_the_deadline_what_was_not_sampled_is_named(staging, gate, tmp_path):
    with gate(staging.url, HEALTH + SLOW, "--deadline", "500ms") as process:
        code, answer = ended(process)
    assert (code, answer["verdict"], answer["counts"]) == (11, "INCONCLUSIVE", {"PASSED": 1, "UNPROVEN": 1})
    assert any("s.slow" in reason for reason in answer["reasons"])
    assert evidence(tmp_path)["run"]["deadline_reached"] is True


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://staging.invalid"])
def test_never_green_11_a_staging_that_does_not_answer_is_red(gate, url):
    with gate(url, HEALTH) as process:
        code, answer = ended(process)
    assert (code, answer["verdict"], answer["counts"]) == (10, "UNSTABLE", {"FAILED": 1})


def test_never_green_18_another_commit_on_staging_is_told_and_nothing_is_sampled(staging, gate):
    staging.revisions = ["b" * 40]
    with gate(staging.url, HEALTH) as process:
        code, answer = ended(process)
    assert (code, answer["verdict"]) == (11, "INCONCLUSIVE")
    assert "b" * 40 in answer["reasons"][0]
    assert SHA in answer["reasons"][0]
    assert staging.seen.count("GET /health") < 7


def test_never_green_28_a_staging_that_answers_with_two_commits_is_inconclusive(staging, gate):
    staging.revisions = [SHA] * 3 + ["b" * 40] * 60
    with gate(staging.url, HEALTH) as process:
        code, answer = ended(process)
    assert (code, answer["verdict"]) == (11, "INCONCLUSIVE")
    assert any("changed during the run" in reason for reason in answer["reasons"])


def judged(tmp_path):
    command = [sys.executable, "-m", "releasegate", "judge", "--json", ".releasegate/evidence.json"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode


def test_never_green_17_a_verdict_that_the_samples_do_not_come_to_is_refused(staging, gate, tmp_path):
    with gate("http://127.0.0.1:1", HEALTH) as process:
        assert ended(process)[0] == 10
    assert judged(tmp_path) == 10
    place = tmp_path / ".releasegate/evidence.json"
    forged = json.loads(place.read_text(encoding="utf-8"))
    forged["verdict"] |= {"state": "STABLE", "exit_code": 0}
    place.write_text(json.dumps(forged), encoding="utf-8")
    assert judged(tmp_path) == 11


def test_never_green_26_a_partial_run_says_that_it_is_one(staging, gate, tmp_path):
    with gate(staging.url, HEALTH + SLOW, "--check", "s.health") as process:
        assert ended(process)[0] == 0
    plan = evidence(tmp_path)["plan"]
    assert plan["partial"] is True
    assert plan["left_out"] == [{"id": "s.slow", "reason": "not selected"}]


def test_a_run_ends_soon_after_its_deadline_whatever_staging_does(staging, gate):
    began = time.monotonic()
    with gate(staging.url, SLOW, "--deadline", "300ms") as process:
        ended(process)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("written", "expected"),
    [('{"score": 98.7}', (0, "STABLE")), ('{"score": 80}', (10, "UNSTABLE")), (None, (11, "INCONCLUSIVE"))],
    ids=["good", "bad", "not there"],
)
def test_never_green_04_a_number_of_another_tool_decides_as_its_rule_says_and_not_there_never_green(
    staging, gate, tmp_path, written, expected
):
    if written:
        (tmp_path / "reports").mkdir()
        (tmp_path / "reports/compliance.json").write_text(written)
    config = CONFIG.replace("failed == 0", "failed == 0, compliance >= 90%") + METRIC
    with gate(staging.url, HEALTH, config=config) as process:
        code, answer = ended(process)
    assert (code, answer["verdict"]) == expected
    assert judged(tmp_path) == code


def test_never_green_35_a_committed_number_is_never_green(staging, gate, tmp_path):
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/compliance.json").write_text('{"score": 98.7}')
    for command in (["init", "--quiet"], ["add", "reports/compliance.json"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, timeout=PATIENCE_S)
    config = CONFIG.replace("failed == 0", "failed == 0, compliance >= 90%") + METRIC
    with gate(staging.url, HEALTH, config=config) as process:
        code, answer = ended(process)
    assert (code, answer["verdict"]) == (11, "INCONCLUSIVE")
    assert "is committed" in answer["reasons"][0]


VITAL = '      health: {critical: true, http: {get: "api:/health", expect: {status: 200}}}\n'
FAILING = '      failing: {http: {get: "api:/failing", expect: {status: 201}}}\n'


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (b"M\tdocs/a.md\n", (0, "STABLE", {"PASSED": 1})),
        (b"R100\tsrc/a.py\tdocs/a.py\n", (10, "UNSTABLE", {"PASSED": 1, "FAILED": 1})),
        (b"M\tdocs/a.md\nM\tdocs/b", (10, "UNSTABLE", {"PASSED": 1, "FAILED": 1})),
    ],
    ids=["harmless", "a rename", "cut"],
)
def test_never_green_37_only_a_change_that_is_surely_harmless_leaves_a_failing_check_out(
    staging, gate, tmp_path, listed, expected
):
    (tmp_path / "changes").write_bytes(listed)
    config = f"{CONFIG}changes: {{{{harmless: [docs/**]}}}}\n"
    with gate(staging.url, VITAL + FAILING, "--changed-files", "changes", config=config) as process:
        code, answer = ended(process)
    assert (code, answer["verdict"], answer["counts"]) == expected
    assert judged(tmp_path) == code
