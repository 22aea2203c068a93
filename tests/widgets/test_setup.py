"""The Setup page as an object: lint with lines, saving, and what a role may do."""

from __future__ import annotations

from pathlib import Path

import pytest

from genlab_widgets.widgets.pages.setup import SetupPage
from genlab_widgets.workspace import Project, Workspace
from tests.samples import write_export


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Project:
    return Workspace(home, user="olga").import_project(write_export(tmp_path / "notes")).project


def edit(page: SetupPage, before: str, after: str) -> None:
    """Types into the editor."""
    text = page.config.editor.text
    assert before in text
    page.config.editor.text = text.replace(before, after)
    page.config.draw()


def test_the_stored_config_is_shown_and_nothing_is_unsaved(project: Project) -> None:
    page = SetupPage(project, background=False)
    assert "<Label value='DRUG'" in page.config.editor.text
    assert not page.config.unsaved
    assert page.config.save.disabled


def test_an_assertion_label_with_a_ner_model_blocks_saving_with_its_line(project: Project) -> None:
    page = SetupPage(project, background=False)
    before = project.labeling_config.source
    edit(page, 'model="assertion_old"', 'model="ner_old"')
    assert [(finding.line, "NER model" in finding.message) for finding in page.config.errors] == [(7, True)]
    assert page.config.unsaved
    assert page.config.save.disabled
    assert project.labeling_config.source == before


def test_an_unclosed_tag_blocks_saving_too(project: Project) -> None:
    page = SetupPage(project, background=False)
    edit(page, "</View>", "")
    assert page.config.errors
    assert page.config.save.disabled


def test_saving_keeps_every_other_byte(project: Project) -> None:
    page = SetupPage(project, background=False)
    before = project.labeling_config.source
    edit(page, 'background="#0a0"', 'background="#00a"')
    assert not page.config.save.disabled
    page.config.ask()
    assert project.labeling_config.source == before  # asked, not saved
    page.config.store()
    assert project.labeling_config.source == before.replace(b'"#0a0"', b'"#00a"')
    assert not page.config.unsaved


def test_an_annotator_may_look_and_not_save(home: Path, project: Project) -> None:
    page = SetupPage(Workspace(home, user="noah").project("notes"), background=False)
    assert not page.may_change
    edit(page, 'background="#0a0"', 'background="#00a"')
    assert page.config.save.disabled
