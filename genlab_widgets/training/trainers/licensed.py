"""Trainers of John Snow Labs' licensed libraries, behind the same interface and on the same rows as the open ones.

They could not be run here: ``spark-nlp-jsl`` comes from a private index. What they call is what its public
documentation shows (``MedicalNerApproach``, ``FinanceNerApproach``, ``LegalNerApproach``, ``AssertionDLApproach``);
everything up to that call and after it is the open trainers' code, which is tested. Visual NLP publishes no interface
that trains Visual NER, so there is no trainer for it (:data:`genlab_widgets.training.offers.NO_VISUAL_TRAINER`).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import genlab_widgets.training.spark.annotations as rows_in_spark
from genlab_widgets.errors import NoLicense, WrongParameters
from genlab_widgets.training import embeddings, offers
from genlab_widgets.training.dataset import Sentence
from genlab_widgets.training.spark import reading, targets
from genlab_widgets.training.spark.annotations import CHUNK, EMBEDDINGS, SENTENCE
from genlab_widgets.training.trainers import assertion, ner
from genlab_widgets.training.trainers.base import Clock, Demanded, Rows, Trained, Trainer, about

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec

_NER = {
    "healthcare": ("sparknlp_jsl.annotator", "MedicalNerApproach"),
    "finance": ("sparknlp_jsl.finance", "FinanceNerApproach"),
    "legal": ("sparknlp_jsl.legal", "LegalNerApproach"),
}
"""Module and class that learn entities, by library."""
_ASSERTION = {
    "healthcare": "sparknlp_jsl.annotator",
    "finance": "sparknlp_jsl.finance",
    "legal": "sparknlp_jsl.legal",
}
"""Module that has ``AssertionDLApproach``, by library."""
START, END, STATUS = "start", "end", "status"
"""Columns of the assertion trainer's rows: first and last token of the entity in its sentence, and its status."""
_LONGEST_SENTENCE = 250
"""Tokens; AssertionDL's own default."""


def trainer(spec: TrainingSpec) -> Trainer:
    """Returns the licensed trainer of a spec.

    Raises:
        NoLicense: The licence, its scope, the package or its jar is missing; the message names which.
        WrongParameters: The library does not train this kind.
    """
    reason = offers.unlicensed(spec.library)
    if reason:
        raise offers.no_license(spec.library, reason)
    if spec.kind == "ner":
        return LicensedNer(spec.library)
    if spec.kind == "assertion":
        return LicensedAssertion(spec.library)
    raise WrongParameters(
        f"The library {offers.LIBRARIES[spec.library]} does not train {offers.KINDS[spec.kind]} here.",
        "Its trainers learn entities and assertion status.",
        "Choose the open-source library.",
    )


