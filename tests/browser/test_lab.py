"""The same notebook in JupyterLab."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import walk

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from genlab_widgets.projects.store import Project
    from tests.browser.conftest import Server

pytestmark = pytest.mark.browser


def test_the_notebook_trains_in_jupyterlab_and_opens_the_runs_notebook(
    demo_project: Project, tiny_templates: Path, lab_server: Server, browser_page: Page
) -> None:
    page = browser_page
    page.goto(lab_server.address.replace("/lab?", "/lab/tree/genlab.ipynb?"), timeout=walk.SLOW)
    cell = page.locator(".jp-Notebook .jp-CodeCell .cm-content").first
    cell.wait_for(timeout=walk.SLOW)
    page.get_by_text(re.compile(r"Python 3.*\| Idle")).first.wait_for(timeout=walk.SLOW)
    cell.click()
    page.keyboard.press("Shift+Enter")
    page.get_by_role("heading", name=f"Train {demo_project.name}").wait_for(timeout=walk.SLOW)
    page.get_by_text("One page", exact=True).click()
    walk.set_number(page, "Epochs", "2")
    walk.start_training(page)
    walk.wait_until_completed(page)
    assert 'model="ner_clinic_notes' in walk.deploy(page)
