"""Entities for a fine-tuned classifier: one row of words an entity, with markers at its ends, and statuses back.

The same words as :mod:`genlab_widgets.training.finetune.targets` gives the training, in Spark SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from genlab_widgets.training.finetune import targets as words
from genlab_widgets.training.finetune.wordpieces import MARKERS
from genlab_widgets.training.spark.annotations import CHUNK, DOCUMENT, TOKEN
from genlab_widgets.training.spark.targets import ASSERTION
from genlab_widgets.training.spark.texts import literal

SENTENCE, WORDS, CLASSES = "assertion_sentence", "assertion_token", "assertion_class"
"""Columns with one sentence an entity, its words, and what the classifier says of it."""
_MEANT = f"filter({TOKEN}, t -> t.end >= c.begin AND t.begin <= c.end)"
_QUOTED = tuple(f"'{marker}'" for marker in MARKERS)
_ROOM = f"({DOCUMENT}[0].end + 2)"
"""Spark NLP finds the words of a sentence by their places: each entity gets places of its own, so far apart."""


def stages(fitted: Any, longest: int, labels: Sequence[str]) -> list[Any]:
    """Returns the stages from ``ner_chunk`` and ``token`` to ``assertion``.

    Args:
        fitted: A ``BertForSequenceClassification`` whose labels are the numbers of ``labels``.
        longest: Most pieces of a row.
        labels: The statuses.
    """
    from genlab_widgets.training.spark.stages import Annotated

    sentence = _annotation("document", f"n * {_ROOM}", f"(n + 1) * {_ROOM} - 1", "c.result")
    sentences = Annotated(
        expression=f"transform({CHUNK}, (c, n) -> {sentence})", outputCol=SENTENCE, annotatorType="document"
    )
    around = Annotated(
        expression=f"flatten(transform({CHUNK}, (c, n) -> {_around(words.reach(longest))}))",
        outputCol=WORDS,
        annotatorType="token",
    )
    model = fitted.setInputCols(SENTENCE, WORDS).setOutputCol(CLASSES)
    status = Annotated(expression=_statuses(labels), outputCol=ASSERTION, annotatorType="assertion")
    return [sentences, around, model, status]


def _around(distance: int) -> str:
    """Returns SQL of the words around the chunk ``c``; one without a word has its markers only."""
    near = (
        f"filter({TOKEN}, t -> t.metadata['sentence'] = o.sentence "
        f"AND t.begin >= c.begin - {distance} AND t.end <= c.end + {distance})"
    )
    first, last = (f"array({_annotation('token', 'c.begin', 'c.begin', marker)})" for marker in _QUOTED)
    marked = (
        f"concat(filter(b.near, t -> t.end < c.begin), {first}, "
        f"filter(b.near, t -> t.end >= c.begin AND t.begin <= c.end), {last}, "
        "filter(b.near, t -> t.begin > c.end))"
    )
    moved = _annotation("token", f"t.begin + n * {_ROOM}", f"t.end + n * {_ROOM}", "t.result")
    # Bound once each: a lambda would compute them anew for each word.
    words_of = f"transform(array(named_struct('near', {near})), b -> transform({marked}, t -> {moved}))[0]"
    return f"transform(array(named_struct('sentence', {_MEANT}[0].metadata['sentence'])), o -> {words_of})[0]"


def _annotation(annotator_type: str, begin: str, end: str, result: str) -> str:
    return (
        f"named_struct('annotatorType', '{annotator_type}', 'begin', CAST({begin} AS INT), 'end', CAST({end} AS INT), "
        f"'result', {result}, 'metadata', map('sentence', CAST(n AS STRING)), "
        "'embeddings', CAST(array() AS array<float>))"
    )


def _statuses(labels: Sequence[str]) -> str:
    """Returns SQL of one status a chunk: the class of its row, whose number is a place among the labels."""
    found = f"{CLASSES}[n]"
    status = f"b.l[CAST({found}.result AS INT)]"
    annotation = (
        "named_struct('annotatorType', 'assertion', 'begin', c.begin, 'end', c.end, "
        f"'result', IF(size({_MEANT}) = 0, '', {status}), 'metadata', map('sentence', c.metadata['sentence'], "
        "'chunk', CAST(n AS STRING), 'ner_label', c.metadata['entity'], 'ner_chunk', c.result, 'confidence', "
        f"{found}.metadata[{found}.result]), 'embeddings', CAST(array() AS array<float>))"
    )
    return f"transform(array(named_struct('l', {literal(labels)})), b -> transform({CHUNK}, (c, n) -> {annotation}))[0]"
