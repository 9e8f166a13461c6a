"""The labels of a framework as an IATI codelist, in XML, CSV and JSON.

Comes in: a framework. Goes out: texts in the layout of the codelists that IATI publishes. It writes no file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from stratmap.framework import Framework, Label
from stratmap.reporting.characters import xml_safe
from stratmap.reporting.tables import Column, Table, csv_bytes


def codelist_xml(framework: Framework, uri: str) -> str:
    """The codelist as XML; `uri` is where the vocabulary is defined."""
    head = f"<name>{_narrative(framework.name)}</name><description>{_narrative(framework.goal)}</description>"
    items = "".join(
        f"    <codelist-item><code>{_text(label.code)}</code><name>{_narrative(label.name)}</name>"
        f"<description>{_narrative(label.statement)}</description><category>{_text(group)}</category>"
        "</codelist-item>\n"
        for group, label in _labels(framework)
    )
    name = quoteattr(xml_safe(framework.id))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<codelist name={name} xml:lang="en" complete="1">\n'
        f"  <metadata>{head}<url>{_text(uri)}</url></metadata>\n"
        f"  <codelist-items>\n{items}  </codelist-items>\n</codelist>\n"
    )


def codelist_csv(framework: Framework) -> bytes:
    """The codelist as CSV with the columns of IATI's own."""
    columns = tuple(Column(name, f"#meta+{name}") for name in ("code", "name", "description", "category", "status"))
    rows = tuple((one.code, one.name, one.statement, group, "active") for group, one in _labels(framework))
    return csv_bytes(Table(columns, rows))


def codelist_json(framework: Framework, uri: str) -> str:
    """The codelist as JSON."""
    value = {
        "attributes": {"name": framework.id, "complete": "1", "category-codelist": ""},
        "metadata": {"name": framework.name, "description": framework.goal, "url": uri},
        "data": [
            {
                "code": label.code,
                "name": label.name,
                "description": label.statement,
                "category": group,
                "status": "active",
            }
            for group, label in _labels(framework)
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _labels(framework: Framework) -> Iterator[tuple[str, Label]]:
    for group in framework.groups:
        for label in group.labels:
            yield group.id, label


def _text(text: str) -> str:
    return escape(xml_safe(text))


def _narrative(text: str) -> str:
    return f"<narrative>{_text(text)}</narrative>"
