"""Speed beside its peers in one run: `python -m evaluation.benchmark_speed` (`make benchmark-speed`).

Comes in: texts of the measuring data and of the repository. Goes out: `evaluation/results/benchmark-speed.json` with figures, ratios,
machine and versions, `docs/speed.svg` with the ratios, and profiles in `build/profiles`.

Every comparison takes turns: one round of ours, one of each peer, and again; figures are medians of the rounds. Beside
wall time stands processor time, which other work on the machine does not change. A peer that is not installed is left
out and named.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.provenance import RESULTS, SHARED, record
from stratmap.files import atomic_write_text

ROUNDS = 5
PLOT = Path("docs/speed.svg")
PROFILES = Path("build/profiles")
COMMAND = "python -m evaluation.benchmark_speed"
DATA = "passages of tagging/train.jsonl, corpora/projects, shared reports"
SAMPLE = Path("corpora/samples/sample-report.pdf")
# The shortest script with sentence-transformers that gives a report's tags: a cosine to each objective's statement.
PEER_SCRIPT = """
import sys, pypdfium2
from sentence_transformers import SentenceTransformer
from stratmap.framework import load_framework
model = SentenceTransformer(sys.argv[1], device="cpu")
text = " ".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(sys.argv[2]))
labels = load_framework("iom-seeeca").labels
print(model.encode([text]) @ model.encode([label.statement for label in labels]).T)
"""


def passages(count: int) -> list[str]:
    """Annotated passages of 120 to 250 tokens, as those of reports are."""
    return list(_passages()[:count])


@cache
def _passages() -> tuple[str, ...]:
    from stratmap.encoding import load_encoder

    lines = (SHARED / "tagging" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    counts = load_encoder().count_tokens(texts)
    return tuple(text for text, tokens in zip(texts, counts, strict=True) if 120 <= tokens <= 250)


def in_turns(work: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, dict[str, float]]:
    """Median wall and processor seconds of each, taken in turns; the first round is not counted."""
    walls: dict[str, list[float]] = {name: [] for name in work}
    spent: dict[str, list[float]] = {name: [] for name in work}
    for number in range(rounds + 1):
        for name, run in work.items():
            wall, cpu = time.perf_counter(), _processor_s()
            run()
            if number:
                walls[name].append(time.perf_counter() - wall)
                spent[name].append(_processor_s() - cpu)
    return {n: {"wall_s": float(np.median(walls[n])), "cpu_s": float(np.median(spent[n]))} for n in work}


def _processor_s() -> float:
    """Processor time of this process and of the children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def with_ratios(found: Mapping[str, Mapping[str, float]], ours: str) -> dict[str, dict[str, float]]:
    """Each measurement with how many times ours it takes."""
    base = found[ours]
    return {
        name: {**values, "wall_ratio": values["wall_s"] / base["wall_s"], "cpu_ratio": values["cpu_s"] / base["cpu_s"]}
        for name, values in found.items()
    }


def encoding(texts: Sequence[str], rounds: int) -> dict[str, Any]:
    """The encoder beside sentence-transformers, its ONNX backend and LangChain's embeddings."""
    from evaluation.recipes.export_encoder import original_folder
    from stratmap.encoding import load_encoder

    ours = load_encoder()
    work: dict[str, Callable[[], object]] = {"stratmap": lambda: ours.encode(texts)}
    missing = []
    original = str(original_folder())
    if _there("sentence_transformers"):
        from sentence_transformers import SentenceTransformer

        peer = SentenceTransformer(original, device="cpu")
        work["sentence-transformers"] = lambda: peer.encode(list(texts), show_progress_bar=False)
    else:
        missing.append("sentence-transformers")
    if _there("optimum") and _there("sentence_transformers"):
        from sentence_transformers import SentenceTransformer

        graph = SentenceTransformer(original, device="cpu", backend="onnx")
        work["sentence-transformers, ONNX backend"] = lambda: graph.encode(list(texts), show_progress_bar=False)
    else:
        missing.append("sentence-transformers, ONNX backend (optimum)")
    if _there("langchain_huggingface"):
        from langchain_huggingface import HuggingFaceEmbeddings

        chain = HuggingFaceEmbeddings(model_name=original, model_kwargs={"device": "cpu"})
        work["LangChain HuggingFaceEmbeddings"] = lambda: chain.embed_documents(list(texts))
    else:
        missing.append("LangChain HuggingFaceEmbeddings (langchain-huggingface)")
    found = with_ratios(in_turns(work, rounds), "stratmap")
    for values in found.values():
        values["passages_per_s"] = len(texts) / values["wall_s"]
    return {"passages": len(texts), "runs": found, "not_installed": missing}


