"""Which embeddings there are, and from a name to embeddings: ``word2vec``, ``minilm``, ``folder:PATH`` and so on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genlab_widgets.errors import DownloadFailed, GenlabError, WrongParameters
from genlab_widgets.projects.language import code_of, name_of
from genlab_widgets.settings import load_settings
from genlab_widgets.training.embeddings import hub, minilm, stored
from genlab_widgets.training.embeddings.sources import Embeddings, MiniLM, Word2Vec

AUTOMATIC = "automatic"
FOLDER, VECTORS, HUB = "folder:", "vectors:", "hub:"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class EmbeddingsChoice:
    """One line of the list.

    Attributes:
        name: What stands for ``--embeddings``; ``PATH`` and ``NAME`` in it are to be replaced.
        title: Name for people.
        dimension: Size of a vector; None where it depends on the path or name.
        language: ISO 639-1 code, or ``any``.
        size_mb: Size on disk or of the download, in MB; None where unknown or nothing is stored.
        needs_network: Something still has to be fetched.
        available: It can be used here, given the network where it needs it.
        reason: Why it cannot be used, or what to know before; may be empty.
    """

    name: str
    title: str
    dimension: int | None
    language: str
    size_mb: float | None
    needs_network: bool
    available: bool
    reason: str = ""


def catalogue(language: str = "en") -> list[EmbeddingsChoice]:
    """Lists the embeddings for texts in a language; starts nothing and asks no network.

    Args:
        language: ISO 639-1 code of the texts.
    """
    word2vec, mini = _word2vec_choice(), _minilm_choice(language)
    chosen = mini if choose_automatic(language) == mini.name else word2vec
    automatic = EmbeddingsChoice(
        AUTOMATIC,
        f"Automatic: {chosen.title}",
        chosen.dimension,
        chosen.language,
        chosen.size_mb,
        chosen.needs_network,
        chosen.available,
        chosen.reason,
    )
    return [automatic, word2vec, mini, *_saved_choices(), *_path_choices(), *_hub_choices(language)]


def choose_automatic(language: str = "en") -> str:
    """Returns what ``automatic`` is: MiniLM for English where it is cached or could be fetched, else word2vec."""
    if _is_english(language) and (minilm.fetched() or not minilm.obstacle()):
        return "minilm"
    return "word2vec"


def resolve(name: str, language: str = "en") -> Embeddings:
    """Returns the embeddings of that name, without loading them.

    ``automatic`` fetches MiniLM where the cache lacks it, and stands for word2vec where that fails. Every other name
    is fetched, if need be, by the stage.

    Args:
        name: ``automatic``, ``word2vec``, ``minilm``, ``folder:PATH``, ``vectors:PATH`` or ``hub:NAME``.
        language: ISO 639-1 code of the texts.

    Raises:
        WrongParameters: No embeddings are called so.
        NotFound: The path does not exist.
        BadInput: What lies at the path are no word embeddings.
    """
    if name == AUTOMATIC:
        return _resolve_automatic(language)
    if name == "word2vec":
        return Word2Vec()
    if name == "minilm":
        return MiniLM()
    kind, _, value = name.partition(":")
    if value.strip():
        if kind == "folder":
            return stored.saved(Path(value).expanduser())
        if kind == "vectors":
            return stored.vectors(Path(value).expanduser())
        if kind == "hub":
            return hub.named(value.strip(), language)
    raise WrongParameters(
        f"There are no embeddings called {name}.",
        "Known are automatic, word2vec, minilm, folder:PATH, vectors:PATH and hub:NAME.",
        "Choose one that 'genlab embeddings list' shows.",
        embeddings=name,
    )


def known_dimension(name: str, language: str = "en") -> int | None:
    """Returns the size of a vector, or None where only fetching would tell; asks no network.

    Raises:
        WrongParameters: No embeddings are called so.
        NotFound: The path does not exist.
        BadInput: What lies at the path are no word embeddings.
    """
    return resolve(choose_automatic(language) if name == AUTOMATIC else name, language).known_dimension


def fetch(name: str, language: str = "en") -> Path:
    """Fetches and converts embeddings into the cache, so that a training needs no network.

    Args:
        name: A name as :func:`resolve` takes it.
        language: ISO 639-1 code of the texts, for ``automatic`` and ``hub:NAME``.

    Returns:
        Where they lie now.

    Raises:
        WrongParameters: No embeddings are called so, or there is nothing to fetch.
        DownloadFailed: They could not be fetched.
    """
    wanted = choose_automatic(language) if name == AUTOMATIC else name
    if wanted == "minilm":
        return minilm.ensure()
    found = resolve(wanted, language)
    if isinstance(found, hub.HubEmbeddings):
        return found.ensure()
    if isinstance(found, stored.SavedEmbeddings | stored.VectorsFile):
        return found.path  # on this machine already
    raise WrongParameters(
        f"There is nothing to fetch for {name}.",
        "word2vec is learned from the texts of each training.",
        "Train with it as it is.",
        embeddings=name,
    )


def _resolve_automatic(language: str) -> Embeddings:
    if choose_automatic(language) == "minilm":
        try:
            minilm.ensure()
        except DownloadFailed as error:
            _LOG.warning("Automatic embeddings: word2vec instead of MiniLM. %s %s", error.what, error.why)
        else:
            return MiniLM()
    return Word2Vec()


def _is_english(language: str) -> bool:
    return code_of(language) == "en"


def _word2vec_choice() -> EmbeddingsChoice:
    base = Word2Vec()
    return EmbeddingsChoice(base.name, base.title, base.dimension, "any", None, needs_network=False, available=True)


def _minilm_choice(language: str) -> EmbeddingsChoice:
    base, missing = MiniLM(), not minilm.fetched()
    obstacle = minilm.obstacle() if missing else ""
    caution = "" if _is_english(language) else f"It was trained on English; these texts are {name_of(language)}."
    return EmbeddingsChoice(
        base.name,
        base.title,
        base.dimension,
        "en",
        minilm.SIZE_MB,
        needs_network=missing and load_settings().minilm_folder is None,
        available=not obstacle,
        reason=obstacle or caution,
    )


def _saved_choices() -> Iterator[EmbeddingsChoice]:
    """Yields the saved stages in ``<cache>/embeddings``, also those that can't be read, with the reason."""
    for path in stored.cached():
        name, size = f"{FOLDER}{path}", round(stored.size(path) / 1e6, 1)
        try:
            found = stored.saved(path)
        except GenlabError as error:
            yield EmbeddingsChoice(
                name, path.name, None, "any", size, needs_network=False, available=False, reason=f"{error.what}"
            )
        else:
            yield EmbeddingsChoice(name, found.title, found.dimension, "any", size, needs_network=False, available=True)


def _path_choices() -> Iterator[EmbeddingsChoice]:
    for name, title in (
        (f"{FOLDER}PATH", "A folder of embeddings saved with Spark NLP"),
        (f"{VECTORS}PATH", "A text file of word vectors (GloVe, fastText, word2vec)"),
    ):
        yield EmbeddingsChoice(name, title, None, "any", None, needs_network=False, available=True)


def _hub_choices(language: str) -> Iterator[EmbeddingsChoice]:
    """Yields well-known names of the NLP Models Hub for the language, and the pattern for any other."""
    for model in hub.well_known(language):
        found = hub.named(model.name, language)
        yield EmbeddingsChoice(
            found.name,
            found.title,
            model.dimension,
            model.language,
            model.size_mb,
            needs_network=not found.cached,
            available=True,
        )
    yield EmbeddingsChoice(
        f"{HUB}NAME", "Any word embeddings of the NLP Models Hub", None, "any", None, needs_network=True, available=True
    )
