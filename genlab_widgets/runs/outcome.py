"""How a run ends: each end is one compare-and-set move, and only its winner writes it into the notebook.

The move is the last thing that happens to a row: with COMPLETED come the model, its deployment and the message.

Worker, stopper and supervisor all end runs through here, so a run that was lost between its last cell and its row
ends as it would have ended.
"""

from __future__ import annotations

import contextlib
import re
import traceback
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from genlab_widgets.errors import BadInput, GenlabError, NotEnoughResources, WorkspaceUnusable
from genlab_widgets.runs import notebook
from genlab_widgets.runs.states import EndReason, Status
from genlab_widgets.runs.store import RunRow, Runs
from genlab_widgets.training.runfolder import Failure, Result, RunFolder, failure_of
from genlab_widgets.training.spec import TrainingSpec

if TYPE_CHECKING:
    from genlab_widgets.models.deployment import Deployment
    from genlab_widgets.models.registry import ModelRow

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
    """Ends a run COMPLETED; the same transaction registers its model and deploys it if the spec says so.

    A model that cannot be registered ends the run FAILED; one that cannot be deployed is COMPLETED and says why.

    Returns:
        Whether this call ended the run.
    """
    try:
        moved = _complete(runs, row, result, ended_at)
    except (WorkspaceUnusable, NotEnoughResources):  # the run stays as it is, and whoever looks next completes it
        raise
    except Exception as error:
        log_exception(runs.folder(row.id), error)
        return fail(runs, row.id, failure_of(error))
    if moved:
        _stamp(runs, row.id, Status.COMPLETED, EndReason.COMPLETED, result.verdict)
    return moved


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
        _stamp(runs, run_id, Status.CANCELLED, row.reason or EndReason.STOPPED, row.message)
    return moved


def name_incumbents(runs: Runs, row: RunRow) -> None:
    """Tells a run that starts which deployed models its own has to beat, where it is deployed only if it is better."""
    if row.training_spec.deploy == "if_better":
        from genlab_widgets.models.registry import Models

        named = set(_incumbents(runs, row))
        known = [model for model in Models(runs.database, runs.home).list() if model.name in named]
        runs.folder(row.id).write_incumbents({model.name: runs.folder(model.run_id).path for model in known})


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
) -> ModelRow:
    """Registers the model of a COMPLETED run in the transaction that made it so."""
    from genlab_widgets.models.registry import Models

    models = Models(runs.database, runs.home)
    model = models.register(connection, run_id, spec, result, project=project, user=user)
    step = f"Deploy {model.name}: the labeling config then names it, and new tasks get its suggestions."
    runs.annotate(run_id, {Status.COMPLETED}, connection, model=model.name, next_step=step)
    return model


def _end(
    runs: Runs, run_id: str, status: Status, reason: str, message: str, next_step: str, ended_at: datetime | None
) -> bool:
    moved = runs.move(run_id, status, reason=reason, message=message, next_step=next_step, ended_at=ended_at)
    if moved:
        _stamp(runs, run_id, status, reason, message)
    return moved


def _stamp(runs: Runs, run_id: str, status: Status, reason: str, message: str) -> None:
    """Writes the end of a run into its notebook, too; its row has the truth."""
    folder = runs.folder(run_id)
    try:
        notebook.stamp(folder, status, reason, message)
    except Exception as error:  # whatever that notebook holds, the run has ended and others wait
        log_exception(folder, error)


def _complete(runs: Runs, row: RunRow, result: Result, ended_at: datetime | None) -> bool:
    """Tells whether this call ended the run: it had not ended, and nobody is stopping it."""
    with contextlib.ExitStack() as undo, runs.database.write() as connection:
        if not runs.move(
            row.id,
            Status.COMPLETED,
            connection,
            reason=EndReason.COMPLETED,
            message=result.verdict,
            f1=result.scores.f1,
            ended_at=ended_at,
        ):
            return False
        model = register(runs, connection, row.id, row.training_spec, result, row.project, row.user)
        if row.training_spec.deploy != "none":
            told, step = _deploy(runs, connection, row, model, result, undo)
            message = f"{result.verdict} {told}"
            runs.annotate(row.id, {Status.COMPLETED}, connection, message=message, next_step=step)
    return True


def _deploy(
    runs: Runs, connection: Connection, row: RunRow, model: ModelRow, result: Result, undo: contextlib.ExitStack
) -> tuple[str, str]:
    """Deploys a model in the transaction that registered it.

    Returns:
        What came of it, and the next step.
    """
    from genlab_widgets.models import deployment
    from genlab_widgets.projects.store import open_project

    try:
        obstacle = _obstacle(runs, row, result)
        if obstacle:
            return f"{model.name} was not deployed. {obstacle}", f"Compare the two; deploy {model.name} all the same."
        change = deployment.preview(model, open_project(runs.home, row.training_spec.project))
        undo.push(partial(_put_back, change))
        deployment.apply(runs.database, change, row.user, connection)
    except SQLAlchemyError:  # the transaction itself is broken
        raise
    except Exception as error:  # the run is COMPLETED whatever happens here
        log_exception(runs.folder(row.id), error)
        failure = failure_of(error)
        told = f"{model.name} was not deployed: {failure.what} {failure.why}".strip()
        return told, failure.next_step or f"Deploy {model.name} from the list of models."
    return f"{model.name} is deployed.", f"Tag new tasks with {model.name}; train again when more are completed."


def _obstacle(runs: Runs, row: RunRow, result: Result) -> str:
    """Returns why a model is not deployed that shall be only if it is better; empty where it is, or always shall be."""
    if row.training_spec.deploy != "if_better":
        return ""
    compared = {item.model: item for item in result.incumbents}
    for name in _incumbents(runs, row):
        if name not in compared:
            return f"{name}, which the labeling config names, was not compared with it."
        if not compared[name].is_beaten:
            return compared[name].note
    return ""


def _incumbents(runs: Runs, row: RunRow) -> list[str]:
    """Returns the names of the deployed models that the model of a run would replace."""
    from genlab_widgets.models import deployment
    from genlab_widgets.projects.store import open_project

    spec = row.training_spec
    config = open_project(runs.home, spec.project).labeling_config
    return deployment.incumbents(spec, config)


def _put_back(change: Deployment, failed: type[BaseException] | None, *_: object) -> None:
    """Puts the labeling config back, a file, when the transaction of its deployment did not commit.

    A process that is killed between the two leaves a config that names a model which is not there yet. Whoever looks
    next completes the run, which registers that model and finds it deployed; only the record for taking the
    deployment back is missing then.
    """
    if failed is not None and change.diff:
        with contextlib.suppress(GenlabError):  # not written yet, or edited by somebody since: theirs stays
            change.project.save_config(change.before, change.after)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
