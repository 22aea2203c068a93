"""Assertion status with a fine-tuned BERT that reads the words around an entity, with markers at its ends.

Saved as Spark NLP's ``BertForSequenceClassification`` behind stages that write the markers: the pipeline takes ``text``
and ``ner_chunk`` and gives ``assertion``, one status an entity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import TooFewCompletions
from genlab_widgets.training import split
from genlab_widgets.training.dataset import Example
from genlab_widgets.training.finetune import targets as words
from genlab_widgets.training.finetune.classifier import Classifier
from genlab_widgets.training.spark import marked, reading
from genlab_widgets.training.trainers import finetuned_classifier, finetuning
from genlab_widgets.training.trainers.assertion import answered, read
from genlab_widgets.training.trainers.finetuning import FineTuning, Lesson

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.finetune.classifier import Taught
    from genlab_widgets.training.spec import TrainingSpec
    from genlab_widgets.training.trainers.base import Rows


class FineTunedAssertion(FineTuning[Classifier]):
    """The open trainer ``fine_tuned`` of kind ``assertion``."""

    examples = "entities"

    def lesson(self, rows: Rows, spec: TrainingSpec) -> Lesson[Classifier]:
        """Returns the entities of the training texts; those of some texts choose.

        Raises:
            TooFewCompletions: No entity has a word to learn from.
        """
        model = Classifier(finetuning.base_of(spec.embeddings).with_markers(), rows.labels, marked=True)
        train, held = (taught(model, part) for part in split.hold_out(rows.train_examples, spec.seed))
        if not train:
            raise TooFewCompletions(
                "There is no entity to learn from.",
                "None of the entities with a status holds a word.",
                "Mark words, not blanks or signs that no word is near.",
            )
        return Lesson(model, train, held, "accuracy")

    def pipeline(
        self, spark: SparkSession, model: Classifier, params: Mapping[str, Any], folder: Path
    ) -> PipelineModel:
        """Returns the pipeline from ``text`` and ``ner_chunk`` to ``assertion``."""
        return pipeline(finetuned_classifier.stage(spark, model, params, folder), model)

    def predict(self, model: Classifier, params: Mapping[str, Any], examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with predicted statuses."""
        return predict(model, params, examples)

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the statuses that a saved pipeline gives their spans."""
        return read(spark, model, examples)


def taught(model: Classifier, examples: Sequence[Example]) -> list[Taught]:
    """Returns each entity that has a word as a passage, with its status."""
    return [
        ([around], [span.label])
        for item in examples
        for around, span in zip(words.marked(item, model.longest), item.spans, strict=True)
        if around is not None
    ]


def predict(model: Classifier, params: Mapping[str, Any], examples: Sequence[Example]) -> list[Example]:
    """Returns the examples with predicted statuses; entities without a word are left out."""
    places, passages = [], []
    for place, item in enumerate(examples):
        for number, around in enumerate(words.marked(item, model.longest)):
            if around is not None:
                places.append((place, number))
                passages.append([around])
    statuses: list[dict[int, str]] = [{} for _ in examples]
    for (place, number), (status,) in zip(places, model.predict(params, passages), strict=True):
        statuses[place][number] = status
    return [answered(item, found) for item, found in zip(examples, statuses, strict=True)]


def pipeline(fitted: Any, model: Classifier) -> PipelineModel:
    """Joins the fitted stage to a pipeline from ``text`` and ``ner_chunk`` to ``assertion``."""
    from pyspark.ml import PipelineModel

    return PipelineModel(stages=[*reading.stages(), *marked.stages(fitted, model.longest, model.labels)])
