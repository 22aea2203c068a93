"""What "automatic" takes, and that it says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.training import automatic
from genlab_widgets.training.embeddings import minilm
from genlab_widgets.training.estimate import estimate
from genlab_widgets.training.finetune import device
from genlab_widgets.training.spec import TrainingSpec, defaults
from genlab_widgets.training.trainers import trainer_for
from genlab_widgets.training.trainers.classifier_race import ClassifierRace
from genlab_widgets.training.trainers.crf import WordCrf
from genlab_widgets.training.trainers.ner_race import NerRace


@pytest.fixture(autouse=True)
def _minilm_is_here_on_a_usual_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "fetched", lambda: True)
    monkeypatch.setattr(device, "multiplies_half", lambda: False)


def resolved(language: str = "en", tokens: int = 40_000, **fields: Any) -> automatic.Choice:
    return automatic.resolve(TrainingSpec.parse({"project": "p", **fields}), language, tokens)


def test_english_entities_are_fine_tuned() -> None:
    found = resolved()
    assert found.spec.architecture == "fine_tuned"
    assert found.spec.epochs == defaults("ner", "fine_tuned")["epochs"]
    assert "English" in found.why
    assert "minutes" in found.why


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"embeddings": "word2vec"}, "word2vec were asked for"),
        ({"embeddings": "vectors:/v.txt"}, "/v.txt were asked for"),
        ({"embeddings": "minilm", "tokens": 5_000_000}, "would take about"),
    ],
)
def test_others_learn_on_frozen_embeddings_with_their_own_defaults(fields: dict[str, Any], why: str) -> None:
    found = resolved(**fields)
    assert found.spec.architecture == "annotator"
    assert {name: getattr(found.spec, name) for name in defaults("ner", "annotator")} == defaults("ner", "annotator")
    assert why in found.why


def test_parameters_that_somebody_set_stay() -> None:
    found = resolved(embeddings="word2vec", epochs=3, dropout=0.45)
    assert (found.spec.epochs, found.spec.dropout) == (3, 0.45)
    assert found.spec.learning_rate == defaults("ner", "annotator")["learning_rate"]


def test_entities_in_other_languages_are_raced() -> None:
    found = resolved("de")
    assert found.spec.architecture == "automatic"
    assert isinstance(trainer_for(found.spec), NerRace)
    assert found.spec.epochs == defaults("ner", "fine_tuned")["epochs"]
    assert "knows English and gets to know German" in found.why


def test_without_the_transformer_a_crf_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    found = resolved(tokens=5_000_000)
    assert found.spec.architecture == "crf"
    assert found.spec.epochs == defaults("ner", "crf")["epochs"]
    assert found.why.startswith("Automatic trains a CRF on words: fine-tuning 5,000,000 tokens would take about")
    monkeypatch.setattr(automatic, "can_fine_tune", lambda: False)
    assert resolved("de").spec.architecture == "crf"
    assert resolved().spec.architecture == "annotator"  # on MiniLM's vectors
    monkeypatch.setattr(minilm, "fetched", lambda: False)
    monkeypatch.setattr(minilm, "obstacle", lambda: "It cannot be fetched.")
    assert resolved().spec.architecture == "crf"
    assert isinstance(trainer_for(resolved().spec), WordCrf)


def test_few_texts_are_seen_more_often() -> None:
    assert [resolved(tokens=tokens).spec.epochs for tokens in (1_000, 8_000, 40_000)] == [20, 10, 5]
    assert "10 epochs" in resolved(tokens=8_000).why
    assert resolved("de", tokens=8_000).spec.epochs == 10
    assert resolved(tokens=8_000, epochs=3).spec.epochs == 3


def test_many_texts_need_fewer_epochs_to_end_within_the_hour() -> None:
    usual = defaults("ner", "fine_tuned")["epochs"]
    assert resolved(tokens=300_000).spec.epochs == usual
    assert 2 <= resolved(tokens=1_000_000).spec.epochs < usual
    assert resolved(tokens=1_000_000).spec.architecture == "fine_tuned"


def test_what_was_named_is_taken_as_it_is() -> None:
    spec = TrainingSpec.parse({"project": "p", "architecture": "annotator"})
    assert automatic.resolve(spec, "en", 100) == automatic.Choice(spec, "")


def test_a_checkpoint_of_ones_own_is_fine_tuned_in_any_language(tmp_path: Path) -> None:
    assert resolved("de", embeddings=f"folder:{tmp_path}").spec.architecture == "annotator"
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert resolved("de", embeddings=f"folder:{tmp_path}").spec.architecture == "fine_tuned"


def test_classifiers_are_raced_where_fine_tuning_is_possible_and_quick_enough() -> None:
    found = resolved(kind="classification")
    assert found.spec.architecture == "automatic"
    assert isinstance(trainer_for(found.spec), ClassifierRace)
    assert "compares classifiers" in found.why
    assert resolved(kind="classification", tokens=200_000).spec.architecture == "annotator"
    assert "minutes" in resolved(kind="classification", tokens=200_000).why
    asked = resolved(kind="classification", head="logistic_regression")
    assert asked.spec.architecture == "annotator"
    assert "was asked for" in asked.why
    german = resolved("de", kind="classification")
    assert german.spec.architecture == "annotator"
    assert german.spec.epochs == defaults("classification", "annotator")["epochs"]


def test_the_race_takes_longer_than_one_architecture() -> None:
    raced = TrainingSpec.parse({"project": "p", "kind": "classification"})
    single = [automatic.with_architecture(raced, name) for name in ("annotator", "fine_tuned")]
    seconds = [estimate(spec, 10_000, 1_000, 384, 384).seconds for spec in (raced, *single)]
    assert seconds[0] > max(seconds[1:])
    assert single[1].epochs == defaults("classification", "fine_tuned")["epochs"]


def test_assertion_is_fine_tuned_like_entities() -> None:
    found = resolved(kind="assertion")
    assert found.spec.architecture == "fine_tuned"
    assert found.spec.epochs == defaults("assertion", "fine_tuned")["epochs"]
    assert resolved("de", kind="assertion").spec.architecture == "annotator"
