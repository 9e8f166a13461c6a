"""A run on Ray in a process of its own: `python ray_run.py IN OUT LOG DELAY ENGINE [MORE]`, MORE as JSON."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "archive"))

if __name__ == "__main__":
    from stratmap.archive import TaggerFactory, run
    from stratmap.archive.engines import ray_data
    from stratmap.errors import StratmapError
    from stratmap.settings import ArchiveSettings, Settings

    source, out, log, delay, engine = sys.argv[1:6]
    more = json.loads(sys.argv[6]) if len(sys.argv) > 6 else {}
    factory = TaggerFactory(more.get("target", "counting:Counting"), (log, float(delay)))
    settings = Settings(archive=ArchiveSettings(ray_address=more.get("address", "")))
    ray_data._SILENT_S = more.get("silent_s", ray_data._SILENT_S)
    try:
        result = run([source], Path(out), None, settings, 2, factory=factory, engine=engine)
    except StratmapError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        raise SystemExit(1) from None
    raise SystemExit(result.exit_code)
