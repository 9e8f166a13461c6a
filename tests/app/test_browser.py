"""What people do with the app, in the system's Chromium; every request that leaves this machine fails the test."""

import pytest

from stratmap.app.samples import SAMPLES

from .conftest import IN_A_BROWSER, barriers, fresh_page, open_tab

HOSTILE = (
    "<img src=x onerror='window.hacked=1'> ${window.hacked=1} {{window.hacked=1}} "
    "<script>window.hacked=1</script> "
    "Victims of trafficking reached a shelter. \u05e9\u05dc\u05d5\u05dd remittances. \u202eegassap rehtona"
)
pytestmark = [*IN_A_BROWSER, pytest.mark.timeout(900)]


@pytest.fixture
def page(browser, server):
    with fresh_page(browser, server) as page:
        yield page


def tag(page, report):
    page.locator("#paste textarea").fill(report)
    page.locator("#tag-go").click()
    page.wait_for_selector(".sm-report")


def ask(page, question):
    open_tab(page, "Ask")
    page.locator("#question textarea").fill(question)
    page.locator("#question textarea").press("Enter")


IN_VIEW = """selector => {
  const node = document.querySelector(selector), box = node.getBoundingClientRect();
  const panel = node.closest('.sm-scroll').getBoundingClientRect();
  return box.top >= panel.top - 2 && box.top < panel.bottom && box.top >= 0 && box.top < innerHeight;
}"""


def test_paste_then_tags_then_evidence(page):
    filler = "The weather was fine and the meeting went well. " * 60
    tag(page, f"A long report\n\n{filler}\n\nVictims of trafficking reached a shelter.")
    assert not page.evaluate(IN_VIEW, "#ev-O4-0")
    page.locator("#row-O4 > summary").press("Enter")
    page.wait_for_function(IN_VIEW, arg="#ev-O4-0")
    assert "Victims of trafficking" in page.locator("mark").last.inner_text()
    assert page.locator("#row-O4 .sm-evidence").first.is_visible()


def test_a_sample_is_tagged_with_one_click_and_its_tags_download(page):
    page.get_by_role("button", name="Seasonal workers").click()
    page.wait_for_selector("#row-O5.sm-is-yes")
    page.wait_for_function("document.querySelector('.sm-summary h2').getBoundingClientRect().top >= 0")
    with page.expect_download() as download:
        page.locator("#tag-json").click()
    assert download.value.suggested_filename == "stratmap-tags.json"
    page.get_by_role("button", name="SDGs").click()
    page.wait_for_selector("#crosswalk table")


def test_several_uploads_are_kept_apart(page, tmp_path):
    for name in ("Flood response", "Border crossing"):
        (tmp_path / f"{name}.txt").write_text(SAMPLES[name], encoding="utf-8")
    page.locator("#upload input[type=file]").set_input_files([str(p) for p in sorted(tmp_path.iterdir())])
    page.wait_for_selector("#upload .file-preview")
    page.locator("#tag-go").click()
    page.wait_for_selector("#row-O8")
    page.get_by_label("2. Flood response.txt").check()
    page.get_by_role("heading", name="Flood response").first.wait_for()


def test_ask_then_the_citation_opens_and_nothing_found_looks_different(page):
    ask(page, "What helped returnees?")
    page.locator(".sm-chip").first.click()
    page.wait_for_selector("#reader mark.sm-quote")
    assert "returnees" in page.locator("#reader mark.sm-quote").inner_text()
    ask(page, "What does cement cost on the moon?")
    page.wait_for_selector(".sm-nothing")
    assert page.locator(".sm-answer").count() == 2


def test_a_filter_and_a_follow_up_and_a_verdict(page, desk):
    desk.feedback.clear()
    ask(page, "What helped returnees?")
    page.locator(".sm-vote").first.click()
    page.wait_for_selector(".sm-vote[aria-pressed=true]")
    assert desk.feedback == [("What helped returnees?", True)]
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Country").click()
    page.get_by_role("option", name="Armenia").click()
    page.keyboard.press("Escape")
    ask(page, "And which returnees found work?")
    page.wait_for_function("document.querySelectorAll('.sm-helped').length === 2")
    assert "armenia-return.md" in page.locator(".sm-answer").last.inner_text()
    with page.expect_download() as download:
        page.locator("#ask-DOCX").click()
    assert download.value.suggested_filename == "stratmap-conversation.docx"


