"""A fine-tuned tagger inside Spark NLP: cut, tagged and decoded as on the training side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import genlab_widgets.training.spark.annotations as rows_in_spark
from genlab_widgets.training.dataset import Example, Span, build
from genlab_widgets.training.finetune import tagger
from genlab_widgets.training.finetune.loop import Recipe
from genlab_widgets.training.finetune.tagger import Tagger
from genlab_widgets.training.finetune.wordpieces import first_part, stretches
from genlab_widgets.training.tokens import code_points_to_utf16
from genlab_widgets.training.trainers import finetuned_ner
from tests.training.finetune import samples
from tests.training.finetune.texts import HARD, hard_texts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark
TEXTS = hard_texts(200)


@pytest.fixture(scope="module", params=[False, True], ids=["uncased", "case"])
def loaded(request: pytest.FixtureRequest, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A trained tagger, its weights, and what its pipeline, saved and loaded again, makes of the texts."""
    from pyspark.ml import PipelineModel

    train = samples.sentences(160)
    checkpoint = samples.checkpoint(case=request.param, positions=512)
    model = Tagger(checkpoint, tagger.tags_of(train))
    folder = tmp_path_factory.mktemp("finetuned")
    recipe = Recipe(epochs=12, encoder_rate=3e-3, head_rate=1e-2, patience=12)
    outcome = model.fit(train, samples.sentences(20, seed=1), recipe, folder / "state")
    fitted = finetuned_ner.stage(spark, model, outcome.params, folder / "onnx")
    finetuned_ner.pipeline(fitted, model).write().overwrite().save(str(folder / "pipeline"))
    examples = [Example(place, text, ()) for place, text in enumerate(TEXTS)]
    frame = PipelineModel.load(str(folder / "pipeline")).transform(rows_in_spark.text_rows(spark, examples)).persist()
    return model, outcome.params, examples, frame


def test_tokens_and_stretches_are_those_of_training(loaded: Any) -> None:
    model, _, examples, frame = loaded
    for row in frame.select("task_id", "token.begin", "token.end", "token.metadata").collect():
        text = examples[row.task_id].text
        units = code_points_to_utf16(text)
        expected = [
            (units[token.start], units[token.end] - 1, number)
            for number, part in enumerate(stretches(text, model.stretch))
            for token in part
        ]
        numbers = [int(item["sentence"]) for item in row.metadata]
        dense = {number: place for place, number in enumerate(dict.fromkeys(numbers))}
        assert [(*span, dense[number]) for *span, number in zip(row.begin, row.end, numbers, strict=True)] == expected


def test_every_text_has_the_tags_of_training(loaded: Any) -> None:
    model, params, examples, frame = loaded
    words = {place: list(stretches(example.text, model.stretch)) for place, example in enumerate(examples)}
    flat = [[token.text for token in part] for place in words for part in words[place]]
    tags = iter(model.predict(params, flat))
    found = {
        row.task_id: dict(zip(row.begin, row.result, strict=True))
        for row in frame.select("task_id", "ner.begin", "ner.result").collect()
    }
    kinds: set[str] = set()
    for place, parts in words.items():
        units = code_points_to_utf16(examples[place].text)
        for part in parts:
            for token, tag in zip(part, next(tags), strict=True):
                assert found[place].get(units[token.start], "O") == tag, (examples[place].text, token)
                kinds.add(tag)
    assert kinds == set(model.tags)


def test_chunks_are_the_predicted_spans(loaded: Any) -> None:
    model, params, examples, frame = loaded
    found = rows_in_spark.predicted(examples, rows_in_spark.chunks(frame))
    assert sum(len(example.spans) for example in found) > 100
    assert all(score is not None and 0 <= score <= 1 for example in found for _, score in example.scored)
    assert found == model.predict_examples(params, examples)


def test_a_second_model_in_the_session_leaves_the_first_as_it_is(
    loaded: Any, spark: SparkSession, tmp_path: Path
) -> None:
    model, params, examples, _ = loaded
    first = finetuned_ner.stage(spark, model, params, tmp_path / "first")
    finetuned_ner.stage(spark, model, model.begin(seed=9), tmp_path / "second")
    some = examples[:20]
    read = finetuned_ner.pipeline(first, model).transform(rows_in_spark.text_rows(spark, some))
    found = rows_in_spark.predicted(some, rows_in_spark.chunks(read))
    assert any(example.spans for example in found)
    assert found == model.predict_examples(params, some)


def test_confidence_is_a_number_between_0_and_1(loaded: Any) -> None:
    scores = [
        float(value)
        for row in loaded[3].limit(20).select("ner.metadata").collect()
        for item in row.metadata
        for key, value in item.items()
        if key not in {"sentence", "word", "Some(sentence)"} and _is_number(value)
    ]
    assert scores
    assert all(0 <= score <= 1 for score in scores)
    assert np.isfinite(scores).all()


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("cased", [False, True])
def test_words_are_left_as_spark_nlp_leaves_them(spark: SparkSession, cased: bool) -> None:
    annotators = spark._jvm.com.johnsnowlabs.nlp.annotators
    nothing = getattr(spark._jvm.scala, "None$").__getattr__("MODULE$")
    tokenizer = annotators.tokenizer.wordpiece.BasicTokenizer(cased, True)
    for word in (*HARD, "’\u0301", "،a", "‽", "⁂", "〜", "٪", "᠀", "a\u0301b", "\u0301", "Ǆ", "ﬁ"):
        for part in (word, f"a{word}", f"{word}b"):
            if any(sign.isspace() for sign in part):
                continue
            content = part if cased else part.lower()  # py4j has no Java strings; the texts above test Java's own
            units = len(part.encode("utf-16-le")) // 2
            heads = tokenizer.tokenize(annotators.common.Sentence(content, 0, units - 1, 0, nothing))
            assert first_part(part, cased) == (heads[0].token() if len(heads) else ""), ascii(part)


def test_thirty_entity_types_train_where_no_graph_of_nerdl_fits(spark: SparkSession, tmp_path: Path) -> None:
    kinds = {f"TYPE_{first}{second}".upper(): f"{first}{second}" for first in "abcde" for second in "uvwxyz"}
    assert len(kinds) == 30

    def said(number: int, label: str) -> Example:
        text = f"the {kinds[label]} and old bank visits."
        return Example(number, text, (Span(4, 4 + len(kinds[label]), label),))

    train = [said(place * 30 + number, label) for place in range(8) for number, label in enumerate(kinds)]
    sentences = build(train)[0]
    model = Tagger(samples.checkpoint(positions=512), tagger.tags_of(sentences))
    assert len(model.tags) == 31  # no entity has two words, so no tag goes on with one
    recipe = Recipe(epochs=12, encoder_rate=3e-3, head_rate=1e-2, patience=12)
    outcome = model.fit(sentences, sentences[:60], recipe, tmp_path / "state")
    fitted = finetuned_ner.stage(spark, model, outcome.params, tmp_path / "onnx")
    unseen = [said(1000 + number, label) for number, label in enumerate(kinds)]
    read = finetuned_ner.pipeline(fitted, model).transform(rows_in_spark.text_rows(spark, unseen))
    found = rows_in_spark.predicted(unseen, rows_in_spark.chunks(read))
    right = sum(one.spans == other.spans for one, other in zip(found, unseen, strict=True))
    assert right >= 27
