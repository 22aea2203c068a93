"""A BERT encoder as an ONNX graph, written node by node from its weights: no PyTorch, no exporter.

The graph has the inputs and output that Spark NLP looks for: ``input_ids``, ``attention_mask`` and ``token_type_ids``
(int64, batch x length) and ``last_hidden_state`` (float32, batch x length x hidden). Opset 17 and IR version 8 are what
the ONNX Runtime inside Spark NLP 5.5 reads; it is stricter than Python's about scalars, so these have no dimension.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import BadInput
from genlab_widgets.training.locking import scratch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Weights = Mapping[str, NDArray[np.float32]]
    """Tensors by their names in a BERT checkpoint; linear layers are (out, in), as PyTorch keeps them."""

OPSET = 17
IR_VERSION = 8
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OUTPUT = "last_hidden_state"
_MASKED = -1e9
"""Added to the scores of padding; its exponential is zero in float32, and a row of padding only stays finite."""


@dataclass(frozen=True)
class BertShape:
    """Sizes of an encoder.

    Attributes:
        layers: Transformer layers.
        heads: Attention heads; they divide ``hidden``.
        hidden: Width of a token's vector.
        intermediate: Width of the feed-forward layer.
        vocabulary: Word pieces.
        positions: Most word pieces of a row.
        types: Segment types.
        epsilon: Added to the variance in layer normalization.
    """

    layers: int
    heads: int
    hidden: int
    intermediate: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float = 1e-12


def read_weights(file: Path) -> Weights:
    """Reads the tensors of a safetensors file as float32, without the prefix ``bert.`` of models with a head.

    Raises:
        BadInput: The file is no safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        raise BadInput(
            f"The weights {file} cannot be read.",
            f"{error}.",
            "Fetch the file again, or name another one.",
            path=str(file),
        ) from error
    return {name.removeprefix("bert."): tensor.astype("float32", copy=False) for name, tensor in tensors.items()}


def read_shape(weights: Weights, config: Mapping[str, Any]) -> BertShape:
    """Takes the sizes from the weights, and from the config what no shape tells (heads, epsilon).

    Args:
        weights: Tensors by name.
        config: The checkpoint's ``config.json``.

    Raises:
        BadInput: It is no BERT encoder, or not one with exact GELU and absolute positions.
    """
    activation, positions = config.get("hidden_act", "gelu"), config.get("position_embedding_type", "absolute")
    if activation != "gelu" or positions != "absolute":
        raise _unfit(f"it has the activation {activation} and {positions} positions, not gelu and absolute")
    try:
        vocabulary, hidden = weights["embeddings.word_embeddings.weight"].shape
        heads = int(config["num_attention_heads"])
        shape = BertShape(
            layers=sum(name.endswith(".attention.self.query.weight") for name in weights),
            heads=heads,
            hidden=hidden,
            intermediate=weights["encoder.layer.0.intermediate.dense.weight"].shape[0],
            vocabulary=vocabulary,
            positions=weights["embeddings.position_embeddings.weight"].shape[0],
            types=weights["embeddings.token_type_embeddings.weight"].shape[0],
            epsilon=float(config.get("layer_norm_eps", 1e-12)),
        )
    except KeyError as error:
        raise _unfit(f"weights and config lack {error.args[0]}") from error
    if hidden % heads:
        raise _unfit(f"{heads} heads do not divide {hidden} dimensions")
    return shape


def _unfit(why: str) -> BadInput:
    return BadInput(
        "These weights are no BERT encoder that can be converted.",
        f"{why[0].upper()}{why[1:]}.",
        "Choose a BERT checkpoint with its own config.json.",
    )


def convert(weights_file: Path, config: Mapping[str, Any], vocabulary_file: Path, target: Path) -> Path:
    """Writes a folder that Spark NLP's ``BertEmbeddings.loadSavedModel`` reads, published whole.

    Args:
        weights_file: Weights in safetensors format.
        config: The checkpoint's ``config.json``.
        vocabulary_file: Word pieces, one a line.
        target: Folder that gets ``model.onnx`` and ``assets/vocab.txt``; an existing one is replaced.

    Raises:
        BadInput: The weights cannot be read or are no BERT encoder.
    """
    weights = read_weights(weights_file)
    model = encoder(weights, read_shape(weights, config))
    made = scratch(target)
    shutil.rmtree(made, ignore_errors=True)
    try:
        (made / "assets").mkdir(parents=True)
        (made / "model.onnx").write_bytes(model.SerializeToString())
        shutil.copyfile(vocabulary_file, made / "assets" / "vocab.txt")
        shutil.rmtree(target, ignore_errors=True)
        os.replace(made, target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return target


def read_config(file: Path) -> dict[str, Any]:
    """Reads a checkpoint's ``config.json``.

    Raises:
        BadInput: It is missing or no JSON object.
    """
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(
            f"The config {file} cannot be read.", f"{error}.", "Copy it from the checkpoint again."
        ) from error
    if not isinstance(config, dict):
        raise BadInput(f"The config {file} is no JSON object.", "", "Copy it from the checkpoint again.")
    return config


def encoder(weights: Weights, shape: BertShape) -> Any:
    """Returns the ONNX model of an encoder: the three ids in, ``last_hidden_state`` out."""
    import onnx
    from onnx import TensorProto, helper

    graph = GraphWriter()
    hidden = add_encoder(graph, weights, shape)
    graph.add("Identity", hidden, output=OUTPUT)
    axes = ["batch", "length"]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "bert",
            [helper.make_tensor_value_info(name, TensorProto.INT64, axes) for name in INPUTS],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [*axes, shape.hidden])],
            graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="genlab-widgets",
    )
    onnx.checker.check_model(model)
    return model


