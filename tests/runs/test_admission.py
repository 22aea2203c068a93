"""What a queued run is told that it waits for; slots and memory are tested with real workers in test_launcher."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from genlab_widgets.database import Database
from genlab_widgets.resources import gpu, licenses
from genlab_widgets.resources.licenses import NLP, License
from genlab_widgets.resources.machine import Capacity
from genlab_widgets.runs.admission import obstacle
from genlab_widgets.runs.store import RunRow, Runs
from genlab_widgets.training.spec import TrainingSpec

ROOM = Capacity(8, None)
Make = Callable[..., RunRow]


@pytest.fixture
def make(home: Path) -> Make:
    """Makes rows of runs."""
    runs = Runs(Database(home), home)
    return lambda **fields: runs.create(TrainingSpec(project="notes", **fields), "notes", "anna")


def test_one_gpu_takes_one_training(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "found", lambda: (gpu.Gpu("Tesla T4", 15360.0),))
    first, second, plain = make(use_gpu=True), make(use_gpu=True), make()
    assert obstacle(second, [first], ROOM) == f"It needs the GPU; it starts when {first.id} ends."
    assert obstacle(plain, [first], ROOM) == ""
    assert obstacle(second, [plain], ROOM) == ""
    assert obstacle(second, [], ROOM) == ""
    monkeypatch.setattr(gpu, "found", lambda: (gpu.Gpu("Tesla T4", 15360.0),) * 2)
    assert obstacle(second, [first], ROOM) == ""


def test_one_licence_lets_one_server_run(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    held = [License(NLP, "SPARK_NLP_LICENSE")]
    monkeypatch.setattr(licenses, "found", lambda: held)
    first, second, other = make(library="legal"), make(library="finance"), make(library="visual_nlp", kind="visual_ner")
    told = obstacle(second, [first], ROOM)
    assert told == f"It needs the licence of {NLP.title}; it starts when {first.id} ends."
    assert obstacle(other, [first], ROOM) == ""
    held.append(License(NLP, "two.json: SPARK_NLP_LICENSE"))
    assert obstacle(second, [first], ROOM) == ""


def test_slots_come_before_everything(make: Make) -> None:
    first, second = make(), make()
    assert obstacle(second, [first], Capacity(1, None)) == f"It starts when {first.id} ends."
