"""A page tagger that learns, and gives the same in the exported graph."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genlab_widgets.errors import BadInput
from genlab_widgets.projects.pages.layout import Word
from genlab_widgets.training.finetune import page_model, page_tagger, pages
from genlab_widgets.training.finetune.loop import Recipe
from genlab_widgets.training.finetune.model import HEAD
from genlab_widgets.training.finetune.page_model import PageModel
from genlab_widgets.training.finetune.page_tagger import PageTagger
from genlab_widgets.training.finetune.pages import Page
from tests.training.finetune import page_samples, samples


def _pages(count: int, seed: int = 0) -> list[Page]:
    return [page for item in page_samples.receipts(count, seed) for page in pages.pages_of(item)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[PageTagger, Any]:
    """A tagger that has learned the tiny receipts, and its weights."""
    train = _pages(96)
    made = PageTagger(samples.checkpoint(case=True), page_tagger.tags_of(train))
    recipe = page_tagger.recipe(Recipe(epochs=12, encoder_rate=3e-3, head_rate=1e-2, batch=8))
    outcome = made.fit(train, _pages(16, seed=1), recipe, tmp_path_factory.mktemp("state"))
    assert len(outcome.epochs) == 12
    return made, outcome.params


def test_it_learns_by_place_and_agreement(trained: tuple[PageTagger, Any]) -> None:
    made, params = trained
    test = _pages(40, seed=2)
    assert made.habits.agreeing == ("TOTAL",)
    assert page_tagger.word_f1(test, made.predict(params, test)) > 0.9


@pytest.mark.parametrize("case", [False, True], ids=["plain", "case"])
@pytest.mark.parametrize("longest", [64, 24], ids=["whole", "windows"])
def test_the_graph_gives_the_scores_of_training(case: bool, longest: int, tmp_path: Path) -> None:
    train = _pages(12)
    made = PageTagger(samples.checkpoint(case=case), page_tagger.tags_of(train), longest=longest)
    made.habits, made.crf = page_tagger.Habits.of(train), page_tagger.PageCrf.train(train, made.tags)
    params = made.begin(seed=4)
    numbers = np.random.default_rng(5)
    for name in (page_tagger.PLACES, f"{HEAD}.weight", page_tagger.TRANSITIONS, page_tagger.STARTS):
        params[name] = (0.3 * numbers.standard_normal(params[name].shape)).astype("float32")
    loaded = PageModel.load(page_model.write(made, params, tmp_path / "model.zip"), threads=1)
    expected = made.scores(params, train)
    given = loaded.reader.scores(train, loaded._emit)
    for one, other in zip(expected, given, strict=True):
        assert other == pytest.approx(one, abs=2e-4)
    assert loaded.decoder.habits == made.habits
    places = [[item[:3] for item in found] for found in made.predict(params, train)]
    assert [[item[:3] for item in found] for found in loaded.regions(train)] == places
    assert any(places)


def test_thousands_of_words_and_none(trained: tuple[PageTagger, Any]) -> None:
    made, params = trained
    words = tuple(Word("bank", 0.1, place / 3000, 0.2, place / 3000 + 0.0003) for place in range(3000))
    (found,) = made.predict(params, [Page(words, tuple(range(3000)))])
    assert all(0 <= item.first <= item.last < 3000 for item in found)
    assert made.predict(params, []) == []
    assert made.predict(params, [Page((), ())]) == [[]]


def test_tags_are_complete_for_each_label_that_occurs() -> None:
    page = _pages(1)[0]
    assert page_tagger.tags_of([page]) == ("O", "B-ORG", "I-ORG", "B-TOTAL", "I-TOTAL")
    assert page_tagger.tags_of([replace(page, tags=("O",) * len(page.words))]) == ("O",)


def test_word_f1_looks_at_labels_of_words_only() -> None:
    page = Page((Word("a", 0, 0, 0, 0),) * 3, (0, 0, 0), ("B-A", "I-A", "O"))
    region = page_tagger.Region
    assert page_tagger.word_f1([page], [[region("A", 0, 0), region("A", 1, 1)]]) == 1
    assert page_tagger.word_f1([page], [[region("A", 0, 2)]]) == pytest.approx(0.8)
    assert page_tagger.word_f1([page], [[region("B", 0, 1)]]) == 0
    assert page_tagger.word_f1([replace(page, tags=("O",) * 3)], [[]]) == 0


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    file = tmp_path / "model.zip"
    with pytest.raises(BadInput, match="cannot be read"):
        PageModel.load(file)
    file.write_bytes(b"no zip")
    with pytest.raises(BadInput, match="cannot be read"):
        PageModel.load(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("vocab.txt", "")
    with pytest.raises(BadInput, match=r"page_model\.json"):
        PageModel.load(file)
