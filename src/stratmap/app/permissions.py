"""Which role an action needs: the name of an endpoint comes in, a role goes out.

What is not named here needs an administrator, so that a new endpoint is closed until somebody opens it.
"""

from __future__ import annotations

import re

_READER = re.compile(
    r"(?:tag|sample|show|write|crosswalk|ask|suggested|open|new|vote|portfolio|framework|refresh|similar|read|list"
    r"|download|feedback|page|label|documents|gaps|trends|progress)(?:_\w+)?"
)
_REVIEWER = re.compile(r"(?:correct|correction|corrections|mark|note|undo|review|evidence|preview)(?:_\w+)?")


def role_of(action: str) -> str:
    """The lowest role that may do something.

    >>> role_of("ask_in_conversation"), role_of("review_next"), role_of("retrain")
    ('reader', 'reviewer', 'admin')
    """
    if _READER.fullmatch(action):
        return "reader"
    return "reviewer" if _REVIEWER.fullmatch(action) else "admin"
