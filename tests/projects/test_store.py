from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from genlab_widgets.errors import BadInput, BrokenTask, Conflict, NotFound, WorkspaceUnusable
from genlab_widgets.projects.labeling_config import LabelingConfig
from genlab_widgets.projects.store import (
    ABOUT,
    CONFIG,
    HISTORY,
    REPLACED,
    TASKS,
    Project,
    hash_file,
    list_projects,
    open_project,
    publish,
)
from tests.samples import CONFIG as XML
from tests.samples import imported, write_export


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Project:
    return imported(home, write_export(tmp_path / "notes", tasks=10, description="Some notes", language="de"))


def edited(project: Project, model: str = "ner_a") -> LabelingConfig:
    return project.labeling_config.with_models({"DRUG": model})


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


def test_what_a_project_says_of_itself(project: Project, home: Path) -> None:
    assert (project.name, project.description, project.language, project.task_count) == (
        "notes",
        "Some notes",
        "de",
        10,
    )
    assert project.folder == home / "projects" / "notes"
    assert project.data_hash == hash_file(project.folder / TASKS)
    assert [task.id for task in project.tasks()] == list(range(1, 11))
    assert project.members.priority[0] == "olga"
    assert project.labeling_config.source == XML.encode()


def test_what_the_export_leaves_out_has_its_plainest_meaning(home: Path, tmp_path: Path) -> None:
    project = imported(home, write_export(tmp_path / "bare", tasks=2, description=None, members=None, language=""))
    assert (project.description, project.language, project.members.priority) == ("", "en", ())


def test_tags_are_counted_at_import_and_need_no_stream_then(project: Project) -> None:
    assert project.tag_counts() == {"Train": 8, "Test": 2}
    (project.folder / TASKS).unlink()
    assert Project(project.folder).tag_counts() == {"Train": 8, "Test": 2}


def test_tags_of_an_older_import_are_counted_from_its_tasks(project: Project) -> None:
    about = {key: value for key, value in project.about.items() if key != "tags"}
    (project.folder / ABOUT).write_text(json.dumps(about))
    assert Project(project.folder).tag_counts() == {"Train": 8, "Test": 2}


def test_tasks_are_streamed(project: Project) -> None:
    lines = (project.folder / TASKS).read_text().splitlines()
    (project.folder / TASKS).write_text("\n".join([*lines[:3], "{broken", *lines[3:]]))
    stream = project.tasks()
    assert [next(stream).id for _ in range(3)] == [1, 2, 3]
    with pytest.raises(BrokenTask, match="Line 4") as caught:
        next(stream)
    assert caught.value.details["line"] == 4


@pytest.mark.parametrize("line", ["{", "[" * 100_000, "\udcff", "null", '{"id": "x", "data": {}}', '{"data": {}}'])
def test_a_damaged_line_is_a_broken_task(project: Project, line: str) -> None:
    (project.folder / TASKS).write_bytes(line.encode("utf-8", "surrogateescape"))
    with pytest.raises(BrokenTask):
        list(project.tasks())


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"name": "notes"}', None])
def test_a_damaged_project_file_is_named(project: Project, content: str | None) -> None:
    path = project.folder / ABOUT
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadInput, match="cannot be read") as caught:
        _ = Project(project.folder).name
    assert caught.value.details["path"] == str(path)
    assert ABOUT in caught.value.why


@pytest.mark.parametrize("name", [CONFIG, TASKS])
def test_a_missing_file_is_named(project: Project, name: str) -> None:
    (project.folder / name).unlink()
    with pytest.raises(BadInput, match="cannot be read") as caught:
        list(project.tasks())
    assert name in caught.value.why


def test_saving_keeps_the_earlier_config(project: Project) -> None:
    first, second = project.labeling_config, edited(project)
    project.save_config(second, first)
    third = edited(project, "ner_b")
    project.save_config(third, second)
    assert project.labeling_config.source == third.source
    assert [path.read_bytes() for path in project.config_history()] == [first.source, second.source]


def test_a_config_changed_meanwhile_is_a_conflict_and_stays(project: Project) -> None:
    before = project.labeling_config
    (project.folder / CONFIG).write_bytes(before.source + b"\n")
    with pytest.raises(Conflict, match="changed meanwhile"):
        project.save_config(edited(project), before)
    assert (project.folder / CONFIG).read_bytes() == before.source + b"\n"
    assert project.config_history() == []


def test_a_history_that_cannot_be_kept_leaves_the_config_alone(project: Project) -> None:
    (project.folder / HISTORY).write_text("a file where a folder should be")
    before = project.labeling_config
    with pytest.raises(WorkspaceUnusable, match="cannot be written") as caught:
        project.save_config(edited(project), before)
    assert caught.value.details["path"] == str(project.folder)
    assert project.labeling_config == before


def test_a_file_that_cannot_be_replaced_leaves_no_scratch(tmp_path: Path) -> None:
    (tmp_path / "target" / "full").mkdir(parents=True)
    with pytest.raises(WorkspaceUnusable):
        publish(tmp_path / "target", b"new")
    assert names(tmp_path) == {"target", "full"}
    with pytest.raises(WorkspaceUnusable):
        publish(tmp_path / "missing" / "file", b"new")


def test_readers_see_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    target = tmp_path / "file"
    contents = [letter * 200_000 for letter in (b"a", b"b")]
    publish(target, contents[0])
    writers = [
        threading.Thread(target=lambda: [publish(target, content) for content in contents * 5]) for _ in range(3)
    ]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        seen.add(target.read_bytes())
    for writer in writers:
        writer.join()
    assert seen <= set(contents)
    assert names(tmp_path) == {"file"}


def test_projects_are_listed_by_name_without_scratch_folders(home: Path, tmp_path: Path) -> None:
    for name in ("b", "a"):
        imported(home, write_export(tmp_path / name, tasks=1))
    scratch = home / "projects" / ".import-x"
    scratch.mkdir()
    (scratch / ABOUT).write_text("{}")
    (home / "projects" / "stray").mkdir()
    assert [project.name for project in list_projects(home)] == ["a", "b"]
    assert list_projects(tmp_path / "nowhere") == []


def test_a_project_is_opened_by_name_or_folder(project: Project, home: Path, tmp_path: Path) -> None:
    assert open_project(home, "notes").folder == project.folder
    assert open_project(tmp_path, str(project.folder)).name == "notes"
    with pytest.raises(NotFound, match="no project 'other'") as caught:
        open_project(home, "other")
    assert "notes" in caught.value.why
    with pytest.raises(NotFound, match="no project"):
        open_project(tmp_path / "empty", "notes")


def test_a_replacement_cut_off_between_its_renames_is_put_back(project: Project, home: Path) -> None:
    replaced = project.folder.with_name(f"{REPLACED}notes")
    project.folder.rename(replaced)
    assert [found.name for found in list_projects(home)] == ["notes"]
    project.folder.rename(replaced)
    assert open_project(home, "notes").task_count == 10
    assert not replaced.exists()


def test_what_was_replaced_does_not_come_back_over_the_new_one(project: Project, home: Path) -> None:
    left = project.folder.with_name(f"{REPLACED}notes")
    left.mkdir()
    assert list_projects(home) == [project]
    assert left.exists()
