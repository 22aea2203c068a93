"""Importing through the page: files come in pieces, what fails is said, and a JSON file brings its config along."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.widgets import App
from genlab_widgets.widgets.parts.upload import Upload, _safe
from genlab_widgets.workspace import Workspace
from tests.samples import CONFIG, write_export, zipped

NOTES = "Заметки врача"


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files: what is left in it can be seen."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


class View:
    """Sends files as the page's script does, and keeps what it is told; no piece goes before the last was answered."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.told: list[dict[str, Any]] = []
        upload.send = self.told.append

    def choose(self, *paths: Path, piece: int = 300) -> None:
        for place, path in enumerate(paths):
            content, sent = path.read_bytes(), 0
            while sent == 0 or sent < len(content):
                if self.told and self.told[-1]["event"] != "next":
                    return
                buffer = content[sent : sent + piece]
                values = {"first": sent == 0, "last": sent + piece >= len(content), "file": place, "files": len(paths)}
                event = {"event": "piece", "name": path.name, **values}
                self.upload._dispatch(self.upload, event, [memoryview(buffer)])
                sent += piece

    def again(self) -> View:
        self.told.clear()
        return self


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Makes larger files fail while they are written, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def app(home: Path) -> App:
    return App(Workspace(home, user="guest"), background=False)


@pytest.fixture
def view(app: App) -> View:
    return View(app.importing.upload)


def said(app: App) -> str:
    return " ".join(f"{item['what']} {item['why']} {item['next_step']}" for item in app.banner.messages)


def test_a_file_arrives_whole_and_goes_again(scratch: Path, tmp_path: Path) -> None:
    (tmp_path / "日本 薬.bin").write_bytes(bytes(range(256)) * 4)
    came: list[tuple[str, bytes]] = []
    view = View(Upload(lambda path: came.append((path.name, path.read_bytes()))))
    view.choose(tmp_path / "日本 薬.bin")
    assert came == [("日本 薬.bin", bytes(range(256)) * 4)]
    assert [item["event"] for item in view.told] == ["next", "next", "next", "done"]
    assert list(scratch.iterdir()) == []


def test_a_full_disk_is_said_and_leaves_nothing(scratch: Path, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"x" * 5_000)
    came: list[Path] = []
    view = View(Upload(came.append))
    with files_of_at_most(1_000):
        view.choose(tmp_path / "a.zip", piece=600)
    assert view.told[-1]["event"] == "failed"
    assert view.told[-1]["message"].startswith(f"a.zip was not uploaded. It cannot be stored in {scratch}.")
    assert list(scratch.iterdir()) == []
    view.again().choose(tmp_path / "a.zip", piece=600)
    assert [path.name for path in came] == ["a.zip"]


def test_a_temporary_folder_that_is_gone_is_said(scratch: Path, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"x")
    scratch.rmdir()
    view = View(Upload(lambda _: None))
    view.choose(tmp_path / "a.zip")
    assert "No such file or directory" in view.told[-1]["message"]


def test_what_is_too_large_or_has_lost_its_beginning_is_said(scratch: Path, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"x" * 900)
    view = View(Upload(lambda _: None, limit=800))
    view.choose(tmp_path / "a.zip")
    assert view.told[-1] == {
        "event": "failed",
        "message": "a.zip was not uploaded. It is too large to upload. Give its path instead.",
    }
    view.upload.emit("piece", name="a.zip", first=False, last=True)
    assert "Its beginning is missing" in view.told[-1]["message"]
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("日本.zip", "日本.zip"),
        ("../../etc/passwd", "passwd"),
        ("C:\\exports\\notes.zip", "notes.zip"),
        ("..", "upload"),
        ("", "upload"),
        ("a\0b\n?.json", "a_b_.json"),
        ("я" * 200 + ".zip", "я" * 100 + ".zip"),
    ],
)
def test_names_of_files_keep_their_script(name: str, safe: str) -> None:
    assert _safe(name) == safe


def test_a_zip_of_a_name_in_another_script_becomes_its_project(app: App, view: View, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=3)
    (export / "project.json").unlink()
    view.choose(zipped(export, tmp_path / f"{NOTES}.zip"))
    assert (app.header.project, app.header.titles) == ("project", {"project": NOTES})
    assert f"Imported {NOTES} (as project): 3 tasks." in said(app)
    view.again().choose(tmp_path / f"{NOTES}.zip")
    assert "in place of the earlier import" in said(app)


def test_a_json_file_comes_with_its_config(app: App, view: View, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=3)
    config = (export / "config.xml").rename(tmp_path / "labels.xml")
    view.choose(export / "result.json", config, export / "project.json")
    (project,) = app.workspace.projects()
    assert (project.name, project.task_count, project.config_source) == ("notes", 3, CONFIG.encode())
    assert project.members.priority == ("olga", "max", "noah", "rita")


def test_a_json_file_alone_takes_the_config_of_its_project(app: App, view: View, tmp_path: Path) -> None:
    app.workspace.import_project(write_export(tmp_path / "notes", tasks=3))
    alone = (write_export(tmp_path / "new", tasks=5) / "result.json").rename(tmp_path / "notes.json")
    view.choose(alone)
    (project,) = app.workspace.projects()
    assert (project.task_count, project.config_source) == (5, CONFIG.encode())
    assert "the project keeps its own" in said(app)


def test_a_result_file_has_to_be_given_a_name(app: App, view: View, tmp_path: Path) -> None:
    result = write_export(tmp_path / "notes", tasks=3) / "result.json"
    view.choose(result)
    assert "result.json does not say which project it is of" in said(app)
    assert app.workspace.projects() == []
    app.importing.called.value = NOTES
    view.again().choose(result)
    assert [project.title for project in app.workspace.projects()] == [NOTES]
    assert app.importing.called.value == ""


def test_two_exports_at_once_are_refused(app: App, view: View, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text("[]")
    view.choose(tmp_path / "a.json", tmp_path / "b.json")
    assert "This is not one export: a.json, b.json." in said(app)
    assert app.workspace.projects() == []
