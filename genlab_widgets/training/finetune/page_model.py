"""A trained page tagger as one file, and what reads pages with it: onnxruntime and numpy, no JAX and no Spark.

The file is a zip with the graph, the word pieces and ``page_model.json`` (tags, scores of tag pairs, habits, CRF).
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import BadInput
from genlab_widgets.training.finetune import encoder, export, page_tagger
from genlab_widgets.training.finetune.decoding import Decoder, Habits, Region
from genlab_widgets.training.finetune.model import HEAD
from genlab_widgets.training.finetune.page_crf import PageCrf
from genlab_widgets.training.finetune.pages import CHANNELS, Page, Reader
from genlab_widgets.training.finetune.wordpieces import Vocabulary
from genlab_widgets.training.locking import scratch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from genlab_widgets.training.finetune.page_tagger import PageTagger
    from genlab_widgets.training.finetune.rows import Batch

_GRAPH, _PIECES, _FACTS = "model.onnx", "vocab.txt", "page_model.json"


def write(model: PageTagger, params: Mapping[str, Any], target: Path) -> Path:
    """Writes a trained tagger; the file appears whole or not at all.

    Args:
        model: The tagger.
        params: Its weights, stacked.
        target: The file.
    """
    shape, vocabulary = model.checkpoint.shape, model.checkpoint.vocabulary
    graph = export.page_tagger(encoder.unstack(params), shape, HEAD, page_tagger.PLACES)
    decoder = model.decoder(params)
    twinned = vocabulary.twinned
    known = vocabulary.pieces[: int((vocabulary.case == 0).sum())] if twinned else vocabulary.pieces
    facts = {
        "cased": vocabulary.cased and not twinned,
        "twinned": twinned,
        "longest": model.longest,
        "channels": CHANNELS,
        "tags": model.tags,
        "transitions": decoder.transitions.tolist(),
        "starts": decoder.starts.tolist(),
        "habits": model.habits.to_dict(),
        "crf": None if model.crf is None else model.crf.to_dict(),
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    made = scratch(target)
    try:
        with zipfile.ZipFile(made, "w") as file:
            file.writestr(_GRAPH, graph.SerializeToString())
            file.writestr(_PIECES, "\n".join(known))
            file.writestr(_FACTS, json.dumps(facts), zipfile.ZIP_DEFLATED)
        os.replace(made, target)
    finally:
        made.unlink(missing_ok=True)
    return target


@dataclass(frozen=True)
class PageModel:
    """A trained page tagger, read from its file.

    Attributes:
        session: The graph in onnxruntime.
        reader: Pages as rows.
        decoder: Scores as regions.
    """

    session: Any
    reader: Reader
    decoder: Decoder

    @classmethod
    def load(cls, file: Path, threads: int = 0) -> PageModel:
        """Reads what :func:`write` wrote.

        Args:
            file: The file.
            threads: Threads of onnxruntime; 0 takes all cores.

        Raises:
            BadInput: The file is missing or damaged, or another version of this package wrote it.
        """
        import numpy as np
        from onnxruntime import InferenceSession, SessionOptions

        try:
            with zipfile.ZipFile(file) as archive:
                facts = json.loads(archive.read(_FACTS))
                known = archive.read(_PIECES).decode("utf-8").split("\n")
                graph = archive.read(_GRAPH)
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise _damaged(file, f"{type(error).__name__}: {error}") from error
        if tuple(facts["channels"]) != CHANNELS:
            raise _damaged(file, "it was trained by another version of genlab-widgets")
        vocabulary = Vocabulary.of(known, facts["cased"])
        options = SessionOptions()
        options.intra_op_num_threads = threads
        tags = tuple(facts["tags"])
        crf = None if facts["crf"] is None else PageCrf.from_dict(facts["crf"])
        transitions, starts = (np.asarray(facts[name], "float32") for name in ("transitions", "starts"))
        return cls(
            InferenceSession(graph, options, providers=["CPUExecutionProvider"]),
            Reader(vocabulary.with_case() if facts["twinned"] else vocabulary, tags, facts["longest"]),
            Decoder(tags, transitions, starts, Habits.from_dict(facts["habits"]), crf),
        )

    def regions(self, pages: Sequence[Page]) -> list[list[Region]]:
        """Returns the regions of each page."""
        scores = self.reader.scores(pages, self._emit)
        return [self.decoder.regions(page, own) for page, own in zip(pages, scores, strict=True)]

    def _emit(self, batch: Batch) -> NDArray[np.float32]:
        inputs = {
            "input_ids": "ids",
            "attention_mask": "mask",
            "token_type_ids": "types",
            export.CHANNEL_STEPS: "places",
        }
        fed = {name: batch[own].astype("int64") for name, own in inputs.items()}
        scores: NDArray[np.float32] = self.session.run([export.OUTPUT], fed)[0]
        return scores


def _damaged(file: Path, why: str) -> BadInput:
    return BadInput(f"The page model {file} cannot be read.", f"{why}.", "Train again.", path=str(file))
