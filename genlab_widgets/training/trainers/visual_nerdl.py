"""Visual NER with Spark NLP's NerDL: word embeddings with channels that say where a word stands and what it looks like.

It reads a page as a text with numbers, knows no word pieces and learns nothing of the language, but it trains in the
JVM and takes embeddings of any language. The fine-tuned trainer is better with few pages (``docs/benchmarks.md``).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genlab_widgets.training import embeddings, graph
from genlab_widgets.training.finetune import page_tagger
from genlab_widgets.training.finetune.decoding import Habits
from genlab_widgets.training.finetune.pages import pages_of
from genlab_widgets.training.spark import targets
from genlab_widgets.training.trainers.base import Clock, Demanded, Rows, Trained, about
from genlab_widgets.training.trainers.ner import computed, learn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.dataset import Example, Sentence
    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec

_PREDICTION_BATCH = 32


class VisualNerDL:
    """The open trainer ``annotator`` of kind ``visual_ner``."""

    needs_graph = True

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Trains NerDL on embedded pages; see :class:`genlab_widgets.training.trainers.base.Trainer`.

        Raises:
            GraphNotAvailable: No graph of Spark NLP fits dimension, tags and characters.
            PoorQuality: The loss was no number in the last epoch.
        """
        from pyspark.ml import PipelineModel

        from genlab_widgets.training.spark import page_tokens, pages

        clock = Clock()
        base = embeddings.resolve(spec.embeddings, rows.language)
        demanded = self.graph(rows.train, rows.labels, base.dimension)
        reporter.log(
            f"Embeddings: {base.title} ({base.dimension} dimensions, {demanded.dimension} with channels). "
            f"Graph: {demanded.graph.name}."
        )
        tokens = page_tokens.PageTokens(size=demanded.dimension - base.dimension)
        channels = page_tokens.with_channels(base.name, base.dimension)
        train, test = (
            page_tokens.labelled(tokens.transform(page_tokens.tagged_rows(spark, part)))
            for part in (rows.train_examples, rows.test_examples)
        )
        stage = base.stage(spark, train)
        train, test = (channels.transform(stage.transform(part)) for part in (train, test))
        embedded, place = computed(train, test, demanded.alphabet, scratch, reporter)
        clock.mark("embeddings")
        fitted, named = learn(embedded, spec, scratch, place, reporter)
        clock.mark("training")
        fitted.setIncludeConfidence(True).setIncludeAllConfidenceScores(True).setBatchSize(_PREDICTION_BATCH)
        learned = [page for item in rows.train_examples for page in pages_of(item)]
        habits = Habits.of(learned)
        for sentence in habits.sentences():
            reporter.log(sentence)
        regions = page_tokens.PageRegions.of(page_tagger.tags_of(learned), habits)
        model = PipelineModel(stages=[pages.PageReader(), tokens, stage, channels, fitted, regions])
        predicted = self.read(spark, model, rows.test_examples)
        clock.mark("prediction")
        return Trained(
            model=model,
            predicted=predicted,
            embeddings=about(base),
            graph=named or demanded.graph.name,
            durations=clock.seconds,
        )

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the regions that a saved pipeline finds among their words, as spans."""
        from genlab_widgets.training.spark import pages

        return pages.found(spark, model, examples)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> Demanded:
        """Returns the graph for BIO tags of the labels that occur, on embeddings with channels.

        Raises:
            GraphNotAvailable: No graph of Spark NLP fits dimension and tags.
        """
        size, demand = targets.width(dimension), graph.demand(sentences)
        chosen = graph.choose(size, demand.tags, demand.characters)
        return Demanded(chosen, size, *demand, graph.alphabet(sentences, chosen))
