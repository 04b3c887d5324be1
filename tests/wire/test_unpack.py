"""A packed body comes out whole, or it is told why not."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasegate.wire.unpack import OFFER, PackedError, TooLargeError, unpacked

GZIP = gzip.compress(b'{"status": "healthy"}' * 50)
BARE = zlib.compressobj(wbits=-15)
BARE = BARE.compress(b"bare" * 9) + BARE.flush()


@given(st.binary(min_size=1), st.lists(st.sampled_from(["gzip", "deflate", "x-gzip", "identity"]), max_size=4))
def test_what_was_packed_comes_out_as_it_was(body, codings):
    packed = body
    for coding in codings:
        packed = {"deflate": zlib.compress, "identity": bytes}.get(coding, gzip.compress)(packed)
    assert unpacked(packed, ", ".join(codings), OFFER, 10_000) == body


@given(st.lists(st.binary(), min_size=1, max_size=5), st.integers(0, 9))
def test_a_gzip_of_several_members_is_read_to_its_end_and_may_be_padded_with_zeros(parts, zeros):
    packed = b"".join(map(gzip.compress, parts)) + b"\0" * zeros
    assert unpacked(packed, "gzip", OFFER, 10_000) == b"".join(parts)


def test_the_members_of_a_gzip_are_bounded_together():
    member = gzip.compress(b"x" * 600)
    assert len(unpacked(member * 3, "gzip", OFFER, 1800)) == 1800
    with pytest.raises(TooLargeError):
        unpacked(member * 3, "gzip", OFFER, 1799)


def test_members_of_nothing_do_not_go_on_for_ever():
    with pytest.raises(PackedError, match="goes on after the end"):
        unpacked(gzip.compress(b"") * 20_000, "gzip", OFFER, 10)


@pytest.mark.parametrize(
    "said",
    ["utf-8", "UTF8", "none", "identity", "", "iso-8859-1", "us-ascii", "windows-1252", "binary", "8bit", "chunked",
     "aws-chunked", "text/html; charset=utf-8", "none, utf-8"],
)  # fmt: skip
def test_a_word_that_is_no_compression_changes_nothing(said):
    assert unpacked(b"as it is", said, OFFER, 10) == b"as it is"
    assert unpacked(gzip.compress(b"as it is"), f"gzip, {said}", OFFER, 10) == b"as it is"


@pytest.mark.parametrize("end", range(1, len(GZIP)))
def test_a_gzip_that_ends_too_early_is_told_wherever_it_ends(end):
    with pytest.raises(PackedError, match="too early"):
        unpacked(GZIP[:end], "gzip", OFFER, 10_000)


@pytest.mark.parametrize("packed", [zlib.compress(b"a" * 99)[:-1], BARE[:-1]])
def test_a_deflate_that_ends_too_early_is_told(packed):
    with pytest.raises(PackedError, match="too early"):
        unpacked(packed, "deflate", OFFER, 10_000)


def test_a_bare_deflate_is_read_as_browsers_do():
    assert unpacked(BARE, "deflate", OFFER, 10_000) == b"bare" * 9


@pytest.mark.parametrize(
    ("packed", "said", "offered", "why"),
    [
        (GZIP + b"x", "gzip", OFFER, "goes on after the end"),
        (GZIP + b"\0\0x", "gzip", OFFER, "goes on after the end"),
        (GZIP + b"\0" + GZIP, "gzip", OFFER, "goes on after the end"),
        (GZIP + GZIP[:-1], "gzip", OFFER, "too early"),
        (GZIP + GZIP[:2] + b"xx", "gzip", OFFER, "broken"),
        (zlib.compress(b"a") + b"\0", "deflate", OFFER, "goes on after the end"),
        (zlib.compress(b"a") * 2, "deflate", OFFER, "goes on after the end"),
        *((GZIP, said, OFFER, "in '") for said in ("zstd", "compress", "x-compress", "bzip2", "gzip;q=1", "nonsense")),
        (GZIP[:-8] + b"\0" * 8, "gzip", OFFER, "broken"),
        (b"abc", "gzip", OFFER, "broken"),
        (GZIP, "br", OFFER, "in 'br'"),
        (GZIP, "br", "br", "in 'br'"),
        (GZIP, "gzip", "identity", "not asked for"),
        (GZIP, "gzip", "", "not asked for"),
        (GZIP, "gzip", "gzip;q=0, *", "not asked for"),
        (GZIP, "gzip", "*; q=0.0", "not asked for"),
        (b"x", ",".join(["gzip"] * 6), OFFER, "6 codings"),
    ],
)
def test_what_cannot_be_read_or_was_not_asked_for_is_told(packed, said, offered, why):
    with pytest.raises(PackedError, match=why):
        unpacked(packed, said, offered, 10_000)


@pytest.mark.parametrize("offered", ["gzip", "GZIP;q=0.5", "br, *", "x-gzip", "*;q=0, gzip"])
def test_what_the_check_itself_asks_for_is_read(offered):
    assert unpacked(GZIP, "gzip", offered, 10_000).startswith(b'{"status"')


@pytest.mark.parametrize("said", ["gzip", "br", "nonsense"])
def test_an_empty_body_is_in_every_coding(said):
    assert unpacked(b"", said, "", 10) == b""


def test_a_body_at_the_limit_is_whole_and_one_over_it_is_not():
    assert len(unpacked(gzip.compress(b"x" * 2000), "gzip", OFFER, 2000)) == 2000
    with pytest.raises(TooLargeError):
        unpacked(gzip.compress(b"x" * 2001), "gzip", OFFER, 2000)


def test_a_bomb_is_stopped_before_it_fills_the_memory():
    bomb = gzip.compress(b"\0" * 50_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            unpacked(bomb, "gzip", OFFER, 100_000)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
