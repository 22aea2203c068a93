from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.errors import (
    BadInput,
    BadLabelingConfig,
    BrokenJson,
    BrokenTask,
    GenlabError,
    NotAllowed,
    NotAProject,
    WorkspaceUnusable,
)
from genlab_widgets.projects import json_stream, reimport
from genlab_widgets.projects.importing import MAX_WARNINGS, import_project
from genlab_widgets.projects.naming import safe_name
from genlab_widgets.projects.store import Project, list_projects, open_project
from tests.samples import CONFIG, imported, task, text_of, write_export, zipped


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refused(source: Path, home: Path, kind: type[GenlabError] = BadInput, **options: Any) -> GenlabError:
    """Imports, and checks that nothing in the workspace changed."""
    before = files(home)
    with pytest.raises(kind) as caught:
        import_project(source, home, **options)
    assert files(home) == before
    if (home / "projects").is_dir():
        assert not [path for path in (home / "projects").iterdir() if path.name.startswith(".")]
    assert caught.value.what
    assert caught.value.next_step
    return caught.value


def test_a_folder_a_zip_and_a_file_give_the_same_project(home: Path, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=7)
    found = []
    for source in (export, zipped(export, tmp_path / "packed.zip"), export / "result.json"):
        report = import_project(source, home, language="en")
        assert (report.project.name, report.tasks, report.warnings) == ("notes", 7, [])
        found.append(files(report.project.folder))
        shutil.rmtree(report.project.folder)
    assert found[0] == found[1] == found[2]
    assert set(found[0]) == {"config.xml", "project.json", "tasks.jsonl"}
    assert found[0]["config.xml"] == CONFIG.encode()


def test_tasks_keep_every_field_of_the_export(home: Path, tmp_path: Path) -> None:
    odd = task(1, extra={"a": [1.5, None, "ä🙂\ud800\0"]}, predictions=[{"score": 1e-7}], big=10**20)
    project = imported(home, write_export(tmp_path / "notes", tasks=[odd]))
    assert [json.loads(line) for line in (project.folder / "tasks.jsonl").open()] == [odd]


def test_the_about_keeps_the_exports_facts_and_adds_its_own(home: Path, tmp_path: Path) -> None:
    project = imported(home, write_export(tmp_path / "notes", tasks=10, client="ä\ud800", tasks_expected=3))
    assert project.about["client"] == "ä\ud800"
    assert (project.about["tasks"], project.about["tags"]) == (10, {"Train": 8, "Test": 2})


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Ward 7/b", "Ward_7_b"),
        ("../../etc/passwd", "etc_passwd"),
        ("..", "project"),
        (".hidden", "hidden"),
        ("a\\b:c*?", "a_b_c"),
        ("Größe 🙂", "Gr_e"),
        ("薬", "project"),
        ("x" * 200, "x" * 80),
        ("-rf", "rf"),
        (" ", "project"),
    ],
)
def test_names_are_made_safe(home: Path, tmp_path: Path, name: str, folder: str) -> None:
    assert safe_name(name) == folder
    export = write_export(tmp_path / "notes", tasks=1, name=name)
    assert import_project(export, home).project.folder == home / "projects" / folder
    assert import_project(export, home, name=name).project.folder == home / "projects" / folder


def test_where_the_name_comes_from(home: Path, tmp_path: Path) -> None:
    export = write_export(tmp_path / "ward", tasks=1)
    (export / "project.json").unlink()
    shutil.copy(export / "result.json", tmp_path / "other.json")
    shutil.copy(export / "config.xml", tmp_path)
    for source, name in ((export, "ward"), (export / "result.json", "ward"), (tmp_path / "other.json", "other")):
        assert import_project(source, home).project.name == name
    packed = zipped(export, tmp_path / "packed.zip")
    assert import_project(packed, home).project.name == "packed"
    assert import_project(packed, home, name="mine").project.name == "mine"


