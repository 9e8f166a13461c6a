"""The process that reads files for another one: `python -m stratmap.reading.child`.

Comes in: on standard input, frames with a kind, a name, settings and the bytes of a file. Goes out: on standard output,
what was read. Memory and processor time are limited, and its standard output is no one else's: what a library prints
goes to standard error. It ends when its input does.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, BinaryIO

from stratmap.errors import ReadingError
from stratmap.reading.extract import Row
from stratmap.reading.frames import HEAD, length_of, packed
from stratmap.reading.parsers import parse, parse_rows
from stratmap.settings import ReadingSettings

_ROWS = 500  # in one frame


def main() -> None:
    """Serve until the input ends."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit_memory(int(sys.argv[1]))
    sys.addaudithook(_refuse)
    source = sys.stdin.buffer
    while request := _request(source):
        settings = ReadingSettings(**request["settings"])
        _limit_time(settings.timeout_s)
        data = source.read(request["bytes"])
        for answer in _answers(request["kind"], data, request["name"], settings, request["rows"]):
            output.write(packed(answer))
        output.flush()


def _request(source: BinaryIO) -> dict[str, Any] | None:
    head = source.read(HEAD)
    if len(head) < HEAD:
        return None
    found: dict[str, Any] = json.loads(source.read(length_of(head)))
    return found


def _answers(kind: str, data: bytes, name: str, settings: ReadingSettings, rows: bool) -> Iterator[dict[str, Any]]:
    try:
        if rows:
            group: list[Row] = []
            for row in parse_rows(kind, data, name, settings):
                group.append(row)
                if len(group) >= _ROWS:
                    yield {"rows": [asdict(one) for one in group], "more": True}
                    group = []
            yield {"rows": [asdict(one) for one in group], "more": False}
        else:
            yield {"extract": asdict(parse(kind, data, name, settings)), "more": False}
    except ReadingError as error:
        yield {"error": type(error).__name__, "reason": error.reason, "more": False}
    except MemoryError:
        yield {"error": "LimitExceeded", "reason": "reading it takes more memory than there is.", "more": False}
    except Exception as error:  # openpyxl and the like, while rows are read
        detail = " ".join(str(error).split())[:160] or type(error).__name__
        reason = f"expected a whole {kind.upper()} file, found a damaged one ({detail})."
        yield {"error": "DamagedDocument", "reason": reason, "more": False}


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    """Reading opens no connection and starts no program, whatever a file asks a parser for."""
    if event.startswith(("socket.connect", "socket.getaddrinfo", "subprocess.", "os.system", "os.exec", "os.fork")):
        raise PermissionError(f"{event} is not allowed while a file is read")


def _limit_memory(megabytes: int) -> None:
    if megabytes:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1_000_000, hard))


def _limit_time(seconds: float) -> None:
    """So much processor time from now on: a child whose parent was killed does not go on for ever."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + seconds) + 2, hard))


if __name__ == "__main__":
    main()
