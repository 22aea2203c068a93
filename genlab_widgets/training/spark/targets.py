"""Entities as targets: vectors that say which tokens are meant, and the status of each entity back.

A sentence is read once for each entity in it. Beside the embeddings of a token stand *channels*: is the token part of
the entity, how near is it on the left, how near on the right. Everything is Spark SQL, so training rows and the saved
pipeline compute the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from genlab_widgets.training import graph
from genlab_widgets.training.dataset import OUTSIDE, Example
from genlab_widgets.training.spark.annotations import CHUNK, CONFIDENCE, EMBEDDINGS, LABEL, SENTENCE, score_of, typed
from genlab_widgets.training.spark.texts import literal
from genlab_widgets.training.tokens import utf16_length

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ASSERTION = "assertion"
"""The annotation column with one status an entity, in the order of ``ner_chunk``."""
MEANT, TAGS = "assertion_embeddings", "assertion_tags"
_REACH = 40
"""Characters over which nearness falls to 1/e: some seven words."""


def width(dimension: int) -> int:
    """Returns the size of a vector with channels: the next larger one for which NerDL has a graph.

    Raises:
        GraphNotAvailable: There is none.
    """
    larger = [known for known in graph.DIMENSIONS if known > dimension]
    if not larger:
        graph.choose(dimension + 1, 1, 1)  # says what there is
    return larger[0]


def rows(embedded: DataFrame, targets: DataFrame, base: str, dimension: int) -> DataFrame:
    """Returns one training row a target: the sentence with channels in ``embeddings``, and its tags in ``label``.

    Args:
        embedded: Sentences with ``place``, ``sentence``, ``token`` and ``embeddings``.
        targets: ``target``, ``place``, ``first`` and ``last`` (where its first and last token begin), ``status``.
        base: Name of the embeddings.
        dimension: Their dimension.
    """
    from pyspark.sql import functions as F

    tag = (
        "transform(token, t -> named_struct('annotatorType', 'named_entity', 'begin', t.begin, 'end', t.end, "
        f"'result', IF(t.begin BETWEEN first AND last, status, '{OUTSIDE}'), 'metadata', t.metadata, "
        "'embeddings', CAST(array() AS array<float>)))"
    )
    meant = f"transform({EMBEDDINGS}, e -> {_with_channels('first', 'last', dimension, 'e.metadata')})"
    size = width(dimension)
    joined = embedded.join(targets, "place")
    return joined.select(
        *("target", "first", "last", "status", SENTENCE, "token"),
        typed(F.expr(tag), LABEL, "named_entity"),
        typed(F.expr(meant), EMBEDDINGS, "word_embeddings", dimension=size, ref=reference(base)),
    )


def reference(base: str) -> str:
    """Returns the name by which Spark NLP knows embeddings with channels."""
    return f"{base}+target"


def stages(fitted: Any, base: str, dimension: int, labels: Sequence[str]) -> list[Any]:
    """Returns the stages from ``ner_chunk``, ``sentence`` and ``embeddings`` to ``assertion``."""
    from genlab_widgets.training.spark.stages import Annotated

    own = f"filter({SENTENCE}, s -> c.begin BETWEEN s.begin AND s.end)[0].metadata['sentence']"
    inside = f"filter({EMBEDDINGS}, e -> e.metadata['sentence'] = {own})"
    metadata = "map_concat(map_filter(e.metadata, (k, v) -> k != 'sentence'), map('sentence', CAST(n AS STRING)))"
    meant = f"transform({inside}, e -> {_with_channels('c.begin', 'c.end', dimension, metadata)})"
    expanded = Annotated(
        expression=f"flatten(transform({CHUNK}, (c, n) -> {meant}))",
        outputCol=MEANT,
        annotatorType="word_embeddings",
        dimension=width(dimension),
        ref=reference(base),
    )
    model = fitted.setInputCols(SENTENCE, "token", MEANT).setOutputCol(TAGS)
    status = Annotated(expression=_status(labels), outputCol=ASSERTION, annotatorType="assertion")
    return [expanded, model, status]


def chunk_rows(spark: SparkSession, examples: Sequence[Example]) -> DataFrame:
    """Returns ``task_id``, ``text`` and ``ner_chunk`` with the spans of each example, as NER would have found them."""
    import pandas as pd
    from pyspark.sql import functions as F

    table = [(item.task_id, item.text, *_places(item)) for item in examples]
    names = ["task_id", "text", "begins", "ends", "results"]
    schema = "task_id long, text string, begins array<int>, ends array<int>, results array<string>"
    frame = spark.createDataFrame(pd.DataFrame(table, columns=names), schema)
    chunk = (
        "transform(arrays_zip(begins, ends, results), (z, n) -> named_struct('annotatorType', 'chunk', 'begin', "
        "z.begins, 'end', z.ends, 'result', z.results, 'metadata', map('sentence', '0', 'chunk', CAST(n AS STRING), "
        "'entity', 'ENTITY'), 'embeddings', CAST(array() AS array<float>)))"
    )
    return frame.select("task_id", "text", typed(F.expr(chunk), CHUNK, "chunk"))


def answers(frame: DataFrame) -> dict[int, list[tuple[str, float | None]]]:
    """Collects the statuses of each text with their scores, in the order of its entities."""
    collected = frame.select("task_id", f"{ASSERTION}.result", f"{ASSERTION}.metadata").collect()
    return {
        int(task_id): [
            (status, score_of((about or {}).get(CONFIDENCE))) for status, about in zip(statuses, told, strict=True)
        ]
        for task_id, statuses, told in collected
    }


def _places(example: Example) -> tuple[list[int], list[int], list[str]]:
    begins = [utf16_length(example.text[: span.start]) for span in example.spans]
    texts = [example.text[span.start : span.end] for span in example.spans]
    ends = [begin + utf16_length(text) - 1 for begin, text in zip(begins, texts, strict=True)]
    return begins, ends, texts


def _with_channels(first: str, last: str, dimension: int, metadata: str) -> str:
    """Returns SQL of the annotation ``e`` with channels for a target between two places."""
    count = width(dimension) - dimension
    inside = f"IF(e.begin BETWEEN {first} AND {last}, 1F, 0F)"
    left = f"CAST(IF(e.begin < {first}, exp((e.begin - {first}) / {_REACH}D), 0D) AS FLOAT)"
    right = f"CAST(IF(e.begin > {last}, exp(({last} - e.begin) / {_REACH}D), 0D) AS FLOAT)"
    # Half of the channels say what is meant, a quarter each how near it is.
    quarter = count // 4
    channels = (
        f"array_repeat({inside}, {count - 2 * quarter}), array_repeat({left}, {quarter}), "
        f"array_repeat({right}, {quarter})"
    )
    return (
        "named_struct('annotatorType', e.annotatorType, 'begin', e.begin, 'end', e.end, 'result', e.result, "
        f"'metadata', {metadata}, 'embeddings', concat(e.embeddings, {channels}))"
    )


def _status(labels: Sequence[str]) -> str:
    """Returns SQL of one status a chunk: the label with the highest sum of scores over the chunk's tokens."""
    own = f"filter({TAGS}, t -> t.metadata['sentence'] = CAST(n AS STRING) AND t.begin BETWEEN c.begin AND c.end)"
    summed = "aggregate(b.t, 0D, (a, t) -> a + coalesce(CAST(t.metadata[x] AS DOUBLE), 0D))"
    scores = f"transform(b.l, x -> {summed})"
    best = "array_position(q.s, array_max(q.s)) - 1"
    annotation = (
        "named_struct('annotatorType', 'assertion', 'begin', c.begin, 'end', c.end, "
        f"'result', IF(size(b.t) = 0, '', b.l[{best}]), 'metadata', map('sentence', c.metadata['sentence'], 'chunk', "
        f"CAST(n AS STRING), 'ner_label', c.metadata['entity'], 'ner_chunk', c.result, 'confidence', "
        "CAST(array_max(q.s) / greatest(1, size(b.t)) AS STRING)), 'embeddings', CAST(array() AS array<float>))"
    )
    scored = f"transform(array(named_struct('s', {scores})), q -> {annotation})[0]"
    bound = f"transform(array(named_struct('t', {own}, 'l', {literal(labels)})), b -> {scored})[0]"
    return f"transform({CHUNK}, (c, n) -> {bound})"
