"""How search grows: `python -m evaluation.benchmark_scale [--most 1000000] [--whole 100000] [--vectors FILE.npy]`.

Comes in: vectors of real texts, and sentences of the repository's own documents. Goes out: `evaluation/results/scale.json`
with the figures, `scale.md` with the table that justifies where the index changes its way, `docs/scale.svg` with the
plot. Two parts: vector search alone by way and size, with recall against an exact search; and whole index folders, made
through `Index.add`, with what opening and searching them costs.

The vectors of large archives are made around real ones: a real vector plus a third of the difference of two others,
so that directions and neighbourhoods stay those of texts. Questions are real vectors that nothing was made around.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.provenance import RESULTS, SHARED, record
from stratmap.artefacts import load_manifest, shipped_folder
from stratmap.files import atomic_write_text
from stratmap.index import Index, Indexable, dense
from stratmap.index.dense import Dense, build_cells, read_cells, write_cells
from stratmap.index.derived import FOLDER
from stratmap.records import Document, Language, Page, Passage

SIZES = (1_000, 10_000, 100_000, 1_000_000)
_QUESTIONS = 200
_SEED = 11
_K = 10
_PER_DOCUMENT = 50
COMMAND = "python -m evaluation.benchmark_scale"


def real_vectors(path: Path | None) -> np.ndarray:
    """Vectors of the unlabelled texts, from a file where they were kept."""
    if path is not None and path.is_file():
        return np.load(path, allow_pickle=False).astype(np.float32)
    from evaluation.recipes.tagging_data import read_unlabelled
    from stratmap.encoding import load_encoder

    encoder = load_encoder()
    texts = [item.text for item in read_unlabelled()]
    kept = [text for text, count in zip(texts, encoder.count_tokens(texts), strict=True) if count <= encoder.window]
    vectors = encoder.encode(kept)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, vectors)
    return vectors


def generated(real: np.ndarray, count: int, out: Path, block: int = 50_000) -> np.ndarray:
    """`count` vectors around real ones, kept in a file and mapped."""
    rng = np.random.default_rng(_SEED)
    rows = np.lib.format.open_memmap(out, "w+", np.float32, (count, real.shape[1]))
    for start in range(0, count, block):
        size = min(block, count - start)
        near, one, other = (real[rng.integers(0, len(real), size)] for _ in range(3))
        made = near + 0.33 * (one - other)
        rows[start : start + size] = made / np.linalg.norm(made, axis=1, keepdims=True)
    rows.flush()
    return np.load(out, mmap_mode="r", allow_pickle=False)


def truth(rows: np.ndarray, asked: np.ndarray, block: int = 100_000) -> np.ndarray:
    """The ten nearest rows of each question, exactly."""
    best = [np.zeros((len(asked), 0))] * 2
    for start in range(0, len(rows), block):
        scores = asked @ rows[start : start + block].T
        top = np.argpartition(-scores, min(_K, scores.shape[1] - 1), axis=1)[:, :_K]
        both = [
            np.concatenate([best[0], np.take_along_axis(scores, top, 1)], 1),
            np.concatenate([best[1], top + start], 1),
        ]
        order = np.argsort(-both[0], axis=1)[:, :_K]
        best = [np.take_along_axis(part, order, 1) for part in both]
    return best[1].astype(np.int64)


def ways(rows: np.ndarray, work: Path) -> Iterator[tuple[str, Callable[[], Any], Callable[[Any], int], int]]:
    """Name, how it is made, how large it is in memory, and from how many rows it is tried."""
    import faiss

    def cells() -> Any:
        write_cells(build_cells(rows), work / "cells")
        return Dense([rows], read_cells(work / "cells"))

    def bits() -> Any:
        made = faiss.index_factory(rows.shape[1], f"IVF{max(1, len(rows) // 500)},RaBitQ", faiss.METRIC_INNER_PRODUCT)
        made.cp.niter = 8
        made.train(np.ascontiguousarray(rows[:: max(1, len(rows) // (20 * made.nlist))]))
        for start in range(0, len(rows), 50_000):
            made.add(np.ascontiguousarray(rows[start : start + 50_000]))
        made.nprobe = 48
        return _Rescored(made, rows)

    def graph() -> Any:
        made = faiss.IndexHNSWSQ(rows.shape[1], faiss.ScalarQuantizer.QT_8bit, 16, faiss.METRIC_INNER_PRODUCT)
        made.hnsw.efConstruction, made.hnsw.efSearch = 80, 96
        made.train(np.ascontiguousarray(rows[:20_000]))
        made.add(np.ascontiguousarray(rows))
        return _Rescored(made, rows)

    dim = rows.shape[1]
    yield "exact", lambda: Dense([rows]), lambda _: rows.nbytes, 0
    yield "cells, 8 bits", cells, lambda _: (work / "cells").stat().st_size, 10_000
    yield "cells, RaBitQ", bits, lambda made: len(rows) * (dim // 8 + 16) + made.index.nlist * dim * 4, 10_000
    yield "graph (HNSW), 8 bits", graph, lambda _: len(rows) * (dim + 2 * 16 * 4 + 12), 10_000


class _Rescored:
    """A faiss index whose first 100 candidates are compared by their vectors."""

    def __init__(self, index: Any, rows: np.ndarray) -> None:
        self.index, self.rows = index, rows

    def search(self, vector: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        found = self.index.search(vector[None], 100)[1][0]
        found = found[found >= 0]
        scores = np.einsum("ij,j->i", self.rows[found], vector)
        order = np.argsort(-scores)[:k]
        return found[order], scores[order]


def by_vectors(real: np.ndarray, bounds: tuple[int, int], work: Path, graph_most: int) -> list[dict[str, Any]]:
    """Part one: each way of vector search at each size."""
    rng = np.random.default_rng(_SEED)
    held = rng.choice(len(real), _QUESTIONS, replace=False)
    asked = np.ascontiguousarray(real[held])
    seeds = np.delete(real, held, axis=0)
    found = []
    for size in (size for size in SIZES if bounds[0] <= size <= bounds[1]):
        rows = generated(seeds, size, work / "rows.npy")
        expected = truth(rows, asked)
        for name, make, memory, least in ways(rows, work):
            if size < least or (name.startswith("graph") and size > graph_most):
                continue
            started, spent = time.perf_counter(), time.process_time()
            made = make()
            built = {"build_s": time.perf_counter() - started, "build_cpu_s": time.process_time() - spent}
            line = {"way": name, "rows": size, **built, "memory_mb": memory(made) / 1e6}
            line |= _timed(lambda vector, made=made: made.search(vector, _K)[0], asked, expected)
            found.append(line)
            print(
                {key: round(value, 4) if isinstance(value, float) else value for key, value in line.items()}, flush=True
            )
            del made
            gc.collect()
        found += _filtered(rows, asked, work) if size >= dense.CELLS_FROM else []
    return found


def _timed(search: Callable[[np.ndarray], np.ndarray], asked: np.ndarray, expected: np.ndarray) -> dict[str, float]:
    for vector in asked[:20]:
        search(vector)
    walls, spent, hits = [], time.process_time(), 0
    for vector, right in zip(asked, expected, strict=True):
        started = time.perf_counter()
        got = search(vector)
        walls.append(1000 * (time.perf_counter() - started))
        hits += len(set(got.tolist()) & set(right.tolist()))
    return {
        "p50_ms": float(np.percentile(walls, 50)),
        "p95_ms": float(np.percentile(walls, 95)),
        "cpu_ms": 1000 * (time.process_time() - spent) / len(asked),
        "recall_10": hits / max(1, sum(len(right) for right in expected)),
    }


def _filtered(rows: np.ndarray, asked: np.ndarray, work: Path) -> list[dict[str, Any]]:
    """Recall where a filter allows a share of the rows."""
    search = Dense([rows], read_cells(work / "cells"))
    lines = []
    for share in (0.5, 0.1, 0.03, 0.001):
        allowed = np.random.default_rng(_SEED).random(len(rows)) < share
        pool = np.flatnonzero(allowed)
        expected = pool[truth(rows[pool], asked[:50])]
        measured = _timed(lambda v, a=allowed: search.search(v, _K, a)[0], asked[:50], expected)
        lines.append({"way": f"cells, 8 bits, {share:.1%} allowed", "rows": len(rows), **measured})
        print(lines[-1], flush=True)
    return lines


def sentences() -> list[str]:
    """Sentences of the repository's own documents."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path("corpora/projects").rglob("*.md"))]
    return sorted(
        {line.strip() for text in texts for line in text.replace("\n", " ").split(". ") if 40 < len(line) < 400}
    )


