"""Makes runs and starts those that fit: each in a worker that outlives whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from sqlalchemy import Connection

from genlab_widgets.database import Database, now
from genlab_widgets.errors import GenlabError, NotEnoughResources
from genlab_widgets.resources import machine
from genlab_widgets.resources.machine import Capacity
from genlab_widgets.runs import admission, outcome, processes
from genlab_widgets.runs.states import ACTIVE, Status
from genlab_widgets.runs.store import RunRow, Runs
from genlab_widgets.settings import load_settings, template
from genlab_widgets.training.runfolder import RunFolder, failure_of
from genlab_widgets.training.spec import TrainingSpec

_OF_THE_PARENT = ("JPY_PARENT_PID", "JPY_SESSION_NAME", "MPLBACKEND")
"""What a Jupyter kernel has in its environment and a worker of its own must not have."""


def submit(
    database: Database,
    home: Path,
    spec: TrainingSpec,
    project: str,
    user: str,
    key: str | None = None,
    memory_mb: float = 0.0,
    group: str | None = None,
) -> RunRow:
    """Makes a run and starts it as soon as it fits.

    Args:
        database: The workspace's database.
        home: The workspace folder.
        spec: What to train.
        project: The project's name.
        user: Who asks.
        key: Idempotency key: the same key gives the same run, however often and from wherever it is sent.
        memory_mb: What the training is expected to take; 0 counts as a usual one.
        group: Name of the group of runs that were asked for together.

    Returns:
        The run: STARTING, or QUEUED with a message that says what it waits for.

    Raises:
        Conflict: The key was used for another spec.
        NotFound: There is no template for this kind of training.
        WorkspaceUnusable: The folder or the database cannot be written.
    """
    template(f"train_{spec.kind}")
    runs = Runs(database, home)
    row = runs.create(spec, project, user, key, memory_mb or machine.MEMORY_PER_RUN_MB, group)
    start_queued(database, home)
    return runs.get(row.id)


def start_queued(database: Database, home: Path) -> list[str]:
    """Starts the oldest queued runs that fit on this machine; nobody overtakes.

    Returns:
        The ids of the runs that it started.
    """
    runs = Runs(database, home)
    if not any(row.status is Status.QUEUED for row in runs.open()):
        return []
    capacity = machine.capacity()
    with database.write() as connection:
        admitted = _admit(runs, connection, capacity)
    for row in admitted:
        _start(runs, row)
    return [row.id for row in admitted]


def _admit(runs: Runs, connection: Connection, capacity: Capacity) -> list[RunRow]:
    """Moves to STARTING what fits, and tells the others what they wait for."""
    rows = [row for row in runs.open(connection) if runs.here(row)]
    active = [row for row in rows if row.status in ACTIVE]
    waiting = [row for row in rows if row.status is Status.QUEUED]
    admitted = []
    while waiting and not admission.obstacle(waiting[0], active, capacity):
        row = waiting.pop(0)
        if runs.move(row.id, Status.STARTING, connection, message="Starts.", started_at=now(), **runs.place):
            active.append(row)
            admitted.append(row)
    for position, row in enumerate(waiting):
        first = position == 0
        message = (
            admission.obstacle(row, active, capacity)
            if first
            else f"It starts after {waiting[position - 1].id}, which waits too."
        )
        if row.message != message:
            runs.annotate(row.id, {Status.QUEUED}, connection, message=message)
    return admitted


def _start(runs: Runs, row: RunRow) -> None:
    """Spawns the worker of an admitted run; a run that cannot be spawned ends FAILED."""
    try:
        process = _spawn(runs, row.id)
    except OSError as error:
        told = f"The system says: {error.strerror or error}" + (f" ({error.filename})." if error.filename else ".")
        step = "Free some memory or space, then train again."
        outcome.fail(runs, row.id, failure_of(NotEnoughResources("The training could not be started.", told, step)))
        return
    pid_created = processes.created(process.pid)
    # Reaps the worker when it ends before this process does: it would stay a zombie otherwise.
    threading.Thread(target=process.wait, name=f"reap-{row.id}", daemon=True).start()
    try:
        runs.annotate(row.id, ACTIVE, pid=process.pid, pid_created=pid_created)
    except GenlabError:  # the worker writes the same down by itself, and the others shall start
        return


def _spawn(runs: Runs, run_id: str) -> subprocess.Popen[bytes]:
    folder = runs.folder(run_id)
    # -P: a file json.py in the run's folder must not be imported in place of the standard one.
    command = [sys.executable, "-P", "-m", "genlab_widgets.runs.worker", run_id]
    with folder.log.open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder.path,
            env=_environment(runs, folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _environment(runs: Runs, folder: RunFolder) -> dict[str, str]:
    """Returns the worker's environment: its working folder is another one, so every path is absolute."""
    environment = {name: value for name, value in os.environ.items() if name not in _OF_THE_PARENT}
    environment |= load_settings().environment()
    environment |= {"GENLAB_HOME": str(runs.home.absolute()), processes.MARKER: str(folder.path.absolute())}
    if runs.database.url is not None:
        environment["GENLAB_DATABASE_URL"] = runs.database.url
    environment["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # a warning in each log that nobody can act on
    return environment
