"""A COMPLETED run is final: its model, its deployment and what it says come with the same commit."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from genlab_widgets.database import deployments
from genlab_widgets.errors import GenlabError, NotEnoughResources, WorkspaceUnusable
from genlab_widgets.models import deployment
from genlab_widgets.models.registry import Models
from genlab_widgets.projects.store import CONFIG as CONFIG_FILE
from genlab_widgets.projects.store import Project
from genlab_widgets.runs import outcome
from genlab_widgets.runs.states import Status
from genlab_widgets.runs.store import RunRow
from genlab_widgets.training.runfolder import Incumbent, Result
from genlab_widgets.training.spec import TrainingSpec
from tests.runs.conftest import BEGIN, Workplace
from tests.samples import CONFIG, imported, result_of, write_export, write_model

pytestmark = pytest.mark.process

MODEL = "ner_notes_annotation_manual"
SPEC = TrainingSpec(project="notes", deploy="immediately")
KILLED_BEFORE_COMMIT = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from genlab_widgets.database import Database
from genlab_widgets.runs import outcome
from genlab_widgets.runs.store import Runs
home, run_id = Path(sys.argv[1]), sys.argv[2]
runs = Runs(Database(home), home)
row, result = runs.get(run_id), outcome.verified(runs.folder(run_id))
event.listen(runs.database.engine, "commit", lambda _: os.kill(os.getpid(), signal.SIGKILL))
outcome.complete(runs, row, result)
"""


@pytest.fixture
def project(workplace: Workplace, tmp_path: Path) -> Project:
    """The project ``notes``, whose labels are those of the result in ``tests.samples``."""
    return imported(workplace.home, write_export(tmp_path / "notes", tasks=3))


@contextmanager
def no_commit(workplace: Workplace, told: str = "database is locked") -> Iterator[None]:
    """Makes every commit fail, as on a full disk: nothing else fails at this very point on demand."""

    def fail(_: Any) -> None:
        raise OperationalError("COMMIT", {}, sqlite3.OperationalError(told))

    event.listen(workplace.database.engine, "commit", fail)
    try:
        yield
    finally:
        event.remove(workplace.database.engine, "commit", fail)


def trained(
    workplace: Workplace, deploy: str = "immediately", incumbents: Sequence[Incumbent] = ()
) -> tuple[RunRow, Result]:
    """Makes a run that has a whole result and whose worker is gone."""
    row = workplace.lost(deploy=deploy)
    folder = workplace.folder(row)
    result = result_of(row.id, SPEC, "notes").model_copy(update={"incumbents": list(incumbents)})
    write_model(folder, result)
    folder.write_result(result)
    return row, result


def config(project: Project) -> bytes:
    return (project.folder / CONFIG_FILE).read_bytes()


def records(workplace: Workplace) -> list[Any]:
    with workplace.database.read() as connection:
        return list(connection.execute(select(deployments)))


def named(project: Project) -> set[str | None]:
    """Returns what the entity labels of the config name."""
    return {label.model for label in project.labeling_config.entity_labels}


def test_a_run_that_deploys_at_once_is_deployed_when_it_is_completed(workplace: Workplace, project: Project) -> None:
    result = result_of("notes-0001", SPEC, "notes").model_dump_json()
    workplace.template(
        BEGIN + f"result = Result.model_validate_json({result!r})",
        "for name, size in result.model_files.items():\n"
        "    (folder.model / name).parent.mkdir(parents=True, exist_ok=True)\n"
        "    (folder.model / name).write_bytes(b'm' * size)\n"
        "folder.write_result(result)",
    )

    row = workplace.wait(workplace.submit(deploy="immediately").id)

    assert named(project) == {MODEL}
    assert row.status is Status.COMPLETED
    assert row.message == f"F1 is higher than the baseline's. {MODEL} is deployed."
    assert "Tag new tasks" in row.next_step
    model = Models(workplace.database, workplace.home).get(MODEL)
    assert deployment.is_deployed(model, project)
    (record,) = records(workplace)
    assert (record.model, record.user) == (MODEL, "anna")
    assert workplace.notebook(row)["metadata"]["genlab"]["status"] == "COMPLETED"
    deployment.apply(workplace.database, deployment.undo_preview(workplace.database, model, project), "max")
    assert config(project) == CONFIG.encode()


def test_a_deployment_that_is_refused_leaves_the_run_completed(workplace: Workplace, project: Project) -> None:
    row, result = trained(workplace)
    (project.folder / "config_history").write_text("a file stands where the folder belongs")

    assert outcome.complete(workplace.runs, row, result)

    row = workplace.runs.get(row.id)
    assert (row.status, row.model) == (Status.COMPLETED, MODEL)
    assert f"{MODEL} was not deployed: " in row.message
    assert "GENLAB_HOME" in row.next_step
    assert config(project) == CONFIG.encode()
    assert records(workplace) == []
    assert "config_history" in workplace.folder(row).log.read_text()


def test_a_project_that_is_gone_leaves_the_run_completed(workplace: Workplace) -> None:
    row, result = trained(workplace)

    assert outcome.complete(workplace.runs, row, result)

    row = workplace.runs.get(row.id)
    assert row.status is Status.COMPLETED
    assert f"{MODEL} was not deployed: There is no project 'notes'." in row.message


