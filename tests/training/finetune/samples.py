"""A tiny checkpoint with a vocabulary, and sentences that a tagger can learn in seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from genlab_widgets.training.dataset import Sentence
from genlab_widgets.training.embeddings.onnx_bert import BertShape
from genlab_widgets.training.finetune.checkpoint import Checkpoint
from genlab_widgets.training.finetune.wordpieces import Vocabulary
from genlab_widgets.training.tokens import tokenize

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = ("the", "bank", "river", "visits", "and", "old")
PIECES = (
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    *".,!?0",
    *LETTERS,
    *(f"##{letter}" for letter in LETTERS),
    *WORDS,
    "##ing",
)
HEADS, LAYERS, HIDDEN, INTERMEDIATE, POSITIONS = 2, 2, 16, 32, 64
CONFIG: dict[str, Any] = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "num_attention_heads": HEADS,
    "num_hidden_layers": LAYERS,
    "layer_norm_eps": 1e-12,
}


def weights(seed: int = 3, positions: int = POSITIONS) -> dict[str, Any]:
    """Draws the tensors of an encoder for :data:`PIECES`."""
    numbers = np.random.default_rng(seed)

    def draw(*shape: int) -> Any:
        return (0.3 * numbers.standard_normal(shape)).astype("float32")

    found = {
        "embeddings.word_embeddings.weight": draw(len(PIECES), HIDDEN),
        "embeddings.position_embeddings.weight": draw(positions, HIDDEN),
        "embeddings.token_type_embeddings.weight": draw(2, HIDDEN),
    }
    sizes = {f"attention.self.{part}": (HIDDEN, HIDDEN) for part in ("query", "key", "value")} | {
        "attention.output.dense": (HIDDEN, HIDDEN),
        "intermediate.dense": (INTERMEDIATE, HIDDEN),
        "output.dense": (HIDDEN, INTERMEDIATE),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        for part, size in sizes.items():
            found |= {f"{name}.{part}.weight": draw(*size), f"{name}.{part}.bias": draw(size[0])}
        norms += [f"{name}.attention.output.LayerNorm", f"{name}.output.LayerNorm"]
    for name in norms:
        found |= {f"{name}.weight": 1 + draw(HIDDEN), f"{name}.bias": draw(HIDDEN)}
    return found


def checkpoint(case: bool = False, positions: int = POSITIONS) -> Checkpoint:
    """Returns the tiny checkpoint in memory."""
    shape = BertShape(LAYERS, HEADS, HIDDEN, INTERMEDIATE, len(PIECES), positions, 2)
    made = Checkpoint("tiny", shape, weights(positions=positions), Vocabulary.of(PIECES, cased=False))
    return made.with_case() if case else made


def write(folder: Path, prefix: str = "", **config: Any) -> Path:
    """Writes the tiny checkpoint as a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG | config), encoding="utf-8")
    save_file({prefix + name: tensor for name, tensor in weights().items()}, folder / "model.safetensors")
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in PIECES), encoding="utf-8")
    return folder


def sentences(count: int, seed: int = 0) -> list[Sentence]:
    """Makes sentences in which ``Bank`` and the word after ``old`` are entities."""
    numbers = np.random.default_rng(seed)
    found = []
    for place in range(count):
        words = [str(word) for word in numbers.choice(WORDS, size=int(numbers.integers(3, 12)))]
        text = " ".join(word.title() if word == "bank" else word for word in words) + "."
        tokens = tokenize(text)
        tags = ["B-ORG" if token.text == "Bank" else "O" for token in tokens]
        for index in range(1, len(tokens)):
            if tokens[index - 1].text == "old" and tokens[index].text != ".":
                tags[index - 1 : index + 1] = ["B-LOC", "I-LOC"]
        found.append(Sentence(place, 0, 0, tokens, tags))
    return found
