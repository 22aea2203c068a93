"""The transformer's part in every race: it is fine-tuned beside a model that has learned already."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from genlab_widgets.errors import PoorQuality
from genlab_widgets.training.runfolder import Candidate
from genlab_widgets.training.trainers.base import Rows, Trained, Trainer

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec


class Contestant(NamedTuple):
    """The fine-tuned model, if it learned anything, and what the race's table says of it."""

    trained: Trained | None
    told: Candidate

    def beats(self, other: float | None) -> bool:
        """Says whether it is better on the held-out training tasks than what has this F1 there; None has none."""
        return self.told.f1 is not None and (other is None or self.told.f1 > other)

    @property
    def result(self) -> str:
        """What is said of it where the other model is taken."""
        return "learned nothing" if self.told.f1 is None else f"has {self.told.f1:.3f}"


def enter(
    trainer: Trainer, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter
) -> Contestant:
    """Fine-tunes; a transformer that learns nothing is left out, since the other model has not failed."""
    trained: Trained | None = None
    try:
        trained = trainer.fit(spark, rows, spec, scratch, reporter)
    except PoorQuality as error:
        reporter.log(f"The fine-tuned transformer is left out. {error}")
    told = Candidate(
        name="fine_tuned",
        title="Fine-tuned transformer",
        f1=trained.validation if trained is not None else None,
        seconds=round(sum(trained.durations.values()), 1) if trained is not None else None,
        note=f"{spec.epochs} epochs at most, learning rate {spec.learning_rate:g}, batch {spec.batch_size}",
    )
    return Contestant(trained, told)
