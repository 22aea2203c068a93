"""Launching: who may start, what the others are told, and that one click is one run."""

from __future__ import annotations

import os

import psutil
import pytest

from genlab_widgets.errors import Conflict, NotFound
from genlab_widgets.resources import machine
from genlab_widgets.resources.machine import Capacity
from genlab_widgets.runs import launcher, processes
from genlab_widgets.runs.states import Status
from genlab_widgets.training.spec import TrainingSpec
from tests.runs.conftest import FINISH, SLEEP, Workplace, at_once, until

pytestmark = pytest.mark.process


def allow(monkeypatch: pytest.MonkeyPatch, slots: int, memory_mb: float | None = None) -> None:
    """Says what the machine can give: the memory of the one that runs the tests is not known."""
    monkeypatch.setattr(machine, "capacity", lambda: Capacity(slots, memory_mb))


def test_with_one_slot_runs_follow_each_other_by_themselves(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLAB_SLOTS", "1")
    workplace.template(FINISH)
    first = workplace.underway()
    second, third = workplace.submit(), workplace.submit()
    assert (second.status, second.message) == (Status.QUEUED, f"It starts when {first.id} ends.")
    assert (third.status, third.message) == (Status.QUEUED, f"It starts after {second.id}, which waits too.")
    assert second.pid is None

    workplace.kill(first)
    workplace.reconcile()

    assert workplace.runs.get(first.id).status is Status.CRASHED
    assert workplace.runs.get(second.id).status in (Status.STARTING, Status.RUNNING)
    assert workplace.runs.get(third.id).message == f"It starts when {second.id} ends."
    # From here on nobody looks but the workers.
    second, third = workplace.wait(second.id), workplace.wait(third.id)
    assert (second.status, third.status) == (Status.COMPLETED, Status.COMPLETED)
    assert second.ended_at is not None
    assert third.started_at is not None
    assert second.ended_at <= third.started_at
    assert (second.model, third.model) == ("ner_notes_annotation_manual", "ner_notes_annotation_manual_v2")


@pytest.mark.usefixtures("database_url")
def test_many_who_start_at_once_fill_the_slots_and_no_more(workplace: Workplace) -> None:
    workplace.template(SLEEP)
    rows = [workplace.runs.create(TrainingSpec(project="notes"), "notes", "anna") for _ in range(4)]

    started = at_once(*[lambda: launcher.start_queued(workplace.database, workplace.home)] * 4)

    assert sorted(run_id for ids in started for run_id in ids) == [rows[0].id, rows[1].id]
    assert workplace.runs.get(rows[2].id).message == f"It starts when {rows[0].id} or {rows[1].id} ends."


def test_a_run_waits_for_memory_and_nobody_overtakes_it(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, slots=4, memory_mb=8_000)
    workplace.template(SLEEP)
    active = workplace.underway(memory_mb=6_000)

    large, small = workplace.submit(memory_mb=50_000), workplace.submit(memory_mb=100)

    told = f"It needs 50.0 GB, 2.0 GB are free beside {active.id}; it starts when {active.id} ends."
    assert (large.status, large.message) == (Status.QUEUED, told)
    assert (small.status, small.message) == (Status.QUEUED, f"It starts after {large.id}, which waits too.")

    workplace.kill(active)
    workplace.reconcile()

    assert workplace.runs.get(large.id).status in (Status.STARTING, Status.RUNNING), "an estimate can be wrong"
    assert "0.0 GB are free" in workplace.runs.get(small.id).message


def test_what_fits_in_memory_starts_beside_the_other(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, slots=4, memory_mb=8_000)
    workplace.template(SLEEP)
    workplace.underway(memory_mb=6_000)

    assert workplace.submit(memory_mb=2_000).status in (Status.STARTING, Status.RUNNING)


def test_the_same_request_sent_twice_at_once_is_one_run_with_one_worker(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JPY_PARENT_PID", "MPLBACKEND"):  # a submitting kernel has them; its worker must not
        monkeypatch.setenv(name, "1")
    workplace.template(SLEEP)

    one, other = at_once(*[lambda: workplace.submit(key="click")] * 2)

    assert one.id == other.id == "notes-0001"
    row = workplace.asleep(one)
    workers = [
        process
        for process in processes.of_run(workplace.folder(row).path)
        if "genlab_widgets.runs.worker" in process.cmdline()
    ]
    assert [process.pid for process in workers] == [row.pid]
    environment = psutil.Process(row.pid).environ()
    assert environment["GENLAB_HOME"] == str(workplace.home)
    assert not environment.keys() & {"JPY_PARENT_PID", "MPLBACKEND"}
    assert len(workplace.runs.list()) == 1
    assert os.listdir(workplace.home / "runs") == [row.id]

    with pytest.raises(Conflict, match="notes-0001"):
        workplace.submit(key="click", epochs=3)
    assert workplace.submit(key="click").id == row.id


def test_a_kind_without_a_template_is_refused_and_leaves_nothing(workplace: Workplace) -> None:
    with pytest.raises(NotFound, match="train_ner"):
        workplace.submit()

    assert workplace.runs.list() == []
    assert not (workplace.home / "runs").exists()


def test_a_worker_that_cannot_be_spawned_fails_and_the_next_one_starts(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLAB_SLOTS", "1")
    workplace.template(SLEEP)
    with monkeypatch.context() as broken:
        broken.setattr("sys.executable", str(workplace.home / "no python here"))
        row = workplace.submit()
    assert (row.status, row.reason) == (Status.FAILED, "not_enough_resources")
    assert "No such file" in row.message
    assert row.next_step

    behind = workplace.submit()

    until(lambda: workplace.runs.get(behind.id).status is Status.RUNNING)
