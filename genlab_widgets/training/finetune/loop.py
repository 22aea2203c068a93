"""The training loop of every fine-tuned model: AdamW, warm-up and cosine, best epoch by a validation part.

Recipe and figures: ``shared/reference/spark-nlp.md``, Fine-tuning. Everything random follows from the seed, the epoch
and the step, so the same spec gives the same model on the same machine, and a training that was killed goes on from
its last finished epoch to the very same weights.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import PoorQuality
from genlab_widgets.training.finetune.packing import packed_batches
from genlab_widgets.training.finetune.probe import Estimate, Probe
from genlab_widgets.training.finetune.rows import Batches, Row, batches, named, worth_compiling
from genlab_widgets.training.finetune.state import EpochResult, State

if TYPE_CHECKING:
    import jax

    from genlab_widgets.training.finetune.rows import Batch
    from genlab_widgets.training.finetune.state import Outcome, Params

    Loss = Callable[[Params, Batch, "jax.Array"], "jax.Array"]
    """Weights, batch and random key to the mean loss of the batch."""

_WARM_UP = 0.1
"""Part of the steps in which the learning rate rises."""
_CLIP = 1.0


@dataclass(frozen=True)
class Recipe:
    """How a model is fine-tuned; the defaults are measured (``benchmarks/finetune_quality.py``).

    Attributes:
        epochs: Most passes over the rows.
        encoder_rate: Highest learning rate of the checkpoint's weights.
        head_rate: Highest learning rate of new weights.
        dropout: Share that dropout takes, in encoder and head.
        word_dropout: Share of words that a training step sees as unknown.
        batch: Rows of a step.
        decay: Weight decay of the encoder's matrices.
        patience: Epochs without a better validation score after which the training ends.
        seed: Another seed gives another model.
    """

    epochs: int = 5
    encoder_rate: float = 2e-4
    head_rate: float = 1e-3
    dropout: float = 0.1
    word_dropout: float = 0.0
    batch: int = 16
    decay: float = 0.01
    patience: int = 3
    seed: int = 42


@dataclass
class Watcher:
    """What the outside hears and says while a training runs.

    Attributes:
        progress: Gets the part of the present epoch that is done (0..1) and the mean loss so far, after each step.
        epoch: Gets each finished epoch.
        stop: Asked before each step; True ends the training with what is best so far.
        estimate: Gets how long the training will take, once its first steps tell; one that goes on tells nothing.
    """

    progress: Callable[[float, float], None] = lambda fraction, loss: None
    epoch: Callable[[EpochResult], None] = lambda result: None
    stop: Callable[[], bool] = lambda: False
    estimate: Callable[[Estimate], None] = lambda found: None


@dataclass
class Trainer:
    """One training: its loss, its recipe and the compiled step.

    Attributes:
        loss: Mean loss of a batch.
        recipe: How to train.
        new: Says of a weight's name whether it is new, so that it learns at ``head_rate``.
        packs: Whether short rows are joined for a step.
    """

    loss: Loss
    recipe: Recipe
    new: Callable[[str], bool] = lambda name: True
    packs: bool = False
    _compiled: Any = field(default=None, repr=False)

    def fit(
        self,
        params: Params,
        rows: Sequence[Row],
        score: Callable[[Params], float],
        folder: Path,
        watcher: Watcher | None = None,
    ) -> Outcome:
        """Trains, or goes on where a killed training with the same rows left off in ``folder``.

        Args:
            params: Weights to start from; they are not changed.
            rows: Training rows, without those of the validation part.
            score: Scores weights on the validation part, higher is better.
            folder: Keeps the state after each epoch.
            watcher: Hears of steps and epochs.

        Raises:
            PoorQuality: The loss stopped being a number.
        """
        watcher = watcher or Watcher()
        state = State.load(folder, State.begin(params, self._optimizer(), named(rows)))
        while len(state.epochs) < self.recipe.epochs and not self._patience_ends(state):
            began = time.monotonic()
            mean = self._epoch(state, rows, watcher)
            if mean is None:
                return state.outcome(stopped=True)
            result = EpochResult(len(state.epochs) + 1, mean, score(state.params), time.monotonic() - began)
            state.take(result)
            state.save(folder)
            watcher.epoch(result)
        return state.outcome()

    def _epoch(self, state: State, rows: Sequence[Row], watcher: Watcher) -> float | None:
        """Runs one epoch and returns its mean loss; None where it was told to stop."""
        number, step = len(state.epochs) + 1, self._step()
        batches = self._batches(rows, number)
        steps = len(batches)
        probe = Probe(batches, self.recipe.epochs, watcher.estimate)
        total = 0.0
        for place, batch in enumerate(batches):
            if watcher.stop():
                return None
            began = time.monotonic()
            pace = _pace((number - 1 + (place + 0.5) / steps) / self.recipe.epochs)
            key = _key(self.recipe.seed, number, place)
            state.params, state.optimizer, loss = step(state.params, state.optimizer, batch, key, pace)
            total += float(loss)
            if not math.isfinite(total):
                raise diverged(self.recipe.encoder_rate)
            if number == 1:
                probe.step(batch, time.monotonic() - began)
            watcher.progress((place + 1) / steps, total / (place + 1))
        if not _finite(state.params):  # the last step's loss was taken before it changed the weights
            raise diverged(self.recipe.encoder_rate)
        probe.tell()
        return total / steps

    def _batches(self, rows: Sequence[Row], epoch: int) -> Batches:
        recipe = self.recipe
        if self.packs:
            return packed_batches(rows, recipe.batch, recipe.seed, epoch, recipe.epochs)
        return batches(rows, recipe.batch, recipe.seed, epoch, worth_compiling(rows, recipe.epochs))

    def _patience_ends(self, state: State) -> bool:
        return len(state.epochs) - state.best >= self.recipe.patience if state.epochs else False

    def _step(self) -> Any:
        """Returns the compiled step; the weights are donated, so memory holds them once.

        Were the optimizer's state donated as well, XLA would copy both: an update takes 68 ms then, not 30.
        Of a training only what it must know is compiled in: its length comes as the pace of each step, so that another
        training finds the compiled step in JAX's cache (:mod:`genlab_widgets.training.finetune.device`).
        """
        import jax
        import optax

        if self._compiled is None:
            optimizer = self._optimizer()

            def step(params: Params, state: Any, batch: Batch, key: jax.Array, pace: jax.Array) -> Any:
                loss, gradient = jax.value_and_grad(self.loss)(params, batch, key)
                updates, state = optimizer.update(gradient, state, params)
                paced = jax.tree.map(lambda update: pace * update, updates)
                return optax.apply_updates(params, paced), state, loss

            self._compiled = jax.jit(step, donate_argnums=0)
        return self._compiled

    def _optimizer(self) -> Any:
        import optax

        recipe = self.recipe

        def rates(updates: Params, params: Params | None = None) -> Params:
            return {
                name: -(recipe.head_rate if self.new(name) else recipe.encoder_rate) * updates[name] for name in updates
            }

        def decays(params: Params) -> dict[str, bool]:
            return {name: name.startswith("encoder.") and value.ndim > 2 for name, value in params.items()}

        return optax.chain(
            optax.clip_by_global_norm(_CLIP),
            optax.scale_by_adam(),
            optax.add_decayed_weights(recipe.decay, mask=decays),
            optax.stateless(rates),
        )


def _pace(done: float) -> float:
    """Returns the share of the highest learning rate after a part of the training: a warm-up, a cosine to nothing."""
    if done < _WARM_UP:
        return done / _WARM_UP
    return 0.5 * (1.0 + math.cos(math.pi * (done - _WARM_UP) / (1.0 - _WARM_UP)))


def diverged(rate: float) -> PoorQuality:
    """Returns the error of a loss that is no number any more."""
    return PoorQuality(
        "The training learned nothing: its loss stopped being a number.",
        f"With a learning rate of {rate:g} the steps were too large for these texts.",
        f"Train again with a learning rate of {rate / 3:.1g} or lower.",
    )


def _finite(params: Params) -> bool:
    """Says whether all weights are numbers."""
    import jax.numpy as jnp

    return all(bool(jnp.isfinite(value).all()) for value in params.values())


def _key(seed: int, epoch: int, step: int) -> jax.Array:
    """Returns the random key of a step; ``unsafe_rbg`` draws three times as fast on CPU as JAX's default."""
    import jax

    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed, impl="unsafe_rbg"), epoch), step)
