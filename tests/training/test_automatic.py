"""What "automatic" takes, and that it says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.training import automatic
from genlab_widgets.training.embeddings import minilm
from genlab_widgets.training.spec import TrainingSpec, defaults


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


@pytest.mark.parametrize("kind", ["classification", "assertion"])
def test_other_kinds_have_one_architecture(kind: str) -> None:
    found = resolved(kind=kind)
    assert found.spec.architecture == "annotator"
    assert found.spec.epochs == defaults(kind, "annotator")["epochs"]
