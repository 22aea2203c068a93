"""Visual NER with a fine-tuned BERT: trained in JAX on words and boxes, run by onnxruntime inside a Spark stage.

Spark NLP's annotators take no boxes, so the saved pipeline has two stages of ours
(:mod:`genlab_widgets.training.spark.pages`): from an image or PDF to words, and from words to regions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import TooFewCompletions
from genlab_widgets.training.finetune import page_model, page_tagger, validation
from genlab_widgets.training.finetune.page_tagger import PageTagger
from genlab_widgets.training.finetune.pages import pages_of
from genlab_widgets.training.trainers import finetuning
from genlab_widgets.training.trainers.finetuning import FineTuning, Lesson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.dataset import Example
    from genlab_widgets.training.finetune.decoding import Region
    from genlab_widgets.training.finetune.loop import Recipe
    from genlab_widgets.training.finetune.pages import Page
    from genlab_widgets.training.spec import TrainingSpec
    from genlab_widgets.training.trainers.base import Rows


class FineTunedVisualNer(FineTuning[PageTagger]):
    """The open trainer ``fine_tuned`` of kind ``visual_ner``."""

    examples = "pages"

    def lesson(self, rows: Rows, spec: TrainingSpec) -> Lesson[PageTagger]:
        """Returns the training pages; those of a tenth of the tasks choose.

        Raises:
            TooFewCompletions: No training task has a page with words.
        """
        base = finetuning.base_of(spec.embeddings)
        held = {sentence.task_id for sentence in validation.hold_out(rows.train, spec.seed).validation}
        every = [page for item in rows.train_examples for page in pages_of(item)]
        if not every:
            raise TooFewCompletions(
                "The training tasks have no pages with words.", "", "Import images with text, then train again."
            )
        choosing = [page for page in every if page.task_id in held]
        train = [page for page in every if page.task_id not in held] or every
        model = PageTagger(base, page_tagger.tags_of(every))
        return Lesson(model, train, choosing)

    def recipe(self, spec: TrainingSpec) -> Recipe:
        """Returns how a spec trains on pages."""
        return page_tagger.recipe(super().recipe(spec))

    def learned(self, model: PageTagger) -> Sequence[str]:
        """Returns what the training pages say about regions."""
        return model.habits.sentences()

    def pipeline(
        self, spark: SparkSession, model: PageTagger, params: Mapping[str, Any], folder: Path
    ) -> PipelineModel:
        """Returns the pipeline from files to words, and from words to regions."""
        from pyspark.ml import PipelineModel

        from genlab_widgets.training.spark import pages as stages

        file = page_model.write(model, params, folder / "page_model.zip")
        return PipelineModel(stages=[stages.PageReader(), stages.PageTagger.of(file)])

    def predict(self, model: PageTagger, params: Mapping[str, Any], examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the regions of their pages as spans."""
        every = [pages_of(item) for item in examples]
        found = iter(model.predict(params, [page for pages in every for page in pages]))
        return [
            marked(item, [(page, next(found)) for page in pages]) for item, pages in zip(examples, every, strict=True)
        ]

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the regions that a saved pipeline finds among their words, as spans."""
        from genlab_widgets.training.spark import pages as stages

        return stages.found(spark, model, examples)


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
