"""Runs with their models, and projects, can be deleted; nothing that is in use."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from genlab_widgets import Workspace
from genlab_widgets.cli import cli
from genlab_widgets.errors import Conflict, GenlabError, NotAllowed, NotFound
from genlab_widgets.runs import processes
from genlab_widgets.widgets.pages.history import HistoryPage
from genlab_widgets.workspace import Project, Run
from genlab_widgets.workspace._reading import PREDICTIONS, State
from tests.samples import finish, write_export


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Project:
    return Workspace(user="guest").import_project(write_export(tmp_path / "notes", 12)).project


@pytest.fixture
def run(project: Project) -> Run:
    """A run with a model."""
    return finish(project.workspace, project.spec(), "notes")


def test_a_run_goes_with_its_model_and_its_files(project: Project, run: Run) -> None:
    workspace, other = project.workspace, finish(project.workspace, project.spec(), "notes")
    workspace.delete_runs([run.id])
    workspace.reconcile()
    assert [found.id for found in workspace.runs()] == [other.id], "nothing adopts it again"
    assert [model.run_id for model in workspace.models()] == [other.id]
    assert sorted(path.name for path in (workspace.home / "runs").iterdir()) == [other.id]
    with pytest.raises(NotFound):
        workspace.delete_runs([run.id])


def test_what_is_in_use_stays_and_so_do_the_others(project: Project, run: Run) -> None:
    workspace, waiting = project.workspace, project.workspace.run_rows.create(project.spec(), "notes", "guest")
    with pytest.raises(Conflict, match="has not ended"):
        workspace.delete_runs([run.id, waiting.id])
    workspace.model(run.model or "").deploy()
    with pytest.raises(Conflict, match="is deployed"):
        workspace.delete_runs([run])
    with pytest.raises(Conflict, match="has not ended"):
        project.delete(with_runs=True)
    assert {found.id for found in workspace.runs()} == {run.id, waiting.id}
    assert run.folder.result.is_file()


def test_a_database_that_refuses_leaves_all_as_it_was(project: Project, run: Run) -> None:
    def fail(_: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    engine = project.workspace.database.engine
    event.listen(engine, "commit", fail)
    try:
        with pytest.raises(GenlabError):
            project.workspace.delete_runs([run])
    finally:
        event.remove(engine, "commit", fail)
    assert run.folder.result.is_file()
    assert project.workspace.models()[0].run_id == run.id


def test_a_project_goes_with_or_without_its_runs(project: Project, run: Run, tmp_path: Path) -> None:
    workspace = project.workspace
    workspace.model(run.model or "").deploy()
    project.delete()
    assert workspace.projects() == []
    assert [found.id for found in workspace.runs()] == [run.id]
    again = workspace.import_project(write_export(tmp_path / "again", 12, name="notes")).project
    workspace.model(run.model or "").deploy()
    again.delete(with_runs=True)
    assert (workspace.projects(), workspace.runs(), workspace.models()) == ([], [], [])


def test_roles_hold(project: Project, run: Run) -> None:
    noah = Workspace(user="noah")
    with pytest.raises(NotAllowed, match="delete runs"):
        noah.delete_runs([run.id])
    with pytest.raises(NotAllowed):
        noah.project("notes").delete()


def test_the_command_asks_and_says_what_it_did(project: Project, run: Run) -> None:
    def genlab(*arguments: str) -> object:
        return CliRunner().invoke(cli, ["delete", *arguments], standalone_mode=False)

    assert isinstance(genlab(run.id).exception, GenlabError)  # type: ignore[attr-defined]
    assert isinstance(genlab().exception, GenlabError)  # type: ignore[attr-defined]
    assert f"Deleted {run.id}." in genlab(run.id, "--yes").output  # type: ignore[attr-defined]
    assert project.workspace.runs() == []
    assert "Deleted the project notes." in genlab("--project", "notes", "--yes").output  # type: ignore[attr-defined]


def test_the_history_asks_before_it_deletes(project: Project, run: Run) -> None:
    other = finish(project.workspace, project.spec(), "notes")
    page = HistoryPage(project, background=False)
    assert page.delete_button.disabled
    page.table.selected = [run.id]
    page.delete_button.click()
    assert "1 training with notebook, log and model" in page.deletion.value
    assert len(project.runs()) == 2, "it asks first"
    keep, sure = page.delete_panel.children[2], page.delete_panel.children[1]
    keep.click()
    assert page.delete_panel.layout.display == "none"
    page.delete_button.click()
    sure.click()
    assert [found.id for found in project.runs()] == [other.id]
    assert [row["id"] for row in page.table.rows] == [other.id]
    assert (page.table.selected, page.delete_button.disabled) == ([], True)


def test_a_project_elsewhere_is_not_deleted(project: Project, run: Run, tmp_path: Path) -> None:
    """Its runs could not be told from those of the project of that name here."""
    elsewhere = Workspace(tmp_path / "elsewhere", user="guest")
    folder = elsewhere.import_project(write_export(tmp_path / "other", 5, name="notes")).project.folder
    with pytest.raises(Conflict, match="no project of this workspace"):
        project.workspace.project(folder).delete(with_runs=True)
    assert folder.is_dir()
    assert [found.id for found in project.runs()] == [run.id]


def test_what_models_read_goes_with_the_project(project: Project) -> None:
    reading = project.preannotation
    reading.folder.mkdir(parents=True)
    (reading.folder / PREDICTIONS).write_text('[{"id": 1}]')
    me = os.getpid()
    reading.write(State(pid=me, pid_created=processes.created(me)))
    with pytest.raises(Conflict, match="was not deleted"):
        project.delete()
    reading.write(State(items=1, ended_at=datetime.now(UTC)))
    project.delete()
    assert not reading.folder.exists()


def test_a_deleted_model_is_named_by_nothing_again(project: Project, run: Run) -> None:
    workspace = project.workspace
    first = workspace.model(run.model or "")
    first.deploy()
    second = workspace.model(finish(workspace, project.spec(), "notes").model or "")
    second.deploy()
    workspace.delete_runs([run])
    second.undo_deploy()
    assert run.model not in project.named_models()
    workspace.delete_runs([second.run])
    third = workspace.model(finish(workspace, project.spec(), "notes").model or "")
    assert third.version == 3, "the names of models that were deployed are not given out again"
