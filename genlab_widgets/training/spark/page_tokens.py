"""Pages for Spark NLP's annotators: words as tokens, their channels behind the embeddings, tags back to regions.

The way of :mod:`genlab_widgets.training.spark.targets`, for places on a page: annotators take no boxes, but any vector.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pyspark import keyword_only
from pyspark.ml import Transformer
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from genlab_widgets.training.dataset import Example
from genlab_widgets.training.finetune import pages as page_channels
from genlab_widgets.training.finetune.decoding import Decoder, Habits
from genlab_widgets.training.finetune.pages import CHANNELS, STEPS, Page, pages_of
from genlab_widgets.training.spark.annotations import EMBEDDINGS, LABEL, NER, SENTENCE, TOKEN, typed
from genlab_widgets.training.spark.pages import REGIONS, REGIONS_TYPE, WORDS, WORDS_TYPE, cut, described, word_structs
from genlab_widgets.training.spark.stages import Annotated
from genlab_widgets.training.spark.targets import width
from genlab_widgets.training.tokens import utf16_length

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pyspark.sql import SparkSession

_ANNOTATIONS = (
    "array<struct<annotatorType:string,begin:int,end:int,result:string,metadata:map<string,string>,"
    "embeddings:array<float>>>"
)
_CHANNELS, _TAGS = "channels", "tags"
_TYPE = f"struct<{SENTENCE}:{_ANNOTATIONS},{TOKEN}:{_ANNOTATIONS},{_CHANNELS}:array<array<float>>>"
_MOST_WORDS = 128
"""Words that an annotator reads together, as in texts: longer pages are read in equal parts."""
_LOOKS = 8
_LEAST = 1e-6
"""Probability of a tag that NerDL rounds to 0."""


class PageTokens(Transformer, DefaultParamsReadable, DefaultParamsWritable):
    """Adds ``sentence``, ``token`` and ``channels`` (so many numbers a token) to rows with ``words``."""

    size = Param(Params._dummy(), "size", "channels of a token", TypeConverters.toInt)

    @keyword_only
    def __init__(self, *, size: int = 0) -> None:
        super().__init__()
        self._set(**self._input_kwargs)

    def _transform(self, dataset: DataFrame) -> DataFrame:
        size = self.getOrDefault(self.size)
        made = dataset.withColumn("_tokens", F.udf(lambda words: _tokens(words, size), _TYPE)(WORDS))
        return (
            made.withColumn(SENTENCE, typed(F.col(f"_tokens.{SENTENCE}"), SENTENCE, "document"))
            .withColumn(TOKEN, typed(F.col(f"_tokens.{TOKEN}"), TOKEN, "token"))
            .withColumn(_CHANNELS, F.col(f"_tokens.{_CHANNELS}"))
            .drop("_tokens")
        )


class PageRegions(Transformer, DefaultParamsReadable, DefaultParamsWritable):
    """Turns the tags of tokens and their probabilities into ``regions``."""

    decoder = Param(Params._dummy(), "decoder", "tags and habits, as JSON", TypeConverters.toString)

    @keyword_only
    def __init__(self, *, decoder: str = "") -> None:
        super().__init__()
        self._set(**self._input_kwargs)

    @classmethod
    def of(cls, tags: Sequence[str], habits: Habits) -> PageRegions:
        """Makes the stage of tags and the habits of the training pages."""
        made: PageRegions = cls(decoder=json.dumps({"tags": tags, "habits": habits.to_dict()}))
        return made

    def _transform(self, dataset: DataFrame) -> DataFrame:
        facts = self.getOrDefault(self.decoder)
        regions = F.udf(lambda words, begins, told: _regions(facts, words, begins, told), REGIONS_TYPE)
        made = dataset.withColumn(REGIONS, regions(WORDS, F.col(f"{NER}.begin"), F.col(f"{NER}.metadata")))
        return made.drop(SENTENCE, TOKEN, _CHANNELS, EMBEDDINGS, NER)


def with_channels(base: str, dimension: int) -> Annotated:
    """Returns the stage that puts the channels of tokens behind their embeddings.

    Args:
        base: Name of the embeddings.
        dimension: Their dimension.
    """
    joined = (
        "named_struct('annotatorType', e.annotatorType, 'begin', e.begin, 'end', e.end, 'result', e.result, "
        "'metadata', e.metadata, 'embeddings', concat(e.embeddings, m[e.begin]))"
    )
    by_begin = f"map_from_arrays(transform({TOKEN}, t -> t.begin), {_CHANNELS})"
    made: Annotated = Annotated(
        expression=f"transform(array({by_begin}), m -> transform({EMBEDDINGS}, e -> {joined}))[0]",
        outputCol=EMBEDDINGS,
        annotatorType="word_embeddings",
        dimension=width(dimension),
        ref=f"{base}+page",
    )
    return made


def tagged_rows(spark: SparkSession, examples: Iterable[Example]) -> DataFrame:
    """Returns ``task_id``, ``words`` and ``tags`` (one BIO tag a word) of examples that have words."""
    rows = [
        (item.task_id, word_structs(item.layout), [tag for page in pages_of(item) for tag in page.tags])
        for item in examples
        if item.layout is not None and item.layout.words
    ]
    return spark.createDataFrame(rows, f"task_id long, {WORDS} {WORDS_TYPE}, {_TAGS} array<string>")


def labelled(tokens: DataFrame) -> DataFrame:
    """Adds ``label``, the annotation that NerDL learns from, to rows with ``token`` and ``tags``."""
    tag = (
        f"transform(arrays_zip({TOKEN}, {_TAGS}), z -> named_struct('annotatorType', 'named_entity', "
        f"'begin', z.{TOKEN}.begin, 'end', z.{TOKEN}.end, 'result', z.{_TAGS}, 'metadata', z.{TOKEN}.metadata, "
        "'embeddings', CAST(array() AS array<float>)))"
    )
    return tokens.withColumn(LABEL, typed(F.expr(tag), LABEL, "named_entity"))


def numbers(page: Page, size: int) -> NDArray[np.float32]:
    """Returns the channels of a page's words as an annotator reads them (words x size).

    All of :data:`CHANNELS` in shares, the look as one of so many, and the rest says by bumps on a line how far left
    and how far down a word stands, which a share alone tells too smoothly.
    """
    import numpy as np

    steps = page_channels.channels(page)
    shares = steps / (STEPS - 1)
    looks = np.eye(_LOOKS)[steps[:, CHANNELS.index("look")]]
    room = size - shares.shape[1] - _LOOKS
    across, down = (shares[:, CHANNELS.index(name)] for name in ("left", "centre"))
    bumps = [_bumps(across, room // 2), _bumps(down, room - room // 2)]
    return np.concatenate([shares, looks, *bumps], axis=1).astype("float32")


def _bumps(shares: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    import numpy as np

    centres = np.linspace(0, 1, count)
    found: NDArray[np.float64] = np.exp(-(((shares[:, None] - centres) * (count - 1)) ** 2))
    return found


def _tokens(words: Sequence[Any] | None, size: int) -> tuple[list[Any], list[Any], list[list[float]]]:
    sentences: list[Any] = []
    tokens: list[Any] = []
    channels: list[list[float]] = []
    place = 0
    for page in cut(words or ()):
        parts = -(-len(page.words) // _MOST_WORDS)
        bounds = [len(page.words) * part // parts for part in range(parts + 1)]
        for start, end in pairwise(bounds):
            told = {"sentence": str(len(sentences))}
            first = place
            for word in page.words[start:end]:
                last = place + utf16_length(word.text) - 1
                tokens.append(("token", place, last, word.text, told, []))
                place = last + 2
            text = " ".join(word.text for word in page.words[start:end])
            sentences.append(("document", first, place - 2, text, told, []))
        channels += numbers(page, size).tolist()
    return sentences, tokens, channels


def _regions(facts: str, words: Sequence[Any] | None, begins: Sequence[int], told: Sequence[Any]) -> list[Any]:
    import numpy as np

    decoder = _decoder(facts)
    by_begin = dict(zip(begins, told, strict=True))
    found: list[Any] = []
    place = 0
    for page in cut(words or ()):
        scores = np.zeros((len(page.words), len(decoder.tags)), "float32")
        for number, word in enumerate(page.words):
            given = by_begin.get(place, {decoder.tags[0]: "1"})
            scores[number] = [max(float(given.get(tag, 0.0)), _LEAST) for tag in decoder.tags]
            place += utf16_length(word.text) + 1
        found += [described(page, region) for region in decoder.regions(page, np.log(scores))]
    return found


@lru_cache(maxsize=2)
def _decoder(facts: str) -> Decoder:
    read = json.loads(facts)
    return Decoder.legal(tuple(read["tags"]), Habits.from_dict(read["habits"]))
