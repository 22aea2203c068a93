"""What "automatic" trains for classification: the better of frozen vectors and the fine-tuned transformer.

The heads on frozen vectors come first: they take a minute, and where they are nearly always right nothing is left to
gain. Else the transformer is fine-tuned, and the same held-out training texts judge all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from genlab_widgets.errors import PoorQuality
from genlab_widgets.training import automatic
from genlab_widgets.training.dataset import Example, Sentence
from genlab_widgets.training.runfolder import Candidate
from genlab_widgets.training.spark import texts
from genlab_widgets.training.trainers import classification
from genlab_widgets.training.trainers.base import Rows, Trained
from genlab_widgets.training.trainers.finetuned_classifier import FineTunedClassifier

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec

GOOD_ENOUGH = 0.97
"""F1 on held-out training texts from which fine-tuning is not tried: what is left are mostly doubtful labels."""
TITLE = "Fine-tuned transformer"


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
            return replace(trained, architecture="annotator", why=why)
        reporter.log(f"{best.title} has F1 {best.f1:.3f}, below {GOOD_ENOUGH}: the transformer is fine-tuned, too.")
        tuned_spec = automatic.with_architecture(spec, "fine_tuned")
        reporter.expect(tuned_spec.epochs)
        tuned: Trained | None = None
        try:
            tuned = FineTunedClassifier().fit(spark, rows, tuned_spec, scratch / "tuned", reporter)
        except PoorQuality as error:  # the heads have not failed
            reporter.log(f"The fine-tuned transformer is left out. {error}")
        return self._better(compared, best.f1, tuned, tuned_spec, reporter)

    def _better(
        self,
        compared: classification.Compared,
        frozen: float,
        tuned: Trained | None,
        spec: TrainingSpec,
        reporter: Reporter,
    ) -> Trained:
        """Returns the better one; the frozen head learns from all training texts only if it is."""
        reached = tuned.validation if tuned is not None else None
        candidate = Candidate(
            name="fine_tuned",
            title=TITLE,
            f1=reached,
            seconds=round(sum(tuned.durations.values()), 1) if tuned is not None else None,
            note=f"{spec.epochs} epochs at most, learning rate {spec.learning_rate:g}, batch {spec.batch_size}",
        )
        if tuned is not None and reached is not None and reached > frozen:
            compared.drop()
            others = [told.model_copy(update={"chosen": False}) for _, told in compared.race]
            race = [*others, candidate.model_copy(update={"chosen": True})]
            why = f"Automatic took the fine-tuned transformer: F1 {reached:.3f} on held-out training texts"
            return replace(tuned, race=race, architecture="fine_tuned", why=f"{why}, {frozen:.3f} on frozen vectors.")
        reporter.forget()
        trained = compared.learn(reporter)
        other = "learned nothing" if reached is None else f"has {reached:.3f}"
        why = (
            f"Automatic stayed with frozen vectors: F1 {frozen:.3f} on held-out training texts; the fine-tuned "
            f"transformer {other}."
        )
        return replace(trained, race=[*trained.race, candidate], architecture="annotator", why=why)

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the classes that a saved pipeline gives their texts."""
        return texts.read(spark, model, examples)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> None:
        """A classifier needs no NerDL graph."""
