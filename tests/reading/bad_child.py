"""The reading child with a parser that does what the name of the file says: for the tests of what follows."""

import ctypes
import os
import signal
import time

from stratmap.reading import child
from stratmap.reading.extract import Extract


def parse(kind, data, name, settings):
    if "segfault" in name:
        ctypes.string_at(0)
    if "kill" in name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "hang" in name:
        time.sleep(600)
    if "spin" in name:
        while True:
            pass
    if "memory" in name:
        kept = []
        while True:
            kept.append(bytearray(50_000_000))
    if "print" in name:
        print("a library talks")  # noqa: T201
    if "lie" in name:
        os.write(int(os.environ["LIE"]), b"       9000\n" + b"x" * 9000)
    return Extract(((1, f"{os.getpid()} {len(data)} " + "w" * len(data)),), paged=True)


child.parse = parse
if __name__ == "__main__":
    os.environ["LIE"] = str(os.dup(1))
    child.main()
