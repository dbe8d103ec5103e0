"""Tests of the SDK, on a fake of what componentize-py makes of a world."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "fake"))
