"""What embeddings are to a training, and the two kinds that need nothing but this machine or one download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from genlab_widgets.training.embeddings import minilm
from genlab_widgets.training.locking import exclusive
from genlab_widgets.training.spark.annotations import EMBEDDINGS, SENTENCE, TOKEN
from genlab_widgets.training.spark.places import Place

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

WORD2VEC_DIMENSION = 100
_WORD2VEC_ITERATIONS = 5
"""Passes over 2,128 tweets, and how well a linear classifier then finds entity tokens (average precision): 1 pass 0.639
in 2 s, 5 passes 0.647 in 5 s, 10 passes 0.649 in 10 s, 20 passes 0.637. A window of 3, words seen twice only, or a
larger step were no better."""
_LONGEST_ROW = 512
"""Word pieces a row. MiniLM was tuned on rows of up to 256, but has positions for 512, and Spark NLP gives words beyond
the limit no vector at all: a sentence of 128 tokens with web addresses or codes may take more than 256 pieces. Shorter
rows cost nothing: a batch is padded to its own longest."""
_MINILM_BATCH = 32
"""Rows a call of ONNX Runtime: 23 s for 600 sentences where 8 took 29 s."""


class Embeddings(Protocol):
    """Word embeddings, chosen but perhaps not loaded yet."""

    @property
    def name(self) -> str:
        """Resolved name, as ``resolve`` takes it (never ``automatic``)."""
        ...

    @property
    def title(self) -> str:
        """Name for people."""
        ...

    @property
    def origin(self) -> str:
        """Where the vectors come from: package, path or Hub name."""
        ...

    @property
    def known_dimension(self) -> int | None:
        """Size of a vector where it is known without loading anything."""
        ...

    @property
    def dimension(self) -> int:
        """Size of a vector; a Hub name that is not known here is fetched for it."""
        ...

    def stage(self, spark: SparkSession, tokens: DataFrame) -> Any:
        """Returns a fitted Spark NLP annotator: ``sentence`` and ``token`` in, ``embeddings`` out.

        Args:
            spark: A running session.
            tokens: Rows with the annotation columns ``sentence`` and ``token``; only embeddings that learn from the
                project's own texts (word2vec) look at them.
        """
        ...


@dataclass(frozen=True)
class Word2Vec:
    """Vectors learned from the training rows: any language, no download."""

    name: str = "word2vec"
    title: str = "word2vec, learned from the training texts"
    origin: str = "trained on the training rows of the project"
    dimension: int = WORD2VEC_DIMENSION
    seed: int = 42

    @property
    def known_dimension(self) -> int:
        """Always 100."""
        return self.dimension

    def stage(self, spark: SparkSession, tokens: DataFrame) -> Any:
        """Trains skip-gram vectors on the rows, in one partition: with the same rows the vectors are the same."""
        from sparknlp.annotator import Word2VecApproach

        return (
            Word2VecApproach()
            .setInputCols(TOKEN)
            .setOutputCol(EMBEDDINGS)
            .setVectorSize(self.dimension)
            .setWindowSize(5)
            .setMinCount(1)
            .setMaxIter(_WORD2VEC_ITERATIONS)
            .setStepSize(0.025)
            .setNumPartitions(1)
            .setSeed(self.seed)
            .setStorageRef(self.name)
            .fit(tokens)
        )


@dataclass(frozen=True)
class MiniLM:
    """all-MiniLM-L6-v2 through ONNX Runtime inside Spark NLP.

    Like all of Spark NLP's BERT stages it gives no vector to a token of which BERT's cleaning leaves nothing (a lone
    accent, U+FFFD): tokens and vectors belong together by ``begin``, not by their place.
    """

    name: str = "minilm"
    title: str = "MiniLM (all-MiniLM-L6-v2)"
    origin: str = "all-MiniLM-L6-v2, Apache-2.0"
    dimension: int = minilm.DIMENSION

    @property
    def known_dimension(self) -> int:
        """Always 384."""
        return self.dimension

    def stage(self, spark: SparkSession, tokens: DataFrame) -> Any:
        """Loads the converted model, which is fetched and converted first where the cache lacks it.

        Raises:
            DownloadFailed: It could not be fetched.
            NotEnoughResources: The disk is full.
            WorkspaceUnusable: The cache folder cannot be written.
        """
        return (
            _minilm_stage(spark)
            .setInputCols(SENTENCE, TOKEN)
            .setOutputCol(EMBEDDINGS)
            .setCaseSensitive(False)
            .setDimension(self.dimension)
            .setBatchSize(_MINILM_BATCH)
            .setMaxSentenceLength(_LONGEST_ROW)
            .setStorageRef(self.name)
        )


def _minilm_stage(spark: SparkSession) -> Any:
    """Loads the stage out of the cache, where it is made once.

    ``loadSavedModel`` gives every model of a session the same file name, ``model.onnx``: one that is loaded later, as a
    fine-tuned one is, would take its place, also in what is saved. A saved stage has a name of its own.
    """
    import sparknlp
    from sparknlp.annotator import BertEmbeddings

    converted = minilm.ensure()
    kept = minilm.stage_folder(sparknlp.version())
    place = Place(kept.parent)
    try:
        if not (kept / "metadata").is_dir():
            with exclusive(kept.parent):
                if not (kept / "metadata").is_dir():
                    scratch = place.path / f".{kept.name}"
                    made = BertEmbeddings.loadSavedModel(str(place.path / converted.name), spark)
                    made.write().overwrite().save(str(scratch))
                    scratch.replace(place.path / kept.name)
        return BertEmbeddings.load(str(place.path / kept.name))
    finally:
        place.close()
