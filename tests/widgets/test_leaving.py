"""A page that is left leaves nothing behind: no process that holds a model, no widget in the kernel."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from ipywidgets.widgets import widget

from genlab_widgets.errors import Conflict
from genlab_widgets.widgets import App
from genlab_widgets.widgets.app import PAGES
from genlab_widgets.widgets.pages import models
from genlab_widgets.widgets.pages.models import ModelsPage
from genlab_widgets.workspace import Project, Workspace
from genlab_widgets.workspace._text_reader import TextReader
from tests.samples import finish, write_export

ANSWERS = "import sys\nfor line in sys.stdin: print('{\"items\": []}', flush=True)"
SILENT = "import sys\nfor line in sys.stdin: pass"
Process = subprocess.Popen[str]


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Project:
    """A project with two models."""
    project = Workspace(home).import_project(write_export(tmp_path / "notes", 12)).project
    for _ in range(2):
        finish(project.workspace, project.spec(), "notes")
    return project


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Process]:
    """The processes that readers start: they answer as a model does, and load none."""
    return stand_ins(monkeypatch, ANSWERS)


def stand_ins(monkeypatch: pytest.MonkeyPatch, code: str) -> list[Process]:
    made: list[Process] = []

    def start(_: TextReader) -> Process:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        made.append(subprocess.Popen([sys.executable, "-c", code], **pipes))
        return made[-1]

    monkeypatch.setattr(TextReader, "_start", start)
    return made


def living(processes: list[Process]) -> int:
    return sum(process.poll() is None for process in processes)


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def try_first(page: ModelsPage) -> models.Tile:
    tile = next(iter(page.tiles.values()))
    tile.try_it.click()
    assert tile.trial is not None
    tile.trial.text.value = "a text"
    tile.trial.read.click()
    return tile


def test_a_model_that_is_tried_goes_with_the_page(project: Project, started: list[Process]) -> None:
    app = App(project.workspace, background=False)
    app.show_page(page="models")
    assert isinstance(app._page, ModelsPage)
    try_first(app._page)
    assert living(started) == 1
    app.show_page(page="train")
    assert living(started) == 0
    assert app.banner.messages == []


def test_every_page_can_be_visited_again_and_again(project: Project, started: list[Process]) -> None:
    app = App(project.workspace, background=False)

    def tour() -> int:
        for entry in PAGES:
            app.show_page(page=entry.name)
            if isinstance(app._page, ModelsPage):
                try_first(app._page)
        app.show_page(page=PAGES[0].name)
        gc.collect()
        return len(widget._instances)

    tour()
    before = tour()
    assert tour() == before
    assert living(started) == 0


def test_closing_the_trial_ends_its_process(project: Project, started: list[Process]) -> None:
    tile = try_first(ModelsPage(project, background=False))
    assert living(started) == 1
    tile.try_it.click()
    assert living(started) == 0
    assert tile.trial is None


def test_a_text_that_still_waits_starts_no_model_after_the_trial_was_closed(
    project: Project, started: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ModelsPage(project, background=False)
    waiting: list[Callable[[], None]] = []
    run = page.background._run
    monkeypatch.setattr(page.background, "_run", lambda job: waiting.append(lambda: run(job)))
    tile = try_first(page)
    tile.try_it.click()
    waiting[0]()
    assert started == []
    assert page.banner.messages == []


def test_a_trial_that_is_closed_while_the_model_loads_says_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading = stand_ins(monkeypatch, SILENT)
    page = ModelsPage(project, background=False)
    tile = next(iter(page.tiles.values()))
    tile.try_it.click()
    assert tile.trial is not None
    tile.trial.text.value = "a text"
    reading = Thread(target=tile.trial._ask)
    reading.start()
    until(lambda: bool(loading))
    tile.try_it.click()
    reading.join(timeout=20)
    assert not reading.is_alive()
    assert living(loading) == 0
    assert page.banner.messages == []


def test_a_closed_reader_refuses(project: Project, started: list[Process]) -> None:
    reader = project.models()[0].reader()
    assert reader.read("a text") == []
    reader.close()
    with pytest.raises(Conflict, match="reads no more texts"):
        reader.read("a text")
    assert living(started) == 0


def test_a_tile_that_a_newer_model_pushes_out_lets_its_model_go(
    project: Project, started: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "TILES", 1)
    page = ModelsPage(project, background=False)
    try_first(page)
    finish(project.workspace, project.spec(), "notes")
    page.tick()
    assert list(page.tiles) == [project.models()[0].name]
    assert living(started) == 0
