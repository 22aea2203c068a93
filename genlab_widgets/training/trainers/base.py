"""What every trainer is: rows in, a saved pipeline and predictions out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from genlab_widgets.training.dataset import Example, Sentence

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec


@dataclass(frozen=True)
class Rows:
    """What a trainer may look at.

    Attributes:
        train: Tagged sentences to learn from.
        test: Tagged sentences to score on after each epoch; nothing is chosen by them.
        test_examples: The test tasks whole, to be predicted at the end.
        language: ISO 639-1 code of the project's texts.
    """

    train: list[Sentence]
    test: list[Sentence]
    test_examples: list[Example]
    language: str = "en"


@dataclass(frozen=True)
class Trained:
    """What a trainer returns.

    Attributes:
        model: Fitted pipeline: ``text`` in, ``ner_chunk`` out (begin and end in UTF-16 units, end inclusive, the label
            in metadata ``entity``).
        predicted: The test tasks with predicted spans.
        embeddings: Name, dimension and origin of what the model stands on.
        graph: The graph file that was taken; None where a trainer needs none.
        durations: Seconds by part of the work.
    """

    model: PipelineModel
    predicted: list[Example]
    embeddings: dict[str, Any] = field(default_factory=dict)
    graph: str | None = None
    durations: dict[str, float] = field(default_factory=dict)


class Trainer(Protocol):
    """One way to train one kind of model."""

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Trains.

        Args:
            spark: A running session.
            rows: Training and test rows.
            spec: Validated parameters.
            scratch: An empty folder, removed after the run.
            reporter: Gets epochs as they end; log lines go through it too.

        Raises:
            GenlabError: With the reason that the run shall end with.
        """
        ...
