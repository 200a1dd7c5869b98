"""Makes tests/support/python importable and gives every test its name and its leftovers."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support" / "python"))
