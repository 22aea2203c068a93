"""Stops runs: in an orderly way where the worker answers, for certain where it does not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from genlab_widgets.database import Database, now
from genlab_widgets.runs import launcher, outcome, processes
from genlab_widgets.runs.states import EndReason, Status
from genlab_widgets.runs.store import RunRow, Runs

GRACE_SECONDS = 3.0
"""How long a worker may take to save its notebook and to end its kernel before everything of the run is killed; with
the killing it is done within 5 s."""
_POLL_SECONDS = 0.1


def stop(database: Database, home: Path, run_id: str, user: str) -> RunRow:
    """Stops a run and waits until it has ended.

    Args:
        database: The workspace's database.
        home: The workspace folder.
        run_id: The run.
        user: Who stops it; the run's message names them.

    Returns:
        The run as it is now. One that had ended already, or that finished first, is unchanged and tells how it ended.
        One on another machine is CANCELLING: that machine ends it.

    Raises:
        NotFound: There is no such run.
    """
    runs = Runs(database, home)
    why: dict[str, Any] = {
        "reason": EndReason.STOPPED,
        "message": f"Stopped by {user}.",
        "next_step": outcome.TRAIN_AGAIN,
    }
    if runs.move(run_id, Status.CANCELLED, origins={Status.QUEUED}, stop_asked_at=now(), **why):
        launcher.start_queued(database, home)
        return runs.get(run_id)
    runs.move(run_id, Status.CANCELLING, stop_asked_at=now(), **why)
    row = runs.get(run_id)
    if row.status is Status.CANCELLING and runs.here(row):
        _end(runs, row)
        launcher.start_queued(database, home)
    return runs.get(run_id)


def _end(runs: Runs, row: RunRow) -> None:
    """Ends the processes of a run that is CANCELLING; its worker writes the end, or this does."""
    folder = runs.folder(row.id).path
    processes.terminate(row.pid, row.pid_created, folder)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and processes.lives(row.pid, row.pid_created, folder):
        if runs.get(row.id).status.ended:
            return
        time.sleep(_POLL_SECONDS)
    if not runs.get(row.id).status.ended:
        processes.sweep(folder, grace=0)
        outcome.cancel(runs, row.id)
