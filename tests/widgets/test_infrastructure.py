"""The Infrastructure page as an object: cards, jobs with Logs and Stop, needs, licences."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from genlab_widgets.database import now
from genlab_widgets.resources import gpu
from genlab_widgets.runs.states import Status
from genlab_widgets.runs.usage import Meter
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.widgets import InfrastructurePage
from genlab_widgets.workspace import Project, Run, Workspace
from tests.resources.test_licenses import LATER, SECRET, token
from tests.samples import write_export


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Project:
    return Workspace(home, user="olga").import_project(write_export(tmp_path / "notes", 12)).project


@pytest.fixture
def waiting(project: Project) -> Run:
    """A run in the queue that nothing starts."""
    row = project.workspace.run_rows.create(TrainingSpec(project="notes"), "notes", "olga", memory_mb=2000)
    return project.workspace.run(row.id)


@pytest.fixture
def running(waiting: Run) -> Run:
    """A run whose worker is this process."""
    rows = waiting.workspace.run_rows
    me = psutil.Process()
    rows.move(waiting.id, Status.STARTING, started_at=now(), pid=os.getpid(), pid_created=me.create_time())
    rows.move(waiting.id, Status.RUNNING)
    waiting.folder.log.write_text("Epoch 1/3 started <b>\n")
    return waiting


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets this machine have a GPU."""
    monkeypatch.setattr(gpu, "found", lambda: (gpu.Gpu("Tesla T4", 15360.0),))


def shown(page: InfrastructurePage) -> str:
    return " ".join(card.value for card in page.meters.children)


def test_the_machine_is_shown_without_a_gpu(project: Project) -> None:
    page = InfrastructurePage(project.workspace, background=False)
    assert len(page.meters.children) == 4
    assert "No GPU found" in shown(page)
    assert "GB free" in shown(page)
    assert page.jobs.rows == []


@pytest.mark.usefixtures("cards")
def test_a_gpu_is_named_with_the_words_of_the_reference(project: Project) -> None:
    page = InfrastructurePage(project.workspace, background=False)
    assert "GPU resource available" in shown(page)
    assert "Tesla T4, 15.0 GB" in shown(page)
    offer = next(item for item in project.offers() if item.field == "use_gpu")
    assert (offer.enabled, offer.reason) == (True, "")


def test_a_waiting_job_says_what_it_waits_for(waiting: Run) -> None:
    page = InfrastructurePage(waiting.workspace, background=False)
    (row,) = page.jobs.rows
    cells = row["cells"]
    assert cells["status"]["text"] == "Queued"
    assert cells["doing"]["text"] == "Waits to be started."
    assert cells["license"]["small"] == "no licence needed"
    assert cells["memory"] == {"text": "\u2013", "small": "about 2.0 GB expected"}


def test_the_log_of_a_running_job_grows_and_markup_stays_text(running: Run) -> None:
    page = InfrastructurePage(running.workspace, background=False)
    page.jobs.emit("action", name="logs", id=running.id)
    assert page.lines.lines == ["Epoch 1/3 started <b>"]
    with running.folder.log.open("a") as log:
        log.write("Epoch 1/3 - 2.0s\n")
    page.tick()
    page.tick()
    assert page.lines.lines[-1] == "Epoch 1/3 - 2.0s"


def test_a_waiting_job_is_stopped(waiting: Run) -> None:
    page = InfrastructurePage(waiting.workspace, background=False)
    page.jobs.emit("action", name="stop", id=waiting.id)
    assert str(waiting.status) == "CANCELLED"
    assert page.jobs.rows == []
    assert "was stopped" in page.banner.messages[-1]["what"]


def test_an_annotator_may_look_and_not_stop(waiting: Run) -> None:
    page = InfrastructurePage(Workspace(waiting.workspace.home, user="noah"), background=False)
    stop = next(item for item in page.jobs.rows[0]["actions"] if item["name"] == "stop")
    assert stop["disabled"]
    assert "Project Owner" in stop["title"]
    page.jobs.emit("action", name="stop", id=waiting.id)
    assert str(waiting.status) == "QUEUED"
    assert "may not stop" in page.banner.messages[-1]["what"]


def test_what_trainers_need_stands_beside_this_machine(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from genlab_widgets.resources import machine

    monkeypatch.setattr(machine, "memory_mb", lambda: 8 * 1024.0)
    page = InfrastructurePage(project.workspace, background=False)
    rows = {row["name"]: row["cells"] for row in page.needs.rows}
    assert rows["Visual NER, fine-tuned"]["fits"]["text"] == "fits"
    licensed = rows["Visual NLP's Visual NER"]
    assert licensed["fits"]["text"] == "does not fit"
    assert "64.0 GB of memory are needed, 8.0 GB are here" in licensed["why"]["text"]
    assert 'scope "ocr: training"' in licensed["why"]["text"]
    assert rows["Legal NER"]["fits"]["text"] == "not known"


def test_licences_are_listed_without_their_token(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_NLP_LICENSE", token(scope="legal:training", exp=LATER))
    monkeypatch.setenv("SPARK_OCR_LICENSE", "spoiled")
    row = project.workspace.run_rows.create(TrainingSpec(project="notes", library="legal"), "notes", "olga")
    page = InfrastructurePage(project.workspace, background=False)
    first, second = (item["cells"] for item in page.licenses.rows)
    assert (first["scopes"]["text"], first["status"]["text"]) == ("legal: training", "valid")
    assert first["used"]["text"] == row.id
    assert first["package"] == {"text": "spark-nlp-jsl", "small": "not installed"}
    assert second["status"]["text"] == "cannot be read"
    told: Any = page.licenses.rows
    assert SECRET not in repr(told)


def test_usage_counts_busy_cores_between_two_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from genlab_widgets.runs import usage

    me = psutil.Process()
    monkeypatch.setattr(usage.processes, "of_run", lambda folder: [me])
    meter = Meter()
    first = meter.read(tmp_path)
    assert first.cores is None
    assert first.memory_mb > 10
    sum(number * number for number in range(2_000_000))
    second = meter.read(tmp_path)
    assert second.cores is not None
    assert 0 < second.cores < 8
    meter.forget(set())
    assert meter.read(tmp_path).cores is None
