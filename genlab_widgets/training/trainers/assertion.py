"""Assertion status, open: NerDL on embeddings with channels that say which entity is meant.

Spark NLP sells an annotator for this; the channels (``docs/architecture.md``) give the same from what is free. The
saved pipeline takes ``text`` and ``ner_chunk`` and gives ``assertion``: one status an entity.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import genlab_widgets.training.spark.annotations as rows_in_spark
from genlab_widgets.training import embeddings, graph
from genlab_widgets.training.dataset import Example, Sentence
from genlab_widgets.training.spark import reading, targets
from genlab_widgets.training.spark.annotations import NER
from genlab_widgets.training.trainers.base import Clock, Demanded, Rows, Trained, about
from genlab_widgets.training.trainers.ner import learn

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame, SparkSession

    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec


class Target(NamedTuple):
    """An entity in its sentence.

    Attributes:
        task_id: Its task.
        number: Its place among the spans of the task.
        place: Its sentence's place among all.
        first: Where its first token begins in the sentence's row, in UTF-16 units.
        last: Where its last token begins.
        status: Its label.
    """

    task_id: int
    number: int
    place: int
    first: int
    last: int
    status: str


class AssertionDL:
    """The open trainer ``annotator`` of kind ``assertion``."""

    needs_graph = True

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Trains; see :class:`genlab_widgets.training.trainers.base.Trainer`.

        Raises:
            GraphNotAvailable: No graph of Spark NLP fits.
            PoorQuality: The loss was no number in the last epoch.
        """
        from pyspark.ml import PipelineModel

        clock = Clock()
        base = embeddings.resolve(spec.embeddings, rows.language)
        demanded = self.graph(rows.train, rows.labels, base.dimension)
        reporter.log(
            f"Embeddings: {base.title} ({base.dimension} dimensions, {demanded.dimension} with channels). "
            f"Graph: {demanded.graph.name}."
        )
        train, test = located(rows.train_examples, rows.train), located(rows.test_examples, rows.test)
        reporter.log(f"{len(train):,} entities to learn from, {len(test):,} to test on.")
        sentences = rows_in_spark.sentence_rows(spark, rows.train)
        stage = base.stage(spark, sentences)
        learned = self._rows(spark, stage.transform(sentences), train, base, demanded).persist()
        learned.count()
        place = str(scratch / "test.parquet")
        tested = stage.transform(rows_in_spark.sentence_rows(spark, rows.test))
        self._rows(spark, tested, test, base).write.parquet(place)
        clock.mark("embeddings")
        fitted, named = learn(learned, spec, scratch, place, reporter)
        clock.mark("training")
        fitted.setIncludeConfidence(True).setIncludeAllConfidenceScores(True)
        predicted = _predict(fitted.transform(spark.read.parquet(place)), test, rows)
        clock.mark("prediction")
        last = targets.stages(fitted, base.name, base.dimension, rows.labels)
        return Trained(
            model=PipelineModel(stages=[*reading.stages(), stage, *last]),
            predicted=predicted,
            embeddings=about(base),
            graph=named or demanded.graph.name,
            durations=clock.seconds,
        )

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the statuses that a saved pipeline gives their spans."""
        return read(spark, model, examples)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> Demanded:
        """Returns the graph for one tag a status.

        Raises:
            GraphNotAvailable: No graph of Spark NLP fits dimension and statuses.
        """
        size = targets.width(dimension)
        tags, characters = len(labels) + 1, graph.demand(sentences).characters
        chosen = graph.choose(size, tags, characters)
        return Demanded(chosen, size, tags, characters, graph.alphabet(sentences, chosen))

    def _rows(
        self,
        spark: SparkSession,
        embedded: DataFrame,
        found: Sequence[Target],
        base: embeddings.Embeddings,
        demanded: Demanded | None = None,
    ) -> DataFrame:
        """Returns a row a target; of training rows rare characters share a place where the graph has too few."""
        import pandas as pd

        table = [(number, item.place, item.first, item.last, item.status) for number, item in enumerate(found)]
        names = ["target", "place", "first", "last", "status"]
        schema = "target int, place int, first int, last int, status string"
        frame = spark.createDataFrame(pd.DataFrame(table, columns=names), schema)
        if demanded is not None and demanded.alphabet is not None:
            embedded = rows_in_spark.spelled(embedded, demanded.alphabet.common, graph.STAND_IN)
        return targets.rows(embedded, frame, base.name, base.dimension).orderBy("target").coalesce(1)


def read(spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
    """Returns the examples with the statuses that a saved pipeline gives their spans, and the score of each."""
    found = targets.answers(model.transform(targets.chunk_rows(spark, examples)))
    read = []
    for item in examples:
        own = found[item.task_id]
        statuses, scores = (dict(enumerate(given)) for given in zip(*own, strict=True)) if own else ({}, {})
        read.append(answered(item, statuses, scores))
    return read


def located(examples: Sequence[Example], sentences: Sequence[Sentence]) -> list[Target]:
    """Finds the tokens of each entity in the sentence where it begins; one that no token carries is left out."""
    starts: dict[int, list[tuple[int, int]]] = {}
    for place, sentence in enumerate(sentences):
        starts.setdefault(sentence.task_id, []).append((sentence.start, place))
    begins: dict[int, list[int]] = {}
    found = []
    for item in examples:
        for number, span in enumerate(item.spans):
            known = starts.get(item.task_id, [])
            index = bisect_right(known, (span.start, len(sentences))) - 1
            # A span may begin on a blank before the sentence that holds its first token.
            for _, place in known[max(index, 0) : index + 2]:
                meant = [n for n, token in enumerate(sentences[place].tokens) if _overlap(token, span)]
                if meant:
                    if place not in begins:
                        begins[place] = rows_in_spark.begins(sentences[place])
                    first, last = begins[place][meant[0]], begins[place][meant[-1]]
                    found.append(Target(item.task_id, number, place, first, last, span.label))
                    break
    return found


def _overlap(token: Any, span: Any) -> bool:
    return bool(token.start < span.end and span.start < token.end)


def _predict(tagged: DataFrame, found: Sequence[Target], rows: Rows) -> list[Example]:
    """Sums the scores of each label over the tokens of each target; the highest sum is the status."""
    collected = tagged.select("target", f"{NER}.begin", f"{NER}.metadata").collect()
    statuses: dict[int, dict[int, str]] = {}
    for number, begins, metadata in collected:
        target = found[int(number)]
        scores: Counter[str] = Counter()
        for begin, told in zip(begins, metadata, strict=True):
            if target.first <= begin <= target.last:
                scores.update({label: float(told.get(label, 0.0)) for label in rows.labels})
        if scores:
            best = max(rows.labels, key=lambda label: scores[label])
            statuses.setdefault(target.task_id, {})[target.number] = best
    return [answered(item, statuses.get(item.task_id, {})) for item in rows.test_examples]


def answered(
    example: Example, statuses: Mapping[int, str], scores: Mapping[int, float | None] = MappingProxyType({})
) -> Example:
    """Returns an example with these statuses by the numbers of its spans; the other spans are left out.

    Args:
        example: A text with entities.
        statuses: Status by the number of the span; an empty one counts as none.
        scores: How sure the model was, by the same numbers.
    """
    kept = [number for number in range(len(example.spans)) if statuses.get(number)]
    spans = tuple(example.spans[number]._replace(label=statuses[number]) for number in kept)
    return Example(example.task_id, example.text, spans, scores=tuple(scores.get(number) for number in kept))
