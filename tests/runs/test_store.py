from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from genlab_widgets.database import Database
from genlab_widgets.errors import Conflict, NotFound, WorkspaceUnusable
from genlab_widgets.runs.states import Status
from genlab_widgets.runs.store import Runs
from genlab_widgets.training.spec import TrainingSpec
from tests.runs.conftest import Workplace

pytestmark = pytest.mark.usefixtures("database_url")

SPEC = TrainingSpec(project="notes")


def test_a_new_run_has_its_folder_spec_and_the_next_number(workplace: Workplace) -> None:
    first, second = (workplace.runs.create(SPEC, "notes", "anna") for _ in range(2))
    other = workplace.runs.create(SPEC, "letters", "anna")

    assert [first.id, second.id, other.id] == ["notes-0001", "notes-0002", "letters-0001"]
    assert workplace.folder(first).read_spec() == SPEC
    assert first.training_spec == SPEC
    assert (first.status, first.user, first.kind, first.pid, first.ended_at) == (
        Status.QUEUED,
        "anna",
        "ner",
        None,
        None,
    )
    assert [row.id for row in workplace.runs.list()] == [other.id, second.id, first.id]
    assert [row.id for row in workplace.runs.list(project="notes", limit=1)] == [second.id]
    assert workplace.runs.count("notes")["QUEUED"] == 2
    assert workplace.runs.count()["COMPLETED"] == 0


def test_runs_are_listed_by_project_kind_and_group(workplace: Workplace) -> None:
    words = TrainingSpec(project="notes", kind="classification", classifier="urgency")
    alone, first = (workplace.runs.create(SPEC, "notes", "anna", group=group) for group in (None, "click"))
    second = workplace.runs.create(words, "notes", "anna", group="click")
    workplace.runs.create(SPEC, "letters", "anna", group="click")

    assert workplace.runs.list(project="notes", group="click") == [second, first]
    assert workplace.runs.list(project="notes", group="click", kind="ner") == [first]
    assert workplace.runs.list(project="notes", kind="ner") == [first, alone]
    assert workplace.runs.list(group="nobody") == []


def test_the_number_of_a_folder_without_a_row_is_not_given_out_again(workplace: Workplace) -> None:
    workplace.runs.folder("notes-0001").create()

    assert workplace.runs.create(SPEC, "notes", "anna").id == "notes-0002"


def test_the_same_key_is_the_same_run_and_another_spec_is_refused(workplace: Workplace) -> None:
    first = workplace.runs.create(SPEC, "notes", "anna", key="click-1")

    assert workplace.runs.create(SPEC, "notes", "anna", key="click-1") == first
    with pytest.raises(Conflict, match="notes-0001"):
        workplace.runs.create(TrainingSpec(project="notes", epochs=3), "notes", "anna", key="click-1")
    assert len(workplace.runs.list()) == 1


def test_fifty_threads_with_one_key_make_one_run(workplace: Workplace) -> None:
    start = threading.Barrier(50)

    def create(_: int) -> str:
        start.wait()
        return workplace.runs.create(SPEC, "notes", "anna", key="click").id

    with ThreadPoolExecutor(50) as pool:
        ids = set(pool.map(create, range(50)))

    assert ids == {"notes-0001"}
    assert len(list((workplace.home / "runs").iterdir())) == 1


def create_ten(home: str, url: str | None, key: str | None) -> list[str]:
    """Makes ten runs in a process of its own."""
    runs = Runs(Database(Path(home), url), Path(home))
    return [runs.create(SPEC, "notes", "anna", key=None if key is None else f"{key}-{n}").id for n in range(10)]


@pytest.mark.process
def test_processes_share_keys_and_never_a_number(home: Path, database_url: str | None) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        keyed = pool.starmap(create_ten, [(str(home), database_url, "key")] * 3)
        unkeyed = pool.starmap(create_ten, [(str(home), database_url, None)] * 3)

    assert keyed[0] == keyed[1] == keyed[2]
    assert len({run_id for ids in unkeyed for run_id in ids}) == 30
    assert len(Runs(Database(home, database_url), home).list(limit=None)) == 40


def test_of_many_movers_exactly_one_wins(workplace: Workplace) -> None:
    row = workplace.runs.create(SPEC, "notes", "anna")
    targets = [Status.STARTING, Status.CANCELLED, Status.FAILED] * 8
    with ThreadPoolExecutor(8) as pool:
        moved = list(pool.map(lambda target: workplace.runs.move(row.id, target, origins={Status.QUEUED}), targets))

    assert sum(moved) == 1
    assert workplace.runs.get(row.id).status is targets[moved.index(True)]


def test_an_unknown_run_is_not_found(workplace: Workplace) -> None:
    with pytest.raises(NotFound, match="notes-0009"):
        workplace.runs.get("notes-0009")
    assert not workplace.runs.move("notes-0009", Status.FAILED)


def test_a_runs_folder_that_cannot_be_written_leaves_no_row(workplace: Workplace) -> None:
    (workplace.home / "runs").write_text("a file where the folder should be")

    with pytest.raises(WorkspaceUnusable):
        workplace.runs.create(SPEC, "notes", "anna")

    assert workplace.runs.list() == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_workspace_says_so(workplace: Workplace) -> None:
    workplace.home.chmod(0o500)
    try:
        with pytest.raises(WorkspaceUnusable, match="GENLAB_HOME"):
            workplace.runs.create(SPEC, "notes", "anna")
    finally:
        workplace.home.chmod(0o700)
