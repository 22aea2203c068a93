"""Heads on frozen vectors, without Spark: which settings are compared, and what is said of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genlab_widgets.training.trainers import heads
from genlab_widgets.training.trainers.heads import STRENGTHS, Logistic, Texts

ALL = (10.0, 30.0, 100.0, 300.0)


@pytest.mark.parametrize(
    ("texts", "classes", "multiple", "tried"),
    [
        (16_000, 77, True, (30.0,)),
        (12_000, 50, True, (30.0, 100.0)),
        (10_000, 60, True, (10.0, 30.0, 100.0)),
        (8_000, 50, True, ALL),
        (0, 0, True, ALL),
        (16_000, 77, False, ALL),
    ],
)
def test_many_classes_of_many_texts_compare_fewer_settings(
    texts: int, classes: int, multiple: bool, tried: tuple[float, ...]
) -> None:
    assert heads.strengths(texts, classes, multiple) == tried


def test_measured_fits_are_near() -> None:
    for texts, seconds in ((4_000, 0.24), (8_000, 0.77), (16_000, 3.5)):
        assert heads.fit_seconds(texts, 1, True) == pytest.approx(seconds, rel=0.25)


def data(count: int = 60) -> tuple[Texts, dict[int, frozenset[str]]]:
    frame: Any = None
    classes = [frozenset({"a"} if number % 2 else {"b"}) for number in range(count)]
    texts = {number: f"{' '.join(classes[number])}word in text {number}" for number in range(count)}
    vectors = np.asarray([[1.0, number % 2] for number in range(count)], "float32")
    return Texts(frame, list(range(count)), vectors, texts, ("a", "b"), True), dict(enumerate(classes))


def test_what_was_not_tried_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, truth = data()
    every, f1 = heads.choose_logistic(texts, range(40), range(40, 60), truth)
    assert f1 == 1.0
    assert every.tried == STRENGTHS
    assert "tried" not in every.note(True)
    monkeypatch.setattr(heads, "_LONGEST_COMPARISON", 0.0)
    one, _ = heads.choose_logistic(texts, range(40), range(40, 60), truth)
    assert (one.strength, one.tried) == (30.0, (30.0,))
    assert one.note(True).endswith("; of C only 30 tried, to save time")


def test_a_single_choice_says_its_strength() -> None:
    assert Logistic(100.0).note(False) == "C = 100"
