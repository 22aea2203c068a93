"""What "automatic" trains for entities in a language that the transformer does not know: it, or a CRF on words.

The CRF comes first, since it takes seconds; then the transformer is fine-tuned, and the part of the training tasks that
chooses its epoch judges both. What is better is saved; the CRF then learns from all training tasks.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import genlab_widgets.training.spark.annotations as rows_in_spark
from genlab_widgets.training import automatic, word_crf
from genlab_widgets.training.dataset import Example, Sentence
from genlab_widgets.training.finetune import validation
from genlab_widgets.training.finetune.tagger import entity_f1
from genlab_widgets.training.runfolder import Candidate
from genlab_widgets.training.trainers import contest, crf
from genlab_widgets.training.trainers.base import Rows, Trained
from genlab_widgets.training.trainers.finetuned_ner import FineTunedNer

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec

_CRF = "CRF on words"


class NerRace:
    """The open trainer ``automatic`` of kind ``ner``."""

    needs_graph = False

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Compares and trains; see :class:`genlab_widgets.training.trainers.base.Trainer`."""
        words = judged(rows, spec)
        reached = "was not compared" if words.f1 is None else f"has {words.f1:.3f}"
        told = words.note if words.f1 is None else f"F1 {words.f1:.3f} on held-out training tasks"
        reporter.log(f"{_CRF}: {told}.")
        tuned_spec = spec.model_copy(update={"architecture": "fine_tuned"})
        tuned = contest.enter(FineTunedNer(), spark, rows, tuned_spec, scratch, reporter)
        if tuned.trained is not None and tuned.beats(words.f1):
            why = f"Automatic took the fine-tuned transformer: F1 {tuned.told.f1:.3f} on held-out training tasks"
            race = [words, tuned.told.model_copy(update={"chosen": True})]
            why = f"{why}, a CRF {reached}."
            return replace(tuned.trained, race=race, spec=tuned_spec, why=why)
        reporter.forget()
        crf_spec = automatic.as_crf(spec)
        reporter.expect(crf_spec.epochs)
        trained = crf.WordCrf().fit(spark, rows, crf_spec, scratch, reporter)
        own = "" if words.f1 is None else f"F1 {words.f1:.3f} on held-out training tasks; "
        why = f"Automatic took a CRF on words: {own}the fine-tuned transformer {tuned.result}."
        race = [words.model_copy(update={"chosen": True}), tuned.told]
        return replace(trained, race=race, spec=crf_spec, why=why)

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the entities that a saved pipeline finds in their texts."""
        return rows_in_spark.entities(spark, model, examples)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> None:
        """Returns None: neither needs a graph."""


def judged(rows: Rows, spec: TrainingSpec) -> Candidate:
    """Trains a CRF without the held-out part of the training tasks, and scores it there.

    One whose labels are too many is not compared: it would take longer than the transformer.
    """
    began = time.monotonic()
    parts = validation.hold_out(rows.train, spec.seed)
    spent = word_crf.effort_on(parts.train)
    if not spent.affordable:
        count = word_crf.tags_in([sentence.tags for sentence in parts.train])
        return Candidate(name="crf", title=_CRF, note=f"left out: {count:,} tags would take it too long")
    model = word_crf.learn(parts.train, spec.seed)
    wanted = [sentence.tags for sentence in parts.validation]
    found = 0.0 if model is None else entity_f1(wanted, word_crf.tagged(model, parts.validation))
    return Candidate(
        name="crf",
        title=_CRF,
        f1=found,
        seconds=round(time.monotonic() - began, 1),
        note=f"{spent.passes} passes at most",
    )
