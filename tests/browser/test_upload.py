"""Files that a browser sends: a JSON file with its config, in pieces, and what the page says when none can be stored."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genlab_widgets.workspace import Workspace
from tests.browser import walk
from tests.samples import CONFIG, task, write_export, zipped

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Server

pytestmark = pytest.mark.browser
TITLE = "Заметки врача"


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the server that is started next keeps what is uploaded."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_a_json_file_comes_with_its_config_and_a_failure_is_said(
    scratch: Path, app_server: Server, browser_page: Page, tmp_path: Path
) -> None:
    page, text = browser_page, "x" * 1_200_000  # more than one piece
    export = write_export(tmp_path / "notes", tasks=[*map(task, range(1, 21)), task(21, data={"text": text})])
    tasks = (export / "result.json").rename(tmp_path / f"{TITLE}.json")
    packed = zipped(write_export(tmp_path / "second", tasks=20), tmp_path / "second.zip")
    walk.open_app(page, app_server.address)
    files = page.get_by_label(re.compile("^Drop a zip here"))

    files.set_input_files([tasks, export / "config.xml"])
    page.get_by_text(f"Imported {TITLE} (as project): 21 tasks.").wait_for(timeout=walk.SLOW)
    project = Workspace(app_server.home).project("project")
    assert (project.task_count, project.config_source) == (21, CONFIG.encode())
    assert page.get_by_label("Project", exact=True).locator("option").all_inner_texts() == [TITLE]

    shutil.rmtree(scratch)
    page.get_by_role("button", name="Import", exact=True).first.click()
    files.set_input_files(packed)
    page.get_by_role("alert").get_by_text("second.zip was not uploaded. It cannot be stored in").wait_for()
    assert [item.name for item in Workspace(app_server.home).projects()] == ["project"]

    scratch.mkdir()
    files.set_input_files(packed)
    page.get_by_text("Imported second: 20 tasks.").wait_for(timeout=walk.SLOW)
    assert not list(scratch.glob("genlab-upload-*"))
