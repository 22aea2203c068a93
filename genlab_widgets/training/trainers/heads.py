"""What decides the class of a text: logistic regression on its vector and its words, or Spark NLP's classifiers.

Each head becomes the last stages of one saved pipeline. Which one is better depends on the project
(``docs/benchmarks.md``), so "automatic" tries both on a part of the training texts.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from genlab_widgets.errors import WrongParameters
from genlab_widgets.training.reporting import Following
from genlab_widgets.training.spark import texts
from genlab_widgets.training.spark.texts import CLASS, FEATURES, VECTORS
from genlab_widgets.training.trainers.words import WORD_FEATURES, Words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from pyspark.sql import DataFrame, SparkSession

    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec

    Matrix = npt.NDArray[np.float64]

Classes = Mapping[int, frozenset[str]]
"""The classes of each text by task id."""
STRENGTHS = (10.0, 30.0, 100.0, 300.0)
"""Values of C (inverse of the regularization) that logistic regression tries, for rows of about unit length; the best
one lay inside this range on every project that was measured."""
NEURAL_CLASSES = range(2, 101)
"""How many classes Spark NLP 5.5.3 lets ClassifierDL and MultiClassifierDL learn: 2 to 100."""
_PREFERRED = (30.0, 100.0, 10.0, 300.0)
"""The same, in the order in which they are tried where not all can be."""
_LONGEST_COMPARISON = 240.0
"""Seconds that the comparison of settings may take."""
_ANSWER_SECONDS, _MOST_ANSWER_SECONDS = 1.2e-8, 2.5e-4
"""What one class of a multiple choice takes for each text: the first figure times the texts, until the second one.
4,000 texts took 0.24 s on two cores, 8,000 0.77, 16,000 2.8 to 4.2."""
_ITERATIONS = 1000
_NEVER = 30.0
"""A margin whose score is 0 or 1 to 13 places."""
_BOTH = "genlab_both"
_THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(2, 19))
"""Scores from which a class of a multiple choice is given, from 0.1 to 0.9."""


@dataclass(frozen=True)
class Texts:
    """Texts as vectors.

    Attributes:
        frame: Rows with ``task_id`` and the annotation column ``sentence_embeddings``.
        ids: Task ids, in the order of ``vectors``.
        vectors: float32, one row a text.
        texts: Text by task id.
        labels: Every class, in the order of the labeling config.
        multiple: Whether a text may have several.
    """

    frame: DataFrame
    ids: list[int]
    vectors: Any
    texts: Mapping[int, str]
    labels: tuple[str, ...]
    multiple: bool

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return int(self.vectors.shape[1])

    def rows(self, ids: Sequence[int]) -> Any:
        """Returns the vectors of these texts, in this order."""
        places = {task_id: place for place, task_id in enumerate(self.ids)}
        return self.vectors[[places[task_id] for task_id in ids]]

    def selected(self, ids: Sequence[int]) -> DataFrame:
        """Returns the rows of these texts."""
        import pandas as pd

        spark = self.frame.sparkSession
        wanted = spark.createDataFrame(pd.DataFrame({"task_id": list(ids)}), "task_id long")
        return self.frame.join(wanted, "task_id")


class Fitted(Protocol):
    """A head that has learned."""

    def predict(self, data: Texts, ids: Sequence[int]) -> Classes:
        """Returns the classes of these texts."""
        ...

    def stages(self) -> list[Any]:
        """Returns the stages from the vector of a text to the column ``class``."""
        ...


@dataclass(frozen=True)
class Logistic:
    """Logistic regression: softmax over the classes, or one yes-or-no for each class of a multiple choice."""

    strength: float
    threshold: float = 0.5
    tried: tuple[float, ...] = STRENGTHS
    name = "logistic_regression"
    title = "Logistic regression"

    def note(self, multiple: bool) -> str:
        """Returns its settings, for people."""
        told = f"C = {self.strength:g}" + (f", classes from {self.threshold:.2f} on" if multiple else "")
        if self.tried == STRENGTHS:
            return told
        return f"{told}; of C only {', '.join(f'{one:g}' for one in self.tried)} tried, to save time"

    def fit(self, data: Texts, ids: Sequence[int], truth: Classes, known: Features | None = None) -> FittedLogistic:
        """Learns from these texts.

        Args:
            data: All texts.
            ids: Those to learn from.
            truth: Their classes.
            known: Features made for the same texts; None makes them.
        """
        import numpy as np
        from sklearn.linear_model import LogisticRegression

        known = known or Features.learn(data, ids)
        rows = known.rows(data, ids)
        if data.multiple:
            learner = LogisticRegression(C=self.strength, solver="liblinear", max_iter=_ITERATIONS)
            weights, offsets = np.zeros((len(data.labels), rows.shape[1])), np.full(len(data.labels), -_NEVER)
            for place, label in enumerate(data.labels):
                answers = np.array([label in truth[task_id] for task_id in ids])
                if 0 < answers.sum() < len(answers):
                    learner.fit(rows, answers)
                    weights[place], offsets[place] = learner.coef_[0], learner.intercept_[0]
                elif answers.all():
                    offsets[place] = _NEVER
            return FittedLogistic(self, known, data.labels, weights, offsets, True)
        learner = LogisticRegression(C=self.strength, max_iter=_ITERATIONS)
        learner.fit(rows, [next(iter(truth[task_id])) for task_id in ids])
        weights, offsets = learner.coef_, learner.intercept_
        if len(learner.classes_) == 2:  # sklearn gives one row for two classes
            weights, offsets = np.vstack([-weights, weights]) / 2, np.concatenate([-offsets, offsets]) / 2
        return FittedLogistic(self, known, tuple(map(str, learner.classes_)), weights, offsets, False)


@dataclass(frozen=True)
class Features:
    """What logistic regression sees of a text: its vector, of about unit length, and its words.

    Attributes:
        scale: Mean length of the vectors, by which they are divided.
        words: Words and pairs with their weights.
    """

    scale: float
    words: Words

    @classmethod
    def learn(cls, data: Texts, ids: Sequence[int]) -> Features:
        """Takes scale and words from these texts."""
        import numpy as np

        lengths = np.linalg.norm(data.rows(ids).astype(np.float64), axis=1)
        return cls(float(lengths.mean()) or 1.0, Words.learn([data.texts[task_id] for task_id in ids]))

    def rows(self, data: Texts, ids: Sequence[int]) -> Any:
        """Returns one sparse row a text."""
        import numpy as np
        from scipy.sparse import csr_matrix, hstack

        vectors = csr_matrix(data.rows(ids).astype(np.float64) / self.scale)
        return hstack([vectors, self.words.matrix([data.texts[task_id] for task_id in ids])], format="csr")


@dataclass(frozen=True)
class FittedLogistic:
    """Weights: one row a class."""

    settings: Logistic
    features: Features
    labels: tuple[str, ...]
    weights: Any
    offsets: Any
    multiple: bool

    def scores(self, data: Texts, ids: Sequence[int]) -> Matrix:
        """Returns the score of each class, 0 to 1, one row a text."""
        import numpy as np
        from scipy.special import expit, softmax

        margins = np.asarray(self.features.rows(data, ids) @ self.weights.T) + self.offsets
        found: Matrix = expit(margins) if self.multiple else softmax(margins, axis=1)
        return found

    def predict(self, data: Texts, ids: Sequence[int]) -> Classes:
        """Returns the classes of these texts."""
        return self.taken(self.scores(data, ids), ids, self.settings.threshold)

    def taken(self, scores: Matrix, ids: Sequence[int], threshold: float) -> Classes:
        """Returns the classes that these scores give."""
        if not self.multiple:
            best = scores.argmax(axis=1)
            return {task_id: frozenset({self.labels[place]}) for task_id, place in zip(ids, best, strict=True)}
        return {
            task_id: frozenset(self.labels[place] for place in (row >= threshold).nonzero()[0])
            for task_id, row in zip(ids, scores, strict=True)
        }

    def stages(self) -> list[Any]:
        """Returns a Spark ML model with these weights, what it sees, and what makes annotations of its scores."""
        from pyspark.ml.feature import VectorAssembler

        raw, probability = "genlab_margins", "genlab_scores"
        dimension = self.weights.shape[1] - len(self.features.words.vocabulary)
        weights = self.weights.copy()
        weights[:, :dimension] /= self.features.scale
        model = _spark_model(weights, self.offsets).setFeaturesCol(_BOTH).setPredictionCol("genlab_best")
        model = model.setRawPredictionCol(raw).setProbabilityCol(probability)
        margins = f"slice({texts.numbers(raw)}, 1, {len(self.labels)})"
        scores = f"transform({margins}, m -> 1D / (1D + exp(-m)))" if self.multiple else texts.numbers(probability)
        threshold = self.settings.threshold if self.multiple else None
        seen = [*texts.features(), *(self.features.words.stages() if self.features.words.vocabulary else ())]
        columns = [FEATURES, *([WORD_FEATURES] if self.features.words.vocabulary else ())]
        both = VectorAssembler(inputCols=columns, outputCol=_BOTH)
        return [*seen, both, model, texts.classes(scores, self.labels, threshold)]


@dataclass(frozen=True)
class Neural:
    """Spark NLP's ClassifierDL, or MultiClassifierDL for a multiple choice."""

    spec: TrainingSpec
    scratch: Path
    reporter: Reporter | None = None
    name = "classifier_dl"
    title = "ClassifierDL"

    @staticmethod
    def refusal(classes: int) -> str:
        """Returns why it cannot learn so many classes; empty where it can."""
        if classes in NEURAL_CLASSES:
            return ""
        return f"takes {NEURAL_CLASSES.start} to {NEURAL_CLASSES.stop - 1} classes, and there are {classes:,}"

    def note(self, multiple: bool) -> str:
        """Returns its settings, for people."""
        spec = self.spec
        return f"{spec.epochs} epochs, learning rate {spec.learning_rate:g}, batch {spec.batch_size}"

    def fit(self, data: Texts, ids: Sequence[int], truth: Classes) -> FittedNeural:
        """Learns from these texts; with a reporter the epochs are reported."""
        import pandas as pd

        spark = data.frame.sparkSession
        wanted = [sorted(truth[task_id]) for task_id in ids]
        kind = "array<string>" if data.multiple else "string"
        answers = wanted if data.multiple else [found[0] for found in wanted]
        table = pd.DataFrame({"task_id": list(ids), "label": answers})
        labelled = data.frame.join(spark.createDataFrame(table, f"task_id long, label {kind}"), "task_id")
        logs = self.scratch / f"annotator_logs_{uuid.uuid4().hex[:8]}"
        logs.mkdir(parents=True)
        following = Following(logs, self.reporter) if self.reporter is not None else nullcontext()
        with following:
            # One partition, in the order of the ids: with the same seed the same model.
            fitted = self._approach(data.multiple, logs).fit(labelled.orderBy("task_id").coalesce(1))
        return FittedNeural(self.spec, fitted, data.labels)

    def _approach(self, multiple: bool, logs: Path) -> Any:
        from sparknlp.annotator import ClassifierDLApproach, MultiClassifierDLApproach

        approach = MultiClassifierDLApproach() if multiple else ClassifierDLApproach().setDropout(self.spec.dropout)
        return (
            approach.setInputCols(VECTORS)
            .setOutputCol(CLASS)
            .setLabelColumn("label")
            .setMaxEpochs(self.spec.epochs)
            .setLr(self.spec.learning_rate)
            .setBatchSize(self.spec.batch_size)
            .setRandomSeed(self.spec.seed)
            .setEnableOutputLogs(True)
            .setOutputLogsPath(str(logs))
        )


