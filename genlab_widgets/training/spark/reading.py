"""The first stages of every saved pipeline: raw text to sentences and tokens, cut as the training rows are."""

from __future__ import annotations

from typing import Any

from genlab_widgets.training.spark.annotations import DOCUMENT, SENTENCE, TOKEN
from genlab_widgets.training.tokens import SENTENCE_PATTERN, SPLIT_PATTERN


def stages(sentence_bound: str = SENTENCE_PATTERN) -> list[Any]:
    """Returns unfitted stages from the column ``text`` to ``document``, ``sentence`` and ``token``.

    Args:
        sentence_bound: Java regex of a sentence bound; the sentence ends where the match ends.
    """
    from sparknlp.annotator import RegexTokenizer, SentenceDetector
    from sparknlp.base import DocumentAssembler

    return [
        DocumentAssembler().setInputCol("text").setOutputCol(DOCUMENT).setCleanupMode("disabled"),
        SentenceDetector()
        .setInputCols(DOCUMENT)
        .setOutputCol(SENTENCE)
        .setCustomBounds([sentence_bound])
        .setUseCustomBoundsOnly(True)
        .setCustomBoundsStrategy("append"),
        RegexTokenizer().setInputCols(SENTENCE).setOutputCol(TOKEN).setPattern(SPLIT_PATTERN).setPositionalMask(False),
    ]
