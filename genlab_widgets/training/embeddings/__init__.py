"""Word embeddings for a training: which there are, and how each becomes a stage of Spark NLP."""

from genlab_widgets.training.embeddings.catalogue import (
    EmbeddingsChoice,
    catalogue,
    choose_automatic,
    fetch,
    known_dimension,
    resolve,
)
from genlab_widgets.training.embeddings.sources import Embeddings
from genlab_widgets.training.spark.annotations import EMBEDDINGS, SENTENCE, TOKEN

__all__ = [
    "EMBEDDINGS",
    "SENTENCE",
    "TOKEN",
    "Embeddings",
    "EmbeddingsChoice",
    "catalogue",
    "choose_automatic",
    "fetch",
    "known_dimension",
    "resolve",
]
