"""The evidence file: written whole, read back the same, of a published schema, and refused when it is anything else."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import jsonschema_rs
import msgspec
import pytest
from arbitrary import EVIDENCE
from forged import put, tree_of, with_change
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from verdict_words import beside, demand, evidence, met, ran, rule, unmet

from releasegate.errors import EXIT_INCONCLUSIVE, EvidenceError, UsageError
from releasegate.evidence import file as room
from releasegate.evidence.assemble import SCHEMA
from releasegate.evidence.file import decode, encode, json_schema, read, write
from releasegate.evidence.rejudge import rejudge
from releasegate.model import Control, Moment, Phase

SOUND = evidence(
    ran("a.good", each={"✓": met(phases=(Phase(name="connect", duration_s=0.001),))}), rules=(rule("pass_rate >= 95%"),)
)
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
VALIDATOR = jsonschema_rs.validator_for(json_schema())


def refused(encoded):
    with pytest.raises(EvidenceError) as refusal:
        decode(encoded)
    assert refusal.value.exit_code == EXIT_INCONCLUSIVE
    return str(refusal.value)


# there and back


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(EVIDENCE)
def test_what_was_written_is_what_is_read(made):
    assert decode(encode(made)) == made


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(EVIDENCE)
def test_every_file_that_is_written_fits_the_published_schema(made):
    VALIDATOR.validate(json.loads(encode(made)))


def test_a_written_file_is_read_from_its_place_in_a_folder_that_was_made_for_it(tmp_path):
    path = tmp_path / "new" / "folder" / "evidence.json"
    write(SOUND, path)
    assert read(path) == SOUND


def test_whole_numbers_beyond_64_bits_stay_exact():
    big = met(expectations=(demand(200), replace(demand(200), demanded=2**64 + 1, found=[2**64 + 1])))
    made = evidence(ran("a.b", each={"✓": big}))
    assert decode(encode(made)) == made


def test_half_characters_that_staging_sent_do_not_keep_the_file_from_being_written():
    made = evidence(ran("a.b", each={"✓": met(notes=("half of \ud83d",))}))
    assert decode(encode(made)).checks[0].samples[0].notes == ("half of ?",)


# the schema


def test_the_schema_is_of_the_draft_that_it_names_and_says_which_version_it_is_of():
    schema = json_schema()
    jsonschema_rs.meta.validate(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA in schema["title"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict", "state"), "FINE"),
        (("verdict", "exit_code"), "0"),
        (("checks", 0, "label"), None),
        (("checks", 0, "samples", 0, "outcome"), "skipped"),
        (("checks", 0, "samples", 0, "duration_s"), "0.1"),
        (("identity", "holds"), "yes"),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(path, value):
    tree = with_change(tree_of(SOUND), path, put(value))
    assert not VALIDATOR.is_valid(tree)
    refused(json.dumps(tree).encode())


KEYS = {
    (): "schema run checks rules verdict plan policy control identity baseline excuses",
    ("run",): "gate sha started duration_s revisions tool_version config_hash",
    ("checks", 0): "id suite kind label critical weight hash samples",
    ("checks", 0, "samples", 0): "outcome started phases expectations signature contact",
    ("checks", 0, "samples", 0, "phases", 0): "name duration_s",
    ("rules", 0): "rule observed level held",
    ("verdict",): "state exit_code reasons score",
}


@pytest.mark.parametrize("path", KEYS, ids=lambda path: ".".join(map(str, path)) or "the whole")
def test_every_key_that_readers_rely_on_is_there(path):
    here = tree_of(SOUND)
    for step in path:
        here = here[step]
    assert set(KEYS[path].split()) <= set(here)


def test_outcomes_are_the_words_that_readers_rely_on():
    outcomes = {s["outcome"] for c in tree_of(evidence(ran("a.b", "✓✗✗!"), ran("a.c")))["checks"] for s in c["samples"]}
    assert outcomes == {"met", "unmet", "trouble"}


# what is no evidence


def test_another_version_is_refused_and_named():
    tree = tree_of(SOUND) | {"schema": "releasegate/evidence/v2"}
    assert refused(json.dumps(tree).encode()) == f"this version reads {SCHEMA}, the file is 'releasegate/evidence/v2'"


DEEP = b'{"schema": "%s", "plan": {"x": %s%s}}' % (SCHEMA.encode(), b"[" * 100_000, b"]" * 100_000)


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"schema": 1}',
        b"\xff\xfe",
        b"<html>",
        b'"' + SCHEMA.encode() + b'"',
        b"\x00" * 99,
        DEEP,
    ],
    ids=[
        "empty",
        "null",
        "a list",
        "no keys",
        "a number for the version",
        "no text",
        "a page",
        "a text",
        "zeros",
        "absurdly deep",
    ],
)
def test_never_green_07_garbage_is_refused(encoded):
    assert "run the gate again" in refused(encoded)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(encode(SOUND)) - 1))
def test_never_green_07_a_file_cut_anywhere_is_refused(length):
    refused(encode(SOUND)[:length])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64))
def test_never_green_07_no_bytes_crash_the_reader(encoded):
    refused(encoded)


REQUIRED = [field.name for field in msgspec.inspect.type_info(type(SOUND)).fields if field.required]


@pytest.mark.parametrize("name", REQUIRED)
def test_never_green_07_evidence_without_one_of_its_parts_is_refused(name):
    tree = tree_of(SOUND)
    del tree[name]
    refused(json.dumps(tree).encode())


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 5000, "null"])
@pytest.mark.parametrize("place", ['"duration_s":2.5', '"weight":1.0', '"exit_code":0', '"duration_s":0.01'])
def test_never_green_05_a_number_that_is_none_is_refused(number, place):
    text = encode(SOUND).decode()
    assert place in text
    refused(text.replace(place, f"{place.partition(':')[0]}:{number}").encode())


def test_never_green_05_evidence_with_a_number_that_is_none_cannot_be_read_back():
    refused(encode(evidence(ran("a.b", each={"✓": met(duration_s=float("nan"))}))))


def test_a_missing_file_a_folder_and_a_closed_one_are_refused(tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(EvidenceError, match="cannot read"):
            read(path)


def test_a_file_larger_than_any_gate_writes_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "LARGEST_READ", 1000)
    path = tmp_path / "evidence.json"
    path.write_bytes(b" " * 1001)
    with pytest.raises(EvidenceError, match="larger than 1000 bytes"):
        read(path)


def test_a_stream_without_an_end_is_read_no_further_than_any_file(monkeypatch):
    from pathlib import Path

    monkeypatch.setattr(room, "LARGEST_READ", 1000)
    with pytest.raises(EvidenceError, match="larger than 1000 bytes"):
        read(Path("/dev/zero"))


# size


def test_never_green_19_what_is_too_large_loses_excerpts_and_timelines_and_says_so_never_samples(monkeypatch):
    timeline = (Moment(at_s=0.1, name="event", text="t" * 500),)
    heavy = evidence(
        ran("a.good", each={"✓": met(excerpt="e" * 500, timeline=timeline)}),
        ran("a.bad", "✗✗✗", each={"✗": unmet(excerpt="e" * 500, timeline=timeline)}),
    )
    monkeypatch.setattr(room, "LARGEST", 12_000)
    written = decode(encode(heavy))
    assert [len(check.samples) for check in written.checks] == [7, 3]
    assert {sample.excerpt for check in written.checks for sample in check.samples} == {None}
    assert {sample.timeline for sample in written.checks[0].samples} == {()}
    assert {sample.timeline for sample in written.checks[1].samples} == {timeline}
    assert len(written.dropped) == 2
    assert all("for size" in said for said in written.dropped)
    assert rejudge(written) == heavy.verdict


@pytest.mark.parametrize(("most", "contacts"), [(9000, [1] * 3), (5000, [0] * 3)])
def test_of_readings_too_much_goes_and_what_the_verdict_rests_on_stays(most, contacts, monkeypatch):
    reading = beside("d.store", unmet(excerpt="e" * 5000))
    heavy = evidence(ran("a.bad", "✗✗✗", diagnose=("d.store",), each={"✗": unmet(diagnosis=(reading,))}))
    monkeypatch.setattr(room, "LARGEST", most)
    written = decode(encode(heavy))
    read = [one.sample for sample in written.checks[0].samples for one in sample.diagnosis]
    assert ([one.excerpt for one in read], [len(one.contact) for one in read]) == ([None] * 3, contacts)
    assert rejudge(written) == heavy.verdict


def test_never_green_19_nothing_is_dropped_from_a_file_of_common_size():
    assert decode(encode(SOUND)).dropped == ()


# whole or not at all


def test_a_place_that_cannot_be_written_is_an_error_of_use(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write the evidence"):
        write(SOUND, tmp_path / "file" / "evidence.json")


def test_a_write_that_fails_leaves_what_was_there_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "evidence.json"
    path.write_text("what was there")

    def broken(_):
        raise MemoryError

    monkeypatch.setattr(room, "encode", broken)
    with pytest.raises(MemoryError):
        write(SOUND, path)
    assert path.read_text() == "what was there"
    assert [found.name for found in tmp_path.iterdir()] == ["evidence.json"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill here")
def test_never_green_07_a_writer_that_is_killed_leaves_no_half_file(tmp_path):
    script = """
        import os, signal, sys
        from pathlib import Path
        from releasegate.evidence import file as room
        made = room.decode(Path(sys.argv[1]).read_bytes())
        class Half:
            def __init__(self, file): self.file = file
            def __enter__(self): return self
            def __exit__(self, *_): return False
            def write(self, data):
                self.file.write(data[: len(data) // 2])
                self.file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        opened = os.fdopen
        os.fdopen = lambda *args: Half(opened(*args))
        room.write(made, Path(sys.argv[2]))
    """
    source, path = tmp_path / "source.json", tmp_path / "place" / "evidence.json"
    write(SOUND, source)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), source, path], check=False, timeout=60, env=os.environ
    )
    assert done.returncode == -signal.SIGKILL
    assert not path.exists()


def test_the_control_is_in_the_file_with_its_samples():
    made = evidence(ran("a.b"), control=Control(held=True, samples=(met(),)))
    assert tree_of(made)["control"]["samples"][0]["outcome"] == "met"