def test_a_config_that_lost_its_labels_is_told_with_the_labels(workplace: Workplace, tmp_path: Path) -> None:
    other = CONFIG.replace("value='DRUG'", "value='ROUTE'").replace('value="DOSE"', 'value="SITE"')
    project = imported(workplace.home, write_export(tmp_path / "notes", tasks=3, config=other))
    row, result = trained(workplace)

    assert outcome.complete(workplace.runs, row, result)

    row = workplace.runs.get(row.id)
    assert row.status is Status.COMPLETED
    assert "The labeling config has none of its labels: DRUG, DOSE." in row.message
    assert config(project) == other.encode()


@pytest.mark.parametrize(
    ("told", "error"),
    [("database is locked", WorkspaceUnusable), ("database or disk is full", NotEnoughResources)],
)
def test_without_a_commit_the_config_is_as_before_and_the_run_can_still_complete(
    workplace: Workplace, project: Project, told: str, error: type[GenlabError]
) -> None:
    row, result = trained(workplace)

    with no_commit(workplace, told), pytest.raises(error):
        outcome.complete(workplace.runs, row, result)

    assert config(project) == CONFIG.encode()
    assert workplace.runs.get(row.id) == row
    assert Models(workplace.database, workplace.home).list() == []
    assert len(project.config_history()) == 2, "it had been written"

    workplace.reconcile()

    assert workplace.runs.get(row.id).message.endswith(f"{MODEL} is deployed.")
    assert named(project) == {MODEL}
    assert len(records(workplace)) == 1


def test_without_a_commit_an_edit_of_that_moment_stays(workplace: Workplace, project: Project) -> None:
    row, result = trained(workplace)
    edited = b""

    def edit(_: Any) -> None:
        nonlocal edited
        edited = config(project).replace(b"#0a0", b"#0b0")
        (project.folder / CONFIG_FILE).write_bytes(edited)

    event.listen(workplace.database.engine, "commit", edit)
    try:
        with no_commit(workplace), pytest.raises(WorkspaceUnusable):
            outcome.complete(workplace.runs, row, result)
    finally:
        event.remove(workplace.database.engine, "commit", edit)

    assert b"#0b0" in edited
    assert config(project) == edited


def test_killed_between_config_and_commit_the_run_completes_later_and_is_deployed(
    workplace: Workplace, project: Project
) -> None:
    row, _ = trained(workplace)
    command = [sys.executable, "-c", KILLED_BEFORE_COMMIT, str(workplace.home), row.id]
    assert subprocess.run(command, env=dict(os.environ), check=False).returncode == -signal.SIGKILL
    assert workplace.runs.get(row.id).status is Status.RUNNING
    assert named(project) == {MODEL}, "it was killed after the config was written"

    workplace.reconcile()

    row = workplace.runs.get(row.id)
    assert (row.status, row.model) == (Status.COMPLETED, MODEL)
    assert row.message.endswith(f"{MODEL} is deployed.")
    assert deployment.is_deployed(Models(workplace.database, workplace.home).get(MODEL), project)


@pytest.mark.parametrize(
    ("incumbents", "told", "deployed"),
    [
        ([Incumbent(model=MODEL, f1=0.5, new_f1=0.6, tasks=8)], f"{MODEL}_v2 is deployed.", f"{MODEL}_v2"),
        (
            [Incumbent(model=MODEL, f1=0.6, new_f1=0.6, tasks=8, note="Both have 0.600.")],
            f"{MODEL}_v2 was not deployed. Both have 0.600.",
            MODEL,
        ),
        (
            [Incumbent(model=MODEL, note="It could not be measured.")],
            f"{MODEL}_v2 was not deployed. It could not be measured.",
            MODEL,
        ),
        (
            [],
            f"{MODEL}_v2 was not deployed. {MODEL}, which the labeling config names, was not compared with it.",
            MODEL,
        ),
    ],
)
def test_what_shall_be_deployed_if_it_is_better_is_so_only_then(
    workplace: Workplace, project: Project, incumbents: list[Incumbent], told: str, deployed: str
) -> None:
    first, result = trained(workplace)
    assert outcome.complete(workplace.runs, first, result)
    row, result = trained(workplace, "if_better", incumbents)
    outcome.name_incumbents(workplace.runs, row)
    assert {name: place.path for name, place in workplace.folder(row).read_incumbents().items()} == {
        MODEL: workplace.folder(first).path
    }

    assert outcome.complete(workplace.runs, row, result)

    assert workplace.runs.get(row.id).message.endswith(told)
    assert named(project) == {deployed}


def test_where_nothing_is_deployed_the_first_model_is(workplace: Workplace, project: Project) -> None:
    row, result = trained(workplace, "if_better")
    outcome.name_incumbents(workplace.runs, row)
    assert workplace.folder(row).read_incumbents() == {}

    assert outcome.complete(workplace.runs, row, result)

    assert named(project) == {MODEL}


def test_a_model_from_elsewhere_stays(workplace: Workplace, tmp_path: Path) -> None:
    other = CONFIG.replace("value='DRUG'", "value='DRUG' model='ner_clinical'")
    project = imported(workplace.home, write_export(tmp_path / "notes", tasks=3, config=other))
    row, result = trained(workplace, "if_better")

    assert outcome.complete(workplace.runs, row, result)

    assert "ner_clinical, which the labeling config names, was not compared" in workplace.runs.get(row.id).message
    assert config(project) == other.encode()
