"""What all fine-tuned models are: an encoder with a head, how they begin, learn, and are asked.

A kind of model says how its examples become rows, what its head is, what it learns by and what it is chosen by.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from genlab_widgets.training.finetune import encoder, half
from genlab_widgets.training.finetune.checkpoint import Checkpoint
from genlab_widgets.training.finetune.encoder import Narrowed
from genlab_widgets.training.finetune.loop import Recipe, Trainer, Watcher
from genlab_widgets.training.finetune.rows import Row, in_order
from genlab_widgets.training.finetune.wordpieces import LONGEST_STRETCH, UNKNOWN

if TYPE_CHECKING:
    import jax
    import numpy as np
    from numpy.typing import NDArray

    from genlab_widgets.training.finetune.loop import Loss
    from genlab_widgets.training.finetune.rows import Batch
    from genlab_widgets.training.finetune.state import Outcome, Params

HEAD = "classifier"
"""Name of the head's weights, as in Hugging Face's BERT classifiers."""
_SPREAD = 0.02
"""Standard deviation of new weights, as in BERT."""
_PREDICTION_BATCH = 16

Taught = TypeVar("Taught")
"""What a model learns from: an example with its answer."""


@dataclass
class FineTuned(ABC, Generic[Taught]):
    """A checkpoint with a head over its pieces.

    Attributes:
        checkpoint: The encoder that is fine-tuned.
        longest: Most pieces of a row; not more than the encoder has positions for.
        hides_words: Whether a step may replace words by the unknown piece.
        packs: Whether short rows are joined for a step: targets are one a piece, and nothing else is said of a row.
    """

    checkpoint: Checkpoint
    longest: int = field(default=512, kw_only=True)
    hides_words: ClassVar[bool] = False
    packs: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self.longest = min(self.longest, self.checkpoint.shape.positions)

    @property
    def stretch(self) -> int:
        """Most characters of a stretch of text: no more pieces than the encoder has positions for."""
        return min(LONGEST_STRETCH, self.longest - 2)

    def begin(self, seed: int) -> Params:
        """Returns the checkpoint's weights, stacked, with a new head."""
        import numpy as np

        numbers = np.random.default_rng(seed)
        stacked = encoder.stack(self.checkpoint.weights, self.checkpoint.shape.layers)
        return {**stacked, **self._new_weights(numbers)}

    def fit(
        self,
        train: Sequence[Taught],
        validation: Sequence[Taught],
        recipe: Recipe,
        folder: Path,
        watcher: Watcher | None = None,
    ) -> Outcome:
        """Fine-tunes; the epoch that is best by :meth:`score` on the validation part is kept.

        Args:
            train: What to learn from.
            validation: What to choose the epoch by.
            recipe: How to train.
            folder: Keeps the state, from which a killed training goes on.
            watcher: Hears of steps and epochs.

        Raises:
            PoorQuality: The loss stopped being a number.
        """
        beside = self._learn_beside(train, recipe.seed)
        trainer, narrow, rows = self._trainer(train, recipe)

        def score(params: Params) -> float:
            return self.score(narrow.widen(params) | beside, validation)

        outcome = trainer.fit(narrow.params(self.begin(recipe.seed)), rows, score, folder, watcher)
        best = narrow.widen(outcome.params) | beside
        self._settle(best, validation)
        return replace(outcome, params=best)

    @abstractmethod
    def score(self, params: Mapping[str, Any], validation: Sequence[Taught]) -> float:
        """Scores weights on the validation part, 0 to 1, higher is better."""

    @abstractmethod
    def _new_weights(self, numbers: np.random.Generator) -> Params:
        """Draws the head, and whatever else the checkpoint does not have, with :func:`new_weight`."""

    @abstractmethod
    def _rows(self, train: Sequence[Taught]) -> list[Row]:
        """Returns the training rows with their targets."""

    @abstractmethod
    def _loss(self, recipe: Recipe, unknown: int) -> Loss:
        """Returns the loss.

        Args:
            recipe: Says the shares that dropout and word dropout take.
            unknown: Row of the unknown piece in the word embeddings of the training.
        """

    def _learn_beside(self, train: Sequence[Taught], seed: int) -> Params:
        """Learns what stands beside the encoder; returns what of it is kept with the weights."""
        return {}

    def _settle(self, params: Mapping[str, Any], validation: Sequence[Taught]) -> None:
        """Chooses once more what :meth:`score` chooses, if anything: for the best epoch, not for the last one."""

    def _added(self, params: Mapping[str, Any], batch: Batch) -> jax.Array | None:
        """Returns what is added to the embeddings (batch x length x hidden), if anything."""
        return None

    def _read_by_head(self, hidden: jax.Array, batch: Batch) -> jax.Array:
        """Returns what the head reads of the last hidden state: every piece, (batch x length x hidden)."""
        return hidden

    def _answer(self, params: Mapping[str, Any], batch: Batch) -> jax.Array:
        """Returns what a prediction computes of a batch; it is compiled."""
        return self._scores(params, batch, None, 0.0)

    def _scores(self, params: Mapping[str, Any], batch: Batch, key: jax.Array | None, dropout: float) -> jax.Array:
        """Returns the head's scores of what it reads (its shape, the last axis with the head's outputs).

        With a key they are those of a training step, with dropout and, where the processor has it, in half precision.
        """
        import jax

        keys = jax.random.split(key) if key is not None and dropout else (None, None)
        ids, types, mask = batch["ids"], batch["types"], batch["mask"]
        added = self._added(params, batch)
        hidden = encoder.forward(
            params,
            self.checkpoint.shape,
            ids,
            types,
            mask,
            keys[0],
            dropout,
            added=added,
            parts=batch.get("parts"),
            halved=key is not None and half.usable(),
        )
        read = self._read_by_head(hidden, batch)
        if keys[1] is not None:
            read = encoder.drop(read, keys[1], dropout)
        return encoder.linear(read, params, HEAD)

    @cached_property
    def _compiled(self) -> Any:
        import jax

        return jax.jit(lambda params, batch: self._answer(params, batch))

    def _answers(self, params: Mapping[str, Any], rows: Sequence[Row]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yields the place of each row with its answer; rows of like length come together."""
        import jax.numpy as jnp
        import numpy as np

        given = {name: jnp.asarray(value) for name, value in params.items()}
        for places, batch in in_order(rows, _PREDICTION_BATCH):
            batch.pop("target")
            answers = np.asarray(self._compiled(given, batch))
            yield from zip(places, answers[: len(places)], strict=True)

    def _trainer(self, train: Sequence[Taught], recipe: Recipe) -> tuple[Trainer, Narrowed, list[Row]]:
        """Returns the training, the word embeddings that it sees, and its rows, whose ids are places in these."""
        import numpy as np

        vocabulary = self.checkpoint.vocabulary
        unknown = np.asarray([vocabulary.base[vocabulary.id_of(UNKNOWN)]])
        rows = self._rows(train)
        seen = [np.zeros(1, "int32"), *(row.ids for row in rows), *([unknown] if self.hides_words else [])]
        narrow = Narrowed.of(self.checkpoint.weights, seen)
        loss = self._loss(recipe, int(narrow.places(unknown)[0]))
        narrowed = [replace(row, ids=narrow.places(row.ids)) for row in rows]
        return Trainer(loss, recipe, self.checkpoint.is_new, self.packs), narrow, narrowed


def new_weight(numbers: np.random.Generator, *size: int) -> NDArray[np.float32]:
    """Draws a weight that the checkpoint does not have."""
    import numpy as np

    return np.asarray(_SPREAD * numbers.standard_normal(size), "float32")


def new_head(numbers: np.random.Generator, outputs: int, hidden: int) -> Params:
    """Draws a linear layer over the encoder's output."""
    import numpy as np

    return {f"{HEAD}.weight": new_weight(numbers, outputs, hidden), f"{HEAD}.bias": np.zeros(outputs, "float32")}
