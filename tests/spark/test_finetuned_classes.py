"""Fine-tuned classifiers inside Spark NLP: texts and entities get the classes that the training side gives them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from genlab_widgets.training import split
from genlab_widgets.training.dataset import Example, Span, build
from genlab_widgets.training.finetune.classifier import Classifier
from genlab_widgets.training.finetune.wordpieces import MARKERS
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spark import annotations, targets, texts
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.trainers import (
    Rows,
    classifier_race,
    finetuned_assertion,
    finetuned_classifier,
    finetuning,
    trainer_for,
)
from tests.training.finetune import samples
from tests.training.finetune.texts import hard_texts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark

LABELS = ("sentence", "böse 'ğ' \"x\"", "0", "a, b")
"""Class names that metadata, SQL or a list could trip over."""
TEXTS = [*hard_texts(200), "", "  ", "\u0301", "old bank. " * 5000]


def untrained(marked: bool, multiple: bool) -> tuple[Classifier, Any]:
    """Returns a classifier whose head was drawn wide, so that its classes differ from text to text."""
    checkpoint = samples.checkpoint(case=True, positions=512)
    model = Classifier(checkpoint.with_markers() if marked else checkpoint, LABELS, multiple, marked)
    params = model.begin(seed=5)
    head = np.random.default_rng(5).standard_normal(params["classifier.weight"].shape)
    params["classifier.weight"] = (2 * head).astype("float32")
    return model, params


@pytest.mark.parametrize("multiple", [False, True])
def test_every_text_has_the_classes_of_training(spark: SparkSession, tmp_path: Path, multiple: bool) -> None:
    from pyspark.ml import PipelineModel

    model, params = untrained(marked=False, multiple=multiple)
    passages = [model.passage(text) for text in TEXTS]
    probabilities = model.probabilities(params, passages)
    if not multiple:  # no class shall win everywhere
        params["classifier.bias"] = -np.log(probabilities.mean(axis=0) + 1e-6).astype("float32")
        probabilities = model.probabilities(params, passages)
    fitted = finetuned_classifier.stage(spark, model, params, tmp_path / "model")
    finetuned_classifier.pipeline(fitted, model).write().save(str(tmp_path / "pipeline"))
    examples = [Example(place, text, ()) for place, text in enumerate(TEXTS)]
    loaded = PipelineModel.load(str(tmp_path / "pipeline"))
    read = texts.read(spark, loaded, examples)
    assert [[span.label for span in item.spans] for item in read] == model.taken(probabilities)
    assert len({span.label for item in read for span in item.spans}) > 1
    for item, told in zip(read, probabilities, strict=True):
        for span, score in item.scored:  # metadata say something else by "sentence"
            expected = None if span.label == "sentence" else pytest.approx(told[LABELS.index(span.label)], abs=1e-3)
            assert score == expected
    assert len({len(item.spans) for item in read}) > 1 or not multiple
    for (found,) in loaded.transform(annotations.text_rows(spark, examples[:20])).select(texts.CLASS).collect():
        for item in found:
            assert item.annotatorType == "category"
            assert set(item.metadata) == {*LABELS}


def entities(text: str, seed: int) -> tuple[Span, ...]:
    """Draws spans anywhere in a text: on words, in them and between them."""
    chance = random.Random(seed)
    found = {chance.randrange(len(text)): chance.randint(1, 30) for _ in range(min(len(text), 6))}
    return tuple(
        Span(start, min(start + length, len(text)), LABELS[length % 4]) for start, length in sorted(found.items())
    )


def test_every_entity_has_the_status_of_training(spark: SparkSession, tmp_path: Path) -> None:
    from pyspark.ml import PipelineModel

    model, params = untrained(marked=True, multiple=False)
    many = TEXTS[7]
    examples = [
        *(Example(place, text, entities(text, place)) for place, text in enumerate(TEXTS)),
        Example(1000, many, tuple(Span(place, place + 9, LABELS[0]) for place in range(0, len(many) - 9, 9))),
        Example(1001, f"{MARKERS[0]}old{MARKERS[1]} bank", (Span(1, 4, LABELS[0]),)),
    ]
    expected = finetuned_assertion.predict(model, params, examples)
    fitted = finetuned_classifier.stage(spark, model, params, tmp_path / "model")
    finetuned_assertion.pipeline(fitted, model).write().save(str(tmp_path / "pipeline"))
    loaded = PipelineModel.load(str(tmp_path / "pipeline"))
    read = finetuned_assertion.FineTunedAssertion().read(spark, loaded, examples)
    assert read == expected
    assert sum(len(item.spans) for item in read) > 800
    assert all(score is not None and 0 <= score <= 1 for item in read for _, score in item.scored)
    assert len({span.label for item in read for span in item.spans}) > 1
    assert len(next(item for item in read if item.task_id == 1000).spans) > 60  # several batches
    frame = loaded.transform(targets.chunk_rows(spark, examples[:5])).select(targets.ASSERTION, annotations.CHUNK)
    for statuses, chunks in frame.collect():
        assert [(item.begin, item.end) for item in statuses] == [(item.begin, item.end) for item in chunks]
        for item in statuses:
            assert item.annotatorType == "assertion"
            assert 0 <= float(item.metadata["confidence"]) <= 1


KINDS = {"classification": "money", "assertion": "present"}


def taught(kind: str) -> list[Example]:
    """Makes texts that are about money, or marked words that are present, where ``old`` stands."""
    found = []
    for number in range(60):
        text = f"the {'old' if number % 2 else 'and'} bank 😀 visits {number}."
        start, end = (0, len(text)) if kind == "classification" else (text.index("bank"), text.index("bank") + 4)
        label = KINDS[kind] if number % 2 else "other"
        found.append(Example(number, text, (Span(start, end, label),)))
    return found


@pytest.mark.parametrize("kind", ["classification", "assertion"])
def test_a_trainer_trains_and_its_pipeline_finds_the_same(spark: SparkSession, tmp_path: Path, kind: str) -> None:
    from pyspark.ml import PipelineModel

    place = samples.write(tmp_path / "tiny")
    parts = split.divide(taught(kind), 0.2, 3)
    rows = Rows(
        kind=kind_of(kind),
        labels=(KINDS[kind], "other"),
        train_examples=parts.train,
        test_examples=parts.test,
        train=build(Example(item.task_id, item.text, ()) for item in parts.train)[0],
        test=[],
    )
    fields = {"kind": kind, "architecture": "fine_tuned", "embeddings": f"folder:{place}", "epochs": 12}
    spec = TrainingSpec.parse({"project": "p", "learning_rate": 3e-3, **fields})
    run = RunFolder(tmp_path / "run").create()
    trainer = trainer_for(spec)
    trained = trainer.fit(spark, rows, spec, tmp_path, Reporter(run, spec.epochs))
    assert trained.predicted == parts.test
    trained.model.write().save(str(tmp_path / "model"))
    assert trainer.read(spark, PipelineModel.load(str(tmp_path / "model")), parts.test) == parts.test
    assert trained.validation is not None
    assert trained.validation > 0.9
    assert trained.embeddings["origin"] == "fine-tuned"
    epochs = run.epochs()
    assert epochs[0].number == 1
    assert epochs[-1].validation is not None
    assert "validation accuracy" in run.log.read_text(encoding="utf-8")


def test_the_race_trains_both_and_saves_the_better(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyspark.ml import PipelineModel

    monkeypatch.setattr(classifier_race, "GOOD_ENOUGH", 2.0)
    monkeypatch.setattr(finetuning, "base_of", lambda embeddings: samples.checkpoint(case=True))
    parts = split.divide(taught("classification"), 0.2, 3)
    rows = Rows(
        kind=kind_of("classification"),
        labels=("money", "other"),
        train_examples=parts.train,
        test_examples=parts.test,
        train=build(Example(item.task_id, item.text, ()) for item in parts.train)[0],
        test=[],
    )
    fields = {"kind": "classification", "embeddings": "word2vec", "epochs": 2}
    spec = TrainingSpec.parse({"project": "p", **fields})
    run = RunFolder(tmp_path / "run").create()
    trainer = trainer_for(spec)
    trained = trainer.fit(spark, rows, spec, tmp_path, Reporter(run, spec.epochs))
    assert [item.name for item in trained.race][-1] == "fine_tuned"
    assert all(item.f1 is not None for item in trained.race)
    (taken,) = (item for item in trained.race if item.chosen)
    assert trained.spec.architecture == ("fine_tuned" if taken.name == "fine_tuned" else "annotator")
    trained.model.write().save(str(tmp_path / "model"))
    assert trainer.read(spark, PipelineModel.load(str(tmp_path / "model")), parts.test) == trained.predicted
