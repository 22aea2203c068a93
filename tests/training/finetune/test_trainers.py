"""What the fine-tuning trainers refuse, each with a sentence and the next step; nothing of it needs Spark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file, save_file

from genlab_widgets.errors import BadInput, GenlabError, PoorQuality, TooFewCompletions
from genlab_widgets.training.dataset import Example, Span, build
from genlab_widgets.training.finetune import loop
from genlab_widgets.training.finetune.probe import Estimate
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.trainers import Rows, finetuning, trainer_for
from tests.training.finetune import samples


def rows(kind: str, count: int = 20, blank: bool = False) -> Rows:
    """Makes texts with one span each."""
    found = []
    for number in range(count):
        text = "the old bank   visits." if number % 2 else "the river   visits and the bank."
        start = text.index("   ") + 1
        place = (0, len(text)) if kind == "classification" else (start, start + 1) if blank else (4, 7)
        found.append(Example(number, text, (Span(*place, "xy"[number % 2]),)))
    sentences = build(found if kind == "ner" else [Example(item.task_id, item.text, ()) for item in found])[0]
    return Rows(kind_of(kind), ("x", "y"), found, found[:3], sentences, [])


def fails(kind: str, place: Path, folder: Path, given: Rows | None = None, **fields: Any) -> GenlabError:
    spec = TrainingSpec.parse(
        {"project": "p", "kind": kind, "architecture": "fine_tuned", "embeddings": f"folder:{place}", **fields}
    )
    reporter = Reporter(RunFolder(folder / "run").create(), spec.epochs)
    nothing: Any = None  # an error comes before Spark is needed
    with pytest.raises(GenlabError) as caught:
        trainer_for(spec).fit(nothing, given or rows(kind), spec, folder / "scratch", reporter)
    assert caught.value.what
    assert caught.value.next_step
    return caught.value


def another_architecture(folder: Path) -> None:
    samples.write(folder, model_type="roberta")


def missing_weights(folder: Path) -> None:
    weights = load_file(samples.write(folder) / "model.safetensors")
    weights.pop("encoder.layer.1.output.dense.weight")
    save_file(weights, folder / "model.safetensors")


def another_vocabulary(folder: Path) -> None:
    samples.write(folder)
    pieces = [*samples.PIECES, *(f"more{number}" for number in range(5))]
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")


def nothing_there(folder: Path) -> None:
    folder.mkdir()


@pytest.mark.parametrize("kind", ["ner", "classification", "assertion"])
@pytest.mark.parametrize("damage", [another_architecture, missing_weights, another_vocabulary, nothing_there])
def test_a_checkpoint_that_cannot_be_trained(tmp_path: Path, kind: str, damage: Callable[[Path], None]) -> None:
    damage(tmp_path / "tiny")
    assert isinstance(fails(kind, tmp_path / "tiny", tmp_path), BadInput)


@pytest.mark.parametrize("kind", ["classification", "assertion"])
def test_a_loss_that_is_no_number_ends_the_training(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = finetuning.recipe
    monkeypatch.setattr(finetuning, "recipe", lambda spec: replace(usual(spec), encoder_rate=1e30, head_rate=1e38))
    error = fails(kind, samples.write(tmp_path / "tiny"), tmp_path)
    assert isinstance(error, PoorQuality)
    assert "learning rate" in error.next_step


def test_entities_without_a_word_teach_nothing(tmp_path: Path) -> None:
    place = samples.write(tmp_path / "tiny")
    assert isinstance(fails("assertion", place, tmp_path, rows("assertion", blank=True)), TooFewCompletions)


def test_texts_of_one_class_have_nothing_to_tell_apart(tmp_path: Path) -> None:
    whole = rows("classification")
    alone = replace(whole, train_examples=whole.train_examples[::2])
    error = fails("classification", samples.write(tmp_path / "tiny"), tmp_path, alone)
    assert isinstance(error, TooFewCompletions)
    assert "class x" in error.why


def test_a_probe_tells_the_log_and_the_page(tmp_path: Path) -> None:
    spec = TrainingSpec.parse({"project": "p", "kind": "classification", "architecture": "fine_tuned"})
    run = RunFolder(tmp_path / "run").create()
    reporter = Reporter(run, spec.epochs)
    watcher = finetuning.watcher(reporter, spec, 10, "F1")
    reporter.began()
    watcher.estimate(Estimate(1300.0, 240.0))
    progress = run.read_progress()
    assert progress is not None
    assert progress.seconds_left == 240.0
    assert "about 4 minutes" in run.log.read_text(encoding="utf-8")
    watcher.progress(0.01, 1.0)
    watcher.progress(1.0, 1.0)
    reporter.forget()
    assert run.epochs() == []


def test_what_a_spec_says_is_how_it_trains() -> None:
    spec = TrainingSpec.parse({"project": "p", "kind": "assertion", "architecture": "fine_tuned", "epochs": 2})
    rate = spec.learning_rate
    assert finetuning.recipe(spec) == loop.Recipe(epochs=2, encoder_rate=rate, head_rate=5 * rate, seed=spec.seed)


@pytest.mark.parametrize(
    ("asked", "told"), [("automatic", "minilm"), ("minilm", "minilm"), ("folder:/data/bert", "folder:/data/bert")]
)
def test_the_result_names_the_checkpoint_that_was_trained(asked: str, told: str) -> None:
    spec = TrainingSpec.parse({"project": "p", "architecture": "fine_tuned", "embeddings": asked})
    assert finetuning.about(spec, samples.checkpoint())["name"] == told
