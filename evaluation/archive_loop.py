"""The peer of `benchmark_archive`: a plain loop of sentence-transformers and scikit-learn, as people write it.

Comes in: a list of files. Goes out: a CSV with a probability for each label and file. Each file is read with the usual
library, cut into runs of 200 words, encoded with the same MiniLM in float32 at the defaults of sentence-transformers, and
scored by a logistic regression for the same labels; a file has its highest passage's score. There
is no journal, no evidence, and no calibration.
"""

from __future__ import annotations

import csv
import email
import email.policy
import json
from pathlib import Path

_WORDS = 200
_ANNOTATED = "corpora/annotated/hard-cases-1.jsonl"  # what it predicts is not measured here, only its work


def texts_of(path: Path) -> list[str]:
    """The texts of a file, one for each page or row."""
    kind = path.suffix
    if kind == ".pdf":
        import pypdfium2

        return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(path)]
    if kind == ".docx":
        import docx

        return ["\n".join(paragraph.text for paragraph in docx.Document(str(path)).paragraphs)]
    if kind == ".pptx":
        from pptx import Presentation

        slides = Presentation(str(path)).slides
        return ["\n".join(s.text_frame.text for s in slide.shapes if s.has_text_frame) for slide in slides]
    text = path.read_text("utf-8")
    if kind == ".html":
        from bs4 import BeautifulSoup

        return [BeautifulSoup(text, "lxml").get_text(" ")]
    if kind == ".eml":
        return [email.message_from_string(text, policy=email.policy.default).get_content()]
    if kind == ".csv":
        return [row["text"] for row in csv.DictReader(text.splitlines(True))]
    return [json.loads(line)["text"] for line in text.splitlines()] if kind == ".jsonl" else [text]


class Loop:
    """Encoder and classifier, loaded and fitted."""

    def __init__(self, model: str) -> None:
        from sentence_transformers import SentenceTransformer
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.preprocessing import MultiLabelBinarizer

        self.encoder = SentenceTransformer(model, device="cpu")
        rows = [json.loads(line) for line in Path(_ANNOTATED).read_text("utf-8").splitlines()]
        self.labels = MultiLabelBinarizer()
        y = self.labels.fit_transform([[*row.get("objectives", ()), *row.get("principles", ())] for row in rows])
        x = self.encoder.encode([row["text"] for row in rows], show_progress_bar=False)
        self.classifier = OneVsRestClassifier(LogisticRegression(max_iter=1000)).fit(x, y)

    def run(self, files: list[Path], out: Path) -> None:
        """Work through the files."""
        with open(out, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["document", *self.labels.classes_])
            for path in files:
                texts = texts_of(path)
                words = [text.split() for text in texts]
                parts = [" ".join(w[i : i + _WORDS]) for w in words for i in range(0, max(1, len(w)), _WORDS)]
                vectors = self.encoder.encode(parts, show_progress_bar=False)
                scores = self.classifier.predict_proba(vectors).max(axis=0)
                writer.writerow([path.name, *(round(float(score), 4) for score in scores)])
