"""Assertion status trained for real: the saved pipeline after NER, on raw text, and the targets it reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genlab_widgets.training import split
from genlab_widgets.training.benchmark import evaluate
from genlab_widgets.training.dataset import Example, Span, build
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.trainers import Rows
from genlab_widgets.training.trainers.assertion import AssertionDL, located

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark

KIND = kind_of("assertion")
LABELS = ("present", "absent")
PROBLEMS = ("fever", "severe cough", "Übelkeit", "chest pain", "rash 😀", "sore throat")


def note(number: int) -> Example:
    """A note with two problems in one sentence, the same words with another status in the next one."""
    first, second = PROBLEMS[number % 6], PROBLEMS[(number * 5 + 1) % 6]
    text, spans = f"😀 Note {number}. ", []
    for said, status in ((first, "present"), (second, "absent")):
        text += "Patient has " if status == "present" else "but denies any "
        spans.append(Span(len(text), len(text) + len(said), status))
        text += f"{said} "
    text += "today. There is no "
    spans.append(Span(len(text), len(text) + len(first), "absent"))
    text += f"{first}."
    return Example(number, text, tuple(spans))


def test_targets_are_found_in_their_sentences() -> None:
    examples = [note(1), Example(2, "Fever", (Span(0, 5, "present"), Span(5, 9, "absent")))]
    sentences = build(Example(item.task_id, item.text, ()) for item in examples)[0]
    found = located(examples, sentences)
    assert [(item.task_id, item.number, item.status) for item in found] == [
        *((1, 0, "present"), (1, 1, "absent"), (1, 2, "absent")),
        (2, 0, "present"),  # the second span has no token
    ]
    assert found[0].place == found[1].place != found[2].place
    assert found[0].first <= found[0].last < found[1].first


def test_status_of_each_entity_after_ner_on_raw_text(spark: SparkSession, tmp_path: Path) -> None:
    from pyspark.ml import PipelineModel

    parts = split.divide([note(number) for number in range(90)], 0.2, 3)
    plain = [[Example(item.task_id, item.text, ()) for item in part] for part in parts]
    rows = Rows(
        kind=KIND,
        labels=LABELS,
        train_examples=parts.train,
        test_examples=parts.test,
        train=build(plain[0])[0],
        test=build(plain[1])[0],
    )
    spec = TrainingSpec(project="notes", kind="assertion", embeddings="word2vec", epochs=8)
    run = RunFolder(tmp_path / "run").create()
    trainer = AssertionDL()
    trained = trainer.fit(spark, rows, spec, tmp_path, Reporter(run, spec.epochs))
    found = evaluate(KIND, parts.test, trained.predicted, LABELS)
    assert found.f1 > 0.75  # the same words are present and absent: only the context tells
    assert trained.graph is not None
    assert "_128_" in trained.graph
    trained.model.write().save(str(tmp_path / "model"))
    again = PipelineModel.load(str(tmp_path / "model"))
    odd = [Example(1000, "", ()), Example(1001, "No entity here.", ())]
    read = trainer.read(spark, again, [*parts.test, *odd])
    assert {item.task_id: item.spans for item in read if item.task_id < 1000} == {
        item.task_id: item.spans for item in trained.predicted
    }
    assert [item.spans for item in read if item.task_id >= 1000] == [(), ()]
    assert all(score is not None and 0 <= score <= 1 for item in read for _, score in item.scored)
