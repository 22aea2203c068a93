"""Classes of texts and entities: learned, averaged over stretches, and the same in the exported graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnxruntime import InferenceSession

from genlab_widgets.errors import PoorQuality
from genlab_widgets.training.finetune import classifier, encoder, export
from genlab_widgets.training.finetune.classifier import Classifier
from genlab_widgets.training.finetune.loop import Recipe
from genlab_widgets.training.finetune.model import HEAD
from genlab_widgets.training.finetune.wordpieces import END, MARKERS, START
from tests.training.finetune import samples

LABELS = ("money", "water")


def texts(count: int, multiple: bool, seed: int = 0) -> list[tuple[str, list[str]]]:
    """Makes texts of which ``bank`` says money and ``river`` says water."""
    found = []
    for sentence in samples.sentences(count * 3, seed):
        words = [token.text.lower() for token in sentence.tokens]
        classes = [label for label, word in zip(LABELS, ("bank", "river"), strict=True) if word in words]
        if multiple or len(classes) == 1:
            found.append((" ".join(words), classes))
    return found[:count]


def entities(count: int, seed: int = 0) -> list[tuple[list[list[str]], list[str]]]:
    """Makes passages that hold ``bank`` and ``river``, of which the marked one decides."""
    numbers = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        words = [str(word) for word in numbers.permutation(["bank", "river", "and", "visits"])]
        meant = str(numbers.choice(["bank", "river"]))
        place = words.index(meant)
        marked = [*words[:place], MARKERS[0], meant, MARKERS[1], *words[place + 1 :]]
        found.append(([marked], ["money" if meant == "bank" else "water"]))
    return found


def passages(made: Classifier, given: list[tuple[str, list[str]]]) -> list[Any]:
    return [(made.passage(text), found) for text, found in given]


@pytest.fixture(scope="module", params=[False, True], ids=["single", "multiple"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Classifier, Any]:
    """A classifier that has learned the tiny task, and its weights."""
    made = Classifier(samples.checkpoint(case=True), LABELS, multiple=request.param)
    recipe = Recipe(epochs=10, encoder_rate=3e-3, head_rate=1e-2, patience=10)
    train, validation = passages(made, texts(240, request.param)), passages(made, texts(30, request.param, seed=1))
    return made, made.fit(train, validation, recipe, tmp_path_factory.mktemp("state")).params


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Classifier, Any]:
    """A classifier of entities, and its weights."""
    made = Classifier(samples.checkpoint(case=True).with_markers(), LABELS, marked=True)
    recipe = Recipe(epochs=12, encoder_rate=3e-3, head_rate=1e-2, patience=12)
    return made, made.fit(entities(320), entities(40, seed=1), recipe, tmp_path_factory.mktemp("state")).params


def test_it_learns_what_is_there(trained: tuple[Classifier, Any]) -> None:
    made, params = trained
    test = texts(40, made.multiple, seed=2)
    found = made.predict(params, [made.passage(text) for text, _ in test])
    assert classifier.micro_f1([set(classes) for _, classes in test], [set(classes) for classes in found]) > 0.9


def test_it_learns_of_which_word_the_markers_speak(marked: tuple[Classifier, Any]) -> None:
    made, params = marked
    test = entities(60, seed=2)
    found = made.predict(params, [passage for passage, _ in test])
    assert sum(a == b for a, (_, b) in zip(found, test, strict=True)) > 54


@pytest.mark.parametrize("cased", [False, True])
def test_markers_are_pieces_of_their_own_and_change_no_other(cased: bool) -> None:
    before = samples.checkpoint(case=cased)
    after = before.with_markers()
    for word in (*samples.WORDS, "oldest", "Bank", "!"):
        assert after.vocabulary.encode(word) == before.vocabulary.encode(word)
    ids = [after.vocabulary.encode(marker) for marker in MARKERS]
    assert [len(found) for found in ids] == [1, 1]
    assert [after.vocabulary.base[found[0]] for found in ids] == [len(samples.PIECES), len(samples.PIECES) + 1]
    assert {int(after.vocabulary.case[found[0]]) for found in ids} == {after.shape.types - 1}
    assert after.weights["embeddings.word_embeddings.weight"].shape[0] == after.shape.vocabulary


def test_the_threshold_is_chosen_on_the_validation_part() -> None:
    made = Classifier(samples.checkpoint(), LABELS, multiple=True)
    scores = np.asarray([[0.3, 0.1], [0.1, 0.35], [0.15, 0.2]], "float32")
    assert made.choose(scores, [{"money"}, {"water"}, set()]) == 1
    assert made.threshold == 0.3
    assert made.taken(scores) == [["money"], ["water"], []]


def test_probabilities_of_a_long_text_are_the_mean_of_its_stretches(trained: tuple[Classifier, Any]) -> None:
    made, params = trained
    long = made.passage(" ".join(["the old bank visits"] * 20 + ["and the river"] * 20))
    assert len(long) > 5
    alone = made.probabilities(params, [[part] for part in long])
    np.testing.assert_allclose(made.probabilities(params, [long])[0], alone.mean(axis=0), atol=1e-5)


def test_a_text_of_fifty_thousand_characters_is_read_whole(trained: tuple[Classifier, Any]) -> None:
    made, params = trained
    long = made.passage("the old bank visits. " * 2400)
    assert sum(map(len, long)) == 5 * 2400
    assert np.isfinite(made.probabilities(params, [long])).all()


def test_a_text_without_words_has_no_probability(trained: tuple[Classifier, Any]) -> None:
    made, params = trained
    found = made.probabilities(params, [made.passage(text) for text in ("", "  ", "bank")])
    assert not found[:2].any()
    assert found[2].any()
    assert made.probabilities(params, []).shape == (0, 2)


def test_a_label_with_two_examples_and_one_with_none_do_not_stop_the_training(tmp_path: Path) -> None:
    made = Classifier(samples.checkpoint(), (*LABELS, "rare", "never"))
    train = passages(made, [*texts(40, multiple=False), ("old old", ["rare"]), ("visits", ["rare"])])
    outcome = made.fit(train, train[:4], Recipe(epochs=1), tmp_path)
    assert np.isfinite(outcome.params["classifier.weight"]).all()


def test_too_high_a_learning_rate_ends_with_a_next_step(tmp_path: Path) -> None:
    made = Classifier(samples.checkpoint(), LABELS)
    train = passages(made, texts(40, multiple=False))
    with pytest.raises(PoorQuality) as caught:
        made.fit(train, train, Recipe(epochs=3, encoder_rate=1e30, head_rate=1e38), tmp_path)
    assert "learning rate" in caught.value.next_step


def given_to(made: Classifier, passages: list[Any]) -> dict[str, Any]:
    """Returns what Spark NLP hands to the graph for passages of one stretch."""
    vocabulary = made.checkpoint.vocabulary
    rows = [
        [
            vocabulary.id_of(START),
            *(piece for word in words for piece in vocabulary.encode(word)),
            vocabulary.id_of(END),
        ]
        for (words,) in passages
    ]
    ids = np.zeros((len(rows), max(map(len, rows))), "int64")
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
    return {"input_ids": ids, "attention_mask": (ids != 0).astype("int64"), "token_type_ids": np.zeros_like(ids)}


def graph_gives_what_training_gives(made: Classifier, params: Any, read: list[Any], folder: Path) -> None:
    vocabulary = made.checkpoint.vocabulary
    weights = encoder.unstack(params)
    model = export.sequence_classifier(weights, made.checkpoint.shape, vocabulary, HEAD, made.marked, made.multiple)
    export.write(model, vocabulary, made.labels, folder)
    (logits,) = InferenceSession(folder / "model.onnx").run(["logits"], given_to(made, read))
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    found = shifted / shifted.sum(axis=1, keepdims=True)
    if made.multiple:  # as the pipeline does it
        found = found[:, :-1] / (found[:, :-1] + found[:, -1:])
    np.testing.assert_allclose(found, made.probabilities(params, read), atol=1e-5)


def test_the_graph_gives_the_scores_of_training(trained: tuple[Classifier, Any], tmp_path: Path) -> None:
    made, params = trained
    words = [text.title() if place % 2 else text for place, (text, _) in enumerate(texts(20, made.multiple, seed=3))]
    graph_gives_what_training_gives(made, params, [made.passage(text) for text in words], tmp_path / "model")


def test_the_graph_of_marked_words_too(marked: tuple[Classifier, Any], tmp_path: Path) -> None:
    made, params = marked
    graph_gives_what_training_gives(made, params, [passage for passage, _ in entities(20, seed=3)], tmp_path / "model")


def test_micro_f1_of_single_classes_is_the_accuracy() -> None:
    assert classifier.micro_f1([{"a"}, {"b"}], [{"a"}, {"a"}]) == 0.5
    assert classifier.micro_f1([{"a", "b"}], [{"a"}]) == pytest.approx(2 / 3)
    assert classifier.micro_f1([set()], [set()]) == 0
