"""Brings rows in line with what is there: lost workers, finished folders without a row, free places.

There is no daemon. Whoever looks at the runs, and every worker that ends, calls :func:`reconcile`; when there is
nothing to do that is one query and one look into the folder. Any number of callers may do it at once: each end is a
compare-and-set move, each adoption a transaction.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from genlab_widgets.database import Database, now
from genlab_widgets.errors import BadInput, NotEnoughResources, WorkspaceUnusable
from genlab_widgets.resources import machine
from genlab_widgets.runs import launcher, outcome, processes
from genlab_widgets.runs.states import ACTIVE, OPEN, EndReason, Status
from genlab_widgets.runs.store import RunRow, Runs, runs_folder
from genlab_widgets.settings import load_settings
from genlab_widgets.training.runfolder import Failure, Result, RunFolder
from genlab_widgets.training.spec import TrainingSpec

START_SECONDS = 60.0
"""How long a run may be STARTING without a process: spawning one takes milliseconds."""
STOP_SECONDS = 10.0
"""After this a stop that is still not done has lost its stopper."""
QUIET_SECONDS = 600.0
"""A run of a machine that had another name (a new container on the same disk) counts as lost when it wrote nothing
for so long: its process cannot be seen from here."""

LOOK_AGAIN_SECONDS = 60.0
"""How long a folder that was not whole is not read again: one that is copied into the workspace may get its record
before its model."""

_unfinished: dict[str, tuple[int, float]] = {}
"""Folders without a row that were not whole: time of their record (ns), and when it was read (monotonic seconds)."""


def reconcile(database: Database, home: Path) -> None:
    """Ends lost runs, adopts finished folders and starts queued runs."""
    runs = Runs(database, home)
    statuses = runs.statuses()
    unsettled = [run_id for run_id, status in statuses.items() if status in OPEN]
    for row in runs.open() if unsettled else []:
        if row.status in ACTIVE and runs.here(row):
            _settle(runs, row)
    _adopt(runs, statuses)
    if unsettled:
        launcher.start_queued(database, home)


def _settle(runs: Runs, row: RunRow) -> None:
    """Ends a run whose worker is gone; a run whose worker lives goes on."""
    folder = runs.folder(row.id)
    if row.status is Status.CANCELLING:
        asked = row.stop_asked_at or row.created_at
        if processes.lives(row.pid, row.pid_created, folder.path) and _seconds_since(asked) < STOP_SECONDS:
            return
        processes.sweep(folder.path, grace=0)
        outcome.cancel(runs, row.id)
    elif _lost(row, folder):
        processes.sweep(folder.path)
        row = runs.get(row.id)
        if not row.status.ended:
            _end_lost(runs, row, folder)


def _lost(row: RunRow, folder: RunFolder) -> bool:
    if row.pid is None:
        return row.started_at is None or _seconds_since(row.started_at) > START_SECONDS
    if processes.lives(row.pid, row.pid_created, folder.path):
        return False
    if row.host == machine.host():
        return True
    changed = outcome.last_change(folder)
    return changed is None or _seconds_since(changed) > QUIET_SECONDS


def _end_lost(runs: Runs, row: RunRow, folder: RunFolder) -> None:
    """Ends a lost run by what it left: a whole result, a failure that it wrote down, or nothing."""
    ended_at = max(outcome.last_change(folder) or now(), row.started_at or row.created_at)
    result = outcome.verified(folder)
    failure = _failure(folder)
    if failure is not None:
        outcome.fail(runs, row.id, failure, ended_at)
    elif result is not None and row.status is Status.RUNNING:
        outcome.complete(runs, row, result, ended_at)
    elif row.pid is None:
        message = f"The training was admitted but its process did not start within {START_SECONDS:.0f} s."
        outcome.crash(runs, row.id, EndReason.NEVER_STARTED, message)
    else:
        message = f"The training's process ({row.pid}) is gone without a result: killed, or the machine restarted."
        outcome.crash(runs, row.id, EndReason.WORKER_LOST, message, ended_at)


def _adopt(runs: Runs, known: dict[str, Status]) -> None:
    """Gives a row to finished run folders that have none: made by hand with papermill, or after a lost database."""
    found = []
    with contextlib.suppress(FileNotFoundError), os.scandir(runs_folder(runs.home)) as entries:
        for entry in entries:
            if entry.name not in known and not entry.name.startswith("."):
                folder = RunFolder(Path(entry.path))
                changed = _record_time(folder)
                if changed is not None and not _known_unfinished(folder, changed):
                    found.append((changed, folder))
    # In their order, so that versions come back as they were.
    for changed, folder in sorted(found, key=lambda item: item[0]):
        looked_at = time.monotonic()
        try:
            if _adopt_folder(runs, folder):
                continue
        except (WorkspaceUnusable, NotEnoughResources):
            raise
        except Exception as error:  # one odd folder must not keep anybody from looking at the others
            outcome.log_exception(folder, error)
            looked_at = math.inf  # its log would grow at every look
        _unfinished[str(folder.path)] = changed, looked_at


def _known_unfinished(folder: RunFolder, changed: int) -> bool:
    seen, at = _unfinished.get(str(folder.path), (None, 0.0))
    return seen == changed and time.monotonic() - at < LOOK_AGAIN_SECONDS


def _adopt_folder(runs: Runs, folder: RunFolder) -> bool:
    """Adds the row of one folder, and its model; False if what is there is not whole or not a run of this name."""
    run_id = folder.path.name
    result = outcome.verified(folder)
    if result is not None and result.run_id != run_id:
        return False  # a copy of another run's folder
    spec = result.spec if result is not None else _spec(folder)
    ending = _ending(result, _failure(folder))
    if spec is None or ending is None:
        return False
    project = result.project if result is not None else run_id.rpartition("-")[0] or spec.project
    user = load_settings().user
    facts = {"kind": spec.kind, "source": spec.source, "spec": spec.parameters(), "user": user, **runs.place}
    with runs.database.write() as connection:
        new = runs.adopt(connection, run_id, project, {**facts, **_times(folder), **ending})
        if new and result is not None:
            outcome.register(runs, connection, run_id, spec, result, project, user)
    return True


def _ending(result: Result | None, failure: Failure | None) -> dict[str, Any] | None:
    """Returns the columns that tell how a run without a row ended; None if nothing tells it."""
    if result is not None:
        told = {"status": Status.COMPLETED, "reason": EndReason.COMPLETED, "message": result.verdict, "next_step": ""}
        return {**told, "f1": result.scores.f1}
    if failure is None:
        return None
    message = " ".join(part for part in (failure.what, failure.why) if part)
    return {"status": Status.FAILED, "reason": failure.reason, "message": message, "next_step": failure.next_step}


def _times(folder: RunFolder) -> dict[str, datetime]:
    """Returns when a run without a row began and ended, by its files."""
    begun = folder.spec if folder.spec.exists() else folder.path
    ended = folder.result if folder.result.exists() else folder.failure
    started_at, ended_at = (datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in (begun, ended))
    started_at = min(started_at, ended_at)
    return {"created_at": started_at, "started_at": started_at, "ended_at": ended_at}


def _record_time(folder: RunFolder) -> int | None:
    """Returns when the record that ends a run was written (ns); None if there is none."""
    for path in (folder.result, folder.failure):
        with contextlib.suppress(OSError):
            return path.stat().st_mtime_ns
    return None


def _failure(folder: RunFolder) -> Failure | None:
    with contextlib.suppress(BadInput):
        return folder.read_failure()
    return None


def _spec(folder: RunFolder) -> TrainingSpec | None:
    with contextlib.suppress(BadInput):
        return folder.read_spec()
    return None


def _seconds_since(moment: datetime) -> float:
    """Returns how long ago something was; a time in the future means that the clock was set, so it counts as well."""
    return abs(time.time() - moment.timestamp())
