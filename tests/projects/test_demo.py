from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from genlab_widgets.projects.demo import ANNOTATORS, CASES, MEMBERS, REVIEWER, write_demo_project
from genlab_widgets.projects.demo_notes import ASSERTIONS, ENTITIES
from genlab_widgets.projects.demo_words import AGES, TOPICS
from genlab_widgets.projects.importing import import_project
from genlab_widgets.projects.selection import Filters, Reason, select
from genlab_widgets.projects.store import Project

FILES = ("config.xml", "project.json", "result.json")
CHOICES = (*AGES, *TOPICS)


def contents(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in FILES]


def usable_counts(project: Project) -> Counter[str]:
    """Counts labels and choices in what the selection would train on."""
    chosen = [item.completion for item in select(project.tasks(), project.members, Filters()) if item.completion]
    labels = [label for completion in chosen for region in completion.regions for label in region.labels]
    return Counter([*labels, *(value for item in chosen for choice in item.choices for value in choice.choices)])


def test_same_seed_same_bytes_other_seed_other_notes(tmp_path: Path) -> None:
    first = write_demo_project(tmp_path / "a" / "demo", 40, seed=3)
    assert contents(write_demo_project(tmp_path / "b" / "demo", 40, seed=3)) == contents(first)
    assert contents(write_demo_project(tmp_path / "c" / "demo", 40, seed=4)) != contents(first)


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_every_label_has_fifty_examples_from_300_tasks_on(tmp_path: Path, home: Path, seed: int) -> None:
    counts = usable_counts(import_project(write_demo_project(tmp_path / "demo", seed=seed), home).project)
    assert {name: counts[name] for name in (*ENTITIES, *ASSERTIONS, *CHOICES) if counts[name] < 50} == {}


def test_every_label_has_over_fifteen_examples_in_120_tasks(demo_project: Project) -> None:
    counts = usable_counts(demo_project)
    assert {name: counts[name] for name in (*ENTITIES, *ASSERTIONS, *CHOICES) if counts[name] <= 15} == {}


def test_the_config_names_entities_assertions_and_choices(demo_project: Project) -> None:
    config = demo_project.labeling_config
    assert tuple(label.value for label in config.entity_labels) == ENTITIES
    assert tuple(label.value for label in config.labels if label.assertion) == ASSERTIONS
    assert {label.background for label in config.labels}.isdisjoint({None})
    assert [(item.name, item.multiple) for item in config.choices] == [("age", False), ("topics", True)]
    assert config.kinds() == ("ner", "assertion", "classification")
    assert config.lint() == []


def test_spans_are_the_text_they_name_and_only_the_blank_task_is_odd(home: Path, demo_export: Path) -> None:
    report = import_project(demo_export, home)
    assert report.warnings == ["Task 60 has an empty text and will not train."]
    regions = [
        (task.text[region.start : region.end], region.text)
        for task in report.project.tasks()
        for completion in task.completions
        for region in completion.regions
    ]
    assert len(regions) > 500
    assert all(found == named for found, named in regions)


def test_assertions_lie_on_the_spans_of_problems_and_entities_do_not_overlap(demo_project: Project) -> None:
    for selected in select(demo_project.tasks(), demo_project.members, Filters()):
        regions = selected.completion.regions if selected.completion else ()
        by_span: dict[tuple[int, int], list[str]] = {}
        for region in regions:
            by_span.setdefault((region.start, region.end), []).extend(region.labels)
        for labels in by_span.values():
            assert len(labels) == (2 if labels[0] == "PROBLEM" else 1)
            assert labels[0] in ENTITIES
            assert set(labels[1:]) <= set(ASSERTIONS)
        ordered = sorted(by_span)
        assert all(first[1] <= second[0] for first, second in pairwise(ordered))


def test_no_text_twice_and_offsets_meet_other_alphabets(demo_project: Project) -> None:
    texts = [task.text for task in demo_project.tasks()]
    assert len(set(texts)) == len(texts) == 120
    everything = "".join(texts)
    assert any(ord(character) > 0xFFFF for character in everything), "an emoji is two UTF-16 units"
    assert any(0x370 <= ord(character) < 0x530 for character in everything), "Greek or Cyrillic"
    assert any(len(text.split(". ")) >= 4 for text in texts)


