"""The CRF on words and places: it learns, and its weights alone give the same scores."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from genlab_widgets.training import word_crf
from genlab_widgets.training.finetune import page_crf, page_tagger, pages
from genlab_widgets.training.finetune.decoding import Decoder, Habits
from genlab_widgets.training.finetune.page_crf import PageCrf
from genlab_widgets.training.finetune.pages import Page
from tests.training.finetune import page_samples

TAGS = ("O", "B-ORG", "I-ORG", "B-TOTAL", "I-TOTAL")


def _pages(count: int, seed: int = 0) -> list[Page]:
    return [page for item in page_samples.receipts(count, seed) for page in pages.pages_of(item)]


def test_it_learns_and_survives_json() -> None:
    made = PageCrf.train(_pages(60), TAGS)
    again = PageCrf.from_dict(json.loads(json.dumps(made.to_dict())))
    test = _pages(20, seed=1)
    for page in test:
        assert again.scores(page) == pytest.approx(made.scores(page), abs=1e-5)
    decoder = replace(Decoder.legal(TAGS, Habits()), crf=again)
    nothing = [np.zeros((len(page.words), len(TAGS)), "float32") for page in test]
    found = [decoder.regions(page, zero) for page, zero in zip(test, nothing, strict=True)]
    assert page_tagger.word_f1(test, found) > 0.95


def test_features_tell_line_above_and_elsewhere() -> None:
    made = page_samples.layout([["Total", "5.00"], ["Cash", "5.00"]])
    names = page_crf.of_page(Page(made.words, made.lines))
    assert {"line=cash", "above=5.00", "elsewhere=total", "repeats=2", "ends=True"} <= set(names[3])
    assert not any(name.startswith(("above=", "elsewhere=")) for name in names[0])
    assert page_crf.of_page(Page((), ())) == []


def test_nothing_marked_teaches_nothing() -> None:
    unmarked = [replace(page, tags=("O",) * len(page.words)) for page in _pages(3)]
    made = PageCrf.train(unmarked, ("O",))
    assert made.scores(unmarked[0]).tolist() == [[0.0]] * len(unmarked[0].words)
    assert PageCrf.train([], TAGS).weights == {}


def test_the_largest_training_is_capped() -> None:
    every = _pages(10)
    assert len(page_crf._capped(every, 0, 300_000)) == 10
    assert len(page_crf._capped(every, 0, 35)) == 3
    assert page_crf._capped(every, 0, 35) == page_crf._capped(every, 0, 35)


def test_labels_that_would_take_too_long_are_not_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_crf, "USUAL_TAGS", 0.01)
    assert PageCrf.train(_pages(3), TAGS).weights == {}
