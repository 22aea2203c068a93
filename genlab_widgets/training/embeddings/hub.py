"""Embeddings of the NLP Models Hub by name, kept in the cache once they were fetched.

Only Spark NLP itself knows how to ask the Hub, so fetching needs a Spark session and a network that reaches it; it was
written against Spark NLP 5.5.3 without such a network, and only its failures could be tested. Spark NLP leaves a
copy of its own in ``~/cache_pretrained``, which may be removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import DownloadFailed, GenlabError, WrongParameters
from genlab_widgets.projects.language import code_of
from genlab_widgets.settings import load_settings
from genlab_widgets.training.embeddings import stored
from genlab_widgets.training.locking import exclusive, scratch
from genlab_widgets.training.spark.places import Place

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_CLASSES = (
    ("xlm_roberta", "XlmRoBertaEmbeddings"),
    ("camembert", "CamemBertEmbeddings"),
    ("distilbert", "DistilBertEmbeddings"),
    ("roberta", "RoBertaEmbeddings"),
    ("deberta", "DeBertaEmbeddings"),
    ("albert", "AlbertEmbeddings"),
    ("longformer", "LongformerEmbeddings"),
    ("xlnet", "XlnetEmbeddings"),
    ("elmo", "ElmoEmbeddings"),
    ("electra", "BertEmbeddings"),
    ("bert", "BertEmbeddings"),
    ("word2vec", "Word2VecModel"),
    ("glove", "WordEmbeddingsModel"),
    ("w2v", "WordEmbeddingsModel"),
    ("embeddings", "WordEmbeddingsModel"),
)
"""What a name must contain to be loaded as which class; the first that fits wins."""
_ANSWER_SECONDS = 45
"""How long the Hub may take to say whether it has a name; without a network Spark NLP gives up after ten."""


@dataclass(frozen=True)
class HubModel:
    """A well-known name; ``size_mb`` is the size of the download."""

    name: str
    language: str
    dimension: int
    size_mb: float | None = None


_W2V_LANGUAGES = ("de", "es", "fr", "it", "nl", "pt", "da", "sv", "ro", "pl")
WELL_KNOWN = (
    HubModel("glove_100d", "en", 100, 145),
    HubModel("bert_base_cased", "en", 768, 385),
    HubModel("bert_base_uncased", "en", 768, 392),
    *(HubModel("w2v_cc_300d", language, 300, 1200) for language in _W2V_LANGUAGES),
    HubModel("bert_multi_cased", "xx", 768, 638),
)
"""Names of open models, as the pages of the NLP Models Hub (nlp.johnsnowlabs.com/models) give them; sizes are rounded,
for orientation only. ``xx`` is any language. ``w2v_cc_300d`` are fastText's vectors of Common Crawl (Grave et al.
2018), a model for each language; the others are the defaults of Spark NLP's own annotators."""


