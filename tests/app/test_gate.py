"""The gate before the app, over real HTTP: who may come in, from where, with how much, and what is never given."""

import base64
import http.client
import json
import math
import tempfile
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stratmap.accounts import UsersFile
from stratmap.app.build import build_app
from stratmap.app.permissions import role_of
from stratmap.app.serve import launch
from stratmap.errors import SettingsError
from stratmap.settings import AppSettings, Settings

PASSWORDS = {"ria": "reader password", "rex": "reviewer password", "ada": "admin password 1"}
DECIDED = {
    "reader": """
        tag_reports write_files show_report sample_seasonal_workers tag_seasonal_workers write_seasonal_workers
        sample_flood_response tag_flood_response write_flood_response sample_border_crossing tag_border_crossing
        write_border_crossing crosswalk_gcm crosswalk_sdg crosswalk_srf open_neighbour ask_in_conversation
        write_conversation suggested_1 ask_suggested_1 write_suggested_1 suggested_2 ask_suggested_2 write_suggested_2
        suggested_3 ask_suggested_3 write_suggested_3 new_conversation open_citation open_citation_printed vote
        show_portfolio portfolio_cell portfolio_evidence portfolio_page portfolio_page_printed
        show_archive show_state show_retagged write_corrected show_documents tag_text similar_passages ask
        list_documents read_page portfolio_coverage feedback framework_labels crosswalk refresh
        write_pictures tag_file tag_export ask_export read_printed_page portfolio_file portfolio_documents
        framework_picture list_checks
    """,
    "reviewer": """
        undo_correction corrections_workbook preview_corrections corrections_import review_start review_answer
        correct_tag review_open review_prepare
        correct_document correction_list undo_corrections review_questions review_learned review_versions
        review_prepare_archive note_document mark_evidence corrections_export corrections_take
    """,
    "admin": """
        retrain_now restore_version archive_add archive_delete js_fn retrain_tagger use_version add_document add_file
        delete_document
    """,
}
ROLES = {name: role for role, names in DECIDED.items() for name in names.split()}
pytestmark = pytest.mark.filterwarnings("ignore")  # the server runs in this process; Gradio's warnings are not ours


@pytest.fixture(scope="module")
def users(tmp_path_factory):
    users = UsersFile(tmp_path_factory.mktemp("users") / "users.json")
    for name, role in (("ria", "reader"), ("rex", "reviewer"), ("ada", "admin")):
        users.add(name, PASSWORDS[name], role)
    return users


@pytest.fixture(scope="module")
def guarded(desk, users):
    """The address of an app that asks for a name and password."""
    settings = Settings(app=AppSettings(users_file=str(users.path), questions_per_minute=12, max_request_bytes=200_000))
    app = launch(desk, settings, port=0, block=False)
    yield app.local_url
    app.close()


def call(server, method, path, body=None, headers=None):
    """One request; answers (status, headers, text)."""
    place = urllib.parse.urlsplit(server)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def post(server, path, value, headers=None):
    return call(server, "POST", path, json.dumps(value), {"content-type": "application/json", **(headers or {})})


def basic(name, password=None):
    words = base64.b64encode(f"{name}:{password or PASSWORDS[name]}".encode()).decode()
    return {"authorization": f"Basic {words}"}


class TestOrigins:
    @pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/info"])
    def test_a_foreign_name_is_refused(self, server, path):
        assert call(server, "GET", path, headers={"host": "evil.example"})[0] == 403

    def test_a_page_elsewhere_cannot_post(self, server):
        for origin in ("http://evil.example", "null", "http://127.0.0.1.evil.example", "http://127.0.0.1:1"):
            status, _, said = post(server, "/gradio_api/run/tag_text", {"data": ["x"]}, {"origin": origin})
            assert status == 403
            assert "elsewhere" in said

    def test_a_page_elsewhere_cannot_read(self, server):
        headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"}
        assert call(server, "GET", "/config", headers=headers)[0] == 403

    def test_the_page_itself_may(self, server):
        origin = server.rstrip("/")
        status, _, said = post(server, "/gradio_api/run/tag_text", {"data": ["Border guards."]}, {"origin": origin})
        assert status == 200
        assert "O8" in said

    def test_answers_carry_the_security_headers(self, server):
        _, headers, _ = call(server, "GET", "/")
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "http" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["referrer-policy"] == "same-origin"  # with no-referrer a browser's sign-in has no origin


