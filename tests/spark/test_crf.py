"""A CRF as a model of its own: trained, saved, read by others, on several executors; and its race with the transformer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genlab_widgets.errors import TooFewCompletions
from genlab_widgets.training.dataset import Example, build
from genlab_widgets.training.kinds.ner import NER
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.trainers import Rows, Trained, trainer_for
from tests.spark import elsewhere
from tests.training.finetune import samples
from tests.training.test_baseline import toy

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark
LABELS = ("DRUG", "DOSE")


def rows(train: list[Example], test: list[Example]) -> Rows:
    blank = [item.with_spans(()) for item in test]
    return Rows(NER, LABELS, train, test, build(train)[0], build(blank)[0], language="de")


def fitted(spark: SparkSession, folder: Path, given: Rows, **fields: object) -> tuple[Trained, Reporter]:
    spec = TrainingSpec.parse({"project": "notes", **fields})
    reporter = Reporter(RunFolder(folder).create(), spec.epochs)
    return trainer_for(spec).fit(spark, given, spec, folder, reporter), reporter


@pytest.fixture(scope="module")
def test() -> list[Example]:
    two = "\U0001f600 Ann took codeine 5 mg. Ben took aspirin 20 mg at home.\nNothing here."
    return [*toy(20, 100, seed=2), Example(998, two, ()), Example(999, "", ())]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crf")


@pytest.fixture(scope="module")
def trained(spark: SparkSession, test: list[Example], folder: Path) -> Trained:
    found, reporter = fitted(spark, folder / "run", rows(toy(60), test), architecture="crf", epochs=40)
    epochs = reporter.folder.epochs()
    assert [epoch.number for epoch in epochs] == list(range(1, len(epochs) + 1))
    assert epochs[-1].loss is not None
    assert epochs[0].loss is not None
    assert epochs[-1].loss < epochs[0].loss
    return found


@pytest.fixture(scope="module")
def saved(trained: Trained, folder: Path) -> Path:
    """The saved pipeline, the files that it was made of gone."""
    trained.model.write().save(str(folder / "model"))
    for file in (folder / "run").glob("word*"):
        file.unlink()
    return folder / "model"


def test_the_saved_pipeline_finds_in_raw_text_what_training_found(
    spark: SparkSession, trained: Trained, saved: Path, test: list[Example]
) -> None:
    from pyspark.ml import PipelineModel

    loaded = PipelineModel.load(str(saved))
    found = trainer_for(TrainingSpec(project="notes", architecture="crf")).read(spark, loaded, test)
    assert [set(item.spans) for item in found] == [set(item.spans) for item in trained.predicted]
    assert [set(item.spans) for item in found[:20]] == [set(item.spans) for item in test[:20]]
    assert [found[20].text[span.start : span.end] for span in found[20].spans] == [
        "codeine",
        "5 mg",
        "aspirin",
        "20 mg",
    ]
    frame = spark.createDataFrame([(test[20].text,), ("",), (None,)], "text string")
    chunks, *empty = (row.ner_chunk for row in loaded.transform(frame).collect())
    assert all(0 < float(chunk.metadata["confidence"]) <= 1 for chunk in chunks)
    assert empty == [[], []]


def test_executors_share_the_work(
    spark: SparkSession, trained: Trained, saved: Path, test: list[Example], tmp_path: Path
) -> None:
    from pyspark.ml import PipelineModel

    from genlab_widgets.training.spark import reading
    from genlab_widgets.training.spark.annotations import text_rows

    loaded = PipelineModel.load(str(saved))
    PipelineModel(stages=[loaded.stages[-2]]).write().save(str(tmp_path / "tagger"))
    tokens = PipelineModel(stages=reading.stages()).transform(text_rows(spark, test))
    tokens.select("task_id", "token").write.parquet(str(tmp_path / "tokens"))
    tags = "to_json(transform(ner, item -> item.result))"
    found, places = elsewhere.transformed(
        "local-cluster[2,1,512]", tmp_path / "tagger", tmp_path / "tokens", tags, tmp_path
    )
    here = loaded.transform(text_rows(spark, test)).selectExpr("task_id", "transform(ner, item -> item.result) as tags")
    assert found == {row.task_id: list(row.tags) for row in here.collect()}
    assert places == 2


def test_without_entities_there_is_nothing_to_learn(spark: SparkSession, tmp_path: Path) -> None:
    empty = [item.with_spans(()) for item in toy(5)]
    with pytest.raises(TooFewCompletions, match="nothing to learn"):
        fitted(spark, tmp_path / "run", rows(empty, empty), architecture="crf")


def test_the_race_takes_the_better_one_and_says_why(spark: SparkSession, test: list[Example], tmp_path: Path) -> None:
    checkpoint = samples.write(tmp_path / "checkpoint")
    fields = {"embeddings": f"folder:{checkpoint}", "epochs": 2, "learning_rate": 1e-5}
    found, reporter = fitted(spark, tmp_path / "run", rows(toy(60), test), **fields)
    assert found.spec.architecture == "crf"  # two small steps teach the transformer less than a CRF learns
    assert found.why.startswith("Automatic took a CRF on words: F1 ")
    assert [(item.name, item.chosen) for item in found.race] == [("crf", True), ("fine_tuned", False)]
    assert all(item.f1 is not None and item.seconds is not None for item in found.race)
    assert [set(item.spans) for item in found.predicted[:20]] == [set(item.spans) for item in test[:20]]
    assert reporter.folder.epochs()[0].total == 100
