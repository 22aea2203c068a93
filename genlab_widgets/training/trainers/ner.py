"""NER with Spark NLP's NerDL: a character CNN and a BiLSTM-CRF on frozen word embeddings.

Defaults and limits: ``docs/benchmarks.md``. NerDL's own ``validationSplit`` has no seed, so the split is ours and the
test rows are handed over as a parquet file; they are scored after each epoch, and nothing is chosen by them.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import genlab_widgets.training.spark.annotations as rows_in_spark
from genlab_widgets.errors import PoorQuality
from genlab_widgets.training import embeddings, graph
from genlab_widgets.training.dataset import Example, Sentence, Span, spans_from_tags
from genlab_widgets.training.reporting import Following
from genlab_widgets.training.spark import reading
from genlab_widgets.training.spark.annotations import CHUNK, EMBEDDINGS, LABEL, NER, SENTENCE, TOKEN
from genlab_widgets.training.trainers.base import Clock, Demanded, Rows, Trained, about

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame, SparkSession

    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec

_PREDICTION_BATCH = 32


class NerDL:
    """The open trainer ``annotator`` of kind ``ner``."""

    needs_graph = True

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Trains NerDL on embedded rows; see :class:`genlab_widgets.training.trainers.base.Trainer`.

        Raises:
            GraphNotAvailable: No graph of Spark NLP fits dimension, tags and characters.
            PoorQuality: The loss was no number in the last epoch.
        """
        clock = Clock()
        base = embeddings.resolve(spec.embeddings, rows.language)
        demanded = self.graph(rows.train, rows.labels, base.dimension)
        chosen = demanded.graph
        reporter.log(f"Embeddings: {base.title} ({base.dimension} dimensions). Graph: {chosen.name}.")
        train = rows_in_spark.sentence_rows(spark, rows.train)
        stage = base.stage(spark, train)
        test = stage.transform(rows_in_spark.sentence_rows(spark, rows.test))
        embedded, test_place = computed(stage.transform(train), test, demanded.alphabet, scratch, reporter)
        clock.mark("embeddings")
        fitted, named = learn(embedded, spec, scratch, test_place, reporter)
        clock.mark("training")
        fitted.setIncludeConfidence(True).setBatchSize(_PREDICTION_BATCH)
        predicted = _predict(fitted, spark.read.parquet(test_place), rows)
        clock.mark("prediction")
        return Trained(
            model=pipeline(stage, fitted),
            predicted=predicted,
            embeddings=about(base),
            graph=named or chosen.name,
            durations=clock.seconds,
        )

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the entities that a saved pipeline finds in their texts."""
        return rows_in_spark.entities(spark, model, examples)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> Demanded:
        """Returns the graph for BIO tags of the labels that occur.

        Raises:
            GraphNotAvailable: No graph of Spark NLP fits dimension and tags.
        """
        demand = graph.demand(sentences)
        chosen = graph.choose(dimension, demand.tags, demand.characters)
        return Demanded(chosen, dimension, *demand, graph.alphabet(sentences, chosen))


def pipeline(stage: Any, fitted: Any) -> PipelineModel:
    """Joins a fitted embeddings stage and a fitted NER model to a pipeline from raw ``text`` to ``ner_chunk``."""
    from pyspark.ml import PipelineModel
    from sparknlp.annotator import NerConverter

    converter = NerConverter().setInputCols(SENTENCE, TOKEN, NER).setOutputCol(CHUNK)
    return PipelineModel(stages=[*reading.stages(), stage, fitted, converter])


def computed(
    train: DataFrame, test: DataFrame, shared: graph.Alphabet | None, scratch: Path, reporter: Reporter
) -> tuple[DataFrame, str]:
    """Embeds the rows: NerDL reads them twice, once to count tags and characters, once to learn.

    Args:
        train: The training rows, not computed yet.
        test: The test rows.
        shared: Which characters share a place of the graph, where it has not one for each.
        scratch: Gets the test rows.
        reporter: Hears of characters that share a place.

    Returns:
        The training rows, persisted, and where the test rows are, as parquet.
    """
    if shared is not None:
        reporter.log(f"{shared.rare} rare characters ({shared.share:.1%} of the text) share one place of the graph.")
        train = rows_in_spark.spelled(train, shared.common, graph.STAND_IN)
    train = train.persist()
    train.count()
    place = str(scratch / "test.parquet")
    test.write.parquet(place)
    return train, place


def learn(
    embedded: DataFrame,
    spec: TrainingSpec,
    scratch: Path,
    test_place: str,
    reporter: Reporter,
    approach: Callable[[], Any] | None = None,
) -> tuple[Any, str | None]:
    """Lets NerDL learn from persisted rows, and lets them go; its log is followed.

    Args:
        embedded: The training rows.
        spec: Validated parameters.
        scratch: Its log goes below this folder.
        test_place: The test rows, as parquet; they are scored after each epoch.
        reporter: Gets epochs as they end.
        approach: What learns, with the settings of NerDL; None is NerDL itself.

    Returns:
        The fitted model, and the graph that Spark NLP says it took.

    Raises:
        PoorQuality: The loss was no number in the last epoch.
    """
    with Following(scratch / "annotator_logs", reporter) as following:
        fitted = _approach(spec, scratch, test_place, approach).fit(embedded)
    embedded.unpersist()
    epochs = following.log.epochs
    if epochs and epochs[-1].diverged:
        raise _diverged(spec)
    return fitted, following.log.graph


def _approach(spec: TrainingSpec, scratch: Path, test_place: str, approach: Callable[[], Any] | None) -> Any:
    """Returns NerDL, or what trains in its place, with the settings of a spec."""
    from sparknlp.annotator import NerDLApproach

    return (
        (approach or NerDLApproach)()
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
    """Returns the error of a training whose loss was no number."""
    return PoorQuality(
        "The training learned nothing: its loss stopped being a number.",
        f"With a learning rate of {spec.learning_rate:g} the steps were too large for these texts.",
        f"Train again with a learning rate of {spec.learning_rate / 3:.1g} or lower.",
    )