def test_a_suggested_question_is_asked_with_one_click(page):
    open_tab(page, "Ask")
    page.locator(".sm-suggest button").first.click()
    page.wait_for_selector(".sm-asked")
    page.wait_for_selector(".sm-answer")
    assert not page.locator(".sm-suggest button").first.is_visible()


def test_two_people_at_once_do_not_see_each_other(page, browser, server):
    other = browser.new_context().new_page()
    other.goto(server)
    other.wait_for_selector("#paste textarea")
    ask(page, "What helped returnees?")
    ask(other, "What did border guards learn at Bagratashen?")
    page.wait_for_selector(".sm-helped")
    other.wait_for_selector(".sm-helped")
    assert page.locator(".sm-asked").all_inner_texts() == ["What helped returnees?"]
    assert other.locator(".sm-asked").all_inner_texts() == ["What did border guards learn at Bagratashen?"]
    other.context.close()


def test_a_report_of_95_pages_is_tagged_and_its_evidence_found(page, tmp_path):
    from reportlab.pdfgen.canvas import Canvas

    path = tmp_path / "long.pdf"
    canvas = Canvas(str(path))
    for number in range(1, 96):
        canvas.drawString(72, 700, f"Chapter {number}. The committee met and wrote down what it had heard.")
        if number == 88:
            canvas.drawString(72, 640, "Victims of trafficking reached a shelter.")
        canvas.showPage()
    canvas.save()
    page.locator("#upload input[type=file]").set_input_files(str(path))
    page.wait_for_selector("#upload .file-preview")
    page.locator("#tag-go").click()
    page.wait_for_selector("#row-O4")
    assert "95 pages" in page.locator(".sm-summary").inner_text()
    page.locator("#row-O4 > summary").press("Enter")
    page.wait_for_function(IN_VIEW, arg="#ev-O4-0")
    assert "p. 88" in page.locator("#row-O4 .sm-evidence").first.inner_text()


def test_the_strategy_opens_its_texts(page, desk):
    open_tab(page, "Framework")
    page.locator("[data-show=about-O4]").click()
    assert page.locator("#about-O4").is_visible()
    assert not page.locator("#about-goal").is_visible()
    assert desk.framework.label("O4").statement in page.locator("#about-O4").inner_text()


def test_a_cell_of_the_portfolio_opens_its_documents(page):
    open_tab(page, "Portfolio")
    page.get_by_label("O7, Georgia: 1 document").click()
    page.locator("#portfolio-cell .sm-evidence").first.click()
    page.locator("#portfolio-evidence .sm-evidence").first.click()
    page.wait_for_selector("#portfolio-page mark.sm-quote")
    assert "310 migrants" in page.locator("#portfolio-page mark.sm-quote").inner_text()
    page.get_by_label("Shares").check()
    page.get_by_label("O7, Georgia: 1 document, 50% of the row").wait_for()
    page.get_by_label("Counts").check()
    page.get_by_label("Year", exact=True).check()
    page.get_by_label("O7, 2020: 1 document").wait_for()


def test_switches_in_a_hurry_end_where_they_stand(page):
    open_tab(page, "Portfolio")
    page.get_by_label("O7, Georgia: 1 document").wait_for()
    for _ in range(2):
        page.get_by_label("Shares").check()
        page.get_by_label("Year", exact=True).check()
        page.get_by_label("Counts").check()
        page.get_by_label("O7, 2020: 1 document", exact=True).wait_for()
        page.get_by_label("Country", exact=True).first.check()
        page.get_by_label("O7, Georgia: 1 document", exact=True).wait_for()