def test_a_relative_path_has_a_name_too(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export = write_export(tmp_path / "ward", tasks=1)
    (export / "project.json").unlink()
    monkeypatch.chdir(export)
    assert import_project(Path("."), home).project.name == "ward"
    assert import_project(Path("result.json"), home).project.name == "ward"


def test_any_single_json_file_holds_the_tasks(home: Path, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=3)
    (export / "result.json").rename(export / "export-2026.json")
    assert import_project(export, home).tasks == 3
    shutil.copy(export / "export-2026.json", export / "another.json")
    assert "2 other JSON files" in refused(export, home, NotAProject).why


def test_what_is_missing_is_named(home: Path, tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "nowhere", home, NotAProject).what
    export = write_export(tmp_path / "notes", tasks=3)
    assert "not a list" in refused(export / "project.json", home, NotAProject).what
    (export / "config.xml").unlink()
    (export / "result.json").write_text(json.dumps([task(1, completions=[])]))
    for source in (export, export / "result.json", zipped(export, tmp_path / "notes.zip")):
        error = refused(source, home, NotAProject)
        assert "no labeling config" in error.what
        assert "config.xml is missing" in error.why
    (export / "result.json").unlink()
    assert "result.json is missing" in refused(export, home, NotAProject).why
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", home, NotAProject)


@pytest.mark.parametrize("tasks", ["[]", " [ \n] "])
def test_an_empty_list_is_no_project(home: Path, tmp_path: Path, tasks: str) -> None:
    export = write_export(tmp_path / "notes", tasks=0)
    (export / "result.json").write_text(tasks)
    assert "holds no tasks" in refused(export, home, NotAProject).what


def test_broken_json_has_line_and_column(home: Path, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=0)
    good = json.dumps(task(1))
    (export / "result.json").write_text(f"[\n{good},\n{good[:-1]} oops\n]")
    error = refused(export, home, BrokenJson)
    assert (error.details["line"], error.details["column"]) == (3, len(good) + 1)
    assert error.details["path"] == str(export / "result.json")


@pytest.mark.parametrize(
    "content", [b"{", b"[1", b'{"name": NaN}', b'{"name": "a", "name": "b"}', b"\xff\xff\xff", b""]
)
def test_a_broken_project_file_is_named(home: Path, tmp_path: Path, content: bytes) -> None:
    export = write_export(tmp_path / "notes", tasks=1)
    (export / "project.json").write_bytes(content)
    assert "project.json" in refused(export, home, BrokenJson).what


@pytest.mark.parametrize("content", ["[]", "5", '{"members": {"olga": "Owner"}}', '{"members": 3}'])
def test_a_project_file_of_another_shape_is_named(home: Path, tmp_path: Path, content: str) -> None:
    export = write_export(tmp_path / "notes", tasks=1)
    (export / "project.json").write_text(content)
    assert "project.json cannot be used" in refused(export, home).what


def test_a_broken_config_is_named(home: Path, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=1, config="<View>\n <Labels>\n</View>")
    error = refused(export, home, BadLabelingConfig)
    assert (error.details["line"], error.details["column"]) == (2, 2)


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([task(1), {"data": {"text": "x"}}], "The task at place 2"),
        ([task(1), {"text": "x", "id": 2}], "Task 2"),
        ([task(1), "x"], "The task at place 2"),
        ([{**task(1), "id": "one"}], "Task one"),
        ([task(1), task(2), {**task(3), "completions": [{"id": 5, "result": {}}]}], "Task 3"),
    ],
)
def test_a_broken_task_is_named_by_id_or_place(home: Path, tmp_path: Path, tasks: list[Any], said: str) -> None:
    assert said in refused(write_export(tmp_path / "notes", tasks=tasks), home, BrokenTask).what


@pytest.mark.parametrize("other", [1, "1", 1.0])
def test_two_tasks_with_one_id(home: Path, tmp_path: Path, other: Any) -> None:
    export = write_export(tmp_path / "notes", tasks=[task(1), {**task(2), "id": other}])
    assert "Task 1 stands twice" in refused(export, home).what


def test_odd_spans_and_empty_texts_are_warnings(home: Path, tmp_path: Path) -> None:
    text, spans = text_of(1)
    tasks = [task(1), task(2, data={"text": " "}), task(3, data={"note": "x"}), task(4), task(5), task(6)]
    for number, place in ((4, (5, 5000)), (5, (-3, 2)), (6, (9, 4))):
        tasks[number - 1]["completions"][0]["result"][0]["value"] |= {"start": place[0], "end": place[1]}
    tasks[0]["completions"][0]["result"][0]["value"]["text"] = "something\nelse <b>"
    report = import_project(write_export(tmp_path / "notes", tasks=tasks), home)
    assert report.tasks == 6
    first = [warning for warning in report.warnings if warning.startswith("Task 1")]
    assert len(first) == 1
    assert "says 'something\\nelse <b>'" in first[0]
    assert repr(text[spans[0].start : spans[0].end]) in first[0]
    assert any(warning == "Task 2 has an empty text and will not train." for warning in report.warnings)
    assert any("Task 3 has no text ('text' is missing" in warning for warning in report.warnings)
    outside = [warning for warning in report.warnings if "lies outside" in warning and warning[5] in "456"]
    assert len(outside) == 3
    assert "5-5000" in outside[0]


