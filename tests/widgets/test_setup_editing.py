"""The Setup page's rules beyond saving: conflicts, drafts, models that are added, members, and foreign text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from genlab_widgets.errors import BadLabelingConfig, NotAllowed
from genlab_widgets.projects.config_editing import as_text, from_text, with_model
from genlab_widgets.projects.labeling_config import Covered, LabelingConfig
from genlab_widgets.projects.members import Members
from genlab_widgets.projects.tasks import read_task
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.widgets.pages.setup import SetupPage
from genlab_widgets.widgets.parts.preview import Preview, Sample
from genlab_widgets.workspace import Project, Workspace
from tests.bills import write_bills
from tests.samples import CONFIG, MEMBERS, finish, task, write_export

HOSTILE = '"><img src=x onerror="hacked()">'
WRONG = '<Label value="absent" assertion="true" model="ner_old"/>'
RIGHT = '<Label value="absent" assertion="true" model="assertion_old"/>'


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Project:
    return Workspace(home, user="olga").import_project(write_export(tmp_path / "notes", 12)).project


@pytest.fixture
def page(project: Project) -> SetupPage:
    return SetupPage(project, background=False)


def edit(page: SetupPage, old: str, new: str) -> None:
    """Types, as the browser does."""
    assert old in page.config.editor.text
    page.config.editor.emit("edit", text=page.config.editor.text.replace(old, new), origin="view:1")


def test_the_difference_comes_first_and_the_old_config_is_kept(page: SetupPage, project: Project) -> None:
    before = project.config_source
    assert b"\r\n" in before
    edit(page, 'hotkey="d"', 'hotkey="x"')
    page.config.save.click()
    assert "hotkey=&quot;x&quot;" in page.config.question.value
    assert project.config_source == before
    page.config.confirm.click()
    assert project.config_source == before.replace(b'hotkey="d"', b'hotkey="x"')
    assert project.stored.config_history()[-1].read_bytes() == before


def test_what_is_typed_after_the_difference_was_shown_is_not_saved_unseen(page: SetupPage, project: Project) -> None:
    before = project.config_source
    edit(page, 'hotkey="d"', 'hotkey="x"')
    page.config.save.click()
    edit(page, 'hotkey="x"', 'hotkey="y"')
    page.config.confirm.click()
    assert project.config_source == before


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        (RIGHT, WRONG, 7, "NER model"),
        ("value='DRUG'", "value='DRUG' model='assertion_x'", 4, "lacks assertion"),
        ("value='DRUG'", "value='DRUG' model='classification_x'", 4, "classifier"),
        ("  </Labels>", f"{RIGHT.replace('assertion_old', 'assertion_new')}\n  </Labels>", 8, "one assertion model"),
        ("</Labels>", "", 3, "never closed"),
    ],
)
def test_an_error_blocks_saving_and_says_where(page: SetupPage, old: str, new: str, line: int, said: str) -> None:
    before = page.project.config_source
    edit(page, old, new)
    found = page.config.findings.items[0]
    assert (found["severity"], found["line"]) == ("error", line)
    assert said in found["message"]
    assert page.config.editor.marks[0]["line"] == line
    assert f"line {line}" in page.config.state.value
    assert page.config.save.disabled
    page.config.ask()
    page.config.store()
    assert page.project.config_source == before


def test_the_project_refuses_an_error_whoever_asks(project: Project) -> None:
    before = project.config_source
    with pytest.raises(BadLabelingConfig, match="Line 7, column 5"):
        project.save_labeling_config(CONFIG.replace(RIGHT, WRONG).encode(), before)
    assert project.config_source == before


def test_a_config_that_cannot_be_read_keeps_the_last_preview(page: SetupPage) -> None:
    edit(page, "</View>", "")
    assert "DRUG" in page.config.preview.value
    assert "last" in page.config.findings.headline
    page.config.revert.click()
    assert page.config.findings.tone == "ok"
    assert not page.config.unsaved


def test_a_config_broken_outside_is_repaired_here(project: Project) -> None:
    (project.folder / "config.xml").write_bytes(b"<View>")
    page = SetupPage(project, background=False)
    assert page.config.findings.items[0]["line"] == 1
    edit(page, "<View>", "<View></View>")
    page.config.save.click()
    page.config.confirm.click()
    assert project.config_source == b"<View></View>"


def test_what_changed_elsewhere_is_never_overwritten_unseen(page: SetupPage, project: Project) -> None:
    edit(page, "DOSE", "DOSAGE")
    page.config.save.click()
    theirs = project.config_source.replace(b"#0a0", b"#0b0")
    project.save_labeling_config(theirs, project.config_source)
    page.config.confirm.click()
    assert project.config_source == theirs
    assert "#0b0" in page.config.told.value
    assert page.config.save.disabled
    page.config.keep.click()
    page.config.save.click()
    assert "#0b0" in page.config.question.value
    page.config.revert.click()
    assert page.config.source() == theirs


def test_a_change_elsewhere_is_taken_over_where_nothing_was_typed(page: SetupPage, project: Project) -> None:
    project.save_labeling_config(project.config_source.replace(b"DOSE", b"DOSAGE"), project.config_source)
    page.tick()
    assert "DOSAGE" in page.config.editor.text
    assert page.config.clash.layout.display == "none"


def test_unsaved_edits_outlive_a_look_at_another_page(page: SetupPage, project: Project) -> None:
    edit(page, "DOSE", "DOSAGE")
    again = SetupPage(project, background=False)
    assert "DOSAGE" in again.config.editor.text
    assert "unsaved" in again.banner.messages[0]["what"]
    again.config.revert.click()
    assert not SetupPage(project, background=False).config.unsaved


def test_annotators_are_refused_by_the_project_too(project: Project) -> None:
    other = Workspace(project.workspace.home, user="noah").project("notes")
    page = SetupPage(other, background=False)
    page.members.move("noah", -1)
    assert page.members.members == page.members.stored
    with pytest.raises(NotAllowed, match="noah may not change the labeling config"):
        other.save_labeling_config(b"<View></View>", other.config_source)
    with pytest.raises(NotAllowed):
        other.save_members(Members(), other.members)


def test_foreign_text_never_becomes_markup(home: Path, tmp_path: Path) -> None:
    escaped = HOSTILE.replace('"', "&quot;").replace("<", "&lt;")
    config = f"""<View><Header value="{escaped}"/><Labels name="l" toName="t">
      <Label value="{escaped}" background="red;x:url(y)" hotkey="{escaped}" alias="{escaped}" model="{escaped}"/></Labels>
      <Text name="t" value="$text"/><Choices name="{escaped}" toName="t"><Choice value="{escaped}"/></Choices></View>"""
    tasks = [task(1, data={"text": f"Patient 1 took {HOSTILE}"})]
    export = write_export(tmp_path / "bad", tasks, config, members=[{"username": HOSTILE, "role": HOSTILE}])
    page = SetupPage(Workspace(home).import_project(export).project, background=False)
    edit(page, "$text", "$tex")
    shown = page.config.preview.value + page.config.state.value
    edit(page, "$tex", "$text")
    page.config.ask()
    shown += page.config.preview.value + page.config.question.value
    assert "<img" not in shown
    assert "url(" not in shown
    assert "&lt;img" in shown


def test_the_preview_marks_regions_by_code_points_and_ticks_choices() -> None:
    config = LabelingConfig.parse(
        '<View><Labels name="label" toName="text"><Label value="DRUG"/><Label value="DOSE"/></Labels>'
        '<Text name="text" value="$text"/><Choices name="age" toName="text" choice="multiple"><Choice value="Adult"/>'
        '<Choice value="Child"/></Choices><Choices name="sex" toName="text"><Choice value="F"/></Choices></View>'
    )
    raw = task(3)
    raw["data"]["text"] = raw["data"]["text"].replace("Patient", "Pati\U0001f600nt")
    raw["completions"][0]["result"].append(
        {"from_name": "age", "to_name": "text", "type": "choices", "value": {"choices": ["Adult"]}}
    )
    read = read_task(raw, config.task_format)
    drawn = Preview({"DRUG": "red"}, Sample(read, read.completions[0], "text")).draw(config.tree())
    assert ">drug003ol<span" in drawn
    assert ">4 mg<" not in drawn
    assert (drawn.count('type="checkbox"'), drawn.count('type="radio"'), drawn.count(" checked")) == (2, 1, 1)


def test_a_classifier_of_another_project_brings_its_choices(home: Path, tmp_path: Path, page: SetupPage) -> None:
    workspace = page.project.workspace
    control = (
        '<Choices name="age" toName="text" choice="multiple"><Choice value="DRUG"/><Choice value="DOSE"/></Choices>'
    )
    export = write_export(tmp_path / "other", 12, CONFIG.replace("</View>", f"{control}</View>"))
    workspace.import_project(export)
    run = finish(workspace, TrainingSpec(project="other", kind="classification", classifier="age"), "other")
    page.tick()
    offered = page.adding.table.rows[0]
    assert offered["name"] == run.model == "classification_age_annotation_manual"
    assert offered["cells"]["source"]["text"] == "other"
    assert offered["cells"]["trained"]["text"].startswith("20")
    before = page.project.config_source
    page.adding.table.emit("action", name="add", id=run.model)
    added = page.config.readable().choices[0]
    assert (added.name, added.multiple, set(added.models)) == ("age", True, {run.model})
    assert page.project.config_source == before
    row = page.pretrained.table.rows[-1]
    assert (row["name"], row["cells"]["source"]["text"]) == (run.model, "other")
    assert row["cells"]["covers"]["text"] == f"age: {', '.join(added.values)}"
    page.config.save.click()
    page.config.confirm.click()
    lines = page.project.config_source.splitlines(keepends=True)
    assert b"".join(line for line in lines if b"Choice" not in line) == before
    page.pretrained.table.emit("action", name="remove", id=run.model)
    assert run.model not in page.config.editor.text


def test_a_ner_model_names_itself_on_labels_that_are_there_and_adds_the_rest(page: SetupPage) -> None:
    edit(page, "\t<Label value='DRUG' background=\"#0a0\"/>\n", "")
    run = finish(page.project.workspace, TrainingSpec(project="notes"), "notes")
    page.tick()
    page.adding.add(run.model)
    assert {label.value: label.model for label in page.config.readable().labels} == {
        "DOSE": run.model,
        "absent": "assertion_old",
        "DRUG": run.model,
    }
    assert not page.config.errors


def test_a_name_of_the_hub_goes_to_one_label(page: SetupPage) -> None:
    titles = {item["title"]: item["value"] for item in page.adding.value.options}
    assert list(titles) == ["DRUG", "DOSE", "absent (assertion)"]
    page.adding.value.value = titles["DOSE"]
    page.adding.name.value = " two words "
    page.adding.put.click()
    assert page.adding.name.error
    page.adding.name.value = "ner_clinical"
    page.adding.put.click()
    assert [label.model for label in page.config.readable().labels] == [None, "ner_clinical", "assertion_old"]
    first = page.pretrained.table.rows[0]
    assert (first["name"], first["cells"]["source"]["text"]) == ("ner_clinical", "Not trained here")


def test_members_are_moved_given_roles_and_stored(page: SetupPage, project: Project) -> None:
    page.members.listed.emit("move", name="rita", by=-1)
    page.members.listed.emit("role", name="noah", role="Manager")
    page.members.listed.emit("role", name="noah", role="Emperor")
    assert page.members.listed.spoken == "rita is now 3 of 4."
    about = json.loads((project.folder / "project.json").read_text(encoding="utf-8"))
    assert [item["username"] for item in about["members"]] == [item["username"] for item in MEMBERS]
    page.members.save.click()
    after = json.loads((project.folder / "project.json").read_text(encoding="utf-8"))
    assert [item["username"] for item in after["members"]] == ["olga", "max", "rita", "noah"]
    assert after["members"][3]["role"] == "Manager"
    assert {**after, "members": 0} == {**about, "members": 0}
    assert project.workspace.project("notes").members == project.members == page.members.members


def test_somebody_must_stay_who_can_change_the_project(page: SetupPage, project: Project) -> None:
    before = project.members
    for name in ("olga", "max"):
        page.members.listed.emit("role", name=name, role="Reviewer")
    page.members.save.click()
    assert "nobody could change" in page.banner.messages[-1]["what"]
    assert project.workspace.project("notes").members == before


def test_members_changed_elsewhere_block_saving(page: SetupPage, project: Project) -> None:
    other = project.workspace.project("notes")
    page.members.listed.emit("move", name="rita", by=-1)
    other.save_members(Members(other.members.priority[::-1], other.members.roles), other.members)
    page.tick()
    assert page.members.save.disabled
    assert "elsewhere" in page.members.state.value
    page.members.revert.click()
    assert page.members.members.priority[0] == "rita"


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        (b"a\r\nb\nc\r\n", "a\nB\nc\n", b"a\r\nB\nc\r\n"),
        (b"a\r\nb\nc\r\n", "a\nnew\nb\nc\n", b"a\r\nnew\r\nb\nc\r\n"),
        (b"a\r\nb", "a\nb\nc", b"a\r\nb\r\nc"),
        (b"a", "a\nb", b"a\nb"),
        (b"\xef\xbb\xbfa\rb", "\ufeffa\nc", b"\xef\xbb\xbfa\rc"),
        (b"", "x", b"x"),
    ],
)
def test_line_ends_stay_as_they_were(before: bytes, text: str, after: bytes) -> None:
    assert from_text(text, before) == after
    assert from_text(as_text(before), before) == before


@pytest.mark.parametrize(
    ("config", "part", "after"),
    [
        (
            '<View>\r\n  <Labels name="l" toName="t">\r\n  </Labels>\r\n</View>',
            Covered("entities"),
            '<View>\r\n  <Labels name="l" toName="t">\r\n    <Label value="A" model="m"/>\r\n  </Labels>\r\n</View>',
        ),
        (
            '<View><Labels name="l" toName="t"><Label value="A"/></Labels></View>',
            Covered("assertion"),
            '<View><Labels name="l" toName="t"><Label value="A"/><Label value="A" assertion="true" model="m"/></Labels></View>',
        ),
        (
            '<View>\n  <!-- </View> <Labels></Labels> -->\n  <Text name="note" value="$n"/>\n</View>\n',
            Covered("entities"),
            '<View>\n  <!-- </View> <Labels></Labels> -->\n  <Text name="note" value="$n"/>\n'
            '  <Labels name="label" toName="note">\n    <Label value="A" model="m"/>\n  </Labels>\n</View>\n',
        ),
        (
            '<View>\n<Choices name="a"><Choice value="x"/></Choices><Choices name="b">\n</Choices>\n</View>',
            Covered("choices", "b"),
            '<View>\n<Choices name="a"><Choice value="x"/></Choices><Choices name="b">\n  <Choice value="A" model="m"/>\n'
            "</Choices>\n</View>",
        ),
    ],
)
def test_missing_labels_and_choices_are_added_where_they_belong(config: str, part: Covered, after: str) -> None:
    assert with_model(LabelingConfig.parse(config), part, ["A"], "m").source == after.encode()


def test_models_of_pages_are_offered_where_pages_are_marked_and_others_where_texts_are(
    page: SetupPage, project: Project, tmp_path: Path
) -> None:
    workspace = project.workspace
    text_run = finish(workspace, project.spec(), "notes")
    bills = workspace.import_project(write_bills(tmp_path / "bills", 4)).project
    page_run = finish(workspace, TrainingSpec(project="bills", kind="visual_ner"), "bills")
    page.adding.look()
    assert [row["id"] for row in page.adding.table.rows] == [text_run.model]
    other = SetupPage(bills, background=False)
    assert [row["id"] for row in other.adding.table.rows] == [page_run.model]
    other.adding.table.emit("action", name="add", id=page_run.model)
    added = {name for _, name in other.config.readable().all_named()}
    assert page_run.model in added
