"""Texts as one vector each, and classes back: the stages around every classifier."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.spark import annotations as rows_in_spark
from genlab_widgets.training.spark import reading
from genlab_widgets.training.spark.annotations import DOCUMENT, EMBEDDINGS, SENTENCE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame, SparkSession

    from genlab_widgets.training.embeddings import Embeddings

    Matrix = npt.NDArray[np.float32]

VECTORS, CLASS = "sentence_embeddings", "class"
"""The columns with one vector a text, and with its classes."""
_BY_SENTENCE, _FINISHED, FEATURES = "sentence_vectors", "genlab_finished", "genlab_features"


def stages(stage: Any, base: Embeddings) -> list[Any]:
    """Returns stages from ``text`` to its vector: the mean over its sentences of the mean over their words.

    A text without any word that has a vector gets zeros. (Spark NLP's own average over a document takes the words of
    its first sentence only.)
    """
    from sparknlp.annotator import SentenceEmbeddings

    from genlab_widgets.training.spark.stages import Annotated

    by_sentence = SentenceEmbeddings().setInputCols(SENTENCE, EMBEDDINGS).setOutputCol(_BY_SENTENCE)
    pooled = Annotated(
        expression=_mean(base.dimension),
        outputCol=VECTORS,
        annotatorType="sentence_embeddings",
        dimension=base.dimension,
        ref=base.name,
    )
    return [*reading.stages(), stage, by_sentence.setPoolingStrategy("AVERAGE"), pooled]


def features() -> list[Any]:
    """Returns the stages that Spark ML's classifiers need before them: the vector in the column ``genlab_features``."""
    from pyspark.ml.feature import SQLTransformer
    from sparknlp.base import EmbeddingsFinisher

    finisher = EmbeddingsFinisher().setInputCols(VECTORS).setOutputCols(_FINISHED).setOutputAsVector(True)
    first = SQLTransformer(statement=f"SELECT *, {_FINISHED}[0] AS {FEATURES} FROM __THIS__")  # noqa: S608
    return [finisher.setCleanAnnotations(False), first]


def classes(scores: str, labels: Sequence[str], threshold: float | None) -> Any:
    """Returns the stage that turns scores into the annotation column ``class``, as ClassifierDL writes it.

    Args:
        scores: SQL of an array with one score (0 to 1) a label.
        labels: In the order of the scores.
        threshold: Every label from this score on; None takes the best one.
    """
    from genlab_widgets.training.spark.stages import Annotated

    taken = f"b.s[i] >= {threshold!r}D" if threshold is not None else "i = array_position(b.s, array_max(b.s)) - 1"
    # A class may be called "sentence", which every annotation says something else by.
    by_label = "map_from_arrays(b.l, transform(b.s, x -> CAST(x AS STRING)))"
    annotation = (
        f"named_struct('annotatorType', 'category', 'begin', 0, 'end', {DOCUMENT}[0].end, 'result', b.l[i], "
        f"'metadata', map_concat(map('sentence', '0'), map_filter({by_label}, (k, v) -> k != 'sentence')), "
        "'embeddings', CAST(array() AS array<float>))"
    )
    picked = f"transform(filter(sequence(0, {len(labels) - 1}), i -> {taken}), i -> {annotation})"
    # Bound once: each use would compute the scores anew.
    bound = f"array(named_struct('s', {scores}, 'l', {literal(labels)}))"
    return Annotated(expression=f"transform({bound}, b -> {picked})[0]", outputCol=CLASS, annotatorType="category")


def mean_scores(column: str, count: int, multiple: bool) -> str:
    """Returns SQL of the mean score of each of ``count`` classes over the stretches of a text; zeros without any.

    Args:
        column: Annotations of a BERT classifier whose classes are called by their numbers, 0 to ``count`` - 1.
        count: Number of classes.
        multiple: Whether a text may have several: there is one class more, whose logit is always 0, so each softmax
            score divided by its score is the odds of that class.
    """
    score = "CAST(r.metadata[CAST(i AS STRING)] AS DOUBLE)"
    # p = odds / (1 + odds), with both multiplied by the last score
    one = f"{score} / ({score} + CAST(r.metadata['{count}'] AS DOUBLE))" if multiple else score
    total = f"aggregate({column}, 0D, (a, r) -> a + {one})"
    return f"transform(sequence(0, {count - 1}), i -> {total} / greatest(1, size({column})))"


def literal(labels: Sequence[str]) -> str:
    """Returns SQL of an array of strings; foreign text never stands in the statement as it is."""
    packed = base64.b64encode(json.dumps(list(labels)).encode()).decode()
    return f"from_json(decode(unbase64('{packed}'), 'UTF-8'), 'array<string>')"


def numbers(column: str) -> str:
    """Returns SQL of the numbers in a Spark ML vector, for which SQL has no function of its own."""
    return f"from_json(CAST({column} AS STRING), 'array<double>')"


def matrix(frame: DataFrame) -> tuple[list[int], Matrix]:
    """Collects ``task_id`` and the vectors of texts: float32, one row a text."""
    import numpy as np
    from pyspark.sql import functions as F

    found = frame.select("task_id", F.col(VECTORS)[0]["embeddings"].alias("vector")).toPandas()
    rows = np.stack(found["vector"].to_list()).astype(np.float32) if len(found) else np.zeros((0, 0), np.float32)
    return [int(task_id) for task_id in found["task_id"]], rows


def read(spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
    """Returns the examples with the classes that a saved pipeline gives their texts."""
    return classified(model.transform(rows_in_spark.text_rows(spark, examples)), examples)


def classified(frame: DataFrame, examples: Sequence[Example]) -> list[Example]:
    """Returns the examples with the classes in a frame, as spans over their texts, and the score of each."""
    collected = frame.select("task_id", f"{CLASS}.result", f"{CLASS}.metadata").collect()
    found = {int(task_id): list(zip(results, told, strict=True)) for task_id, results, told in collected}
    return [
        Example(
            item.task_id,
            item.text,
            tuple(Span(0, len(item.text), label) for label, _ in found[item.task_id]),
            scores=tuple(_score(label, told) for label, told in found[item.task_id]),
        )
        for item in examples
    ]


def _score(label: str, told: Mapping[str, str] | None) -> float | None:
    """Returns the score of a class; one that is called "sentence" has none, since metadata say its number there."""
    return None if label == SENTENCE else rows_in_spark.score_of((told or {}).get(label))


def _mean(dimension: int) -> str:
    known = f"filter(transform({_BY_SENTENCE}, s -> s.embeddings), e -> size(e) = {dimension})"
    summed = "aggregate(v, 0D, (a, e) -> a + e[i])"
    mean = (
        f"CASE size(v) WHEN 0 THEN array_repeat(0F, {dimension}) WHEN 1 THEN v[0] "
        f"ELSE transform(sequence(0, {dimension - 1}), i -> CAST({summed} / size(v) AS FLOAT)) END"
    )
    bound = f"transform(array({known}), v -> {mean})[0]"  # bound once: a lambda would compute it anew for each number
    return (
        f"array(named_struct('annotatorType', 'sentence_embeddings', 'begin', 0, 'end', {DOCUMENT}[0].end, "
        f"'result', {DOCUMENT}[0].result, 'metadata', map('sentence', '0', 'token', {DOCUMENT}[0].result, "
        f"'pieceId', '-1', 'isWordStart', 'true'), 'embeddings', {bound}))"
    )
