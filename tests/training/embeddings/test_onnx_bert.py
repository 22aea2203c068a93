"""The ONNX graph of an encoder against a forward pass in numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from genlab_widgets.errors import BadInput
from genlab_widgets.training.embeddings import onnx_bert
from tests.training.embeddings import samples


@pytest.fixture(scope="module")
def weights() -> samples.Weights:
    return samples.random_weights()


@pytest.fixture(scope="module")
def session(weights: samples.Weights) -> InferenceSession:
    model = onnx_bert.encoder(weights, onnx_bert.read_shape(weights, samples.CONFIG))
    return InferenceSession(model.SerializeToString())


def run(session: InferenceSession, ids: Any, mask: Any, types: Any) -> NDArray[np.float32]:
    """Runs a batch: word-piece ids, mask and types (batch x length) in, vectors (batch x length x hidden) out."""
    values = (np.asarray(value, dtype="int64") for value in (ids, mask, types))
    (found,) = session.run(None, dict(zip(onnx_bert.INPUTS, values, strict=True)))
    return np.asarray(found)


ROWS = [[2, 9, 30, 4, 0, 17, 3], [2, 8, 3], [2, 5, 5, 5, 3]]
TYPES = [[0, 0, 0, 1, 1, 1, 1], [0, 0, 0], [1, 0, 1, 0, 1]]


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_one_row_equals_the_forward_pass(session: InferenceSession, weights: samples.Weights, row: int) -> None:
    ids, types = ROWS[row], TYPES[row]
    found = run(session, [ids], [[1] * len(ids)], [types])
    np.testing.assert_allclose(found[0], samples.reference(weights, ids, types), atol=2e-5)


def test_padding_changes_nothing(session: InferenceSession, weights: samples.Weights) -> None:
    longest = 1 + max(map(len, ROWS))
    ids = [row + [11] * (longest - len(row)) for row in ROWS]
    mask = [[1] * len(row) + [0] * (longest - len(row)) for row in ROWS]
    types = [row + [1] * (longest - len(row)) for row in TYPES]
    found = run(session, ids, mask, types)
    for place, row in enumerate(ROWS):
        expected = samples.reference(weights, row, TYPES[place])
        np.testing.assert_allclose(found[place, : len(row)], expected, atol=2e-5)


def test_a_row_of_padding_only_stays_finite(session: InferenceSession) -> None:
    assert np.isfinite(run(session, [[0, 0]], [[0, 0]], [[0, 0]])).all()


def test_the_longest_row_has_a_position_for_each_piece(session: InferenceSession, weights: samples.Weights) -> None:
    ids = [number % samples.WORDS for number in range(samples.POSITIONS)]
    found = run(session, [ids], [[1] * len(ids)], [[0] * len(ids)])
    np.testing.assert_allclose(found[0], samples.reference(weights, ids, [0] * len(ids)), atol=2e-5)


def test_the_sizes_come_from_the_weights(weights: samples.Weights) -> None:
    shape = onnx_bert.read_shape(weights, samples.CONFIG)
    assert shape == onnx_bert.BertShape(
        samples.LAYERS, 3, samples.HIDDEN, samples.INTERMEDIATE, samples.WORDS, samples.POSITIONS, samples.TYPES
    )


def test_scalars_have_no_dimension_and_the_versions_fit_spark_nlp(weights: samples.Weights) -> None:
    model = onnx_bert.encoder(weights, onnx_bert.read_shape(weights, samples.CONFIG))
    assert model.ir_version == 8
    assert [item.version for item in model.opset_import] == [17]
    bare = {item.name: list(item.dims) for item in model.graph.initializer if item.name in {"half", "one", "scale"}}
    assert bare == {"half": [], "one": [], "scale": []}
    assert [item.name for item in model.graph.output] == ["last_hidden_state"]


def test_a_folder_is_published_whole(weights: samples.Weights, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    file, words = tmp_path / "model.safetensors", tmp_path / "vocab.txt"
    save_file({f"bert.{name}": tensor for name, tensor in weights.items()}, file)
    words.write_text("[PAD]\n[UNK]\n", encoding="utf-8")
    target = tmp_path / "onnx"
    (target / "old").mkdir(parents=True)
    assert onnx_bert.convert(file, samples.CONFIG, words, target) == target
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.safetensors", "onnx", "vocab.txt"]
    assert (target / "assets" / "vocab.txt").read_bytes() == words.read_bytes()
    found = run(InferenceSession(str(target / "model.onnx")), [ROWS[0]], [[1] * 7], [TYPES[0]])
    np.testing.assert_allclose(found[0], samples.reference(weights, ROWS[0], TYPES[0]), atol=2e-5)


@pytest.mark.parametrize(
    ("config", "missing", "said"),
    [
        ({**samples.CONFIG, "hidden_act": "relu"}, None, "activation relu"),
        ({**samples.CONFIG, "position_embedding_type": "relative_key"}, None, "relative_key positions"),
        ({**samples.CONFIG, "num_attention_heads": 5}, None, "5 heads do not divide 12"),
        ({}, None, "lack num_attention_heads"),
        (samples.CONFIG, "embeddings.word_embeddings.weight", "lack embeddings.word_embeddings.weight"),
    ],
)
def test_what_cannot_be_converted_is_said(
    weights: samples.Weights, config: dict[str, Any], missing: str | None, said: str
) -> None:
    with pytest.raises(BadInput) as caught:
        onnx_bert.read_shape({name: tensor for name, tensor in weights.items() if name != missing}, config)
    assert said in caught.value.why


def test_broken_files_are_said(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"no json, no tensors")
    for reader in (onnx_bert.read_config, onnx_bert.read_weights):
        with pytest.raises(BadInput) as caught:
            reader(broken)
        assert str(broken) in caught.value.what
        with pytest.raises(BadInput):
            reader(tmp_path / "missing")
    broken.write_text("[]", encoding="utf-8")
    with pytest.raises(BadInput):
        onnx_bert.read_config(broken)
