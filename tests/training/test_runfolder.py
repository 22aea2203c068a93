"""The run folder: whole files only, epochs that survive a crash, failures in sentences."""

from __future__ import annotations

import errno
import json
import os
import threading
from pathlib import Path

import pytest

from genlab_widgets.errors import BadInput, FailureReason, GraphNotAvailable, WorkspaceUnusable
from genlab_widgets.training import runfolder
from genlab_widgets.training.benchmark import Doc, evaluate_entities
from genlab_widgets.training.dataset import Span
from genlab_widgets.training.epochs import Average, Epoch, Scores, TagScore
from genlab_widgets.training.runfolder import Failure, Progress, Result, RunFolder, failure_of
from genlab_widgets.training.spec import TrainingSpec


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "runs" / "notes-0001").create()


def epoch(number: int, loss: float | None = 1.5, f1: float | None = None, tag: str = "B-A") -> Epoch:
    scores = None
    if f1 is not None:
        average = Average(precision=f1, recall=f1, f1=f1)
        scores = Scores(micro=average, macro=average, tags={tag: TagScore(f1=f1, tp=3)})
    return Epoch(number=number, total=9, seconds=2.0, loss=loss, test=scores)


def result() -> Result:
    gold = [Doc(number, "alpha 😀 \u2028 beta", (Span(0, 5, "A"),)) for number in range(300)]
    found = evaluate_entities(gold, gold[:200], ["A"])
    spec = TrainingSpec(project="notes")
    scores = runfolder.Scores(f1=found.exact.micro.f1)
    return Result(
        run_id="notes-0001",
        project="notes",
        kind="ner",
        spec=spec,
        scores=scores,
        benchmark=found,
        verdict="Good.",
        epochs=[epoch(1)],
    )


def test_round_trips(folder: RunFolder) -> None:
    spec = TrainingSpec(project="notes", tags=("a",))
    folder.write_spec(spec)
    assert folder.read_spec() == spec
    progress = Progress(step="train", epoch=1, epochs=3, fraction=0.4, message="Epoch 1 of 3.")
    folder.write_progress(progress)
    assert folder.read_progress() == progress
    whole = result()
    folder.write_result(whole)
    assert folder.read_result() == whole
    assert whole.benchmark is not None
    folder.write_baseline(whole.benchmark)
    assert folder.read_baseline() == whole.benchmark
    assert sorted(path.name for path in folder.path.iterdir()) == [
        *("baseline.json", "progress.json", "result.json", "spec.json")
    ]


def test_nothing_is_there_yet(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "nowhere")
    assert folder.read_spec() is None
    assert folder.read_progress() is None
    assert folder.read_result() is None
    assert folder.read_failure() is None
    assert folder.read_baseline() is None
    assert folder.epochs() == []


def test_a_reader_never_sees_half_a_file(folder: RunFolder) -> None:
    """One thread rewrites two files of very different lengths while this one reads them."""
    long, short = Progress(step="train", message="x" * 200_000), Progress(step="train", message="")
    whole = result()
    done = threading.Event()

    def write() -> None:
        for turn in range(150):
            folder.write_progress(long if turn % 2 else short)
            if turn % 30 == 0:
                folder.write_result(whole)
        done.set()

    folder.write_progress(short)
    folder.write_result(whole)
    writer = threading.Thread(target=write)
    writer.start()
    seen: set[int] = set()
    reads = 0
    while not done.is_set():
        found = folder.read_progress()
        assert found is not None
        seen.add(len(found.message))
        assert json.loads(folder.result.read_bytes())["run_id"] == "notes-0001"
        reads += 1
    writer.join()
    assert reads > 5
    assert seen <= {0, 200_000}
    assert not [path for path in folder.path.iterdir() if path.name.startswith(".")]


