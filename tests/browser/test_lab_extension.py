"""GenLab as a part of JupyterLab: launcher, side panel, file browser; nobody presses Run."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genlab_widgets.workspace import Workspace
from tests.browser import walk
from tests.browser.conftest import LAB_TOKEN, Server, free_port, serve

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from genlab_widgets.projects.store import Project

pytestmark = pytest.mark.browser


def open_lab(page: Page, server: Server) -> None:
    """Opens JupyterLab and waits for its launcher."""
    page.goto(server.address, timeout=walk.SLOW)
    page.locator(".jp-Launcher").first.wait_for(timeout=walk.SLOW)


def open_panel(page: Page) -> Locator:
    """Opens GenLab's side panel and returns it."""
    page.locator(".jp-SideBar [data-id=genlab-panel]").click()
    panel = page.get_by_role("region", name="GenLab", exact=True)
    panel.wait_for(timeout=walk.SLOW)
    return panel


def train_page(page: Page, project: str) -> Locator:
    """Waits for the train page of a project and returns its heading."""
    heading = page.get_by_role("heading", name=f"Train {project}")
    heading.wait_for(timeout=walk.SLOW)
    return heading


def ground(item: Locator) -> float:
    """Returns how light (0 to 1) the ground of an element is."""
    colour = item.evaluate("element => getComputedStyle(element).backgroundColor")
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / (3 * 255)


def test_the_launcher_opens_the_wizard_and_a_reload_keeps_it(
    demo_project: Project, lab_server: Server, browser_page: Page
) -> None:
    page = browser_page
    open_lab(page, lab_server)
    page.locator(".jp-LauncherCard").filter(has_text="Train a model").click()
    train_page(page, demo_project.name)
    app = page.locator(".jp-GenlabApp")
    assert not app.locator(".jp-InputArea").first.is_visible(), "no code is shown"
    assert not app.locator(".jp-NotebookPanel-toolbar").first.is_visible()
    page.get_by_text("One page", exact=True).click()
    walk.set_number(page, "Epochs", "3")
    # What a key does to a notebook's cells, it must not do here.
    page.get_by_role("button", name="Train model").focus()
    page.keyboard.press("d")
    page.keyboard.press("d")
    page.keyboard.press("b")
    assert app.locator(".jp-Cell").count() == 1
    assert ground(app) > 0.5
    page.locator(".lm-MenuBar").get_by_text("View", exact=True).click()
    page.locator(".lm-Menu").get_by_text("Activate Command Palette").click()
    page.keyboard.type("jupyterlab dark")
    page.keyboard.press("Enter")
    page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
    assert ground(app) < 0.2
    page.reload()
    train_page(page, demo_project.name)
    assert page.get_by_label("Epochs", exact=True).input_value() == "3"
    # A kernel that starts anew brings the page back too.
    page.get_by_role("heading", name=f"Train {demo_project.name}").evaluate("element => { element.dataset.old = 1; }")
    page.locator(".lm-MenuBar").get_by_text("Kernel", exact=True).click()
    page.locator(".lm-Menu").get_by_text("Restart Kernel…", exact=True).click()
    page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
    page.wait_for_function("() => !document.querySelector('[data-old]')", timeout=walk.SLOW)
    train_page(page, demo_project.name)
    # A tab that is closed asks nothing and leaves no kernel behind.
    tab = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab").filter(has_text="GenLab")
    tab.locator(".lm-TabBar-tabCloseIcon").click()
    page.locator(".jp-Launcher").wait_for()
    kernels = lab_server.address.partition("/lab")[0] + "/api/kernels"
    token = {"Authorization": f"token {LAB_TOKEN}"}
    walk.until(lambda: page.request.get(kernels, headers=token).json() == [])
    assert page.locator(".jp-Dialog").count() == 0


