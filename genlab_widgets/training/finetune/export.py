"""Fine-tuned models as the folders that Spark NLP's BERT classifiers load: graph, word pieces, labels.

The encoder's nodes are those of :mod:`genlab_widgets.training.embeddings.onnx_bert`. Spark NLP takes the argmax of
``logits``, so the graph of a tagger decodes the CRF itself: two scans compute max-marginals, and their argmax is the
Viterbi path. Which pieces begin a word follows from their ids: continued ones start with ``##``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from genlab_widgets.training.embeddings.onnx_bert import (
    INPUTS,
    IR_VERSION,
    OPSET,
    BertShape,
    GraphWriter,
    add_encoder,
)
from genlab_widgets.training.finetune import lexical
from genlab_widgets.training.finetune.wordpieces import CONTINUED, END, PAD, START, Vocabulary
from genlab_widgets.training.locking import scratch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from genlab_widgets.training.embeddings.onnx_bert import Weights

OUTPUT = "logits"
CHANNEL_STEPS = "channel_steps"
_FLOAT, _INT, _BOOL = 1, 7, 9


class _Graph(GraphWriter):
    """Knows other names for the encoder's inputs: of pieces with twins, the case is read as the segment type."""

    def __init__(self) -> None:
        super().__init__()
        self.renamed: dict[str, str] = {}

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        return super().add(operator, *(self.renamed.get(name, name) for name in inputs), output=output, **attributes)


