"""The Setup page in a browser: the labeling config, of which Save changes what was typed only, and the members."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import walk
from tests.samples import imported, write_export

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

RIGHT = 'model="assertion_old"'
WRONG = 'model="ner_old"'


def test_an_assertion_error_shows_with_its_line_and_only_the_correction_is_saved(
    home: Path, tmp_path: Path, app_server: Server, browser_page: Page
) -> None:
    project = imported(home, write_export(tmp_path / "notes", 12))
    before = project.config_source
    assert b"\r\n" in before  # a text area drops these
    page = browser_page
    walk.open_setup(page, app_server.address)
    editor = page.get_by_label("Labeling config", exact=True)
    editor.wait_for(timeout=walk.SLOW)
    save = page.get_by_role("button", name="Save \u2026")
    page.get_by_text("All changes are saved.").first.wait_for()
    expect(save).to_be_disabled()

    editor.fill(editor.input_value().replace(RIGHT, WRONG))
    page.get_by_text("absent is an assertion label, but ner_old is a NER model.").wait_for()
    page.get_by_text("Cannot be saved: 1 error, line 7.", exact=False).wait_for()
    expect(save).to_be_disabled()
    page.get_by_role("button", name="Line 7: go there").click()
    chosen = "(area) => area.value.slice(area.selectionStart, area.selectionEnd)"
    page.wait_for_function(f"(wanted) => ({chosen})(document.activeElement).includes(wanted)", arg=WRONG)
    assert project.config_source == before

    editor.press("ArrowRight")
    changed = editor.input_value().replace(WRONG, 'model="assertion_new"')
    editor.fill(changed)
    page.get_by_text("No error found.").wait_for()
    save.click()
    page.get_by_label("Difference of the labeling config").wait_for()
    page.get_by_role("button", name="Save the labeling config").click()
    page.get_by_text("The labeling config was saved.").wait_for()
    assert project.config_source == before.replace(RIGHT.encode(), b'model="assertion_new"')


def test_members_move_by_arrow_keys_and_are_stored_by_save(
    home: Path, tmp_path: Path, app_server: Server, browser_page: Page
) -> None:
    project = imported(home, write_export(tmp_path / "notes", 12))
    page = browser_page
    walk.open_setup(page, app_server.address)
    page.get_by_role("button", name="Move up: rita").focus()
    page.keyboard.press("ArrowUp")
    page.get_by_text("rita is now 3 of 4.").wait_for(state="attached")
    page.keyboard.press("ArrowUp")
    page.get_by_text("rita is now 2 of 4.").wait_for(state="attached")
    page.get_by_label("Role of noah").select_option("Manager")
    walk.save_members(page)
    stored = type(project)(project.folder).members
    assert stored.priority == ("olga", "rita", "max", "noah")
    assert stored.roles["noah"] == "Manager"


def test_members_come_and_go_and_edits_outlive_a_page_switch(
    home: Path, tmp_path: Path, app_server: Server, browser_page: Page
) -> None:
    project = imported(home, write_export(tmp_path / "notes", 12))
    page = browser_page
    walk.open_setup(page, app_server.address)
    page.get_by_label("User name", exact=True).fill("zoe")
    page.get_by_label("Role", exact=True).select_option("Manager")
    page.get_by_role("button", name="Add member").click()
    page.get_by_role("button", name="Move up: zoe").wait_for()
    page.get_by_role("button", name="Remove: rita").click()
    page.get_by_role("button", name="Remove: rita").wait_for(state="detached")
    walk.go_to(page, "History")
    page.get_by_role("heading", name="History of notes").wait_for(timeout=walk.SLOW)
    walk.go_to(page, "Setup")
    page.get_by_role("button", name="Move up: zoe").wait_for(timeout=walk.SLOW)
    walk.save_members(page)
    stored = type(project)(project.folder).members
    assert stored.priority == ("olga", "max", "noah", "zoe")
    assert stored.roles["zoe"] == "Manager"
