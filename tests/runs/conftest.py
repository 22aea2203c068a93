"""A workspace with tiny training templates: real processes and real papermill, without Spark."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from genlab_widgets.database import Database, now
from genlab_widgets.resources import machine
from genlab_widgets.runs import launcher, processes, supervisor
from genlab_widgets.runs.states import Status
from genlab_widgets.runs.store import RunRow, Runs
from genlab_widgets.settings import load_settings
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spec import TrainingSpec

PARAMETERS = "\n".join(f"{name} = {value!r}" for name, value in TrainingSpec(project="none").parameters().items())
BEGIN = """
import os, pathlib, signal, subprocess, sys, time
from genlab_widgets.training.runfolder import Result, RunFolder, Scores
folder = RunFolder(pathlib.Path(os.environ["GENLAB_RUN_FOLDER"]))
"""
SAVE_MODEL = """
(folder.model / "metadata").mkdir(parents=True)
(folder.model / "metadata" / "part-00000").write_text('{"class": "PipelineModel"}')
"""
WRITE_RESULT = """
spec = folder.read_spec()
folder.write_result(Result(
    run_id=folder.path.name, project=spec.project, kind=spec.kind, spec=spec, scores=Scores(f1=0.5),
    beats_baseline=True, verdict="It beats the baseline.", model_files={"metadata/part-00000": 26},
))
"""
FINISH = BEGIN + SAVE_MODEL + WRITE_RESULT
SLEEP = BEGIN + "(folder.path / 'sleeps').touch(); time.sleep(120)"
BREED = BEGIN + "subprocess.Popen(['sleep', '600'], start_new_session=True)"
"""Leaves a process that is nobody's child and nobody's session."""


class Workplace:
    """A workspace, its runs, and the template that they execute."""

    def __init__(self, home: Path, templates: Path) -> None:
        self.home = home
        self.templates = templates
        self.database = Database(home, load_settings().database_url)
        self.runs = Runs(self.database, home)
        self._stand_ins: list[subprocess.Popen[bytes]] = []

    def template(self, *cells: str, kind: str = "ner") -> None:
        """Writes the template of a kind of training: the parameters, then these cells."""
        import nbformat
        from nbformat.v4 import new_code_cell, new_notebook

        parameters = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
        kernel = {"kernelspec": {"name": "no_such_kernel", "display_name": "Elsewhere", "language": "python"}}
        notebook = new_notebook(cells=[parameters, *map(new_code_cell, cells)], metadata=kernel)
        nbformat.write(notebook, self.templates / f"train_{kind}.ipynb")

    def submit(self, project: str = "notes", key: str | None = None, memory_mb: float = 0.0, **fields: Any) -> RunRow:
        """Launches a run."""
        spec = TrainingSpec(project=project, **fields)
        return launcher.submit(self.database, self.home, spec, project, "anna", key, memory_mb)

    def wait(self, run_id: str, *statuses: Status, seconds: float = 60) -> RunRow:
        """Waits until a run is in one of these states, or has ended."""
        until(lambda: (row := self.runs.get(run_id)).status in statuses or row.status.ended, seconds)
        return self.runs.get(run_id)

    def sleeping(self, **fields: Any) -> RunRow:
        """Launches a run and waits until its notebook sleeps."""
        return self.asleep(self.submit(**fields))

    def asleep(self, row: RunRow) -> RunRow:
        """Waits until the notebook of a run sleeps."""
        sleeps = self.folder(row).path / "sleeps"
        until(lambda: sleeps.exists() or self.runs.get(row.id).status.ended)
        row = self.runs.get(row.id)
        assert not row.status.ended, row.message
        return row

    def underway(self, command: Sequence[str] = ("sleep", "600"), memory_mb: float = 0.0, **fields: Any) -> RunRow:
        """Makes a RUNNING run with a process in place of a worker, for what happens around a worker."""
        row = self.runs.create(TrainingSpec(project="notes", **fields), "notes", "anna", memory_mb=memory_mb)
        folder = self.folder(row).path
        mark = {**os.environ, processes.MARKER: str(folder)}
        process = subprocess.Popen(command, cwd=folder, env=mark, start_new_session=True)
        self._stand_ins.append(process)
        born = {"pid": process.pid, "pid_created": processes.created(process.pid), "host": machine.host()}
        assert self.runs.move(row.id, Status.STARTING, started_at=now(), **born)
        assert self.runs.move(row.id, Status.RUNNING)
        return self.runs.get(row.id)

    def lost(self, **fields: Any) -> RunRow:
        """Makes a RUNNING run whose worker is gone."""
        row = self.underway(**fields)
        self.kill(row)
        return row

    def kill(self, row: RunRow) -> None:
        """Kills the worker of a run and waits until it is gone."""
        assert row.pid is not None
        os.kill(row.pid, signal.SIGKILL)
        until(lambda: not processes.lives(row.pid, row.pid_created, self.folder(row).path))

    def reconcile(self) -> None:
        """Looks at the runs as the page does."""
        supervisor.reconcile(self.database, self.home)

    def lose_database(self) -> None:
        """Deletes the database's files and opens a new one."""
        self.database.close()
        for path in self.home.glob("genlab.db*"):
            path.unlink()
        self.database = Database(self.home)
        self.runs = Runs(self.database, self.home)

    def folder(self, row: RunRow) -> RunFolder:
        """Returns the folder of a run."""
        return self.runs.folder(row.id)

    def survivors(self, row: RunRow) -> list[int]:
        """Returns the processes of a run."""
        return [process.pid for process in processes.of_run(self.folder(row).path)]

    def kernel(self, row: RunRow) -> int:
        """Returns the process of a run's kernel."""
        for process in processes.of_run(self.folder(row).path):
            if "ipykernel_launcher" in process.cmdline():
                return process.pid
        raise AssertionError("the run has no kernel")

    def notebook(self, row: RunRow) -> dict[str, Any]:
        """Returns the notebook of a run that has ended, with its end written into it."""
        path = self.folder(row).notebook
        until(lambda: "genlab" in json.loads(path.read_text(encoding="utf-8"))["metadata"], 10)
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content

    def finished_folder(self, run_id: str, spec: TrainingSpec, **changes: Any) -> RunFolder:
        """Writes the folder of a finished run as a notebook run by hand leaves it."""
        from genlab_widgets.training.runfolder import Result, Scores

        folder = self.runs.folder(run_id).create()
        folder.write_spec(spec)
        (folder.model / "metadata").mkdir(parents=True)
        (folder.model / "metadata" / "part-00000").write_text("{}")
        fields = {"run_id": run_id, "project": spec.project, "kind": spec.kind, "spec": spec, "scores": Scores(f1=0.7)}
        folder.write_result(Result(**{**fields, "beats_baseline": True, "verdict": "Good.", **changes}))
        return folder

    def close(self) -> None:
        """Ends what a test left running, by its process."""
        for row in self.runs.list(limit=None):
            for process in processes.of_run(self.folder(row).path):
                process.kill()
        for stand_in in self._stand_ins:
            stand_in.kill()
            stand_in.wait()
        self.database.close()


def until(condition: Any, seconds: float = 60) -> None:
    """Waits until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Calls all of these at the same moment, each in a thread of its own; returns what they return, in order."""
    start = Barrier(len(calls))

    def call(one: Callable[[], Any]) -> Any:
        start.wait()
        return one()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


@pytest.fixture
def workplace(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    templates = tmp_path / "templates"
    templates.mkdir()
    monkeypatch.setenv("GENLAB_TEMPLATES", str(templates))
    monkeypatch.setenv("GENLAB_SLOTS", "2")
    place = Workplace(home, templates)
    yield place
    place.close()
