"""What every trainer is: rows in, a saved pipeline and predictions out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from genlab_widgets.training.dataset import Example, Sentence
from genlab_widgets.training.graph import Alphabet, Graph
from genlab_widgets.training.runfolder import Candidate

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.embeddings import Embeddings
    from genlab_widgets.training.kinds import Kind
    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec


@dataclass(frozen=True)
class Rows:
    """What a trainer may look at.

    Attributes:
        kind: What is learned.
        labels: What is learned, in the order of the labeling config.
        train_examples: The training tasks.
        test_examples: The test tasks, to be predicted at the end; nothing is chosen by them.
        train: Sentences of the training tasks, with BIO tags where bounds of spans are learned.
        test: The same of the test tasks.
        language: ISO 639-1 code of the project's texts.
        multiple: Whether a text may have several classes.
    """

    kind: Kind
    labels: tuple[str, ...]
    train_examples: list[Example]
    test_examples: list[Example]
    train: list[Sentence]
    test: list[Sentence]
    language: str = "en"
    multiple: bool = False


@dataclass(frozen=True)
class Trained:
    """What a trainer returns.

    Attributes:
        model: Fitted pipeline from raw ``text``. NER gives ``ner_chunk`` (begin and end in UTF-16 units, end inclusive,
            the label in metadata ``entity``), classification ``class``, assertion takes ``ner_chunk`` and gives
            ``assertion``.
        predicted: The test tasks with predicted spans.
        embeddings: Name, dimension and origin of what the model stands on.
        race: What was compared, where the choice was automatic.
        graph: The graph file that was taken; None where a trainer needs none.
        durations: Seconds by part of the work.
        validation: Score on the part of the training tasks that chose epochs or settings, where there was one.
        spec: What was trained and with which parameters, where only a race could tell.
        why: The sentence that says why, where a race decided.
    """

    model: PipelineModel
    predicted: list[Example]
    embeddings: dict[str, Any] = field(default_factory=dict)
    race: list[Candidate] = field(default_factory=list)
    graph: str | None = None
    durations: dict[str, float] = field(default_factory=dict)
    validation: float | None = None
    spec: TrainingSpec | None = None
    why: str = ""


class Demanded(NamedTuple):
    """A graph with what the training rows ask of it.

    Attributes:
        graph: The graph.
        dimension: Dimension of the vectors that it reads.
        tags: Tags with ``O``.
        characters: Distinct characters.
        alphabet: Which characters share a place, where it has not one for each.
    """

    graph: Graph
    dimension: int
    tags: int
    characters: int
    alphabet: Alphabet | None


class Trainer(Protocol):
    """One way to train one kind of model.

    Attributes:
        needs_graph: Whether it trains on a ready-made NerDL graph.
    """

    needs_graph: bool

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

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Lets a saved pipeline read the texts of examples; returns them with what it found.

        Args:
            spark: The session.
            model: The pipeline, loaded again.
            examples: Texts; an assertion model is told their spans, the others are not.
        """
        ...

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> Demanded | None:
        """Returns the NerDL graph that a training will take, and what it asks of it; None where it needs none.

        Raises:
            GraphNotAvailable: None fits.
        """
        ...


def about(base: Embeddings) -> dict[str, Any]:
    """Returns what ``result.json`` says of embeddings."""
    return {"name": base.name, "dimension": base.dimension, "title": base.title, "origin": base.origin}


class Clock:
    """Seconds by part of the work."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self.seconds: dict[str, float] = {}

    def mark(self, name: str) -> None:
        """Ends the present part under this name."""
        now = time.monotonic()
        self.seconds[name] = round(now - self._last, 2)
        self._last = now
