"""No credentials of a store's url stand in any output, whatever the store says and however the run ends."""

import json
import os
import subprocess
import sys
from urllib.parse import quote, unquote, urlsplit

import psycopg
import pytest
import redis

from releasegate.cli.main import main

CONFIG = """
version: 1
targets:
  cache: {url: "${REDIS}"}
  database: {url: "${POSTGRES}"}
suites:
  stores:
    checks:
      redis: {redis: {connect: cache}}
      whoami: {redis: {connect: cache, command: ACL WHOAMI, expect: {reply: {$: somebody else}}}}
      postgres: {postgres: {connect: database}}
      user: {postgres: {connect: database, query: select current_user as name, expect: {rows: {"$[0].name": {not: x}}}}}
"""
USER, PASSWORD = "somebody-of-ours", "p@ss:w/rd #1"


@pytest.fixture
def urls(redis_url, postgres_url):
    """Give urls of a user whose name and password are special, at both stores."""
    with redis.Redis.from_url(redis_url) as cache, psycopg.connect(postgres_url, autocommit=True) as database:
        cache.acl_setuser(USER, enabled=True, passwords=[f"+{PASSWORD}"], categories=["+@all"], keys=["*"])
        database.execute(f'drop role if exists "{USER}"')
        database.execute(f"create role \"{USER}\" login password '{PASSWORD}'")
        yield tuple(_with(url, quote(PASSWORD, safe="")) for url in (redis_url, postgres_url))
        cache.acl_deluser(USER)
        database.execute(f'drop role "{USER}"')


def _with(url, password):
    parts = urlsplit(url)
    return f"{parts.scheme}://{USER}:{password}@{parts.hostname}:{parts.port}{parts.path}"


def run(tmp_path, redis_url, postgres_url):
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB", "RELEASEGATE"))}
    (tmp_path / "releasegate.yml").write_text(CONFIG)
    command = [sys.executable, "-m", "releasegate", "run", "--junit", "junit.xml", "--markdown", "report.md"]
    ended = subprocess.run(
        [*command, "--evidence", "evidence.json"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
        env={**environ, "REDIS": redis_url, "POSTGRES": postgres_url},
    )  # fmt: skip
    files = {path.name: path.read_text() for path in tmp_path.iterdir() if path.name != "releasegate.yml"}
    assert set(files) == {"junit.xml", "report.md", "evidence.json"}, ended.stderr
    return ended.returncode, {"stdout": ended.stdout, "stderr": ended.stderr, **files}


@pytest.mark.parametrize("right", [True, False])
def test_nothing_tells_who_we_are(right, urls, tmp_path):
    shown = urls if right else tuple(_with(url, quote("wrong " + PASSWORD, safe="")) for url in urls)
    code, outputs = run(tmp_path, *shown)
    samples = {c["id"]: c["samples"][0] for c in json.loads(outputs["evidence.json"])["checks"]}
    assert code == 10
    if right:
        assert samples["stores.redis"]["outcome"] == samples["stores.postgres"]["outcome"] == "met"
        assert "***" in samples["stores.whoami"]["expectations"][0]["text"]  # Redis said the name, and it was seen
    else:
        assert samples["stores.redis"]["signature"] == "redis authenticate WRONGPASS"
        assert samples["stores.postgres"]["signature"] == "postgres authenticate 28P01"
        assert "***" in samples["stores.postgres"]["trouble"]["message"]
    for name, text in outputs.items():
        for secret in (USER, PASSWORD, quote(PASSWORD, safe=""), unquote(urlsplit(shown[0]).password)):
            assert secret not in text, (name, secret)


def test_a_client_that_is_missing_ends_the_run_before_it_begins(urls, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "redis.asyncio.connection", None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "releasegate.yml").write_text(CONFIG)
    monkeypatch.setenv("REDIS", urls[0])
    monkeypatch.setenv("POSTGRES", urls[1])
    with pytest.raises(SystemExit) as left:
        main(["run"])
    said = capsys.readouterr()
    assert left.value.code == 2
    assert "needs redis, which is not installed\n    pip install '.[redis]'" in said.err
    with pytest.raises(SystemExit) as valid:
        main(["validate"])
    assert valid.value.code == 0