@dataclass(frozen=True)
class FittedNeural:
    """A fitted Spark NLP classifier."""

    spec: TrainingSpec
    model: Any
    labels: tuple[str, ...]

    def predict(self, data: Texts, ids: Sequence[int]) -> Classes:
        """Returns the classes of these texts."""
        found = self.model.transform(data.selected(ids)).select("task_id", f"{CLASS}.result").collect()
        return {int(task_id): frozenset(results) for task_id, results in found}

    def stages(self) -> list[Any]:
        """Returns the model itself."""
        return [self.model]


def require_head(head: str, classes: int) -> None:
    """Refuses a head that cannot learn so many classes.

    Args:
        head: As in the spec; "automatic" leaves out what does not fit.
        classes: How many there are.

    Raises:
        WrongParameters: Spark NLP's classifiers take no such number.
    """
    reason = Neural.refusal(classes) if head == Neural.name else ""
    if reason:
        raise WrongParameters(
            f"{Neural.title} cannot learn these classes.",
            f"It {reason}.",
            "Choose logistic regression, or leave the classifier at automatic.",
            fields={"head": f"It {reason}."},
        )


def choose_logistic(data: Texts, ids: Sequence[int], held_out: Sequence[int], truth: Classes) -> tuple[Logistic, float]:
    """Chooses C, and the threshold of a multiple choice, by micro F1 on held-out training texts.

    Returns:
        The settings and their F1.
    """
    tried = strengths(len(ids), len(data.labels), data.multiple)
    best, best_f1 = Logistic(_PREFERRED[0], tried=tried), -1.0
    known = Features.learn(data, ids)
    for strength in tried:
        fitted = Logistic(strength).fit(data, ids, truth, known)
        scores = fitted.scores(data, held_out)
        for threshold in _THRESHOLDS if data.multiple else (0.5,):
            found = micro_f1(fitted.taken(scores, held_out, threshold), truth)
            if found > best_f1 + 1e-9:
                best, best_f1 = replace(best, strength=strength, threshold=threshold), found
    return best, best_f1


