import sys
from pathlib import Path

# The fakes of the archive are imported by this name, here and in the workers.
sys.path.insert(0, str(Path(__file__).parents[1] / "archive"))
