"""The pictures in docs/, taken from the shipped models over the project archive.

    STRATMAP_SCREENSHOTS=docs STRATMAP_SCREENSHOT_VIEWS= python -m pytest tests/app/test_screenshots.py

Without the first variable they are skipped: they take minutes and change files of the repository. The second one
names the views, such as `-dark,-phone`; empty for the one in light on a laptop, left out for all.
`STRATMAP_SCREENSHOT_INDEX` names an index to use in place of a new one.
"""

import os
from pathlib import Path

import pytest

from .conftest import IN_A_BROWSER, open_tab

FOLDER = os.environ.get("STRATMAP_SCREENSHOTS", "")
pytestmark = [*IN_A_BROWSER, pytest.mark.skipif(not FOLDER, reason="STRATMAP_SCREENSHOTS names no folder")]
WIDE, PHONE = {"width": 1366, "height": 880}, {"width": 390, "height": 844}
VIEWS = {"": (WIDE, "light"), "-dark": (WIDE, "dark"), "-phone": (PHONE, "light"), "-phone-dark": (PHONE, "dark")}
SHOWN = os.environ.get("STRATMAP_SCREENSHOT_VIEWS", ",".join(VIEWS)).split(",")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    from stratmap.app.serve import launch
    from stratmap.assembly import Desk
    from stratmap.settings import Settings

    known = os.environ.get("STRATMAP_SCREENSHOT_INDEX", "")
    desk = Desk(Settings(), Path(known) if known else tmp_path_factory.mktemp("shots") / "index")
    if not known:
        desk.add([Path("corpora/strategy"), Path("corpora/projects")])
    app = launch(desk, Settings(), port=0, block=False)
    yield app.local_url
    app.close()


def tag(page):
    open_tab(page, "Tag")
    page.get_by_role("button", name="Seasonal workers").click()
    page.wait_for_selector(".sm-report")
    page.locator("#row-O5 > summary").click()


def review(page):
    open_tab(page, "Review")
    page.wait_for_selector("#review .sm-question")


def archive(page):
    open_tab(page, "Archive")
    page.wait_for_selector("#archive .sm-docs")


def ask(page):
    open_tab(page, "Ask")
    page.locator("#question textarea").fill("Who offered tuberculosis treatment to people who work across borders?")
    page.locator("#question textarea").press("Enter")
    page.wait_for_selector(".sm-helped")
    page.locator(".sm-chip").first.click()
    page.wait_for_selector("#reader mark")


def portfolio(page):
    open_tab(page, "Portfolio")
    page.wait_for_selector(".sm-heat-cell")


def framework(page):
    open_tab(page, "Framework")
    page.locator("[data-show=about-O5]").click()


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("view", SHOWN)
def test_pictures(browser, address, view):
    size, scheme = VIEWS[view]
    errors = []
    page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
    page.set_default_timeout(120_000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.wait_for_selector("#paste textarea")
    page.wait_for_timeout(1_000)
    for show in (tag, review, ask, framework, portfolio, archive):
        show(page)
        page.wait_for_timeout(1_500)
        page.screenshot(path=Path(FOLDER) / f"app-{show.__name__}{view}.png")
    page.context.close()
    assert errors == []
