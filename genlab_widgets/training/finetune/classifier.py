"""Classes of a text, or of an entity in it: a linear layer over the mean of word pieces, one class or several.

A text longer than the encoder sees is read in stretches: each learns the classes of the whole text, and the
probabilities of all are averaged. An entity is read in the words around it, with markers at its ends; of these alone
the mean is taken (the entity markers of Baldini Soares et al. 2019, "Matching the Blanks").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.training.finetune import encoder
from genlab_widgets.training.finetune.checkpoint import Checkpoint
from genlab_widgets.training.finetune.encoder import Narrowed
from genlab_widgets.training.finetune.loop import Estimate, Recipe, Trainer, Watcher
from genlab_widgets.training.finetune.rows import Row, in_order
from genlab_widgets.training.finetune.state import Outcome
from genlab_widgets.training.finetune.wordpieces import END, LONGEST_STRETCH, START, stretches

if TYPE_CHECKING:
    import jax
    import numpy as np
    from numpy.typing import NDArray

    from genlab_widgets.training.finetune.rows import Batch
    from genlab_widgets.training.finetune.state import Params

    Passage = Sequence[Sequence[str]]
    """The words of each stretch of a text."""
    Taught = tuple[Passage, Sequence[str]]
    """A passage with its classes."""

HEAD = "classifier"
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(2, 19))
"""Probabilities from which a class may count where a text has several; the validation part chooses."""
_SPREAD = 0.02
_PREDICTION_BATCH = 16


@dataclass
class Classifier:
    """A checkpoint with a head for classes.

    Attributes:
        checkpoint: The encoder that is fine-tuned; one with markers where entities are classified.
        labels: Classes in the order of the head's outputs.
        multiple: Whether a text may have several classes or none.
        marked: Whether entities between markers are classified, instead of whole texts.
        longest: Most pieces of a row.
        threshold: Probability from which a class counts where there may be several; :meth:`fit` chooses it.
    """

    checkpoint: Checkpoint
    labels: tuple[str, ...]
    multiple: bool = False
    marked: bool = False
    longest: int = 512
    threshold: float = 0.5
    _read: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.longest = min(self.longest, self.checkpoint.shape.positions)

    @property
    def stretch(self) -> int:
        """Most characters of a stretch of text: no more pieces than the encoder has positions for."""
        return min(LONGEST_STRETCH, self.longest - 2)

    def passage(self, text: str) -> Passage:
        """Returns the words of a text, cut into stretches as the saved pipeline cuts them."""
        return [[token.text for token in part] for part in stretches(text, self.stretch, by_sentence=False)]

    def begin(self, seed: int) -> Params:
        """Returns the checkpoint's weights, stacked, with a new head."""
        import numpy as np

        size = (len(self.labels), self.checkpoint.shape.hidden)
        params: Params = dict(encoder.stack(self.checkpoint.weights, self.checkpoint.shape.layers))
        params[f"{HEAD}.weight"] = (_SPREAD * np.random.default_rng(seed).standard_normal(size)).astype("float32")
        params[f"{HEAD}.bias"] = np.zeros(len(self.labels), "float32")
        return params

    def fit(
        self,
        train: Sequence[Taught],
        validation: Sequence[Taught],
        recipe: Recipe,
        folder: Path,
        watcher: Watcher | None = None,
    ) -> Outcome:
        """Fine-tunes; the best epoch on the validation passages is kept.

        Its measure is the share of right passages; where there may be several classes, micro F1 at the best threshold.

        Args:
            train: Passages to learn from.
            validation: Passages to choose epoch and threshold by.
            recipe: How to train.
            folder: Keeps the state, from which a killed training goes on.
            watcher: Hears of steps and epochs.

        Raises:
            PoorQuality: The loss stopped being a number.
        """
        trainer, narrow, rows = self._trainer(train, recipe)
        passages, wanted = [passage for passage, _ in validation], [set(classes) for _, classes in validation]

        def score(params: Params) -> float:
            return self.choose(self.probabilities(narrow.widen(params), passages), wanted)

        outcome = trainer.fit(narrow.params(self.begin(recipe.seed)), rows, score, folder, watcher)
        score(outcome.params)  # leaves the threshold of the best epoch, not of the last one
        return Outcome(narrow.widen(outcome.params), outcome.epochs, outcome.best, outcome.stopped)

    def choose(self, probabilities: NDArray[np.float32], wanted: Sequence[set[str]]) -> float:
        """Chooses the threshold by micro F1, where there may be several classes; returns the F1."""
        found: dict[float, float] = {}
        for threshold in THRESHOLDS if self.multiple else (self.threshold,):
            self.threshold = threshold
            found[threshold] = micro_f1(wanted, [set(classes) for classes in self.taken(probabilities)])
        self.threshold = max(found, key=lambda threshold: (found[threshold], -abs(threshold - 0.5)))
        return found[self.threshold]

    def probe(self, train: Sequence[Taught], recipe: Recipe, seconds: float = 10.0) -> Estimate:
        """Measures the speed on this machine and says how long :meth:`fit` will take."""
        trainer, narrow, rows = self._trainer(train, recipe)
        return trainer.probe(narrow.params(self.begin(recipe.seed)), rows, seconds)

    def predict(self, params: Mapping[str, Any], passages: Sequence[Passage]) -> list[list[str]]:
        """Returns the classes of each passage: the likeliest one, or all from the threshold on."""
        return self.taken(self.probabilities(params, passages))

    def taken(self, probabilities: NDArray[np.float32]) -> list[list[str]]:
        """Returns the classes that these probabilities give."""
        return [
            [
                self.labels[place]
                for place in ((row >= self.threshold).nonzero()[0] if self.multiple else [row.argmax()])
            ]
            for row in probabilities
        ]

    def probabilities(self, params: Mapping[str, Any], passages: Sequence[Passage]) -> NDArray[np.float32]:
        """Returns the probability of each class (passages x classes); a passage without any word gets zeros."""
        import jax
        import numpy as np

        if self._read is None:

            def read(params: Params, batch: Batch) -> jax.Array:
                scores = self._scores(params, batch, None, 0.0)
                return jax.nn.sigmoid(scores) if self.multiple else jax.nn.softmax(scores, axis=-1)

            self._read = jax.jit(read)
        total = np.zeros((len(passages), len(self.labels)), "float32")
        count = np.zeros((len(passages), 1), "float32")
        cut = self._cut(passages)
        given = {name: jax.numpy.asarray(value) for name, value in params.items()}
        for places, batch in in_order([row for row, _ in cut], _PREDICTION_BATCH):
            batch.pop("target")
            found = np.asarray(self._read(given, batch))
            for line, place in enumerate(places):
                total[cut[place][1]] += found[line]
                count[cut[place][1]] += 1
        return np.asarray(total / np.maximum(count, 1))

    def _trainer(self, train: Sequence[Taught], recipe: Recipe) -> tuple[Trainer, Narrowed, list[Row]]:
        import numpy as np

        number = {label: place for place, label in enumerate(self.labels)}
        target = np.zeros((len(train), len(self.labels)), "float32")
        for place, (_, classes) in enumerate(train):
            target[place, [number[label] for label in classes]] = 1
        rows = [replace(row, target=target[place]) for row, place in self._cut([passage for passage, _ in train])]
        narrow = Narrowed.of(self.checkpoint.weights, [np.zeros(1, "int32"), *(row.ids for row in rows)])
        narrowed = [replace(row, ids=narrow.places(row.ids)) for row in rows]
        return Trainer(self._loss(recipe.dropout), recipe, self.checkpoint.is_new), narrow, narrowed

    def _cut(self, passages: Sequence[Passage]) -> list[tuple[Row, int]]:
        """Returns the row of each stretch, with the number of its passage.

        What is beyond the longest row is cut off as Spark NLP does it; a stretch is short enough for all its pieces
        (:attr:`stretch`), so this concerns long entities and Korean only.
        """
        import numpy as np

        vocabulary = self.checkpoint.vocabulary
        first, last = vocabulary.id_of(START), vocabulary.id_of(END)
        nothing = np.zeros(len(self.labels), "float32")
        found = []
        for number, passage in enumerate(passages):
            for words in passage:
                pieces = [piece for word in words for piece in vocabulary.encode(word)][: self.longest - 2]
                ids = np.asarray([first, *pieces, last])
                row = Row(vocabulary.base[ids], vocabulary.case[ids], np.zeros(len(ids), "int32"), nothing)
                found.append((row, number))
        return found

    def _loss(self, dropout: float) -> Any:
        import jax
        import jax.numpy as jnp

        def mean_loss(params: Params, batch: Batch, key: jax.Array) -> jax.Array:
            scores, target = self._scores(params, batch, key, dropout), batch["target"]
            if self.multiple:
                each = -(target * jax.nn.log_sigmoid(scores) + (1 - target) * jax.nn.log_sigmoid(-scores)).sum(axis=-1)
            else:
                each = -(target * jax.nn.log_softmax(scores, axis=-1)).sum(axis=-1)
            there = batch["mask"].any(axis=-1)
            return jnp.where(there, each, 0.0).sum() / jnp.maximum(1, there.sum())

        return mean_loss

    def _scores(self, params: Params, batch: Batch, key: jax.Array | None, dropout: float) -> jax.Array:
        """Returns the head's scores (batch x classes): over the mean of all pieces, [CLS] and [SEP] included, or of the
        markers, which alone have the last segment type.
        """
        import jax
        import jax.numpy as jnp

        keys = jax.random.split(key) if key is not None and dropout else (None, None)
        ids, types, mask = batch["ids"], batch["types"], batch["mask"]
        hidden = encoder.forward(params, self.checkpoint.shape, ids, types, mask, keys[0], dropout)
        counted = types == self.checkpoint.shape.types - 1 if self.marked else mask
        present = counted[..., None].astype(jnp.float32)
        mean = (hidden * present).sum(axis=1) / jnp.maximum(1.0, present.sum(axis=1))
        if keys[1] is not None:
            mean = encoder.drop(mean, keys[1], dropout)
        return encoder.linear(mean, params, HEAD)


def micro_f1(wanted: Sequence[set[str]], given: Sequence[set[str]]) -> float:
    """Returns the micro F1 of classes; with one class each it is the accuracy. 0 where there are none."""
    right = sum(len(a & b) for a, b in zip(wanted, given, strict=True))
    total = sum(map(len, wanted)) + sum(map(len, given))
    return 2 * right / total if total else 0.0