@dataclass(frozen=True)
class HubEmbeddings:
    """Embeddings of the Hub.

    Attributes:
        model: Name on the Hub.
        language: The Hub's language code.
        class_name: Spark NLP's class.
    """

    model: str
    language: str
    class_name: str

    @property
    def name(self) -> str:
        """``hub:``, the Hub's name and language."""
        return f"hub:{self.model}/{self.language}"

    @property
    def title(self) -> str:
        """Name and class."""
        return f"{self.model} ({self.class_name}, NLP Models Hub)"

    @property
    def origin(self) -> str:
        """Name and language."""
        return f"NLP Models Hub: {self.model}, {self.language}"

    @property
    def path(self) -> Path:
        """Where they lie once fetched."""
        return load_settings().cache / "hub" / f"{self.model}_{self.language}"

    @property
    def cached(self) -> bool:
        """Whether they are fetched already."""
        return self.path.is_dir()

    @property
    def known_dimension(self) -> int | None:
        """The dimension of what is fetched or well known."""
        if self.cached:
            return stored.saved(self.path).dimension
        known = (item.dimension for item in WELL_KNOWN if (item.name, item.language) == (self.model, self.language))
        return next(known, None)

    @property
    def dimension(self) -> int:
        """Size of a vector; a name that is not well known is fetched for it.

        Raises:
            DownloadFailed: It could not be fetched.
        """
        return self.known_dimension or stored.saved(self.ensure()).dimension

    def stage(self, spark: SparkSession, tokens: DataFrame) -> Any:
        """Loads the embeddings, which are fetched first where the cache lacks them.

        Raises:
            DownloadFailed: They could not be fetched.
        """
        return stored.saved(self.ensure()).stage(spark, tokens)

    def ensure(self) -> Path:
        """Fetches the embeddings into the cache, in the running Spark session or in one of its own.

        Raises:
            DownloadFailed: The Hub does not answer or has no such name.
            WorkspaceUnusable: The cache folder cannot be written.
        """
        if not self.cached:
            with exclusive(self.path.parent):
                if not self.cached:
                    with _session() as spark:
                        self._fetch(spark)
        return self.path

    def _fetch(self, spark: SparkSession) -> None:
        """Downloads, saves to a scratch folder and publishes that; the lock is held."""
        import sparknlp.annotator

        made = scratch(self.path)
        place = Place(self.path.parent)
        try:
            # Spark NLP prints its progress; stdout is for what scripts read.
            with contextlib.redirect_stdout(sys.stderr):
                self._ask()
                found = getattr(sparknlp.annotator, self.class_name).pretrained(self.model, self.language)
            found.write().overwrite().save(str(place.path / made.name))
            os.replace(made, self.path)
        except GenlabError:
            raise
        except Exception as error:
            raise self._failed(stored.first_line(error)) from error
        finally:
            shutil.rmtree(made, ignore_errors=True)
            place.close()

    def _ask(self) -> None:
        """Asks whether the Hub has the name, in a thread: a network that swallows packets would hold it for minutes."""
        from threading import Thread

        from sparknlp.internal import _GetResourceSize

        answers: list[str | Exception] = []

        def ask() -> None:
            try:
                answers.append(str(_GetResourceSize(self.model, self.language, "public/models").apply()))
            except Exception as error:
                answers.append(error)

        thread = Thread(target=ask, daemon=True)
        thread.start()
        thread.join(_ANSWER_SECONDS)
        if not answers:
            raise self._failed(f"It did not answer within {_ANSWER_SECONDS} seconds.")
        if isinstance(answers[0], Exception):
            raise self._failed(stored.first_line(answers[0])) from answers[0]
        if answers[0] == "-1":
            raise self._failed(f"It has no {self.model} for language {self.language}.")

    def _failed(self, why: str) -> DownloadFailed:
        return DownloadFailed(
            f"The embeddings {self.model} could not be fetched from the NLP Models Hub.",
            why,
            "Check name, language and network, choose word2vec, which needs none, or save them on another machine with "
            "Spark NLP and give them as folder:PATH.",
            embeddings=self.name,
        )


def named(text: str, language: str) -> HubEmbeddings:
    """Reads ``NAME`` or ``NAME/LANGUAGE``.

    Args:
        text: What stands behind ``hub:``.
        language: Language of the texts, for a name without one.

    Raises:
        WrongParameters: The name is no name of the Hub, or does not tell what class of embeddings it is.
    """
    model, _, wanted = text.partition("/")
    if not re.fullmatch(r"\w[\w.-]*", model, re.ASCII) or not re.fullmatch(r"(?:[a-z]{2,3})?", wanted):
        raise WrongParameters(
            f"{text} is no name of the NLP Models Hub.",
            "A name has letters, digits, '_', '-' and '.', and may end with / and a language code.",
            "Take the name from the Hub's page, as in hub:glove_100d/en.",
            embeddings=f"hub:{text}",
        )
    class_name = next((found for part, found in _CLASSES if part in model.lower()), None)
    if class_name is None:
        raise WrongParameters(
            f"It is not known what kind of embeddings {model} is.",
            f"Its name has none of {', '.join(part for part, _ in _CLASSES)}.",
            "Save it with Spark NLP and give it as folder:PATH.",
            embeddings=f"hub:{text}",
        )
    everywhere = [item.language for item in WELL_KNOWN if item.name == model and item.language == "xx"]
    return HubEmbeddings(model, wanted or (everywhere or [code_of(language)])[0], class_name)


def well_known(language: str) -> list[HubModel]:
    """Returns the well-known names for texts in a language."""
    return [item for item in WELL_KNOWN if item.language in (code_of(language), "xx")]


@contextlib.contextmanager
def _session() -> Iterator[SparkSession]:
    """Yields the running Spark session, or one that ends with the download."""
    from pyspark.sql import SparkSession

    from genlab_widgets.training.spark import session

    active = SparkSession.getActiveSession()
    if active is not None:
        yield active
        return
    with tempfile.TemporaryDirectory(prefix="genlab-hub-") as folder:
        spark = session.start("genlab embeddings", Path(folder))
        try:
            yield spark
        finally:
            session.stop(spark, Path(folder))
