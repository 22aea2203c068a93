"""Which classifier "automatic" takes, by scores on held-out training texts, and that it says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.errors import PoorQuality
from genlab_widgets.training.epochs import Epoch
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import Candidate, RunFolder
from genlab_widgets.training.spec import TrainingSpec, defaults
from genlab_widgets.training.trainers import Rows, Trained, classifier_race, trainer_for

SPEC = TrainingSpec.parse({"project": "p", "kind": "classification"})
ROWS = Rows(kind_of("classification"), ("a", "b"), [], [], [], [])
TUNED: Any = "the fine-tuned pipeline"
FROZEN: Any = "the frozen pipeline"


class Compared:
    """Heads that reached this F1 on the held-out texts."""

    def __init__(self, f1: float | None) -> None:
        self.race: list[Any] = [
            ("head", Candidate(name="classifier_dl", title="ClassifierDL", f1=0.1)),
            ("head", Candidate(name="logistic_regression", title="Logistic regression", f1=f1, chosen=True)),
        ]
        self.dropped = False

    def learn(self, reporter: Reporter) -> Trained:
        self.dropped = True
        return Trained(model=FROZEN, predicted=[], race=[told for _, told in self.race])

    def drop(self) -> None:
        self.dropped = True


def run(
    monkeypatch: pytest.MonkeyPatch, folder: Path, frozen: float | None, tuned: float | Exception
) -> tuple[Trained, list[TrainingSpec], RunFolder]:
    """Lets the race run with these scores; returns what it took, the specs that trained, and the run's folder."""
    compared, seen = Compared(frozen), []

    def compare(spark: Any, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Any:
        seen.append(spec)
        return compared

    def fit(self: Any, spark: Any, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        seen.append(spec)
        reporter.began()
        reporter.epochs([Epoch(number=1, total=spec.epochs, seconds=1.0, loss=1.0)])
        if isinstance(tuned, Exception):
            raise tuned
        return Trained(model=TUNED, predicted=[], validation=tuned, durations={"training": 5.0})

    monkeypatch.setattr(classifier_race.classification, "compare", compare)
    monkeypatch.setattr(classifier_race.FineTunedClassifier, "fit", fit)
    made = RunFolder(folder / "run").create()
    spark: Any = None
    trained = trainer_for(SPEC).fit(spark, ROWS, SPEC, folder, Reporter(made, SPEC.epochs))
    assert compared.dropped
    return trained, seen, made


def test_heads_that_are_nearly_always_right_are_taken_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trained, seen, _ = run(monkeypatch, tmp_path, 0.98, 1.0)
    assert trained.model is FROZEN
    assert [spec.architecture for spec in seen] == ["annotator"]
    assert "0.980" in trained.why


def test_too_few_texts_to_compare_on_are_not_fine_tuned_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trained, seen, _ = run(monkeypatch, tmp_path, None, 1.0)
    assert trained.model is FROZEN
    assert len(seen) == 1
    assert "too few" in trained.why


def test_the_better_transformer_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trained, seen, folder = run(monkeypatch, tmp_path, 0.8, 0.9)
    assert trained.model is TUNED
    assert trained.spec.architecture == "fine_tuned"
    assert [item.name for item in trained.race] == ["classifier_dl", "logistic_regression", "fine_tuned"]
    assert [item.name for item in trained.race if item.chosen] == ["fine_tuned"]
    assert trained.race[-1].seconds == 5.0
    assert "0.900" in trained.why
    assert "0.800" in trained.why
    assert len(folder.epochs()) == 1
    for spec, architecture in zip(seen, ("annotator", "fine_tuned"), strict=True):
        own = defaults("classification", architecture)
        assert {name: getattr(spec, name) for name in own} == own


def test_better_heads_stay_and_the_losers_epochs_are_dropped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trained, _, folder = run(monkeypatch, tmp_path, 0.9, 0.9)
    assert trained.model is FROZEN
    assert [item.name for item in trained.race if item.chosen] == ["logistic_regression"]
    assert trained.race[-1].f1 == 0.9
    assert "stayed" in trained.why
    assert folder.epochs() == []


def test_a_transformer_that_learns_nothing_does_not_end_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    error = PoorQuality("Its loss stopped being a number.", "Too large steps.", "Train slower.")
    trained, _, folder = run(monkeypatch, tmp_path, 0.8, error)
    assert trained.model is FROZEN
    assert trained.race[-1].f1 is None
    assert "learned nothing" in trained.why
    assert "Its loss stopped" in folder.log.read_text(encoding="utf-8")