class LicensedNer(ner.NerDL):
    """Entities by the licensed twin of NerDL: the same settings, graphs of its own. Not run against the real package.

    Args:
        library: ``healthcare``, ``finance`` or ``legal``.
    """

    needs_graph = False

    def __init__(self, library: str) -> None:
        self._place = _NER[library]

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Trains; see :class:`genlab_widgets.training.trainers.base.Trainer`.

        Raises:
            NoLicense: The installed package lacks the class.
            PoorQuality: The loss was no number in the last epoch.
        """
        clock = Clock()
        approach = licensed_class(*self._place)
        base = embeddings.resolve(spec.embeddings, rows.language)
        reporter.log(f"Embeddings: {base.title} ({base.dimension} dimensions). Trainer: {self._place[1]}.")
        train = rows_in_spark.sentence_rows(spark, rows.train)
        stage = base.stage(spark, train)
        embedded = stage.transform(train).persist()
        place = str(scratch / "test.parquet")
        stage.transform(rows_in_spark.sentence_rows(spark, rows.test)).write.parquet(place)
        clock.mark("embeddings")
        fitted, named = ner.learn(embedded, spec, scratch, place, reporter, approach)
        clock.mark("training")
        model = ner.pipeline(stage, fitted.setIncludeConfidence(True))
        predicted = self.read(spark, model, rows.test_examples)
        clock.mark("prediction")
        return Trained(model, predicted, about(base), graph=named, durations=clock.seconds)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> Demanded | None:  # type: ignore[override]
        """Returns None: the library brings its own graphs and says itself where none fits."""
        return None


class LicensedAssertion(assertion.AssertionDL):
    """Assertion status by AssertionDL. Not run against the real package.

    Args:
        library: ``healthcare``, ``finance`` or ``legal``.
    """

    needs_graph = False

    def __init__(self, library: str) -> None:
        self._module = _ASSERTION[library]

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Trains; see :class:`genlab_widgets.training.trainers.base.Trainer`.

        Raises:
            NoLicense: The installed package lacks the class.
        """
        from pyspark.ml import PipelineModel

        clock = Clock()
        approach = licensed_class(self._module, "AssertionDLApproach")
        base = embeddings.resolve(spec.embeddings, rows.language)
        reporter.log(f"Embeddings: {base.title} ({base.dimension} dimensions). Trainer: AssertionDLApproach.")
        sentences = rows_in_spark.sentence_rows(spark, rows.train)
        stage = base.stage(spark, sentences)
        learned = target_rows(spark, stage.transform(sentences), rows).persist()
        clock.mark("embeddings")
        fitted = _assertion_settings(approach(), spec, scratch).fit(learned)
        learned.unpersist()
        clock.mark("training")
        model = PipelineModel(stages=[*reading.stages(), stage, fitted])
        predicted = self.read(spark, model, rows.test_examples)
        clock.mark("prediction")
        return Trained(model, predicted, about(base), durations=clock.seconds)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> Demanded | None:  # type: ignore[override]
        """Returns None: the library brings its own graphs."""
        return None


def target_rows(spark: SparkSession, embedded: DataFrame, rows: Rows) -> DataFrame:
    """Returns one training row an entity: its sentence, ``ner_chunk``, ``start``, ``end`` and ``status``.

    Args:
        spark: The session.
        embedded: The training sentences with ``place``, ``sentence``, ``token`` and ``embeddings``.
        rows: The training tasks, whose spans are the entities.
    """
    import pandas as pd
    from pyspark.sql import functions as F

    table = []
    for target in assertion.located(rows.train_examples, rows.train):
        begins = rows_in_spark.begins(rows.train[target.place])
        table.append((target.place, begins.index(target.first), begins.index(target.last), target.status))
    frame = spark.createDataFrame(
        pd.DataFrame(table, columns=["place", START, END, STATUS]), "place int, start int, end int, status string"
    )
    chunk = (
        f"array(named_struct('annotatorType', 'chunk', 'begin', token[{START}].begin, 'end', token[`{END}`].end, "
        f"'result', concat_ws(' ', transform(slice(token, {START} + 1, `{END}` - {START} + 1), t -> t.result)), "
        "'metadata', map('sentence', '0', 'chunk', '0'), 'embeddings', CAST(array() AS array<float>)))"
    )
    joined = embedded.drop("label").join(frame, "place")
    return joined.select("*", rows_in_spark.typed(F.expr(chunk), CHUNK, "chunk"))


def licensed_class(module: str, name: str) -> Any:
    """Returns a class of a licensed package.

    Raises:
        NoLicense: The package or the class is not there.
    """
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise NoLicense(
            f"{name} cannot be loaded.",
            f"The installed {module.partition('.')[0]} does not have it ({type(error).__name__}).",
            "Install the version of spark-nlp-jsl that belongs to Spark NLP 5.5.3, or choose the open-source library.",
        ) from error


def _assertion_settings(approach: Any, spec: TrainingSpec, scratch: Path) -> Any:
    logs = scratch / "annotator_logs"
    logs.mkdir(parents=True, exist_ok=True)
    return (
        approach.setInputCols(SENTENCE, CHUNK, EMBEDDINGS)
        .setOutputCol(targets.ASSERTION)
        .setLabelCol(STATUS)
        .setStartCol(START)
        .setEndCol(END)
        .setEpochs(spec.epochs)
        .setLearningRate(spec.learning_rate)
        .setDropout(spec.dropout)
        .setBatchSize(spec.batch_size)
        .setMaxSentLen(_LONGEST_SENTENCE)
        .setEnableOutputLogs(True)
        .setOutputLogsPath(str(logs))
    )