def test_warnings_are_counted_and_the_first_hundred_kept(home: Path, tmp_path: Path) -> None:
    export = write_export(
        tmp_path / "notes", tasks=[task(number, data={"text": ""}, completions=[]) for number in range(150)]
    )
    report = import_project(export, home, language="en")
    assert (len(report.warnings), report.warning_count) == (MAX_WARNINGS, 150)


def label_studio(number: int) -> dict[str, Any]:
    raw = task(number)
    completion = raw.pop("completions")[0]
    annotation = {
        "id": number,
        "result": completion["result"],
        "created_at": "2026-01-02T10:00:00Z",
        "was_cancelled": False,
        "completed_by": {"id": 3, "email": "noah@x.test"},
    }
    return {**raw, "annotations": [annotation], "predictions": [{"id": 9, "result": []}], "drafts": []}


def test_an_export_of_label_studio(home: Path, tmp_path: Path) -> None:
    project = imported(home, write_export(tmp_path / "notes", tasks=[label_studio(number) for number in range(1, 4)]))
    stored = list(project.tasks())
    assert [completion.username for item in stored for completion in item.completions] == ["noah@x.test"] * 3
    assert [region.labels[0] for region in stored[0].completions[0].regions] == ["DRUG", "DOSE"]


HTML_CONFIG = """<View><HyperTextLabels name="label" toName="page"><Label value="DRUG" alias="dr"/></HyperTextLabels>
<HyperText name="page" value="$html"/></View>"""


def test_html_is_read_as_the_text_that_a_browser_shows(home: Path, tmp_path: Path) -> None:
    value = {
        "start": "/p/b/text()",
        "end": "/p/b/text()",
        "globalOffsets": {"start": 5, "end": 10},
        "hypertextlabels": ["dr"],
        "text": "Zelam",
    }
    page = task(1, data={"html": "<p>Took <b>Zelam</b>.</p>"})
    page["completions"][0]["result"] = [{"id": "a", "from_name": "label", "value": value}]
    report = import_project(write_export(tmp_path / "pages", tasks=[page], config=HTML_CONFIG), home, language="en")
    assert report.warnings == []
    (found,) = report.project.tasks()
    (region,) = found.completions[0].regions
    assert (found.text, region.labels) == ("Took Zelam.", ("DRUG",))


def test_a_span_that_its_html_does_not_have_is_told(home: Path, tmp_path: Path) -> None:
    value = {"start": "/p[9]/text()[1]", "end": "/p[9]/text()[1]", "startOffset": 0, "endOffset": 5}
    page = task(1, data={"html": "<p>Took <b>Zelam</b>.</p>"})
    page["completions"][0]["result"] = [
        {"id": "a", "from_name": "label", "value": {**value, "hypertextlabels": ["dr"], "text": "Zelam"}}
    ]
    report = import_project(write_export(tmp_path / "pages", tasks=[page], config=HTML_CONFIG), home, language="en")
    number = page["completions"][0]["id"]
    told = f"Task 1, completion {number}: the region DRUG names a place that its HTML does not have."
    assert report.warnings == [told]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_exports_of_other_programs_with_a_mark(home: Path, tmp_path: Path, encoding: str) -> None:
    export = write_export(tmp_path / "notes", tasks=2)
    for name in ("result.json", "project.json"):
        (export / name).write_text((export / name).read_text(), encoding=encoding)
    (export / "config.xml").write_bytes(b"\xef\xbb\xbf" + CONFIG.encode())
    project = imported(home, export)
    assert project.task_count == 2
    assert project.labeling_config.source == b"\xef\xbb\xbf" + CONFIG.encode()


def test_a_second_import_replaces_the_tasks_and_keeps_history_and_page(home: Path, tmp_path: Path) -> None:
    project = imported(home, write_export(tmp_path / "notes", tasks=5))
    before, hash_before = project.labeling_config, project.data_hash
    deployed = before.with_models({"DRUG": "ner_mine"})
    project.save_config(deployed, before)
    (project.folder / "page.json").write_text('{"step": 2}')
    (project.folder / "images").mkdir()
    newer = import_project(write_export(tmp_path / "newer", tasks=9, name="notes"), home)
    assert (newer.project.folder, newer.tasks) == (project.folder, 9)
    again = open_project(home, "notes")
    assert again.data_hash != hash_before
    assert again.labeling_config.source == deployed.source, "the export brought the same config as before"
    assert [path.read_bytes() for path in again.config_history()] == [before.source]
    assert (again.folder / "page.json").read_text() == '{"step": 2}'
    assert not (again.folder / "images").exists()
    assert [path.name for path in (home / "projects").iterdir()] == ["notes"]


