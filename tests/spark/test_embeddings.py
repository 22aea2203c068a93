"""Each kind of embeddings as a stage of Spark NLP."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from genlab_widgets.errors import BadInput, DownloadFailed
from genlab_widgets.training import dataset, embeddings
from genlab_widgets.training.dataset import Example
from genlab_widgets.training.embeddings import EMBEDDINGS, TOKEN, minilm
from genlab_widgets.training.finetune.tagger import Tagger
from genlab_widgets.training.spark import annotations
from genlab_widgets.training.trainers import finetuned_ner
from tests.training.embeddings.test_stored import PACKAGE, save_metadata
from tests.training.finetune import samples

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.spark

TEXTS = [
    "The nurse saw a mild unbelievable headache, then fever.",
    "Caf\u00e9 visit: no fever today!",
    "A\u0301 \u0301 x \U0001f600 \ufffd y",
]
"""The third has tokens that BERT's cleaning leaves nothing of: a lone accent and a replacement character."""


def rows_of(spark: SparkSession, texts: list[str]) -> DataFrame:
    sentences, _ = dataset.build([Example(number, text, ()) for number, text in enumerate(texts)])
    return annotations.sentence_rows(spark, sentences)


def vectors(frame: DataFrame) -> list[list[tuple[str, Any]]]:
    """Returns token and vector of each row, in order."""
    rows = frame.orderBy("place").select(EMBEDDINGS).collect()
    return [[(item.metadata["token"], np.array(item.embeddings)) for item in row[0]] for row in rows]


def test_minilm_gives_the_vectors_of_the_first_pieces(spark: SparkSession) -> None:
    from onnxruntime import InferenceSession
    from tokenizers import BertWordPieceTokenizer

    try:
        folder = minilm.ensure()
    except DownloadFailed as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"MiniLM is not in the cache. {error}")
    rows = rows_of(spark, TEXTS)
    embedded = embeddings.resolve("minilm").stage(spark, rows).transform(rows)
    metadata = embedded.schema[EMBEDDINGS].metadata
    assert (metadata["dimension"], metadata["annotatorType"]) == (384, "word_embeddings")
    found = vectors(embedded)
    tokenizer = BertWordPieceTokenizer(str(folder / "assets" / "vocab.txt"), lowercase=True)
    session = InferenceSession(str(folder / "model.onnx"))
    for place in range(2):
        encoded = tokenizer.encode(TEXTS[place])
        ids = np.array([encoded.ids])
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (hidden,) = session.run(None, feeds)
        firsts = [index for index, piece in enumerate(encoded.tokens) if not piece.startswith(("##", "[CLS]", "[SEP]"))]
        assert len(firsts) == len(found[place])
        expected = hidden[0][firsts]
        np.testing.assert_allclose(np.stack([vector for _, vector in found[place]]), expected, atol=1e-4)


def test_minilm_leaves_out_tokens_that_its_cleaning_empties(spark: SparkSession) -> None:
    if not minilm.ready():
        pytest.skip("MiniLM is not in the cache.")
    rows = rows_of(spark, TEXTS[2:])
    row = embeddings.resolve("minilm").stage(spark, rows).transform(rows).collect()[0]
    assert [item.result for item in row[TOKEN]] == ["A\u0301", "\u0301", "x", "\U0001f600", "\ufffd", "y"]
    assert [item.begin for item in row[EMBEDDINGS]] == [row[TOKEN][index].begin for index in (0, 2, 3, 5)]


def test_minilm_is_saved_as_itself_after_a_fine_tuned_model_came(spark: SparkSession, tmp_path: Path) -> None:
    from sparknlp.annotator import BertEmbeddings

    if not minilm.ready():
        pytest.skip("MiniLM is not here")
    rows = annotations.sentence_rows(spark, dataset.build([Example(1, "Ann lives in Rome.", ())])[0])
    stage = embeddings.resolve("minilm").stage(spark, rows)
    small = Tagger(samples.checkpoint(case=True), ("O", "B-X", "I-X"), lexical=False)
    finetuned_ner.stage(spark, small, small.begin(1), tmp_path / "tuned")
    stage.write().overwrite().save(str(tmp_path / "saved"))
    before, after = (
        [token.embeddings for token in made.transform(rows).first()[EMBEDDINGS]]
        for made in (stage, BertEmbeddings.load(str(tmp_path / "saved")))
    )
    assert before == after
    assert len(before[0]) == minilm.DIMENSION


