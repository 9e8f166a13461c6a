"""An index in each backend, and a Milvus Lite server in a process of its own that can be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from stratmap.index import Index
from stratmap.settings import IndexSettings

WITHOUT = "the extra `milvus` is not installed; `make test-engines` installs it"


@pytest.fixture(params=["faiss", "milvus"])
def backend(request):
    if request.param == "milvus":
        pytest.importorskip("pymilvus", reason=WITHOUT)
        pytest.importorskip("milvus_lite", reason=WITHOUT)
    return request.param


@pytest.fixture
def open_at(hashing_encoder):
    """Opens an index in a folder, or makes it; Milvus is a file in the folder unless an address is given."""
    opened = []

    def open_it(folder, backend, make=False, **settings):
        e = hashing_encoder
        kind: type[Index] = Index
        if backend == "milvus":
            from stratmap.milvus import MilvusIndex

            kind = MilvusIndex
        index = kind.open(folder, e.name, e.fingerprint, e.dim, IndexSettings(backend=backend, **settings), make=make)
        opened.append(index)
        return index

    yield open_it
    for index in opened:
        if hasattr(index, "close"):
            index.close()
    if "milvus_lite" in sys.modules:  # a file belongs to one server at a time
        sys.modules["milvus_lite.server_manager"].server_manager_instance.release_all()


class Server:
    """Milvus Lite behind its gRPC door, as a process: started, paused, killed."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        code = "from milvus_lite.cmdline import main; main()"
        words = ["server", "--data-dir", str(self.folder), "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.argv[1:] = {words!r}; {code}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise AssertionError("Milvus Lite did not start")

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGCONT)
            self.process.kill()
            self.process.wait()

    def pause(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.process.pid, signal.SIGCONT)


@pytest.fixture
def server(tmp_path):
    pytest.importorskip("pymilvus", reason=WITHOUT)
    pytest.importorskip("milvus_lite", reason=WITHOUT)
    made = Server(tmp_path / "milvus")
    yield made
    made.kill()
