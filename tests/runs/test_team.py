"""A team's PostgreSQL database: machines and people who share it. A server that goes away: ``tests/cli/test_team.py``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from genlab_widgets.database import Database
from genlab_widgets.resources import machine
from genlab_widgets.runs import control, launcher, supervisor
from genlab_widgets.runs.states import Status
from genlab_widgets.runs.store import Runs
from genlab_widgets.training.spec import TrainingSpec
from tests.runs.conftest import SLEEP, Workplace, at_once, until

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("team_database")]

SPEC = TrainingSpec(project="notes")
CLAIM = """
import sys
from pathlib import Path
from genlab_widgets.database import Database
from genlab_widgets.runs import launcher
home = Path(sys.argv[1])
database = Database(home, sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
print(*launcher.start_queued(database, home), flush=True)
"""


def neighbour(workplace: Workplace, folder: Path) -> Runs:
    """Returns the runs as somebody sees them who works on the same machine in another folder."""
    return Runs(Database(folder, workplace.database.url), folder)


def test_of_two_processes_that_claim_queued_runs_each_run_goes_to_one(workplace: Workplace) -> None:
    workplace.template(SLEEP)
    rows = [workplace.runs.create(SPEC, "notes", "anna") for _ in range(4)]
    command = [sys.executable, "-c", CLAIM, str(workplace.home), str(workplace.database.url)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    claimers = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for claimer in claimers:
        assert claimer.stdout is not None
        assert claimer.stdout.readline() == "ready\n"

    told = at_once(
        *[lambda claimer=claimer: claimer.communicate("go\n", timeout=60)[0].split() for claimer in claimers]
    )

    assert sorted(run_id for ids in told for run_id in ids) == [rows[0].id, rows[1].id]
    assert [row.status for row in map(workplace.runs.get, (rows[2].id, rows[3].id))] == [Status.QUEUED] * 2


def test_a_run_that_somebody_stops_from_another_machine_is_ended_by_its_worker(
    workplace: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace.template(SLEEP)
    row = workplace.sleeping()
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(machine, "host", lambda: "elsewhere")
        away = neighbour(workplace, tmp_path / "away")
        assert control.stop(away.database, away.home, row.id, "max").status is Status.CANCELLING

    row = workplace.wait(row.id)

    assert (row.status, row.message) == (Status.CANCELLED, "Stopped by max.")
    until(lambda: not workplace.survivors(row))


def test_people_on_one_machine_leave_each_others_runs_alone(workplace: Workplace, tmp_path: Path) -> None:
    active, queued = workplace.underway(), workplace.runs.create(SPEC, "notes", "anna")
    other = neighbour(workplace, tmp_path / "other")
    workplace.kill(active)

    supervisor.reconcile(other.database, other.home)
    assert launcher.start_queued(other.database, other.home) == []

    assert [other.get(row.id).status for row in (active, queued)] == [Status.RUNNING, Status.QUEUED]
    assert other.create(SPEC, "notes", "max").id == "notes-0003"
    workplace.template(SLEEP)
    workplace.reconcile()
    assert other.get(active.id).status is Status.CRASHED
    assert other.get(queued.id).status in (Status.STARTING, Status.RUNNING)


def test_runs_from_before_people_shared_a_machine_are_found_by_its_name(workplace: Workplace) -> None:
    row = workplace.lost()
    workplace.runs.annotate(row.id, {Status.RUNNING}, home=None)

    workplace.reconcile()

    assert workplace.runs.get(row.id).status is Status.CRASHED
