"""Visual NER with a fine-tuned BERT: trained in JAX on words and boxes, run by onnxruntime inside a Spark stage.

Spark NLP's annotators take no boxes, so the saved pipeline has two stages of ours
(:mod:`genlab_widgets.training.spark.pages`): from an image or PDF to words, and from words to regions.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genlab_widgets.errors import TooFewCompletions
from genlab_widgets.training.finetune import page_model, page_tagger, validation
from genlab_widgets.training.finetune.page_tagger import PageTagger
from genlab_widgets.training.finetune.pages import pages_of
from genlab_widgets.training.trainers import finetuning
from genlab_widgets.training.trainers.base import Clock, Rows, Trained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.dataset import Example, Sentence
    from genlab_widgets.training.finetune.decoding import Region
    from genlab_widgets.training.finetune.pages import Page
    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec


class FineTunedVisualNer:
    """The open trainer ``fine_tuned`` of kind ``visual_ner``."""

    needs_graph = False

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Fine-tunes on the training pages; see :class:`genlab_widgets.training.trainers.base.Trainer`.

        A tenth of the training tasks picks the best epoch; the test tasks are predicted at the end only.

        Raises:
            BadInput: The checkpoint folder is none of a BERT.
            TooFewCompletions: No training task has a page with words.
            PoorQuality: The loss was no number.
        """
        from pyspark.ml import PipelineModel

        from genlab_widgets.training.spark import pages as stages

        clock = Clock()
        base = finetuning.base_of(spec.embeddings)
        held = {sentence.task_id for sentence in validation.hold_out(rows.train, spec.seed).validation}
        every = [page for item in rows.train_examples for page in pages_of(item)]
        if not every:
            raise TooFewCompletions(
                "The training tasks have no pages with words.", "", "Import images with text, then train again."
            )
        choosing = [page for page in every if page.task_id in held]
        learned = [page for page in every if page.task_id not in held] or every
        model = PageTagger(base, page_tagger.tags_of(every))
        reporter.log(f"Fine-tunes {base.name} on {len(learned)} pages; {len(choosing)} choose.")
        reporter.began()
        watcher = finetuning.watcher(reporter, spec, len(learned), sum(len(page.words) for page in learned), "F1")
        recipe = page_tagger.recipe(finetuning.recipe(spec))
        outcome = model.fit(learned, choosing, recipe, scratch / finetuning.STATE, watcher)
        for sentence in model.habits.sentences():
            reporter.log(sentence)
        clock.mark("training")
        file = page_model.write(model, outcome.params, scratch / "page_model.zip")
        fitted = PipelineModel(stages=[stages.PageReader(), stages.PageTagger.of(file)])
        clock.mark("export")
        test = [pages_of(item) for item in rows.test_examples]
        found = iter(model.predict(outcome.params, [page for pages in test for page in pages]))
        predicted = [
            marked(item, [(page, next(found)) for page in pages])
            for item, pages in zip(rows.test_examples, test, strict=True)
        ]
        clock.mark("prediction")
        return Trained(
            model=fitted,
            predicted=predicted,
            embeddings=finetuning.about(spec, base),
            durations=clock.seconds,
            validation=outcome.epochs[outcome.best - 1].score,
        )

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the regions that a saved pipeline finds among their words, as spans."""
        from genlab_widgets.training.spark import pages as stages

        return stages.found(spark, model, examples)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> None:
        """Returns None: a fine-tuned model brings a graph of its own."""


def marked(example: Example, found: Sequence[tuple[Page, Sequence[Region]]]) -> Example:
    """Returns the example with the regions of its pages as spans."""
    from genlab_widgets.training.spark.pages import span_of

    layout = example.layout
    spans = (
        []
        if layout is None
        else [
            span_of(layout, region.label, (page.first + region.first, page.first + region.last))
            for page, regions in found
            for region in regions
        ]
    )
    return example.with_spans(spans)
