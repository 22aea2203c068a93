"""The end of a run is final whatever its notebook holds: others wait in the queue."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from genlab_widgets.database import Database
from genlab_widgets.runs import outcome
from genlab_widgets.runs.states import EndReason, Status
from genlab_widgets.runs.store import RunRow, Runs
from genlab_widgets.training.spec import TrainingSpec

WHOLE = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})


@pytest.fixture
def runs(home: Path) -> Runs:
    return Runs(Database(home), home)


def running(runs: Runs, notebook: str) -> RunRow:
    """Makes a RUNNING run that has this notebook."""
    row = runs.create(TrainingSpec(project="notes"), "notes", "anna")
    assert runs.move(row.id, Status.STARTING)
    assert runs.move(row.id, Status.RUNNING)
    runs.folder(row.id).notebook.write_text(notebook)
    return row


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "3",
        "null",
        '"text"',
        '{"a"',
        "",
        "{}",
        '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{}]}',
    ],
)
def test_a_damaged_notebook_stays_and_the_run_ends(runs: Runs, content: str) -> None:
    row = running(runs, content)
    assert outcome.crash(runs, row.id, EndReason.WORKER_LOST, "It is gone.")
    assert runs.get(row.id).status is Status.CRASHED
    folder = runs.folder(row.id)
    assert folder.notebook.read_text() == content
    assert folder.log.read_text().startswith("Traceback")


def test_a_full_disk_keeps_no_run_from_its_end(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    row = running(runs, WHOLE)
    assert runs.move(row.id, Status.CANCELLING, reason="stopped", message="Stopped by anna.")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert outcome.cancel(runs, row.id)
    assert runs.get(row.id).status is Status.CANCELLED
    assert runs.folder(row.id).notebook.read_text() == WHOLE
    assert "No space left on device" in runs.folder(row.id).log.read_text()


def test_without_a_notebook_nothing_is_told(runs: Runs) -> None:
    row = running(runs, WHOLE)
    runs.folder(row.id).notebook.unlink()
    assert outcome.crash(runs, row.id, EndReason.WORKER_LOST, "It is gone.")
    assert not runs.folder(row.id).log.exists()


def test_a_whole_notebook_says_how_the_run_ended(runs: Runs) -> None:
    row = running(runs, WHOLE)
    assert outcome.crash(runs, row.id, EndReason.WORKER_LOST, "It is <gone>.")
    written = json.loads(runs.folder(row.id).notebook.read_text())
    assert written["metadata"]["genlab"]["status"] == "CRASHED"
    assert "It is &lt;gone&gt;." in "".join(written["cells"][-1]["source"])
