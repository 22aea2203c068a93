"""The training spec: ranges, sentences, and the hash."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from genlab_widgets.errors import WrongParameters
from genlab_widgets.training.spec import TrainingSpec


def problems(**fields: Any) -> dict[str, str]:
    with pytest.raises(WrongParameters) as caught:
        TrainingSpec.parse({"project": "notes", **fields})
    assert caught.value.next_step
    found: dict[str, str] = caught.value.details["fields"]
    return found


def test_project_alone_is_enough() -> None:
    spec = TrainingSpec.parse({"project": "notes"})
    assert (spec.kind, spec.library, spec.embeddings, spec.deploy) == ("ner", "open_source", "automatic", "none")


@pytest.mark.parametrize(
    ("field", "least", "most", "below", "above"),
    [
        ("epochs", 1, 1000, 0, 1001),
        ("learning_rate", 1e-6, 1, 0, 1.1),
        ("decay", 0, 1, -0.1, 1.1),
        ("dropout", 0, 0.99, -0.1, 1),
        ("batch_size", 1, 1024, 0, 1025),
        ("validation_split", 0.01, 0.99, 0, 1),
        ("seed", 0, 2**31 - 1, -1, 2**31),
    ],
)
def test_ranges(field: str, least: float, most: float, below: float, above: float) -> None:
    for value in (least, most):
        assert getattr(TrainingSpec.parse({"project": "notes", field: value}), field) == value
    for value in (below, above):
        assert list(problems(**{field: value})) == [field]


@pytest.mark.parametrize("field", ["learning_rate", "decay", "dropout", "validation_split"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(field: str, value: float) -> None:
    assert list(problems(**{field: value})) == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", "pos"), ("library", "free"), ("deploy", "later"), ("embeddings", ""), ("project", ""), ("epochs", "ten")],
)
def test_wrong_values_name_their_field(field: str, value: object) -> None:
    assert list(problems(**{field: value})) == [field]


def test_every_problem_is_told_at_once() -> None:
    found = problems(epochs=0, dropout=2, learning_rte=0.1)
    assert set(found) == {"epochs", "dropout", "learning_rte"}
    with pytest.raises(WrongParameters, match=r"epochs: .*; dropout: .*learning_rte: "):
        TrainingSpec.parse({"project": "notes", "epochs": 0, "dropout": 2, "learning_rte": 0.1})


@pytest.mark.parametrize("tag", ["Test", "train", "TRAIN"])
def test_tags_and_a_split_by_tags_exclude_each_other(tag: str) -> None:
    found = problems(test_train_tags=True, tags=("ward", tag))
    assert found == {"spec": "tags cannot name Test or Train when the split follows those tags"}
    assert TrainingSpec.parse({"project": "notes", "tags": (tag,)}).tags == (tag,)


def test_parameters_are_json_and_give_the_spec_again() -> None:
    spec = TrainingSpec(project="notes", tags=("a", "b"), leave_out_labels=("X",), classifier=None)
    written = json.loads(json.dumps(spec.parameters()))
    assert TrainingSpec.parse(written) == spec
    assert written["tags"] == ["a", "b"]
    assert written["classifier"] is None


def test_digest_follows_the_fields_and_nothing_else() -> None:
    spec = TrainingSpec(project="notes", epochs=5, seed=3)
    other_order = TrainingSpec.parse({"seed": 3, "epochs": 5, "project": "notes"})
    assert spec.digest() == other_order.digest()
    assert len(spec.digest()) == 64
    every = {spec.digest(), *(TrainingSpec(project="notes", epochs=5, seed=seed).digest() for seed in (4, 5))}
    assert len(every) == 3
    assert TrainingSpec(project="notés 😀").digest() != TrainingSpec(project="notes 😀").digest()


def test_a_spec_never_changes() -> None:
    with pytest.raises(ValueError, match="frozen"):
        TrainingSpec(project="notes").epochs = 3  # type: ignore[misc]
