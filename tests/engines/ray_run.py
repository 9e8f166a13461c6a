"""A run on Ray in a process of its own: `python ray_run.py IN OUT LOG DELAY ENGINE`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "archive"))

if __name__ == "__main__":
    from stratmap.archive import TaggerFactory, run
    from stratmap.errors import StratmapError
    from stratmap.settings import Settings

    source, out, log, delay, engine = sys.argv[1:6]
    factory = TaggerFactory("counting:Counting", (log, float(delay)))
    try:
        result = run([source], Path(out), None, Settings(), 2, factory=factory, engine=engine)
    except StratmapError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        raise SystemExit(1) from None
    raise SystemExit(result.exit_code)
