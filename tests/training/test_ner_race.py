"""What the race for entities says and takes, with and without a CRF that can be afforded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.errors import PoorQuality
from genlab_widgets.training import word_crf
from genlab_widgets.training.dataset import build
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.trainers import Rows, Trained, crf, ner_race, trainer_for
from genlab_widgets.training.word_crf import Effort
from tests.training.test_baseline import toy

SPEC = TrainingSpec.parse({"project": "p"})
ROWS = Rows(kind_of("ner"), ("DRUG", "DOSE"), toy(60), [], build(toy(60))[0], [], language="de")
TUNED: Any = "the fine-tuned pipeline"
WORDS: Any = "the CRF's pipeline"


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, tuned: float | Exception) -> tuple[Trained, str]:
    """Lets the race run with this score of the transformer; returns what it took, and the log."""

    def fit(self: Any, spark: Any, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        if isinstance(tuned, Exception):
            raise tuned
        return Trained(model=TUNED, predicted=[], validation=tuned)

    monkeypatch.setattr(ner_race.FineTunedNer, "fit", fit)
    monkeypatch.setattr(crf.WordCrf, "fit", lambda *_: Trained(model=WORDS, predicted=[]))
    made = RunFolder(folder / "run").create()
    spark: Any = None
    trained = trainer_for(SPEC).fit(spark, ROWS, SPEC, folder, Reporter(made, SPEC.epochs))
    return trained, made.log.read_text(encoding="utf-8")


def test_a_crf_that_can_be_afforded_is_compared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trained, log = run(monkeypatch, tmp_path, 0.01)
    assert trained.model is WORDS
    words, _ = trained.race
    assert words.chosen
    assert words.note == "100 passes at most"
    assert f"CRF on words: F1 {words.f1:.3f} on held-out training tasks." in log


def test_one_of_too_many_labels_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(word_crf, "USUAL_TAGS", 0.01)
    trained, log = run(monkeypatch, tmp_path, 0.01)
    assert trained.model is TUNED
    words, tuned = trained.race
    assert (words.f1, words.chosen, tuned.chosen) == (None, False, True)
    assert words.note == "left out: 4 tags would take it too long"
    assert "CRF on words: left out: 4 tags would take it too long." in log
    assert trained.why.endswith("F1 0.010 on held-out training tasks, a CRF was not compared.")


def test_where_the_transformer_learns_nothing_a_crf_is_trained_however_long_it_takes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(word_crf, "USUAL_TAGS", 0.01)
    trained, _ = run(monkeypatch, tmp_path, PoorQuality("The loss was no number.", "", ""))
    assert trained.model is WORDS
    assert trained.why == "Automatic took a CRF on words: the fine-tuned transformer learned nothing."


def test_the_log_says_what_a_crf_leaves_out() -> None:
    sentences = build(toy(60))[0]
    tokens = sum(len(sentence.tokens) for sentence in sentences)
    every = Effort(tokens, 100, True)
    assert crf._plan(sentences, every, 100) == f"Trains a CRF on {len(sentences)} sentences."
    told = crf._plan(sentences, Effort(50, 40, True), 100)
    assert told == (
        f"Trains a CRF on 50 of {tokens} tokens; more would take too long or too much memory. "
        "It makes 40 passes, not 100: there are many labels."
    )
