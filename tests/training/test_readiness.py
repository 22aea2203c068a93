"""Readiness: thresholds, every finding code, and the error that blocks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from genlab_widgets.errors import (
    BadInput,
    GenlabError,
    GraphNotAvailable,
    NoLicense,
    NotEnoughResources,
    PoorQuality,
    TooFewCompletions,
    WrongParameters,
)
from genlab_widgets.projects.store import Project
from genlab_widgets.training import readiness
from genlab_widgets.training.readiness import Finding, LabelCount, Machine, Readiness
from genlab_widgets.training.spec import TrainingSpec
from tests.unspaced import LABELS, UNSPACED, Unspaced, example

LARGE = Machine(memory_mb=64_000, disk_mb=500_000)


def make_project(folder: Path, tasks: list[dict[str, Any]], labels: tuple[str, ...]) -> Project:
    """A project as the import leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    marked = "".join(f"<Label value={quoteattr(label)}/>" for label in labels)
    controls = f'<Labels name="label" toName="text">{marked}</Labels><Text name="text" value="$text"/>'
    (folder / "config.xml").write_text(f"<View>{controls}</View>", encoding="utf-8")
    about = {"name": folder.name, "tasks": len(tasks), "data_hash": "0", "members": [{"username": "ann"}]}
    (folder / "project.json").write_text(json.dumps(about), encoding="utf-8")
    (folder / "tasks.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks), encoding="utf-8")
    return Project(folder)


def task(number: int, text: str, *spans: tuple[int, int, str], **fields: Any) -> dict[str, Any]:
    regions = [
        {"id": f"r{start}", "from_name": "label", "value": {"start": start, "end": end, "labels": [label]}}
        for start, end, label in spans
    ]
    completion = {"id": number, "created_username": "ann", "submitted_at": "2026-01-01", "result": regions}
    return {"id": number, "data": {"text": text}, "completions": [completion], **fields}


def marked(count: int, label: str = "DRUG", first: int = 1) -> list[dict[str, Any]]:
    """Tasks with one span of the label each, and texts that differ in letters (digits would make near duplicates)."""
    found = []
    for number in range(first, first + count):
        word = "word" + "".join(chr(ord("a") + int(digit)) for digit in str(number))
        found.append(task(number, f"{word} was given", (0, len(word), label)))
    return found


def check(folder: Path, tasks: list[dict[str, Any]], labels: tuple[str, ...] = ("DRUG",), **fields: Any) -> Readiness:
    options = {name: fields.pop(name) for name in ("dimension", "machine") if name in fields}
    spec = TrainingSpec(project="p", **fields)
    return readiness.check(make_project(folder / "p", tasks, labels), spec, **{"machine": LARGE, **options})


def coded(found: Readiness, code: str) -> list[Finding]:
    return [finding for finding in found.findings if finding.code == code]


def blocked_by(found: Readiness, kind: type[GenlabError]) -> GenlabError:
    assert not found.ready
    with pytest.raises(kind) as caught:
        found.raise_if_not_ready()
    assert caught.value.what
    assert json.dumps(caught.value.as_dict())
    return caught.value


@pytest.mark.parametrize(
    ("count", "grade"),
    [
        *((0, "none"), (1, "red"), (14, "red"), (15, "amber"), (39, "amber")),
        *((40, "ok"), (49, "ok"), (50, "good"), (5000, "good")),
    ],
)
def test_grades(count: int, grade: str) -> None:
    assert LabelCount("A", count, 0, "ok").grade == grade
    assert LabelCount("A", 0, count, "ok").grade == grade
    assert LabelCount("A", count // 2, count - count // 2, "ok").grade == grade


@pytest.mark.parametrize(
    ("count", "level", "words"),
    [
        (14, "warn", "14 examples; below 15 a model rarely learns it"),
        (15, "warn", "15 examples; 25 more would help"),
        (39, "warn", "39 examples; 1 more would help"),
    ],
)
def test_few_examples_warn(tmp_path: Path, count: int, level: str, words: str) -> None:
    found = check(tmp_path, marked(count))
    assert found.ready
    assert [(item.label, item.total, item.level) for item in found.labels] == [("DRUG", count, level)]
    (finding,) = coded(found, "label_few")
    assert words in finding.message
    assert finding.label == "DRUG"
    assert len(finding.task_ids) == count
    assert coded(found, "labels") == []


@pytest.mark.parametrize("count", [40, 50])
def test_enough_examples(tmp_path: Path, count: int) -> None:
    found = check(tmp_path, marked(count))
    assert found.ready
    assert {finding.level for finding in found.findings} == {"ok"}
    assert coded(found, "labels")[0].message == f"All 1 labels have enough examples (fewest: DRUG, {count})."
    assert (found.train, found.test) == (round(count * 0.8), round(count * 0.2))
    assert found.estimate.seconds > 0
    found.raise_if_not_ready()


def test_a_label_without_examples_blocks_and_can_be_left_out(tmp_path: Path) -> None:
    found = check(tmp_path, marked(40), ("DRUG", "DOSE"))
    error = blocked_by(found, TooFewCompletions)
    assert error.what == "DOSE has no example."
    assert "leave DOSE out" in error.next_step
    assert [item.level for item in found.labels] == ["ok", "fail"]
    assert found.findings[0].code == "label_missing"  # what blocks stands first
    left_out = check(tmp_path, marked(40), ("DRUG", "DOSE"), leave_out_labels=("DOSE",))
    assert left_out.ready
    assert [item.label for item in left_out.labels] == ["DRUG"]


def test_a_label_in_one_part_only(tmp_path: Path) -> None:
    tagged = [{**item, "tags": ["Test"] if item["id"] > 30 else ["Train"]} for item in marked(45)]
    tagged += [{**item, "tags": ["Test"]} for item in marked(3, "DOSE", 100)]
    tagged += [{**item, "tags": ["Train"]} for item in marked(60, "ROUTE", 200)]
    found = check(tmp_path, tagged, ("DRUG", "DOSE", "ROUTE"), test_train_tags=True)
    assert (found.train, found.test) == (90, 18)
    assert "only in test tasks (3 examples)" in blocked_by(found, TooFewCompletions).what
    (finding,) = coded(found, "label_only_in_test")
    assert finding.task_ids == (100, 101, 102)
    (unmeasured,) = coded(found, "label_not_in_test")
    assert (unmeasured.label, unmeasured.level) == ("ROUTE", "warn")
    assert len(unmeasured.task_ids) == 50  # no more are shown


def test_no_tasks_and_no_usable_completion(tmp_path: Path) -> None:
    assert blocked_by(check(tmp_path, []), TooFewCompletions).what == "The project has no tasks."
    drafts = [{**item, "completions": [{**item["completions"][0], "submitted_at": None}]} for item in marked(3)]
    found = check(tmp_path, [*drafts, {"id": 9, "data": {"text": "none"}, "completions": []}])
    error = blocked_by(found, TooFewCompletions)
    assert error.what == "None of the 4 tasks can be used (3: draft only; 1: no completion)."
    assert found.selection == {"draft_only": 3, "no_completion": 1}
    assert len(error.details["findings"]) == 1


def test_filters_that_leave_nothing(tmp_path: Path) -> None:
    found = check(tmp_path, marked(4), tags=("ward",))
    assert "none of the chosen tags" in blocked_by(found, TooFewCompletions).what
    found = check(tmp_path, marked(4), completion_status="reviewed")
    assert "not accepted by a reviewer yet" in blocked_by(found, TooFewCompletions).what


def test_one_usable_task_cannot_be_divided(tmp_path: Path) -> None:
    found = check(tmp_path, marked(1))
    assert coded(found, "split")
    assert "cannot be divided" in blocked_by(found, TooFewCompletions).what


def test_split_by_tags_without_test_tasks(tmp_path: Path) -> None:
    found = check(tmp_path, marked(5), test_train_tags=True)
    assert "test part is empty" in coded(found, "split")[0].message


def test_test_and_train_tag_on_one_task(tmp_path: Path) -> None:
    tasks = [*marked(3), task(77, "both of them", tags=["test", "Train"])]
    found = check(tmp_path, tasks, test_train_tags=True)
    assert coded(found, "tags")
    assert "Task 77 carries both" in blocked_by(found, BadInput).what
    assert check(tmp_path, tasks).findings[0].code != "tags"  # a random split does not care


def test_a_damaged_store_is_named(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", marked(3), ("DRUG",))
    with (project.folder / "tasks.jsonl").open("a") as lines:
        lines.write('{"id": 4, "da')
    found = readiness.check(project, TrainingSpec(project="p"), machine=LARGE)
    assert found.findings[0].code == "tasks"
    assert "Line 4" in blocked_by(found, BadInput).what


def test_a_library_without_licence_says_so(tmp_path: Path) -> None:
    licensed = check(tmp_path, marked(3), library="healthcare")
    assert 'scope "healthcare: training"' in blocked_by(licensed, NoLicense).what


def test_labels_left_out_that_do_not_exist_and_none_left(tmp_path: Path) -> None:
    found = check(tmp_path, marked(40), leave_out_labels=("DRUGS",))
    assert "does not have: DRUGS" in blocked_by(found, WrongParameters).what
    found = check(tmp_path, marked(40), leave_out_labels=("DRUG",))
    assert coded(found, "labels")[0].level == "fail"


def test_regions_with_unknown_labels_are_counted(tmp_path: Path) -> None:
    found = check(tmp_path, [*marked(40), *marked(2, "DRGU", 100)])
    (finding,) = coded(found, "label_unknown")
    assert finding.message.startswith("2 regions with label DRGU do not train")
    assert found.ready


def test_alignment(tmp_path: Path) -> None:
    tasks = marked(40)
    tasks.append(task(90, "took 500mg again", (5, 8, "DRUG")))
    tasks.append(task(91, "one two", (0, 7, "DRUG"), (4, 7, "DRUG"), (50, 60, "DRUG")))
    tasks.append(task(92, "one\ntwo", (0, 7, "DRUG")))
    found = check(tmp_path, tasks)
    assert found.ready
    assert found.alignment.counts == {"inside_token": 1, "overlap": 1, "outside_text": 1, "sentence_bound": 1}
    findings = coded(found, "alignment")
    assert sorted(finding.task_ids for finding in findings) == [(90,), (91,), (91,), (92,)]
    assert all(finding.message.startswith("1 of 45 spans ") for finding in findings)


def test_nothing_aligned_blocks(tmp_path: Path) -> None:
    tasks = [task(number, "short", (100, 110, "DRUG")) for number in range(1, 60)]
    found = check(tmp_path, tasks)
    assert "None of the 59 spans" in coded(found, "alignment")[0].message
    assert not found.ready
    assert found.alignment.aligned == 0
    only = Readiness(coded(found, "alignment"), found.selection)
    blocked_by(only, PoorQuality)


@pytest.mark.parametrize(("wrong", "told"), [(40, False), (41, True)])
def test_more_than_half_that_do_not_fit_are_told_together(tmp_path: Path, wrong: int, told: bool) -> None:
    """Spans inside of words are widened: what would be learned is not what was marked. It may be meant so."""
    shifted = [
        task(number, f"{item['data']['text']} today", (1, 5, "DRUG"))
        for number, item in enumerate(marked(wrong, first=100), 100)
    ]
    found = check(tmp_path, [*marked(40), *shifted])
    assert found.alignment.counts == {"inside_token": wrong}
    assert found.ready
    findings = coded(found, "alignment")
    assert [finding.level for finding in findings] == ["warn"] * (1 + told)
    if told:
        assert findings[0].message.startswith(
            "41 of 81 spans cannot be learned as they are marked: 41 would be widened"
        )


def test_spans_inside_of_others_are_told_where_they_are_most(tmp_path: Path) -> None:
    nested = [
        task(number, f"{item['data']['text']} to her", (0, 3 + len(item["data"]["text"]), "DRUG"), *inner)
        for number, item in enumerate(marked(40), 1)
        for inner in [[(start, start + 1, "DRUG") for start in (0, len(item["data"]["text"]) + 1)]]
    ]
    assert "80 left out" in coded(check(tmp_path, nested), "alignment")[0].message


@pytest.mark.parametrize("language", UNSPACED, ids=lambda language: language.code)
def test_scripts_without_blanks_fit(tmp_path: Path, language: Unspaced) -> None:
    made = [example(language, number) for number in range(1, 41)]
    found = check(tmp_path, [task(item.task_id, item.text, *item.spans) for item in made], LABELS)
    assert found.ready
    assert found.alignment.aligned > 0.96 * found.alignment.spans > 200
    assert set(found.alignment.counts) <= {"sentence_bound"}  # Thai has no full stops: a long text is cut at some blank


def test_duplicates_across_the_parts(tmp_path: Path) -> None:
    tagged = [{**item, "tags": ["Train"]} for item in marked(40)]
    tagged.append(task(90, "wordb was given", (0, 5, "DRUG"), tags=["Test"]))
    tagged.append(task(91, "WORDC was, given!", (0, 5, "DRUG"), tags=["Test"]))
    tagged.append(task(92, "something else", (0, 9, "DRUG"), tags=["Test"]))
    found = check(tmp_path, tagged, test_train_tags=True)
    assert coded(found, "duplicates")[0].task_ids == (90,)
    assert coded(found, "near_duplicates")[0].task_ids == (91,)
    assert "1 of 3 test tasks" in coded(found, "duplicates")[0].message


@pytest.mark.parametrize(
    ("fields", "level", "words"),
    [
        ({}, "ok", "384 dimensions"),
        ({"embeddings": "word2vec"}, "ok", "100 dimensions"),
        ({"embeddings": "folder:/models/x"}, "warn", "not known yet"),
        ({"embeddings": "folder:/models/x", "dimension": 768}, "ok", "768 dimensions"),
        ({"embeddings": "vectors:/v.txt", "dimension": 200}, "fail", "200 dimensions"),
    ],
)
def test_graph(tmp_path: Path, fields: dict[str, Any], level: str, words: str) -> None:
    found = check(tmp_path, marked(40), architecture="annotator", **fields)
    (finding,) = coded(found, "graph")
    assert (finding.level, found.ready) == (level, level != "fail")
    assert words in finding.message
    assert (found.graph is not None) == (level == "ok")
    if level == "fail":
        blocked_by(found, GraphNotAvailable)


def test_too_many_labels_for_any_graph(tmp_path: Path) -> None:
    labels = tuple(f"L{number}" for number in range(40))
    tasks = [item for place, label in enumerate(labels) for item in marked(4, label, 1 + 10 * place)]
    found = check(tmp_path, tasks, labels, architecture="annotator")
    assert "L0" not in {finding.label for finding in coded(found, "label_missing")}
    assert coded(found, "graph")[0].level == "fail"
    assert "fine_tuned" in coded(found, "graph")[0].next_step
    assert coded(check(tmp_path, tasks, labels, architecture="fine_tuned"), "graph") == []  # needs no ready-made graph


def test_memory_and_disk_of_a_given_machine(tmp_path: Path) -> None:
    small = check(tmp_path, marked(40), machine=Machine(memory_mb=512, disk_mb=10))
    assert {finding.code for finding in small.findings if finding.level == "fail"} == {"memory", "disk"}
    error = blocked_by(small, NotEnoughResources)
    assert "the machine has 0.5 GB" in error.what
    assert "of disk" in error.why  # the others are told too
    assert {item["code"] for item in error.details["findings"]} == {"memory", "disk"}
    exact = Machine(small.estimate.memory_mb, small.estimate.disk_mb)
    assert check(tmp_path, marked(40), machine=exact).ready


def test_this_machine_is_read_where_none_is_given(tmp_path: Path) -> None:
    given = readiness.machine_limits(tmp_path)
    assert 100 < given.memory_mb < 100_000_000
    assert given.disk_mb > 0


def test_json_shape(tmp_path: Path) -> None:
    found = check(tmp_path, [*marked(20), *marked(2, "<b>\u202e", 50)], ("DRUG", "<b>\u202e"))
    shape = json.loads(json.dumps(readiness.as_dict(found)))
    assert set(shape) == {
        *("ready", "findings", "selection", "labels", "estimate", "alignment", "train", "test", "graph")
    }
    drug, hostile = shape["labels"]
    assert (drug["label"], drug["level"], drug["total"], drug["grade"]) == ("DRUG", "warn", 20, "amber")
    assert drug["train"] + drug["test"] == 20
    assert hostile["label"] == "<b>\u202e"
    assert shape["selection"] == {"priority": 22}
    levels = [finding["level"] for finding in shape["findings"]]
    assert levels == sorted(levels, key=("fail", "warn", "ok").index)


@pytest.mark.parametrize(("wrong", "level"), [(0, None), (2, "warn"), (6, "fail")])
def test_regions_that_say_another_text_than_theirs(tmp_path: Path, wrong: int, level: str | None) -> None:
    tasks = marked(10)
    for place, item in enumerate(tasks):
        value = item["completions"][0]["result"][0]["value"]
        text = item["data"]["text"][value["start"] : value["end"]]
        value["text"] = "aspirin" if place < wrong else f" {text}\\n"  # blanks are written in many ways
    found = check(tmp_path, tasks)
    told = [finding for finding in found.findings if finding.code == "region_text"]
    assert [finding.level for finding in told] == ([level] if level else [])
    if level == "fail":
        assert told[0].message.startswith(
            "6 of 10 regions say another text than stands at their place (first: 'aspirin'"
        )
        with pytest.raises(PoorQuality, match="say another text"):
            found.raise_if_not_ready()
