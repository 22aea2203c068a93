"""NER with a fine-tuned BERT: trained in JAX, saved as Spark NLP's ``BertForTokenClassification``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import genlab_widgets.training.spark.annotations as rows_in_spark
from genlab_widgets.training.finetune import encoder, export, tagger, validation
from genlab_widgets.training.finetune.model import HEAD
from genlab_widgets.training.finetune.tagger import Tagger
from genlab_widgets.training.finetune.wordpieces import stretch_pattern
from genlab_widgets.training.spark import reading
from genlab_widgets.training.spark.annotations import CHUNK, NER, SENTENCE, TOKEN
from genlab_widgets.training.trainers import finetuning
from genlab_widgets.training.trainers.finetuning import FineTuning, Lesson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.dataset import Example
    from genlab_widgets.training.spec import TrainingSpec
    from genlab_widgets.training.trainers.base import Rows


class FineTunedNer(FineTuning[Tagger]):
    """The open trainer ``fine_tuned`` of kind ``ner``."""

    examples = "sentences"

    def lesson(self, rows: Rows, spec: TrainingSpec) -> Lesson[Tagger]:
        """Returns the training sentences; a tenth of the tasks chooses."""
        model = Tagger(finetuning.base_of(spec.embeddings), tagger.tags_of(rows.train))
        train, held = validation.hold_out(rows.train, spec.seed)
        return Lesson(model, train, held)

    def learned(self, model: Tagger) -> Sequence[str]:
        """Says where no CRF on word pieces stands beside the transformer."""
        return [f"No CRF on word pieces was added: {model.without}."] if model.without else []

    def pipeline(self, spark: SparkSession, model: Tagger, params: Mapping[str, Any], folder: Path) -> PipelineModel:
        """Returns the pipeline from raw ``text`` to ``ner_chunk``."""
        return pipeline(stage(spark, model, params, folder), model)

    def predict(self, model: Tagger, params: Mapping[str, Any], examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with predicted entities."""
        return model.predict_examples(params, examples)

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the entities that a saved pipeline finds in their texts."""
        return rows_in_spark.entities(spark, model, examples)


def stage(spark: SparkSession, model: Tagger, params: Mapping[str, Any], folder: Path) -> Any:
    """Writes the fine-tuned model and loads it as Spark NLP's ``BertForTokenClassification``.

    Args:
        spark: The session.
        model: The tagger.
        params: Its weights, stacked.
        folder: Gets the ONNX folder and the saved stage.
    """
    from sparknlp.annotator import BertForTokenClassification

    vocabulary, shape = model.checkpoint.vocabulary, model.checkpoint.shape
    weights = encoder.unstack(params)
    graph = export.token_classifier(weights, shape, vocabulary, HEAD, model.pairs(params))
    made = finetuning.stage(spark, BertForTokenClassification, graph, vocabulary, model.tags, folder)
    return made.setInputCols(SENTENCE, TOKEN).setOutputCol(NER).setMaxSentenceLength(model.longest)


def pipeline(fitted: Any, model: Tagger) -> PipelineModel:
    """Joins the fitted stage to a pipeline from raw ``text`` to ``ner_chunk``.

    Tokens are cut by the same rule as the training rows; sentences longer than the encoder sees are cut at blanks.
    """
    from pyspark.ml import PipelineModel
    from sparknlp.annotator import NerConverter

    converter = NerConverter().setInputCols(SENTENCE, TOKEN, NER).setOutputCol(CHUNK)
    return PipelineModel(stages=[*reading.stages(stretch_pattern(model.stretch)), fitted, converter])
