"""Train Now on the Setup page, and the Infrastructure page while it trains; trainings take seconds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.bills import write_bills
from tests.browser import walk
from tests.samples import imported

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from genlab_widgets.projects.store import Project
    from tests.browser.conftest import Server

pytestmark = pytest.mark.browser


def train_now(page: Page, epochs: int) -> None:
    """Starts a training from the Setup page."""
    walk.go_to(page, "Setup")
    page.get_by_role("heading", name="Train now").wait_for(timeout=walk.SLOW)
    walk.set_number(page, "Epochs", str(epochs))
    button = page.get_by_role("button", name="Train Now", exact=True)
    page.wait_for_function(walk.CAN_TRAIN.replace("Train model", "Train Now"), timeout=walk.SLOW)
    button.click()
    page.get_by_role("button", name="Just train", exact=True).click()
    walk.bar(page).wait_for(timeout=walk.SLOW)


def test_train_now_shows_its_progress_and_deploys(
    demo_project: Project, tiny_templates: Path, app_server: Server, browser_page: Page
) -> None:
    page = browser_page
    walk.open_app(page, app_server.address)
    train_now(page, 3)
    top = walk.bar(page).bounding_box()
    title = page.get_by_role("heading", name=f"Setup of {demo_project.name}").bounding_box()
    assert top is not None
    assert title is not None
    assert abs(top["y"] - title["y"]) < 64  # at the top ...
    assert top["x"] > 600  # ... right of 1,200 pixels
    page.locator(".genlab-corner").get_by_text("Completed").wait_for(timeout=walk.SLOW)
    page.get_by_text(re.compile(r"by \S+")).first.wait_for()
    assert 'model="ner_clinic_notes' in walk.deploy(page)
    assert b'model="ner_clinic_notes' in demo_project.config_source


def test_the_infrastructure_page_shows_a_training_and_stops_it(
    demo_project: Project, tiny_templates: Path, app_server: Server, browser_page: Page
) -> None:
    page = browser_page
    walk.open_app(page, app_server.address)
    train_now(page, 60)
    walk.go_to(page, "Infrastructure")
    page.get_by_text("No GPU found", exact=True).wait_for(timeout=walk.SLOW)
    row = page.get_by_role("row", name=re.compile("clinic_notes-0001"))
    row.get_by_text("Running").wait_for(timeout=walk.SLOW)
    row.get_by_text(re.compile(r"\d cores")).wait_for(timeout=walk.SLOW)
    row.get_by_role("button", name="Logs: clinic_notes-0001").click()
    page.get_by_role("log").get_by_text("Epoch 1/60 started").wait_for(timeout=walk.SLOW)
    assert page.evaluate("window.hacked") is None
    row.get_by_role("button", name="Stop: clinic_notes-0001").click()
    page.get_by_text("clinic_notes-0001 was stopped.").wait_for(timeout=walk.SLOW)
    page.get_by_text("Nothing runs or waits.", exact=False).wait_for(timeout=walk.SLOW)
    page.get_by_role("row", name=re.compile("Visual NLP's Visual NER")).get_by_text("does not fit").wait_for()
    walk.go_to(page, "Setup")
    page.locator(".genlab-corner").get_by_text("Cancelled").wait_for(timeout=walk.SLOW)


def run_cell(page: Page, server: Server, notebook: str, last_line: str) -> None:
    """Opens a notebook in JupyterLab and runs its code cell, whose last line is known."""
    page.goto(server.address.replace("/lab?", f"/lab/tree/{notebook}?"), timeout=walk.SLOW)
    cell = page.locator(".jp-Notebook .jp-CodeCell .cm-content").filter(visible=True).first
    cell.get_by_text(last_line).wait_for(timeout=walk.SLOW)
    page.get_by_text(re.compile(r"Python 3.*\| Idle")).filter(visible=True).first.wait_for(timeout=walk.SLOW)
    cell.click()
    page.keyboard.press("Shift+Enter")


def test_both_pages_work_in_jupyterlab(
    demo_project: Project, tiny_templates: Path, lab_server: Server, browser_page: Page
) -> None:
    page = browser_page
    run_cell(page, lab_server, "setup.ipynb", "SetupPage(project)")
    page.get_by_role("heading", name="Train now").wait_for(timeout=walk.SLOW)
    page.get_by_label("User name", exact=True).fill("zoe")
    page.get_by_role("button", name="Add member").click()
    walk.save_members(page)
    assert type(demo_project)(demo_project.folder).members.priority[-1] == "zoe"
    walk.set_number(page, "Epochs", "2")
    page.wait_for_function(walk.CAN_TRAIN.replace("Train model", "Train Now"), timeout=walk.SLOW)
    page.get_by_role("button", name="Train Now", exact=True).click()
    page.get_by_role("button", name="Just train", exact=True).click()
    page.locator(".genlab-corner").get_by_text("Completed").wait_for(timeout=walk.SLOW)
    run_cell(page, lab_server, "infrastructure.ipynb", "InfrastructurePage()")
    page.get_by_text("No GPU found", exact=True).wait_for(timeout=walk.SLOW)


@pytest.mark.spark
@pytest.mark.timeout(900)
def test_a_visual_ner_model_is_trained_from_the_setup_page(
    home: Path, tmp_path: Path, app_server: Server, browser_page: Page
) -> None:
    """For real: pages, Spark and the transformer, from Train Now to the deployed model."""
    project = imported(home, write_bills(tmp_path / "bills", 20))
    page = browser_page
    walk.open_setup(page, app_server.address)
    page.get_by_role("heading", name="Train now").wait_for(timeout=walk.SLOW)
    expect(page.get_by_role("radio", name="Visual NER")).to_be_checked()
    page.locator("label", has_text="Test/Train tags").first.click()
    expect(page.get_by_role("radio", name="Test/Train tags")).to_be_checked()
    train_now(page, 2)
    page.locator(".genlab-corner").get_by_text("Completed").wait_for(timeout=400_000)
    assert 'model="visual_ner_bills' in walk.deploy(page)
    assert b'model="visual_ner_bills_annotation_manual"' in project.config_source
