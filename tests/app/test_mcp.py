"""The app's actions as MCP tools, called by a real MCP client over HTTP, with and without a login."""

import asyncio
import base64
import json

import pytest

from stratmap.accounts import UsersFile
from stratmap.app.serve import launch
from stratmap.settings import AppSettings, Settings

mcp = pytest.importorskip("mcp", reason="the extra `mcp` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # the server runs in this process; Gradio's warnings are not ours
TOOLS = {
    "tag_text", "similar_passages", "ask", "list_documents", "read_page", "portfolio_coverage", "feedback",
    "framework_labels", "crosswalk", "correct_document", "correction_list", "undo_corrections", "review_questions",
    "retrain_tagger", "use_version", "add_document", "delete_document", "tag_file", "tag_export", "ask_export",
    "read_printed_page", "portfolio_file", "portfolio_documents", "framework_picture", "list_checks", "note_document",
    "mark_evidence", "review_versions", "review_prepare_archive", "corrections_export", "corrections_take", "add_file",
}  # fmt: skip


@pytest.fixture(scope="module")
def served(desk, tmp_path_factory):
    """The address of an app with MCP tools that asks for a password, and the header that answers it."""
    users = UsersFile(tmp_path_factory.mktemp("users") / "users.json")
    users.add("ria", "reader password", "reader")
    settings = Settings(app=AppSettings(mcp=True, users_file=str(users.path), questions_per_minute=3))
    app = launch(desk, settings, port=0, block=False)
    words = base64.b64encode(b"ria:reader password").decode()
    yield f"{app.local_url}gradio_api/mcp/", {"authorization": f"Basic {words}"}
    app.close()


def use(served, work, headers=None):
    """Open a session as a client does and let `work` use it."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def run():
        address, known = served
        async with (
            streamablehttp_client(address, headers=known if headers is None else headers) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await work(session)

    return asyncio.run(asyncio.wait_for(run(), 60))


def said(result):
    return json.loads(result.content[0].text)


def test_every_action_is_a_tool_with_a_description_and_no_panel_of_the_page_is(served):
    async def listed(session):
        return (await session.list_tools()).tools

    tools = {tool.name: tool for tool in use(served, listed)}
    assert set(tools) == TOOLS
    assert all(len(tool.description) > 40 for tool in tools.values())
    assert "question" in tools["ask"].inputSchema["properties"]


def test_tools_tag_read_and_answer(served):
    async def work(session):
        tagged = said(await session.call_tool("tag_text", {"text": "Victims of trafficking reached a shelter."}))
        answer = said(await session.call_tool("ask", {"question": "What helped returnees?", "countries": ["Armenia"]}))
        wrong = await session.call_tool("read_page", {"document": "../../etc/passwd"})
        return tagged, answer, wrong

    tagged, answer, wrong = use(served, work)
    assert "O4" in [one["code"] for one in tagged["tags"]["objectives"] if one["applied"]]
    assert answer["citations"][0]["document"] == "armenia-return.md"
    assert wrong.isError
    assert "expected a document of the archive" in wrong.content[0].text


def test_questions_through_tools_are_counted_too(served):
    async def work(session):
        return [await session.call_tool("ask", {"question": "What helped returnees?"}) for _ in range(4)]

    results = use(served, work)
    assert results[-1].isError
    assert "questions a minute" in results[-1].content[0].text


def test_without_a_password_there_is_no_session(served):
    async def work(session):
        return await session.list_tools()

    with pytest.raises(BaseException) as caught:  # noqa: PT011  (an exception group of the client)
        use(served, work, headers={})
    assert "401" in "".join(map(str, _leaves(caught.value)))


class TestChanges:
    @pytest.fixture
    def kept(self, kept_desk, tmp_path):
        """An app over an index; answers (address, the header of a name)."""
        users = UsersFile(tmp_path / "users.json")
        for name, role in (("ria", "reader"), ("rex", "reviewer"), ("ada", "admin")):
            users.add(name, f"{name} password", role)
        app = launch(kept_desk, Settings(app=AppSettings(mcp=True, users_file=str(users.path))), port=0, block=False)

        def of(name):
            words = base64.b64encode(f"{name}:{name} password".encode()).decode()
            return f"{app.local_url}gradio_api/mcp/", {"authorization": f"Basic {words}"}

        yield of
        app.close()

    def test_corrections_and_the_archive_change_with_the_right_role_only(self, kept, kept_desk):
        verdict = {"document": "armenia-border.md", "label": "O8", "applies": False, "note": "Guards only."}
        added = {"name": "a/visit.txt", "text": "Mobile clinics treated migrants for tuberculosis."}

        async def as_reader(session):
            return [
                await session.call_tool("correct_document", verdict),
                await session.call_tool("correction_list", {}),
                await session.call_tool("delete_document", {"document": "georgia-tb.md"}),
            ]

        assert all("needs the role" in one.content[0].text for one in use(kept("ria"), as_reader))

        async def as_reviewer(session):
            numbers = said(await session.call_tool("correct_document", verdict | {"author": "somebody else"}))
            listed = said(await session.call_tool("correction_list", {}))
            refused = await session.call_tool("add_document", added)
            asked = said(await session.call_tool("review_questions", {"most": 2}))
            return numbers, listed, refused, asked

        numbers, listed, refused, asked = use(kept("rex"), as_reviewer)
        assert [(one["code"], one["kind"], one["author"]) for one in listed] == [
            ("O8", "tag", "rex"), ("O8", "note", "rex"),
        ]  # fmt: skip
        assert numbers == [one["id"] for one in listed]
        assert "needs the role admin" in refused.content[0].text
        assert len(asked) == 2
        border = next(one for one in kept_desk.documents() if one.name == "armenia-border.md")
        assert "O8" not in border.labels

        async def as_admin(session):
            first = await session.call_tool("add_document", added)
            gone = await session.call_tool("delete_document", {"document": "georgia-tb.md"})
            back = await session.call_tool("undo_corrections", {"numbers": numbers})
            none = await session.call_tool("delete_document", {"document": "georgia-tb.md"})
            return first, gone, back, none

        first, gone, back, none = use(kept("ada"), as_admin)
        assert (first.content[0].text, gone.content[0].text, back.content[0].text) == ("True", "georgia-tb.md", "2")
        assert none.isError
        names = {one.name for one in kept_desk.documents()}
        assert "visit.txt" in names
        assert "georgia-tb.md" not in names


class TestFiles:
    def test_files_travel_both_ways(self, kept_desk, tmp_path):
        app = launch(kept_desk, Settings(app=AppSettings(mcp=True)), port=0, block=False)
        note = "Mobile clinics treated migrants for tuberculosis."

        async def work(session):
            async def call(tool, **given):
                result = await session.call_tool(tool, given)
                assert not result.isError, result.content[0].text
                return result.content[0].text

            async def data(tool, **given):
                return json.loads(await call(tool, **given))

            sent = {"name": "visit.txt", "content": base64.b64encode(note.encode()).decode()}
            tagged = await data("tag_file", **sent)
            assert "O7" in [one["code"] for one in tagged["tags"]["objectives"] if one["applied"]]
            assert await call("add_file", **sent) == "True"
            forms = [await data("tag_export", text=note, form=form) for form in ("docx", "xlsx", "json", "iati")]
            forms += [await data("ask_export", questions=["What did clinics treat?"], form="markdown")]
            forms += [await data("portfolio_file", form=form, by="year") for form in ("xlsx", "svg", "png")]
            forms += [await data("framework_picture")]
            starts = [base64.b64decode(one["base64"])[:4] for one in forms]
            assert [start[:2] for start in starts[:2]] == [b"PK", b"PK"]
            assert starts[-2] == b"\x89PNG"
            assert starts[-1] == b"<svg"
            [cell] = await data("portfolio_documents", label="O8", row="Armenia")
            assert cell["document"] == "armenia-border.md"
            assert any(one["what"].startswith("index") for one in await data("list_checks"))
            assert await data("note_document", document="visit.txt", label="O7", note="=seen") == [1]
            assert await data("mark_evidence", document="visit.txt", label="O7", quotation=note) == [2]
            book = await data("corrections_export")
            took = await data("corrections_take", content=book["base64"])
            assert took["changes"] == []
            assert await data("review_versions") == []
            assert await call("review_prepare_archive") == "0"
            wrong = [
                await session.call_tool("tag_file", {"name": "a.txt", "content": "not base64!"}),
                await session.call_tool("tag_export", {"text": note, "form": "exe"}),
                await session.call_tool("read_printed_page", {"document": "visit.txt", "page": 1, "quotation": "no"}),
            ]
            assert all(one.isError for one in wrong)

        try:
            use((f"{app.local_url}gradio_api/mcp/", {}), work)
        finally:
            app.close()
        assert [one.kind for one in kept_desk.reviews.corrections.all()] == ["note", "evidence"]


def _leaves(error):
    return [leaf for inner in error.exceptions for leaf in _leaves(inner)] if hasattr(error, "exceptions") else [error]
