"""The steps of a training without Spark: parameters, failures on record, and the order of cells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genlab_widgets.errors import FailureReason, GenlabError, NotFound, TooFewCompletions, WrongParameters
from genlab_widgets.training import baseline_process, steps
from genlab_widgets.training.dataset import read_examples
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.page_marks import marked_pages
from genlab_widgets.training.runfolder import RunFolder
from tests.bills import write_bills
from tests.samples import imported

if TYPE_CHECKING:
    from genlab_widgets.projects.store import Project


@pytest.fixture
def given_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run folder as a worker names it."""
    folder = RunFolder(tmp_path / "run-0001").create()
    monkeypatch.setenv(steps.RUN_FOLDER, str(folder.path))
    return folder


def test_a_notebook_by_hand_gets_a_folder_of_its_own(demo_project: Project, home: Path) -> None:
    run = steps.begin({"project": demo_project.name, "epochs": 3, "something_else": object()})
    assert run.folder.path.parent == home / "runs"
    assert run.folder.path.name.startswith(f"{demo_project.name}-hand-")
    stored = run.folder.read_spec()
    assert stored is not None
    assert (stored.project, stored.epochs) == (demo_project.name, 3)
    assert "epochs=3" in run.folder.log.read_text(encoding="utf-8")


def test_a_worker_names_the_folder_and_its_spec_stays(demo_project: Project, given_folder: RunFolder) -> None:
    given_folder.write_spec(steps.TrainingSpec(project=demo_project.name, epochs=9))
    run = steps.begin({"project": demo_project.name, "epochs": 9})
    assert run.folder.path == given_folder.path


@pytest.mark.parametrize(
    ("fields", "kind", "reason"),
    [
        ({"epochs": 0}, WrongParameters, FailureReason.WRONG_PARAMETERS),
        ({"project": "no_such_project"}, NotFound, FailureReason.WRONG_PARAMETERS),
    ],
)
def test_a_wrong_parameter_is_on_record(
    demo_project: Project,
    given_folder: RunFolder,
    fields: dict[str, object],
    kind: type[GenlabError],
    reason: FailureReason,
) -> None:
    with pytest.raises(kind):
        steps.begin({"project": demo_project.name, **fields})
    failure = given_folder.read_failure()
    assert failure is not None
    assert failure.reason == reason
    assert failure.next_step
    assert "Traceback" in given_folder.log.read_text(encoding="utf-8")


def test_what_is_not_ready_fails_before_spark(demo_project: Project, given_folder: RunFolder) -> None:
    run = steps.begin({"project": demo_project.name, "tags": ["nobody-has-this"]})
    with pytest.raises(TooFewCompletions):
        run.prepare()
    failure = given_folder.read_failure()
    assert failure is not None
    assert failure.reason == FailureReason.TOO_FEW_COMPLETIONS


def test_an_unexpected_error_becomes_sentences(
    demo_project: Project, given_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("java.lang.OutOfMemoryError: Java heap space")

    monkeypatch.setattr(steps.readiness, "check_and_prepare", broken)
    run = steps.begin({"project": demo_project.name})
    with pytest.raises(GenlabError) as caught:
        run.prepare()
    assert caught.value.reason == FailureReason.NOT_ENOUGH_RESOURCES
    assert "memory" in str(caught.value)
    assert caught.value._render_traceback_() == [f"NotEnoughResources (GL400): {caught.value}"]
    assert "RuntimeError" in given_folder.log.read_text(encoding="utf-8")


def test_cells_out_of_order_say_which_comes_first(demo_project: Project, given_folder: RunFolder) -> None:
    run = steps.begin({"project": demo_project.name})
    with pytest.raises(NotFound, match=r"prepare\(\)"):
        run.start_baseline()


def test_preparing_writes_the_rows_and_shows_what_is_known(demo_project: Project, given_folder: RunFolder) -> None:
    run = steps.begin({"project": demo_project.name})
    shown = repr(run.prepare())
    assert "Which tasks train" in shown
    assert (given_folder.dataset / "train.parquet").is_file()
    progress = given_folder.read_progress()
    assert progress is not None
    assert progress.step == "prepare"
    assert run.durations["prepare"] > 0


@pytest.mark.process
def test_the_baseline_runs_beside_and_is_read_late(demo_project: Project, given_folder: RunFolder) -> None:
    run = steps.begin({"project": demo_project.name})
    run.prepare()
    run.start_baseline()
    found = run.baseline
    assert found is not None
    assert given_folder.read_baseline() == found
    assert found.exact.micro.f1 > 0.3
    run.close()


@pytest.mark.process
def test_a_baseline_that_fails_costs_nothing_but_itself(given_folder: RunFolder) -> None:
    running = baseline_process.start(given_folder, kind_of("ner"), ["DRUG"], 1)  # there is no dataset
    assert running.wait() is None
    assert "BadInput" in given_folder.log.read_text(encoding="utf-8")


def test_pages_are_shown_with_their_pictures_and_without_one_that_is_gone(
    home: Path, tmp_path: Path, given_folder: RunFolder
) -> None:
    project = imported(home, write_bills(tmp_path / "bills"))
    run = steps.begin({"project": "bills", "kind": "visual_ner", "test_train_tags": True})
    shown = repr(run.prepare())
    assert "SHOP" in shown
    _, gold = read_examples(given_folder.dataset)
    assert all(example.layout is not None for example in gold)
    run.folder.write_pages(marked_pages(gold, [], project.tasks()))
    (project.folder / "images" / "5_0.png").unlink()
    view = run.pages()
    assert "4 of 5 test pages have an error." in repr(view)
    assert "Task 20 (bill 20), page 1 of 2: 2 missed" in repr(view)
    assert view._repr_html_().count("data:image/jpeg") == 4
    log = given_folder.log.read_text(encoding="utf-8")
    assert log.count("is shown without its picture") == 1
    assert "images/5_0.png is not in the project" in log
