"""The gate as a process that is interrupted, killed, stopped, or loses its outputs at a random moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from chaos_strike import Blow, strike

SEEDS = range(16)
AT_ONCE = 4
pytestmark = pytest.mark.skipif("sys.platform != 'linux'", reason="limits of a running process are set as Linux does")


def test_whenever_it_is_struck_its_evidence_is_whole_or_not_there(tmp_path):
    def one(seed):
        folder = tmp_path / str(seed)
        folder.mkdir()
        return strike(seed, folder)

    with ThreadPoolExecutor(AT_ONCE) as several:
        struck = list(several.map(one, SEEDS))
    assert len(struck) == len(SEEDS)
    assert len({one.blow for one in struck}) > len(Blow) / 2
    assert "whole" in {one.left for one in struck}