def tiers(texts: Sequence[str], rounds: int) -> dict[str, Any]:
    """Probabilities of passages by the fast tier and by the full tagger."""
    from stratmap.artefacts import shipped_folder
    from stratmap.assembly import Desk
    from stratmap.encoding.table import TokenTable
    from stratmap.tagging.fast_model import FastModel

    desk, folder = Desk(), shipped_folder("fast-tier")
    fast, model = FastModel(folder, TokenTable(folder)), desk.shipped_model
    empty = np.zeros((len(texts), 0))

    def full() -> object:
        encoded = desk.encoder.encode_full(texts)
        return model.predict_proba(texts, encoded.embeddings, encoded.hidden)

    work = {
        "fast tier": lambda: fast.predict_proba(texts, empty, []),
        "full tagger": full,
        "full encoder alone": lambda: desk.encoder.encode(texts),
    }
    return {"passages": len(texts), "runs": with_ratios(in_turns(work, rounds), "fast tier")}


def cold(rounds: int) -> dict[str, Any]:
    """Whole processes, from the command to its last line: help, a first tag, and the peer's shortest script."""
    from evaluation.recipes.export_encoder import original_folder

    command = [sys.executable, "-m", "stratmap.cli"] if not _script().is_file() else [str(_script())]
    quiet: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.txt"
        report.write_text(passages(1)[0], encoding="utf-8")
        work: dict[str, Callable[[], object]] = {
            "stratmap tag": lambda: subprocess.run([*command, "tag", str(SAMPLE)], **quiet),
            "stratmap tag report.txt": lambda: subprocess.run([*command, "tag", str(report)], **quiet),
            "stratmap tag report.txt --tier fast": lambda: subprocess.run(
                [*command, "tag", str(report), "--tier", "fast"], **quiet
            ),
            "stratmap --help": lambda: subprocess.run([*command, "--help"], **quiet),
        }
        if _there("sentence_transformers"):
            script = [sys.executable, "-c", PEER_SCRIPT, str(original_folder()), str(SAMPLE)]
            work["sentence-transformers script"] = lambda: subprocess.run(script, **quiet)
        return with_ratios(in_turns(work, rounds), "stratmap tag")


def _script() -> Path:
    return Path(sys.executable).with_name("stratmap")


def tagging(rounds: int) -> dict[str, Any]:
    """p50 and p95 of one document in a warm process, by its length in passages."""
    from stratmap.assembly import Desk
    from stratmap.reading import read_text

    desk, texts = Desk(), passages(64)
    found = {}
    for size in (1, 3, 10, 30):
        documents = [
            read_text("\n\n".join(texts[(start + n) % len(texts)] for n in range(size)), f"{start}.md")
            for start in range(0, 4 * rounds)
        ]
        desk.tagger.tag(documents[0])
        spent = _processor_s()
        walls = [_wall(lambda d=document: desk.tagger.tag(d)) for document in documents]
        found[f"{size} passages"] = _quantiles(walls) | {"cpu_ms": 1000 * (_processor_s() - spent) / len(documents)}
    return found


