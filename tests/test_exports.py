"""What `import stratmap` offers, and what it costs."""

import subprocess
import sys

import pytest

import stratmap


@pytest.mark.parametrize("name", [name for name in stratmap.__all__ if name != "__version__"])
def test_every_exported_name_leads_to_something(name):
    pytest.importorskip("langchain_core") if name in {"Retriever", "StratmapEmbeddings"} else None
    assert getattr(stratmap, name).__name__ in {name, name.split(".")[-1]}


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(AttributeError, match="Desk"):
        stratmap.Descartes  # noqa: B018


def test_importing_the_package_imports_no_room():
    rooms = "sorted(m for m in sys.modules if m.startswith('stratmap.'))"
    code = f"import sys, stratmap; print({rooms}, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False"
