"""A BERT-shaped checkpoint: sizes, weights and word pieces of a folder, checked against each other."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import BadInput
from genlab_widgets.training.embeddings import minilm, onnx_bert
from genlab_widgets.training.embeddings.onnx_bert import BertShape
from genlab_widgets.training.finetune.wordpieces import Vocabulary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORDS = "embeddings.word_embeddings.weight"
POSITIONS = "embeddings.position_embeddings.weight"
TYPES = "embeddings.token_type_embeddings.weight"
LAYER = "encoder.layer."
_MOST_SPARE_ROWS = 1024
"""Some checkpoints round their table up for the sake of speed; more rows than that mean another vocabulary."""

_MARKER_SEED = 0
"""Markers always start alike; the head's seed is the one that varies between trainings."""


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint folder holds.

    Attributes:
        name: For messages and results.
        shape: Sizes.
        weights: The encoder's tensors by their names in the checkpoint, float32.
        vocabulary: Word pieces.
    """

    name: str
    shape: BertShape
    weights: Mapping[str, NDArray[np.float32]]
    vocabulary: Vocabulary

    def with_case(self) -> Checkpoint:
        """Returns an uncased checkpoint that sees capitals; a cased one as it is.

        Segment types, which one text has no use for, carry the case: all three rows start as the first one, so the
        encoder gives what it gave before until training moves them.
        """
        import numpy as np

        if self.vocabulary.cased:
            return self
        table = np.repeat(self.weights[TYPES][:1], 3, axis=0)
        return dataclasses.replace(
            self,
            shape=dataclasses.replace(self.shape, types=3),
            weights={**self.weights, TYPES: table},
            vocabulary=self.vocabulary.with_case(),
        )

    def with_markers(self) -> Checkpoint:
        """Returns a checkpoint that knows the words :data:`~genlab_widgets.training.finetune.wordpieces.MARKERS`.

        Each gets a row of its own in the word embeddings, drawn as widely as the others; both have the last row of
        the segment embeddings, which no other piece has.
        """
        import numpy as np

        words, types, shape = self.weights[WORDS], self.weights[TYPES], self.shape
        drawn = np.random.default_rng(_MARKER_SEED).standard_normal((2, shape.hidden)).astype("float32")
        return dataclasses.replace(
            self,
            shape=dataclasses.replace(shape, types=shape.types + 1, vocabulary=shape.vocabulary + 2),
            weights={
                **self.weights,
                WORDS: np.concatenate([words, drawn * words.std()]),
                TYPES: np.concatenate([types, types[:1]]),
            },
            vocabulary=self.vocabulary.with_markers(shape.vocabulary, shape.types),
        )

    def is_new(self, name: str) -> bool:
        """Says whether a weight starts without knowledge: a head's, or the rows of the case, which start alike."""
        return not name.startswith(("embeddings.", LAYER)) or (name == TYPES and self.vocabulary.twinned)


def default() -> Checkpoint:
    """Returns MiniLM, fetched into the cache where it is not there yet.

    Raises:
        DownloadFailed: No source has it.
        NotEnoughResources: The disk is full.
    """
    folder = minilm.ensure_weights()
    pieces = (folder / minilm.VOCABULARY).read_text(encoding="utf-8").splitlines()
    weights = onnx_bert.read_weights(folder / minilm.WEIGHTS)
    return _checked("all-MiniLM-L6-v2", minilm.CONFIG, weights, Vocabulary.of(pieces, cased=False))


def read(folder: Path) -> Checkpoint:
    """Reads a checkpoint folder: ``config.json``, safetensors (also sharded), ``vocab.txt`` or ``tokenizer.json``.

    Raises:
        BadInput: A file is missing or damaged, it is another architecture, weights are missing, or the vocabulary is
            of another model.
    """
    config = onnx_bert.read_config(folder / "config.json")
    kind = config.get("model_type", "bert")
    if kind != "bert":
        raise BadInput(
            f"The checkpoint {folder} is a model of the type {kind}.",
            "Only BERT-shaped encoders (model_type bert) can be fine-tuned and run in Spark NLP's BERT classifiers.",
            "Choose a folder with a BERT, for example a multilingual or clinical one.",
            path=str(folder),
        )
    return _checked(str(folder), config, _read_weights(folder), _read_vocabulary(folder))