def test_the_panel_follows_a_training_and_opens_what_belongs_to_it(
    demo_project: Project,
    tiny_templates: Path,
    lab_server: Server,
    browser_page: Page,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GENLAB_TEST_EPOCH_SECONDS", "3")  # longer than the panel waits while nothing trains
    page = browser_page
    open_lab(page, lab_server)
    panel = open_panel(page)
    panel.get_by_text("No training yet.").wait_for()
    run = Workspace(lab_server.home).project(demo_project.name).train(epochs=3, architecture="crf")
    entry = panel.get_by_role("listitem").filter(has_text=run.id)
    panel.get_by_role("progressbar", name=f"Training {run.id}").wait_for(timeout=walk.SLOW)
    entry.get_by_text(re.compile(r"Epoch \d of 3")).wait_for(timeout=walk.SLOW)
    assert entry.get_by_role("button", name=f"Stop: {run.id}").is_visible()
    entry.get_by_text("Completed").wait_for(timeout=walk.SLOW)
    entry.get_by_text(re.compile(r"F1 0\.\d\d")).wait_for()

    entry.get_by_role("button", name=f"Log: {run.id}").click()
    log = page.get_by_role("log", name=f"Training log of {run.id}")
    log.get_by_text("Epoch 3/3 started").wait_for(timeout=walk.SLOW)
    assert page.evaluate("window.hacked") is None, "a log is text"

    entry.get_by_role("button", name=f"Notebook: {run.id}").click()
    notebook = page.locator(".jp-NotebookPanel:visible").filter(has_text="read-only")
    notebook.get_by_text("F1 0.", exact=False).first.wait_for(timeout=walk.SLOW)
    assert page.locator(".jp-GenlabApp").count() == 0, "a run's notebook is shown as a notebook"

    entry.get_by_role("button", name=f"Model: {run.id}").click()
    page.locator(".jp-GenlabApp").get_by_text(run.refresh().model or "no model").first.wait_for(timeout=walk.SLOW)
    panel.get_by_role("button", name="Train", exact=True).click()
    train_page(page, demo_project.name)
    assert page.locator(".jp-GenlabApp").count() == 1, "one tab goes to all pages"


def test_a_folder_of_the_file_browser_becomes_a_project(
    demo_export: Path, lab_server: Server, tmp_path: Path, browser_page: Page
) -> None:
    shutil.copytree(demo_export, tmp_path / "lab" / "from_the_browser")
    (tmp_path / "lab" / "broken.json").write_text("[{")
    page = browser_page
    open_lab(page, lab_server)
    files = page.locator(".jp-DirListing-item")
    files.filter(has_text="genlab.ipynb").click(button="right")
    page.locator(".lm-Menu").wait_for()
    assert page.get_by_role("menuitem", name="Import into GenLab").count() == 0, "a notebook is no export"
    page.keyboard.press("Escape")
    files.filter(has_text="broken.json").click(button="right")
    page.get_by_role("menuitem", name="Import into GenLab").click()
    page.locator(".Toastify").get_by_text("broken.json", exact=False).filter(has_text="line").first.wait_for()
    files.filter(has_text="from_the_browser").click(button="right")
    page.get_by_role("menuitem", name="Import into GenLab").click()
    told = page.locator(".Toastify").get_by_text("clinic_notes was imported: 120 tasks.")
    told.wait_for(timeout=walk.SLOW)
    page.locator(".Toastify").get_by_role("button", name="Train a model").click()
    train_page(page, "clinic_notes")


@pytest.fixture
def lab_without_server(home: Path, tmp_path: Path) -> Iterator[Server]:
    """JupyterLab whose server does not have the server extension."""
    switched_off = {"genlab_widgets.server": False}
    command = [
        sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={free_port()}", f"--IdentityProvider.token={LAB_TOKEN}", f"--ServerApp.root_dir={tmp_path}",
        f"--LabApp.workspaces_dir={tmp_path / 'workspaces'}", f"--LabApp.user_settings_dir={tmp_path / 'settings'}",
        f"--ServerApp.jpserver_extensions={switched_off}",
    ]  # fmt: skip
    yield from serve(command, home, tmp_path / "lab.out", tmp_path)


def test_without_the_server_extension_the_panel_says_what_to_do(lab_without_server: Server, browser_page: Page) -> None:
    open_lab(browser_page, lab_without_server)
    panel = open_panel(browser_page)
    told = panel.get_by_role("alert")
    told.get_by_text("The server part of GenLab does not answer.").wait_for(timeout=walk.SLOW)
    assert "jupyter server extension enable genlab_widgets.server" in told.inner_text()
    browser_page.locator(".jp-LauncherCard").filter(has_text="Train a model").click()
    browser_page.locator(".Toastify").get_by_text("does not answer", exact=False).first.wait_for()


def test_voila_does_not_load_it(demo_project: Project, app_server: Server, browser_page: Page) -> None:
    asked: list[str] = []
    browser_page.on("request", lambda request: asked.append(request.url))
    walk.open_app(browser_page, app_server.address)
    assert any("labextensions/anywidget" in url for url in asked)
    assert not [url for url in asked if "labextensions/genlab-widgets" in url]


def test_an_address_opens_the_app_at_once(demo_project: Project, lab_server: Server, browser_page: Page) -> None:
    """``make lab`` does this, and a bookmark."""
    address = lab_server.address.replace("/lab?", "/lab/tree/GenLab:GenLab?")
    browser_page.goto(address, timeout=walk.SLOW)
    train_page(browser_page, demo_project.name)
    assert browser_page.locator(".jp-Dialog").count() == 0
    assert browser_page.locator(".jp-GenlabApp").count() == 1
