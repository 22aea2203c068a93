"""Classifiers trained for real: heads, the saved pipeline on raw text, and what Spark ML computes beside Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genlab_widgets.errors import WrongParameters
from genlab_widgets.training import embeddings, split
from genlab_widgets.training.benchmark import evaluate
from genlab_widgets.training.dataset import Example, Span, build
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spark import annotations, texts
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.trainers import Rows, Trained
from genlab_widgets.training.trainers.classification import Classifier

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark

KIND = kind_of("classification")
ANIMALS = {"dog": "The dog barks at the gate", 'cat\'s "own"': "A cat purrs on the sofa", "böse ğ": "An old owl hoots"}
"""Class names with quotes and letters that an SQL statement or a file name could trip over."""
PLACES = ("in town", "by the sea", "at home 😀", "in the old mill.\nIt rains")


def animals(multiple: bool) -> list[Example]:
    """Texts of one class, or of several where a text has several sentences."""
    found = []
    names = list(ANIMALS)
    for number in range(60):
        chosen = [names[number % 3]]
        if multiple and number % 4 == 0:
            chosen.append(names[(number + 1) % 3])
        if multiple and number % 10 == 9:
            chosen = []
        said = ". ".join(ANIMALS[name] for name in chosen) or "Nothing moves"
        text = f"{said} {PLACES[number % 4]} {number}"
        found.append(Example(number, text, tuple(Span(0, len(text), name) for name in chosen)))
    return found


def train(
    spark: SparkSession, folder: Path, multiple: bool, head: str, epochs: int = 40
) -> tuple[Trained, list[Example], Classifier]:
    parts = split.divide(animals(multiple), 0.25, 1)
    rows = Rows(
        kind=KIND,
        labels=tuple(ANIMALS),
        train_examples=parts.train,
        test_examples=parts.test,
        train=build(Example(item.task_id, item.text, ()) for item in parts.train)[0],
        test=[],
        multiple=multiple,
    )
    fields = {"kind": "classification", "embeddings": "word2vec", "head": head, "epochs": epochs, "batch_size": 8}
    spec = TrainingSpec.parse({"project": "animals", "classifier": "animal", **fields})
    run = RunFolder(folder / "run").create()
    trainer = Classifier()
    return trainer.fit(spark, rows, spec, folder, Reporter(run, spec.epochs)), parts.test, trainer


@pytest.mark.parametrize("multiple", [False, True])
def test_logistic_regression_gives_in_spark_what_it_gave_in_python(
    spark: SparkSession, tmp_path: Path, multiple: bool
) -> None:
    from pyspark.ml import PipelineModel

    trained, gold, trainer = train(spark, tmp_path, multiple, "logistic_regression")
    assert [item.name for item in trained.race if item.chosen] == ["logistic_regression"]
    place = str(tmp_path / "model")
    trained.model.write().save(place)
    again = PipelineModel.load(place)
    odd = [Example(1000, "", ()), Example(1001, "😀", ()), Example(1002, "x" * 5000, ())]
    read = trainer.read(spark, again, [*gold, *odd])
    assert {item.task_id: set(item.spans) for item in read[: len(gold)]} == {
        item.task_id: set(item.spans) for item in trained.predicted
    }
    assert all(len(item.spans) == 1 for item in read) or multiple
    assert all(score is not None and 0 <= score <= 1 for item in read for _, score in item.scored)
    assert evaluate(KIND, gold, trained.predicted, tuple(ANIMALS)).f1 > 0.9
    shown = again.transform(annotations.text_rows(spark, gold[:3])).select(texts.CLASS).collect()
    for (found,) in shown:
        for item in found:
            assert item.annotatorType == "category"
            assert set(item.metadata) == {"sentence", *ANIMALS}
            assert float(item.metadata[item.result]) > 0.1


@pytest.mark.parametrize("multiple", [False, True])
def test_spark_nlps_own_classifiers_train_and_are_saved(spark: SparkSession, tmp_path: Path, multiple: bool) -> None:
    from pyspark.ml import PipelineModel

    count = 3 if multiple else 8  # MultiClassifierDL is slow and keeps native memory with every step
    trained, gold, trainer = train(spark, tmp_path, multiple, "classifier_dl", count)
    assert [item.name for item in trained.race if item.chosen] == ["classifier_dl"]
    trained.model.write().save(str(tmp_path / "model"))
    read = trainer.read(spark, PipelineModel.load(str(tmp_path / "model")), gold)
    assert {item.task_id: set(item.spans) for item in read} == {
        item.task_id: set(item.spans) for item in trained.predicted
    }
    assert all(score is not None and 0 <= score <= 1 for item in read for _, score in item.scored)
    log = (tmp_path / "run" / "training.log").read_text(encoding="utf-8")
    assert f"Epoch {count - 1}/{count}" in log  # the file counts from 0
    epochs = RunFolder(tmp_path / "run").epochs()
    assert epochs[-1].number == count
    assert epochs[-1].loss < epochs[0].loss  # type: ignore[operator]


def test_automatic_compares_both_and_takes_the_better(spark: SparkSession, tmp_path: Path) -> None:
    trained, _, _ = train(spark, tmp_path, False, "automatic")
    assert {item.name for item in trained.race} == {"logistic_regression", "classifier_dl"}
    taken = next(item for item in trained.race if item.chosen)
    assert taken.f1 == max(item.f1 or 0 for item in trained.race)
    assert all(item.seconds is not None and item.note for item in trained.race)


def test_a_text_is_the_mean_of_its_sentences(spark: SparkSession, tmp_path: Path) -> None:
    import numpy as np
    from pyspark.ml import PipelineModel

    items = [Example(1, "One two three. Four five six seven. Eight nine.", ()), Example(2, "", ())]
    base = embeddings.resolve("word2vec", "en")
    stage = base.stage(spark, annotations.sentence_rows(spark, build(items)[0]))
    read = PipelineModel(stages=texts.stages(stage, base)).transform(annotations.text_rows(spark, items))
    ids, vectors = texts.matrix(read)
    row = read.filter("task_id = 1").collect()[0]
    by_sentence = [
        np.mean([word.embeddings for word in row.embeddings if word.metadata["sentence"] == str(number)], axis=0)
        for number in range(3)
    ]
    assert np.allclose(vectors[ids.index(1)], np.mean(by_sentence, axis=0), atol=1e-5)
    assert not vectors[ids.index(2)].any()


def classes_of(count: int) -> Rows:
    """Three texts of each class, that a word tells apart."""
    items = [
        Example(number, f"word{number % count} in text {number}", (Span(0, 4, f"class {number % count}"),))
        for number in range(3 * count)
    ]
    names = tuple(f"class {number}" for number in range(count))
    return Rows(KIND, names, items, items[:5], build(item.with_spans(()) for item in items)[0], [])


def fit_classes(spark: SparkSession, folder: Path, count: int, head: str) -> Trained:
    fields = {"kind": "classification", "embeddings": "word2vec", "head": head, "epochs": 1}
    spec = TrainingSpec.parse({"project": "p", "classifier": "topic", **fields})
    reporter = Reporter(RunFolder(folder / "run").create(), spec.epochs)
    return Classifier().fit(spark, classes_of(count), spec, folder, reporter)


@pytest.mark.parametrize("count", [2, 100])
def test_spark_nlps_classifier_learns_up_to_a_hundred_classes(spark: SparkSession, tmp_path: Path, count: int) -> None:
    trained = fit_classes(spark, tmp_path, count, "classifier_dl")
    assert [item.name for item in trained.race] == ["classifier_dl"]


def test_of_more_than_a_hundred_classes_automatic_leaves_it_out_and_says_so(
    spark: SparkSession, tmp_path: Path
) -> None:
    trained = fit_classes(spark, tmp_path, 101, "automatic")
    taken, left_out = trained.race
    assert (taken.name, taken.chosen) == ("logistic_regression", True)
    assert (left_out.name, left_out.chosen, left_out.f1) == ("classifier_dl", False, None)
    assert left_out.note == "left out: takes 2 to 100 classes, and there are 101"
    with pytest.raises(WrongParameters, match="cannot learn these classes"):
        fit_classes(spark, tmp_path / "asked", 101, "classifier_dl")
