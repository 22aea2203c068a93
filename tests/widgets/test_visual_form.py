"""The Train form of a project of pages: its kind, its embeddings, and the import of its language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from genlab_widgets.errors import BadInput, WrongParameters
from genlab_widgets.projects.labeling_config import LabelingConfig
from genlab_widgets.training import offers
from genlab_widgets.training.spec import TrainingSpec, defaults
from genlab_widgets.widgets.pages.form import TrainForm
from genlab_widgets.workspace import Workspace
from tests.samples import write_export

if TYPE_CHECKING:
    from genlab_widgets.workspace import ImportReport, Project

CONFIG = """<View>
  <RectangleLabels name="label" toName="image"><Label value="TOTAL"/></RectangleLabels>
  <Choices name="lang" toName="image"><Choice value="en"/><Choice value="de"/></Choices>
  <Image name="image" value="$image"/>
</View>
"""


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Project:
    """A project with the config of pages, and no task that could train."""
    return Workspace(home).import_project(write_export(tmp_path / "bills", 3, CONFIG)).project


def test_pages_are_trained_where_nobody_names_a_kind(project: Project) -> None:
    assert project.spec().kind == "visual_ner"
    assert project.spec(kind="classification").kind == "classification"
    assert offers.trainable(project.labeling_config) == ["classification", "visual_ner"]
    only_choices = LabelingConfig.parse(CONFIG.replace("RectangleLabels", "Header"))
    assert offers.default_kind(only_choices) == "classification"
    assert offers.default_kind(LabelingConfig.parse("<View/>")) == "ner"


def test_the_form_begins_with_what_the_project_has(project: Project) -> None:
    from genlab_widgets.widgets import TrainPage

    page = TrainPage(project, background=False)
    form = page.state.form
    assert form.fields["kind"] == "visual_ner"
    assert form.fields["epochs"] == defaults("visual_ner", "automatic")["epochs"]
    listed = {item["value"] for item in page.form.fields["embeddings"].options}
    assert "minilm" in listed
    assert not any(name.startswith(("vectors:", "hub:")) for name in listed)
    page.state.fill(kind="classification")
    assert any(item["value"].startswith("vectors:") for item in page.form.fields["embeddings"].options)


def test_embeddings_that_do_not_fit_go_back_to_automatic() -> None:
    form = TrainForm().with_fields(embeddings="vectors:/data/own.txt")
    assert form.chosen(kind="visual_ner").fields["embeddings"] == "automatic"
    kept = TrainForm().with_fields(embeddings="folder:/data/bert").chosen(kind="visual_ner")
    assert kept.fields["embeddings"] == "folder:/data/bert"


def test_the_command_line_hears_the_same(project: Project) -> None:
    spec = TrainingSpec(project="bills", kind="visual_ner", embeddings="hub:glove_100d")
    with pytest.raises(WrongParameters, match="do not fit Visual NER"):
        offers.require(spec, project.labeling_config)
    with pytest.raises(WrongParameters, match="no label that marks a span of text"):
        offers.require(TrainingSpec(project="bills"), project.labeling_config)


def test_an_import_takes_the_chosen_language(home: Path, tmp_path: Path) -> None:
    from genlab_widgets.widgets import App

    app = App(Workspace(home), background=False)
    card = app.importing
    assert ("de", "German") in [(item["value"], item["title"]) for item in card.language.options]
    card.path.value = str(write_export(tmp_path / "notes", 3))
    card.language.value = "de"
    card._from_path()
    assert Workspace(home).project("notes").language == "de"


def test_the_import_shows_which_page_is_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from genlab_widgets.widgets import App

    card = App(Workspace(home), background=False).importing
    seen = []

    def read(self: Workspace, path: Path, **given: Any) -> ImportReport:
        for page in (1, 12):
            given["on_page"](page, 120)
            seen.append((card.progress.status, card.progress.detail, card.progress.fraction))
        raise BadInput("No more.", "", "")

    monkeypatch.setattr(Workspace, "import_project", read)
    card.path.value = "bills.zip"
    with pytest.raises(BadInput):
        card._from_path()
    assert seen[1] == ("Reading the words of the pages \u2026", "page 12 of 120", 0.1)
    assert card.progress.layout.display == "none"
