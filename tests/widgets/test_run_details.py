"""The details of a run: which script trained it, and scores that count words where it trained on pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from genlab_widgets.cli.runs import benchmark_table
from genlab_widgets.training.benchmark import evaluate
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.preparation import prepare
from genlab_widgets.training.runfolder import Result, Scores
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.workspace import Run, Workspace
from tests import samples
from tests.bills import LABELS, write_bills
from tests.samples import finish, imported, write_export

SCRIPT = {"name": "mine.py", "hash": "ab12" * 16, "author": "olga", "uploaded_at": "2026-02-03T04:05:06+00:00"}


def test_the_details_say_which_script_trained(home: Path, tmp_path: Path) -> None:
    from genlab_widgets.widgets import HistoryPage

    imported(home, write_export(tmp_path / "notes", 12))
    workspace = Workspace(home)
    run = finish(workspace, TrainingSpec(project="notes", custom_script="mine.py@ab12ab12"), "notes")
    assert run.result is not None
    run.folder.write_result(run.result.model_copy(update={"script": SCRIPT}))
    page = HistoryPage(workspace.project("notes"), background=False)
    page._act("details", run.id)
    assert "trained by mine.py@ab12ab12" in page.details.title.value
    page.details._toggle_benchmark()
    assert f"mine.py, by olga, 2026-02-03, SHA-256 {SCRIPT['hash']}" in page.details.benchmark.facts.value


@pytest.fixture
def bills_run(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A finished run over bills, whose model missed every TOTAL."""
    project = imported(home, write_bills(tmp_path / "bills"))
    spec = TrainingSpec(project="bills", kind="visual_ner", test_train_tags=True)

    def measured(run_id: str, spec: TrainingSpec, name: str, _: object) -> Result:
        gold = prepare(project, spec).parts.test
        found = [item.with_spans(span for span in item.spans if span.label == "SHOP") for item in gold]
        model = evaluate(kind_of("visual_ner"), gold, found, LABELS)
        baseline = evaluate(kind_of("visual_ner"), gold, [item.with_spans(()) for item in gold], LABELS)
        scores = Scores.model_validate({**model.headline.model_dump(), **model.of_pages()})
        return Result(
            run_id=run_id, project=name, kind=spec.kind, spec=spec, scores=scores, benchmark=model, baseline=baseline,
            verdict="Better.",
        )  # fmt: skip

    monkeypatch.setattr(samples, "result_of", measured)
    return finish(Workspace(home), spec, "bills")


def test_pages_are_scored_by_words_with_whole_regions_beside_them(bills_run: Run) -> None:
    from genlab_widgets.widgets import ModelsPage

    scores = bills_run.workspace.models()[0].scores
    assert scores["recall"] == scores["words"]["recall"] == pytest.approx(2 / 3)  # a shop has two words, a total one
    assert scores["regions"]["recall"] == 0.5
    page = ModelsPage(bills_run.workspace.project("bills"), background=False)
    (tile,) = page.tiles.values()
    assert "0.80" in tile.about.value
    assert "whole regions 0.67" in tile.about.value
    tile._toggle()
    table = tile.benchmark.table.value
    assert "words with the right label" in table
    assert "F1, whole regions" in table
    assert all(f">{count}<" in table for count in (8, 4, 12))  # words of shops and totals, and of both
    told = benchmark_table(bills_run.benchmark, bills_run.baseline, bills_run.baseline_title)
    assert "whole regions" in told
    assert told.splitlines()[0].split() == ["label", "precision", "recall", "F1", "words", "95", "%", "interval"]


def test_runs_over_pages_are_compared_by_their_words(bills_run: Run) -> None:
    from genlab_widgets.widgets import HistoryPage

    second = finish(bills_run.workspace, bills_run.spec, "bills")
    page = HistoryPage(bills_run.workspace.project("bills"), background=False)
    page.comparison.present(bills_run.workspace.compare(bills_run, second))
    assert "F1 of words by label" in page.comparison.labels.value
    assert ">12<" in page.comparison.labels.value


def test_other_kinds_have_no_words_and_no_regions() -> None:
    assert Scores(f1=0.5).model_dump(mode="json") == {"precision": None, "recall": None, "f1": 0.5, "accuracy": None}
