"""The staged kind and the words of the verdict are shared with the rooms that they were made for."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / room) for room in ("runner", "verdict") if str(TESTS / room) not in sys.path]
