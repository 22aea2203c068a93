"""From a project to the rows of a training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genlab_widgets.errors import TooFewCompletions
from genlab_widgets.training import dataset, preparation
from genlab_widgets.training.spec import TrainingSpec

if TYPE_CHECKING:
    from genlab_widgets.projects.store import Project


def spec(project: Project, **fields: object) -> TrainingSpec:
    return TrainingSpec.parse({"project": project.name, **fields})


def test_rows_labels_and_counts_belong_together(demo_project: Project) -> None:
    prepared = preparation.prepare(demo_project, spec(demo_project))
    ids = {item.task_id for part in prepared.parts for item in part}
    used = sum(count for reason, count in prepared.selection.items() if reason in ("accepted", "priority"))
    assert len(ids) == len(prepared.parts.train) + len(prepared.parts.test) == used
    assert sum(prepared.selection.values()) == demo_project.task_count
    assert {sentence.task_id for sentence in prepared.train} == {item.task_id for item in prepared.parts.train}
    facts = prepared.facts()
    assert facts["test"]["tokens"] == sum(len(sentence.tokens) for sentence in prepared.test)
    assert set(facts["train"]["labels"]) <= set(prepared.labels)
    assert not any(label.assertion and label.value in prepared.labels for label in demo_project.labeling_config.labels)


def test_tags_decide_the_parts(demo_project: Project) -> None:
    prepared = preparation.prepare(demo_project, spec(demo_project, test_train_tags=True))
    tags = {task.id: task.tags for task in demo_project.tasks()}
    assert all("Test" in tags[item.task_id] for item in prepared.parts.test)
    assert not any("Test" in tags[item.task_id] for item in prepared.parts.train)


def test_labels_can_be_left_out(demo_project: Project) -> None:
    whole = preparation.prepare(demo_project, spec(demo_project))
    gone = whole.labels[0]
    prepared = preparation.prepare(demo_project, spec(demo_project, leave_out_labels=[gone]))
    assert gone not in prepared.labels
    assert gone not in dataset.count_labels([*prepared.parts.train, *prepared.parts.test])


def test_no_task_with_the_tag_is_said(demo_project: Project) -> None:
    with pytest.raises(TooFewCompletions):
        preparation.prepare(demo_project, spec(demo_project, tags=["nobody-has-this"]))


def test_the_dataset_comes_back_as_it_was(demo_project: Project, tmp_path: Path) -> None:
    prepared = preparation.prepare(demo_project, spec(demo_project))
    preparation.write(prepared, tmp_path / "dataset")
    assert dataset.read(tmp_path / "dataset") == (prepared.train, prepared.test)
    train, test = dataset.read_examples(tmp_path / "dataset")
    assert [item.task_id for item in [*train, *test]] == [i.task_id for part in prepared.parts for i in part]