def documents(vectors: np.ndarray, said: list[str], prefix: str = "report") -> Iterator[Indexable]:
    """Documents of fifty passages, three sentences each, one of them with a word of its own."""
    rng = random.Random(_SEED)
    for start in range(0, len(vectors), _PER_DOCUMENT):
        size = min(_PER_DOCUMENT, len(vectors) - start)
        parts = [". ".join([*rng.sample(said, 3), f"Reference {start + n}"]) for n in range(size)]
        text = "\n".join(parts)
        name = f"{prefix}-{start}.md"
        document = Document(
            f"{prefix}{start:09d}", name, name, (Page(None, text, 0),), Language("en", "English"), f"Report {start}"
        )
        places = np.cumsum([0, *(len(part) + 1 for part in parts)]).tolist()
        passages = tuple(
            Passage(document.doc_id, 0, None, places[n], places[n] + len(part), places[n], part, "")
            for n, part in enumerate(parts)
        )
        yield Indexable(
            document, passages, vectors[start : start + size], {f"O{1 + start // 50 % 9}": 0.9}, ("Armenia",), 2020
        )


def groups(items: Iterator[Indexable]) -> Iterator[list[Indexable]]:
    """Transactions of 200 documents: a single one of a million passages would lie on the disk twice."""
    while group := list(islice(items, 200)):
        yield group


