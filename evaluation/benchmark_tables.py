"""Writes the retrieval benchmark as tables for people. It computes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_HEADS = ("nDCG@10", "R@1", "R@5", "R@10", "R@100", "RR@10")
_NOTES = """\
`p` is that of a paired randomisation test over queries on nDCG@10 against stratmap (9,999 draws). All systems use the
same encoder and the same queries. Milliseconds include encoding the query, one query at a time, on the machine named
above. stratmap's reranker reads questions only: on claims (SciFact) it changes nothing."""


def page(results: Path) -> str:
    """The page for a file of results."""
    content = json.loads(results.read_text(encoding="utf-8"))
    source = content["provenance"]
    parts = [
        "# Search beside its peers",
        f"Made by `{source['command']}` on {source['date']} ({source['machine']}; Python {source['python']}; "
        f"seed {source['seed']}).",
        *(_section(name, table) for name, table in content["figures"].items()),
        _NOTES,
    ]
    return "\n\n".join(parts) + "\n"


def _section(name: str, table: dict[str, Any]) -> str:
    lines = [
        f"## {name}: {table['documents']:,} documents, {table['queries']:,} queries",
        "",
        f"| system | {' | '.join(_HEADS)} | ms/query | p |",
        "|---|" + "---:|" * (len(_HEADS) + 2),
    ]
    for system, row in table["systems"].items():
        cells = [f"{row[head]:.4f}" for head in _HEADS]
        p = f"{row['p']:.4f}" if "p" in row else "–"
        lines.append(f"| {system} | {' | '.join(cells)} | {row['ms_per_query']:.1f} | {p} |")
    return "\n".join(lines)
