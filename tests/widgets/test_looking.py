"""What pages show of runs: lost ones without the app, long logs by their end, two that a filter hides."""

from __future__ import annotations

from pathlib import Path

import pytest

from genlab_widgets.database import now
from genlab_widgets.projects.store import CONFIG
from genlab_widgets.resources import machine
from genlab_widgets.runs.states import Status
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.widgets import HistoryPage, InfrastructurePage, ModelsPage, TrainPage
from genlab_widgets.widgets.pages import page as pages
from genlab_widgets.workspace import Project, Run, Workspace
from tests.samples import finish, write_export

LINE = "line {} of what a script prints\n"


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Project:
    return Workspace(home, user="guest").import_project(write_export(tmp_path / "notes", 12)).project


def lost(project: Project) -> Run:
    """Makes a run whose worker is gone."""
    rows = project.workspace.run_rows
    row = rows.create(TrainingSpec(project="notes"), "notes", "guest")
    place = {"pid": 2**22 + 1, "pid_created": 1.0, "host": machine.host()}  # no system gives out such a number
    assert rows.move(row.id, Status.STARTING, started_at=now(), **place)
    assert rows.move(row.id, Status.RUNNING)
    return project.workspace.run(row.id)


@pytest.mark.parametrize("kind", [HistoryPage, ModelsPage, TrainPage])
def test_a_page_without_the_app_finds_out_that_a_run_is_lost(project: Project, kind: type[pages.Page]) -> None:
    page = kind(project, background=False)
    run = lost(project)
    page._tick()
    assert project.workspace.run_rows.get(run.id).status is Status.CRASHED
    assert page.banner.messages == []


def test_the_pages_of_a_kernel_look_once_in_a_while(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "RECONCILE_SECONDS", 3600.0)
    seen: list[Workspace] = []
    monkeypatch.setattr(Workspace, "reconcile", lambda workspace: seen.append(workspace))
    for page in (HistoryPage(project, background=False), ModelsPage(project, background=False)):
        page._tick()
        page._tick()
    assert len(seen) == 1


def test_the_log_of_an_ended_run_is_shown_by_its_end(project: Project) -> None:
    run = finish(project.workspace, project.spec(), "notes")
    run.folder.log.write_text("".join(map(LINE.format, range(20_000))) + "the reason\n")
    page = HistoryPage(project, background=False)
    page._act("details", run.id)
    assert page.details.lines.lines[-2:] == [LINE.format(19_999).strip(), "the reason"]


def test_a_log_that_grew_much_before_the_end_is_read_to_its_end(project: Project) -> None:
    run = lost(project)
    run.folder.log.write_text("begins\n")
    page = HistoryPage(project, background=False)
    page.details.run = None
    rows = project.workspace.run_rows
    reading = page.details
    reading.run, reading._offset = run, 0
    run.folder.log.write_text("".join(map(LINE.format, range(30_000))) + "the reason")
    rows.move(run.id, Status.FAILED, reason="internal", message="It failed.")
    reading.draw(reading.read())
    assert reading.ended
    assert reading.lines.lines[-2:] == [LINE.format(29_999).strip(), "the reason"]
    assert sum(line == "the reason" for line in reading.lines.lines) == 1


def test_two_looks_at_once_show_a_line_once(project: Project) -> None:
    run = finish(project.workspace, project.spec(), "notes")
    page = HistoryPage(project, background=False)
    page._act("details", run.id)
    with run.folder.log.open("a") as log:
        log.write("one more\n")
    looks = [page.details.read(), page.details.read()]
    for seen in looks:
        page.details.draw(seen)
    assert page.details.lines.lines.count("one more") == 1


def test_the_infrastructure_page_shows_a_long_log_by_its_end(project: Project) -> None:
    run = finish(project.workspace, project.spec(), "notes")
    run.folder.log.write_text("".join(map(LINE.format, range(20_000))))
    page = InfrastructurePage(project.workspace, background=False)
    page._act("logs", run.id)
    assert page.lines.lines[-1] == LINE.format(19_999).strip()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_runs_are_compared_the_older_first_whatever_the_table_shows(project: Project, order: tuple[int, int]) -> None:
    runs = [finish(project.workspace, project.spec(seed=seed), "notes") for seed in (1, 2)]
    page = HistoryPage(project, background=False)
    for place in order:
        page.table.emit("select", id=runs[place].id, on=True)
    page.table.emit("filter", key="data", value="seed 2")
    page.table.emit("sort", key="started")
    assert len(page.table.rows) == 1
    compared: list[tuple[str, str]] = []
    page.comparison.present = lambda found: compared.append((found.a.id, found.b.id))
    page.compare_button.click()
    assert page.banner.messages == []
    assert compared == [(runs[0].id, runs[1].id)]


def test_one_broken_labeling_config_hides_no_model(project: Project, tmp_path: Path) -> None:
    workspace = project.workspace
    finish(workspace, project.spec(), "notes")
    other = workspace.import_project(write_export(tmp_path / "other", 12)).project
    finish(workspace, other.spec(), "other")
    (project.folder / CONFIG).write_text("<View><broken")
    assert [model.deployed for model in workspace.models()] == [False, False]
    for place in (project, other):
        page = ModelsPage(place, background=False)
        assert len(page.tiles) == 1
        assert page.banner.messages == []


def test_a_tile_names_every_project_that_uses_its_model(project: Project, tmp_path: Path) -> None:
    workspace = project.workspace
    finish(workspace, project.spec(), "notes")
    workspace.import_project(write_export(tmp_path / "other", 12))
    (model,) = workspace.models()
    model.deploy(project="other")
    (tile,) = ModelsPage(project, background=False).tiles.values()
    assert "labeling config of other" in tile.about.value
    assert "Not deployed" not in tile.about.value
    assert tile.undo.layout.display == "none"
    assert tile.deploy.layout.display != "none"
    tile.deploy.click()
    tile.panel.confirm.click()
    assert "labeling config of notes, other" in tile.about.value
