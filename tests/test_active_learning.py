"""A project that trains again by itself when enough new completions were imported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from genlab_widgets import Workspace
from genlab_widgets.cli import cli
from genlab_widgets.errors import NotAllowed, WrongParameters
from genlab_widgets.projects.active_learning import FILE
from genlab_widgets.projects.members import Members
from genlab_widgets.workspace import Project
from tests.samples import write_export, write_template

pytestmark = pytest.mark.process
FIELDS = {"kind": "ner", "embeddings": "word2vec", "epochs": 1}


@pytest.fixture
def workspace(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace whose trainings end at once."""
    monkeypatch.setenv("GENLAB_TEMPLATES", str(write_template(tmp_path / "templates", "pass")))
    return Workspace(user="guest")


@pytest.fixture
def project(workspace: Workspace, tmp_path: Path) -> Project:
    """A project that trains again after five new completions."""
    found = with_tasks(workspace, tmp_path, 60)
    found.start_active_learning(5, **FIELDS)
    return found


def with_tasks(workspace: Workspace, folder: Path, tasks: int) -> Project:
    """Imports the project with so many tasks."""
    return workspace.import_project(write_export(folder / f"with-{tasks}", tasks=tasks, name="notes")).project


def test_it_trains_when_enough_is_new_and_only_then(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    assert with_tasks(workspace, tmp_path, 63).new_completions == 3
    workspace.reconcile()
    assert workspace.runs() == []

    assert with_tasks(workspace, tmp_path, 66).new_completions == 0, "a training has seen them"

    (run,) = workspace.runs()
    assert (run.source, run.user, run.spec.deploy, run.kind) == ("active_learning", "guest", "if_better", "ner")
    assert run.spec.epochs == 1
    run.wait(60)
    workspace.reconcile()
    assert len(workspace.runs()) == 1
    assert with_tasks(workspace, tmp_path, 68).new_completions == 2


def test_a_training_that_was_deleted_is_not_started_again(
    workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    with_tasks(workspace, tmp_path, 66)
    (run,) = workspace.runs()
    run.wait(60)
    workspace.delete_runs([run])
    workspace.reconcile()
    assert workspace.runs() == []


def test_a_training_that_somebody_starts_has_seen_what_is_there(
    workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    found = with_tasks(workspace, tmp_path, 64)
    assert found.new_completions == 4
    found.train(**FIELDS).wait(60)
    assert found.new_completions == 0
    assert with_tasks(workspace, tmp_path, 66).new_completions == 2
    assert len(workspace.runs()) == 1


def test_it_waits_for_the_training_that_runs(
    workspace: Workspace, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLAB_TEMPLATES", str(write_template(tmp_path / "slow", "import time; time.sleep(600)")))
    running = project.train(**FIELDS)
    assert with_tasks(workspace, tmp_path, 70).new_completions == 10
    assert len(workspace.runs()) == 1
    running.stop()
    running.wait(60)
    workspace.reconcile()
    assert len(workspace.runs()) == 2
    workspace.runs()[0].stop()


def test_why_it_cannot_train_is_kept_until_new_completions_come(
    workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    olga = Workspace(user="olga").project("notes")
    others = Members(("olga", "guest"), {"olga": "Project Owner", "guest": "Annotator"})
    olga.save_members(others, olga.members)
    with pytest.raises(NotAllowed):
        project.stop_active_learning()
    about = {"members": others.as_list()}
    again = write_export(tmp_path / "more", tasks=70, name="notes", **about)
    found = Workspace(user="olga").import_project(again).project
    assert found.active_learning is not None
    assert "guest" in found.active_learning.problem
    assert found.new_completions == 10
    assert workspace.runs() == []


def test_damaged_files_stop_no_import(project: Project, workspace: Workspace, tmp_path: Path) -> None:
    (project.folder / FILE).write_text("{")
    again = with_tasks(workspace, tmp_path, 70)
    assert again.task_count == 70
    workspace.reconcile()
    assert workspace.runs() == []


def test_settings_are_checked_when_it_is_switched_on(project: Project) -> None:
    with pytest.raises(WrongParameters):
        project.start_active_learning(5, epochs=0)
    with pytest.raises(WrongParameters):
        project.start_active_learning(0)
    for wrong in ({"epochs": -5}, {"deploy": "wrong"}, {"nothing": 1}, {"tags": 5}):
        with pytest.raises(WrongParameters):
            project.start_active_learning(5, kind="all", **wrong)


def test_the_command_switches_and_shows_it(project: Project) -> None:
    def told(*arguments: str) -> dict[str, object]:
        found: dict[str, object] = json.loads(CliRunner().invoke(cli, ["active-learning", *arguments, "--json"]).output)
        return found

    assert told("notes")["every"] == 5
    state = told("notes", "--every", "20", "--kind", "all", "--epochs", "3")
    assert (state["every"], state["new"], state["settings"]) == (20, 0, {"kind": "all", "epochs": 3})
    assert "20 new completions" in CliRunner().invoke(cli, ["active-learning", "notes"]).output
    assert told("notes", "--off") == {"project": "notes", "on": False}
    assert CliRunner().invoke(cli, ["active-learning", "notes", "--epochs", "3"]).exit_code != 0
