"""Classes of whole texts with a fine-tuned BERT, saved as Spark NLP's ``BertForSequenceClassification``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.training import split
from genlab_widgets.training.dataset import Example, Sentence, Span
from genlab_widgets.training.finetune import classifier, encoder, export
from genlab_widgets.training.finetune.classifier import Classifier
from genlab_widgets.training.finetune.wordpieces import stretch_pattern
from genlab_widgets.training.spark import reading, texts
from genlab_widgets.training.spark.annotations import SENTENCE, TOKEN
from genlab_widgets.training.trainers import finetuning
from genlab_widgets.training.trainers.base import Clock, Rows, Trained
from genlab_widgets.training.trainers.classification import require_two_classes

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.finetune.classifier import Taught
    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec

BY_STRETCH = "class_by_stretch"
"""The column with what the model says of each stretch of a text."""


class FineTunedClassifier:
    """The open trainer ``fine_tuned`` of kind ``classification``."""

    needs_graph = False

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Fine-tunes on the training texts; see :class:`genlab_widgets.training.trainers.base.Trainer`.

        Some training texts pick the best epoch, and the threshold of a multiple choice; the test texts are predicted
        at the end only.

        Raises:
            BadInput: The checkpoint folder is none of a BERT.
            PoorQuality: The loss was no number.
            TooFewCompletions: All training texts have the same class.
        """
        require_two_classes(rows)
        clock = Clock()
        model = Classifier(finetuning.base_of(spec.embeddings), rows.labels, multiple=rows.multiple)
        train, validation = (taught(model, part) for part in split.hold_out(rows.train_examples, spec.seed))
        reporter.log(f"Fine-tunes {model.checkpoint.name} on {len(train):,} texts; {len(validation):,} choose.")
        reporter.began()
        tokens = sum(len(words) for passage, _ in train for words in passage)
        watcher = finetuning.watcher(reporter, spec, len(train), tokens, "F1" if rows.multiple else "accuracy")
        outcome = model.fit(train, validation, finetuning.recipe(spec), scratch / finetuning.STATE, watcher)
        clock.mark("training")
        fitted = stage(spark, model, outcome.params, scratch / "model")
        clock.mark("export")
        found = model.predict(outcome.params, [model.passage(item.text) for item in rows.test_examples])
        clock.mark("prediction")
        return Trained(
            model=pipeline(fitted, model),
            predicted=[
                Example(item.task_id, item.text, tuple(Span(0, len(item.text), label) for label in classes))
                for item, classes in zip(rows.test_examples, found, strict=True)
            ],
            embeddings=finetuning.about(spec, model.checkpoint),
            durations=clock.seconds,
            validation=outcome.epochs[outcome.best - 1].score,
        )

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the classes that a saved pipeline gives their texts."""
        return texts.read(spark, model, examples)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> None:
        """Returns None: a fine-tuned model brings a graph of its own."""


def taught(model: Classifier, examples: Sequence[Example]) -> list[Taught]:
    """Returns the passages of texts with their classes."""
    return [(model.passage(item.text), [span.label for span in item.spans]) for item in examples]


def stage(spark: SparkSession, model: Classifier, params: Mapping[str, Any], folder: Path) -> Any:
    """Writes the fine-tuned model and loads it as Spark NLP's ``BertForSequenceClassification``.

    Its classes are called by their numbers, since Spark NLP puts them beside other words into an annotation's metadata.
    Each stretch gets its own scores: Spark NLP 5.5.3 joins those of one batch only (``coalesceSentences``), so a long
    text would get several classes; the pipeline joins them in SQL.

    Args:
        spark: The session.
        model: The classifier.
        params: Its weights, stacked.
        folder: Gets the ONNX folder and the saved stage.
    """
    from sparknlp.annotator import BertForSequenceClassification

    vocabulary, shape = model.checkpoint.vocabulary, model.checkpoint.shape
    weights = encoder.unstack(params)
    graph = export.sequence_classifier(weights, shape, vocabulary, classifier.HEAD, model.marked, model.multiple)
    numbers = [str(place) for place in range(len(model.labels) + model.multiple)]
    made = finetuning.stage(spark, BertForSequenceClassification, graph, vocabulary, numbers, folder)
    return made.setMaxSentenceLength(model.longest).setCoalesceSentences(False).setActivation("softmax")


def pipeline(fitted: Any, model: Classifier) -> PipelineModel:
    """Joins the fitted stage to a pipeline from raw ``text`` to ``class``, as the other classifiers give it."""
    from pyspark.ml import PipelineModel

    first = reading.stages(stretch_pattern(model.stretch, by_sentence=False))
    fitted = fitted.setInputCols(SENTENCE, TOKEN).setOutputCol(BY_STRETCH)
    scores = texts.mean_scores(BY_STRETCH, len(model.labels), model.multiple)
    threshold = model.threshold if model.multiple else None
    return PipelineModel(stages=[*first, fitted, texts.classes(scores, model.labels, threshold)])