def whole_indexes(real: np.ndarray, most: int, work: Path, keep: Path | None) -> list[dict[str, Any]]:
    """Part two: index folders of each size: adding, opening, searching, adding one more; the last one may be kept."""
    encoder = load_manifest(shipped_folder("encoder"), "encoder")
    lines = Path("evaluation/questions/corpora.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines][:60]
    rng = np.random.default_rng(_SEED)
    asked = real[rng.choice(len(real), len(questions))]
    said, found = sentences(), []
    for size in (size for size in SIZES if size <= most):
        vectors = generated(real, size, work / "rows.npy")
        folder = work / f"index-{size}"
        started = time.perf_counter()
        made = Index.open(folder, encoder.name, encoder.fingerprint, real.shape[1], make=True)
        for group in groups(documents(vectors, said)):
            made.add(group)
        line: dict[str, Any] = {"passages": size, "add_s": time.perf_counter() - started}
        line["base_s"] = _seconds(lambda made=made: len(made))
        line |= _opened(folder, questions, asked)
        line["disk_mb"] = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
        line["derived_mb"] = sum(path.stat().st_size for path in (folder / FOLDER).rglob("*") if path.is_file()) / 1e6
        found.append(line)
        print({key: round(value, 3) if isinstance(value, float) else value for key, value in line.items()}, flush=True)
        if keep is not None:
            shutil.rmtree(keep, ignore_errors=True)
            shutil.copytree(folder, keep)
        shutil.rmtree(folder)
    return found


def _opened(folder: Path, questions: list[str], asked: np.ndarray) -> dict[str, float]:
    """In a process of its own, whose memory tells what an opened index takes."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        before = _private()
        index = Index(folder)
        spent = time.process_time()
        line = {"open_s": _seconds(lambda: len(index)), "open_cpu_s": time.process_time() - spent}
        line["first_search_s"] = _seconds(lambda: index.search(questions[0], asked[0], 10))
        walls, spent = [], time.process_time()
        for question, vector in zip(questions, asked, strict=True):
            walls.append(1000 * _seconds(lambda q=question, v=vector: index.search(q, v, 10)))
        line |= {
            "search_p50_ms": float(np.percentile(walls, 50)),
            "search_p95_ms": float(np.percentile(walls, 95)),
            "search_cpu_ms": 1000 * (time.process_time() - spent) / len(questions),
            "private_mb": _private() - before,
        }
        line["add_one_s"] = _seconds(
            lambda: index.add(documents(asked[:1], ["One more", "and a second", "and a third"], "new"))
        )
        line["search_after_add_s"] = _seconds(lambda: index.search(questions[0], asked[0], 10))
        os.write(write, json.dumps(line).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        line = json.loads(pipe.read())
    os.waitpid(child, 0)
    return line


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _private() -> float:
    """Memory of this process that no file holds, in megabytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def exponent(sizes: list[int], values: list[float]) -> float:
    """The power of the size with which a cost grows: the slope in a plot of logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(np.maximum(values, 1e-9)), 1)[0]) if len(sizes) > 1 else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="largest number of vectors of part one")
    parser.add_argument("--least", type=int, default=0, help="smallest number of vectors of part one")
    parser.add_argument("--whole", type=int, default=100_000, help="largest whole index of part two; 0: none")
    parser.add_argument("--graph-most", type=int, default=100_000, help="largest graph: one of a million takes an hour")
    parser.add_argument("--keep", type=Path, help="where the largest whole index is kept, for benchmark_speed --index")
    parser.add_argument("--vectors", type=Path, help="where the real vectors are kept")
    asked = parser.parse_args()
    real = real_vectors(asked.vectors)
    with tempfile.TemporaryDirectory() as folder:
        vectors = by_vectors(real, (asked.least, asked.most), Path(folder), asked.graph_most)
        whole = whole_indexes(real, asked.whole, Path(folder), asked.keep)
    figures = {"vectors": vectors, "whole": whole, "growth": growth(vectors, whole), "load_1min": os.getloadavg()[0]}
    previous = RESULTS / "scale.json"
    if previous.is_file():  # what was not measured this time keeps its figures
        kept = json.loads(previous.read_text(encoding="utf-8"))["figures"]
        vectors = merged(kept["vectors"], vectors, ("way", "rows"))
        whole = merged(kept["whole"], whole, ("passages",))
        figures |= {"vectors": vectors, "whole": whole, "growth": growth(vectors, whole)}
    record(
        "scale", figures, COMMAND, f"{SHARED.name}: vectors of unlabelled texts; sentences of corpora/projects", _SEED
    )
    atomic_write_text(RESULTS / "scale.md", page(figures))
    atomic_write_text(Path("docs/scale.svg"), plot(figures))


def merged(before: list[dict[str, Any]], now: list[dict[str, Any]], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Earlier lines with the new ones in their place, by size."""
    lines = {tuple(line[key] for key in keys): line for line in [*before, *now]}
    return sorted(lines.values(), key=lambda line: line.get("rows", line.get("passages", 0)))


def growth(vectors: list[dict[str, Any]], whole: list[dict[str, Any]]) -> dict[str, float]:
    """Fitted exponents of what was measured at several sizes."""
    found = {}
    for way in dict.fromkeys(line["way"] for line in vectors):
        lines = [line for line in vectors if line["way"] == way]
        if len(lines) > 1:
            found[f"{way}: search"] = exponent([line["rows"] for line in lines], [line["cpu_ms"] for line in lines])
    for key in ("add_s", "base_s", "open_s", "search_cpu_ms"):
        if len(whole) > 1:
            found[f"whole index: {key}"] = exponent([line["passages"] for line in whole], [line[key] for line in whole])
    return found


def plot(figures: dict[str, Any]) -> str:
    """Processor time of a search against the number of passages, both logarithmic."""
    lines = {
        way: [(one["rows"], one["cpu_ms"]) for one in figures["vectors"] if one["way"] == way]
        for way in dict.fromkeys(one["way"] for one in figures["vectors"])
    }
    lines |= {"whole index": [(one["passages"], one["search_cpu_ms"]) for one in figures["whole"]]}
    colours = ("#0033a0", "#5b92e5", "#d22630", "#ffb81c", "#418fde", "#333333", "#777777", "#2d8659")

    def place(rows: float, value: float) -> tuple[float, float]:
        return 60 + 170 * (np.log10(rows) - 3), 270 - 60 * (np.log10(max(value, 0.1)) + 1)

    parts = [f'<text x="{60 + 170 * n}" y="295" text-anchor="middle">{10 ** (3 + n):,}</text>' for n in range(4)]
    parts += [f'<text x="50" y="{274 - 60 * n}" text-anchor="end">{10.0 ** (n - 1):g} ms</text><line x1="60" x2="570" y1="{270 - 60 * n}" y2="{270 - 60 * n}" stroke="#ddd"/>' for n in range(5)]  # fmt: skip
    drawn = [(way, points) for way, points in lines.items() if len(points) > 1]
    for number, (way, points) in enumerate(drawn):
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y in (place(*point) for point in points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colours[number]}" stroke-width="2"/>')
        parts.append(f'<text x="590" y="{40 + 20 * number}" fill="{colours[number]}">{way}</text>')
    title = "Processor time of one search, by passages"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{title}" width="760" height="310" '
        f'style="font-family:system-ui,sans-serif;font-size:12px"><title>{title}</title>'
        f'<rect width="100%" height="100%" fill="#fff"/><text x="8" y="16" font-weight="600">{title}</text>{"".join(parts)}</svg>\n'
    )


