"""A JSON file without a labeling config: the project's own is taken, or one is made from what people marked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.errors import BadInput, BadLabelingConfig
from genlab_widgets.projects.config_derived import derive
from genlab_widgets.projects.importing import import_project
from genlab_widgets.projects.store import list_projects
from tests.bills import write_bills
from tests.samples import CONFIG, task, write_export


def answered(*items: dict[str, Any], key: str = "completions", **data: Any) -> dict[str, Any]:
    return {"id": 1, "data": data or {"text": "No fever."}, key: [{"id": 1, "result": list(items)}]}


def choice(*values: str, name: str = "topic", **value: Any) -> dict[str, Any]:
    return {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": list(values), **value}}


def span(*labels: str, key: str = "labels", to_name: str = "text", **value: Any) -> dict[str, Any]:
    return {"from_name": "label", "to_name": to_name, "value": {"start": 0, "end": 2, **value, key: list(labels)}}


def json_only(folder: Path, **options: Any) -> Path:
    """Writes an export and takes its config and its project file away."""
    export = write_export(folder, **options)
    (export / "config.xml").unlink()
    (export / "project.json").unlink()
    return export


def test_labels_are_what_people_marked(home: Path, tmp_path: Path) -> None:
    report = import_project(json_only(tmp_path / "notes", tasks=4), home, language="en")
    config = report.project.labeling_config
    assert [label.value for label in config.labels] == ["DRUG", "DOSE"]
    assert (config.kinds(), config.text_key) == (("ner",), "text")
    assert config.lint() == []
    assert report.warnings == [
        "The export has no labeling config, so one was made from what people marked: the labels DRUG, DOSE. "
        "Check it in Setup: labels that nobody used are missing, and assertion labels count as entities."
    ]
    regions = [region.labels for item in report.project.tasks() for region in item.completions[0].regions]
    assert regions == [("DRUG",), ("DOSE",)] * 4


def test_choices_are_single_until_somebody_took_two() -> None:
    one, two = choice("a"), choice("b", "c", name="signs")
    config = derive([answered(one, two), answered(choice("d")), answered(choice("x", start=1, end=2))])
    assert config is not None
    found = {control.name: (control.multiple, control.values) for control in config.choices}
    assert found == {"topic": (False, ("a", "d")), "signs": (True, ("b", "c"))}
    assert config.kinds() == ("classification",)


def test_annotations_of_label_studio_count_too() -> None:
    config = derive([answered(span("DRUG"), key="annotations")])
    assert config is not None
    assert config.kinds() == ("ner",)


def test_regions_on_pages_and_in_html_are_known() -> None:
    box: dict[str, Any] = {"x": 1, "y": 1, "width": 5, "height": 5}
    page = derive([answered(span("TOTAL", key="rectanglelabels", to_name="image", **box), image=["/images/a.png"])])
    labels_on_page = derive([answered(span("TOTAL", to_name="image", **box), image="/images/a.png")])
    html = derive([answered(span("DRUG", key="hypertextlabels", to_name="page"), html="<p>x</p>")])
    assert page is not None
    assert labels_on_page is not None
    assert html is not None
    assert page.kinds() == labels_on_page.kinds() == ("visual_ner",)
    assert page.task_format.image_key == labels_on_page.task_format.image_key == "image"
    assert (html.task_format.is_html, html.text_key) == (True, "html")


def test_the_text_is_the_longest_where_its_key_tells_nothing() -> None:
    config = derive([answered(span("DRUG"), title="short", note="a longer text")])
    assert config is not None
    assert config.text_key == "note"


def test_the_pages_of_visual_ner_need_no_config(home: Path, tmp_path: Path) -> None:
    """As the annotation tool exports them: ``result.json`` and ``images/``."""
    export = write_bills(tmp_path / "bills", tasks=4)
    whole = import_project(export, home).project
    (export / "config.xml").unlink()
    (export / "project.json").unlink()
    report = import_project(export, home, name="derived", language="en")
    assert report.project.labeling_config.kinds() == ("visual_ner",)
    assert list(report.project.tasks()) == list(whole.tasks())
    assert report.warning_count == 1


@pytest.mark.parametrize("raw", [None, 3, {}, {"data": 3, "completions": 4}, {"completions": [None, {"result": [5]}]}])
def test_what_cannot_be_read_is_left_to_the_import(raw: Any) -> None:
    assert derive([raw]) is None


def test_odd_names_do_not_break_the_config() -> None:
    odd = ['a"b', "<c>", "d & e", "new\nline", "tab\t", "$text"]
    config = derive([answered(span(*odd), span("\0", "\ud800", " ")), answered(choice("x", name='n"'))])
    assert config is not None
    assert [label.value for label in config.labels] == odd
    assert [control.name for control in config.choices] == ['n"']


def test_a_json_file_takes_the_config_that_its_project_has(home: Path, tmp_path: Path) -> None:
    import_project(write_export(tmp_path / "notes", tasks=3), home)
    raw = json.loads(json.dumps(task(1)).replace('"DOSE"', '"AMOUNT"'))
    (tmp_path / "upload").mkdir()
    (tmp_path / "upload" / "notes.json").write_text(json.dumps([raw]))
    report = import_project(tmp_path / "upload" / "notes.json", home)
    assert (report.project.config_source, report.tasks, report.replaced) == (CONFIG.encode(), 1, True)
    assert report.warnings[0] == (
        "The export has no labeling config: the project keeps its own. "
        "It lacks AMOUNT, which people used: add that in Setup."
    )
    assert report.project.members.priority == ("olga", "max", "noah", "rita")


def test_a_config_from_elsewhere_counts_more_than_the_exports(home: Path, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=3)
    other = tmp_path / "other.xml"
    other.write_text(CONFIG.replace("DOSE", "AMOUNT"))
    assert import_project(export, home, config=other).project.config_source == other.read_bytes()
    assert import_project(export, home, config=export / "config.xml").project.config_source == CONFIG.encode()


@pytest.mark.parametrize(("content", "kind"), [(None, BadInput), ("<View>", BadLabelingConfig)])
def test_a_config_that_cannot_be_used_stores_nothing(
    home: Path, tmp_path: Path, content: str | None, kind: type[BadInput]
) -> None:
    export, other = write_export(tmp_path / "notes", tasks=3), tmp_path / "other.xml"
    if content is not None:
        other.write_text(content)
    with pytest.raises(kind):
        import_project(export, home, config=other)
    assert list_projects(home) == []
