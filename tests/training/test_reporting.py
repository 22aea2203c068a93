"""Progress, epochs and log of a running training, as other processes read them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from genlab_widgets.training.epochs import Epoch
from genlab_widgets.training.reporting import STEPS, Following, Reporter
from genlab_widgets.training.runfolder import RunFolder

LOG = """\
Name of the selected graph: ner-dl/blstm_10_100_128_120.pb
Training started - total epochs: 2 - lr: 0.003 - batch size: 16 - labels: 3 - chars: 30 - training examples: 20

Epoch 1/2 started, lr: 0.003, dataset size: 20

Epoch 1/2 - 1.50s - loss: 12.5 - batches: 2
Quality on test dataset:
B-X\t 3\t 1\t 2\t 0.75\t 0.6\t 0.6666667
Micro-average\t prec: 0.75, rec: 0.6, f1: 0.6666667

Epoch 2/2 started, lr: 0.00298, dataset size: 20

Epoch 2/2 - 1.50s - loss: 6.25 - batches: 2
"""


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run").create()


def test_steps_move_the_bar_forward_only(folder: RunFolder) -> None:
    reporter = Reporter(folder, 4)
    fractions = []
    for name in STEPS:
        reporter.step(name)
        progress = folder.read_progress()
        assert progress is not None
        assert progress.step == name
        fractions.append(progress.fraction)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    reporter.step("prepare")
    again = folder.read_progress()
    assert again is not None
    assert again.fraction == 1.0


def test_the_log_has_times_and_whole_tracebacks(folder: RunFolder) -> None:
    reporter = Reporter(folder, 1)
    reporter.log("one\ntwo")
    try:
        raise ValueError("what broke")
    except ValueError as error:
        reporter.exception(error)
    lines = folder.log.read_text(encoding="utf-8").splitlines()
    assert [line[9:] for line in lines[:2]] == ["one", "two"]
    assert lines[0][2] == lines[0][5] == ":"
    assert "Traceback" in lines[2]
    assert lines[-1].endswith("ValueError: what broke")


def test_epochs_give_progress_and_time_left(folder: RunFolder) -> None:
    reporter = Reporter(folder, 4)
    reporter.step("train")
    reporter.began()
    before = folder.read_progress()
    assert before is not None
    assert before.message == "Epoch 1 of 4."
    assert before.seconds_left is None
    began = time.monotonic()
    time.sleep(0.02)
    reporter.epochs([Epoch(number=1, total=4, seconds=1.0, loss=3.0)])
    took = time.monotonic() - began
    after = folder.read_progress()
    assert after is not None
    assert (after.epoch, after.epochs, after.message) == (1, 4, "Epoch 2 of 4.")
    assert after.seconds_left is not None
    assert 0 < after.seconds_left <= 3 * (took + 0.1)
    assert before.fraction < after.fraction < STEPS["evaluate"][0]
    assert [epoch.number for epoch in folder.epochs()] == [1]


def test_between_epochs_the_bar_goes_on(folder: RunFolder) -> None:
    reporter = Reporter(folder, 2)
    reporter.step("train")
    reporter.began()
    time.sleep(0.05)
    reporter.epochs([Epoch(number=1, total=2, seconds=0.05, loss=3.0)])
    first = folder.read_progress()
    time.sleep(0.03)
    reporter.tick()
    second = folder.read_progress()
    assert first is not None
    assert second is not None
    assert second.fraction > first.fraction


def test_following_passes_lines_and_epochs_on_while_the_log_grows(folder: RunFolder, tmp_path: Path) -> None:
    place = tmp_path / "logs"
    reporter = Reporter(folder, 2)
    half = LOG.index("Epoch 2/2 started")
    with Following(place, reporter) as following:
        target = place / "NerDLApproach_1.log"
        with target.open("w", encoding="utf-8") as log:
            log.write(LOG[: half + 4])  # in the middle of a line
            log.flush()
            deadline = time.monotonic() + 5
            while not folder.epochs() and time.monotonic() < deadline:
                time.sleep(0.02)
            seen = folder.epochs()
            assert len(seen) == 1
            assert seen[0].test is not None
            log.write(LOG[half + 4 :])
    assert [epoch.loss for epoch in folder.epochs()] == [12.5, 6.25]
    assert folder.log.read_text(encoding="utf-8") == LOG
    assert following.log.graph == "ner-dl/blstm_10_100_128_120.pb"


def test_following_without_any_log_is_no_error(folder: RunFolder, tmp_path: Path) -> None:
    with Following(tmp_path / "none", Reporter(folder, 1)) as following:
        pass
    assert following.log.epochs == []
