"""What the fine-tuning trainers share: the frame of a training, checkpoint and recipe, and the way into Spark NLP."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from genlab_widgets.training.epochs import Average, Epoch, Scores
from genlab_widgets.training.finetune import checkpoint, export
from genlab_widgets.training.finetune.checkpoint import Checkpoint
from genlab_widgets.training.finetune.loop import Recipe, Watcher
from genlab_widgets.training.finetune.model import FineTuned
from genlab_widgets.training.finetune.probe import Estimate
from genlab_widgets.training.trainers.base import Clock, Rows, Trained

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.dataset import Example, Sentence
    from genlab_widgets.training.finetune.state import EpochResult
    from genlab_widgets.training.finetune.wordpieces import Vocabulary
    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec

FOLDER = "folder:"
STATE = "state"
"""Folder, in a training's scratch, from which a killed training goes on."""
_BATCH = 16
_HEAD_TIMES = 5
"""New layers learn so many times faster than the encoder (``docs/benchmarks.md``: 2e-4 and 1e-3)."""


Model = TypeVar("Model", bound=FineTuned[Any])


@dataclass(frozen=True)
class Lesson(Generic[Model]):
    """What one training learns with.

    Attributes:
        model: The checkpoint with a head that learns.
        train: What it learns from.
        validation: What chooses the epoch: a part of the training tasks.
        measure: What the validation score is, in a word.
    """

    model: Model
    train: Sequence[Any]
    validation: Sequence[Any]
    measure: str = "F1"


class FineTuning(ABC, Generic[Model]):
    """The frame of every fine-tuning trainer; see :class:`genlab_widgets.training.trainers.base.Trainer`.

    A trainer says what is learned with, how the pipeline is built and what the model predicts.

    Attributes:
        examples: What is learned from, in the plural, for the log.
    """

    needs_graph = False
    examples: ClassVar[str]

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Fine-tunes; some training tasks pick the best epoch, the test tasks are predicted at the end only.

        Raises:
            BadInput: The checkpoint folder is none of a BERT.
            TooFewCompletions: There is nothing to learn from.
            PoorQuality: The loss was no number.
        """
        clock = Clock()
        lesson = self.lesson(rows, spec)
        model, count = lesson.model, len(lesson.train)
        name = model.checkpoint.name
        reporter.log(f"Fine-tunes {name} on {count:,} {self.examples}; {len(lesson.validation):,} choose.")
        reporter.began()
        heard = watcher(reporter, spec, count, lesson.measure)
        outcome = model.fit(lesson.train, lesson.validation, self.recipe(spec), scratch / STATE, heard)
        for sentence in self.learned(model):
            reporter.log(sentence)
        clock.mark("training")
        pipeline = self.pipeline(spark, model, outcome.params, scratch / "model")
        clock.mark("export")
        predicted = self.predict(model, outcome.params, rows.test_examples)
        clock.mark("prediction")
        return Trained(
            model=pipeline,
            predicted=predicted,
            embeddings=about(spec, model.checkpoint),
            durations=clock.seconds,
            validation=outcome.epochs[outcome.best - 1].score,
        )

    @abstractmethod
    def lesson(self, rows: Rows, spec: TrainingSpec) -> Lesson[Model]:
        """Returns what is learned with.

        Raises:
            BadInput: The checkpoint folder is none of a BERT.
            TooFewCompletions: There is nothing to learn from.
        """

    @abstractmethod
    def pipeline(self, spark: SparkSession, model: Model, params: Mapping[str, Any], folder: Path) -> PipelineModel:
        """Writes the fine-tuned model and joins it to a pipeline that can be saved.

        Args:
            spark: The session.
            model: What was fine-tuned.
            params: Its weights, stacked.
            folder: Gets the model's files.
        """

    @abstractmethod
    def predict(self, model: Model, params: Mapping[str, Any], examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with predicted spans, as the saved pipeline would."""

    def recipe(self, spec: TrainingSpec) -> Recipe:
        """Returns how a spec trains this kind of model."""
        return recipe(spec)

    def learned(self, model: Model) -> Sequence[str]:
        """Returns sentences for the log on what the model took from its examples beside weights."""
        return ()

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> None:
        """Returns None: a fine-tuned model brings a graph of its own."""


