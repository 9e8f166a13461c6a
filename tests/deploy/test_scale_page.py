"""The table of the page about sizes is that of the recorded measurement."""

from __future__ import annotations

import json
import re

from evaluation.scale_milvus import table


def test_the_table_holds_the_recorded_figures(root):
    page = (root / "docs" / "scale.md").read_text(encoding="utf-8")
    recorded = json.loads((root / "evaluation" / "results" / "scale-milvus.json").read_text(encoding="utf-8"))
    block = re.search(r"<!-- figures -->\n(.*?)\n<!-- end of figures -->", page, re.S)
    assert block.group(1).strip() == table(recorded)


def test_links_of_the_pages_lead_somewhere(root):
    for name in ("scale.md", "deploy.md"):
        page = (root / "docs" / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)\)", page):
            assert (root / "docs" / target).exists(), target
