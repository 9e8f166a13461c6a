"""The guard without a server: rates, what a file may be, and how many run at once."""

from types import SimpleNamespace

import gradio as gr
import pytest

from stratmap.accounts import Account
from stratmap.app.gate import ACCOUNT
from stratmap.app.guard import Guard
from stratmap.settings import AppSettings


def request(session="s", address="1.2.3.4", account=None):
    scope = {ACCOUNT: account} if account else {}
    client = SimpleNamespace(host=address)
    return SimpleNamespace(request=SimpleNamespace(scope=scope), client=client, session_hash=session)


@pytest.mark.parametrize(
    "file",
    [
        {"path": "http://127.0.0.1:9/x", "meta": {"_type": "gradio.FileData"}},
        {"path": "HTTPS://example.org/x"},
        {"path": "file:///etc/passwd"},
        {"path": None, "url": "http://example.org/x"},
        {"url": "http://example.org/x"},
        {"path": 7},
    ],
)
def test_a_file_named_by_an_address_is_refused(file):
    guard = Guard(AppSettings(), login=False)
    for inputs in ([file], ["", [file]], [{"files": [file]}]):
        with pytest.raises(gr.Error, match="nothing was fetched"):
            guard.check("tag_reports", inputs, request())


def test_an_upload_and_texts_pass():
    guard = Guard(AppSettings(), login=False)
    file = {"path": "/tmp/x/report.txt", "url": "http://127.0.0.1:7860/gradio_api/file=/tmp/x/report.txt"}
    guard.check("tag_reports", ["see http://example.org", [file, {"path": "C:\\x\\report.txt"}]], request())


def test_questions_are_counted_by_session_and_forgotten_after_a_minute():
    now = [0.0]
    guard = Guard(AppSettings(questions_per_minute=2), login=False, clock=lambda: now[0])
    for _ in range(2):
        guard.check("ask", [], request("a"))
    with pytest.raises(gr.Error, match="at most 2 questions a minute"):
        guard.check("ask_in_conversation", [], request("a"))
    guard.check("ask", [], request("b"))
    guard.check("tag_text", [], request("a"))
    now[0] = 60.0
    guard.check("ask", [], request("a"))


def test_many_sessions_of_one_address_are_counted_together():
    guard = Guard(AppSettings(questions_per_minute=1), login=False, clock=lambda: 0.0)
    for number in range(10):
        guard.check("ask", [], request(f"s{number}"))
    with pytest.raises(gr.Error, match="questions a minute"):
        guard.check("ask", [], request("another"))
    guard.check("ask", [], request("another", "5.6.7.8"))


@pytest.mark.parametrize(
    ("role", "action", "may"),
    [
        ("reader", "ask", True),
        ("reader", "correct_tag", False),
        ("reviewer", "correct_tag", True),
        ("reviewer", "retrain_now", False),
        ("admin", "retrain_now", True),
        ("reviewer", "an_action_nobody_thought_of", False),
        (None, "ask", False),
    ],
)
def test_roles(role, action, may):
    guard = Guard(AppSettings(), login=True)
    account = Account("x", role) if role else None
    if may:
        guard.check(action, [], request(account=account))
    else:
        with pytest.raises(gr.Error, match="needs the role"):
            guard.check(action, [], request(account=account))


def test_what_does_not_wait_is_bounded_and_frees_its_place():
    guard = Guard(AppSettings(queue_limit=1), login=False)
    with guard.direct(), pytest.raises(gr.Error, match="Many people"):
        guard.direct().__enter__()
    with guard.direct():
        pass
