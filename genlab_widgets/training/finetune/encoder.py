"""The encoder in JAX: float32, exact GELU, dropout; the weights of all layers stacked, so that one can be compiled."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from genlab_widgets.training.embeddings.onnx_bert import BertShape
from genlab_widgets.training.finetune import half
from genlab_widgets.training.finetune.checkpoint import LAYER, POSITIONS, TYPES, WORDS
from genlab_widgets.training.finetune.packing import begins

if TYPE_CHECKING:
    import jax
    import numpy as np
    from numpy.typing import NDArray

_ROWS_TOGETHER = 1024
_MASKED = -1e9
"""As in the ONNX graph, so that both give the same."""


def stack(weights: Mapping[str, NDArray[np.float32]], layers: int) -> dict[str, NDArray[np.float32]]:
    """Joins the tensors of all layers to one each, (layers, ...): one compiled layer serves them all."""
    import numpy as np

    found = {name: tensor for name, tensor in weights.items() if not name.startswith(LAYER)}
    first = f"{LAYER}0."
    for name in weights:
        if name.startswith(first):
            part = name.removeprefix(first)
            found[LAYER + part] = np.stack([weights[f"{LAYER}{layer}.{part}"] for layer in range(layers)])
    return found


def unstack(params: Mapping[str, Any]) -> dict[str, NDArray[np.float32]]:
    """Undoes :func:`stack`."""
    import numpy as np

    found: dict[str, NDArray[np.float32]] = {}
    for name, value in params.items():
        tensor = np.asarray(value)
        if name.startswith(LAYER):
            part = name.removeprefix(LAYER)
            found |= {f"{LAYER}{layer}.{part}": tensor[layer] for layer in range(len(tensor))}
        else:
            found[name] = tensor
    return found


@dataclass(frozen=True)
class Narrowed:
    """Weights with only those rows of the word embeddings that a training sees: no step touches the others.

    It saves a third of a step's time and half of what a state on disk takes, and changes no result, since embeddings
    have no weight decay. The narrow table ends with empty rows, so that trainings on different texts have tables of
    like size, and share what was compiled.

    Attributes:
        whole: All rows of the word embeddings.
        used: Rows that are kept, in order.
    """

    whole: NDArray[np.float32]
    used: NDArray[np.int64]

    @classmethod
    def of(cls, params: Mapping[str, Any], ids: Iterable[NDArray[np.int32]]) -> Narrowed:
        """Keeps the rows that occur in ``ids``."""
        import numpy as np

        return cls(np.asarray(params[WORDS]), np.unique(np.concatenate(list(ids))))

    def params(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the weights with the narrow table."""
        import numpy as np

        empty = -len(self.used) % _ROWS_TOGETHER
        return {**params, WORDS: np.pad(self.whole[self.used], ((0, empty), (0, 0)))}

    def places(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Returns where rows are in the narrow table."""
        import numpy as np

        return np.searchsorted(self.used, ids).astype("int32")

    def widen(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the weights with all rows, the kept ones as they are now."""
        import numpy as np

        whole = self.whole.copy()
        whole[self.used] = np.asarray(params[WORDS])[: len(self.used)]
        return {**params, WORDS: whole}


def forward(
    params: Mapping[str, Any],
    shape: BertShape,
    ids: jax.Array,
    types: jax.Array,
    mask: jax.Array,
    key: jax.Array | None = None,
    dropout: float = 0.0,
    added: jax.Array | None = None,
    parts: jax.Array | None = None,
    halved: bool = False,
) -> jax.Array:
    """Computes the last hidden state (batch x length x hidden).

    Args:
        params: Stacked weights.
        shape: Sizes.
        ids: Rows of the word embeddings (int, batch x length).
        types: Rows of the segment embeddings (int, batch x length).
        mask: 1 for pieces, 0 for padding (batch x length).
        key: Random key; None runs without dropout.
        dropout: Share that dropout takes, at the places where BERT has it.
        added: What is added to the embeddings (batch x length x hidden), if anything.
        parts: Which of the rows that were packed into one a piece is from (batch x length), if any were: it sees and
            counts pieces of the same only.
        halved: Whether the layers multiply in half precision.
    """
    import jax
    import jax.numpy as jnp

    keys = jax.random.split(key, 3 * shape.layers + 1) if key is not None and dropout else None
    positions = params[POSITIONS][: ids.shape[1]] if parts is None else params[POSITIONS][_places_in(parts)]
    total = params[WORDS][ids] + params[TYPES][types] + positions
    if added is not None:
        total = total + added
    hidden = _norm(total, params, "embeddings.LayerNorm", shape.epsilon)
    if keys is not None:
        hidden = drop(hidden, keys[0], dropout)
    seen = mask[:, None, :] > 0 if parts is None else parts[:, :, None] == parts[:, None, :]
    penalty = jnp.where(seen, 0.0, _MASKED)[:, None]
    stacked = {name.removeprefix(LAYER): value for name, value in params.items() if name.startswith(LAYER)}

    def layer(x: jax.Array, given: Any) -> tuple[jax.Array, None]:
        weights, layer_keys = given
        return _layer(x, penalty, weights, shape, layer_keys, dropout, halved), None

    layer_keys = None if keys is None else keys[1:].reshape(shape.layers, 3)
    # One compiled layer for all copies each layer's weights in and gradients out: a step of training takes 15 % longer.
    hidden, _ = jax.lax.scan(layer, hidden, (stacked, layer_keys), unroll=1 if keys is None else shape.layers)
    return hidden


def _places_in(parts: jax.Array) -> jax.Array:
    """Returns the place of each piece in its part, from 0 (batch x length)."""
    import jax
    import jax.numpy as jnp

    places = jnp.arange(parts.shape[1])
    return places - jax.lax.cummax(jnp.where(begins(parts), places, 0), axis=1)


def _layer(
    x: jax.Array,
    penalty: jax.Array,
    weights: Mapping[str, Any],
    shape: BertShape,
    keys: Any,
    dropout: float,
    halved: bool,
) -> jax.Array:
    import jax
    import jax.numpy as jnp

    batch, length, _ = x.shape
    width = shape.hidden // shape.heads

    def dropped(value: jax.Array, place: int) -> jax.Array:
        return value if keys is None else drop(value, keys[place], dropout)

    def dense(value: jax.Array, name: str) -> jax.Array:
        return linear(value, weights, name, halved)

    def heads(part: str) -> jax.Array:
        return dense(x, f"attention.self.{part}").reshape(batch, length, shape.heads, width)

    scores = jnp.einsum("bqhd,bkhd->bhqk", heads("query"), heads("key")) / jnp.sqrt(jnp.float32(width)) + penalty
    attention = dropped(jax.nn.softmax(scores, axis=-1), 0)
    context = jnp.einsum("bhqk,bkhd->bqhd", attention, heads("value")).reshape(batch, length, shape.hidden)
    attended = dropped(dense(context, "attention.output.dense"), 1)
    x = _norm(x + attended, weights, "attention.output.LayerNorm", shape.epsilon)
    inner = _gelu()(dense(x, "intermediate.dense"))
    outer = dropped(dense(inner, "output.dense"), 2)
    return _norm(x + outer, weights, "output.LayerNorm", shape.epsilon)


def linear(x: jax.Array, weights: Mapping[str, Any], name: str, halved: bool = False) -> jax.Array:
    """Returns ``x W' + b``; ``halved`` in half precision."""
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    found: jax.Array = half.linear(x, weight, bias) if halved else x @ weight.T + bias
    return found


@functools.cache
def _gelu() -> Callable[[jax.Array], jax.Array]:
    """Returns the exact GELU, whose gradient is computed with it: JAX's would compute the error function again."""
    import jax
    import jax.numpy as jnp

    def forward(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        below = 0.5 * (1.0 + jax.lax.erf(x * math.sqrt(0.5)))
        return x * below, below + x * jnp.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)

    def backward(slope: jax.Array, gradient: jax.Array) -> tuple[jax.Array]:
        return (gradient * slope,)

    @jax.custom_vjp
    def function(x: jax.Array) -> jax.Array:
        return forward(x)[0]

    function.defvjp(forward, backward)
    return function


def _norm(x: jax.Array, weights: Mapping[str, Any], name: str, epsilon: float) -> jax.Array:
    import jax

    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    scale, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    normed: jax.Array = centred * jax.lax.rsqrt(variance + epsilon) * scale + bias
    return normed


def drop(x: jax.Array, key: jax.Array, share: float) -> jax.Array:
    """Sets a share of the values to zero and scales the others up.

    Which ones a hash of their places says, seeded by the key: JAX's own random numbers would take a sixth of a step on
    a processor (786,000 of them 10 ms, the hash 0.7 ms).
    """
    import jax
    import jax.numpy as jnp

    seed = jax.random.bits(key, (), "uint32")
    places = jax.lax.iota("uint32", x.size).reshape(x.shape)
    hashed = _mixed(_mixed(places ^ seed) + seed)
    kept: jax.Array = jnp.where(hashed >= jnp.uint32(int(share * 2**32)), x / (1.0 - share), 0.0)
    return kept


def _mixed(values: jax.Array) -> jax.Array:
    """Mixes the bits of 32-bit numbers (Wellons' ``lowbias32``): each bit of the result depends on all of them."""
    import jax.numpy as jnp

    values = (values ^ (values >> 16)) * jnp.uint32(0x7FEB352D)
    values = (values ^ (values >> 15)) * jnp.uint32(0x846CA68B)
    return values ^ (values >> 16)


def chosen_words(words: jax.Array, key: jax.Array, share: float) -> jax.Array:
    """Chooses a share of the words, to hide them, all their pieces together (batch x length)."""
    import jax
    import jax.numpy as jnp

    chosen = jax.random.bernoulli(key, share, words.shape)
    return (words >= 0) & jnp.take_along_axis(chosen, jnp.maximum(words, 0) % words.shape[1], axis=1)