def test_some_drugs_and_problems_stand_in_one_task_only(demo_project: Project) -> None:
    tasks: dict[tuple[str, str], set[int]] = {}
    for selected in select(demo_project.tasks(), demo_project.members, Filters()):
        for region in selected.completion.regions if selected.completion else ():
            tasks.setdefault((region.labels[0], region.text.lower()), set()).add(selected.task.id)
    for label in ("DRUG", "PROBLEM"):
        alone = [text for (found, text), where in tasks.items() if found == label and len(where) == 1]
        assert len(alone) >= 15


def test_every_reason_occurs(demo_project: Project) -> None:
    reasons: set[Reason] = set()
    for filters in (Filters(), Filters(completion_status="reviewed"), Filters(tags=("Validated",))):
        reasons |= {item.reason for item in select(demo_project.tasks(), demo_project.members, filters)}
    assert reasons == set(Reason) - {Reason.NO_WORDS}  # the demo has no pages


def test_the_selection_takes_the_right_completion_of_every_task(demo_export: Path, demo_project: Project) -> None:
    """Right completions say what the generator marked; of a task they are alike, and no wrong one equals them."""
    twenty = sum(times for times, _ in CASES)
    right_cases = sum(
        times for times, answers in CASES if any(answer.right and not answer.skipped for answer in answers)
    )
    chosen = [item for item in select(demo_project.tasks(), demo_project.members, Filters()) if item.completion]
    assert abs(len(chosen) - 120 * right_cases / twenty) <= 1
    raw = {task["id"]: task for task in json.loads((demo_export / "result.json").read_text(encoding="utf-8"))}
    for item in chosen:
        assert item.completion is not None
        accepted = [one for one in raw[item.task.id]["completions"] if (one.get("reviews") or [{}])[-1].get("accepted")]
        if accepted:
            assert [one["id"] for one in accepted] == [item.completion.id]
        # A mistaken completion never has both its choices right.
        age = next(choice.choices for choice in item.completion.choices if choice.from_name == "age")
        others = [one for one in raw[item.task.id]["completions"] if one["id"] != item.completion.id and one["result"]]
        ages = [value["value"]["choices"] for one in others for value in one["result"] if value["from_name"] == "age"]
        assert list(age) not in ages
        problems = [region for region in item.completion.regions if region.labels == ("PROBLEM",)]
        asserted = [region for region in item.completion.regions if region.labels[0] in ASSERTIONS]
        assert [(one.start, one.end) for one in problems] == [(one.start, one.end) for one in asserted]


def test_people_completions_tags_and_reviews(demo_export: Path, demo_project: Project) -> None:
    tasks = json.loads((demo_export / "result.json").read_text(encoding="utf-8"))
    completions = [completion for task in tasks for completion in task["completions"]]
    assert demo_project.members.as_list() == list(MEMBERS)
    assert {completion["created_username"] for completion in completions} == {*ANNOTATORS, "max"}
    assert {len(task["completions"]) for task in tasks} == {0, 1, 2, 3}
    assert {completion["id"] // 1000 for completion in completions} <= {task["id"] for task in tasks}
    assert {completion["honeypot"] for completion in completions} == {True, False}
    assert any(completion.get("was_cancelled") for completion in completions)
    reviews = [review for completion in completions for review in completion.get("reviews", ())]
    assert {review["created_by"] for review in reviews} == {REVIEWER}
    assert {review["accepted"] for review in reviews} == {True, False}
    assert set(demo_project.tag_counts()) == {"Train", "Test", "Validated"}
    assert not any({"Train", "Test"} <= set(task["tags"]) for task in tasks)


@pytest.mark.parametrize("tasks", [0, 1, 2, 25])
def test_small_projects_are_whole_lists(tmp_path: Path, tasks: int) -> None:
    folder = write_demo_project(tmp_path / "demo", tasks)
    assert [task["id"] for task in json.loads((folder / "result.json").read_text(encoding="utf-8"))] == [
        *range(1, tasks + 1)
    ]


def test_writing_needs_no_heavy_library(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from genlab_widgets.projects.demo import write_demo_project; "
        "write_demo_project(Path(sys.argv[1]), 5); "
        "print(sorted({'lxml', 'numpy', 'pandas', 'pyspark', 'sqlalchemy', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "x")], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == sorted(FILES)
