"""What reconciling finds out: who is gone, what was left whole, and which folders have lost their row."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from genlab_widgets.database import Database, now
from genlab_widgets.errors import PoorQuality
from genlab_widgets.models.registry import Models
from genlab_widgets.runs import processes, supervisor
from genlab_widgets.runs.states import EndReason, Status
from genlab_widgets.training.spec import TrainingSpec
from tests.runs.conftest import BEGIN, BREED, FINISH, SLEEP, Workplace, at_once, until

pytestmark = pytest.mark.process

SPEC = TrainingSpec(project="notes")
LAUNCH = """
import sys, time
from pathlib import Path
from genlab_widgets.database import Database
from genlab_widgets.runs import launcher
from genlab_widgets.training.spec import TrainingSpec
home = Path(sys.argv[1])
print(launcher.submit(Database(home), home, TrainingSpec(project="notes"), "notes", "anna").id, flush=True)
time.sleep(600)
"""


def write_notebook(workplace: Workplace, run_id: str) -> None:
    """Puts a notebook into a run's folder, as papermill does at the first cell."""
    workplace.template(SLEEP)
    shutil.copy(workplace.templates / "train_ner.ipynb", workplace.runs.folder(run_id).notebook)


def test_a_killed_worker_and_a_killed_kernel_are_crashes_that_leave_no_process(workplace: Workplace) -> None:
    workplace.template(BREED, SLEEP)
    launched = [workplace.submit() for _ in range(2)]
    orphaned, cut = map(workplace.asleep, launched)

    os.kill(workplace.kernel(cut), signal.SIGKILL)
    workplace.kill(orphaned)
    assert workplace.survivors(orphaned), "the kernel and what it started outlive the worker"
    workplace.reconcile()

    orphaned = workplace.runs.get(orphaned.id)
    assert (orphaned.status, orphaned.reason) == (Status.CRASHED, EndReason.WORKER_LOST)
    assert f"({orphaned.pid}) is gone without a result" in orphaned.message
    assert orphaned.next_step == "Train again with the same settings."
    assert workplace.survivors(orphaned) == []
    stamped = workplace.notebook(orphaned)
    assert stamped["metadata"]["genlab"]["reason"] == "worker_lost"
    assert "**CRASHED**" in stamped["cells"][-1]["source"][0]
    assert stamped["cells"][-2]["metadata"]["papermill"]["status"] == "failed"

    cut = workplace.wait(cut.id)
    assert (cut.status, cut.reason) == (Status.CRASHED, EndReason.KERNEL_LOST)
    assert cut.next_step == "Train again with the same settings."
    assert workplace.notebook(cut)["metadata"]["genlab"]["reason"] == "kernel_lost"
    until(lambda: not workplace.survivors(cut))


def test_a_worker_killed_after_the_result_was_whole_completes(workplace: Workplace) -> None:
    workplace.template(FINISH, SLEEP)
    row = workplace.sleeping()

    workplace.kill(row)
    workplace.reconcile()

    row = workplace.runs.get(row.id)
    assert (row.status, row.f1, row.model) == (Status.COMPLETED, 0.5, "ner_notes_annotation_manual")
    assert workplace.survivors(row) == []
    assert workplace.notebook(row)["metadata"]["genlab"]["status"] == "COMPLETED"


