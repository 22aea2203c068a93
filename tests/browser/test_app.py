"""The app as people use it: Chromium on a real Voila. Trainings take seconds except in the test marked ``spark``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from playwright.sync_api import expect

from genlab_widgets.projects.importing import import_project
from genlab_widgets.workspace import Workspace
from tests.browser import walk
from tests.samples import task, write_export

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from genlab_widgets.projects.store import Project
    from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

HOSTILE = '"><img src=x onerror="window.hacked=1">'
"""Runs code in every place that forgets to escape it."""
HOSTILE_CONFIG = """<View>
  <Labels name="label" toName="text">
    <Label value="DRUG" background="red;} body{display:none"/>
    <Label value="&quot;&gt;&lt;img src=x onerror=&quot;window.hacked=1&quot;&gt;"/>
  </Labels>
  <Text name="text" value="$text"/>
</View>"""


def kernels(server: Server) -> int:
    """Returns how many kernels the server has."""
    children = psutil.Process(server.pid).children(recursive=True)
    return sum("ipykernel_launcher" in " ".join(child.cmdline()) for child in children if child.is_running())


def test_an_empty_workspace_leads_to_the_demo_project(home: Path, app_server: Server, browser_page: Page) -> None:
    walk.open_app(browser_page, app_server.address)
    walk.try_demo(browser_page)
    walk.go_to(browser_page, "Models")
    browser_page.get_by_text("No model yet").wait_for()
    walk.go_to(browser_page, "History")
    browser_page.get_by_role("heading", name="History of clinic_notes").wait_for()
    walk.go_to(browser_page, "Train")
    browser_page.locator(".genlab-labels li").first.wait_for()


def test_nobody_gets_in_without_the_token(demo_project: Project, app_server: Server, browser_page: Page) -> None:
    browser_page.goto(app_server.address.partition("?")[0])
    assert browser_page.locator(".genlab").count() == 0
    assert "login" in browser_page.url


def test_one_page_shows_all_steps_and_a_wrong_value_is_named(
    demo_project: Project, app_server: Server, browser_page: Page
) -> None:
    page = browser_page
    walk.open_app(page, app_server.address)
    page.get_by_text("One page", exact=True).click()
    page.get_by_label("Epochs").wait_for()
    page.get_by_text("What to train").first.wait_for()
    walk.set_number(page, "Epochs", "0")
    page.get_by_text("Give a whole number from 1 to 1,000.").first.wait_for()
    expect(page.get_by_role("button", name="Train model")).to_be_disabled()
    walk.set_number(page, "Epochs", "2")
    page.wait_for_function(walk.CAN_TRAIN)


def test_a_reload_finds_the_training_again_and_leaves_no_kernel_behind(
    demo_project: Project, tiny_templates: Path, app_server: Server, browser_page: Page
) -> None:
    page = browser_page
    walk.open_app(page, app_server.address)
    page.get_by_text("One page", exact=True).click()
    walk.set_number(page, "Epochs", "30")
    walk.start_training(page)
    walk.wait_for_epoch(page, 2)
    page.reload()
    walk.wait_for_epoch(page, 4)
    log = walk.show_logs(page)
    log.get_by_text("Epoch 1/30 started").wait_for()
    log.get_by_text("<img src=x").first.wait_for()  # the log shows markup as text
    assert page.evaluate("window.hacked") is None
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("Cancelled", exact=True).first.wait_for()
    walk.until(lambda: kernels(app_server) == 1)


def test_train_deploy_undo_compare(
    demo_project: Project, tiny_templates: Path, app_server: Server, browser_page: Page
) -> None:
    page = browser_page
    before = demo_project.labeling_config.source
    walk.open_app(page, app_server.address)
    page.get_by_text("One page", exact=True).click()
    walk.set_number(page, "Epochs", "2")
    walk.start_training(page)
    walk.wait_until_completed(page)
    assert 'model="ner_clinic_notes' in walk.deploy(page)
    assert b'model="ner_clinic_notes' in demo_project.labeling_config.source
    page.get_by_role("button", name="Benchmark", exact=True).click()
    page.get_by_role("table").first.wait_for()
    page.get_by_role("button", name="Train again", exact=True).click()
    page.get_by_role("heading", name="ner_clinic_notes_annotation_manual_v2").wait_for(timeout=walk.SLOW)
    walk.go_to(page, "History")
    boxes = page.get_by_role("checkbox", name=re.compile("^Select "))
    boxes.nth(1).wait_for()
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_text("no real difference", exact=False).first.wait_for()
    walk.go_to(page, "Models")
    page.get_by_role("button", name="Undo deployment").first.click()
    page.get_by_role("button", name="Undo the deployment").click()
    page.get_by_text("was taken back", exact=False).first.wait_for()
    assert demo_project.labeling_config.source == before


def test_names_of_the_project_never_become_markup(home: Path, app_server: Server, browser_page: Page) -> None:
    tasks = []
    for number in range(1, 61):
        raw = json.dumps(task(number)).replace('"DOSE"', json.dumps(HOSTILE))
        tasks.append(json.loads(raw))
        tasks[-1]["tags"] = [HOSTILE]
        tasks[-1]["data"]["text"] += f" {HOSTILE}"
    folder = write_export(home.parent / "hostile", tasks, HOSTILE_CONFIG, description=HOSTILE)
    import_project(folder, home)
    page = browser_page
    walk.open_app(page, app_server.address)
    page.locator(".genlab-labels li").nth(1).wait_for()
    page.get_by_role("button", name="Why?").click()
    page.get_by_text("One page", exact=True).click()
    page.get_by_role("group", name=re.compile("Tasks|tags", re.I)).first.wait_for()
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("getComputedStyle(document.body).display") != "none"
    assert page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_fit_a_narrow_window_in_both_themes(
    demo_project: Project, app_server: Server, browser_page: Page, theme: str
) -> None:
    page = browser_page
    page.set_viewport_size({"width": 700, "height": 900})
    walk.open_app(page, f"{app_server.address}&theme={theme}")
    page.locator(".genlab-labels li").first.wait_for()
    for title in ("Train", "History", "Models"):
        walk.go_to(page, title)
        page.get_by_role("heading", level=1).first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 700, title
    assert walk.contrast(page, ".genlab h1") > 7
    assert (walk.brightness(page) < 0.2) == (theme == "dark")


@pytest.mark.spark
@pytest.mark.timeout(900)
def test_the_wizard_leads_to_a_deployed_model(demo_project: Project, app_server: Server, browser_page: Page) -> None:
    """The whole way, for real: three steps, a training with Spark, the log, a reload, deployment, History."""
    page = browser_page
    walk.open_app(page, app_server.address)
    walk.next_step(page)
    walk.set_number(page, "Epochs", "3")
    walk.next_step(page)
    walk.start_training(page)
    walk.show_logs(page).get_by_text("Parameters: ").wait_for(timeout=walk.SLOW)
    walk.wait_for_epoch(page, 2, timeout=300_000)
    page.reload()
    walk.wait_until_completed(page, timeout=300_000)
    assert "model=" in walk.deploy(page)
    assert b'model="ner_' in demo_project.labeling_config.source
    walk.go_to(page, "History")
    page.get_by_text(f"ner_{demo_project.name}_annotation_manual").first.wait_for()
    model = Workspace(app_server.home).model(f"ner_{demo_project.name}_annotation_manual")
    assert model.deployed
