"""Word pieces a second of a training step: ours in JAX against PyTorch on the same processor, in turns.

    python -m venv /tmp/torch-venv && /tmp/torch-venv/bin/pip install torch
    python benchmarks/piece_speed.py EXPORT --python /tmp/torch-venv/bin/python --repeats 5

Both train the same MiniLM with a tagging head on the same sentences: dropout at the same places, clipping, AdamW.
Ours is measured as it trains, with the CRF over the tags, a table of the word pieces that occur, short sentences
packed, and half precision where the processor has it; PyTorch (``torch_peer.py``) has padded batches, float32 and
cross-entropy in place of the CRF, and is measured with the whole table, as a script would have it, and with our
narrow one. Each round is one epoch of each; the first one (compilation, allocation) is not counted. Before it, the
hidden states of both on one batch are compared.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from measure import CHECKOUT, arguments, circumstances, report

from genlab_widgets.projects.importing import import_project
from genlab_widgets.training import preparation
from genlab_widgets.training.dataset import Sentence
from genlab_widgets.training.finetune import checkpoint, encoder, tagger
from genlab_widgets.training.finetune.checkpoint import WORDS
from genlab_widgets.training.finetune.encoder import Narrowed
from genlab_widgets.training.finetune.loop import Recipe, Watcher
from genlab_widgets.training.finetune.rows import batches
from genlab_widgets.training.finetune.tagger import Tagger
from genlab_widgets.training.spec import TrainingSpec

if TYPE_CHECKING:
    from genlab_widgets.training.finetune.rows import Batch
    from genlab_widgets.training.finetune.state import EpochResult

PEER = CHECKOUT / "benchmarks" / "torch_peer.py"
DATA = CHECKOUT.parent / "shared" / "data"
AGREE = 1e-3
"""Largest difference of two hidden states in float32 that are still the same model's."""


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("export", type=Path, nargs="?", default=DATA / "tweets_ner")
    parser.add_argument("--python", type=Path, required=True, help="the interpreter of an environment with torch")
    parser.add_argument("--sentences", type=int, default=500, help="sentences of an epoch (default: 500)")
    parser.add_argument("--batch", type=int, default=Recipe.batch)
    parser.add_argument("--threads", type=int, default=2, help="threads and cores of each side (default: 2)")
    options = parser.parse_args()
    facts = circumstances()
    os.environ["JAX_PLATFORMS"] = "cpu"
    # JAX has no number of threads to set: both sides may use these cores and no others.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    with tempfile.TemporaryDirectory() as scratch:
        sentences = read_sentences(options.export, Path(scratch))[: options.sentences]
        model = Tagger(checkpoint.default().with_case(), tagger.tags_of(sentences), lexical=False)
        recipe = Recipe(epochs=options.repeats + 1, patience=options.repeats + 1, batch=options.batch)
        peers = [
            Torch(options, model, sentences, recipe, Path(scratch) / str(narrow), narrow) for narrow in (False, True)
        ]
        rounds = take_turns(model, sentences, recipe, peers, Path(scratch) / "state")
    report(
        "Word pieces a second of a training", "not below PyTorch's CPU build", table(rounds, peers), facts, options.json
    )


def read_sentences(export: Path, home: Path) -> list[Sentence]:
    """Returns the training sentences of a project with something in them, in an order that is not the export's."""
    project = import_project(export, home).project
    spec = TrainingSpec(project=project.name, kind="ner", test_train_tags=True)
    found = [sentence for sentence in preparation.prepare(project, spec).train if sentence.tokens]
    return [found[place] for place in np.random.default_rng(0).permutation(len(found))]


