"""Saved stages and vectors files: what is told before Spark starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.errors import BadInput, NotFound
from genlab_widgets.training.embeddings import stored

PACKAGE = "com.johnsnowlabs.nlp.embeddings"


def save_metadata(folder: Path, class_name: str, **parameters: Any) -> Path:
    """Writes the metadata that Spark ML writes beside a saved stage."""
    (folder / "metadata").mkdir(parents=True)
    metadata = {"class": class_name, "paramMap": parameters, "defaultParamMap": {"dimension": 768}}
    (folder / "metadata" / "part-00000").write_text(json.dumps(metadata) + "\n", encoding="utf-8")
    return folder


def test_the_dimension_of_a_saved_stage_is_read(tmp_path: Path) -> None:
    found = stored.saved(save_metadata(tmp_path / "mine", f"{PACKAGE}.BertEmbeddings", dimension=384))
    assert (found.class_name, found.dimension, found.known_dimension) == ("BertEmbeddings", 384, 384)
    assert found.name == f"folder:{tmp_path / 'mine'}"
    assert found.title == "mine (BertEmbeddings)"
    assert stored.saved(save_metadata(tmp_path / "base", f"{PACKAGE}.BertEmbeddings")).dimension == 768


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        stored.saved(tmp_path / "missing")
    assert str(tmp_path / "missing") in caught.value.what


@pytest.mark.parametrize("content", [None, "", "{", "[]"])
def test_a_folder_without_metadata_is_said(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "metadata").mkdir()
        (tmp_path / "metadata" / "part-00000").write_text(content, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        stored.saved(tmp_path)
    assert "metadata" in caught.value.why


def test_another_stage_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        stored.saved(save_metadata(tmp_path / "ner", "com.johnsnowlabs.nlp.annotators.ner.dl.NerDLModel"))
    assert "NerDLModel" in caught.value.why


def test_a_pipeline_names_the_stage_to_take(tmp_path: Path) -> None:
    pipeline = save_metadata(tmp_path / "model", "org.apache.spark.ml.PipelineModel")
    save_metadata(pipeline / "stages" / "0_TOKENIZER", "com.johnsnowlabs.nlp.annotators.RegexTokenizer")
    inner = save_metadata(pipeline / "stages" / "1_BERT", f"{PACKAGE}.BertEmbeddings", dimension=384)
    with pytest.raises(BadInput) as caught:
        stored.saved(pipeline)
    assert caught.value.next_step == f"Give the stage of the pipeline instead: folder:{inner}."
    assert stored.saved(inner).dimension == 384


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_glove_text_has_no_header(tmp_path: Path) -> None:
    found = stored.vectors(write(tmp_path / "glove.txt", "the 0.1 -0.2 3e-2\nof 1 2 3\n"))
    assert (found.header, found.dimension, found.known_dimension) == (False, 3, 3)
    assert found.name == f"vectors:{tmp_path / 'glove.txt'}"


def test_fasttext_text_has_a_header_and_blanks_at_line_ends(tmp_path: Path) -> None:
    found = stored.vectors(write(tmp_path / "wiki.vec", "2 3\nthe 0.1 -0.2 3e-2 \nof 1 2 3 \n"))
    assert (found.header, found.dimension) == (True, 3)


def test_a_word_with_blanks_inside_does_not_spoil_the_file(tmp_path: Path) -> None:
    found = stored.vectors(write(tmp_path / "glove.txt", "the 1 2 3\n. . . 1 2 3\nof 1 2 3\n"))
    assert found.dimension == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "It is empty"),
        (b"2 3\n", "header and no words"),
        (b"\x1f\x8b\x08\x00\xff\xfe", "no text in UTF-8"),
        (b"word\nother\n", "no word with a vector"),
        (b"the a b c\nof 1 2 3\n", "could not convert"),
        (b"5 300\nthe 1 2 3\nof 1 2 3\n", "only 0 have a word and 300 numbers"),
        (b"word,1,2\n", "no word with a vector"),
    ],
)
def test_what_is_no_vectors_file_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "file.txt").write_bytes(content)
    with pytest.raises(BadInput) as caught:
        stored.vectors(tmp_path / "file.txt")
    assert said.lower() in caught.value.why.lower()
    assert "GloVe" in caught.value.next_step


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        stored.vectors(tmp_path / "missing.txt")
    with pytest.raises(NotFound):
        stored.vectors(tmp_path)