def test_a_training_outlives_the_app_that_launched_it(workplace: Workplace) -> None:
    workplace.template(
        BEGIN + "(folder.path / 'sleeps').touch()\nwhile not (folder.path / 'go').exists(): time.sleep(0.05)", FINISH
    )
    command = [sys.executable, "-c", LAUNCH, str(workplace.home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as app:
        assert app.stdout is not None
        row = workplace.runs.get(app.stdout.readline().strip())
        row = workplace.asleep(row)
        os.killpg(app.pid, signal.SIGKILL)
    assert row.pid is not None
    assert os.getsid(row.pid) == row.pid

    workplace.reconcile()
    assert workplace.runs.get(row.id).status is Status.RUNNING
    (workplace.folder(row).path / "go").touch()

    assert workplace.wait(row.id).status is Status.COMPLETED


@pytest.mark.usefixtures("database_url")
def test_many_reconcilers_end_a_run_once(workplace: Workplace) -> None:
    whole, empty = workplace.lost(), workplace.lost()
    workplace.finished_folder(whole.id, SPEC)
    write_notebook(workplace, empty.id)
    workplace.finished_folder("by_hand", SPEC)

    url = workplace.database.url
    at_once(*[lambda: supervisor.reconcile(Database(workplace.home, url), workplace.home)] * 6)

    assert workplace.runs.get(whole.id).status is Status.COMPLETED
    assert workplace.runs.get(empty.id).status is Status.CRASHED
    models = Models(workplace.database, workplace.home).list()
    assert {(model.run_id, model.version) for model in models} in (
        {(whole.id, 1), ("by_hand", 2)},
        {(whole.id, 2), ("by_hand", 1)},
    )
    notes = [cell for cell in workplace.notebook(empty)["cells"] if "**CRASHED**" in "".join(cell["source"])]
    assert len(notes) == 1


def test_a_lost_run_that_wrote_down_its_failure_fails_with_that_reason(workplace: Workplace) -> None:
    row = workplace.lost()
    workplace.folder(row).write_failure(PoorQuality("Nothing was learned.", "The F1 stayed at 0.", "Check the labels."))

    workplace.reconcile()

    row = workplace.runs.get(row.id)
    assert (row.status, row.reason) == (Status.FAILED, "poor_quality")
    assert (row.message, row.next_step) == ("Nothing was learned. The F1 stayed at 0.", "Check the labels.")


def test_a_process_that_got_the_number_of_a_worker_is_neither_believed_nor_killed(workplace: Workplace) -> None:
    with subprocess.Popen(["sleep", "600"]) as stranger:
        try:
            row = workplace.lost()
            assert row.pid_created is not None
            earlier = row.pid_created - 3600
            workplace.runs.annotate(row.id, {Status.RUNNING}, pid=stranger.pid, pid_created=earlier)

            workplace.reconcile()

            assert workplace.runs.get(row.id).status is Status.CRASHED
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_living_worker_goes_on_although_the_clock_was_set(workplace: Workplace) -> None:
    row = workplace.underway()
    assert row.pid_created is not None
    workplace.runs.annotate(row.id, {Status.RUNNING}, pid_created=row.pid_created - 3600)

    workplace.reconcile()

    assert workplace.runs.get(row.id).status is Status.RUNNING
    assert workplace.survivors(row) == [row.pid]


def test_a_run_that_was_admitted_and_never_spawned_crashes_after_its_time(workplace: Workplace) -> None:
    late, fresh = (workplace.runs.create(SPEC, "notes", "anna") for _ in range(2))
    overdue = now() - timedelta(seconds=supervisor.START_SECONDS + 1)
    workplace.runs.move(late.id, Status.STARTING, started_at=overdue)
    workplace.runs.move(fresh.id, Status.STARTING, started_at=now())

    workplace.reconcile()

    late, fresh = workplace.runs.get(late.id), workplace.runs.get(fresh.id)
    assert (late.status, late.reason) == (Status.CRASHED, EndReason.NEVER_STARTED)
    assert late.next_step
    assert fresh.status is Status.STARTING


def test_a_stop_whose_stopper_is_gone_is_finished(workplace: Workplace) -> None:
    forgotten, fresh = workplace.underway(), workplace.underway()
    why = {"reason": EndReason.STOPPED, "message": "Stopped by max."}
    long_ago = now() - timedelta(seconds=supervisor.STOP_SECONDS + 1)
    workplace.runs.move(forgotten.id, Status.CANCELLING, stop_asked_at=long_ago, **why)
    workplace.runs.move(fresh.id, Status.CANCELLING, stop_asked_at=now(), **why)

    workplace.reconcile()

    forgotten = workplace.runs.get(forgotten.id)
    assert (forgotten.status, forgotten.message) == (Status.CANCELLED, "Stopped by max.")
    assert workplace.survivors(forgotten) == []
    assert workplace.runs.get(fresh.id).status is Status.CANCELLING
    assert workplace.survivors(fresh) == [fresh.pid]


def test_a_lost_database_comes_back_from_the_folders(workplace: Workplace) -> None:
    first, second, failed, unknown = (workplace.lost() for _ in range(4))
    for row in (second, first):  # the later run ends first, so the order of versions is not the order of numbers
        workplace.finished_folder(row.id, SPEC)
        workplace.reconcile()
    workplace.lose_database()
    workplace.folder(failed).write_failure(PoorQuality("Nothing was learned.", "", "Check the labels."))

    workplace.reconcile()

    rows = {row.id: row for row in workplace.runs.list()}
    assert rows.keys() == {first.id, second.id, failed.id}
    assert {row.number for row in rows.values()} == {1, 2, 3}
    assert (rows[second.id].status, rows[second.id].f1) == (Status.COMPLETED, 0.7)
    assert rows[second.id].model == "ner_notes_annotation_manual"
    assert rows[first.id].model == "ner_notes_annotation_manual_v2"
    assert (rows[failed.id].status, rows[failed.id].next_step) == (Status.FAILED, "Check the labels.")
    models = Models(workplace.database, workplace.home).list()
    assert {(model.version, model.run_id) for model in models} == {(1, second.id), (2, first.id)}
    assert workplace.runs.create(SPEC, "notes", "anna").number == 5, f"{unknown.id} still has its folder"


def test_a_folder_made_by_hand_shows_up_with_its_model(workplace: Workplace) -> None:
    workplace.finished_folder("notes-0007", SPEC)
    workplace.finished_folder("tried in the evening", TrainingSpec(project="notes", deploy="immediately"))

    workplace.reconcile()
    workplace.reconcile()

    rows = {row.id: row for row in workplace.runs.list()}
    assert rows.keys() == {"notes-0007", "tried in the evening"}
    assert rows["notes-0007"].number == 7
    for row in rows.values():
        assert (row.status, row.project, row.f1) == (Status.COMPLETED, "notes", 0.7)
        assert row.model
        assert row.model in row.next_step
    assert workplace.runs.create(SPEC, "notes", "anna").id == "notes-0009"


def test_what_is_not_whole_or_a_copy_is_left_alone(workplace: Workplace) -> None:
    runs = workplace.home / "runs"
    whole = workplace.finished_folder("notes-0001", SPEC)
    workplace.runs.folder("only_a_spec").create().write_spec(SPEC)
    shutil.rmtree(workplace.finished_folder("no_model", SPEC).model)
    workplace.finished_folder("cut_model", SPEC, model_files={"metadata/part-00000": 99})
    workplace.finished_folder("cut_result", SPEC).result.write_text('{"run_id": "cut_res')
    workplace.finished_folder(".hidden", SPEC)
    shutil.copytree(whole.path, runs / "notes-0001-copy")
    shutil.copytree(whole.path, runs / "notes-0002")
    (runs / "a file").touch()
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*") if path.is_file()}

    workplace.reconcile()

    assert [row.id for row in workplace.runs.list()] == ["notes-0001"]
    assert len(Models(workplace.database, workplace.home).list()) == 1
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*") if path.is_file()} == before

    shutil.rmtree(runs / "cut_result")
    workplace.finished_folder("cut_result", SPEC)
    workplace.reconcile()
    assert {row.id for row in workplace.runs.list()} == {"notes-0001", "cut_result"}, "it is whole now"


def test_a_folder_whose_model_arrives_after_its_record_shows_up(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = workplace.finished_folder("notes-0001", SPEC)
    folder.model.rename(workplace.home / "on its way")
    workplace.reconcile()
    assert workplace.runs.list() == []
    (workplace.home / "on its way").rename(folder.model)

    workplace.reconcile()
    assert workplace.runs.list() == [], "a folder that is not whole is not read at every look"
    monkeypatch.setattr(supervisor, "LOOK_AGAIN_SECONDS", 0.0)
    workplace.reconcile()

    assert [row.id for row in workplace.runs.list()] == ["notes-0001"]


def test_the_living_are_found_by_their_mark_only(workplace: Workplace) -> None:
    one, other = workplace.underway(), workplace.underway()

    assert [process.pid for process in processes.of_run(workplace.folder(one).path)] == [one.pid]
    assert processes.sweep(workplace.folder(one).path) == [one.pid]
    assert workplace.survivors(other) == [other.pid]
