"""A tagger that learns, decodes legal tags only, and gives the same tags in the exported graph."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnxruntime import InferenceSession

from genlab_widgets.training import word_crf
from genlab_widgets.training.finetune import crf, encoder, export, lexical, tagger
from genlab_widgets.training.finetune.loop import Recipe
from genlab_widgets.training.finetune.model import HEAD
from genlab_widgets.training.finetune.tagger import Tagger
from genlab_widgets.training.finetune.wordpieces import windows
from genlab_widgets.training.trainers.finetuned_ner import FineTunedNer
from tests.training.finetune import samples


def test_entity_f1_counts_whole_entities() -> None:
    gold = [["B-LOC", "I-LOC", "O", "B-ORG"]]
    assert tagger.entity_f1(gold, gold) == 1
    assert tagger.entity_f1(gold, [["B-LOC", "O", "O", "B-ORG"]]) == pytest.approx(0.5)
    assert tagger.entity_f1(gold, [["O"] * 4]) == 0
    assert tagger.entity_f1([["O"]], [["O"]]) == 0


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "case"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tagger, Any]:
    """A tagger that has learned the tiny task, and its weights."""
    train = samples.sentences(160)
    made = Tagger(samples.checkpoint(case=request.param), tagger.tags_of(train))
    recipe = Recipe(epochs=12, encoder_rate=3e-3, head_rate=1e-2, word_dropout=0.05, patience=12)
    outcome = made.fit(train, samples.sentences(30, seed=1), recipe, tmp_path_factory.mktemp("state"))
    return made, outcome.params


def test_it_learns_what_is_there(trained: tuple[Tagger, Any]) -> None:
    made, params = trained
    test = samples.sentences(40, seed=2)
    found = made.predict(params, [[token.text for token in sentence.tokens] for sentence in test])
    assert tagger.entity_f1([sentence.tags for sentence in test], found) > 0.9


def test_predictions_are_legal_whatever_the_weights(trained: tuple[Tagger, Any]) -> None:
    made, _ = trained
    words = [["old", "Bank", "zzz", "\ufffd", "river"] * 9, [], ["\ufffd"]]
    found = made.predict(made.begin(seed=5), words)
    assert [len(tags) for tags in found] == [45, 0, 1]
    assert found[2] == ["O"]
    kept = [tag for tag, word in zip(found[0], words[0], strict=True) if word != "\ufffd"]
    bounded = [kept[start:end] for start, end in _window_bounds(made, words[0])]
    for tags in bounded:
        assert not tags[0].startswith("I-")
        assert all(crf.may_follow(before, after) for before, after in itertools.pairwise(tags))


def _window_bounds(made: Tagger, words: list[str]) -> list[tuple[int, int]]:
    place, found = 0, []
    for window in windows(made.checkpoint.vocabulary, [words], made.longest):
        count = len({word for word in window.words if word >= 0})
        found.append((place, place + count))
        place += count
    return found


def test_the_graph_gives_the_tags_of_training(trained: tuple[Tagger, Any], tmp_path: Path) -> None:
    made, params = trained
    vocabulary = made.checkpoint.vocabulary
    model = export.token_classifier(
        encoder.unstack(params), made.checkpoint.shape, vocabulary, HEAD, made.pairs(params)
    )
    folder = export.write(model, vocabulary, made.tags, tmp_path / "model")
    session = InferenceSession(folder / "model.onnx")
    words = [[token.text for token in sentence.tokens] for sentence in samples.sentences(50, seed=3)]
    cut = windows(vocabulary, words, made.longest)
    longest = max(len(window.ids) for window in cut)
    ids = np.zeros((len(cut), longest), "int64")
    for row, window in enumerate(cut):
        ids[row, : len(window.ids)] = window.ids
    given = {"input_ids": ids, "attention_mask": (ids != 0).astype("int64"), "token_type_ids": np.zeros_like(ids)}
    (logits,) = session.run(["logits"], given)
    assert np.isfinite(logits).all()
    assert logits.max() == 0
    expected = made.predict(params, words)
    for row, window in enumerate(cut):
        first = tagger._first_pieces(np.asarray(window.words))
        tags = [made.tags[place] for place in logits[row, : len(first)][first].argmax(-1)]
        assert tags == expected[window.sentence]
    assert (folder / "assets" / "labels.txt").read_text().splitlines() == list(made.tags)
    assert (folder / "assets" / "vocab.txt").read_text().splitlines() == list(vocabulary.pieces)


def test_where_no_crf_is_affordable_the_log_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    train = samples.sentences(20)
    made = Tagger(samples.checkpoint(), tagger.tags_of(train))
    assert set(made._learn_beside(train, 1)) == {lexical.FIRST, lexical.LAST, lexical.TRANSITIONS}
    assert FineTunedNer().learned(made) == []
    monkeypatch.setattr(word_crf, "USUAL_TAGS", 0.01)
    assert made._learn_beside(train, 1) == {}
    told = f"No CRF on word pieces was added: {len(made.tags)} tags would take it too long."
    assert FineTunedNer().learned(made) == [told]