def token_classifier(
    weights: Weights,
    shape: BertShape,
    vocabulary: Vocabulary,
    head: str,
    pairs: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> Any:
    """Returns the ONNX model of a tagger.

    Args:
        weights: Encoder and head, by name, unstacked; with the tables of a CRF on word pieces, if there is one.
        shape: Sizes of the encoder.
        vocabulary: Word pieces as Spark NLP will number them.
        head: Name of the head's linear layer.
        pairs: Scores of tag pairs (before x after) and of first tags.
    """
    graph = _Graph()
    scores = graph.linear(_encode(graph, weights, shape, vocabulary), weights, head)
    begins = graph.constant("begins_word", _begins_word(vocabulary), "bool")
    first = graph.add("Gather", begins, INPUTS[0])
    if lexical.FIRST in weights:
        scores = graph.add("Add", scores, _lexical(graph, weights, first, vocabulary))
    _put_out(graph, _max_marginals(graph, scores, first, *pairs))
    return _model(graph, ["batch", "length", len(pairs[1])])


def sequence_classifier(
    weights: Weights,
    shape: BertShape,
    vocabulary: Vocabulary,
    head: str,
    marked: bool = False,
    multiple: bool = False,
) -> Any:
    """Returns the ONNX model of a text classifier: a linear layer over the mean of all pieces, or of the markers.

    Of a text with several classes Spark NLP 5.5.3 tells only those above its threshold, and nothing where there is
    none. So ``multiple`` adds a class whose logit is 0: after the softmax, a score divided by its score is e^logit,
    the odds of that class, from which the pipeline has every probability.

    Args:
        weights: Encoder and head, by name, unstacked.
        shape: Sizes of the encoder.
        vocabulary: Word pieces as Spark NLP will number them.
        head: Name of the head's linear layer.
        marked: Whether only the markers count, whose segment type is the last one.
        multiple: Whether a text may have several classes.
    """
    graph = _Graph()
    hidden = _encode(graph, weights, shape, vocabulary)
    counted = INPUTS[1]
    if marked:
        counted = graph.add("Equal", INPUTS[2], graph.constant("marker", shape.types - 1, "int64"))
    present = graph.add("Cast", counted, to=_FLOAT)
    spread = graph.add("Unsqueeze", present, graph.constant("axis_last", [-1], "int64"))
    axis = graph.constant("axis1", [1], "int64")
    total = graph.add("ReduceSum", graph.add("Mul", hidden, spread), axis, keepdims=0)
    count = graph.add("ReduceSum", present, axis, keepdims=1)
    mean = graph.add("Div", total, graph.add("Max", count, graph.constant("one", 1.0)))
    logits = graph.linear(mean, weights, head)
    classes = weights[f"{head}.bias"].shape[0]
    if multiple:
        # The count as a column of its own, times 0: there is no other way to a column for any number of rows.
        beside = graph.add("Mul", count, graph.constant("zero", 0.0))
        logits = graph.add("Concat", logits, beside, axis=-1)
    _put_out(graph, logits)
    return _model(graph, ["batch", classes + multiple])


def page_tagger(weights: Weights, shape: BertShape, head: str, places: str) -> Any:
    """Returns the ONNX model of a page tagger: scores of tags, which are decoded outside.

    Beside the encoder's inputs, of which ids and types are rows of the embeddings, it takes :data:`CHANNEL_STEPS`
    (int64, batch x length x channels).

    Args:
        weights: Encoder, channels and head, by name, unstacked.
        shape: Sizes of the encoder.
        head: Name of the head's linear layer.
        places: Name of the embeddings of the channels (channels x steps x hidden).
    """
    import numpy as np

    graph = _Graph()
    channels, steps, hidden = weights[places].shape
    table = graph.constant(places, weights[places].reshape(channels * steps, hidden))
    rows = graph.add("Add", CHANNEL_STEPS, graph.constant("first_row", np.arange(channels) * steps, "int64"))
    axis = graph.constant("axis2", [2], "int64")
    added = graph.add("ReduceSum", graph.add("Gather", table, rows), axis, keepdims=0)
    graph.add("Identity", graph.linear(add_encoder(graph, weights, shape, added=added), weights, head), output=OUTPUT)
    tags = weights[f"{head}.bias"].shape[0]
    return _model(graph, ["batch", "length", tags], {CHANNEL_STEPS: ["batch", "length", channels]})


def write(model: Any, vocabulary: Vocabulary, labels: Sequence[str], target: Path) -> Path:
    """Writes the folder for ``loadSavedModel``: ``model.onnx``, ``assets/vocab.txt``, ``assets/labels.txt``.

    Args:
        model: An ONNX model of this module.
        vocabulary: Its word pieces.
        labels: Its labels, in the order of the outputs.
        target: The folder; an existing one is replaced.
    """
    made = scratch(target)
    shutil.rmtree(made, ignore_errors=True)
    try:
        (made / "assets").mkdir(parents=True)
        (made / "model.onnx").write_bytes(model.SerializeToString())
        for name, lines in (("vocab.txt", vocabulary.pieces), ("labels.txt", labels)):
            (made / "assets" / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
        shutil.rmtree(target, ignore_errors=True)
        os.replace(made, target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return target


def _encode(graph: _Graph, weights: Weights, shape: BertShape, vocabulary: Vocabulary) -> str:
    """Adds the encoder; ids of twins become the row of their piece and the row of their case."""
    if not vocabulary.twinned:
        return add_encoder(graph, weights, shape)
    rows = graph.add("Gather", graph.constant("base_of", vocabulary.base, "int64"), INPUTS[0])
    graph.renamed[INPUTS[2]] = graph.add("Gather", graph.constant("case_of", vocabulary.case, "int64"), INPUTS[0])
    return add_encoder(graph, weights, shape, rows)


def _put_out(graph: _Graph, scores: str) -> None:
    """Makes scores the output; Spark NLP's softmax does not subtract the maximum, so large ones would overflow."""
    highest = graph.add("ReduceMax", scores, axes=[-1], keepdims=1)
    graph.add("Sub", scores, highest, output=OUTPUT)


def _begins_word(vocabulary: Vocabulary) -> list[bool]:
    return [not piece.startswith(CONTINUED) and piece not in (PAD, START, END) for piece in vocabulary.pieces]


def _lexical(graph: _Graph, tables: Weights, first: str, vocabulary: Vocabulary) -> str:
    """Adds :func:`genlab_widgets.training.finetune.lexical.scores`: words are numbered, their neighbours looked up."""
    ids, reach = INPUTS[0], max(lexical.DISTANCES)
    goes_on = [piece.startswith(CONTINUED) for piece in vocabulary.pieces]
    continued = graph.add("Gather", graph.constant("goes_on", goes_on, "bool"), ids)
    behind = graph.add("Slice", continued, *_bounds(graph, 1, 2**31 - 1))
    ending = graph.add("Slice", continued, *_bounds(graph, 0, 1))
    # Behind the last place stands [CLS]'s: no continued piece. A word ends where none follows.
    follows = graph.add("Concat", behind, ending, axis=1)
    last = graph.add("And", graph.add("Or", first, continued), graph.add("Not", follows))
    count = graph.add("CumSum", graph.add("Cast", first, to=_INT), graph.constant("axis_length_1", 1, "int64"))
    number = graph.add("Add", count, graph.constant("before_word", reach - 1, "int64"))
    size = graph.add("Add", graph.add("Shape", ids), graph.constant("room", [0, 2 * reach + 1], "int64"))
    length = graph.add("Gather", size, graph.constant("second", 1, "int64"))
    spare = graph.add("Sub", length, graph.constant("one_int", 1, "int64"))
    nowhere = graph.constant("nowhere", len(vocabulary.pieces), "int64")
    empty = graph.add("Expand", nowhere, size)
    total = ""
    for name, there in ((lexical.FIRST, first), (lexical.LAST, last)):
        place = graph.add("Where", there, number, spare)
        by_word = graph.add("ScatterElements", empty, place, ids, axis=1)
        for row, distance in enumerate(lexical.DISTANCES):
            step = graph.constant(f"step_{distance}", distance, "int64")
            near = graph.add("GatherElements", by_word, graph.add("Add", number, step), axis=1)
            table = graph.constant(f"{name}.{distance}", tables[name][row], "float16")
            found = graph.add("Cast", graph.add("Gather", table, near), to=_FLOAT)
            total = graph.add("Add", total, found) if total else found
    return total


def _bounds(graph: _Graph, start: int, end: int) -> list[str]:
    """Returns the inputs of a Slice along the length."""
    values = (start, end, 1)
    return [graph.constant(f"slice_{value}", [value], "int64") for value in values]


def _max_marginals(
    graph: _Graph, scores: str, first: str, transitions: NDArray[np.float32], starts: NDArray[np.float32]
) -> str:
    """Adds :func:`genlab_widgets.training.finetune.crf.max_marginals`, word for word."""
    along = graph.add("Transpose", scores, perm=[1, 0, 2])
    here = graph.add("Transpose", first, perm=[1, 0])
    count = graph.add("Cast", here, to=_FLOAT)
    sums = graph.add("CumSum", count, graph.constant("axis_length", 0, "int64"))
    begun = graph.add("Greater", sums, count)
    last = graph.constant("axis_last", [-1], "int64")
    here, begun = graph.add("Unsqueeze", here, last), graph.add("Unsqueeze", begun, last)
    graph.constant("transitions", transitions)
    graph.constant("starts", starts)
    nothing = graph.add(
        "ReduceSum",
        graph.add("Mul", along, graph.constant("zero", 0.0)),
        graph.constant("axis0", [0], "int64"),
        keepdims=0,
    )
    tags = len(starts)
    alphas = _scan(graph, [nothing, along, here, begun], _forward(tags), backwards=False)
    betas = _scan(graph, [nothing, along, here], _backward(tags), backwards=True)
    return graph.add("Transpose", graph.add("Add", alphas, betas), perm=[1, 0, 2])


def _scan(graph: _Graph, inputs: list[str], body: Any, backwards: bool) -> str:
    """Adds a Scan over the length (axis 0) with one state; returns what it gathers."""
    from onnx import helper

    number = len(graph.nodes)
    direction = int(backwards)
    outputs = [f"Scan_{number}_state", f"Scan_{number}"]
    graph.nodes.append(
        helper.make_node(
            "Scan",
            inputs,
            outputs,
            body=body,
            num_scan_inputs=len(inputs) - 1,
            scan_input_directions=[direction] * (len(inputs) - 1),
            scan_output_directions=[direction],
        )
    )
    return outputs[1]


def _forward(tags: int) -> Any:
    """One step of alpha: ``score + max(alpha + transitions)`` at the first piece of a word, else as before."""
    from onnx import helper

    nodes = [
        helper.make_node("Constant", [], ["f_axis"], value_ints=[2]),
        helper.make_node("Unsqueeze", ["alpha", "f_axis"], ["alpha_3d"]),
        helper.make_node("Add", ["alpha_3d", "transitions"], ["reached"]),
        helper.make_node("ReduceMax", ["reached"], ["best"], axes=[1], keepdims=0),
        helper.make_node("Where", ["f_begun", "best", "starts"], ["entered"]),
        helper.make_node("Add", ["f_score", "entered"], ["fresh"]),
        helper.make_node("Where", ["f_here", "fresh", "alpha"], ["alpha_out"]),
        helper.make_node("Identity", ["alpha_out"], ["alpha_kept"]),
    ]
    return _body("forward", nodes, ["alpha", "f_score"], ["f_here", "f_begun"], ["alpha_out", "alpha_kept"], tags)


def _backward(tags: int) -> Any:
    """One step of beta, from the end: the best continuation after each tag."""
    from onnx import helper

    nodes = [
        helper.make_node("Constant", [], ["b_axis"], value_ints=[1]),
        helper.make_node("Add", ["b_score", "beta"], ["after"]),
        helper.make_node("Unsqueeze", ["after", "b_axis"], ["after_3d"]),
        helper.make_node("Add", ["after_3d", "transitions"], ["going"]),
        helper.make_node("ReduceMax", ["going"], ["left"], axes=[2], keepdims=0),
        helper.make_node("Where", ["b_here", "left", "beta"], ["beta_out"]),
        helper.make_node("Identity", ["beta"], ["beta_kept"]),
    ]
    return _body("backward", nodes, ["beta", "b_score"], ["b_here"], ["beta_out", "beta_kept"], tags)


def _body(name: str, nodes: list[Any], floats: list[str], flags: list[str], outputs: list[str], tags: int) -> Any:
    from onnx import helper

    wide, narrow = ["batch", tags], ["batch", 1]
    return helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(item, _FLOAT, wide) for item in floats]
        + [helper.make_tensor_value_info(item, _BOOL, narrow) for item in flags],
        [helper.make_tensor_value_info(item, _FLOAT, wide) for item in outputs],
    )


def _model(
    graph: _Graph, dimensions: list[str | int], more: Mapping[str, list[str | int]] = MappingProxyType({})
) -> Any:
    import onnx
    from onnx import TensorProto, helper

    inputs: dict[str, list[str | int]] = {**{name: ["batch", "length"] for name in INPUTS}, **more}
    made = helper.make_graph(
        graph.nodes,
        "fine_tuned",
        [helper.make_tensor_value_info(name, TensorProto.INT64, axes) for name, axes in inputs.items()],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, dimensions)],
        graph.initializers,
    )
    model = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="genlab-widgets",
    )
    onnx.checker.check_model(model)
    return model
