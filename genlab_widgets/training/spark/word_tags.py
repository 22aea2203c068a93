"""The stage of a saved pipeline that tags words with a CRF, in Python workers: Spark NLP has no CRF like ours.

It takes the annotations ``token`` and gives ``ner``, as NerDL does, so ``NerConverter`` joins its tags to chunks.
Programs and executors that use such a pipeline need genlab-widgets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pyspark import SparkFiles
from pyspark.sql import functions as F

from genlab_widgets.training.spark.annotations import NER, TOKEN, typed
from genlab_widgets.training.spark.carrier import Carrier, pandas_udf
from genlab_widgets.training.word_crf import features

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import Column, DataFrame

_FOUND_TYPE = "array<struct<tag:string,confidence:double>>"


class CrfTagger(Carrier):
    """Tags the words of each sentence: adds ``ner``, one annotation a token, with the tag's probability."""

    named = "word_crf"

    def _transform(self, dataset: DataFrame) -> DataFrame:
        name = self.sent(dataset.sparkSession)

        def tagged(words: pd.Series, sentences: pd.Series) -> pd.Series:
            return _tagged(name, words, sentences)

        def part(value: Any) -> Column:
            return F.transform(TOKEN, value)

        found = pandas_udf(tagged, _FOUND_TYPE, 2)(
            part(lambda token: token["result"]), part(lambda token: token["metadata"]["sentence"])
        )
        return dataset.withColumn("_found", found).select(
            *(column for column in dataset.columns if column != NER),
            typed(F.transform(F.arrays_zip(TOKEN, "_found"), _annotation), NER, "named_entity"),
        )


def _annotation(pair: Column) -> Column:
    token, found = pair[TOKEN], pair["_found"]
    return F.struct(
        F.lit("named_entity").alias("annotatorType"),
        token["begin"].alias("begin"),
        token["end"].alias("end"),
        found["tag"].alias("result"),
        F.create_map(
            *(F.lit("word"), token["result"]),
            *(F.lit("confidence"), F.round(found["confidence"], 4).cast("string")),
            *(F.lit("sentence"), token["metadata"]["sentence"]),
        ).alias("metadata"),
        F.array().cast("array<float>").alias("embeddings"),
    )


def _tagged(name: str, words: pd.Series, sentences: pd.Series) -> pd.Series:
    import pandas as pd

    model = _model(SparkFiles.get(name))
    rows = [list(_of_text(model, *row)) for row in zip(words, sentences, strict=True)]
    return pd.Series(rows, dtype=object)


@lru_cache(maxsize=4)
def _model(file: str) -> Any:
    """Opens a model once for each Python worker."""
    import pycrfsuite

    model = pycrfsuite.Tagger()
    model.open(file)
    return model


def _of_text(model: Any, words: Sequence[str] | None, sentences: Sequence[str] | None) -> Iterator[dict[str, Any]]:
    """Yields the tag of each word of a text and how probable it is, sentence by sentence."""
    if words is None or sentences is None:
        return
    for _, group in groupby(zip(sentences, words, strict=True), key=lambda pair: pair[0]):
        model.set(features([word for _, word in group]))
        for place, tag in enumerate(model.tag()):
            yield {"tag": tag, "confidence": model.marginal(tag, place)}
