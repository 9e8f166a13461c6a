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
    "framework_labels", "crosswalk",
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
    assert tagged["tags"]["objectives"][0]["code"] == "O4"
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


def _leaves(error):
    return [leaf for inner in error.exceptions for leaf in _leaves(inner)] if hasattr(error, "exceptions") else [error]
