"""Classes of a text, or of an entity in it: a linear layer over the mean of word pieces, one class or several.

A text longer than the encoder sees is read in stretches: each learns the classes of the whole text, and the
probabilities of all are averaged. An entity is read in the words around it, with markers at its ends; of these alone
the mean is taken (the entity markers of Baldini Soares et al. 2019, "Matching the Blanks").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from genlab_widgets.training.finetune.model import FineTuned, new_head
from genlab_widgets.training.finetune.rows import Row
from genlab_widgets.training.finetune.wordpieces import END, START, stretches

if TYPE_CHECKING:
    import jax
    import numpy as np
    from numpy.typing import NDArray

    from genlab_widgets.training.finetune.loop import Loss, Recipe
    from genlab_widgets.training.finetune.rows import Batch
    from genlab_widgets.training.finetune.state import Params

Passage = Sequence[Sequence[str]]
"""The words of each stretch of a text."""
Taught = tuple[Passage, Sequence[str]]
"""A passage with its classes."""
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(2, 19))
"""Probabilities from which a class may count where a text has several; the validation part chooses."""


@dataclass
class Classifier(FineTuned[Taught]):
    """A checkpoint with a head for classes.

    It is chosen by the share of right passages; where there may be several classes, by micro F1 at the best threshold.

    Attributes:
        labels: Classes in the order of the head's outputs.
        multiple: Whether a text may have several classes or none.
        marked: Whether entities between markers are classified, instead of whole texts; the checkpoint knows markers.
        threshold: Probability from which a class counts where there may be several; :meth:`fit` chooses it.
    """

    labels: tuple[str, ...]
    multiple: bool = False
    marked: bool = False
    threshold: float = 0.5

    def passage(self, text: str) -> Passage:
        """Returns the words of a text, cut into stretches as the saved pipeline cuts them."""
        return [[token.text for token in part] for part in stretches(text, self.stretch, by_sentence=False)]

    def score(self, params: Mapping[str, Any], validation: Sequence[Taught]) -> float:
        """Chooses the threshold on the validation passages; returns their F1, with one class each the accuracy."""
        found = self.probabilities(params, [passage for passage, _ in validation])
        return self.choose(found, [set(classes) for _, classes in validation])

    def choose(self, probabilities: NDArray[np.float32], wanted: Sequence[set[str]]) -> float:
        """Chooses the threshold by micro F1, where there may be several classes; returns the F1."""
        found: dict[float, float] = {}
        for threshold in THRESHOLDS if self.multiple else (self.threshold,):
            self.threshold = threshold
            found[threshold] = micro_f1(wanted, [set(classes) for classes in self.taken(probabilities)])
        self.threshold = max(found, key=lambda threshold: (found[threshold], -abs(threshold - 0.5)))
        return found[self.threshold]

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
        import numpy as np

        total = np.zeros((len(passages), len(self.labels)), "float32")
        count = np.zeros((len(passages), 1), "float32")
        cut = self._cut(passages)
        for place, found in self._answers(params, [row for row, _ in cut]):
            total[cut[place][1]] += found
            count[cut[place][1]] += 1
        return np.asarray(total / np.maximum(count, 1))

    def _new_weights(self, numbers: np.random.Generator) -> Params:
        return new_head(numbers, len(self.labels), self.checkpoint.shape.hidden)

    def _settle(self, params: Mapping[str, Any], validation: Sequence[Taught]) -> None:
        self.score(params, validation)

    def _rows(self, train: Sequence[Taught]) -> list[Row]:
        import numpy as np

        number = {label: place for place, label in enumerate(self.labels)}
        target = np.zeros((len(train), len(self.labels)), "float32")
        for place, (_, classes) in enumerate(train):
            target[place, [number[label] for label in classes]] = 1
        return [replace(row, target=target[place]) for row, place in self._cut([passage for passage, _ in train])]

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

    def _loss(self, recipe: Recipe, unknown: int) -> Loss:
        """Returns the loss: the cross entropy of the classes, per stretch."""
        import jax
        import jax.numpy as jnp

        def mean_loss(params: Params, batch: Batch, key: jax.Array) -> jax.Array:
            scores, target = self._scores(params, batch, key, recipe.dropout), batch["target"]
            if self.multiple:
                each = -(target * jax.nn.log_sigmoid(scores) + (1 - target) * jax.nn.log_sigmoid(-scores)).sum(axis=-1)
            else:
                each = -(target * jax.nn.log_softmax(scores, axis=-1)).sum(axis=-1)
            there = batch["mask"].any(axis=-1)
            return jnp.where(there, each, 0.0).sum() / jnp.maximum(1, there.sum())

        return mean_loss

    def _answer(self, params: Mapping[str, Any], batch: Batch) -> jax.Array:
        """Returns the probability of each class (batch x classes)."""
        import jax

        scores = self._scores(params, batch, None, 0.0)
        return jax.nn.sigmoid(scores) if self.multiple else jax.nn.softmax(scores, axis=-1)

    def _read_by_head(self, hidden: jax.Array, batch: Batch) -> jax.Array:
        """Returns the mean of all pieces (batch x hidden), [CLS] and [SEP] included, or of the markers, which alone
        have the last segment type.
        """
        import jax.numpy as jnp

        counted = batch["types"] == self.checkpoint.shape.types - 1 if self.marked else batch["mask"]
        present = counted[..., None].astype(jnp.float32)
        mean: jax.Array = (hidden * present).sum(axis=1) / jnp.maximum(1.0, present.sum(axis=1))
        return mean


def micro_f1(wanted: Sequence[set[str]], given: Sequence[set[str]]) -> float:
    """Returns the micro F1 of classes; with one class each it is the accuracy. 0 where there are none."""
    right = sum(len(a & b) for a, b in zip(wanted, given, strict=True))
    total = sum(map(len, wanted)) + sum(map(len, given))
    return 2 * right / total if total else 0.0