def test_the_same_export_again_adds_no_history(home: Path, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=5)
    first, second = imported(home, export), imported(home, export)
    assert first.data_hash == second.data_hash
    assert second.config_history() == []


def test_a_failed_second_import_leaves_the_project_untouched(home: Path, tmp_path: Path) -> None:
    imported(home, write_export(tmp_path / "notes", tasks=5))
    broken = write_export(
        tmp_path / "broken", tasks=[*(task(number) for number in range(1, 400)), {"id": 1}], name="notes"
    )
    refused(broken, home, BrokenTask)
    assert open_project(home, "notes").task_count == 5


def test_a_rename_that_fails_brings_the_earlier_project_back(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full or failing disk cannot be had here, so the second rename is made to fail."""
    imported(home, write_export(tmp_path / "notes", tasks=5))
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.parent.name.startswith(".import-"):
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    monkeypatch.setattr(reimport, "_exchange", lambda *_: False)  # as on a file system that cannot exchange folders
    error = refused(write_export(tmp_path / "newer", tasks=9, name="notes"), home, WorkspaceUnusable)
    assert "No space left" in error.why
    assert open_project(home, "notes").task_count == 5


def test_who_may_not_replace_a_project_does_not(home: Path, tmp_path: Path) -> None:
    asked: list[Project] = []

    def refuse(earlier: Project) -> None:
        asked.append(earlier)
        raise NotAllowed("Not you.", "Annotators may not.", "Ask a manager.")

    export = write_export(tmp_path / "notes", tasks=5)
    import_project(export, home, before_replacing=refuse)
    assert asked == [], "nothing is replaced by a first import"
    refused(export, home, NotAllowed, before_replacing=refuse)
    assert [project.task_count for project in asked] == [5]


def test_progress_names_the_tasks_read_so_far(home: Path, tmp_path: Path) -> None:
    told: list[int] = []
    import_project(write_export(tmp_path / "notes", tasks=250), home, progress=told.append)
    assert told == [100, 200, 250]


def test_an_import_that_is_broken_off_leaves_nothing(home: Path, tmp_path: Path) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_project(write_export(tmp_path / "notes", tasks=250), home, progress=interrupt)
    assert list((home / "projects").iterdir()) == []


def test_what_a_killed_import_left_is_removed_after_a_day(home: Path, tmp_path: Path) -> None:
    old, young = home / "projects" / ".import-old", home / "projects" / ".import-young"
    for folder in (old, young):
        (folder / "project").mkdir(parents=True)
    os.utime(old, (time.time() - 100_000,) * 2)
    imported(home, write_export(tmp_path / "notes", tasks=1))
    assert not old.exists()
    assert young.exists()
    assert [project.name for project in list_projects(home)] == ["notes"]


def test_a_workspace_that_cannot_be_written(tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=1)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(WorkspaceUnusable, match="cannot be written") as caught:
        import_project(export, tmp_path / "file")
    assert caught.value.details["path"] == str(tmp_path / "file")
    assert "GENLAB_HOME" in caught.value.next_step


def test_a_file_where_the_projects_folder_should_be(home: Path, tmp_path: Path) -> None:
    (home / "projects").write_text("x")
    refused(write_export(tmp_path / "notes", tasks=1), home, WorkspaceUnusable)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_source_that_may_not_be_read_is_not_the_workspaces_fault(home: Path, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=1)
    (export / "result.json").chmod(0)
    assert "result.json cannot be read" in refused(export, home).what


def test_a_source_that_vanishes_is_not_the_workspaces_fault(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands for a file without read permission, which root cannot have."""
    export = write_export(tmp_path / "notes", tasks=1)
    monkeypatch.setattr(Path, "is_file", lambda path: path.suffix in {".json", ".xml"})
    (export / "config.xml").unlink()
    error = refused(export, home)
    assert "config.xml cannot be read" in error.what
    assert "No such file" in error.why


def test_five_thousand_tasks_stream_through(home: Path, tmp_path: Path) -> None:
    """The buffer holds a tenth of the file; ``benchmarks/import_memory.py`` measures the memory."""
    export = write_export(tmp_path / "many", tasks=5_000)
    assert (export / "result.json").stat().st_size > 10 * json_stream._CHUNK
    report = import_project(export, home)
    assert report.tasks == report.project.task_count == 5_000
    assert [item.id for item in report.project.tasks()] == list(range(1, 5_001))
