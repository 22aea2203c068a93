"""The forward pass in JAX against the one in numpy, and tables cut to what a training sees."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from genlab_widgets.training.embeddings import onnx_bert
from genlab_widgets.training.finetune import checkpoint, encoder
from tests.training.embeddings import samples as bert
from tests.training.finetune import samples


def test_the_forward_pass_equals_numpy_with_and_without_padding() -> None:
    weights = bert.random_weights()
    shape = onnx_bert.read_shape(weights, bert.CONFIG)
    params = encoder.stack(weights, shape.layers)
    rows, types = [[2, 9, 30, 4, 0, 17, 3], [2, 8, 3]], [[0, 0, 0, 1, 1, 1, 1], [0, 1, 0]]
    ids, kinds, mask = (np.zeros((2, 9), "int32") for _ in range(3))
    for place, row in enumerate(rows):
        ids[place, : len(row)], kinds[place, : len(row)], mask[place, : len(row)] = row, types[place], 1
    found = encoder.forward(params, shape, jnp.asarray(ids), jnp.asarray(kinds), jnp.asarray(mask))
    for place, row in enumerate(rows):
        np.testing.assert_allclose(found[place, : len(row)], bert.reference(weights, row, types[place]), atol=5e-5)


def test_dropout_takes_its_share_without_a_pattern() -> None:
    ones = np.ones((8, 50, 40), "float32")
    first, second = (np.asarray(encoder.drop(ones, jax.random.key(seed), 0.1)) for seed in (1, 2))
    gone, other = (first == 0).ravel(), (second == 0).ravel()
    assert gone.mean() == pytest.approx(0.1, abs=0.01)
    assert first.mean() == pytest.approx(1.0, abs=0.02)
    assert np.allclose(first[first > 0], 1 / 0.9)
    neighbours = [np.corrcoef(gone[:-step], gone[step:])[0, 1] for step in (1, 2, 40, 2000)]
    shifted = [np.corrcoef(np.roll(other, step), gone)[0, 1] for step in (-1, 0, 1, 40)]
    assert np.abs([*neighbours, *shifted]).max() < 0.04  # four standard deviations and more of chance


def test_dropout_is_the_same_for_the_same_key_and_none_without() -> None:
    tiny = samples.checkpoint()
    params = encoder.stack(tiny.weights, tiny.shape.layers)
    ids = jnp.asarray([[2, 10, 11, 3]])
    zeros, ones = jnp.zeros_like(ids), jnp.ones_like(ids)

    def run(seed: int | None, share: float) -> np.ndarray:
        key = None if seed is None else jax.random.key(seed)
        return np.asarray(encoder.forward(params, tiny.shape, ids, zeros, ones, key, share))

    assert (run(1, 0.5) == run(1, 0.5)).all()
    assert (run(1, 0.5) != run(2, 0.5)).any()
    assert (run(None, 0.5) == run(1, 0.0)).all()


def test_gelu_and_its_slope_are_exact() -> None:
    x = np.linspace(-6, 6, 241).astype("float32")
    exact = partial(jax.nn.gelu, approximate=False)
    np.testing.assert_allclose(encoder._gelu()(x), exact(x), atol=1e-6)
    slope, wanted = (
        jax.grad(lambda given, function=function: function(given).sum()) for function in (encoder._gelu(), exact)
    )
    np.testing.assert_allclose(slope(x), wanted(x), atol=1e-5)


def test_stacking_is_undone() -> None:
    tiny = samples.checkpoint()
    again = encoder.unstack(encoder.stack(tiny.weights, tiny.shape.layers))
    assert again.keys() == tiny.weights.keys()
    assert all((again[name] == tiny.weights[name]).all() for name in again)


def test_case_changes_nothing_before_training() -> None:
    plain, cased = samples.checkpoint(), samples.checkpoint(case=True)
    small, capital = (
        vocabulary.encode(word) for vocabulary, word in ((plain.vocabulary, "bank"), (cased.vocabulary, "Bank"))
    )
    assert small != capital
    found = []
    for tiny, ids in ((plain, np.asarray(small)), (cased, np.asarray(capital))):
        params = encoder.stack(tiny.weights, tiny.shape.layers)
        rows, types = tiny.vocabulary.base[ids][None], tiny.vocabulary.case[ids][None]
        found.append(encoder.forward(params, tiny.shape, jnp.asarray(rows), jnp.asarray(types), jnp.ones_like(rows)))
    np.testing.assert_array_equal(found[0], found[1])


def test_a_narrow_table_is_widened_with_what_was_learned() -> None:
    tiny = samples.checkpoint()
    narrow = encoder.Narrowed.of(tiny.weights, [np.asarray([9, 3, 9], "int32"), np.asarray([40], "int32")])
    assert narrow.places(np.asarray([40, 3, 9])).tolist() == [2, 0, 1]
    params = narrow.params(tiny.weights)
    params[checkpoint.WORDS] = params[checkpoint.WORDS] + 1
    wide = narrow.widen(params)[checkpoint.WORDS]
    changed = (wide != tiny.weights[checkpoint.WORDS]).all(axis=1)
    assert np.flatnonzero(changed).tolist() == [3, 9, 40]
