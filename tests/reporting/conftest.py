"""Tagged documents made for these tests."""

import pytest

from stratmap.framework import load_framework
from stratmap.records import Evidence, Language, Tag, TaggedDocument


@pytest.fixture(scope="session")
def framework():
    return load_framework()


def make_tagged(framework, name="a.pdf", doc_id="0" * 16, applied=("O3", "P1"), text="We helped returning migrants."):
    """All labels of the framework; the applied ones at 0.9 with one quotation on page 2."""

    def tag(label):
        on = label.code in applied
        evidence = (Evidence(2, 0, len(text), text, 0.8, 1),) if on else ()
        return Tag(label.code, label.name, 0.9 if on else 0.1, on, evidence)

    tags = {
        group.id: tuple(sorted(map(tag, group.labels), key=lambda tag: -tag.probability)) for group in framework.groups
    }
    return TaggedDocument(name, doc_id, Language("en", "English"), 3, tags, False)
