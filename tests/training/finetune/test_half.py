"""Half precision: products and gradients near those of float32, and float32 wherever it does not work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from genlab_widgets.training.finetune import device, encoder, half, tagger
from genlab_widgets.training.finetune.rows import padded
from tests.training.finetune import samples

needs_amx = pytest.mark.skipif(not device.multiplies_half(), reason="this processor has no AMX")


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    usable = half.usable
    usable.cache_clear()
    yield
    usable.cache_clear()


def plain(x: Any, weight: Any, bias: Any) -> Any:
    return encoder.linear(x, {"dense.weight": weight, "dense.bias": bias}, "dense")


def near(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(found, wanted, atol=0.02 * float(np.abs(wanted).max()))


@needs_amx
@pytest.mark.parametrize(("inputs", "outputs"), [(384, 384), (384, 1536), (1536, 384), (16, 32), (32, 16), (48, 5)])
def test_products_and_their_gradients_are_near_those_of_float32(inputs: int, outputs: int) -> None:
    numbers = np.random.default_rng(0)
    x, weight, bias, wish = (
        numbers.standard_normal(size).astype("float32")
        for size in ((3, 7, inputs), (outputs, inputs), (outputs,), (3, 7, outputs))
    )

    def loss(function: Any) -> Any:
        return jax.jit(jax.grad(lambda *given: ((function(*given) - wish) ** 2).sum(), (0, 1, 2)))

    near(jax.jit(half.linear)(x, weight, bias), plain(x, weight, bias))
    for found, wanted in zip(loss(half.linear)(x, weight, bias), loss(plain)(x, weight, bias), strict=True):
        near(found, wanted)


@needs_amx
def test_it_is_used_here_also_where_it_is_asked_for_inside_a_compilation() -> None:
    assert bool(jax.jit(lambda x: x + half.usable())(jnp.zeros(()))) is True
    assert half.usable()


def test_another_processor_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "multiplies_half", lambda: False)
    assert not half.usable()


@pytest.mark.parametrize("broken", ["raises", "is wrong"])
def test_a_trial_that_fails_means_float32(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    def linear(x: Any, weight: Any, bias: Any) -> Any:
        if broken == "raises":
            raise RuntimeError("UNIMPLEMENTED: BF16 x BF16 = F32")
        return 1.1 * plain(x, weight, bias)

    monkeypatch.setattr(device, "multiplies_half", lambda: True)
    monkeypatch.setattr(half, "linear", linear)
    assert not half.usable()


def test_steps_compute_so_and_predictions_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    forward = encoder.forward

    def heard(*given: Any, halved: bool, **named: Any) -> Any:
        asked.append(halved)
        return forward(*given, **named)

    monkeypatch.setattr(encoder, "forward", heard)
    monkeypatch.setattr(half, "usable", lambda: True)
    train = samples.sentences(4)
    model = tagger.Tagger(samples.checkpoint(), tagger.tags_of(train), lexical=False)
    params, batch = model.begin(1), padded(model._rows(train), 4)
    model._scores(params, batch, jax.random.key(1), 0.0)
    model._scores(params, batch, None, 0.0)
    assert asked == [True, False]
