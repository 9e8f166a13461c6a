"""Peak memory of archive runs of several sizes with a stub for the tagger: `python -m evaluation.archive_memory [SIZE ...]`.

The runs are those of `tests/archive/test_memory.py`: what grows there grows with the number of documents, since reading,
journal, near copies and writing are the real ones and every text is another one.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path

from evaluation.provenance import record

sys.path.insert(0, "tests/archive")


def main() -> None:
    from test_memory import growth  # type: ignore[import-not-found]

    sizes = [int(word) for word in sys.argv[1:]] or [2_000, 10_000]
    figures = {}
    for size in sizes:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with tempfile.TemporaryDirectory() as folder:
            worked, written, early = growth(Path(folder) / "in", Path(folder) / "out", size)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures[str(size)] = {
            "peak_mb_after_a_fifth": round(early / 1000, 1),
            "growth_mb_until_the_end": round(worked / 1000, 1),
            "growth_mb_with_writing": round(written / 1000, 1),
            "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        }
        print(size, figures[str(size)], flush=True)
    command = f"python -m evaluation.archive_memory {' '.join(map(str, sizes))}"
    record("archive-memory", figures, command, "texts of 400 random words that the test makes", 3)


if __name__ == "__main__":
    main()
