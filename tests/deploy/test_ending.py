"""Who runs the app ends it with SIGTERM: systemd, and Docker, whose process 1 is not ended by a signal without a handler."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys


def test_the_app_ends_in_good_order_when_it_is_told_to(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = ["-m", "stratmap.cli.commands", "app", "--port", port, "--index", str(tmp_path / "index")]
    app = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert app.stdout.readline().startswith("stratmap is open at ")
        app.send_signal(signal.SIGTERM)
        told = app.communicate(timeout=10)[1]
        assert (app.returncode, told) == (0, "")
    finally:
        app.kill()
