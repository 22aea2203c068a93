"""A project of pages in a browser: trained from the Train page, and its errors looked at on the pages themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.bills import write_bills
from tests.browser import walk
from tests.browser.tiny_training import SOURCE
from tests.samples import imported, write_template

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

DRAWN = "() => [...document.querySelectorAll('.genlab-pagesheet img')].some((image) => image.naturalWidth === 600)"


@pytest.fixture
def page_templates(tmp_path: Path, tiny_templates: Path) -> Path:
    """A training of seconds for pages, too."""
    return write_template(tiny_templates, SOURCE, "train_visual_ner")


def test_errors_are_looked_at_on_the_page_by_mouse_and_by_keyboard(
    home: Path, tmp_path: Path, page_templates: Path, app_server: Server, browser_page: Page
) -> None:
    imported(home, write_bills(tmp_path / "bills", 60))
    page = browser_page
    walk.open_app(page, app_server.address)
    page.get_by_role("heading", name="Train bills").wait_for(timeout=walk.SLOW)
    expect(page.get_by_role("radio", name="Visual NER")).to_be_checked()
    walk.next_step(page)
    walk.set_number(page, "Epochs", "2")
    walk.next_step(page)
    walk.start_training(page)
    walk.wait_until_completed(page)
    page.get_by_text("whole regions").first.wait_for()

    page.get_by_role("button", name="Benchmark").click()
    page.get_by_role("heading", name="Pages, errors first").wait_for(timeout=walk.SLOW)
    page.wait_for_function(DRAWN)
    picture = page.locator(".genlab-pagesheet img")
    first = str(picture.get_attribute("alt"))
    assert first.startswith("Task ")
    assert "missed" in first or "wrong label" in first

    marks = page.get_by_role("list", name="Marks on this page").get_by_role("button")
    marks.first.click()
    expect(marks.first).to_have_attribute("aria-pressed", "true")
    page.locator(".genlab-pagebox.genlab-chosen").first.wait_for(state="attached")
    page.keyboard.press("+")
    page.get_by_text("150 %").wait_for()
    page.keyboard.press("n")
    page.wait_for_function(
        "(before) => document.querySelector('.genlab-pagesheet img').alt !== before && "
        "document.querySelector('.genlab-pagesheet img').naturalWidth === 600",
        arg=first,
    )
    page.get_by_label("Which pages").select_option("every")
    page.get_by_text("all 15 pages").first.wait_for(state="attached")
    page.get_by_text("1 of 15").wait_for()
    assert page.evaluate("window.hacked") is None