def test_a_failed_write_keeps_the_old_file_and_leaves_no_scratch(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write_progress(Progress(step="old"))

    def full(*_: object) -> None:  # the disk is full at the last moment: cannot be had for real in a unit test
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(runfolder.os, "replace", full)
    with pytest.raises(WorkspaceUnusable, match="No space left on device") as caught:
        folder.write_progress(Progress(step="new"))
    assert caught.value.next_step
    monkeypatch.undo()
    found = folder.read_progress()
    assert found is not None
    assert found.step == "old"
    assert [path.name for path in folder.path.iterdir()] == ["progress.json"]


@pytest.mark.parametrize("place", ["gone/progress.json", "file/progress.json"])
def test_an_unusable_place_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    folder = RunFolder(tmp_path / place.partition("/")[0])
    with pytest.raises(WorkspaceUnusable, match=r"progress\.json"):
        folder.write_progress(Progress(step="x"))
    with pytest.raises(WorkspaceUnusable, match=r"metrics\.jsonl"):
        folder.append_epoch(epoch(1))
    assert folder.read_progress() is None
    with pytest.raises(WorkspaceUnusable):
        RunFolder(tmp_path / "file" / "deeper").create()


def test_epochs_come_in_order_and_the_last_of_a_number_counts(folder: RunFolder) -> None:
    for item in (epoch(1), epoch(2), epoch(1, f1=0.5), epoch(3, loss=None)):
        folder.append_epoch(item)
    assert folder.epochs() == [epoch(1, f1=0.5), epoch(2), epoch(3, loss=None)]
    assert folder.epochs()[2].diverged


@pytest.mark.parametrize("kept", [1, 20, -2, -1])
def test_a_line_that_a_crash_cut_is_skipped_and_the_next_one_is_read(folder: RunFolder, kept: int) -> None:
    folder.append_epoch(epoch(1))
    whole = folder.metrics.stat().st_size
    folder.append_epoch(epoch(2, f1=0.4))
    length = folder.metrics.stat().st_size - whole
    os.truncate(folder.metrics, whole + (kept if kept > 0 else length + kept))
    complete = kept == -1  # only the line end is missing
    assert folder.epochs() == [epoch(1), *([epoch(2, f1=0.4)] if complete else [])]
    folder.append_epoch(epoch(3))
    assert [item.number for item in folder.epochs()] == [1, *([2] if complete else []), 3]


def test_foreign_lines_in_the_metrics_are_skipped(folder: RunFolder) -> None:
    folder.metrics.write_bytes(b'\n[1]\n"x"\n{"number": "one"}\n\xff\xfe\n{}\nnull\n')
    folder.append_epoch(epoch(1))
    assert folder.epochs() == [epoch(1)]


@pytest.mark.parametrize("label", ["B-\u2028", "B-\x85\x0b\x1c", "B-\n\r", "B-😀"])
def test_labels_with_line_ends_do_not_cut_a_line(folder: RunFolder, label: str) -> None:
    folder.append_epoch(epoch(1, f1=0.5, tag=label))
    assert folder.epochs() == [epoch(1, f1=0.5, tag=label)]


@pytest.mark.parametrize("content", [b"", b"{", b'{"run_id": "x"}', b"\x00\x01", b"[]", b'{"run_id": "' + b"\xff" * 20])
def test_a_damaged_result_is_named(folder: RunFolder, content: bytes) -> None:
    folder.result.write_bytes(content)
    with pytest.raises(BadInput, match=r"result\.json of this run is damaged") as caught:
        folder.read_result()
    assert caught.value.details["path"] == str(folder.result)
    assert caught.value.next_step


def test_a_result_that_cannot_be_read_is_named(folder: RunFolder) -> None:
    folder.result.mkdir()
    with pytest.raises(BadInput, match=r"result\.json of this run cannot be read"):
        folder.read_result()


def test_a_result_of_a_newer_version_is_read(folder: RunFolder) -> None:
    newer = {**json.loads(result().model_dump_json()), "calibration": {"a": 1}}
    folder.result.write_text(json.dumps(newer))
    found = folder.read_result()
    assert found is not None
    assert found.verdict == "Good."


def test_our_own_errors_fail_as_they_are(folder: RunFolder) -> None:
    error = GraphNotAvailable("No graph.", "It has 41 tags.", "Leave out some.", tags=41, path=Path("/x"))
    written = folder.write_failure(error)
    found = folder.read_failure()
    assert found == written
    assert found.code == "GL600"
    assert found.reason is FailureReason.GRAPH_NOT_AVAILABLE
    assert found.details == {"tags": 41, "path": "/x"}
    assert found.sentence == "No graph. It has 41 tags. Leave out some."


JAVA = "An error occurred while calling o61.fit.\n: java.lang.{}\n\tat org.x.Y.z(Y.scala:3)\n"


@pytest.mark.parametrize(
    ("error", "reason", "why"),
    [
        (ValueError("bad\nsecond line"), "internal", "ValueError: bad."),
        (KeyError(), "internal", "KeyError."),
        (RuntimeError("ends with a stop."), "internal", "RuntimeError: ends with a stop."),
        (MemoryError(), "not_enough_resources", "MemoryError."),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "not_enough_resources", "Cannot allocate memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "not_enough_resources", "No space left on device"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "not_enough_resources", "Disk quota exceeded"),
        (
            RuntimeError(JAVA.format("OutOfMemoryError: Java heap space")),
            "not_enough_resources",
            "java.lang.OutOfMemoryError: Java heap space.",
        ),
        (
            RuntimeError(JAVA.format("IllegalArgumentException: wrong column")),
            "internal",
            "java.lang.IllegalArgumentException: wrong column.",
        ),
        (KeyboardInterrupt(), "internal", "KeyboardInterrupt."),
        (SystemExit(3), "internal", "SystemExit: 3."),
        (ValueError("\n\n"), "internal", "ValueError."),
    ],
)
def test_other_errors_are_explained(folder: RunFolder, error: BaseException, reason: str, why: str) -> None:
    found = folder.write_failure(error)
    assert found.reason == reason
    assert why in found.why
    assert "\n" not in found.sentence
    assert found.what
    assert found.next_step
    assert folder.read_failure() == found


@pytest.mark.parametrize("details", [{"x": "\ud83d"}, {"x": {(1, 2): 3}}, {"x": {1, 2}}, {"x": b"\xff"}, {"x": [None]}])
def test_a_failure_is_written_whatever_it_holds(folder: RunFolder, details: dict[str, object]) -> None:
    folder.write_failure(GraphNotAvailable("What \udc00.", **details))
    found = folder.read_failure()
    assert found is not None
    assert found.what == "What ?."
    assert set(found.details) == {"x"}
    folder.write_failure(RuntimeError("half a pair \ud83d, a NUL \x00 and <b>"))
    assert isinstance(folder.read_failure(), Failure)


def test_long_messages_are_cut() -> None:
    assert len(failure_of(ValueError("x" * 10_000)).why) < 400
