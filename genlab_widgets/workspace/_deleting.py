"""Deleting runs with their models, and projects: what disks are full of, and what nobody may keep.

A folder first gets a hidden name, under which nobody finds or adopts it; then its rows go, and then its files. A kill
in between leaves a hidden folder, which a deletion on another day removes. What was deployed when stays recorded, so
that no name of a model that a labeling config knew is given out again.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import delete

from genlab_widgets.errors import Conflict
from genlab_widgets.projects.store import projects_folder, unusable

if TYPE_CHECKING:
    from genlab_widgets.workspace._project import Project
    from genlab_widgets.workspace._run import Run
    from genlab_widgets.workspace._workspace import Workspace

_HIDDEN = ".deleted-"
_LEFT_SECONDS = 86_400.0
"""A hidden folder of this age is one that a kill left."""


def delete_runs(workspace: Workspace, runs: Sequence[Run], leaving: str = "") -> None:
    """Deletes ended runs with their notebooks, logs and models; see :meth:`Workspace.delete_runs`.

    Args:
        workspace: The workspace.
        runs: The runs; all of them are deleted, or none.
        leaving: Name of a project that goes as well, so that it does not matter what its labeling config names.
    """
    for project in {run.project for run in runs}:
        workspace.require(project, "delete")
    deployed = workspace.deployed()
    for run in runs:
        _require_free(workspace, run, [name for name in deployed.get(run.model or "", ()) if name != leaving])
    for run in runs:
        hidden = _hide(run.folder.path)
        try:
            _delete_rows(workspace, run)
        except BaseException:
            if hidden is not None:
                hidden.rename(run.folder.path)
            raise
        _remove(hidden)


def delete_project(project: Project, with_runs: bool) -> None:
    """Deletes a project; see :meth:`Project.delete`."""
    workspace, name, folder = project.workspace, project.name, project.folder
    workspace.require(project, "delete")
    if folder.absolute().parent != projects_folder(workspace.home).absolute():
        raise Conflict(
            f"{name} was not deleted: it is no project of this workspace.",
            f"It lies in {folder}.",
            "Delete it where it belongs, or delete the folder yourself.",
        )
    runs = project.runs(limit=None)
    for run in runs:
        if not run.ended:
            raise _runs_still(run)
    if project.preannotation.running:
        raise Conflict(f"{name} was not deleted.", "Models read its tasks.", "Wait for the end, or stop it first.")
    if with_runs:
        delete_runs(workspace, runs, leaving=name)
    hidden = _hide(folder)
    _remove(_hide(project.preannotation.folder))  # it holds texts, too
    _remove(hidden)


def _require_free(workspace: Workspace, run: Run, projects: Sequence[str]) -> None:
    if not run.ended:
        raise _runs_still(run)
    if projects:
        raise Conflict(
            f"{run.id} was not deleted: its model {run.model} is deployed.",
            f"The labeling config of {', '.join(projects)} names it.",
            "Take the deployment back, or deploy another model first.",
            model=run.model,
        )
    if not workspace.run_rows.here(run.row):
        raise Conflict(
            f"{run.id} was not deleted.", f"Its files lie on {run.row.host}.", "Delete it there.", host=run.row.host
        )


def _runs_still(run: Run) -> Conflict:
    return Conflict(f"{run.id} has not ended.", "A training that runs or waits is not deleted.", "Stop it first.")


def _delete_rows(workspace: Workspace, run: Run) -> None:
    from genlab_widgets.database import models, runs

    with workspace.database.write() as connection:
        connection.execute(delete(models).where(models.c.run_id == run.id))
        connection.execute(delete(runs).where(runs.c.id == run.id))


def _hide(folder: Path) -> Path | None:
    """Gives a folder a hidden name; None where it is gone already."""
    hidden = folder.with_name(f"{_HIDDEN}{folder.name}-{uuid.uuid4().hex[:8]}")
    try:
        return folder.rename(hidden)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable(folder.parent, error) from error


def _remove(hidden: Path | None) -> None:
    """Removes a hidden folder, and what a killed deletion left beside it long ago."""
    if hidden is not None:
        shutil.rmtree(hidden, ignore_errors=True)
        with suppress(OSError):
            for left in hidden.parent.glob(f"{_HIDDEN}*"):
                if time.time() - left.stat().st_ctime > _LEFT_SECONDS:
                    shutil.rmtree(left, ignore_errors=True)
