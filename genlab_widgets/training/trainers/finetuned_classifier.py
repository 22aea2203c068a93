"""Classes of whole texts with a fine-tuned BERT, saved as Spark NLP's ``BertForSequenceClassification``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.training import split
from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.finetune import encoder, export
from genlab_widgets.training.finetune.classifier import Classifier
from genlab_widgets.training.finetune.model import HEAD
from genlab_widgets.training.finetune.wordpieces import stretch_pattern
from genlab_widgets.training.spark import reading, texts
from genlab_widgets.training.spark.annotations import SENTENCE, TOKEN
from genlab_widgets.training.trainers import finetuning
from genlab_widgets.training.trainers.classification import require_two_classes
from genlab_widgets.training.trainers.finetuning import FineTuning, Lesson

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.finetune.classifier import Taught
    from genlab_widgets.training.spec import TrainingSpec
    from genlab_widgets.training.trainers.base import Rows

BY_STRETCH = "class_by_stretch"
"""The column with what the model says of each stretch of a text."""


class FineTunedClassifier(FineTuning[Classifier]):
    """The open trainer ``fine_tuned`` of kind ``classification``."""

    examples = "texts"

    def lesson(self, rows: Rows, spec: TrainingSpec) -> Lesson[Classifier]:
        """Returns the training texts; some choose the epoch, and the threshold of a multiple choice.

        Raises:
            TooFewCompletions: All training texts have the same class.
        """
        require_two_classes(rows)
        model = Classifier(finetuning.base_of(spec.embeddings), rows.labels, multiple=rows.multiple)
        train, held = (taught(model, part) for part in split.hold_out(rows.train_examples, spec.seed))
        return Lesson(model, train, held, "F1" if rows.multiple else "accuracy")

    def pipeline(
        self, spark: SparkSession, model: Classifier, params: Mapping[str, Any], folder: Path
    ) -> PipelineModel:
        """Returns the pipeline from raw ``text`` to ``class``."""
        return pipeline(stage(spark, model, params, folder), model)

    def predict(self, model: Classifier, params: Mapping[str, Any], examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with predicted classes, each over the whole text."""
        found = model.predict(params, [model.passage(item.text) for item in examples])
        return [
            item.with_spans([Span(0, len(item.text), label) for label in classes])
            for item, classes in zip(examples, found, strict=True)
        ]

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the classes that a saved pipeline gives their texts."""
        return texts.read(spark, model, examples)


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
    graph = export.sequence_classifier(weights, shape, vocabulary, HEAD, model.marked, model.multiple)
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
