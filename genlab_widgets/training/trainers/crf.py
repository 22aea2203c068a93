"""NER with a CRF on words and their shapes: any language, nothing to download, seconds to train.

It is the model that stands as the baseline beside every other NER model; where it is as good, it is the better choice.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import genlab_widgets.training.spark.annotations as rows_in_spark
from genlab_widgets.errors import TooFewCompletions
from genlab_widgets.training import word_crf
from genlab_widgets.training.dataset import Example, Sentence
from genlab_widgets.training.epochs import Epoch
from genlab_widgets.training.spark import reading
from genlab_widgets.training.spark.annotations import CHUNK, NER, SENTENCE, TOKEN
from genlab_widgets.training.trainers.base import Clock, Rows, Trained

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec
    from genlab_widgets.training.word_crf import Effort

ABOUT = {"name": "none", "title": "Words and their shapes", "origin": "the project's texts"}
"""What ``result.json`` says of embeddings: there are none."""


class WordCrf:
    """The open trainer ``crf`` of kind ``ner``."""

    needs_graph = False

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Trains; see :class:`genlab_widgets.training.trainers.base.Trainer`. The epochs are passes of L-BFGS.

        Raises:
            TooFewCompletions: There is no entity to learn from.
        """
        clock = Clock()
        most = word_crf.MOST_TOKENS_ALONE
        spent = word_crf.effort_on(rows.train, most, spec.epochs)
        reporter.log(_plan(rows.train, spent, spec.epochs))
        reporter.expect(spent.passes)
        reporter.began()
        heard = _listener(reporter, spent.passes, len(rows.train))
        model = word_crf.learn(rows.train, spec.seed, iterations=spec.epochs, heard=heard, most=most)
        if model is None:
            raise TooFewCompletions(
                "There is nothing to learn from.",
                "No training task has a marked entity.",
                "Mark entities in the tasks, and submit them.",
            )
        clock.mark("training")
        file = scratch / "word.crf"
        shutil.copyfile(model.modelfile.name, file)
        predicted = word_crf.predict(model, rows.test_examples, rows.test)
        clock.mark("prediction")
        return Trained(model=_pipeline(file), predicted=predicted, embeddings=dict(ABOUT), durations=clock.seconds)

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the entities that a saved pipeline finds in their texts."""
        return rows_in_spark.entities(spark, model, examples)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> None:
        """Returns None: a CRF needs no graph."""


def _plan(sentences: Sequence[Sentence], spent: Effort, passes: int) -> str:
    """Says what is learned from, and what of it is left out."""
    tokens = sum(len(sentence.tokens) for sentence in sentences)
    told = f"Trains a CRF on {len(sentences):,} sentences."
    if spent.tokens < tokens:
        told = f"Trains a CRF on {spent.tokens:,} of {tokens:,} tokens; more would take too long or too much memory."
    if spent.passes < passes:
        told = f"{told} It makes {spent.passes} passes, not {passes}: there are many labels."
    return told


def _listener(reporter: Reporter, passes: int, rows: int) -> Callable[[int, float], None]:
    last = time.monotonic()

    def heard(number: int, loss: float) -> None:
        nonlocal last
        now = time.monotonic()
        reporter.log(f"Pass {number}: loss {loss:.1f}.")
        reporter.epochs([Epoch(number=number, total=passes, seconds=now - last, loss=loss, train_rows=rows)])
        last = now

    return heard


def _pipeline(file: Path) -> PipelineModel:
    """Joins a CRF's file to a pipeline from raw ``text`` to ``ner_chunk``; tokens are cut as in the training rows."""
    from pyspark.ml import PipelineModel
    from sparknlp.annotator import NerConverter

    from genlab_widgets.training.spark.word_tags import CrfTagger

    converter = NerConverter().setInputCols(SENTENCE, TOKEN, NER).setOutputCol(CHUNK)
    return PipelineModel(stages=[*reading.stages(), CrfTagger.of(file), converter])
