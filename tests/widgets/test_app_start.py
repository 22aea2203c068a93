"""The app begins where it is asked to, and knows projects that somebody imported while it was open."""

from __future__ import annotations

from pathlib import Path

import pytest

from genlab_widgets.widgets import App
from genlab_widgets.workspace import Workspace
from tests.samples import write_export


@pytest.fixture
def workspace(home: Path, tmp_path: Path) -> Workspace:
    found = Workspace(home)
    for name in ("first", "second"):
        found.import_project(write_export(tmp_path / name))
    return found


def test_it_begins_at_the_page_and_project_that_are_named(workspace: Workspace) -> None:
    app = App(workspace, background=False, page="models", project="second")
    assert (app.header.page, app.header.project) == ("models", "second")


def test_names_that_there_are_not_do_no_harm(workspace: Workspace) -> None:
    app = App(workspace, background=False, page="nothing", project="none")
    assert (app.header.page, app.header.project) == ("train", "first")
    assert not app.banner.messages


def test_an_open_app_goes_to_a_project_that_was_imported_meanwhile(workspace: Workspace, tmp_path: Path) -> None:
    app = App(workspace, background=False)
    workspace.import_project(write_export(tmp_path / "third"))
    app.show_page(page="train", project="third")
    assert list(app.header.projects) == ["first", "second", "third"]
    assert app.header.project == "third"


def test_an_app_that_began_empty_shows_the_first_project(home: Path, tmp_path: Path) -> None:
    app = App(Workspace(home), background=False)
    Workspace(home).import_project(write_export(tmp_path / "late"))
    app.show_page(page="train")
    assert app.header.project == "late"
