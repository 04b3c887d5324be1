"""The header by which a request is found again, and whose trace it names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasegate.trace import trace_of, traced

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HEX = st.text("0123456789abcdef", min_size=32, max_size=32).filter(lambda text: set(text) != {"0"})


@given(HEX, st.integers(1, 2**64 - 1))
def test_what_is_written_is_read_back_and_has_the_form_of_the_standard(trace, number):
    headers = traced((("Accept", "*/*"),), trace, number)
    assert headers[0] == ("Accept", "*/*")
    name, value = headers[1]
    assert name == "traceparent"
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", value)
    assert trace_of(headers) == trace


def test_a_header_of_the_configs_own_stays_and_is_the_one_that_is_told():
    mine = (("TraceParent", f"00-{TRACE}-00f067aa0ba902b7-00"),)
    assert traced(mine, "f" * 32, 1) == mine
    assert trace_of(mine) == TRACE


@pytest.mark.parametrize(
    "value",
    [
        "", "mine", f"00-{TRACE}", f"00-{TRACE.upper()}-00f067aa0ba902b7-01", f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE}-00f067aa0ba902b7-01\n<script>",
    ],
)  # fmt: skip
def test_a_header_that_is_not_sound_names_no_trace(value):
    assert trace_of((("traceparent", value),)) is None
