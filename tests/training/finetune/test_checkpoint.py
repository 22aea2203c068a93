"""Checkpoint folders: what is read, and what is refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from genlab_widgets.errors import BadInput
from genlab_widgets.training.finetune import checkpoint
from tests.training.finetune import samples


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_a_folder_is_read(tmp_path: Path, prefix: str) -> None:
    found = checkpoint.read(samples.write(tmp_path, prefix))
    assert found.shape == samples.checkpoint().shape
    assert found.vocabulary.pieces == samples.PIECES
    assert not found.vocabulary.cased
    assert all((found.weights[name] == tensor).all() for name, tensor in samples.weights().items())


def test_shards_old_names_and_strange_tensors_are_read(tmp_path: Path) -> None:
    samples.write(tmp_path)
    whole = {**load_file(tmp_path / "model.safetensors"), "cls.predictions.bias": np.zeros(3, "float32")}
    (tmp_path / "model.safetensors").unlink()
    renamed = {
        f"bert.{name}".replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor
        for name, tensor in whole.items()
    }
    names = sorted(renamed)
    shards = {"model-1.safetensors": names[::2], "model-2.safetensors": names[1::2]}
    for file, part in shards.items():
        save_file({name: renamed[name] for name in part}, tmp_path / file)
    index = {"weight_map": {name: file for file, part in shards.items() for name in part}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    found = checkpoint.read(tmp_path)
    assert found.weights.keys() == samples.weights().keys()


def test_tokenizer_json_stands_for_vocab_txt_and_says_the_case(tmp_path: Path) -> None:
    samples.write(tmp_path)
    (tmp_path / "vocab.txt").unlink()
    model = {"type": "WordPiece", "vocab": {piece: place for place, piece in enumerate(samples.PIECES)}}
    (tmp_path / "tokenizer.json").write_text(json.dumps({"normalizer": {"lowercase": False}, "model": model}))
    found = checkpoint.read(tmp_path)
    assert found.vocabulary.pieces == samples.PIECES
    assert found.vocabulary.cased


def test_capitals_in_the_vocabulary_make_it_cased(tmp_path: Path) -> None:
    samples.write(tmp_path)
    text = (tmp_path / "vocab.txt").read_text().replace("visits", "Visits")
    (tmp_path / "vocab.txt").write_text(text)
    assert checkpoint.read(tmp_path).vocabulary.cased
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    assert not checkpoint.read(tmp_path).vocabulary.cased


def test_another_architecture_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="type roberta"):
        checkpoint.read(samples.write(tmp_path, model_type="roberta"))


def test_another_activation_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        checkpoint.read(samples.write(tmp_path, hidden_act="relu"))
    assert "relu" in caught.value.why


@pytest.mark.parametrize(
    "name",
    ["encoder.layer.1.output.dense.bias", "embeddings.LayerNorm.weight", "encoder.layer.0.attention.self.key.weight"],
)
def test_missing_weights_are_named(tmp_path: Path, name: str) -> None:
    samples.write(tmp_path)
    tensors = {key: value.copy() for key, value in load_file(tmp_path / "model.safetensors").items()}
    del tensors[name]
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(BadInput) as caught:
        checkpoint.read(tmp_path)
    assert name in caught.value.why


def test_a_missing_layer_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not all weights"):
        checkpoint.read(samples.write(tmp_path, num_hidden_layers=3))


def test_missing_files_are_named(tmp_path: Path) -> None:
    samples.write(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(BadInput, match="no model.safetensors"):
        checkpoint.read(tmp_path)
    samples.write(tmp_path)
    (tmp_path / "vocab.txt").unlink()
    with pytest.raises(BadInput, match="vocabulary"):
        checkpoint.read(tmp_path)


def test_a_vocabulary_of_another_model_is_refused(tmp_path: Path) -> None:
    samples.write(tmp_path)
    (tmp_path / "vocab.txt").write_text("".join(f"{piece}\n" for piece in (*samples.PIECES, "more")))
    with pytest.raises(BadInput) as caught:
        checkpoint.read(tmp_path)
    assert str(len(samples.PIECES) + 1) in caught.value.why
    assert str(len(samples.PIECES)) in caught.value.why


def test_a_vocabulary_without_special_pieces_is_refused(tmp_path: Path) -> None:
    samples.write(tmp_path)
    (tmp_path / "vocab.txt").write_text("".join(f"{piece}\n" for piece in samples.PIECES if piece != "[SEP]"))
    with pytest.raises(BadInput) as caught:
        checkpoint.read(tmp_path)
    assert "[SEP]" in caught.value.why


def test_heads_and_case_are_new_weights() -> None:
    plain, cased = samples.checkpoint(), samples.checkpoint(case=True)
    assert plain.is_new("classifier.weight")
    assert not plain.is_new("encoder.layer.output.dense.weight")
    assert not plain.is_new(checkpoint.TYPES)
    assert cased.is_new(checkpoint.TYPES)
    assert not cased.is_new(checkpoint.WORDS)
