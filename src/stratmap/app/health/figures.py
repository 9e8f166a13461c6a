"""The figures that Prometheus collects.

Comes in: what happened and how long it took. Goes out: the text of `/metrics`. Labels have few values, all fixed here,
so that no visitor can make them grow.
"""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Figures:
    """Counters of one process; each app has its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        named: dict[str, Any] = {"registry": self._registry}
        self.requests = Counter("stratmap_requests", "Requests by area and status.", ["area", "status"], **named)
        self.request_seconds = Histogram(
            "stratmap_request_seconds", "Time of a request until its last byte.", ["area"], buckets=_SECONDS, **named
        )
        self.actions = Counter(
            "stratmap_actions", "Questions, reports tagged and the like.", ["action", "end"], **named
        )
        self.action_seconds = Histogram(
            "stratmap_action_seconds", "Time of an action.", ["action"], buckets=_SECONDS, **named
        )
        self.unanswered = Counter(
            "stratmap_questions_unanswered", "Questions that the archive does not answer.", **named
        )
        self.pages = Counter("stratmap_pages_tagged", "Pages of tagged reports.", **named)
        self.documents = Gauge("stratmap_index_documents", "Documents of the index, when last looked at.", **named)
        self.ready = Gauge("stratmap_ready", "1 where the last look found everything ready.", **named)

    def text(self) -> bytes:
        """All figures in the text form of Prometheus."""
        return bytes(generate_latest(self._registry))
