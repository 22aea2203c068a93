"""Java and Python cut texts alike, and offsets survive the way there and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from genlab_widgets.training import dataset, graph, tokens
from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.spark import annotations

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark

TEXTS = [
    "Dr. Mu\u0308ller gave 500mg \U0001f600\U0001f44d\U0001f3fd to her. Next day: fine!\n\nOK \u201cyes\u201d. None today \U0001f600.",
    "  leading   blanks. And tabs\tand\u00a0hard ones at the end  ",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u0939\u093f\u0928\u094d\u0926\u0940 e\u0301te\u0301 x",
    "a_b-c.d, e@f.org #tag @user q?=1",
    "\u3002\u4e00\u53e5\u3002\u4e8c\u53e5\uff01\u597d",
    "soft\u00adhyphen zero\u200bwidth \u200dx",
    "line one\nline two\r\nline three",
    "x",
    "   ",
    "",
]


def cutters() -> list[object]:
    """The first three stages of a saved pipeline."""
    from sparknlp.base import TokenAssembler

    from genlab_widgets.training.trainers.ner import pipeline

    nothing = TokenAssembler()
    return list(pipeline(nothing, nothing).stages[:3])


def test_java_cuts_sentences_and_tokens_like_python(spark: SparkSession) -> None:
    from pyspark.ml import PipelineModel

    examples = [Example(number, text, ()) for number, text in enumerate(TEXTS)]
    rows = PipelineModel(stages=cutters()).transform(annotations.text_rows(spark, examples)).collect()
    assert len(rows) == len(TEXTS)
    for row in rows:
        text = TEXTS[row.task_id]
        places = tokens.utf16_to_code_points(text)
        found = [(places[item.begin], places[item.end + 1]) for item in row.token]
        assert found == [(token.start, token.end) for token in tokens.tokenize(text)], text
        bounds = [(places[item.begin], places[item.end + 1]) for item in row.sentence]
        groups = [[token for token in found if low <= token[0] < high] for low, high in bounds]
        expected = [
            [(token.start, token.end) for token in tokens.tokenize(text) if low <= token.start < high]
            for low, high in tokens.sentences(text)
        ]
        assert [group for group in groups if group] == expected, text


def test_training_rows_carry_the_text_in_utf16(spark: SparkSession) -> None:
    text = "No \U0001f600 fever , ok"
    sentences, _ = dataset.build([Example(7, text, (Span(5, 10, "PROBLEM"),))])
    frame = annotations.sentence_rows(spark, sentences)
    row = frame.collect()[0]
    assert row.sentence[0].result == text
    assert (row.sentence[0].begin, row.sentence[0].end) == (0, row.token[-1].end)
    words = [(item.result, item.begin, item.end) for item in row.token]
    assert words[:3] == [("No", 0, 1), ("\U0001f600", 3, 4), ("fever", 6, 10)]
    assert [item.result for item in row.label] == ["O", "O", "B-PROBLEM", "O", "O"]
    assert {name: frame.schema[name].metadata["annotatorType"] for name in ("sentence", "token", "label")} == {
        "sentence": "document",
        "token": "token",
        "label": "named_entity",
    }


def test_predicted_chunks_come_back_in_code_points() -> None:
    text = "\U0001f600\U0001f600 fever"
    chunk = annotations.Chunk(5, 10, "PROBLEM", 0.5)
    found = annotations.predicted([Example(1, text, ()), Example(2, "none", ())], {1: [chunk]})
    assert found[0].scored == [(Span(3, 8, "PROBLEM"), 0.5)]
    assert text[3:8] == "fever"
    assert found[1].scored == []


@pytest.mark.parametrize(
    ("told", "score"),
    [("0.25", 0.25), ("1.0E-4", 0.0001), ("1", 1.0), ("NaN", None), ("1.5", None), ("Some(0.5)", None), (None, None)],
)
def test_a_score_is_a_number_from_0_to_1_or_none(told: str | None, score: float | None) -> None:
    assert annotations.score_of(told) == score


@pytest.mark.parametrize(
    ("told", "score"),
    [
        ([{"confidence": "0.9"}, {"confidence": "0.7"}], 0.8),  # NerDL
        ([{"B-X": "0.9", "I-X": "0.1"}, {"B-X": "0.3", "I-X": "0.7"}], 0.8),  # BERT: a score for every tag
        ([{}, {}], None),
    ],
)
def test_the_score_of_a_chunk_is_the_mean_of_its_tokens_own_tags(
    spark: SparkSession, told: list[dict[str, str]], score: float | None
) -> None:
    from pyspark.sql import functions as F
    from sparknlp.annotator import NerConverter

    sentences, _ = dataset.build([Example(7, "acute fever", (Span(0, 11, "X"),))])
    frame = annotations.sentence_rows(spark, sentences).withColumn("task_id", F.lit(7))
    tags = [
        F.col("label")[place].withField(
            "metadata",
            F.create_map(*(F.lit(said) for pair in {**own, "word": "w", "sentence": "0"}.items() for said in pair)),
        )
        for place, own in enumerate(told)
    ]
    frame = frame.withColumn("ner", annotations.typed(F.array(*tags), "ner", "named_entity"))
    converter = NerConverter().setInputCols("sentence", "token", "ner").setOutputCol("ner_chunk")
    [[chunk]] = annotations.chunks(converter.transform(frame)).values()
    assert (chunk.begin, chunk.end, chunk.label) == (0, 11, "X")
    assert chunk.score == (None if score is None else pytest.approx(score, abs=1e-6))


def test_rare_characters_are_spelled_with_the_stand_in(spark: SparkSession) -> None:
    from pyspark.sql import functions as F

    sentences, _ = dataset.build([Example(1, "caf\u00e9 \U0001f600 [x]", ())])
    frame = annotations.sentence_rows(spark, sentences)
    meta = F.create_map(F.lit("token"), F.lit("caf\u00e9[\U0001f600]"), F.lit("isOOV"), F.lit("false"))
    column = F.array(F.struct(F.lit("word_embeddings").alias("annotatorType"), meta.alias("metadata")))
    frame = frame.withColumn(
        "embeddings", annotations.typed(column, "embeddings", "word_embeddings", dimension=1, ref="r")
    )
    spelled = annotations.spelled(frame, frozenset("caf[]"), graph.STAND_IN)
    assert spelled.schema["embeddings"].metadata["ref"] == "r"
    assert spelled.collect()[0].embeddings[0].metadata == {"token": "caf\ufffd[\ufffd]", "isOOV": "false"}
