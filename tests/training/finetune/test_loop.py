"""The training loop: same seed, same weights; killed and gone on, same weights; stop, patience, NaN."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from genlab_widgets.errors import PoorQuality
from genlab_widgets.training.finetune import probe, tagger
from genlab_widgets.training.finetune.loop import Recipe, Trainer, Watcher
from genlab_widgets.training.finetune.probe import Estimate
from genlab_widgets.training.finetune.rows import LENGTHS, Row, batches, in_order
from genlab_widgets.training.finetune.state import EpochResult
from tests.training.finetune import samples


def rows(count: int) -> list[Row]:
    """Rows of growing length; the ids name the row."""
    found = []
    for place in range(count):
        length = 3 + place % 40
        ids = np.full(length, place, "int32")
        found.append(Row(ids, np.zeros_like(ids), np.arange(length, dtype="int32") - 1, np.full(length, -1, "int32")))
    return found


def test_batches_hold_each_row_once_and_follow_seed_and_epoch() -> None:
    given = rows(1000)
    found = list(batches(given, 16, seed=1, epoch=1))
    seen = sorted(
        int(ids[0]) for batch in found for ids, mask in zip(batch["ids"], batch["mask"], strict=True) if mask.any()
    )
    assert seen == list(range(1000))
    assert {batch["ids"].shape[1] for batch in found} <= set(LENGTHS)
    again = list(batches(given, 16, seed=1, epoch=1))
    assert all((a["ids"] == b["ids"]).all() for a, b in zip(found, again, strict=True))
    other = list(batches(given, 16, seed=1, epoch=2))
    assert any(
        a["ids"].shape != b["ids"].shape or (a["ids"] != b["ids"]).any() for a, b in zip(found, other, strict=True)
    )
    padding = sum(batch["mask"].size for batch in found) / sum(int(batch["mask"].sum()) for batch in found)
    assert padding < 1.6


def test_in_order_gives_each_row_its_place() -> None:
    given = rows(37)
    for places, batch in in_order(given, 8):
        assert batch["ids"].shape[0] == 8
        assert [int(ids[0]) for ids in batch["ids"][: len(places)]] == places


class Small:
    """A tagger, its rows and a fresh trainer, all the same each time."""

    def __init__(self, epochs: int = 3, **recipe: Any) -> None:
        train = samples.sentences(40)
        self.tagger = tagger.Tagger(samples.checkpoint(), tagger.tags_of(train))
        self.recipe = Recipe(epochs=epochs, batch=8, encoder_rate=1e-3, **recipe)
        self.train, self.validation = train[:32], train[32:]

    def fit(self, folder: Path, watcher: Watcher | None = None) -> Any:
        return self.tagger.fit(self.train, self.validation, self.recipe, folder, watcher)


def same(a: Any, b: Any) -> bool:
    return bool(a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a))


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(tmp_path: Path) -> None:
    first, second = Small().fit(tmp_path / "a"), Small().fit(tmp_path / "b")
    assert same(first.params, second.params)
    assert [epoch.loss for epoch in first.epochs] == [epoch.loss for epoch in second.epochs]
    assert not same(first.params, Small(seed=7).fit(tmp_path / "c").params)


def test_a_killed_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = Small().fit(tmp_path / "whole")

    class Killed(Exception):
        pass

    steps = 0

    def kill(fraction: float, loss: float) -> None:
        nonlocal steps
        steps += 1
        if steps == 5:  # in the second of three epochs of three or four steps
            raise Killed

    with pytest.raises(Killed):
        Small().fit(tmp_path / "killed", Watcher(progress=kill))
    heard: list[EpochResult] = []
    resumed = Small().fit(tmp_path / "killed", Watcher(epoch=heard.append))
    assert [epoch.number for epoch in heard] == [2, 3]
    assert [epoch.loss for epoch in resumed.epochs] == [epoch.loss for epoch in whole.epochs]
    assert same(whole.params, resumed.params)


def test_a_state_half_written_is_passed_over(tmp_path: Path) -> None:
    whole = Small().fit(tmp_path / "whole")
    Small(epochs=3).fit(tmp_path / "killed", Watcher(stop=_after(5)))
    broken = tmp_path / "killed" / "epoch-2"
    broken.mkdir()
    (broken / "params.safetensors").write_bytes(b"half")
    assert same(whole.params, Small().fit(tmp_path / "killed").params)


def _after(steps: int) -> Any:
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > steps

    return stop


def test_a_finished_training_is_not_run_again(tmp_path: Path) -> None:
    whole = Small().fit(tmp_path)
    heard: list[EpochResult] = []
    again = Small().fit(tmp_path, Watcher(epoch=heard.append))
    assert not heard
    assert same(whole.params, again.params)


def test_a_stop_gives_what_is_best_so_far(tmp_path: Path) -> None:
    heard: list[EpochResult] = []
    outcome = Small().fit(tmp_path, Watcher(stop=_after(5), epoch=heard.append))
    assert outcome.stopped
    assert [epoch.number for epoch in outcome.epochs] == [1]
    assert outcome.best == 1
    assert np.isfinite(outcome.params["classifier.weight"]).all()


def test_progress_runs_from_nothing_to_one_in_each_epoch(tmp_path: Path) -> None:
    heard: list[float] = []
    Small(epochs=2).fit(tmp_path, Watcher(progress=lambda fraction, loss: heard.append(fraction)))
    epochs = [heard[: heard.index(1.0) + 1], heard[heard.index(1.0) + 1 :]]
    for steps in epochs:
        assert len(steps) > 1
        assert steps == [(place + 1) / len(steps) for place in range(len(steps))]


def fit_to(scores: list[float], folder: Path, patience: int) -> Any:
    """Trains one weight with validation scores that are given."""
    trainer = Trainer(
        lambda params, batch, key: (params["x"] ** 2).sum(), Recipe(epochs=len(scores), patience=patience)
    )
    left = iter(scores)
    return trainer.fit({"x": np.ones(2, "float32")}, rows(4), lambda params: next(left), folder)


def test_the_best_epoch_is_kept_and_patience_ends(tmp_path: Path) -> None:
    outcome = fit_to([0.1, 0.5, 0.3, 0.4, 0.9], tmp_path / "a", patience=2)
    assert [epoch.score for epoch in outcome.epochs] == [0.1, 0.5, 0.3, 0.4]
    assert outcome.best == 2
    # Of equal scores the later epoch counts, and the weights are those of the best one.
    assert fit_to([0.5, 0.5, 0.4], tmp_path / "b", patience=3).best == 2
    last = fit_to([0.1, 0.2], tmp_path / "c", patience=3)
    first = fit_to([0.2, 0.1], tmp_path / "d", patience=3)
    assert first.params["x"][0] > last.params["x"][0]


def test_a_loss_that_is_no_number_ends_with_a_next_step(tmp_path: Path) -> None:
    trainer = Trainer(lambda params, batch, key: jnp.log(-params["x"]).sum(), Recipe(epochs=2))
    with pytest.raises(PoorQuality) as caught:
        trainer.fit({"x": np.ones(1, "float32")}, rows(4), lambda params: 0.0, tmp_path)
    assert "learning rate" in caught.value.next_step
    assert not (tmp_path / "state.json").exists()


def test_weights_that_only_the_last_step_broke_are_found(tmp_path: Path) -> None:
    trainer = Trainer(lambda params, batch, key: jnp.sqrt(params["x"]).sum(), Recipe(epochs=1))
    with pytest.raises(PoorQuality):
        trainer.fit({"x": np.zeros(1, "float32")}, rows(4), lambda params: 0.0, tmp_path)
    assert not (tmp_path / "state.json").exists()


def test_a_state_of_other_rows_is_passed_over(tmp_path: Path) -> None:
    Small(epochs=1).fit(tmp_path)
    other = Small(epochs=1)
    other.train = [sentence for sentence in other.train if "river" not in [token.text for token in sentence.tokens]]
    heard: list[EpochResult] = []
    other.fit(tmp_path, Watcher(epoch=heard.append))
    assert [epoch.number for epoch in heard] == [1]


def test_the_first_steps_tell_once_how_long_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    watcher = Watcher(epoch=lambda result: heard.append(result.number), estimate=heard.append)
    monkeypatch.setattr(probe, "SECONDS", 0.0)
    Small(epochs=2).fit(tmp_path, watcher)
    estimate, *numbers = heard
    assert isinstance(estimate, Estimate)
    assert numbers == [1, 2]
    assert estimate.pieces_per_second > 0
    assert estimate.seconds > 0
    Small(epochs=3).fit(tmp_path, watcher)
    assert heard[3:] == [3]  # one that goes on tells nothing


def test_a_training_of_few_seconds_tells_after_its_first_epoch(tmp_path: Path) -> None:
    heard: list[Any] = []
    Small(epochs=2).fit(tmp_path, Watcher(epoch=lambda result: heard.append(result.number), estimate=heard.append))
    assert [isinstance(item, Estimate) for item in heard] == [True, False, False]


def test_old_states_are_cleared_away(tmp_path: Path) -> None:
    Small().fit(tmp_path)
    assert sorted(path.name for path in tmp_path.glob("epoch-*")) == ["epoch-3"]
    assert len(list(tmp_path.glob("best-*"))) == 1
    shutil.rmtree(tmp_path)