def asking(index: Path, rounds: int) -> dict[str, Any]:
    """p50 and p95 of a question in a warm process, on an index folder, and where the time goes."""
    from stratmap.assembly import Desk

    desk = Desk(index_folder=index)
    lines = Path("evaluation/questions/corpora.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines][: 8 * rounds]
    opened = _wall(lambda: len(desk.index))
    desk.ask(questions[0])
    walls, spent = [], _processor_s()
    for question in questions:
        walls.append(_wall(lambda q=question: desk.ask(q)))
    whole = _quantiles(walls) | {"cpu_ms": 1000 * (_processor_s() - spent) / len(questions)}
    vectors = [desk.encoder.encode([question])[0] for question in questions]
    parts = {
        "encoding the question": lambda n: desk.encoder.encode([questions[n]]),
        "search": lambda n: desk.index.search(questions[n], vectors[n], desk.settings.answering.passages),
    }
    found: dict[str, Any] = {"passages": len(desk.index), "open_s": opened, "whole": whole}
    for name, run in parts.items():
        found[name] = _quantiles([_wall(lambda n=n, run=run: run(n)) for n in range(len(questions))])
    hits = desk.index.search(questions[0], vectors[0], desk.settings.answering.rerank or 24)
    if desk.reranker is not None and hits:
        texts = [hit.passage.text for hit in hits]
        found[f"reranking {len(texts)} passages"] = _quantiles(
            [_wall(lambda: desk.reranker.score(questions[0], texts)) for _ in range(rounds)]
        )
    return found


def indexing() -> dict[str, float]:
    """Documents and passages a second of `stratmap index` on the repository's own documents, and its peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        command = [str(_script()), "index", "corpora/projects", "--index", str(index)]
        wall, peak = _watched(command)
        from stratmap.assembly import Desk

        desk = Desk(index_folder=index)
        return {
            "documents_per_s": len(desk.documents()) / wall,
            "passages_per_s": len(desk.index) / wall,
            "peak_mb": peak,
        }


def archive(count: int) -> dict[str, Any]:
    """Documents a second of `stratmap tag --out`, by tier, and its peak memory."""
    texts, found = passages(256), {}
    with tempfile.TemporaryDirectory() as folder:
        items = Path(folder) / "items.jsonl"
        lines = [json.dumps({"id": str(n), "text": texts[n % len(texts)] + f" ({n})"}) for n in range(count)]
        items.write_text("\n".join(lines) + "\n", encoding="utf-8")
        for tier in ("full", "auto", "fast"):
            wall, peak = _watched(
                [str(_script()), "tag", str(items), "--out", str(Path(folder) / tier), "--tier", tier]
            )
            found[tier] = {"documents_per_s": count / wall, "peak_mb": peak}
    return found


def long_document() -> dict[str, float]:
    """Tagging the longest PDF of the measuring data: time and peak memory of the whole process."""
    reports = sorted((SHARED / "reports").glob("*.pdf"), key=lambda path: path.stat().st_size)
    if not reports:
        return {}
    wall, peak = _watched([str(_script()), "tag", str(reports[-1])])
    return {"wall_s": wall, "peak_mb": peak}


def _watched(command: Sequence[str]) -> tuple[float, float]:
    """Wall seconds and peak memory in megabytes of a process.

    Its peak is read while it runs: what the system tells after its end counts the memory of this process as well, as
    it was when the other was begun.
    """
    started = time.perf_counter()
    process = subprocess.Popen(list(command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _peak_mb(process.pid))
        time.sleep(0.01)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}")
    return time.perf_counter() - started, peak


def _peak_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM:")), 0.0)


def size() -> dict[str, float]:
    """Megabytes of the shipped models and of the packages that the product and its peer import."""
    found = {"models": sum(path.stat().st_size for path in Path("models").rglob("*") if path.is_file()) / 1e6}
    for name in ("onnxruntime", "tokenizers", "faiss", "torch", "transformers", "sentence_transformers"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations:
            place = Path(spec.submodule_search_locations[0])
            found[name] = sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) / 1e6
    return found


def profile(texts: Sequence[str]) -> list[str]:
    """Keep onnxruntime's profile of the encoder, and py-spy's of a tag where it is installed; returns the files."""
    import onnxruntime

    from stratmap.artefacts import shipped_folder
    from stratmap.encoding.onnx_encoder import LOWER, UPPER, OnnxEncoder

    PROFILES.mkdir(parents=True, exist_ok=True)
    folder = shipped_folder("encoder")
    encoder = OnnxEncoder(folder, threads=1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_profiling = True
    options.profile_file_prefix = str(PROFILES / "encoder")
    sessions = [
        onnxruntime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])
        for name in (LOWER, UPPER)
    ]
    encoder._lower, encoder._upper = sessions
    encoder.encode(texts[:8])
    kept = [one.end_profiling() for one in sessions]
    spy = Path(sys.executable).with_name("py-spy")
    if spy.is_file():
        out = PROFILES / "tag.svg"
        subprocess.run(
            [str(spy), "record", "-o", str(out), "--", str(_script()), "tag", str(SAMPLE)],
            check=True,
            capture_output=True,
        )
        kept.append(str(out))
    return [Path(path).name for path in kept]


def _there(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _wall(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _quantiles(seconds: Sequence[float]) -> dict[str, float]:
    return {"p50_ms": 1000 * float(np.median(seconds)), "p95_ms": 1000 * float(np.percentile(seconds, 95))}


def plot(figures: dict[str, Any]) -> str:
    """How many times ours each peer takes, as bars on a logarithmic axis."""
    rows: list[tuple[str, float]] = []
    for title, part, key in (
        ("encoding", "encoding", "wall_ratio"),
        ("tiers", "tiers", "cpu_ratio"),
        ("first tag", "cold", "wall_ratio"),
    ):
        runs = figures.get(part, {})
        runs = runs.get("runs", runs)
        rows += [(f"{title}: {name}", values[key]) for name, values in runs.items() if key in values]
    height, left, unit = 26 * len(rows) + 60, 330, 120
    marks = "".join(
        f'<line x1="{left + unit * n}" y1="34" x2="{left + unit * n}" y2="{height - 20}" stroke="#ddd"/>'
        f'<text x="{left + unit * n}" y="28" text-anchor="middle">{10**n}×</text>'
        for n in range(4)
    )
    bars = "".join(
        f'<text x="{left - 8}" y="{57 + 26 * n}" text-anchor="end">{name.replace("&", "&amp;")}</text>'
        f'<rect x="{left}" y="{44 + 26 * n}" width="{max(2.0, unit * float(np.log10(max(ratio, 1.0)))):.1f}" height="17" fill="#0033a0"/>'
        f'<text x="{left + 6 + max(2.0, unit * float(np.log10(max(ratio, 1.0)))):.1f}" y="{57 + 26 * n}">{ratio:.2f}</text>'
        for n, (name, ratio) in enumerate(rows)
    )
    title = "Time in multiples of stratmap's, same run"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{title}" width="860" height="{height}" '
        f'style="font-family:system-ui,sans-serif;font-size:12px"><title>{title}</title>'
        f'<rect width="100%" height="100%" fill="#fff"/><text x="8" y="16" font-weight="600">{title}</text>{marks}{bars}</svg>\n'
    )


def main() -> None:
    """Measure what is asked, keep the rest of the recorded figures, write results and plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "parts", nargs="*", help="encoding tiers cold tagging indexing archive long size profile; default: all"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--passages", type=int, default=96)
    parser.add_argument("--index", type=Path, help="an index folder on which questions are asked")
    asked = parser.parse_args()
    parts: dict[str, Callable[[], Any]] = {
        "encoding": lambda: encoding(passages(asked.passages), asked.rounds),
        "tiers": lambda: tiers(passages(asked.passages), asked.rounds),
        "cold": lambda: cold(asked.rounds),
        "tagging": lambda: tagging(asked.rounds),
        "indexing": indexing,
        "archive": lambda: archive(400),
        "long": long_document,
        "size": size,
        "profile": lambda: profile(passages(8)),
    }
    path = RESULTS / "benchmark-speed.json"
    figures = json.loads(path.read_text(encoding="utf-8"))["figures"] if path.is_file() else {}
    for name in asked.parts or list(parts):
        figures[name] = parts[name]()
        figures.setdefault("load_1min", {})[name] = round(os.getloadavg()[0], 1)
        print(name, json.dumps(figures[name], indent=1), flush=True)
        record("benchmark-speed", figures, COMMAND, DATA)  # after each part: a run that is stopped keeps what it has
    if asked.index is not None:
        figures.setdefault("ask", {})[asked.index.name] = asking(asked.index, asked.rounds)
        print(json.dumps(figures["ask"], indent=1))
        record("benchmark-speed", figures, COMMAND, DATA)
    atomic_write_text(PLOT, plot(figures))


if __name__ == "__main__":
    main()