def page(figures: dict[str, Any]) -> str:
    """The tables as Markdown."""
    out = ["# How search grows", "", f"`{COMMAND}`; machine, versions and raw figures in `scale.json`. Wall times were taken", f"at a load of {figures['load_1min']:.0f} on two cores; processor time (cpu) does not depend on it.", "", "## Vector search alone", "", "| way | rows | built s (cpu) | memory MB | p50 ms | p95 ms | cpu ms | recall@10 |", "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for line in figures["vectors"]:
        built = f"{line['build_s']:.1f} ({line['build_cpu_s']:.1f})" if "build_s" in line else ""
        memory = f"{line['memory_mb']:.0f}" if "memory_mb" in line else ""
        out.append(
            f"| {line['way']} | {line['rows']:,} | {built} | {memory} | {line['p50_ms']:.2f} | {line['p95_ms']:.2f} | {line['cpu_ms']:.2f} | {line['recall_10']:.3f} |"
        )
    out += ["", "## Whole index folders", "", "| passages | add s | base s | open s (cpu) | search p50 / p95 ms | search cpu ms | own memory MB | derived MB | add one s |", "|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for line in figures["whole"]:
        out.append(
            f"| {line['passages']:,} | {line['add_s']:.1f} | {line['base_s']:.1f} | {line['open_s']:.2f} ({line['open_cpu_s']:.2f}) | {line['search_p50_ms']:.1f} / {line['search_p95_ms']:.1f} | {line['search_cpu_ms']:.1f} | {line['private_mb']:.0f} | {line['derived_mb']:.0f} | {line['add_one_s']:.2f} |"
        )
    out += ["", "## Exponents", "", *(f"- {name}: {value:.2f}" for name, value in figures["growth"].items()), ""]
    return "\n".join(out)


if __name__ == "__main__":
    main()
