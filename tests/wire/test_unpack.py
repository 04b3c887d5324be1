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
        (GZIP + GZIP, "gzip", OFFER, "goes on after the end"),
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
