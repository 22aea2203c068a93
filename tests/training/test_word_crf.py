"""The CRF on words: its features, its limit, and what it tells while it learns."""

from __future__ import annotations

import random

import pytest

from genlab_widgets.training import word_crf
from genlab_widgets.training.benchmark import evaluate_entities
from genlab_widgets.training.dataset import Sentence, build
from genlab_widgets.training.tokens import Token
from genlab_widgets.training.word_crf import ITERATIONS, MOST_TOKENS, MOST_TOKENS_ALONE, Effort, features
from tests.training.test_baseline import toy
from tests.unspaced import LABELS, UNSPACED, Unspaced, example


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


@pytest.mark.parametrize("language", UNSPACED, ids=lambda language: language.code)
def test_names_in_scripts_without_blanks_are_learned(language: Unspaced) -> None:
    """Before, a clause was one token, all marks of it but one were dropped, and F1 was 0."""
    train, test = ([example(language, number) for number in part] for part in (range(80), range(80, 100)))
    sentences, report = build(train)
    assert report.aligned > 0.96 * report.spans > 400  # Thai has no full stops: a long text is cut at some blank
    model = word_crf.learn(sentences, 1)
    assert model is not None
    predicted = word_crf.predict(model, test, build(item.with_spans(()) for item in test)[0])
    assert evaluate_entities(test, predicted, LABELS).f1 > 0.88


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


@pytest.mark.parametrize("labels", [1, 8, 20])
def test_up_to_twenty_labels_all_that_is_allowed_is_learned_from(labels: int) -> None:
    tags = 2 * labels + 1
    for tokens in (0, 1, 50_000, MOST_TOKENS, 10 * MOST_TOKENS):
        assert word_crf.effort(tokens, tags) == Effort(min(tokens, MOST_TOKENS), ITERATIONS, True)
    assert word_crf.effort(4_000_000, tags, MOST_TOKENS_ALONE, 300) == Effort(MOST_TOKENS_ALONE, 300, True)
    assert word_crf.effort(50_000, tags, passes=3) == Effort(50_000, 3, True)


def test_more_labels_learn_from_fewer_tokens_then_in_fewer_passes_then_not_at_all() -> None:
    efforts = [word_crf.effort(1_000_000, 2 * labels + 1) for labels in (20, 40, 80, 120, 300)]
    assert [found.tokens for found in efforts] == [300_000, 76_863, 30_000, 30_000, 30_000]
    assert [found.passes for found in efforts] == [100, 100, 64, 28, 25]
    assert [found.affordable for found in efforts] == [True, True, True, True, False]
    assert word_crf.effort(2_000, 601).affordable  # few texts are learned from in any case
    assert word_crf.effort(1_000_000, 601, MOST_TOKENS_ALONE) == Effort(30_000, 46, True)


def test_no_effort_costs_more_than_that_of_twenty_labels() -> None:
    most = MOST_TOKENS * ITERATIONS * word_crf.USUAL_TAGS**2
    for labels in range(1, 400, 7):
        for tokens in (100, 5_000, 29_000, 31_000, 200_000, 2_000_000):
            found = word_crf.effort(tokens, 2 * labels + 1)
            assert not found.affordable or found.tokens * found.passes * (2 * labels + 1) ** 2 <= most


def many_labels(labels: int, tokens: int) -> list[Sentence]:
    """Sentences of ten words with one entity, each label in turn."""
    numbers, found = random.Random(0), []
    for number in range(tokens // 10):
        words = [Token(f"w{numbers.randint(0, 500)}", 2 * place, 2 * place + 1) for place in range(10)]
        found.append(Sentence(number, 0, 0, words, ["O"] * 8 + [f"B-L{number % labels}", f"I-L{number % labels}"]))
    return found


def test_a_crf_of_many_labels_makes_the_passes_that_it_can_afford(monkeypatch: pytest.MonkeyPatch) -> None:
    sentences, told = many_labels(60, 1_200), list[int]()
    assert word_crf.effort_on(sentences).passes == ITERATIONS
    monkeypatch.setattr(word_crf, "_FEWEST_TOKENS", 600)
    monkeypatch.setattr(word_crf, "_FEWEST_PASSES", 2)
    spent = word_crf.effort_on(sentences, most=1_000)
    assert spent == Effort(600, 19, True)
    model = word_crf.learn(sentences, 1, most=1_000, heard=lambda number, loss: told.append(number))
    assert model is not None
    assert told == list(range(1, 20))
