"""The list of embeddings: what fits a kind, and embeddings of one's own."""

from __future__ import annotations

import pytest

from genlab_widgets.training.embeddings.catalogue import EmbeddingsChoice
from genlab_widgets.widgets.pages.embeddings_list import AUTOMATIC, EmbeddingsList, named_by


def choice(name: str, available: bool = True) -> EmbeddingsChoice:
    """Returns embeddings as the catalogue has them."""
    reason = "" if available else "It needs the network."
    return EmbeddingsChoice(name, name.title(), 100, "en", 12.0, False, available, reason)


@pytest.fixture
def listed() -> EmbeddingsList:
    found = EmbeddingsList()
    found.know([choice("automatic"), choice("minilm", False), choice("folder:PATH"), choice("vectors:PATH")])
    return found


def test_each_kind_is_offered_what_fits_it(listed: EmbeddingsList) -> None:
    names = [item["value"] for item in listed.options("ner", "automatic")]
    assert names == ["automatic", "minilm", "folder:PATH", "vectors:PATH"]
    pages = listed.options("visual_ner", "automatic")
    assert [item["value"] for item in pages] == ["automatic", "minilm", "folder:PATH"]
    assert pages[0]["title"] == AUTOMATIC
    assert (pages[1]["title"], pages[1]["disabled"]) == ("Minilm (not available)", True)


def test_own_embeddings_stand_in_the_line_of_their_pattern(listed: EmbeddingsList) -> None:
    assert listed.is_own("folder:/data/bert")
    assert listed.line("folder:/data/bert") == "folder:PATH"
    assert named_by("folder:PATH") == "folder:"
    assert named_by("minilm") == "minilm"
    assert len(listed.options("ner", "folder:/data/bert")) == 4
    assert listed.options("ner", "gone")[-1]["value"] == "gone"


def test_what_is_known_is_said(listed: EmbeddingsList) -> None:
    assert "100 dimensions" in listed.facts("vectors:/data/own.txt")
    assert "It needs the network." in listed.facts("minilm")
    assert "dimensions" not in listed.facts("gone")
    assert [listed.title(name) for name in ("automatic", "minilm", "gone")] == [AUTOMATIC, "Minilm", "gone"]
