"""Classes of texts: learned, averaged over stretches, and the same in the exported graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnxruntime import InferenceSession

from genlab_widgets.training.finetune import classifier, encoder, export
from genlab_widgets.training.finetune.classifier import Classifier
from genlab_widgets.training.finetune.loop import Recipe
from genlab_widgets.training.finetune.wordpieces import stretches, windows
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


@pytest.fixture(scope="module", params=[False, True], ids=["single", "multiple"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Classifier, Any]:
    """A classifier that has learned the tiny task, and its weights."""
    made = Classifier(samples.checkpoint(case=True), LABELS, multiple=request.param)
    recipe = Recipe(epochs=10, encoder_rate=3e-3, head_rate=1e-2, patience=10)
    train, validation = texts(240, request.param), texts(30, request.param, seed=1)
    return made, made.fit(train, validation, recipe, tmp_path_factory.mktemp("state")).params


def test_it_learns_what_is_there(trained: tuple[Classifier, Any]) -> None:
    made, params = trained
    test = texts(40, made.multiple, seed=2)
    found = made.predict(params, [text for text, _ in test])
    assert classifier.micro_f1([set(classes) for _, classes in test], [set(classes) for classes in found]) > 0.9


def test_probabilities_of_a_long_text_are_the_mean_of_its_stretches(trained: tuple[Classifier, Any]) -> None:
    made, params = trained
    long = " ".join(["the old bank visits"] * 20 + ["and the river"] * 20)
    parts = [" ".join(token.text for token in part) for part in stretches(long, made.stretch, by_sentence=False)]
    assert len(parts) > 5
    alone = made.probabilities(params, parts)
    np.testing.assert_allclose(made.probabilities(params, [long])[0], alone.mean(axis=0), atol=1e-5)


def test_a_text_without_words_has_no_probability(trained: tuple[Classifier, Any]) -> None:
    made, params = trained
    found = made.probabilities(params, ["", "  ", "bank"])
    assert not found[:2].any()
    assert found[2].any()
    assert made.probabilities(params, []).shape == (0, 2)


def test_the_graph_gives_the_scores_of_training(trained: tuple[Classifier, Any], tmp_path: Path) -> None:
    made, params = trained
    vocabulary = made.checkpoint.vocabulary
    weights = encoder.unstack(params)
    model = export.sequence_classifier(weights, made.checkpoint.shape, vocabulary, classifier.HEAD)
    folder = export.write(model, vocabulary, made.labels, tmp_path / "model")
    words = [text.title() if place % 2 else text for place, (text, _) in enumerate(texts(20, made.multiple, seed=3))]
    cut = windows(vocabulary, [text.split() for text in words], made.longest)
    ids = np.zeros((len(cut), max(len(window.ids) for window in cut)), "int64")
    for row, window in enumerate(cut):
        ids[row, : len(window.ids)] = window.ids
    given = {"input_ids": ids, "attention_mask": (ids != 0).astype("int64"), "token_type_ids": np.zeros_like(ids)}
    (logits,) = InferenceSession(folder / "model.onnx").run(["logits"], given)
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    found = 1 / (1 + np.exp(-logits)) if made.multiple else shifted / shifted.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, made.probabilities(params, words), atol=1e-5)


def test_micro_f1_of_single_classes_is_the_accuracy() -> None:
    assert classifier.micro_f1([{"a"}, {"b"}], [{"a"}, {"a"}]) == 0.5
    assert classifier.micro_f1([{"a", "b"}], [{"a"}]) == pytest.approx(2 / 3)
    assert classifier.micro_f1([set()], [set()]) == 0
