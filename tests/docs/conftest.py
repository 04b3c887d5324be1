"""The builders of evidence live beside the tests of the reports."""

import sys
from pathlib import Path

REPORT = str(Path(__file__).parents[1] / "report")
sys.path[:0] = [REPORT] if REPORT not in sys.path else []
