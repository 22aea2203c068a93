"""The list of embeddings, and from names to embeddings."""

from __future__ import annotations

from pathlib import Path

import pytest

from genlab_widgets.errors import BadInput, NotFound, WrongParameters
from genlab_widgets.training import embeddings
from genlab_widgets.training.embeddings import EmbeddingsChoice, hub
from tests.training.embeddings.test_stored import PACKAGE, save_metadata, write


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no folder named by the developer."""
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GENLAB_MINILM_FOLDER", raising=False)
    return tmp_path / "cache"


def by_name(language: str = "en") -> dict[str, EmbeddingsChoice]:
    return {choice.name: choice for choice in embeddings.catalogue(language)}


def test_the_list_begins_with_what_everyone_has() -> None:
    assert list(by_name())[:3] == ["automatic", "word2vec", "minilm"]
    assert by_name()["automatic"].title == "Automatic: MiniLM (all-MiniLM-L6-v2)"
    assert by_name()["automatic"].dimension == 384
    assert by_name("de")["automatic"].title == "Automatic: word2vec, learned from the training texts"
    assert by_name("de")["automatic"].dimension == 100


def test_the_list_says_what_needs_the_network(cache: Path) -> None:
    choices = by_name()
    assert not choices["word2vec"].needs_network
    assert choices["minilm"].needs_network
    assert choices["hub:glove_100d/en"].needs_network
    for name in ("model.onnx", "assets/vocab.txt"):
        file = cache / "minilm" / "onnx" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    save_metadata(cache / "hub" / "glove_100d_en", f"{PACKAGE}.WordEmbeddingsModel", dimension=100)
    choices = by_name()
    assert not choices["minilm"].needs_network
    assert not choices["automatic"].needs_network
    assert not choices["hub:glove_100d/en"].needs_network


def test_the_hub_names_follow_the_language() -> None:
    german = {name: choice for name, choice in by_name("de").items() if name.startswith("hub:")}
    assert list(german) == ["hub:w2v_cc_300d/de", "hub:bert_multi_cased/xx", "hub:NAME"]
    assert german["hub:w2v_cc_300d/de"].dimension == 300
    assert "hub:bert_base_cased/en" in by_name("en-GB")
    assert by_name("de")["minilm"].reason == "It was trained on English; these texts are German."


def test_every_name_of_the_list_resolves_to_its_dimension() -> None:
    for language in ("en", "de", "ro"):
        for choice in embeddings.catalogue(language):
            if "PATH" not in choice.name and "NAME" not in choice.name:
                assert embeddings.known_dimension(choice.name, language) == choice.dimension, choice.name


def test_saved_folders_of_the_cache_are_listed_also_broken_ones(cache: Path) -> None:
    good = save_metadata(cache / "embeddings" / "clinic", f"{PACKAGE}.BertEmbeddings", dimension=512)
    (cache / "embeddings" / "broken").mkdir()
    (cache / "embeddings" / ".clinic.1.part").mkdir()
    choices = {name: choice for name, choice in by_name().items() if name.startswith(f"folder:{cache}")}
    assert list(choices) == [f"folder:{cache / 'embeddings' / 'broken'}", f"folder:{good}"]
    broken, clinic = choices.values()
    assert (clinic.dimension, clinic.available, clinic.title) == (512, True, "clinic (BertEmbeddings)")
    assert not broken.available
    assert "holds no saved embeddings" in broken.reason


def test_names_lead_to_embeddings(tmp_path: Path) -> None:
    assert embeddings.resolve("word2vec").dimension == 100
    assert embeddings.resolve("minilm").dimension == 384
    assert embeddings.resolve("automatic", "fr").name == "word2vec"
    folder = save_metadata(tmp_path / "saved", f"{PACKAGE}.Word2VecModel", vectorSize=50, dimension=50)
    assert embeddings.resolve(f"folder:{folder}").dimension == 50
    file = write(tmp_path / "small.txt", "a 1 2\nb 3 4\n")
    assert embeddings.resolve(f"vectors:{file}").dimension == 2
    found = embeddings.resolve("hub:glove_100d", "en")
    assert (found.name, found.dimension) == ("hub:glove_100d/en", 100)


@pytest.mark.parametrize("name", ["", "word3vec", "folder:", "hub: ", "s3:bucket"])
def test_unknown_names_are_said(name: str) -> None:
    with pytest.raises(WrongParameters) as caught:
        embeddings.resolve(name)
    assert "genlab embeddings list" in caught.value.next_step


def test_paths_that_do_not_fit_are_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        embeddings.resolve(f"folder:{tmp_path / 'missing'}")
    with pytest.raises(NotFound):
        embeddings.resolve(f"vectors:{tmp_path / 'missing'}")
    with pytest.raises(BadInput):
        embeddings.resolve(f"folder:{tmp_path}")


def test_only_what_has_something_to_fetch_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(WrongParameters) as caught:
        embeddings.fetch("word2vec")
    assert "nothing to fetch" in caught.value.what
    file = write(tmp_path / "small.txt", "a 1 2\nb 3 4\n")
    assert embeddings.fetch(f"vectors:{file}") == file
    with pytest.raises(WrongParameters):
        embeddings.fetch("word3vec")


def test_a_hub_name_tells_class_and_language() -> None:
    for text, language, expected in (
        ("glove_100d", "en", ("en", "WordEmbeddingsModel")),
        ("w2v_cc_300d", "pt_BR", ("pt", "WordEmbeddingsModel")),
        ("xlm_roberta_base/xx", "en", ("xx", "XlmRoBertaEmbeddings")),
        ("distilbert_base_cased", "en", ("en", "DistilBertEmbeddings")),
        ("bert_multi_cased", "de", ("xx", "BertEmbeddings")),
        ("biobert_pubmed_base_cased", "en", ("en", "BertEmbeddings")),
    ):
        found = hub.named(text, language)
        assert (found.language, found.class_name) == expected, text
    assert hub.named("biobert_pubmed_base_cased", "en").known_dimension is None


@pytest.mark.parametrize("text", ["../../etc", "glove 100d", "glove_100d/EN", "glove_100d/../x", "ner_dl"])
def test_a_hub_name_that_cannot_be_is_said(text: str) -> None:
    with pytest.raises(WrongParameters) as caught:
        hub.named(text, "en")
    assert caught.value.next_step


def test_fetched_hub_embeddings_are_known_by_their_metadata(cache: Path) -> None:
    found = hub.named("biobert_pubmed_base_cased", "en")
    save_metadata(cache / "hub" / "biobert_pubmed_base_cased_en", f"{PACKAGE}.BertEmbeddings", dimension=768)
    assert found.cached
    assert found.dimension == 768
    assert embeddings.fetch(found.name) == found.path
