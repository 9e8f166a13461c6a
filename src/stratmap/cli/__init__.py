"""The command line: words come in, a desk does the work, text or JSON goes out.

Standard output holds results only; progress and problems go to standard error. Exit codes: 0 everything done,
1 failed, 2 wrong usage, 3 partly done; 130 where a person or a service manager ended it. No traceback reaches a user.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from stratmap.cli.commands import app
    from stratmap.cli.show import complain
    from stratmap.errors import StratmapError, UsageError

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except UsageError as error:
        complain(str(error))
        sys.exit(2)
    except StratmapError as error:
        complain(str(error))
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:  # a disk that is full, a folder that cannot be written
        complain(f"{error.filename or 'the disk'}: {error.strerror or error}")
        sys.exit(1)