def test_a_hostile_document_of_the_archive_is_only_text(page):
    open_tab(page, "Portfolio")
    page.get_by_label("O6, Tajikistan: 1 document").click()
    page.locator("#portfolio-cell .sm-evidence").first.click()
    page.locator("#portfolio-evidence .sm-evidence").first.click()
    page.wait_for_selector("#portfolio-page mark.sm-quote")
    shown = page.locator("#portfolio-page .sm-prose").inner_text()
    assert "<script>alert('archive')</script> remittances grew {{value}} ${1+1}." in shown
    assert page.locator("#portfolio-page script, #portfolio-cell b, #portfolio-evidence b").count() == 0


def test_a_hostile_document_is_only_text(page):
    tag(page, HOSTILE)
    page.wait_for_timeout(500)
    assert page.evaluate("window.hacked") is None
    shown = page.locator(".sm-document .sm-prose").inner_text()
    assert "<img src=x onerror='window.hacked=1'> ${window.hacked=1} {{window.hacked=1}}" in shown
    assert page.locator(".sm-report img, .sm-report script").count() == 0
    assert "\u05e9\u05dc\u05d5\u05dd remittances. egassap rehtona" in shown  # right to left, but nothing turned round
    assert page.locator(".sm-prose[dir=auto]").count() == 1


@pytest.mark.parametrize("name", ["Tag", "Ask", "Framework", "Portfolio"])
def test_axe_finds_no_barrier_in_light_and_dark(page, name):
    fill(page, name)
    assert barriers(page) == []
    page.locator("[data-theme]").click()
    page.wait_for_timeout(400)
    assert barriers(page) == []


@pytest.mark.parametrize("name", ["Tag", "Ask", "Framework", "Portfolio"])
def test_no_tab_is_wider_than_a_phone(page, name):
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    page.wait_for_selector("#paste textarea")
    page.wait_for_timeout(600)
    fill(page, name)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def fill(page, name):
    """Open a tab and bring it into the state in which people see it most."""
    if name == "Tag":
        tag(page, SAMPLES["Seasonal workers"])
        page.locator("#row-O5 > summary").press("Enter")
    elif name == "Ask":
        ask(page, "What helped returnees?")
        page.wait_for_selector(".sm-helped")
        page.locator(".sm-chip").first.click()
        page.wait_for_selector("#reader mark.sm-quote")
    else:
        open_tab(page, name)
    if name == "Portfolio":
        page.get_by_label("O7, Georgia: 1 document").click()
        page.wait_for_selector("#portfolio-cell .sm-evidence")
    page.wait_for_timeout(900)


class TestLogin:
    @pytest.fixture(scope="class")
    def guarded(self, desk, tmp_path_factory):
        from stratmap.accounts import UsersFile
        from stratmap.app.serve import launch
        from stratmap.settings import AppSettings, Settings

        users = UsersFile(tmp_path_factory.mktemp("users") / "users.json")
        users.add("ria", "reader password", "reader")
        app = launch(desk, Settings(app=AppSettings(users_file=str(users.path))), port=0, block=False)
        yield app.local_url
        app.close()

    def test_a_wrong_password_then_the_right_one_then_the_way_out(self, browser, guarded):
        from axe_playwright_python.sync_playwright import Axe

        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(guarded)
        assert page.url.endswith("/sign-in")
        for password in ("a wrong password", "reader password"):
            page.get_by_label("Name").fill("ria")
            page.get_by_label("Password").fill(password)
            assert Axe().run(page).response["violations"] == []
            page.get_by_role("button", name="Sign in").click()
            if password.startswith("a wrong"):
                page.get_by_role("alert").wait_for()
        page.wait_for_selector("#paste textarea")
        page.get_by_text("ria · reader").wait_for()
        page.get_by_role("tab", name="Archive", exact=True).wait_for()
        page.get_by_role("tab", name="Review", exact=True).wait_for(state="hidden")
        open_tab(page, "Archive")
        page.wait_for_selector("#archive .sm-docs")
        assert not page.locator("#archive-add").is_visible()
        assert not page.locator("[data-delete]").first.is_visible()
        ask(page, "What helped returnees?")
        page.wait_for_selector(".sm-helped")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")
        page.goto(guarded)
        assert page.url.endswith("/sign-in")
        context.close()