class GraphWriter:
    """Collects nodes and constants, and names what lies between them."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._known: set[str] = set()

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Adds a node and returns the name of its output."""
        from onnx import helper

        name = output or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def constant(self, name: str, value: Any, kind: str = "float32") -> str:
        """Adds a constant, once for each name; a bare number becomes a scalar without dimension."""
        import numpy as np
        from onnx import numpy_helper

        if name not in self._known:
            self._known.add(name)
            # ascontiguousarray would give a scalar a dimension, so it is only for tensors.
            tensor = np.asarray(value, dtype=kind)
            self.initializers.append(
                numpy_helper.from_array(np.ascontiguousarray(tensor) if tensor.ndim else tensor, name)
            )
        return name

    def linear(self, x: str, weights: Weights, name: str) -> str:
        """Adds ``x W' + b``."""
        kernel = self.constant(f"{name}.kernel", weights[f"{name}.weight"].T)
        return self.add("Add", self.add("MatMul", x, kernel), self.constant(f"{name}.bias", weights[f"{name}.bias"]))

    def layer_norm(self, x: str, weights: Weights, name: str, epsilon: float) -> str:
        """Adds a layer normalization over the last axis."""
        scale, bias = f"{name}.weight", f"{name}.bias"
        return self.add(
            "LayerNormalization",
            x,
            self.constant(scale, weights[scale]),
            self.constant(bias, weights[bias]),
            axis=-1,
            epsilon=epsilon,
        )

    def gelu(self, x: str) -> str:
        """Adds the exact GELU, ``x (1 + erf(x / sqrt 2)) / 2``."""
        half, one = self.constant("half", 0.5), self.constant("one", 1.0)
        erf = self.add("Erf", self.add("Div", x, self.constant("sqrt2", math.sqrt(2.0))))
        return self.add("Mul", self.add("Mul", x, half), self.add("Add", erf, one))


def add_encoder(
    graph: GraphWriter, weights: Weights, shape: BertShape, ids: str = INPUTS[0], added: str | None = None
) -> str:
    """Adds embeddings and all layers.

    Args:
        graph: Gets the nodes.
        weights: Tensors by name.
        shape: Sizes.
        ids: Name of the word-piece ids (int64, batch x length).
        added: Name of what is added to the embeddings (float32, batch x length x hidden), if anything.

    Returns:
        Name of the last hidden state (float32, batch x length x hidden).
    """
    hidden = _embeddings(graph, weights, shape, ids, added)
    mask = _mask(graph)
    for layer in range(shape.layers):
        name = f"encoder.layer.{layer}"
        attended = graph.linear(
            _attention(graph, hidden, mask, weights, f"{name}.attention.self", shape),
            weights,
            f"{name}.attention.output.dense",
        )
        norm = f"{name}.attention.output.LayerNorm"
        hidden = graph.layer_norm(graph.add("Add", attended, hidden), weights, norm, shape.epsilon)
        inner = graph.gelu(graph.linear(hidden, weights, f"{name}.intermediate.dense"))
        outer = graph.linear(inner, weights, f"{name}.output.dense")
        hidden = graph.layer_norm(graph.add("Add", outer, hidden), weights, f"{name}.output.LayerNorm", shape.epsilon)
    return hidden


def _embeddings(graph: GraphWriter, weights: Weights, shape: BertShape, ids: str, added: str | None) -> str:
    def table(kind: str) -> str:
        name = f"embeddings.{kind}_embeddings.weight"
        return graph.constant(name, weights[name])

    words = graph.add("Gather", table("word"), ids)
    types = graph.add("Gather", table("token_type"), INPUTS[2])
    length = graph.add("Shape", ids, start=1, end=2)
    first, axis = graph.constant("first", [0], "int64"), graph.constant("axis0", [0], "int64")
    places = graph.add("Slice", table("position"), first, length, axis)
    total = graph.add("Add", graph.add("Add", words, types), places)
    if added is not None:
        total = graph.add("Add", total, added)
    return graph.layer_norm(total, weights, "embeddings.LayerNorm", shape.epsilon)


def _mask(graph: GraphWriter) -> str:
    """Adds what is added to the attention scores: 0 for tokens, a large negative number for padding (B x 1 x 1 x L)."""
    present = graph.add("Cast", INPUTS[1], to=1)
    absent = graph.add("Sub", graph.constant("one", 1.0), present)
    penalty = graph.add("Mul", absent, graph.constant("masked", _MASKED))
    return graph.add("Unsqueeze", penalty, graph.constant("mask_axes", [1, 2], "int64"))


def _attention(graph: GraphWriter, x: str, mask: str, weights: Weights, name: str, shape: BertShape) -> str:
    width = shape.hidden // shape.heads
    split = graph.constant("split_heads", [0, 0, shape.heads, width], "int64")

    def heads(part: str, order: list[int]) -> str:
        projected = graph.linear(x, weights, f"{name}.{part}")
        return graph.add("Transpose", graph.add("Reshape", projected, split), perm=order)

    query, value = heads("query", [0, 2, 1, 3]), heads("value", [0, 2, 1, 3])
    key = heads("key", [0, 2, 3, 1])
    scale = graph.constant("scale", 1.0 / math.sqrt(width))
    scores = graph.add("Add", graph.add("Mul", graph.add("MatMul", query, key), scale), mask)
    context = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    merged = graph.add("Transpose", context, perm=[0, 2, 1, 3])
    return graph.add("Reshape", merged, graph.constant("join_heads", [0, 0, shape.hidden], "int64"))