def _checked(name: str, config: Mapping[str, Any], weights: Mapping[str, Any], vocabulary: Vocabulary) -> Checkpoint:
    shape = onnx_bert.read_shape(weights, config)
    sizes = _sizes(shape)
    wrong = [key for key, size in sizes.items() if key not in weights or weights[key].shape != size]
    if wrong or not shape.layers or shape.layers < int(config.get("num_hidden_layers", 0)):
        raise BadInput(
            f"The checkpoint {name} has not all weights of a BERT.",
            f"Missing or of another size: {', '.join(wrong[:3]) or 'whole layers'}"
            f"{f' and {len(wrong) - 3} more' if len(wrong) > 3 else ''}.",
            "Copy the folder again, with all safetensors files.",
            missing=wrong,
        )
    if not 0 <= shape.vocabulary - len(vocabulary.pieces) <= _MOST_SPARE_ROWS:
        raise BadInput(
            f"The vocabulary of {name} does not match its weights.",
            f"It has {len(vocabulary.pieces)} word pieces, and the weights have {shape.vocabulary} rows.",
            "Copy vocab.txt and the weights from the same checkpoint.",
        )
    return Checkpoint(name, shape, {key: weights[key] for key in sizes}, vocabulary)


def _sizes(shape: BertShape) -> dict[str, tuple[int, ...]]:
    """Returns name and size of every tensor that the encoder needs."""
    hidden, inner = shape.hidden, shape.intermediate
    sizes: dict[str, tuple[int, ...]] = {
        WORDS: (shape.vocabulary, hidden),
        POSITIONS: (shape.positions, hidden),
        TYPES: (shape.types, hidden),
    }
    linear = {f"attention.self.{part}": (hidden, hidden) for part in ("query", "key", "value")} | {
        "attention.output.dense": (hidden, hidden),
        "intermediate.dense": (inner, hidden),
        "output.dense": (hidden, inner),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(shape.layers):
        for part, size in linear.items():
            sizes |= {f"{LAYER}{layer}.{part}.weight": size, f"{LAYER}{layer}.{part}.bias": size[:1]}
        norms += [f"{LAYER}{layer}.attention.output.LayerNorm", f"{LAYER}{layer}.output.LayerNorm"]
    return sizes | {f"{norm}.{part}": (hidden,) for norm in norms for part in ("weight", "bias")}


def _read_weights(folder: Path) -> dict[str, Any]:
    index = folder / "model.safetensors.index.json"
    files = [folder / "model.safetensors"]
    if index.is_file():
        shards = onnx_bert.read_config(index).get("weight_map")
        files = sorted({folder / Path(str(name)).name for name in shards.values()}) if isinstance(shards, dict) else []
    absent = [file.name for file in files if not file.is_file()]
    if absent or not files:
        raise BadInput(
            f"The checkpoint {folder} has no {absent[0] if absent else 'list of its weights'}.",
            "Weights are read from safetensors files only.",
            "Copy the missing files, or save the model in safetensors format.",
            path=str(folder),
        )
    weights: dict[str, Any] = {}
    for file in files:
        weights |= onnx_bert.read_weights(file)
    old = (("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias"))
    for before, after in old:
        weights = {name.replace(before, after): tensor for name, tensor in weights.items()}
    return weights


def _read_vocabulary(folder: Path) -> Vocabulary:
    tokenizer = onnx_bert.read_config(folder / "tokenizer.json") if (folder / "tokenizer.json").is_file() else {}
    try:
        if (folder / "vocab.txt").is_file():
            lines = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
            pieces = [line.rstrip("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]
        else:
            pieces = _pieces_of_tokenizer(tokenizer)
    except (OSError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"The vocabulary of {folder} cannot be read.",
            f"Neither vocab.txt nor tokenizer.json holds WordPiece pieces ({type(error).__name__}: {error}).",
            "Copy vocab.txt from the checkpoint.",
            path=str(folder),
        ) from error
    return Vocabulary.of(pieces, _is_cased(folder, tokenizer, pieces))


def _pieces_of_tokenizer(tokenizer: Mapping[str, Any]) -> list[str]:
    model = tokenizer["model"]
    if model.get("type", "WordPiece") != "WordPiece":
        raise KeyError(f"its model is {model['type']}")
    return sorted(model["vocab"], key=model["vocab"].__getitem__)


def _is_cased(folder: Path, tokenizer: Mapping[str, Any], pieces: list[str]) -> bool:
    """Takes what the tokenizer's files say; else capitals in the vocabulary decide."""
    said = (tokenizer.get("normalizer") or {}).get("lowercase")
    file = folder / "tokenizer_config.json"
    if file.is_file():
        try:
            said = json.loads(file.read_text(encoding="utf-8")).get("do_lower_case", said)
        except (ValueError, AttributeError):
            said = None
    if isinstance(said, bool):
        return not said
    return any(piece != piece.lower() for piece in pieces if not piece.startswith("["))