class TestFiles:
    @pytest.mark.parametrize(
        "path", ["/etc/passwd", "../../../../etc/passwd", "index/index.sqlite", "pyproject.toml", "/proc/self/environ",
                 "..%2f..%2fetc%2fpasswd", "//etc/passwd", "http://127.0.0.1:1/x"],
    )  # fmt: skip
    @pytest.mark.parametrize("route", ["/gradio_api/file=", "/gradio_api/file/", "/file="])
    def test_files_of_the_machine_are_not_served(self, server, route, path):
        status, _, said = call(server, "GET", route + path)
        assert status in (400, 403, 404, 405)
        assert "root:" not in said

    def upload(self, server, name, content=b"Border guards.", headers=None):
        body = (
            b'--x\r\ncontent-disposition: form-data; name="files"; filename="' + name + b'"\r\n'
            b"content-type: text/plain\r\n\r\n" + content + b"\r\n--x--\r\n"
        )
        head = {"content-type": "multipart/form-data; boundary=x", **(headers or {})}
        return call(server, "POST", "/gradio_api/upload", body, head)

    def test_an_upload_is_not_given_back(self, server):
        status, _, said = self.upload(server, b"secret.txt")
        assert status == 200
        path = json.loads(said)[0]
        for route in ("/gradio_api/file=", "/gradio_api/file"):
            assert call(server, "GET", route + path)[0] == 403
        assert call(server, "GET", "/gradio_api/file=" + path.replace("secret", "%73ecret"))[0] == 403

    @pytest.mark.parametrize(
        "name", [b"../../../x.txt", b"x" * 300 + b".txt", b"CON", b"a\0b.txt", b"..", b"/etc/passwd"]
    )
    def test_a_hostile_name_stays_in_the_folder_of_uploads(self, server, name):
        status, _, said = self.upload(server, name)
        if status == 200:  # the process may have opened other apps since, each with a folder of its own
            path = Path(json.loads(said)[0]).resolve().relative_to(Path(tempfile.gettempdir()).resolve())
            assert path.parts[0].startswith("stratmap-app-")
            assert len(path.parts) == 3
        else:
            assert status in (400, 413, 422, 500)

    @pytest.mark.parametrize(
        "path",
        ["/etc/passwd", "pyproject.toml", "http://127.0.0.1:9/x.txt", "file:///etc/passwd", "https://example.org/a"],
    )
    def test_a_place_in_place_of_an_upload_is_refused(self, server, path):
        file = {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": "x.txt"}
        status, _, said = post(server, "/gradio_api/call/tag_reports", {"data": ["", [file]]})
        if status == 200:
            said = call(server, "GET", f"/gradio_api/call/tag_reports/{json.loads(said)['event_id']}")[2]
            assert "event: error" in said
        assert "root:" not in said
        assert "sm-report" not in said

    def test_a_request_that_is_too_large_is_refused(self, guarded):
        status, _, said = self.upload(guarded, b"big.txt", b"x" * 300_000, basic("ria"))
        assert status == 413
        assert "200,000" in said


class TestLogin:
    @pytest.mark.parametrize("path", ["/config", "/gradio_api/info", "/gradio_api/openapi.json", "/gradio_api/file=/x",
                                      "/gradio_api/queue/data?session_hash=x", "/theme.css", "/gradio_api/mcp/"])  # fmt: skip
    def test_nothing_is_read_without_a_login(self, guarded, path):
        assert call(guarded, "GET", path)[0] == 401

    @pytest.mark.parametrize("path", ["/gradio_api/run/tag_text", "/gradio_api/call/ask", "/gradio_api/queue/join",
                                      "/gradio_api/upload", "/gradio_api/mcp/", "/login"])  # fmt: skip
    def test_nothing_is_done_without_a_login(self, guarded, path):
        assert post(guarded, path, {"data": ["x"]})[0] == 401

    def test_a_person_is_led_to_the_page_and_comes_in(self, guarded):
        status, headers, _ = call(guarded, "GET", "/", headers={"accept": "text/html"})
        assert (status, headers["location"]) == (303, "/sign-in")
        status, headers, page = call(guarded, "GET", "/sign-in")
        assert status == 200
        assert "<script" not in page
        form = urllib.parse.urlencode({"name": "Ria", "password": PASSWORDS["ria"]})
        status, headers, _ = call(guarded, "POST", "/sign-in", form)
        assert status == 303
        assert all(word in headers["set-cookie"] for word in ("HttpOnly", "SameSite=Strict"))
        cookie = {"cookie": headers["set-cookie"].split(";")[0]}
        assert call(guarded, "GET", "/config", headers=cookie)[0] == 200
        call(guarded, "POST", "/sign-out", headers=cookie)
        assert call(guarded, "GET", "/config", headers=cookie)[0] == 401

    @pytest.mark.parametrize(
        ("name", "action", "role"),
        [("ria", "correct_tag", "reviewer"), ("ria", "archive_delete", "admin"), ("rex", "retrain_now", "admin")],
    )
    def test_an_action_above_the_role_is_refused(self, guarded, name, action, role):
        status, _, said = post(guarded, f"/gradio_api/call/{action}", {"data": []}, basic(name))
        assert status == 200
        event = json.loads(said)["event_id"]
        said = call(guarded, "GET", f"/gradio_api/call/{action}/{event}", headers=basic(name))[2]
        assert "event: error" in said
        assert f"needs the role {role}" in said

    def test_the_role_of_every_action_was_decided(self, desk):
        found = {str(action.api_name) for action in build_app(desk).fns.values()}
        assert found - set(ROLES) == set(), "decide which role a new action needs: app/permissions.py, and here"
        assert {name: role_of(name) for name in ROLES} == ROLES

    def test_a_name_taken_out_is_out_at_once(self, guarded, users):
        users.add("tom", "tom's password", "reader")
        assert call(guarded, "GET", "/config", headers=basic("tom", "tom's password"))[0] == 200
        users.remove("tom")
        assert call(guarded, "GET", "/config", headers=basic("tom", "tom's password"))[0] == 401

    def test_a_hundred_wrong_passwords_are_slowed_down(self, guarded):
        began = time.monotonic()
        answers = [call(guarded, "GET", "/config", headers=basic("rex", f"guess {n}")) for n in range(100)]
        looked_at = sum(status == 401 for status, _, _ in answers)
        # Five are free and the wait doubles, so that time gives away one more for each doubling of it.
        assert 4 <= looked_at <= 7 + math.log2(max(2.0, time.monotonic() - began))
        assert sum(status == 429 for status, _, _ in answers) == 100 - looked_at
        assert all(int(headers["retry-after"]) > 0 for status, headers, _ in answers if status == 429)
        assert call(guarded, "GET", "/config", headers=basic("ria"))[0] == 200

    def test_questions_are_counted_by_name(self, guarded):
        body = {"data": ["What helped returnees?", [], [], [], 0, 0, []]}
        statuses = [post(guarded, "/gradio_api/run/ask", body, basic("ada"))[0] for _ in range(14)]
        assert statuses[:12] == [200] * 12
        assert statuses[12:] == [500] * 2
        assert post(guarded, "/gradio_api/run/ask", body, basic("ria"))[0] == 200

    def test_a_users_file_that_is_not_there_stops_the_start(self, desk, tmp_path):
        with pytest.raises(SettingsError, match="stratmap users add"):
            launch(desk, Settings(app=AppSettings(users_file=str(tmp_path / "none.json"))), port=0, block=False)


class TestRush:
    def test_hundreds_at_once_are_told_to_come_back_and_the_server_lives(self, desk):
        gate = threading.Event()
        slow = type(desk)()
        quick = slow.ask_in_steps

        def waiting(question, filters, history):
            gate.wait(20)
            yield from quick(question, filters, history)

        slow.ask_in_steps = waiting
        app = launch(slow, Settings(app=AppSettings(queue_limit=20, questions_per_minute=0)), port=0, block=False)
        try:
            body = {"data": ["What helped returnees?", [], [], [], [], None, None]}

            def join(number):
                return post(
                    app.local_url, "/gradio_api/call/ask_in_conversation", {**body, "session_hash": f"s{number}"}
                )

            with ThreadPoolExecutor(40) as pool:
                answers = list(pool.map(join, range(300)))
            refused = [said for status, _, said in answers if status == 503]
            assert len(refused) >= 250
            assert all("Many people are asking" in said for said in refused)
            assert {status for status, _, _ in answers} == {200, 503}
            gate.set()
            assert post(app.local_url, "/gradio_api/run/tag_text", {"data": ["Border guards."]})[0] == 200
        finally:
            gate.set()
            app.close()
