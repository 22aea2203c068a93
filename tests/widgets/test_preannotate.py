"""Pre-annotation on the Models page: who reads, how far it is, what came of it."""

from __future__ import annotations

import io
import os
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from genlab_widgets.runs import processes
from genlab_widgets.widgets.pages.models import ModelsPage
from genlab_widgets.widgets.pages.preannotate import PreannotatePanel
from genlab_widgets.workspace import Project, Workspace
from genlab_widgets.workspace._reading import PREDICTIONS, State
from tests.samples import finish, write_export

ENDED = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Project:
    """A project with a model that is not deployed."""
    project = Workspace(home, user="guest").import_project(write_export(tmp_path / "notes", 12)).project
    finish(project.workspace, project.spec(), "notes")
    project.preannotation.folder.mkdir(parents=True)
    return project


@pytest.fixture
def panel(project: Project) -> PreannotatePanel:
    """Its panel, with the model deployed."""
    project.models()[0].deploy()
    return ModelsPage(project, background=False).preannotation


@pytest.fixture
def reader(project: Project) -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands in for the one that reads."""
    marked = {**os.environ, processes.MARKER: str(project.preannotation.folder)}
    process = subprocess.Popen(["sleep", "600"], env=marked, start_new_session=True)
    yield process
    process.kill()
    process.wait()


def visible(widget: object) -> bool:
    return widget.layout.display != "none"  # type: ignore[attr-defined]


def test_without_a_deployed_model_nothing_can_start(project: Project) -> None:
    panel = ModelsPage(project, background=False).preannotation
    assert panel.start.disabled
    assert "Deploy one first" in panel.about.value


def test_a_page_that_comes_back_finds_it_running_and_can_stop_it(
    project: Project, panel: PreannotatePanel, reader: subprocess.Popen[bytes]
) -> None:
    assert not panel.start.disabled
    state = State(pid=reader.pid, pid_created=processes.created(reader.pid), read=1200)
    project.preannotation.write(state)
    again = ModelsPage(project, background=False).preannotation
    assert (visible(again.stop), visible(again.start), visible(again.download)) == (True, False, False)
    assert again.progress.detail == "1,200 tasks read"
    again.stop.click()
    assert reader.wait(10) != 0
    assert (visible(again.stop), visible(again.start)) == (False, True)
    assert "It was stopped." in again.result.value


def test_a_process_that_was_killed_is_told(
    project: Project, panel: PreannotatePanel, reader: subprocess.Popen[bytes]
) -> None:
    project.preannotation.write(State(pid=reader.pid, pid_created=processes.created(reader.pid)))
    panel.draw()
    assert visible(panel.progress)
    reader.kill()
    reader.wait()
    panel.draw()
    assert "ended from outside" in panel.result.value
    assert visible(panel.start)


def test_what_was_found_can_be_downloaded(project: Project, panel: PreannotatePanel) -> None:
    (project.preannotation.folder / PREDICTIONS).write_text("[]")
    problems = [f"Page {number} cannot be read." for number in range(12)]
    project.preannotation.write(State(read=40, items=7, problems=problems, ended_at=ENDED))
    panel.draw()
    assert "7 predicted items in 40 tasks" in panel.result.value
    assert "2 more could not be read" in panel.result.value
    name, content = panel._pack()
    assert name == "notes-predictions.zip"
    assert zipfile.ZipFile(io.BytesIO(content)).read(PREDICTIONS) == b"[]"
