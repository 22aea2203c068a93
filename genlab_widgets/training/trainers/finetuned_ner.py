"""NER with a fine-tuned BERT: trained in JAX, saved as Spark NLP's ``BertForTokenClassification``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import genlab_widgets.training.spark.annotations as rows_in_spark
from genlab_widgets.training.finetune import encoder, export, tagger, validation
from genlab_widgets.training.finetune.tagger import Tagger
from genlab_widgets.training.finetune.wordpieces import stretch_pattern
from genlab_widgets.training.spark import reading
from genlab_widgets.training.spark.annotations import CHUNK, NER, SENTENCE, TOKEN
from genlab_widgets.training.trainers import finetuning
from genlab_widgets.training.trainers.base import Clock, Rows, Trained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.dataset import Example, Sentence
    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec


class FineTunedNer:
    """The open trainer ``fine_tuned`` of kind ``ner``."""

    needs_graph = False

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Fine-tunes on the training rows; see :class:`genlab_widgets.training.trainers.base.Trainer`.

        A tenth of the training tasks picks the best epoch; the test rows are predicted at the end only.

        Raises:
            BadInput: The checkpoint folder is none of a BERT.
            PoorQuality: The loss was no number.
        """
        clock = Clock()
        base = finetuning.base_of(spec.embeddings)
        model = Tagger(base, tagger.tags_of(rows.train))
        parts = validation.hold_out(rows.train, spec.seed)
        reporter.log(f"Fine-tunes {base.name} on {len(parts.train)} sentences; {len(parts.validation)} choose.")
        reporter.began()
        tokens = sum(len(sentence.tokens) for sentence in parts.train)
        watcher = finetuning.watcher(reporter, spec, len(parts.train), tokens, "F1")
        recipe = finetuning.recipe(spec)
        outcome = model.fit(parts.train, parts.validation, recipe, scratch / finetuning.STATE, watcher)
        clock.mark("training")
        fitted = stage(spark, model, outcome.params, scratch / "model")
        clock.mark("export")
        predicted = model.predict_examples(outcome.params, rows.test_examples)
        clock.mark("prediction")
        return Trained(
            model=pipeline(fitted, model),
            predicted=predicted,
            embeddings=finetuning.about(spec, base),
            durations=clock.seconds,
        )

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the entities that a saved pipeline finds in their texts."""
        return rows_in_spark.entities(spark, model, examples)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> None:
        """Returns None: a fine-tuned model brings a graph of its own."""


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
    graph = export.token_classifier(weights, shape, vocabulary, tagger.HEAD, model.pairs(params))
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
