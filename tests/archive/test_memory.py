"""Memory stays flat however many documents there are."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

WORDS = ["border", "police", "visa", "return", "shelter", "training", "grant", "village", "legal", "aid", "health"]
SCRIPT = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from archive_fakes import FakeTagger
from stratmap.archive import FormOptions, run, write_forms
from stratmap.framework import Framework, Group, Label
from stratmap.settings import Settings

settings = Settings()
peaks = []

def note(progress):
    if progress.done in (int(sys.argv[4]), progress.total):
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

out = Path(sys.argv[3])
run([sys.argv[2]], out, FakeTagger(settings).tag, settings, progress=note)
framework = Framework("f", "F", "", (Group("objectives", "O", (Label("O1", "First", "s"),)),))
write_forms([sys.argv[2]], out, framework, FormOptions(("csv",)))
peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(*peaks)
"""


def growth(folder, out, documents):
    """Kilobytes by which the peak grows after the first fifth, and how large it is."""
    rng = random.Random(3)
    folder.mkdir()
    rows = (" ".join(rng.choice(WORDS) + str(rng.randrange(90)) for _ in range(400)) for _ in range(documents))
    for number, text in enumerate(rows):
        (folder / f"{number:05}.txt").write_text(text, encoding="utf-8")
    here = str(Path(__file__).parent)
    words = [sys.executable, "-c", SCRIPT, here, str(folder), str(out), str(documents // 5)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=3600)
    early, late, written = map(int, done.stdout.split())
    return late - early, written - early, early


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak as Linux gives it")
@pytest.mark.parametrize("documents", [300, pytest.param(2_000, marks=pytest.mark.slow)])
def test_memory_is_flat(tmp_path, documents):
    worked, written, early = growth(tmp_path / "in", tmp_path / "out", documents)
    assert worked < 12_000, (worked, early)
    assert written < 16_000, (written, early)
