"""How a run ends: each end is one compare-and-set move, and only its winner writes it into the notebook.

Worker, stopper and supervisor all end runs through here, so a run that was lost between its last cell and its row
ends as it would have ended.
"""

from __future__ import annotations

import re
import traceback
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from genlab_widgets.errors import BadInput, WorkspaceUnusable
from genlab_widgets.runs import notebook
from genlab_widgets.runs.states import EndReason, Status
from genlab_widgets.runs.store import RunRow, Runs
from genlab_widgets.training.runfolder import Failure, Result, RunFolder, failure_of
from genlab_widgets.training.spec import TrainingSpec

TRAIN_AGAIN = "Train again with the same settings."


def verified(folder: RunFolder) -> Result | None:
    """Returns the result of a run whose result and saved model are both whole, else None."""
    try:
        result = folder.read_result()
    except BadInput:
        return None
    if result is None or not any((folder.model / "metadata").glob("part-*")):
        return None
    whole = all(_size(folder.model / name) == size for name, size in result.model_files.items())
    return result if whole else None


def complete(runs: Runs, row: RunRow, result: Result, ended_at: datetime | None = None) -> bool:
    """Ends a run COMPLETED and registers its model in the same transaction, then deploys it if its spec says so.

    A model that cannot be registered ends the run FAILED.

    Returns:
        Whether this call ended the run.
    """
    try:
        model = _complete(runs, row, result, ended_at)
    except WorkspaceUnusable:  # the run stays as it is, and whoever looks next completes it
        raise
    except Exception as error:
        log_exception(runs.folder(row.id), error)
        return fail(runs, row.id, failure_of(error))
    if model is None:
        return False
    notebook.stamp(runs.folder(row.id), Status.COMPLETED, EndReason.COMPLETED, result.verdict)
    if row.training_spec.deploy == "immediately":
        _deploy(runs, row, model, result.verdict)
    return True


def fail(runs: Runs, run_id: str, failure: Failure, ended_at: datetime | None = None) -> bool:
    """Ends a run FAILED with its typed reason; tells whether this call ended it."""
    message = " ".join(part for part in (failure.what, failure.why) if part)
    return _end(runs, run_id, Status.FAILED, failure.reason, message, failure.next_step, ended_at)


def crash(runs: Runs, run_id: str, reason: EndReason, message: str, ended_at: datetime | None = None) -> bool:
    """Ends a run CRASHED: its process or kernel is gone; tells whether this call ended it."""
    return _end(runs, run_id, Status.CRASHED, reason, message, TRAIN_AGAIN, ended_at)


def cancel(runs: Runs, run_id: str) -> bool:
    """Ends a run that is being stopped; who stopped it stands in its row already."""
    moved = runs.move(run_id, Status.CANCELLED)
    if moved:
        row = runs.get(run_id)
        notebook.stamp(runs.folder(run_id), Status.CANCELLED, row.reason or EndReason.STOPPED, row.message)
    return moved


def log_exception(folder: RunFolder, error: BaseException) -> None:
    """Appends a traceback to the run's log, if there is still a folder that takes it."""
    told = "".join(traceback.format_exception(error))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told)  # papermill quotes the notebook's coloured traceback
    try:
        with folder.log.open("a", encoding="utf-8", errors="replace") as log:
            log.write(plain if plain.endswith("\n") else plain + "\n")
    except OSError:
        return


def last_change(folder: RunFolder) -> datetime | None:
    """Returns when a run last wrote anything, in UTC."""
    watched = (folder.progress, folder.log, folder.metrics, folder.notebook, folder.result, folder.failure)
    times = [path.stat().st_mtime for path in watched if path.exists()]
    return datetime.fromtimestamp(max(times), UTC) if times else None


def register(
    runs: Runs, connection: Connection, run_id: str, spec: TrainingSpec, result: Result, project: str, user: str
) -> str:
    """Registers the model of a COMPLETED run in the transaction that made it so; returns the model's name."""
    from genlab_widgets.models.registry import Models

    models = Models(runs.database, runs.home)
    model = models.register(connection, run_id, spec, result, project=project, user=user).name
    step = f"Deploy {model}: the labeling config then names it, and new tasks get its suggestions."
    runs.annotate(run_id, {Status.COMPLETED}, connection, model=model, next_step=step)
    return model


def _end(
    runs: Runs, run_id: str, status: Status, reason: str, message: str, next_step: str, ended_at: datetime | None
) -> bool:
    moved = runs.move(run_id, status, reason=reason, message=message, next_step=next_step, ended_at=ended_at)
    if moved:
        notebook.stamp(runs.folder(run_id), status, reason, message)
    return moved


def _complete(runs: Runs, row: RunRow, result: Result, ended_at: datetime | None) -> str | None:
    """Returns the name of the new model, or None if the run had ended or is being stopped."""
    with runs.database.write() as connection:
        if not runs.move(
            row.id,
            Status.COMPLETED,
            connection,
            reason=EndReason.COMPLETED,
            message=result.verdict,
            f1=result.scores.f1,
            ended_at=ended_at,
        ):
            return None
        return register(runs, connection, row.id, row.training_spec, result, row.project, row.user)


def _deploy(runs: Runs, row: RunRow, model: str, verdict: str) -> None:
    """Deploys at once; a run whose model cannot be deployed stays COMPLETED and says why."""
    from genlab_widgets.models import deployment
    from genlab_widgets.models.registry import Models
    from genlab_widgets.projects.store import open_project

    try:
        project = open_project(runs.home, row.training_spec.project)
        found = deployment.preview(Models(runs.database, runs.home).get(model), project)
        deployment.apply(runs.database, found, row.user)
        told, step = f"{model} is deployed.", f"Tag new tasks with {model}; train again when more are completed."
    except Exception as error:  # the run is COMPLETED whatever happens here
        log_exception(runs.folder(row.id), error)
        failure = failure_of(error)
        told = f"{model} was not deployed: {failure.what} {failure.why}".strip()
        step = failure.next_step or f"Deploy {model} from the list of models."
    runs.annotate(row.id, {Status.COMPLETED}, message=f"{verdict} {told}", next_step=step)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
