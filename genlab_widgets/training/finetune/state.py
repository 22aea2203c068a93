"""What a training goes on from after a kill: weights, optimizer, epochs so far, and the best weights."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Params = dict[str, Any]


@dataclass(frozen=True)
class EpochResult:
    """One finished epoch: mean training loss, validation score (higher is better), seconds."""

    number: int
    loss: float
    score: float
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """What a training gives: the best epoch's weights, all epochs, and whether it was stopped from outside."""

    params: Params
    epochs: list[EpochResult]
    best: int
    stopped: bool = False


@dataclass
class State:
    """Everything that a training goes on from.

    Attributes:
        params: The weights.
        optimizer: What the optimizer keeps.
        epochs: Those that are finished.
        best: Number of the best epoch.
        best_params: Its weights.
        learned_from: A name of the rows, which other rows do not have.
    """

    params: Params
    optimizer: Any
    epochs: list[EpochResult]
    best: int
    best_params: Params
    learned_from: str = ""

    @classmethod
    def begin(cls, params: Mapping[str, Any], optimizer: Any, learned_from: str = "") -> State:
        """Returns the state before the first epoch; the weights are copied, because a step donates what it is given."""
        import jax.numpy as jnp
        import numpy as np

        fresh = {name: jnp.array(value) for name, value in params.items()}
        best = {name: np.array(value) for name, value in params.items()}
        return cls(fresh, optimizer.init(fresh), [], 0, best, learned_from)

    def take(self, result: EpochResult) -> None:
        """Adds an epoch; of equal scores the later epoch is kept, which has seen more."""
        import numpy as np

        if not self.epochs or result.score >= self.epochs[self.best - 1].score:
            self.best = result.number
            self.best_params = {name: np.array(value) for name, value in self.params.items()}
        self.epochs.append(result)

    def outcome(self, stopped: bool = False) -> Outcome:
        """Returns what the training has given so far."""
        return Outcome(self.best_params, list(self.epochs), self.best, stopped)

    def save(self, folder: Path) -> None:
        """Writes the state into files of its own, then names them in ``state.json``: a kill leaves a whole state."""
        import jax
        import numpy as np
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        number = len(self.epochs)
        part = folder / f"epoch-{number}"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        save_file({name: np.asarray(value) for name, value in self.params.items()}, part / "params.safetensors")
        leaves = {str(place): np.asarray(leaf) for place, leaf in enumerate(jax.tree.leaves(self.optimizer))}
        save_file(leaves, part / "optimizer.safetensors")
        if self.best == number:
            save_file(self.best_params, folder / f"best-{number}.safetensors")
        epochs = [asdict(item) for item in self.epochs]
        facts = {"epochs": epochs, "best": self.best, "learned_from": self.learned_from}
        scratch = folder / "state.json.new"
        scratch.write_text(json.dumps(facts), encoding="utf-8")
        os.replace(scratch, folder / "state.json")
        self._clear(folder)

    def _clear(self, folder: Path) -> None:
        for old in folder.glob("epoch-*"):
            if old.name != f"epoch-{len(self.epochs)}":
                shutil.rmtree(old, ignore_errors=True)
        for old in folder.glob("best-*.safetensors"):
            if old.name != f"best-{self.best}.safetensors":
                old.unlink(missing_ok=True)

    @classmethod
    def load(cls, folder: Path, fresh: State) -> State:
        """Returns the state after the last finished epoch, or ``fresh`` where none of this model has finished.

        Args:
            folder: Where :meth:`save` wrote.
            fresh: The state before the first epoch, which tells the rows, the sizes of the weights, and how the
                optimizer's arrays are nested. A state of other rows or sizes is that of another training.
        """
        import jax
        import jax.numpy as jnp
        from safetensors.numpy import load_file

        try:
            facts = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return fresh
        if facts.get("learned_from") != fresh.learned_from:
            return fresh
        epochs = [EpochResult(**item) for item in facts["epochs"]]
        part = folder / f"epoch-{len(epochs)}"
        params = {name: jnp.array(value) for name, value in load_file(part / "params.safetensors").items()}
        if {name: value.shape for name, value in params.items()} != {
            name: value.shape for name, value in fresh.params.items()
        }:
            return fresh
        leaves = load_file(part / "optimizer.safetensors")
        nesting = jax.tree.structure(fresh.optimizer)
        optimizer = jax.tree.unflatten(nesting, [jnp.array(leaves[str(place)]) for place in range(len(leaves))])
        best = load_file(folder / f"best-{facts['best']}.safetensors")
        return cls(params, optimizer, epochs, facts["best"], best, fresh.learned_from)