class Torch:
    """PyTorch in a process of its own, which trains an epoch when it is told to.

    Args:
        options: Interpreter and threads.
        model: Ours, from which it starts.
        sentences: What an epoch has.
        recipe: How to train.
        folder: Gets weights and batches.
        narrow: Whether it has only those rows of the word table that occur.
    """

    def __init__(
        self, options: Any, model: Tagger, sentences: list[Sentence], recipe: Recipe, folder: Path, narrow: bool
    ) -> None:
        rows = model._rows(sentences)
        epochs = [list(batches(rows, recipe.batch, recipe.seed, number + 1)) for number in range(recipe.epochs)]
        weights = encoder.unstack(model.begin(recipe.seed))
        expected = hidden_state(model, recipe.seed, epochs[0][0])
        if narrow:
            table = Narrowed.of(weights, [np.zeros(1, "int32"), *(row.ids for row in rows)])
            weights = table.params(weights)
            for batch in itertools.chain(*epochs):
                batch["ids"] = table.places(batch["ids"])
        self.title = f"PyTorch, {len(weights[WORDS]):,} rows of word pieces"
        self.pieces = [sum(int(batch["mask"].sum()) for batch in epoch) for epoch in epochs]
        write(folder, weights, epochs)
        shape = model.checkpoint.shape
        job = {
            "folder": str(folder),
            "layers": shape.layers,
            "heads": shape.heads,
            "epsilon": shape.epsilon,
            "threads": options.threads,
            "dropout": recipe.dropout,
            "rates": [recipe.encoder_rate, recipe.head_rate],
            "decay": recipe.decay,
        }
        command = [options.python, PEER, json.dumps(job)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.version = self._told()["version"]
        difference = float(np.abs(np.load(folder / "hidden.npy") - expected)[epochs[0][0]["mask"] > 0].max())
        print(f"{self.title}: torch {self.version}, hidden states differ by {difference:.1e} at most", flush=True)
        if difference > AGREE:
            raise SystemExit("These are not the same models.")

    def seconds(self, number: int) -> float:
        """Trains epoch ``number`` (from 1) and returns what its steps took."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number}\n".encode())
        self._process.stdin.flush()
        return float(self._told()["seconds"])

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()

    def _told(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{PEER.name} ended with {self._process.wait()}.")
        return dict(json.loads(line))


def hidden_state(model: Tagger, seed: int, batch: Batch) -> np.ndarray:
    """Returns the last hidden state of our model before its training, without dropout."""
    state = encoder.forward(model.begin(seed), model.checkpoint.shape, batch["ids"], batch["types"], batch["mask"])
    return np.asarray(state)


def write(folder: Path, weights: dict[str, Any], epochs: list[list[Batch]]) -> None:
    """Writes the weights, and the batches of each epoch."""
    folder.mkdir()
    np.savez(folder / "weights.npz", **weights)
    for number, epoch in enumerate(epochs, 1):
        named = {f"{place}.{name}": array for place, batch in enumerate(epoch) for name, array in batch.items()}
        np.savez(folder / f"epoch-{number}.npz", **named)


def take_turns(
    model: Tagger, sentences: list[Sentence], recipe: Recipe, peers: list[Torch], state: Path
) -> list[list[float]]:
    """Trains ours, and lets the others train the same epoch after each of its epochs.

    Returns:
        Seconds of each round: ours, then each peer's. Of our epochs the steps count, neither validation nor saving.
    """
    rounds: list[list[float]] = []
    began = ended = time.perf_counter()

    def stepped(fraction: float, loss: float) -> None:
        nonlocal ended
        ended = time.perf_counter()

    def finished(result: EpochResult) -> None:
        nonlocal began
        os.sync()  # the state of the epoch is on its way to the disk: nobody's turn shall pay for it
        rounds.append([ended - began, *(peer.seconds(result.number) for peer in peers)])
        print(f"round {result.number}: " + ", ".join(f"{seconds:.2f} s" for seconds in rounds[-1]), flush=True)
        began = time.perf_counter()

    model.fit(sentences, sentences[: recipe.batch], recipe, state, Watcher(progress=stepped, epoch=finished))
    for peer in peers:
        peer.close()
    return rounds


def table(rounds: list[list[float]], peers: list[Torch]) -> list[dict[str, Any]]:
    """Returns medians of pieces a second without the first round, and how many times as fast ours is."""
    pieces = peers[0].pieces
    speeds = [
        [count / taken[side] for count, taken in zip(pieces[1:], rounds[1:], strict=True)]
        for side in range(len(peers) + 1)
    ]
    ours = statistics.median(speeds[0])
    titles = ["ours (JAX)", *(f"{peer.title} ({peer.version})" for peer in peers)]
    return [
        {
            "what": title,
            "pieces a second": round(statistics.median(found)),
            "slowest round": round(min(found)),
            "fastest round": round(max(found)),
            "ours is so many times as fast": f"{ours / statistics.median(found):.2f}",
            "rounds": len(found),
        }
        for title, found in zip(titles, speeds, strict=True)
    ]


if __name__ == "__main__":
    main()
