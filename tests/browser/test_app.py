"""The app in a real browser, served by a real Voila."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import CHECKOUT

if TYPE_CHECKING:
    from genlab_widgets.projects.store import Project

pytestmark = pytest.mark.browser

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE = 60_000
"""Milliseconds until a page must show something; a loaded machine takes half of it."""


@pytest.fixture(scope="module")
def chromium() -> str:
    """The system's Chromium. Without one the tests are skipped, on a CI machine they fail."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed on this CI machine.")
        pytest.skip("Chromium is not installed: the browser tests need it.")
    return found


@pytest.fixture
def address(home: Path) -> Iterator[str]:
    """The address of ``genlab app`` over the workspace ``home``."""
    command = [
        sys.executable,
        "-c",
        "from genlab_widgets.cli import main; main(['app', '--no-browser', '--port', '0'])",
    ]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
    try:
        assert server.stdout is not None
        yield next(found[0] for line in server.stdout if (found := re.search(r"http://\S+", line)))
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture
def page(chromium: str) -> Iterator[Any]:
    """A page of a fresh browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        shown = browser.new_page(viewport={"width": 1280, "height": 1000})
        shown.set_default_timeout(PATIENCE)
        yield shown
        browser.close()


def test_pages_open_one_after_the_other(demo_project: Project, address: str, page: Any) -> None:
    page.goto(address)
    page.get_by_role("button", name="History").click()
    page.get_by_text(f"History of {demo_project.name}").wait_for()
    page.get_by_role("button", name="Models").click()
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text(f"Train {demo_project.name}").wait_for()
    page.locator(".genlab-labels li").first.wait_for()


def test_nobody_gets_in_without_the_token(demo_project: Project, address: str, page: Any) -> None:
    page.goto(address.partition("?")[0])
    assert page.locator(".genlab").count() == 0
    assert "login" in page.url


@pytest.mark.spark
@pytest.mark.timeout(900)
def test_the_wizard_leads_to_a_deployed_model(demo_project: Project, address: str, page: Any) -> None:
    """The whole way, for real: three steps, a training with Spark, the log, deployment, History."""
    before = demo_project.labeling_config.source
    page.goto(address)
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Epochs").fill("3")
    page.get_by_label("Epochs").press("Tab")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Train model").click()
    page.get_by_role("button", name="Just train").click()
    page.get_by_text("Running", exact=True).first.wait_for()
    page.get_by_role("button", name="Show logs").click()
    page.get_by_role("log").get_by_text("Parameters: ").wait_for()
    page.get_by_text(re.compile(r"Epoch [23] of 3")).first.wait_for(timeout=300_000)
    page.reload()  # a training that runs is found again
    page.get_by_text("Completed", exact=True).first.wait_for(timeout=300_000)
    page.get_by_role("button", name="Deploy", exact=True).click()
    question = page.locator(".genlab-panel").filter(has_text="Nothing has changed yet")
    question.get_by_role("button", name="Deploy", exact=True).click()
    page.get_by_role("button", name="Undo deployment").wait_for()
    after = demo_project.labeling_config.source
    assert after != before
    assert b'model="ner_' in after
    page.get_by_role("button", name="History").click()
    page.get_by_text(f"ner_{demo_project.name}_annotation_manual").first.wait_for()
