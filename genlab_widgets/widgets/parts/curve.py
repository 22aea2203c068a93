"""Loss and F1 by epoch, of one run while it trains or of two beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import traitlets

from genlab_widgets.widgets.parts.part import Part, script

if TYPE_CHECKING:
    from genlab_widgets.training.epochs import Epoch


class Curve(Part):
    """Curves of up to two runs; ``series`` holds ``{title, points: [[epoch, loss, F1], ...]}``."""

    _esm = script("curve")
    series = traitlets.List().tag(sync=True)
    epochs = traitlets.Int(1).tag(sync=True)
    lines = traitlets.List().tag(sync=True)
    alt = traitlets.Unicode("No epoch has ended yet.").tag(sync=True)
    waiting = traitlets.Unicode("The curve starts when the first epoch ends.").tag(sync=True)

    def show(
        self, runs: Sequence[tuple[str, Sequence[Epoch]]], baseline: float | None = None, baseline_title: str = "CRF"
    ) -> None:
        """Draws the epochs of each run.

        Args:
            runs: Title and epochs, in order.
            baseline: F1 of the baseline, as a line.
            baseline_title: What the baseline is.
        """
        series = [{"title": title, "points": [_point(epoch) for epoch in epochs]} for title, epochs in runs]
        lines = [] if baseline is None else [{"title": f"baseline ({baseline_title})", "value": baseline}]
        with self.hold_sync():
            self.epochs = max([epoch.total for _, epochs in runs for epoch in epochs], default=1)
            self.series = series
            self.lines = lines
            self.alt = _alt(runs, baseline)


def f1_of(epoch: Epoch) -> float | None:
    """Returns an epoch's micro F1, if it was scored."""
    scores = epoch.test or epoch.validation
    return scores.micro.f1 if scores is not None and scores.micro is not None else None


def _point(epoch: Epoch) -> list[float | int | None]:
    return [epoch.number, epoch.loss, f1_of(epoch)]


def _alt(runs: Sequence[tuple[str, Sequence[Epoch]]], baseline: float | None) -> str:
    parts = []
    for title, epochs in runs:
        if not epochs:
            continue
        last = epochs[-1]
        f1 = f1_of(last)
        loss = "no number" if last.loss is None else f"{last.loss:.4g}"
        scored = "" if f1 is None else f", F1 {f1:.2f}"
        parts.append(f"{title}: epoch {last.number} of {last.total}, loss {loss}{scored}.")
    if baseline is not None and parts:
        parts.append(f"The baseline has {baseline:.2f}.")
    return " ".join(parts) or "No epoch has ended yet."
