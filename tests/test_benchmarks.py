"""What the benchmarks could get wrong without anybody seeing it: kept lines, parts of the tasks, the figure."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from genlab_widgets.projects.demo import write_demo_project
from genlab_widgets.projects.importing import import_project
from genlab_widgets.training import preparation
from genlab_widgets.training.spec import TrainingSpec
from tests.conftest import CHECKOUT


@pytest.fixture(autouse=True)
def _benchmarks_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(CHECKOUT / "benchmarks"))


def test_a_killed_benchmark_goes_on_after_its_last_whole_line(tmp_path: Path) -> None:
    lines_of = importlib.import_module("measure").Lines
    place = tmp_path / "rows.jsonl"
    lines_of(place, ("project", "seed")).add({"project": "p", "seed": 1, "f1": 0.5})
    with place.open("a", encoding="utf-8") as file:
        file.write('{"project": "p", "seed": 2, "f')
    again = lines_of(place, ("project", "seed"))
    assert again.done(project="p", seed=1)
    assert not again.done(project="p", seed=2)
    again.add({"project": "p", "seed": 2, "f1": 0.6})
    assert [row["f1"] for row in lines_of(place, ("project", "seed")).rows(project="p")] == [0.5, 0.6]
    assert json.loads(place.read_text(encoding="utf-8").splitlines()[-1])["seed"] == 2


def test_parts_of_the_training_tasks_lie_inside_each_other(tmp_path: Path) -> None:
    curve = importlib.import_module("learning_curve")
    project = import_project(write_demo_project(tmp_path / "demo", tasks=60), tmp_path / "home").project
    prepared = preparation.prepare(project, TrainingSpec(project=project.name))
    parts = list(curve.smaller(prepared, ["all", "10", "20", "1000"], seed=1))
    ids = [{item.task_id for item in part.parts.train} for part in parts]
    assert [len(found) for found in ids] == [10, 20, len(prepared.parts.train)]
    assert ids[0] < ids[1] < ids[2]
    for part, found in zip(parts, ids, strict=True):
        assert {sentence.task_id for sentence in part.train} == found
        assert part.parts.test == prepared.parts.test
    other = next(curve.smaller(prepared, ["10"], seed=2))
    assert {item.task_id for item in other.parts.train} != ids[0]


def test_the_figure_names_every_line(tmp_path: Path) -> None:
    curve = importlib.import_module("learning_curve")
    rows = [
        {"project": project, "architecture": name, "tasks": tasks, "seed": seed, "f1": 0.5 + tasks / 1000}
        for project in ("one", "two")
        for name in curve.TITLES
        for tasks in (50, 200)
        for seed in (1, 2)
    ]
    place = tmp_path / "curve.svg"
    curve.draw(rows, place)
    assert ElementTree.parse(place).getroot().tag.endswith("svg")
    drawn = place.read_text(encoding="utf-8")
    for told in ("one", "two", "training tasks", *(f"{title} 0.70" for title in curve.TITLES.values())):
        assert told in drawn
