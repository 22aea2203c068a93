"""What "automatic" takes, and that it says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.training import automatic
from genlab_widgets.training.embeddings import minilm
from genlab_widgets.training.estimate import estimate
from genlab_widgets.training.spec import TrainingSpec, defaults
from genlab_widgets.training.trainers import trainer_for
from genlab_widgets.training.trainers.race import ClassifierRace


@pytest.fixture(autouse=True)
def _minilm_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "fetched", lambda: True)


def resolved(language: str = "en", tokens: int = 20_000, **fields: Any) -> automatic.Choice:
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
        ({"language": "de"}, "these texts are de"),
        ({"embeddings": "word2vec"}, "word2vec were asked for"),
        ({"embeddings": "vectors:/v.txt"}, "/v.txt were asked for"),
        ({"tokens": 5_000_000}, "would take about"),
    ],
)
def test_others_learn_on_frozen_embeddings_with_their_own_defaults(fields: dict[str, Any], why: str) -> None:
    found = resolved(**fields)
    assert found.spec.architecture == "annotator"
    assert {name: getattr(found.spec, name) for name in defaults("ner", "annotator")} == defaults("ner", "annotator")
    assert why in found.why


def test_parameters_that_somebody_set_stay() -> None:
    found = resolved(language="de", epochs=3, dropout=0.45)
    assert (found.spec.epochs, found.spec.dropout) == (3, 0.45)
    assert found.spec.learning_rate == defaults("ner", "annotator")["learning_rate"]


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
