"""The rows of runs: made, moved from state to state, and listed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from genlab_widgets.database import Database, now, runs
from genlab_widgets.errors import Conflict, IllegalMove, NotFound
from genlab_widgets.resources import machine
from genlab_widgets.runs.states import ACTIVE, OPEN, Status, sources
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spec import TrainingSpec

FOLDER = "runs"


@dataclass(frozen=True)
class RunRow:
    """One run as the database has it. Times are in UTC; ``f1`` and ``model`` are set once it COMPLETED."""

    id: str
    project: str
    number: int
    kind: str
    source: str
    status: Status
    reason: str | None
    message: str
    next_step: str
    user: str
    spec: dict[str, Any]
    key: str | None
    group: str | None
    memory_mb: float
    host: str | None
    home: str | None
    pid: int | None
    pid_created: float | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    stop_asked_at: datetime | None
    f1: float | None
    model: str | None

    @property
    def training_spec(self) -> TrainingSpec:
        """The validated spec."""
        return TrainingSpec.parse(self.spec)


_COLUMNS = tuple(runs.c[field.name] for field in fields(RunRow))


def _row(mapping: Mapping[str, Any]) -> RunRow:
    return RunRow(**{**mapping, "status": Status(mapping["status"])})


Rows = list[RunRow]


def runs_folder(home: Path) -> Path:
    """Returns where a workspace keeps its run folders."""
    return home / FOLDER


def run_folder(home: Path, run_id: str) -> RunFolder:
    """Returns the folder of a run."""
    return RunFolder(runs_folder(home) / run_id)


class Runs:
    """Rows and moves of the runs of one workspace.

    Args:
        database: The workspace's database.
        home: The workspace folder.
    """

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.home = home

    def folder(self, run_id: str) -> RunFolder:
        """Returns the folder of a run."""
        return run_folder(self.home, run_id)

    def here(self, row: RunRow) -> bool:
        """Tells whether a run belongs to this machine and folder: its files and its processes are here.

        A workspace's SQLite file stands for one machine, whatever its name is today (laptops and containers change it).
        A PostgreSQL database is shared, also by people who work on one machine, each in a folder of their own.
        """
        if self.database.on_one_machine:
            return True
        return row.host == machine.host() and row.home in (None, self.place["home"])

    @property
    def place(self) -> dict[str, Any]:
        """The columns that say where the files and processes of a run are, for one that is made or started here."""
        return {"host": machine.host(), "home": os.path.realpath(self.home)}

    def create(
        self,
        spec: TrainingSpec,
        project: str,
        user: str,
        key: str | None = None,
        memory_mb: float = 0.0,
        group: str | None = None,
    ) -> RunRow:
        """Makes a QUEUED run and its folder, or returns the run that the same key made before.

        The folder is there before the row can be seen; if the row fails, the folder goes again.

        Args:
            spec: What to train.
            project: The project's name; run ids begin with it.
            user: Who asked.
            key: Idempotency key: the same key and spec give the same run, however often it is sent.
            memory_mb: What the training is expected to take, for admission.
            group: Name of the group of runs that were asked for together.

        Raises:
            Conflict: The key was used for another spec.
            WorkspaceUnusable: The folder or the database cannot be written.
        """
        with self.database.write() as connection:
            known = self._by_key(connection, key)
            if known is not None:
                if known.training_spec.digest() != spec.digest():
                    raise Conflict(
                        "This request was used for another training.",
                        f"The key {key} belongs to {known.id}, which has other settings.",
                        "Send the training with a new key.",
                    )
                return known
            number = self._next_number(connection, project)
            run_id = f"{project}-{number:04d}"
            folder = self.folder(run_id).create()
            try:
                folder.write_spec(spec)
                values = {
                    "id": run_id, "project": project, "number": number, "kind": spec.kind, "source": spec.source,
                    "status": Status.QUEUED, "user": user, "spec": spec.parameters(), "key": key, "group": group,
                    "memory_mb": memory_mb, "created_at": now(), "message": "Waits to be started.", **self.place,
                }  # fmt: skip
                connection.execute(insert(runs).values(**values))
                return self.get(run_id, connection)
            except BaseException:
                shutil.rmtree(folder.path, ignore_errors=True)
                raise

    def adopt(self, connection: Connection, run_id: str, project: str, values: Mapping[str, Any]) -> bool:
        """Adds an ended run that was made by hand or whose row was lost; False if its row is there already."""
        if connection.scalar(select(runs.c.row).where(runs.c.id == run_id)) is not None:
            return False
        prefix, _, tail = run_id.rpartition("-")
        number = int(tail) if prefix == project and tail.isdigit() else self._next_number(connection, project)
        taken = select(runs.c.row).where(runs.c.project == project, runs.c.number == number)
        if connection.scalar(taken) is not None:
            number = self._next_number(connection, project)
        connection.execute(insert(runs).values(id=run_id, project=project, number=number, **values))
        return True

    def _by_key(self, connection: Connection, key: str | None) -> RunRow | None:
        if key is None:
            return None
        found = connection.execute(select(*_COLUMNS).where(runs.c.key == key)).mappings().first()
        return None if found is None else _row(dict(found))

    def _next_number(self, connection: Connection, project: str) -> int:
        """Returns a number without row and without folder (a folder can be there after a lost database)."""
        highest = connection.scalar(select(func.max(runs.c.number)).where(runs.c.project == project)) or 0
        number = int(highest) + 1
        while self.folder(f"{project}-{number:04d}").path.exists():
            number += 1
        return number

    def get(self, run_id: str, connection: Connection | None = None) -> RunRow:
        """Returns one run.

        Raises:
            NotFound: There is no such run.
        """
        query = select(*_COLUMNS).where(runs.c.id == run_id)
        if connection is not None:
            found = connection.execute(query).mappings().first()
        else:
            with self.database.read() as reading:
                found = reading.execute(query).mappings().first()
        if found is None:
            raise NotFound(f"There is no run {run_id!r}.", "", "List the runs: genlab runs.", run_id=run_id)
        return _row(dict(found))

    def list(
        self,
        project: str | None = None,
        status: str | None = None,
        kind: str | None = None,
        limit: int | None = 50,
        offset: int = 0,
        group: str | None = None,
    ) -> Rows:
        """Returns runs, the newest first, by one query: all, or those of a project, status, kind and group."""
        query = select(*_COLUMNS).order_by(runs.c.created_at.desc(), runs.c.row.desc()).offset(offset)
        wishes = {runs.c.project: project, runs.c.status: status, runs.c.kind: kind, runs.c.group: group}
        for column, wanted in wishes.items():
            if wanted is not None:
                query = query.where(column == wanted)
        if limit is not None:
            query = query.limit(limit)
        with self.database.read() as connection:
            return [_row(dict(found)) for found in connection.execute(query).mappings()]

    def open(self, connection: Connection | None = None) -> Rows:
        """Returns the runs that have not ended, the oldest first."""
        query = select(*_COLUMNS).where(runs.c.status.in_(OPEN)).order_by(runs.c.created_at, runs.c.row)
        if connection is not None:
            return [_row(dict(found)) for found in connection.execute(query).mappings()]
        with self.database.read() as reading:
            return [_row(dict(found)) for found in reading.execute(query).mappings()]

    def active(self, connection: Connection) -> Rows:
        """Returns the runs that hold a slot, the oldest first."""
        return [row for row in self.open(connection) if row.status in ACTIVE]

    def statuses(self) -> dict[str, Status]:
        """Returns the state of every run by its id, by one query."""
        with self.database.read() as connection:
            return {run_id: Status(status) for run_id, status in connection.execute(select(runs.c.id, runs.c.status))}

    def count(self, project: str | None = None) -> dict[str, int]:
        """Returns how many runs are in each state; states without a run are 0."""
        query = select(runs.c.status, func.count()).group_by(runs.c.status)
        if project is not None:
            query = query.where(runs.c.project == project)
        with self.database.read() as connection:
            found = {str(status): int(count) for status, count in connection.execute(query)}
        return {str(status): found.get(str(status), 0) for status in Status}

    def move(
        self,
        run_id: str,
        target: Status,
        connection: Connection | None = None,
        origins: Collection[Status] | None = None,
        **values: Any,
    ) -> bool:
        """Moves a run to another state, if its present state allows it.

        One ``UPDATE ... WHERE status IN (...)``: of two processes exactly one wins, and an end never changes.

        Args:
            run_id: The run.
            target: The state it shall have.
            connection: A write transaction to take part in; None makes one.
            origins: Narrows the states that the run may come from.
            **values: Further columns to set with the move; an end is now unless ``ended_at`` says otherwise.

        Returns:
            Whether the run moved.

        Raises:
            IllegalMove: ``origins`` holds a state from which ``target`` can never be reached.
        """
        legal = sources(target)
        wanted = legal if origins is None else frozenset(origins)
        if not wanted <= legal:
            strays = ", ".join(sorted(wanted - legal))
            raise IllegalMove(f"A run cannot go to {target} from {strays}.", "The table of moves does not have it.")
        if target.ended:
            values["ended_at"] = values.get("ended_at") or now()
        return self._update(run_id, wanted, connection, status=target, **values)

    def annotate(
        self, run_id: str, states: Collection[Status], connection: Connection | None = None, **values: Any
    ) -> bool:
        """Sets columns of a run without moving it, if it is in one of these states; tells whether it was."""
        return self._update(run_id, states, connection, **values)

    def _update(self, run_id: str, states: Collection[Status], connection: Connection | None, **values: Any) -> bool:
        statement = update(runs).where(runs.c.id == run_id, runs.c.status.in_(states)).values(**values)
        if connection is not None:
            return connection.execute(statement).rowcount == 1
        with self.database.write() as writing:
            return writing.execute(statement).rowcount == 1
