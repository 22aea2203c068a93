"""A tiny BERT with random weights, and the same forward pass written with numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONFIG = {"hidden_act": "gelu", "num_attention_heads": 3, "layer_norm_eps": 1e-12}
LAYERS, HIDDEN, INTERMEDIATE, WORDS, POSITIONS, TYPES = 2, 12, 20, 31, 16, 2

Weights = dict[str, NDArray[np.float32]]


def random_weights(seed: int = 5) -> Weights:
    """Draws weights that are large enough for each part of the encoder to show in the output."""
    numbers = np.random.default_rng(seed)

    def draw(*shape: int) -> NDArray[np.float32]:
        return (0.5 * numbers.standard_normal(shape)).astype("float32")

    found: Weights = {
        "embeddings.word_embeddings.weight": draw(WORDS, HIDDEN),
        "embeddings.position_embeddings.weight": draw(POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": draw(TYPES, HIDDEN),
    }
    norms = ["embeddings.LayerNorm"]
    linear: dict[str, tuple[int, int]] = {}
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        linear |= {f"{name}.attention.self.{part}": (HIDDEN, HIDDEN) for part in ("query", "key", "value")}
        linear |= {
            f"{name}.attention.output.dense": (HIDDEN, HIDDEN),
            f"{name}.intermediate.dense": (INTERMEDIATE, HIDDEN),
            f"{name}.output.dense": (HIDDEN, INTERMEDIATE),
        }
        norms += [f"{name}.attention.output.LayerNorm", f"{name}.output.LayerNorm"]
    for name, shape in linear.items():
        found |= {f"{name}.weight": draw(*shape), f"{name}.bias": draw(shape[0])}
    for name in norms:
        found |= {f"{name}.weight": 1 + draw(HIDDEN), f"{name}.bias": draw(HIDDEN)}
    return found


def reference(weights: Mapping[str, NDArray[Any]], ids: list[int], types: list[int]) -> NDArray[np.float64]:
    """Computes the last hidden state (length x hidden) of one row without padding."""
    exact = {name: tensor.astype("float64") for name, tensor in weights.items()}

    def linear(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        return np.asarray(x @ exact[f"{name}.weight"].T + exact[f"{name}.bias"])

    def norm(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        centred = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return np.asarray(centred / deviation * exact[f"{name}.weight"] + exact[f"{name}.bias"])

    hidden = exact["embeddings.word_embeddings.weight"][ids] + exact["embeddings.token_type_embeddings.weight"][types]
    hidden = norm(hidden + exact["embeddings.position_embeddings.weight"][: len(ids)], "embeddings.LayerNorm")
    heads = int(CONFIG["num_attention_heads"])
    width = HIDDEN // heads
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        query, key, value = (linear(hidden, f"{name}.attention.self.{part}") for part in ("query", "key", "value"))
        context = np.zeros_like(hidden)
        for head in range(heads):
            part = slice(head * width, (head + 1) * width)
            scores = query[:, part] @ key[:, part].T / math.sqrt(width)
            weight = np.exp(scores - scores.max(axis=-1, keepdims=True))
            context[:, part] = weight / weight.sum(axis=-1, keepdims=True) @ value[:, part]
        attended = linear(context, f"{name}.attention.output.dense")
        hidden = norm(attended + hidden, f"{name}.attention.output.LayerNorm")
        inner = linear(hidden, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        hidden = norm(linear(inner, f"{name}.output.dense") + hidden, f"{name}.output.LayerNorm")
    return hidden
