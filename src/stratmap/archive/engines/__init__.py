"""What works on the items of a run: processes of this machine, or Ray Data.

Comes in: items. Goes out: (item, outcome) pairs as they are finished. Journal, retries and results belong to the run
and are the same for every engine; so the results are, to the byte.
"""

from stratmap.archive.engines.protocol import ENGINES, Engine, open_engine

__all__ = ["ENGINES", "Engine", "open_engine"]
