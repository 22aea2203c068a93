"""Between our rows and Spark NLP's annotations: sentences into Spark, predicted chunks back to code points.

Spark NLP counts UTF-16 units with an inclusive end; completions count code points with an exclusive end. The conversion
happens here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from genlab_widgets.training.dataset import Example, Sentence, Span
from genlab_widgets.training.tokens import utf16_length, utf16_to_code_points

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import Column, DataFrame, SparkSession

DOCUMENT, SENTENCE, TOKEN, EMBEDDINGS, LABEL, NER, CHUNK = (
    *("document", "sentence", "token", "embeddings"),
    *("label", "ner", "ner_chunk"),
)
"""Names of the annotation columns, in training rows and in the saved pipeline."""
CONFIDENCE = "confidence"
"""What Spark NLP calls the score in an annotation's metadata."""


class Chunk(NamedTuple):
    """A predicted entity.

    Attributes:
        begin: Its first UTF-16 unit.
        end: The unit behind its last one.
        label: Its label.
        score: How sure the model was, 0 to 1; None where its pipeline says nothing of it.
    """

    begin: int
    end: int
    label: str
    score: float | None = None


def sentence_rows(spark: SparkSession, sentences: Sequence[Sentence]) -> DataFrame:
    """Returns one row a sentence: ``place`` (its index) and the annotations ``sentence``, ``token`` and ``label``.

    Offsets are relative to the sentence, whose text is its tokens with single blanks where the task has some.

    Args:
        spark: The session.
        sentences: Sentences with tags; empty ones are left out.
    """
    import pandas as pd
    from pyspark.sql import functions as F

    rows = [(place, *_row(sentence)) for place, sentence in enumerate(sentences) if sentence.tokens]
    schema = "place int, text string, tokens array<string>, begins array<int>, ends array<int>, tags array<string>"
    names = ["place", "text", "tokens", "begins", "ends", "tags"]
    frame = spark.createDataFrame(pd.DataFrame(rows, columns=names), schema)
    zipped = F.arrays_zip("tokens", "begins", "ends", "tags")
    # Spark's length counts code points: a sentence that ends too early would lose the last tokens after an emoji.
    whole = F.array(_annotation("document", F.lit(0), F.element_at("ends", -1), F.col("text")))
    words = F.transform(zipped, lambda item: _annotation("token", item["begins"], item["ends"], item["tokens"]))
    tags = F.transform(zipped, lambda item: _annotation("named_entity", item["begins"], item["ends"], item["tags"]))
    return frame.select(
        "place", typed(whole, SENTENCE, "document"), typed(words, TOKEN, "token"), typed(tags, LABEL, "named_entity")
    )


def spelled(embedded: DataFrame, common: frozenset[str], stand_in: str) -> DataFrame:
    """Replaces rare characters in the words that NerDL reads beside the embeddings; the embeddings stay.

    Args:
        embedded: Rows with the column ``embeddings``, whose metadata ``token`` is the word that NerDL spells.
        common: Characters that stay.
        stand_in: Stands for every other one.
    """
    from pyspark.sql import functions as F

    kept = "".join(f"\\x{{{ord(character):X}}}" for character in sorted(common))
    rare = f"[^{kept}]"

    def word(item: Column) -> Column:
        token = F.create_map(F.lit("token"), F.regexp_replace(item["metadata"]["token"], rare, stand_in))
        others = F.map_filter(item["metadata"], lambda key, _: key != "token")
        return item.withField("metadata", F.map_concat(others, token))

    metadata = embedded.schema[EMBEDDINGS].metadata
    return embedded.withColumn(EMBEDDINGS, F.transform(EMBEDDINGS, word).alias(EMBEDDINGS, metadata=metadata))


def text_rows(spark: SparkSession, examples: Sequence[Example]) -> DataFrame:
    """Returns one row an example with ``task_id`` and ``text``, as the saved pipeline takes them."""
    import pandas as pd

    rows = [(example.task_id, example.text) for example in examples]
    return spark.createDataFrame(pd.DataFrame(rows, columns=["task_id", "text"]), "task_id long, text string")


def chunks(frame: DataFrame) -> dict[int, list[Chunk]]:
    """Collects ``ner_chunk`` by ``task_id``.

    The score is NerConverter's: the mean over the chunk's tokens of the score of the tag that each was given.
    """
    from pyspark.sql import functions as F

    def wanted(chunk: Column) -> Column:
        told = chunk["metadata"]
        return F.struct(chunk["begin"], (chunk["end"] + 1).alias("end"), told["entity"], told[CONFIDENCE])

    return {
        int(task_id): [Chunk(int(begin), int(end), str(label), score_of(told)) for begin, end, label, told in found]
        for task_id, found in frame.select("task_id", F.transform(CHUNK, wanted)).collect()
    }


def predicted(examples: Iterable[Example], found: Mapping[int, Sequence[Chunk]]) -> list[Example]:
    """Returns the examples with the spans of :func:`chunks` in code points, and their scores."""
    answers = []
    for example in examples:
        places = utf16_to_code_points(example.text)
        own = found.get(example.task_id, ())
        spans = tuple(Span(places[chunk.begin], places[chunk.end], chunk.label) for chunk in own)
        answers.append(Example(example.task_id, example.text, spans, scores=tuple(chunk.score for chunk in own)))
    return answers


def score_of(told: str | None) -> float | None:
    """Returns what metadata say of a score; None where that is no number from 0 to 1."""
    try:
        score = float(told or "")
    except ValueError:
        return None
    return score if 0 <= score <= 1 else None


def entities(spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
    """Returns the examples with the entities that a saved pipeline finds in their texts."""
    return predicted(examples, chunks(model.transform(text_rows(spark, examples))))


def begins(sentence: Sentence) -> list[int]:
    """Returns where each token of a sentence begins in its training row, in UTF-16 units."""
    return _row(sentence)[2] if sentence.tokens else []


def typed(column: Column, name: str, annotator_type: str, **metadata: Any) -> Column:
    """Names an annotation column and gives it the metadata by which Spark NLP knows it."""
    return column.alias(name, metadata={"annotatorType": annotator_type, **metadata})


def _annotation(annotator_type: str, begin: Column, end: Column, result: Column) -> Column:
    from pyspark.sql import functions as F

    return F.struct(
        F.lit(annotator_type).alias("annotatorType"),
        begin.cast("int").alias("begin"),
        end.cast("int").alias("end"),
        result.alias("result"),
        F.create_map(F.lit("sentence"), F.lit("0")).alias("metadata"),
        F.array().cast("array<float>").alias("embeddings"),
    )


def _row(sentence: Sentence) -> tuple[str, list[str], list[int], list[int], list[str]]:
    """Lays the tokens side by side, a blank between those that do not touch; ends are inclusive UTF-16 units."""
    pieces: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    place, last = 0, sentence.tokens[0].start
    for token in sentence.tokens:
        if token.start > last:
            pieces.append(" ")
            place += 1
        pieces.append(token.text)
        begins.append(place)
        place += utf16_length(token.text)
        ends.append(place - 1)
        last = token.end
    return "".join(pieces), [token.text for token in sentence.tokens], begins, ends, sentence.tags