def base_of(embeddings: str) -> Checkpoint:
    """Returns the checkpoint that the embeddings of a spec name: a folder, or MiniLM; it sees capitals.

    Raises:
        BadInput: The folder is none of a BERT.
        DownloadFailed: MiniLM cannot be fetched.
    """
    if embeddings.startswith(FOLDER):
        return checkpoint.read(Path(embeddings.removeprefix(FOLDER)).expanduser()).with_case()
    return checkpoint.default().with_case()


def about(spec: TrainingSpec, base: Checkpoint) -> dict[str, Any]:
    """Returns what ``result.json`` says of the checkpoint: the one that was trained, whatever "automatic" stood for."""
    name = spec.embeddings if spec.embeddings.startswith(FOLDER) else "minilm"
    return {"name": name, "dimension": base.shape.hidden, "title": base.name, "origin": "fine-tuned"}


def recipe(spec: TrainingSpec) -> Recipe:
    """Returns how a spec trains."""
    return Recipe(
        epochs=spec.epochs,
        encoder_rate=spec.learning_rate,
        head_rate=_HEAD_TIMES * spec.learning_rate,
        dropout=spec.dropout,
        batch=spec.batch_size,
        decay=spec.decay,
        patience=max(Recipe.patience, -(-spec.epochs // 2)),
        seed=spec.seed,
    )


def watcher(reporter: Reporter, spec: TrainingSpec, rows: int, measure: str) -> Watcher:
    """Returns what tells the run of epochs, of the way through them, and of the time they will take.

    Args:
        reporter: The run's.
        spec: What is trained.
        rows: Rows that are learned from.
        measure: What the validation score is.
    """

    def heard(result: EpochResult) -> None:
        reporter.log(f"Epoch {result.number}: loss {result.loss:.4f}, validation {measure} {result.score:.4f}.")
        scores = Scores(micro=Average(f1=result.score))
        reporter.epochs(
            [
                Epoch(
                    number=result.number,
                    total=spec.epochs,
                    seconds=result.seconds,
                    loss=result.loss,
                    train_rows=rows,
                    validation=scores,
                )
            ]
        )

    def stepped(fraction: float, loss: float) -> None:
        reporter.within(fraction)

    def estimated(found: Estimate) -> None:
        minutes = max(1, round(found.seconds / 60))
        reporter.log(
            f"Measured {found.pieces_per_second:,.0f} word pieces a second here: {spec.epochs} epochs take about "
            f"{minutes} minute{'' if minutes == 1 else 's'}, fewer if they stop helping."
        )
        reporter.estimate(found.seconds)

    return Watcher(progress=stepped, epoch=heard, estimate=estimated)


def stage(
    spark: SparkSession, annotator: Any, graph: Any, vocabulary: Vocabulary, labels: Sequence[str], folder: Path
) -> Any:
    """Writes a fine-tuned model and loads it as one of Spark NLP's BERT classifiers.

    ``loadSavedModel`` gives every model of a session the same file name, ``model.onnx``: Spark refuses the second, and
    allowed to overwrite, the first would turn into the second where it is opened late. A saved stage has a name of its
    own, so it is saved and loaded at once.

    Args:
        spark: The session.
        annotator: Spark NLP's class, for example ``BertForTokenClassification``.
        graph: The ONNX model.
        vocabulary: Its word pieces.
        labels: Its labels, in the order of the outputs.
        folder: Gets the ONNX folder and the saved stage.
    """
    place = export.write(graph, vocabulary, labels, folder / "onnx")
    spark.sparkContext._jsc.sc().conf().set("spark.files.overwrite", "true")
    loaded = annotator.loadSavedModel(str(place), spark)
    loaded.write().overwrite().save(str(folder / "stage"))
    return annotator.load(str(folder / "stage")).setCaseSensitive(vocabulary.cased).setBatchSize(_BATCH)
