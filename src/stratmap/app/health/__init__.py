"""What whoever runs the app asks it: is it alive, is it ready, how much does it do.

Comes in: the desk. Goes out: `/health`, `/ready`, `/metrics` and lines of a log. It tells figures only: no texts, no
questions, no names.
"""

from stratmap.app.health.endpoints import Endpoints
from stratmap.app.health.figures import Figures
from stratmap.app.health.watched import Watched

__all__ = ["Endpoints", "Figures", "Watched"]
