"""A tagger for tests, in a module of its own so that worker processes can import it; run as a script, it tags."""

import hashlib
import os
import sys
import time
from pathlib import Path

from stratmap.reading import read_text
from stratmap.records import Document, Evidence, Tag, TaggedDocument
from stratmap.settings import ReadingSettings, Settings


class FakeTagger:
    """Tags by a hash of the text, notes each call in a file, and fails as the text says."""

    def __init__(self, settings: Settings, log: str = "", delay_s: float = 0.0) -> None:
        self._log, self._delay_s = log, delay_s
        read_text("The languages are loaded before the clock of the first item starts.", "warm")

    def tag(self, document: Document) -> TaggedDocument:
        if self._log:
            with open(self._log, "a", encoding="utf-8") as file:
                file.write(f"{document.name}\n")
        time.sleep(self._delay_s)
        text = document.text
        if "BOOM" in text:
            raise RuntimeError("the tagger fell over")
        if "DIE" in text:
            os._exit(9)
        if "HANG" in text:
            time.sleep(600)
        if "FLAKY" in text and Path(self._log).read_text("utf-8").count(document.name) < 2:
            raise RuntimeError("not yet")
        probability = int(hashlib.sha256(text.encode()).hexdigest()[:4], 16) / 65_536
        evidence = (Evidence(document.pages[0].number, 0, min(20, len(text)), text[:20], probability),)
        tags = {"objectives": (Tag("O1", "First", probability, probability > 0.5, evidence),)}
        return TaggedDocument(
            document.name, document.doc_id, document.language, len(document.pages), tags, False, (), document.warnings
        )


def refuse(settings: Settings) -> FakeTagger:
    raise SystemExit(7)


if __name__ == "__main__":
    from stratmap.archive import run

    source, out, log, delay = sys.argv[1:5]
    settings = Settings(reading=ReadingSettings())
    result = run([source], Path(out), FakeTagger(settings, log, float(delay)).tag, settings)
    raise SystemExit(result.exit_code)
