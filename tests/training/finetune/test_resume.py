"""A training whose process was killed (SIGKILL) goes on from its last finished epoch, in another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genlab_widgets.training.finetune.classifier import Classifier
from genlab_widgets.training.finetune.loop import EpochResult, Recipe, Watcher
from tests.training.finetune import samples

RECIPE = Recipe(epochs=3, batch=8, encoder_rate=1e-3)
ROOT = Path(__file__).parents[3]


def fit(folder: Path, watcher: Watcher | None = None) -> Any:
    """Trains the tiny classifier, the same in every process."""
    made = Classifier(samples.checkpoint(), ("short", "long"))
    passages = [[[token.text for token in sentence.tokens]] for sentence in samples.sentences(40)]
    taught: list[Any] = [(passage, ["short" if len(passage[0]) < 8 else "long"]) for passage in passages]
    return made.fit(taught[:32], taught[32:], RECIPE, folder, watcher)


def hang_in_the_second_epoch(folder: Path) -> None:
    """Trains up to the middle of the second epoch, says so by a file, and waits to be killed."""
    steps = 0

    def step(fraction: float, loss: float) -> None:
        nonlocal steps
        steps += 1
        if steps == 6:  # an epoch has four
            (folder / "there").touch()
            time.sleep(60)

    fit(folder, Watcher(progress=step))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_process_is_followed_by_one_that_goes_on(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from tests.training.finetune import test_resume; "
        "test_resume.hang_in_the_second_epoch(pathlib.Path(sys.argv[1]))"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT)
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "there").exists():
            assert process.poll() is None, "the training ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    heard: list[EpochResult] = []
    resumed = fit(tmp_path, Watcher(epoch=heard.append))
    assert [epoch.number for epoch in heard] == [2, 3]
    whole = fit(tmp_path / "whole")
    assert [epoch.loss for epoch in resumed.epochs] == [epoch.loss for epoch in whole.epochs]
    assert all(np.array_equal(resumed.params[name], whole.params[name]) for name in whole.params)
