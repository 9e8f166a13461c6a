"""What the app tells whoever runs it, over real HTTP; and that no text gets into it."""

from __future__ import annotations

import io
import json
import logging
import re
import time
import urllib.error
import urllib.request
from dataclasses import replace

import pytest

from stratmap import logs
from stratmap.app.health import Figures, Watched
from stratmap.app.health.endpoints import Readiness
from stratmap.app.serve import launch
from stratmap.errors import ServiceError, SettingsError, UsageError
from stratmap.reading import read_text
from stratmap.settings import Settings

SECRETS = ("Zanzibarine", "informant", "raport-secret")


@pytest.fixture
def settings():
    base = Settings()
    return replace(base, app=replace(base.app, metrics=True, log="json"))


@pytest.fixture
def stream(monkeypatch):
    """Standard error as the log sees it, and loggers as they were afterwards."""
    caught, root = io.StringIO(), logging.getLogger()
    before = root.handlers, root.level
    monkeypatch.setattr("sys.stderr", caught)
    yield caught
    root.handlers, root.level = before


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


@pytest.fixture
def app(fake_desk, settings, stream):
    running = launch(fake_desk(), settings, port=0, block=False)
    yield running
    running.close()


def test_alive_ready_and_figures_over_http(app):
    port = app.server_port
    status, headers, body = get(port, "/health")
    assert (status, json.loads(body)["alive"], headers["cache-control"]) == (200, True, "no-store")
    status, _, body = get(port, "/ready")
    assert (status, json.loads(body)) == (200, {"ready": True, "checks": {"encoder": True, "index": True}})
    assert get(port, "/")[0] == 200
    assert get(port, "/nowhere/else")[0] == 404
    time.sleep(0.2)  # requests are counted after their last byte
    status, headers, body = get(port, "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    assert re.search(r'stratmap_requests_total\{area="page",status="200"\} [1-9]', body)
    assert re.search(r'stratmap_requests_total\{area="other",status="404"\} [1-9]', body)
    assert "stratmap_ready 1.0" in body
    assert 'stratmap_request_seconds_bucket{area="page",le="0.01"}' in body
    assert "process_resident_memory_bytes" in body


def test_each_request_leaves_a_line_of_json_without_its_path(app, stream):
    get(app.server_port, "/raport-secret.pdf?question=informant")
    deadline = time.monotonic() + 5  # the line is written after the last byte of the answer
    while '"status": 404' not in stream.getvalue() and time.monotonic() < deadline:
        time.sleep(0.01)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    [line] = [one for one in lines if one["event"] == "request" and one["status"] == 404]
    assert {"time", "level", "method", "area", "seconds"} <= set(line)
    assert not any(secret in stream.getvalue() for secret in SECRETS)


def test_figures_are_told_only_where_the_settings_say_so(fake_desk):
    running = launch(fake_desk(), Settings(), port=0, block=False)
    try:
        assert get(running.server_port, "/metrics")[0] == 404
        assert get(running.server_port, "/health")[0] == 200
    finally:
        running.close()


def test_an_unknown_kind_of_log_is_refused(fake_desk):
    base = Settings()
    with pytest.raises(SettingsError, match="expected json or nothing, found 'xml'"):
        launch(fake_desk(), replace(base, app=replace(base.app, log="xml")), port=0, block=False)


def test_work_is_counted_and_no_text_is_logged_whatever_fails(fake_desk, stream):
    logs.write_json_lines(stream)
    figures = Figures()
    desk = Watched(fake_desk(), figures)
    desk.tag(read_text("Zanzibarine returnees and the informant found work.", "raport-secret.md"))
    with pytest.raises(UsageError):
        desk.tag(read_text("Zanzibarine unreadable informant", "raport-secret.md"))
    desk.ask("Where is the Zanzibarine informant?")
    for answer in desk.ask_in_steps("Who is the informant?"):
        assert answer.question
    logging.getLogger("some.library").error("could not parse %r", "Zanzibarine informant raport-secret")
    try:
        raise ValueError("informant")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("in Zanzibarine")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["tagged", "failed", "asked", "asked", "library", "library"]
    assert lines[0]["pages"] == 1
    assert lines[1]["error"] == "UsageError"
    assert lines[5]["error"] == "ValueError"
    text = figures.text().decode()
    assert 'stratmap_actions_total{action="tag",end="done"} 1.0' in text
    assert 'stratmap_actions_total{action="tag",end="failed"} 1.0' in text
    assert 'stratmap_actions_total{action="ask",end="done"} 2.0' in text
    for secret in SECRETS:
        assert secret not in stream.getvalue()
        assert secret not in text


@pytest.mark.parametrize(
    "facts", [{"question": "why"}, {"error": "could not read it"}, {"area": "informant"}, {"status": "200"}]
)
def test_what_is_not_listed_cannot_be_logged(facts):
    with pytest.raises(ValueError, match="expected figures, or words that are listed"):
        logs.log("request", **facts)


def test_not_ready_is_told_without_a_reason_and_looked_at_anew(fake_desk, monkeypatch):
    class Broken(fake_desk):
        reviews = object()
        gone = True

        def documents(self):
            if self.gone:
                raise ServiceError("Milvus at http://10.0.0.7: Zanzibarine")
            return []

        class index:  # noqa: N801
            search = staticmethod(lambda *_: [])

        class encoder:  # noqa: N801
            encode = staticmethod(lambda texts: [[1.0]])

    desk, figures = Broken(), Figures()
    readiness = Readiness(desk, figures)
    assert readiness.checks() == {"encoder": True, "index": False}
    assert "stratmap_ready 0.0" in figures.text().decode()
    desk.gone = False
    assert readiness.checks()["index"] is False  # a look is good for a few seconds
    readiness._until = 0.0
    assert readiness.checks() == {"encoder": True, "index": True}
