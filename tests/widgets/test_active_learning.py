"""Active learning in the Train page's last step."""

from __future__ import annotations

from pathlib import Path

import pytest

from genlab_widgets.projects import active_learning
from genlab_widgets.widgets.pages.train import TrainPage
from genlab_widgets.workspace import Project, Workspace
from tests.samples import write_export


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Project:
    return Workspace(home, user="guest").import_project(write_export(tmp_path / "notes", 12)).project


def test_the_switch_acts_at_once_with_the_settings_of_the_form(project: Project) -> None:
    page = TrainPage(project, background=False)
    panel = page.learning
    assert (panel.active.value, panel.threshold.disabled, panel.renewal.layout.display) == (False, True, "none")
    page.state.fill(epochs="7")

    panel.active.value = True

    state = project.active_learning
    assert state is not None
    assert (state.threshold, state.user, state.fields["kind"], state.fields["epochs"]) == (50, "guest", "ner", 7)
    assert "0 of 50 new completions so far" in panel.told.value
    panel.threshold.value = "100"
    assert project.active_learning.threshold == 100  # type: ignore[union-attr]

    page.state.fill(epochs="9")
    assert panel.renewal.layout.display != "none", "it still trains with the settings of before"
    panel.renew.click()
    assert project.active_learning.fields["epochs"] == 9  # type: ignore[union-attr]
    assert panel.renewal.layout.display == "none"

    panel.active.value = False
    assert project.active_learning is None


def test_another_page_shows_what_is_stored(project: Project) -> None:
    page = TrainPage(project, background=False)
    state = active_learning.begin(project.stored, 30, {"kind": "ner"}, "olga")
    active_learning.save(project.stored, state.model_copy(update={"waiting": 12, "problem": "Too few examples."}))
    page.tick()
    assert (page.learning.active.value, page.learning.threshold.value) == (True, "30")
    assert "12 of 30 new completions so far" in page.learning.told.value
    assert "Too few examples." in page.learning.told.value


def test_what_is_refused_stays_off(project: Project) -> None:
    page = TrainPage(project, background=False)
    page.state.fill(epochs="none")
    page.learning.active.value = True
    assert project.active_learning is None
    assert page.learning.active.value is False
    assert page.banner.messages
