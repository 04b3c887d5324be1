"""`python -m tests.chaos --seeds 0:5000`: many seeds by hand, with what they came to; `--layer wire` over sockets.

The suite runs a few of the same (`test_chaos_*.py`). A seed that fails is told with its number, and the exit code is 1.
"""

import argparse
import gc
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "github"))
sys.path.insert(0, str(Path(__file__).parents[1] / "verdict"))
sys.path.insert(0, str(Path(__file__).parent))

from chaos_play import SAID, held
from chaos_rivals_truth import rivalry
from chaos_strike import strike
from chaos_wire import play_live, resident_bytes

TOLD_EVERY_S = 10.0
Outcome = tuple[int, str]


def fake(seeds: range, _at_once: int) -> Iterator[Outcome]:
    """Runs without a network, one by one."""
    for seed in seeds:
        yield seed, _guarded(lambda seed=seed: held(seed).evidence.verdict.state.value)


def wire(seeds: range, at_once: int) -> Iterator[Outcome]:
    """Runs over real sockets, so many side by side."""
    for first in range(seeds.start, seeds.stop, at_once):
        some = range(first, min(first + at_once, seeds.stop))
        said = _guarded(lambda some=some: " ".join(evidence.verdict.state.value for evidence in play_live(some)))
        yield from zip(some, [said] * len(some) if said.startswith("!") else said.split(), strict=True)


def process(seeds: range, at_once: int) -> Iterator[Outcome]:
    """Processes that are struck at a random moment, so many at a time."""

    def one(seed: int) -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            return seed, _guarded(lambda: "{0.blow}: left {0.left}, {0.code}".format(strike(seed, Path(folder))))

    with ThreadPoolExecutor(at_once) as several:
        yield from several.map(one, seeds)


def rivals(seeds: range, _at_once: int) -> Iterator[Outcome]:
    """Runs that publish side by side, one play by one."""
    for seed in seeds:
        yield seed, _guarded(lambda seed=seed: " ".join(sorted(str(run.code) for run in rivalry(seed).runs)))


LAYERS: dict[str, tuple[Callable[[range, int], Iterator[Outcome]], int]] = {
    "fake": (fake, 1),
    "wire": (wire, 24),
    "process": (process, 4),
    "rivals": (rivals, 1),
}


def _guarded(run: Callable[[], str]) -> str:
    """Give what a run came to; what it raised begins with `!`."""
    try:
        return run()
    except (Exception, AssertionError) as wrong:  # noqa: BLE001 - a seed that fails is what is looked for
        return "!" + "".join(traceback.format_exception(wrong)[-3:])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", default="0:1000", help="FROM:TO")
    parser.add_argument("--layer", choices=LAYERS, default="fake")
    parser.add_argument("--at-once", type=int, help="runs side by side; wire 24, process 4")
    asked = parser.parse_args()
    run, at_once = LAYERS[asked.layer]
    seeds = range(*map(int, asked.seeds.split(":")))
    came, failed, began, told = Counter[str](), list[int](), time.monotonic(), time.monotonic()
    for seed, said in run(seeds, asked.at_once or at_once):
        if said.startswith("!"):
            failed.append(seed)
            print(f"seed {seed}: {said[1:]}", file=sys.stderr)
        came["failed" if said.startswith("!") else said] += 1
        if time.monotonic() - told > TOLD_EVERY_S:
            told = time.monotonic()
            print(f"{sum(came.values())} of {len(seeds)} seeds, {len(failed)} failed", file=sys.stderr)
    for said, times in came.most_common():
        print(f"{times:6}  {said}")
    size = f", {resident_bytes() / 2**20:.0f} MiB" if resident_bytes() else ""
    took_s = time.monotonic() - began
    print(f"{len(seeds)} seeds of layer {asked.layer} in {took_s:.1f} s{size}; failed: {failed or 'none'}")
    gc.collect()
    for complaint in SAID:
        print(f"asyncio complained: {complaint}", file=sys.stderr)
    return 1 if failed or SAID else 0


if __name__ == "__main__":
    sys.exit(main())
