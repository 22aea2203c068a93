"""Tasks with several texts: regions belong to one of them, and each Choices is about its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from genlab_widgets.models.preannotation import pieces_of_project
from genlab_widgets.projects.importing import import_project
from genlab_widgets.projects.labeling_config import LabelingConfig
from genlab_widgets.projects.members import Members
from genlab_widgets.projects.selection import Filters, Reason, select
from genlab_widgets.projects.tasks import read_task
from genlab_widgets.training import preparation, readiness
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.spec import TrainingSpec

CONFIG = """<View>
  <Text name="question" value="$title"/>
  <Text name="answer" value="$text"/>
  <HyperText name="page" value="$html"/>
  <Choices name="topic" toName="question"><Choice value="drugs"/><Choice value="sleep"/></Choices>
  <Choices name="tone" toName="page"><Choice value="good"/><Choice value="bad"/></Choices>
  <Labels name="label" toName="answer"><Label value="DRUG"/></Labels>
  <Labels name="other" toName="question"><Label value="DRUG"/><Label value="WHO"/></Labels>
</View>"""


def task(number: int = 1, title: str = "Which drug?", text: str = "Take aspirin now.") -> dict[str, Any]:
    answer = {"start": 5, "end": 12, "text": "aspirin", "labels": ["DRUG"]}
    question = {"start": 6, "end": 10, "text": "drug", "labels": ["DRUG"]}
    result = [
        {"id": "a", "from_name": "label", "to_name": "answer", "type": "labels", "value": answer},
        {"id": "q", "from_name": "other", "to_name": "question", "type": "labels", "value": question},
        {"from_name": "topic", "to_name": "question", "type": "choices", "value": {"choices": ["drugs"]}},
        {"from_name": "tone", "to_name": "page", "type": "choices", "value": {"choices": ["good"]}},
    ]
    data = {"title": title, "text": text, "html": f"<p>Page&nbsp;{number}</p>"}
    return {"id": number, "data": data, "annotations": [{"id": number, "created_at": "2026-01-01", "result": result}]}


def test_regions_are_read_on_the_text_of_the_labels_and_others_are_counted() -> None:
    config = LabelingConfig.parse(CONFIG)
    found = read_task(task(), config.task_format)
    (completion,) = found.completions
    assert [found.text[region.start : region.end] for region in completion.regions] == ["aspirin"]
    assert completion.elsewhere == ("question",)
    assert [found.text_of(config.marked_by(name)) for name in ("topic", "tone", "label")] == [
        "Which drug?",
        "Page\xa01",
        "Take aspirin now.",
    ]


def test_labels_of_another_text_are_none_of_the_model() -> None:
    config = LabelingConfig.parse(CONFIG)
    assert [label.value for label in config.entity_labels] == ["DRUG"]
    assert config.control_of("DRUG") == "label"
    warned = [(item.line, item.message) for item in config.lint()]
    assert warned == [(8, "Models of entities learn from one text, $text: regions of other do not train.")]


def test_a_classifier_learns_and_reads_the_text_that_its_choices_mark(tmp_path: Path, home: Path) -> None:
    (tmp_path / "config.xml").write_text(CONFIG)
    (tmp_path / "result.json").write_text(json.dumps([task(1), task(2, "Who slept?", text="")]))
    report = import_project(tmp_path, home, name="several", language="en")
    assert not any("will not train" in told for told in report.warnings)  # the second has a question to learn from
    texts = {}
    for name in ("topic", "tone"):
        spec = TrainingSpec(project="several", kind="classification", classifier=name)
        kind, usable = kind_of("classification"), preparation.usable_tasks(report.project, spec, readiness.Counter())
        drawn = kind.draw(usable, spec, report.project.labeling_config)
        texts[name] = [example.text for example in drawn.examples.values()]
    assert texts == {"topic": ["Which drug?", "Who slept?"], "tone": ["Page\xa01", "Page\xa02"]}
    assert [dict(piece.texts)["question"] for piece in pieces_of_project(report.project, everything=True)] == [
        "Which drug?",
        "Who slept?",
    ]


def test_what_cannot_train_entities_is_told() -> None:
    config = LabelingConfig.parse(CONFIG)
    tasks = [read_task(raw, config.task_format) for raw in (task(1), task(2, text=" "))]
    chosen = list(select(tasks, Members(), Filters()))
    assert [entry.reason for entry in chosen] == [Reason.PRIORITY, Reason.PRIORITY]
    drawn = kind_of("ner").draw(chosen, TrainingSpec(project="p"), config)
    assert list(drawn.examples) == [1]
    assert {finding.code: finding.task_ids for finding in drawn.findings if finding.code != "region_text"} == {
        "other_text": (1, 2),
        "no_text": (2,),
    }


def test_a_task_without_any_text_is_empty() -> None:
    raw = task(title="", text="")
    raw["data"]["html"] = "<p> </p>"
    (entry,) = select([read_task(raw, LabelingConfig.parse(CONFIG).task_format)], Members(), Filters())
    assert entry.reason is Reason.EMPTY_TEXT


def test_labels_on_sound_do_not_refuse_a_task() -> None:
    config = LabelingConfig.parse(
        '<View><Audio name="sound" value="$audio"/><Text name="text" value="$text"/>'
        '<Labels name="who" toName="sound"><Label value="WHO"/></Labels>'
        '<Labels name="label" toName="text"><Label value="DRUG"/></Labels></View>'
    )
    item = {"from_name": "who", "to_name": "sound", "value": {"start": 0.25, "end": 1.5, "labels": ["WHO"]}}
    raw = {"id": 1, "data": {"text": "a"}, "annotations": [{"id": 1, "result": [item]}]}
    assert read_task(raw, config.task_format).completions[0].elsewhere == ("sound",)


def test_controls_may_share_an_alias() -> None:
    controls = "".join(
        f'<Choices name="{name}" toName="t"><Choice value="{yes}" alias="yes"/><Choice value="No{yes}" alias="no"/>'
        "</Choices>"
        for name, yes in (("smoker", "Smokes"), ("diabetic", "Diabetic"))
    )
    config = LabelingConfig.parse(f'<View><Text name="t" value="$text"/>{controls}</View>')
    items = [
        {"from_name": name, "to_name": "t", "type": "choices", "value": {"choices": ["yes"]}}
        for name in ("smoker", "diabetic")
    ]
    raw = {"id": 1, "data": {"text": "a"}, "annotations": [{"id": 1, "result": items}]}
    found = read_task(raw, config.task_format).completions[0].choices
    assert [choice.choices for choice in found] == [("Smokes",), ("Diabetic",)]


def test_of_nested_choices_the_last_one_counts() -> None:
    config = LabelingConfig.parse(
        '<View><Text name="t" value="$text"/><Choices name="kind" toName="t" allowNested="true">'
        '<Choice value="Animal"><Choice value="Cat"/><Choice value="Dog"/></Choice><Choice value="Stone"/>'
        "</Choices></View>"
    )
    assert config.choices[0].values == ("Cat", "Dog", "Stone")
    value = {"choices": [["Animal", "Cat"], ["Stone"]]}
    item = {"from_name": "kind", "to_name": "t", "type": "choices", "value": value}
    raw = {"id": 1, "data": {"text": "a"}, "annotations": [{"id": 1, "result": [item]}]}
    assert read_task(raw, config.task_format).completions[0].choices[0].choices == ("Cat", "Stone")
