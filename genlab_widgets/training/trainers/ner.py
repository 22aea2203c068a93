"""NER with Spark NLP's NerDL: a character CNN and a BiLSTM-CRF on frozen word embeddings.

Defaults and limits: ``docs/benchmarks.md``. NerDL's own ``validationSplit`` has no seed, so the split is ours and the
test rows are handed over as a parquet file; they are scored after each epoch, and nothing is chosen by them.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import genlab_widgets.training.spark.annotations as rows_in_spark
from genlab_widgets.errors import PoorQuality
from genlab_widgets.training import embeddings, graph
from genlab_widgets.training.dataset import Example, Sentence, Span, spans_from_tags
from genlab_widgets.training.reporting import Following
from genlab_widgets.training.spark.annotations import CHUNK, DOCUMENT, EMBEDDINGS, LABEL, NER, SENTENCE, TOKEN
from genlab_widgets.training.tokens import SENTENCE_PATTERN, SPLIT_PATTERN
from genlab_widgets.training.trainers.base import Rows, Trained

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame, SparkSession

    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec

_PREDICTION_BATCH = 32


class NerDL:
    """The open trainer ``annotator`` of kind ``ner``."""

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Trains NerDL on embedded rows; see :class:`genlab_widgets.training.trainers.base.Trainer`.

        Raises:
            GraphNotAvailable: No graph of Spark NLP fits dimension, tags and characters.
            PoorQuality: The loss was no number in the last epoch.
        """
        clock = _Clock()
        base = embeddings.resolve(spec.embeddings, rows.language)
        demand = graph.demand(rows.train)
        chosen = graph.choose(base.dimension, demand.tags, demand.characters)
        reporter.log(f"Embeddings: {base.title} ({base.dimension} dimensions). Graph: {chosen.name}.")
        train = rows_in_spark.sentence_rows(spark, rows.train)
        stage = base.stage(spark, train)
        # Kept: NerDL reads its rows twice, once to count tags and characters, once to learn.
        embedded = stage.transform(train)
        shared = graph.alphabet(rows.train, chosen)
        if shared is not None:
            reporter.log(
                f"{shared.rare} rare characters ({shared.share:.1%} of the text) share one place of the graph."
            )
            embedded = rows_in_spark.spelled(embedded, shared.common, graph.STAND_IN)
        embedded = embedded.persist()
        embedded.count()
        test_place = str(scratch / "test.parquet")
        stage.transform(rows_in_spark.sentence_rows(spark, rows.test)).write.parquet(test_place)
        clock.mark("embeddings")
        with Following(scratch / "annotator_logs", reporter) as following:
            fitted = _approach(spec, scratch, test_place).fit(embedded)
        embedded.unpersist()
        clock.mark("training")
        epochs = following.log.epochs
        if epochs and epochs[-1].diverged:
            raise _diverged(spec)
        fitted.setIncludeConfidence(True).setBatchSize(_PREDICTION_BATCH)
        predicted = _predict(fitted, spark.read.parquet(test_place), rows)
        clock.mark("prediction")
        return Trained(
            model=pipeline(stage, fitted),
            predicted=predicted,
            embeddings={"name": base.name, "dimension": base.dimension, "title": base.title, "origin": base.origin},
            graph=following.log.graph or chosen.name,
            durations=clock.seconds,
        )


def pipeline(stage: Any, fitted: Any) -> PipelineModel:
    """Joins a fitted embeddings stage and a fitted NER model to a pipeline from raw ``text`` to ``ner_chunk``.

    Tokens and sentences are cut by the same rule as the training rows (:mod:`genlab_widgets.training.tokens`).
    """
    from pyspark.ml import PipelineModel
    from sparknlp.annotator import NerConverter, RegexTokenizer, SentenceDetector
    from sparknlp.base import DocumentAssembler

    stages = [
        DocumentAssembler().setInputCol("text").setOutputCol(DOCUMENT).setCleanupMode("disabled"),
        SentenceDetector()
        .setInputCols(DOCUMENT)
        .setOutputCol(SENTENCE)
        .setCustomBounds([SENTENCE_PATTERN])
        .setUseCustomBoundsOnly(True)
        .setCustomBoundsStrategy("append"),
        RegexTokenizer().setInputCols(SENTENCE).setOutputCol(TOKEN).setPattern(SPLIT_PATTERN).setPositionalMask(False),
        stage,
        fitted,
        NerConverter().setInputCols(SENTENCE, TOKEN, NER).setOutputCol(CHUNK),
    ]
    return PipelineModel(stages=stages)


def _approach(spec: TrainingSpec, scratch: Path, test_place: str) -> Any:
    from sparknlp.annotator import NerDLApproach

    return (
        NerDLApproach()
        .setInputCols(SENTENCE, TOKEN, EMBEDDINGS)
        .setLabelColumn(LABEL)
        .setOutputCol(NER)
        .setMaxEpochs(spec.epochs)
        .setLr(spec.learning_rate)
        .setPo(spec.decay)
        .setDropout(spec.dropout)
        .setBatchSize(spec.batch_size)
        .setRandomSeed(spec.seed)
        .setVerbose(1)
        .setValidationSplit(0.0)
        .setEvaluationLogExtended(True)
        .setEnableOutputLogs(True)
        .setOutputLogsPath(_made(scratch / "annotator_logs"))
        .setTestDataset(test_place)
        .setIncludeConfidence(False)
    )


def _made(folder: Path) -> str:
    os.makedirs(folder, exist_ok=True)
    return str(folder)


def _predict(fitted: Any, embedded: DataFrame, rows: Rows) -> list[Example]:
    """Predicts the test tasks from the rows embedded already; each row's tags go back to its own sentence."""
    found = fitted.transform(embedded).select("place", f"{NER}.begin", f"{NER}.result").collect()
    tags = {int(place): dict(zip(begins, results, strict=True)) for place, begins, results in found}
    spans: dict[int, list[Span]] = defaultdict(list)
    for place, sentence in enumerate(rows.test):
        spans[sentence.task_id].extend(_spans(sentence, tags.get(place, {})))
    return [Example(item.task_id, item.text, tuple(spans[item.task_id])) for item in rows.test_examples]


def _spans(sentence: Sentence, tags: dict[int, str]) -> list[Span]:
    """Joins tags to spans, by the place where each token begins.

    A token to which the embeddings gave no vector (beyond an encoder's limit, or nothing but an accent) has no tag; the
    saved pipeline passes over it too.
    """
    begins = rows_in_spark.begins(sentence)
    tagged = [(token, tags[begin]) for token, begin in zip(sentence.tokens, begins, strict=True) if begin in tags]
    return spans_from_tags([token for token, _ in tagged], [tag for _, tag in tagged])


def _diverged(spec: TrainingSpec) -> PoorQuality:
    return PoorQuality(
        "The training learned nothing: its loss stopped being a number.",
        f"With a learning rate of {spec.learning_rate:g} the steps were too large for these texts.",
        f"Train again with a learning rate of {spec.learning_rate / 3:.1g} or lower.",
    )


class _Clock:
    """Seconds by part of the work."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self.seconds: dict[str, float] = {}

    def mark(self, name: str) -> None:
        """Ends the present part under this name."""
        now = time.monotonic()
        self.seconds[name] = round(now - self._last, 2)
        self._last = now
