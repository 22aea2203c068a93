"""How long a training will take, told by its own first steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genlab_widgets.training.finetune.rows import Batch, Batches

SECONDS = 10.0
"""Steps of so many seconds, compilation apart, tell the speed."""


@dataclass(frozen=True)
class Estimate:
    """Speed of a training, and seconds that it takes as a whole (compilation included)."""

    pieces_per_second: float
    seconds: float


@dataclass
class Probe:
    """Times the steps of a training from its first one, and tells once what they say.

    Attributes:
        batches: Those of an epoch; others are like them.
        epochs: How many are run.
        told: Gets the estimate.
    """

    batches: Batches
    epochs: int
    told: Callable[[Estimate], None]
    _first: dict[int, float] = field(default_factory=dict)
    _seconds: float = 0.0
    _positions: int = 0
    _pieces: int = 0
    _done: bool = False

    def step(self, batch: Batch, seconds: float) -> None:
        """Takes a step; the first one of each length compiles, and tells how long that takes."""
        length = batch["ids"].shape[1]
        if self._done:
            return
        if length not in self._first:
            self._first[length] = seconds
            return
        self._seconds += seconds
        self._positions += batch["ids"].size
        self._pieces += int(batch["mask"].sum())
        if self._seconds >= SECONDS:
            self.tell()

    def tell(self) -> None:
        """Tells what is known so far, if that was not done; for the end of an epoch that was shorter."""
        if self._done or not self._positions:
            return
        self._done = True
        per_position = self._seconds / self._positions
        shapes = self.batches.shapes
        compiling = len(set(shapes)) * sum(self._first.values()) / len(self._first)
        learning = self.epochs * sum(shapes) * self.batches.size * per_position
        self.told(Estimate(self._pieces / self._seconds, compiling + learning))
