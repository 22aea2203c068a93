"""Both open trainers of visual NER: they learn tiny receipts, and their pipelines, saved and loaded, read the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from genlab_widgets.errors import TooFewCompletions
from genlab_widgets.training import dataset
from genlab_widgets.training.dataset import Example
from genlab_widgets.training.finetune.decoding import regions_of
from genlab_widgets.training.finetune.page_tagger import word_f1
from genlab_widgets.training.finetune.pages import pages_of
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spec import TrainingSpec, defaults
from genlab_widgets.training.trainers import Rows, Trained, trainer_for
from tests.training.finetune import page_samples, samples

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark
LABELS = ("ORG", "TOTAL")


def _rows(train: list[Example], test: list[Example]) -> Rows:
    return Rows(
        kind_of("visual_ner"), LABELS, train, test, dataset.build(train)[0], dataset.build(test)[0], language="en"
    )


def _fit(spark: SparkSession, folder: Path, rows: Rows, **fields: Any) -> tuple[Trained, TrainingSpec, Reporter]:
    spec = TrainingSpec.parse({"project": "receipts", "kind": "visual_ner", **fields})
    folder.mkdir(exist_ok=True)
    reporter = Reporter(RunFolder(folder), spec.epochs)
    scratch = folder / "scratch"
    scratch.mkdir()
    return trainer_for(spec).fit(spark, rows, spec, scratch, reporter), spec, reporter


def _f1(gold: list[Example], found: list[Example]) -> float:
    pages = [page for item in gold for page in pages_of(item)]
    given = [regions_of(page.tags) for item in found for page in pages_of(item)]
    return word_f1(pages, given)


@pytest.mark.parametrize("architecture", ["fine_tuned", "annotator"])
def test_it_learns_and_the_saved_pipeline_reads_the_same(
    architecture: str, spark: SparkSession, tmp_path: Path
) -> None:
    from pyspark.ml import PipelineModel

    train, test = page_samples.receipts(96), page_samples.receipts(12, seed=1)
    fields: dict[str, Any] = {"embeddings": "word2vec", "epochs": 20, "learning_rate": 0.01, "batch_size": 8}
    if architecture == "fine_tuned":
        checkpoint = samples.write(tmp_path / "checkpoint")
        fields = {"embeddings": f"folder:{checkpoint}", "epochs": 12, "learning_rate": 3e-3, "batch_size": 8}
    rows = _rows(train, [*test, page_samples.example(500, [], {})])
    trained, spec, reporter = _fit(spark, tmp_path / "run", rows, architecture=architecture, **fields)
    assert _f1(test, trained.predicted[:-1]) > 0.7
    assert trained.predicted[-1].spans == ()
    trained.model.write().overwrite().save(str(tmp_path / "model"))
    loaded = PipelineModel.load(str(tmp_path / "model"))
    again = trainer_for(spec).read(spark, loaded, rows.test_examples)
    assert [item.spans for item in again] == [item.spans for item in trained.predicted]
    epochs = reporter.folder.epochs()
    assert [epoch.number for epoch in epochs][-1] == spec.epochs
    assert "agree on TOTAL" in reporter.folder.log.read_text(encoding="utf-8")


def test_pages_without_words_teach_nothing(spark: SparkSession, tmp_path: Path) -> None:
    empty = [page_samples.example(place, [], {}) for place in range(3)]
    checkpoint = samples.write(tmp_path / "checkpoint")
    with pytest.raises(TooFewCompletions, match="no pages with words"):
        _fit(spark, tmp_path / "run", _rows(empty, empty), architecture="fine_tuned", embeddings=f"folder:{checkpoint}")


def test_automatic_has_the_defaults_of_fine_tuning() -> None:
    assert defaults("visual_ner", "automatic") == defaults("visual_ner", "fine_tuned")
    assert defaults("visual_ner", "annotator")["batch_size"] == 8
