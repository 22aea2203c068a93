"""Stopping: whatever the run is doing, it ends once, says who stopped it, and leaves no process."""

from __future__ import annotations

import os
import subprocess

import pytest

from genlab_widgets.database import Database, now
from genlab_widgets.errors import NotFound
from genlab_widgets.models.registry import Models
from genlab_widgets.runs import control, outcome, processes, worker
from genlab_widgets.runs.states import EndReason, Status
from genlab_widgets.runs.store import RunRow, Runs
from genlab_widgets.training.spec import TrainingSpec
from tests.runs.conftest import BEGIN, BREED, SLEEP, Workplace, at_once, until

pytestmark = pytest.mark.process

SPEC = TrainingSpec(project="notes")
DEAF = ("bash", "-c", "trap '' TERM; sleep 600 & touch deaf; wait")
"""Ignores SIGTERM, and so does its child."""


def stop(workplace: Workplace, row: RunRow, user: str = "max") -> RunRow:
    """Stops a run as a process with a database connection of its own does."""
    return control.stop(Database(workplace.home, workplace.database.url), workplace.home, row.id, user)


def test_a_queued_run_is_stopped_and_the_next_one_is_told(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLAB_SLOTS", "1")
    workplace.template(SLEEP)
    active = workplace.underway()
    queued, behind = workplace.submit(), workplace.submit()
    assert queued.id in behind.message

    queued = stop(workplace, queued)

    assert (queued.status, queued.reason) == (Status.CANCELLED, EndReason.STOPPED)
    assert (queued.message, queued.next_step) == ("Stopped by max.", "Train again with the same settings.")
    assert queued.started_at is None
    assert workplace.runs.get(behind.id).message == f"It starts when {active.id} ends."
    assert workplace.runs.get(active.id).status is Status.RUNNING


def test_a_starting_run_is_stopped_and_its_place_is_free(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLAB_SLOTS", "1")
    workplace.template(SLEEP)
    row, behind = workplace.submit(), workplace.submit()

    stopped = stop(workplace, row)

    assert (stopped.status, stopped.message) == (Status.CANCELLED, "Stopped by max.")
    until(lambda: not workplace.survivors(row))
    assert workplace.runs.get(behind.id).status in (Status.STARTING, Status.RUNNING)


def test_a_worker_that_is_spawned_after_the_stop_ends_by_itself(workplace: Workplace) -> None:
    row = workplace.runs.create(SPEC, "notes", "anna")
    workplace.runs.move(row.id, Status.STARTING, started_at=now())
    stopped = stop(workplace, row)
    assert stopped.status is Status.CANCELLED

    assert worker.main(row.id) == 0

    assert workplace.runs.get(row.id) == stopped


def test_a_running_run_that_two_people_stop_ends_once(workplace: Workplace) -> None:
    workplace.template("print('before')", BREED, "print('trains', file=sys.stderr)", SLEEP)
    row = workplace.sleeping()
    assert len(workplace.survivors(row)) >= 3

    ends = at_once(lambda: stop(workplace, row, "max"), lambda: stop(workplace, row, "olga"))

    assert ends[0] == ends[1]
    assert (ends[0].status, ends[0].reason) == (Status.CANCELLED, EndReason.STOPPED)
    assert ends[0].message in ("Stopped by max.", "Stopped by olga.")
    until(lambda: not workplace.survivors(row))  # the worker itself ends a moment after its row
    assert "trains" in workplace.folder(row).log.read_text()
    notebook = workplace.notebook(row)
    assert notebook["metadata"]["genlab"]["status"] == "CANCELLED"
    assert "before\n" in notebook["cells"][2]["outputs"][0]["text"]
    assert [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown"] == [
        [f"**CANCELLED**: {ends[0].message}"]
    ]

    assert stop(workplace, row, "noah") == ends[0], "an end stays as it is"


def test_a_worker_that_does_not_answer_is_killed(workplace: Workplace) -> None:
    row = workplace.underway(DEAF)
    until((workplace.folder(row).path / "deaf").exists)
    assert len(workplace.survivors(row)) == 2

    stopped = stop(workplace, row)

    assert (stopped.status, stopped.message) == (Status.CANCELLED, "Stopped by max.")
    assert workplace.survivors(row) == []
    assert stopped.ended_at is not None
    assert stopped.stop_asked_at is not None
    assert (stopped.ended_at - stopped.stop_asked_at).total_seconds() >= control.GRACE_SECONDS, "it had its chance"


def test_a_kernel_that_does_not_answer_is_killed_with_its_worker(workplace: Workplace) -> None:
    workplace.template(BEGIN + "signal.signal(signal.SIGTERM, signal.SIG_IGN)", BREED, SLEEP)
    row = workplace.sleeping()

    stopped = stop(workplace, row)

    assert (stopped.status, stopped.message) == (Status.CANCELLED, "Stopped by max.")
    until(lambda: not workplace.survivors(row))
    assert workplace.notebook(row)["metadata"]["genlab"]["status"] == "CANCELLED"


def test_a_stop_from_another_machine_also_ends_what_starts_after_it(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LOOK_SECONDS", 0.05)
    row = workplace.underway()
    assert workplace.runs.move(row.id, Status.CANCELLING)
    watch = worker.StopWatch(workplace.runs, row.id)
    watch.start()
    try:
        until(lambda: not workplace.survivors(row))
        mark = {**os.environ, processes.MARKER: str(workplace.folder(row).path)}
        late = subprocess.Popen(["sleep", "600"], env=mark)  # papermill comes to its kernel only now
        try:
            assert late.wait(timeout=20) != 0
        finally:
            late.kill()
    finally:
        watch.__exit__()
        watch.join(timeout=20)
    assert not watch.is_alive()


def test_a_run_that_ended_stays_as_it_is(workplace: Workplace) -> None:
    whole, empty = workplace.lost(), workplace.lost()
    workplace.finished_folder(whole.id, SPEC)
    workplace.reconcile()

    for row, status in ((whole, Status.COMPLETED), (empty, Status.CRASHED)):
        before = workplace.runs.get(row.id)
        assert before.status is status
        assert stop(workplace, row) == before == workplace.runs.get(row.id)


def test_a_stop_that_races_with_the_end_is_either_and_never_both(workplace: Workplace) -> None:
    rows = [workplace.lost() for _ in range(12)]
    for row in rows:
        workplace.finished_folder(row.id, SPEC)
        result = workplace.folder(row).read_result()
        assert result is not None
        runs = Runs(Database(workplace.home), workplace.home)
        completes = lambda row=row, result=result, runs=runs: outcome.complete(runs, row, result)  # noqa: E731
        stops = lambda row=row: stop(workplace, row)  # noqa: E731
        completed, stopped = at_once(completes, stops)

        assert stopped == workplace.runs.get(row.id)
        assert stopped.status is (Status.COMPLETED if completed else Status.CANCELLED)
        assert bool(stopped.model) is completed

    completed_runs = {row.id for row in workplace.runs.list(status=Status.COMPLETED)}
    models = Models(workplace.database, workplace.home).list()
    assert {model.run_id for model in models} == completed_runs
    assert sorted(model.version for model in models) == list(range(1, len(completed_runs) + 1))


def test_a_stop_that_races_with_the_start_leaves_no_process(workplace: Workplace) -> None:
    workplace.template(SLEEP)
    row = workplace.runs.create(SPEC, "notes", "anna")

    at_once(workplace.reconcile, lambda: stop(workplace, row))

    until(lambda: workplace.runs.get(row.id).status is Status.CANCELLED)
    until(lambda: not workplace.survivors(row))
    assert workplace.runs.get(row.id).message == "Stopped by max."


def test_an_unknown_run_cannot_be_stopped(workplace: Workplace) -> None:
    with pytest.raises(NotFound, match="notes-0009"):
        control.stop(workplace.database, workplace.home, "notes-0009", "max")
