"""What "automatic" trains for classification: the better of frozen vectors and the fine-tuned transformer.

The heads on frozen vectors come first: they take a minute, and where they are nearly always right nothing is left to
gain. Else the transformer is fine-tuned, and the same held-out training texts judge all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from genlab_widgets.training import automatic
from genlab_widgets.training.dataset import Example, Sentence
from genlab_widgets.training.spark import texts
from genlab_widgets.training.trainers import classification, contest
from genlab_widgets.training.trainers.base import Rows, Trained
from genlab_widgets.training.trainers.finetuned_classifier import FineTunedClassifier

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec

GOOD_ENOUGH = 0.97
"""F1 on held-out training texts from which fine-tuning is not tried: what is left are mostly doubtful labels."""


class ClassifierRace:
    """The open trainer ``automatic`` of kind ``classification``."""

    needs_graph = False

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Compares and trains; see :class:`genlab_widgets.training.trainers.base.Trainer`."""
        frozen = automatic.with_architecture(spec, "annotator")
        compared = classification.compare(spark, rows, frozen, scratch / "frozen", reporter)
        best = next(told for _, told in compared.race if told.chosen)
        if best.f1 is None or best.f1 >= GOOD_ENOUGH:
            trained = compared.learn(reporter)
            reason = (
                "there are too few texts to compare on"
                if best.f1 is None
                else f"with F1 {best.f1:.3f} on held-out training texts fine-tuning has little to gain"
            )
            why = f"Automatic took the {best.title} on frozen vectors: {reason}."
            return replace(trained, why=why)
        reporter.log(f"{best.title} has F1 {best.f1:.3f}, below {GOOD_ENOUGH}: the transformer is fine-tuned, too.")
        tuned_spec = automatic.with_architecture(spec, "fine_tuned")
        reporter.expect(tuned_spec.epochs)
        tuned = contest.enter(FineTunedClassifier(), spark, rows, tuned_spec, scratch / "tuned", reporter)
        return self._better(compared, best.f1, tuned, tuned_spec, reporter)

    def _better(
        self,
        compared: classification.Compared,
        frozen: float,
        tuned: contest.Contestant,
        tuned_spec: TrainingSpec,
        reporter: Reporter,
    ) -> Trained:
        """Returns the better one; the frozen head learns from all training texts only if it is."""
        if tuned.trained is not None and tuned.beats(frozen):
            compared.drop()
            others = [told.model_copy(update={"chosen": False}) for _, told in compared.race]
            race = [*others, tuned.told.model_copy(update={"chosen": True})]
            why = f"Automatic took the fine-tuned transformer: F1 {tuned.told.f1:.3f} on held-out training texts"
            why = f"{why}, {frozen:.3f} on frozen vectors."
            return replace(tuned.trained, race=race, spec=tuned_spec, why=why)
        reporter.forget()
        trained = compared.learn(reporter)
        why = (
            f"Automatic stayed with frozen vectors: F1 {frozen:.3f} on held-out training texts; the fine-tuned "
            f"transformer {tuned.result}."
        )
        return replace(trained, race=[*trained.race, tuned.told], why=why)

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the classes that a saved pipeline gives their texts."""
        return texts.read(spark, model, examples)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> None:
        """A classifier needs no NerDL graph."""