def test_word2vec_is_trained_the_same_each_time_and_can_be_saved(spark: SparkSession, tmp_path: Path) -> None:
    rows = rows_of(spark, TEXTS[:2] * 20)
    stage = embeddings.resolve("word2vec").stage(spark, rows)
    again = embeddings.resolve("word2vec").stage(spark, rows)
    first, second = vectors(stage.transform(rows)), vectors(again.transform(rows))
    assert {len(vector) for row in first for _, vector in row} == {100}
    for one, other in zip(first, second, strict=True):
        for (token, vector), (same_token, same_vector) in zip(one, other, strict=True):
            assert token == same_token
            np.testing.assert_array_equal(vector, same_vector)
    assert all(np.abs(vector).sum() > 0 for _, vector in first[0])
    folder = tmp_path / "my {saved} stage, 1"
    stage.write().save(str(tmp_path / "plain"))
    (tmp_path / "plain").rename(folder)
    loaded = embeddings.resolve(f"folder:{folder}")
    assert loaded.dimension == 100
    for one, other in zip(first, vectors(loaded.stage(spark, rows).transform(rows)), strict=True):
        np.testing.assert_allclose([vector for _, vector in one], [vector for _, vector in other])


GLOVE = "the 1 2 3\nfever 4 5 6\n. . . 9 9 9\nno 7 8 9\n"


@pytest.mark.parametrize(
    ("name", "content"), [("glove.txt", GLOVE), ("wiki {small}, 1.vec", f"4 3\n{GLOVE}".replace("\n", " \n"))]
)
def test_vectors_files_with_and_without_header(spark: SparkSession, tmp_path: Path, name: str, content: str) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    rows = rows_of(spark, ["The fever, no 4 fevers"])
    chosen = embeddings.resolve(f"vectors:{file}")
    assert chosen.dimension == 3
    stage = chosen.stage(spark, rows)
    found = {token: vector.tolist() for token, vector in vectors(stage.transform(rows))[0]}
    nothing = [0.0, 0.0, 0.0]
    assert found == {
        "The": [1.0, 2.0, 3.0],
        "fever": [4.0, 5.0, 6.0],
        ",": nothing,
        "no": [7.0, 8.0, 9.0],
        "4": nothing,
        "fevers": nothing,
    }
    assert file.read_text(encoding="utf-8") == content
    stage.write().save(str(tmp_path / "saved"))
    loaded = embeddings.resolve(f"folder:{tmp_path / 'saved'}").stage(spark, rows)
    assert {token: vector.tolist() for token, vector in vectors(loaded.transform(rows))[0]} == found


def test_a_vectors_file_with_capitals_is_case_sensitive(spark: SparkSession, tmp_path: Path) -> None:
    file = tmp_path / "cased.txt"
    file.write_text("the 1 2\nThe 3 4\n", encoding="utf-8")
    rows = rows_of(spark, ["The the THE"])
    stage = embeddings.resolve(f"vectors:{file}").stage(spark, rows)
    found = vectors(stage.transform(rows))[0]
    assert [vector.tolist() for _, vector in found] == [[3.0, 4.0], [1.0, 2.0], [0.0, 0.0]]


def test_a_vectors_file_that_turns_bad_further_down_is_said(spark: SparkSession, tmp_path: Path) -> None:
    file = tmp_path / "bad.txt"
    file.write_text("word 1 2\n" * 200 + "last x y\n", encoding="utf-8")
    rows = rows_of(spark, TEXTS[:1])
    with pytest.raises(BadInput) as caught:
        embeddings.resolve(f"vectors:{file}").stage(spark, rows)
    assert "cannot be indexed" in caught.value.what


def test_a_folder_without_the_model_itself_is_said(spark: SparkSession, tmp_path: Path) -> None:
    folder = save_metadata(tmp_path / "stage", f"{PACKAGE}.BertEmbeddings", dimension=384)
    with pytest.raises(BadInput) as caught:
        embeddings.resolve(f"folder:{folder}").stage(spark, rows_of(spark, TEXTS[:1]))
    assert "cannot be loaded" in caught.value.what
    assert len(caught.value.why) > len("Spark NLP says: .")


def test_a_hub_name_that_cannot_be_fetched_is_said_soon(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path))
    chosen = embeddings.resolve("hub:glove_of_nobody", "en")
    started = time.monotonic()
    with pytest.raises(DownloadFailed) as caught:
        chosen.stage(spark, rows_of(spark, TEXTS[:1]))
    assert time.monotonic() - started < 60
    assert "glove_of_nobody" in caught.value.what
    assert caught.value.why
    assert "word2vec" in caught.value.next_step
    assert sorted(path.name for path in (tmp_path / "hub").iterdir()) == [".lock"]
