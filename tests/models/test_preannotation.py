"""What models found as the predictions of an export, and what they are given to read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from genlab_widgets.errors import BadInput, Conflict, NotFound, WorkspaceUnusable, WrongParameters
from genlab_widgets.models.preannotation import Preannotation, pieces_of_files, pieces_of_project, require_place
from genlab_widgets.models.predictions import page_item, prediction, text_items
from genlab_widgets.projects.labeling_config import Covered, LabelingConfig
from genlab_widgets.projects.tasks import read_task
from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.workspace import Workspace
from tests import mixed
from tests.samples import finish, imported, task, write_export

CONFIG = LabelingConfig.parse(mixed.CONFIG)
TEXT = "Gave 😀 aspirin today."


def test_entities_become_items_in_code_points_under_their_control() -> None:
    items = text_items(Example(1, TEXT, (Span(7, 14, "DRUG"),)), CONFIG, Covered("entities"))
    assert items == [
        {
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": {"start": 7, "end": 14, "text": "aspirin", "labels": ["DRUG"]},
        }
    ]


def test_classes_become_one_item_of_their_choices() -> None:
    whole = (Span(0, len(TEXT), "high"), Span(0, len(TEXT), "low"))
    items = text_items(Example(1, TEXT, whole), CONFIG, Covered("choices", "urgency"))
    assert items == [
        {"from_name": "urgency", "to_name": "text", "type": "choices", "value": {"choices": ["high", "low"]}}
    ]
    assert text_items(Example(1, TEXT, ()), CONFIG, Covered("choices", "urgency")) == []


def test_scores_stand_where_each_annotation_tool_looks_for_them() -> None:
    found = Example(1, TEXT, (Span(7, 14, "DRUG"), Span(15, 20, "DRUG")), scores=(0.75, None))
    sure, silent = text_items(found, CONFIG, Covered("entities"))
    assert (sure["score"], sure["value"]["confidence"]) == (0.75, 0.75)
    assert "score" not in silent
    assert "confidence" not in silent["value"]
    told = prediction(1001, [sure, silent, {**sure, "score": 0.25}], ["ner"], "now")
    assert told["score"] == 0.5
    assert [item["id"] for item in told["result"]] == ["p1", "p2", "p3"]
    assert "score" not in prediction(1001, [silent], ["ner"], "now")


@pytest.mark.parametrize(("scores", "score"), [((0.5, 1.0), 0.75), ((0.5, None), None), ((), None)])
def test_choices_have_the_mean_score_of_their_classes_or_none(
    scores: tuple[float | None, ...], score: float | None
) -> None:
    whole = (Span(0, len(TEXT), "high"), Span(0, len(TEXT), "low"))
    [item] = text_items(Example(1, TEXT, whole, scores=scores), CONFIG, Covered("choices", "urgency"))
    assert item.get("score") == item["value"].get("confidence") == score


def test_a_least_score_is_a_number_from_0_to_1(home: Path, tmp_path: Path) -> None:
    imported(home, write_export(tmp_path / "notes", tasks=3))
    workspace = Workspace(home)
    project = workspace.project("notes")
    finish(workspace, project.spec(), "notes")
    [model] = workspace.models()
    with pytest.raises(WrongParameters, match=r"1\.5 is no score"):
        model.preannotate(min_score=1.5)


def test_items_can_be_imported_again() -> None:
    items = text_items(Example(1, TEXT, (Span(7, 14, "DRUG"),), scores=(0.5,)), CONFIG, Covered("entities"))
    read = read_task({"id": 1, "data": {"text": TEXT}, "completions": [{"id": 1, "result": items}]})
    region = read.completions[0].regions[0]
    assert (region.start, region.end, region.labels) == (7, 14, ("DRUG",))


def test_files_and_folders_become_pieces_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("Zwei", encoding="utf-8")
    (tmp_path / "a.txt").write_text("Eins 😀", encoding="utf-8")
    (tmp_path / "left out.bin").write_bytes(b"\0")
    found = pieces_of_files([tmp_path], CONFIG)
    assert [(piece.id, piece.text, piece.data["title"]) for piece in found] == [
        (1, "Eins 😀", "a.txt"),
        (2, "Zwei", "b.txt"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "error", "told"),
    [
        ("missing.txt", None, NotFound, "does not exist"),
        ("latin.txt", "Größe".encode("latin-1"), BadInput, "UTF-8"),
        ("table.xlsx", b"PK", BadInput, "neither a text"),
    ],
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: bytes | None, error: type[Exception], told: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=told):
        pieces_of_files([tmp_path / name], CONFIG)


def test_only_tasks_that_nobody_completed_are_read(home: Path, tmp_path: Path) -> None:
    open_task, draft = task(2, completions=[]), task(3)
    for completion in draft["completions"]:
        completion["submitted_at"] = None
    project = imported(home, write_export(tmp_path / "notes", [task(1), open_task, draft]))
    assert [piece.id for piece in pieces_of_project(project)] == [2, 3]
    assert [piece.id for piece in pieces_of_project(project, everything=True)] == [1, 2, 3]


def test_a_project_without_a_deployed_model_says_so(home: Path, tmp_path: Path) -> None:
    imported(home, write_export(tmp_path / "notes", tasks=3))
    with pytest.raises(Conflict, match="names none that was trained here"):
        Workspace(home).project("notes").preannotate()


def test_models_whose_files_are_gone_and_assertion_alone_are_refused(home: Path, tmp_path: Path) -> None:
    imported(home, write_export(tmp_path / "notes", tasks=3))
    workspace = Workspace(home)
    project = workspace.project("notes")
    finish(workspace, project.spec(kind="assertion"), "notes")
    [model] = workspace.models()
    with pytest.raises(Conflict, match="judges entities"):
        model.preannotate([])


def test_tasks_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    found = Preannotation([{"id": 1, "data": {"text": "ä"}, "predictions": [{"result": [{}, {}]}]}])
    found.write(tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == found.tasks
    assert found.items == 2
    require_place(tmp_path / "out.json")
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


@pytest.mark.parametrize("place", ["nowhere/out.json", "file/out.json", f"{'n' * 250}.json", f"{'n' * 300}.json", "."])
def test_a_place_that_cannot_be_written_is_refused_before_and_after(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    for attempt in (require_place, Preannotation([]).write):
        with pytest.raises(WorkspaceUnusable, match="cannot be written"):
            attempt(tmp_path / place)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_region_of_a_page_becomes_a_box_in_percent_and_pixels() -> None:
    config = LabelingConfig.parse(
        '<View><RectangleLabels name="box" toName="page"><Label value="TOTAL"/></RectangleLabels>'
        '<Image name="page" value="$image"/></View>'
    )
    box = {"left": 0.25, "top": 0.5, "right": 0.75, "bottom": 0.625}
    region = {"label": "TOTAL", "text": "12.50", "score": 0.9, "page": 1, **box}
    item = page_item(region, [{"width": 10, "height": 10}, {"width": 400, "height": 800}], config)
    assert (item["from_name"], item["to_name"], item["type"]) == ("box", "page", "rectanglelabels")
    assert (item["pageNumber"], item["original_width"], item["original_height"]) == (2, 400, 800)
    value = item["value"]
    assert [value[side] for side in ("x", "y", "width", "height")] == [25, 50, 50, 12.5]
    assert [value[f"{side}_px"] for side in ("x", "y", "width", "height")] == [100, 400, 200, 100]
    assert (value["rectanglelabels"], value["text"], value["confidence"]) == (["TOTAL"], ["12.50"], 0.9)
    assert item["score"] == 0.9
    assert "x_px" not in page_item(region, [], config)["value"]


PAGE = "<p>Gave <b>aspirin</b> today.</p>"


def html_config(control: str) -> LabelingConfig:
    labels = f'<{control} name="label" toName="page"><Label value="DRUG"/></{control}>'
    return LabelingConfig.parse(f'<View>{labels}<HyperText name="page" value="$html"/></View>')


@pytest.mark.parametrize(("control", "kind"), [("HyperTextLabels", "hypertextlabels"), ("Labels", "labels")])
def test_spans_in_html_have_the_form_of_their_control_and_can_be_read_again(control: str, kind: str) -> None:
    config = html_config(control)
    example = Example(1, "Gave aspirin today.", (Span(5, 12, "DRUG"),))
    (item,) = text_items(example, config, Covered("entities"), PAGE)
    assert item == {
        "from_name": "label",
        "to_name": "page",
        "type": kind,
        "value": {
            "start": "/p[1]/b[1]/text()[1]",
            "end": "/p[1]/b[1]/text()[1]",
            "startOffset": 0,
            "endOffset": 7,
            "globalOffsets": {"start": 5, "end": 12},
            "text": "aspirin",
            kind: ["DRUG"],
        },
    }
    without = {key: value for key, value in item["value"].items() if key != "globalOffsets"}
    for value in (item["value"], without):
        raw = {"id": 1, "data": {"html": PAGE}, "completions": [{"id": 1, "result": [{**item, "value": value}]}]}
        (region,) = read_task(raw, config.task_format).completions[0].regions
        assert (region.start, region.end, region.labels) == (5, 12, ("DRUG",))


def test_spans_in_html_that_is_not_known_have_their_offsets() -> None:
    example = Example(1, "Gave aspirin today.", (Span(5, 12, "DRUG"),))
    (item,) = text_items(example, html_config("HyperTextLabels"), Covered("entities"), "<p>Else.</p>")
    assert item["value"]["globalOffsets"] == {"start": 5, "end": 12}
    assert (item["value"]["start"], item["value"]["end"]) == (5, 12)


def test_files_of_html_are_read_as_people_see_them(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(PAGE)
    (piece,) = pieces_of_files([tmp_path], html_config("HyperTextLabels"))
    assert (piece.text, piece.html(html_config("HyperTextLabels"))) == ("Gave aspirin today.", PAGE)


def test_a_prediction_names_its_models_as_both_tools_do() -> None:
    told = prediction(1, [], ["ner_a", "classification_b"], "now")
    assert told["model"] == told["model_version"] == "ner_a, classification_b"


def test_doubtful_tasks_can_come_first() -> None:
    scores: list[list[float | None]] = [[0.9], [], [0.95, 0.3], [None], [0.5]]
    found = Preannotation(
        [
            {"id": number, "predictions": [{"result": [{"score": score} for score in item]}]}
            for number, item in enumerate(scores)
        ]
    )
    found.doubtful_first()
    assert [item["id"] for item in found.tasks] == [2, 4, 0, 1, 3]


def test_half_a_surrogate_pair_is_written_as_it_was_read(tmp_path: Path) -> None:
    tasks = [{"id": 1, "data": {"text": "broken \ud83d"}, "predictions": [{"result": []}]}]
    Preannotation(tasks).write(tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_bytes()) == tasks
