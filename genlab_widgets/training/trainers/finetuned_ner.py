"""NER with a fine-tuned BERT: trained in JAX, saved as Spark NLP's ``BertForTokenClassification``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import genlab_widgets.training.spark.annotations as rows_in_spark
from genlab_widgets.training.epochs import Average, Epoch, Scores
from genlab_widgets.training.finetune import checkpoint, encoder, export, tagger, validation
from genlab_widgets.training.finetune.checkpoint import Checkpoint
from genlab_widgets.training.finetune.loop import Recipe, Watcher
from genlab_widgets.training.finetune.tagger import Tagger
from genlab_widgets.training.finetune.wordpieces import stretch_pattern
from genlab_widgets.training.spark import reading
from genlab_widgets.training.spark.annotations import CHUNK, NER, SENTENCE, TOKEN
from genlab_widgets.training.trainers.base import Clock, Rows, Trained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.dataset import Example, Sentence
    from genlab_widgets.training.finetune.state import EpochResult
    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec

FOLDER = "folder:"
_BATCH = 16
_HEAD_TIMES = 5
"""New layers learn so many times faster than the encoder (``docs/benchmarks.md``: 2e-4 and 1e-3)."""


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
        base = _checkpoint(spec.embeddings).with_case()
        model = Tagger(base, tagger.tags_of(rows.train))
        recipe = Recipe(
            epochs=spec.epochs,
            encoder_rate=spec.learning_rate,
            head_rate=_HEAD_TIMES * spec.learning_rate,
            dropout=spec.dropout,
            batch=spec.batch_size,
            seed=spec.seed,
        )
        parts = validation.hold_out(rows.train, spec.seed)
        reporter.log(f"Fine-tunes {base.name} on {len(parts.train)} sentences; {len(parts.validation)} choose.")

        def heard(result: EpochResult) -> None:
            reporter.log(f"Epoch {result.number}: loss {result.loss:.4f}, validation F1 {result.score:.4f}.")
            scores = Scores(micro=Average(f1=result.score))
            epoch = Epoch(
                number=result.number,
                total=spec.epochs,
                seconds=result.seconds,
                loss=result.loss,
                train_rows=len(parts.train),
                validation=scores,
            )
            reporter.epochs([epoch])

        def stepped(fraction: float, loss: float) -> None:
            reporter.within(fraction)

        reporter.began()
        watcher = Watcher(progress=stepped, epoch=heard)
        outcome = model.fit(parts.train, parts.validation, recipe, scratch / "state", watcher)
        clock.mark("training")
        fitted = stage(spark, model, outcome.params, scratch / "model")
        clock.mark("export")
        predicted = model.predict_examples(outcome.params, rows.test_examples)
        clock.mark("prediction")
        return Trained(
            model=pipeline(fitted, model),
            predicted=predicted,
            embeddings={
                "name": spec.embeddings,
                "dimension": base.shape.hidden,
                "title": base.name,
                "origin": "fine-tuned",
            },
            durations=clock.seconds,
        )

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the entities that a saved pipeline finds in their texts."""
        return rows_in_spark.entities(spark, model, examples)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> None:
        """Returns None: a fine-tuned model brings a graph of its own."""


def stage(spark: SparkSession, model: Tagger, params: Mapping[str, Any], folder: Path) -> Any:
    """Writes the fine-tuned model and loads it as Spark NLP's ``BertForTokenClassification``.

    ``loadSavedModel`` gives every model of a session the same file name, ``model.onnx``: Spark refuses the second, and
    allowed to overwrite, the first would turn into the second where it is opened late. A saved stage has a name of its
    own, so it is saved and loaded at once.

    Args:
        spark: The session.
        model: The tagger.
        params: Its weights, stacked.
        folder: Gets the ONNX folder and the saved stage.
    """
    from sparknlp.annotator import BertForTokenClassification

    vocabulary = model.checkpoint.vocabulary
    weights = encoder.unstack(params)
    graph = export.token_classifier(weights, model.checkpoint.shape, vocabulary, tagger.HEAD, model.pairs(params))
    place = export.write(graph, vocabulary, model.tags, folder / "onnx")
    spark.sparkContext._jsc.sc().conf().set("spark.files.overwrite", "true")
    loaded = BertForTokenClassification.loadSavedModel(str(place), spark)
    loaded.write().overwrite().save(str(folder / "stage"))
    return (
        BertForTokenClassification.load(str(folder / "stage"))
        .setInputCols(SENTENCE, TOKEN)
        .setOutputCol(NER)
        .setCaseSensitive(vocabulary.cased)
        .setMaxSentenceLength(model.longest)
        .setBatchSize(_BATCH)
    )


def pipeline(fitted: Any, model: Tagger) -> PipelineModel:
    """Joins the fitted stage to a pipeline from raw ``text`` to ``ner_chunk``.

    Tokens are cut by the same rule as the training rows; sentences longer than the encoder sees are cut at blanks.
    """
    from pyspark.ml import PipelineModel
    from sparknlp.annotator import NerConverter

    converter = NerConverter().setInputCols(SENTENCE, TOKEN, NER).setOutputCol(CHUNK)
    return PipelineModel(stages=[*reading.stages(stretch_pattern(model.stretch)), fitted, converter])


def _checkpoint(embeddings: str) -> Checkpoint:
    if embeddings.startswith(FOLDER):
        return checkpoint.read(Path(embeddings.removeprefix(FOLDER)).expanduser())
    return checkpoint.default()
