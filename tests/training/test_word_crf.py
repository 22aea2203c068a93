"""The CRF on words: its features, its limit, and what it tells while it learns."""

from __future__ import annotations

from genlab_widgets.training import word_crf
from genlab_widgets.training.dataset import build
from genlab_widgets.training.word_crf import features
from tests.training.test_baseline import toy


def test_rows_beyond_the_limit_are_left_out_by_the_seed() -> None:
    sentences = build(toy(100))[0]
    assert word_crf._capped(sentences, 1, word_crf.MOST_TOKENS) == sentences
    kept = word_crf._capped(sentences, 1, 200)
    assert 150 < sum(len(sentence.tokens) for sentence in kept) <= 200
    assert kept == word_crf._capped(sentences, 1, 200) != word_crf._capped(sentences, 2, 200)
    places = [(sentence.task_id, sentence.index) for sentence in kept]
    assert len(set(places)) == len(places)
    models = [word_crf.learn(sentences, 1, most=200) for _ in range(2)]
    assert models[0] is not None
    assert models[1] is not None
    assert models[0].state_features_ == models[1].state_features_


def test_features_of_edges_and_shapes() -> None:
    first, second = features(["12", "Aspirin"])
    assert "-1none" in first
    assert "+1none" not in first
    assert {"s=00", "z=0", "1l=aspirin", "2none"} <= set(first)
    assert {"w=Aspirin", "l=aspirin", "s=Xxxxxxx", "z=Xx", "p2=as", "e4=irin", "-1l=12"} <= set(second)
    assert features([]) == []
    assert features(["a"], [["there"]])[0][-1] == "there"


def test_each_pass_is_told_with_its_loss_and_nothing_is_printed(capfd: object) -> None:
    told: list[tuple[int, float]] = []
    sentences = build(toy(40))[0]
    model = word_crf.learn(sentences, 1, iterations=7, heard=lambda number, loss: told.append((number, loss)))
    assert model is not None
    assert [number for number, _ in told] == [1, 2, 3, 4, 5, 6, 7]
    assert told[-1][1] < told[0][1]
    assert capfd.readouterr() == ("", "")  # type: ignore[attr-defined]
    quiet = word_crf.learn(sentences, 1, iterations=7)
    assert quiet is not None
    assert quiet.state_features_ == model.state_features_


def test_without_entities_there_is_no_model() -> None:
    assert word_crf.learn([], 1) is None
    assert word_crf.learn(build(item.with_spans(()) for item in toy(5))[0], 1) is None