def strengths(texts: int, classes: int, multiple: bool) -> tuple[float, ...]:
    """Returns the values of C that are compared: fewer where many classes of many texts take minutes each."""
    seconds = fit_seconds(texts, classes, multiple)
    count = int(_LONGEST_COMPARISON / seconds) if seconds else len(STRENGTHS)
    return tuple(sorted(_PREFERRED[: max(1, count)]))


def fit_seconds(texts: int, classes: int, multiple: bool) -> float:
    """Estimates one fit of logistic regression: a multiple choice learns a yes-or-no for each class."""
    return classes * texts * min(texts * _ANSWER_SECONDS, _MOST_ANSWER_SECONDS) if multiple else 0.0


def micro_f1(predicted: Classes, truth: Classes) -> float:
    """Returns micro F1 over all classes of these texts; 1 where nothing is there and nothing was given."""
    right = sum(len(found & truth[task_id]) for task_id, found in predicted.items())
    both = sum(len(found) + len(truth[task_id]) for task_id, found in predicted.items())
    return 2 * right / both if both else 1.0


def _spark_model(weights: Matrix, offsets: Matrix) -> Any:
    """Makes Spark ML's logistic regression from weights (at least two rows: a lone class gets one that never wins)."""
    import numpy as np
    from pyspark.ml.classification import LogisticRegressionModel
    from pyspark.ml.common import _py2java
    from pyspark.ml.linalg import Matrices, Vectors
    from pyspark.sql import SparkSession

    if len(weights) == 1:
        weights, offsets = np.vstack([weights, np.zeros_like(weights)]), np.append(offsets, -_NEVER)
    spark: SparkSession | None = SparkSession.getActiveSession()
    context = spark.sparkContext if spark is not None else None
    if context is None:
        raise LookupError("no Spark session")
    count, width = weights.shape
    matrix = _py2java(context, Matrices.dense(count, width, weights.flatten(order="F").tolist()))
    vector = _py2java(context, Vectors.dense(offsets.tolist()))
    made = context._jvm.org.apache.spark.ml.classification.LogisticRegressionModel
    return LogisticRegressionModel(made(f"logistic_{uuid.uuid4().hex[:12]}", matrix, vector, count, True))
