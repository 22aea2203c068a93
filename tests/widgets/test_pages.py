"""The pages as objects, without a browser: they open, show what there is, and lose nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genlab_widgets.workspace import Workspace
from tests.conftest import CHECKOUT

if TYPE_CHECKING:
    from genlab_widgets.workspace import Project


@pytest.fixture
def project(home: Path, demo_export: Path) -> Project:
    """The demo project through the façade."""
    return Workspace(home).import_project(demo_export).project


def test_an_empty_workspace_opens(home: Path) -> None:
    from genlab_widgets.widgets import App

    app = App(Workspace(home), background=False)
    assert list(app.header.projects) == []


def test_every_page_of_the_app_opens_and_leaves_the_frame_in_place(project: Project) -> None:
    from genlab_widgets.widgets import App
    from genlab_widgets.widgets.app import PAGES

    app = App(project.workspace, background=False)
    assert app.header.project == project.name
    for entry in (*PAGES, PAGES[0]):
        app.show_page(page=entry.name)
        assert app.header.page == entry.name
        assert len(app.place.children) == 1
    assert app.banner in app.children


def test_the_train_page_shows_readiness(project: Project) -> None:
    from genlab_widgets.widgets import TrainPage

    page = TrainPage(project, background=False)
    view = page.form.readiness
    assert "tasks" in view.headline
    names = {label["label"] for label in view.labels}
    assert names == {label.value for label in project.labeling_config.entity_labels}


def test_no_part_takes_a_name_that_ipywidgets_calls() -> None:
    """``Widget.__init__`` calls ``open``; a trait or method of that name breaks every page."""
    for path in (CHECKOUT / "genlab_widgets" / "widgets").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^    (def )?(open|close_all)\b( =|\()", text, re.M), path.name


def test_the_stylesheet_takes_colours_from_the_theme() -> None:
    style = (CHECKOUT / "genlab_widgets" / "widgets" / "style.css").read_text(encoding="utf-8")
    assert "--jp-layout-color1" in style
    assert "--jp-brand-color1" in style


def test_a_training_script_is_checked_chosen_and_taken_back(project: Project, tmp_path: Path) -> None:
    from genlab_widgets.widgets import TrainPage

    page = TrainPage(project, background=False)
    script = tmp_path / "mine.py"
    script.write_text("def train(spark, rows, parameters, report):\n    return None\n")
    page._upload_script(script)
    assert page.state.form.spec_fields()["custom_script"].startswith("mine.py")
    assert not page.form.train.disabled
    page._remove_script()
    assert page.state.form.spec_fields()["custom_script"] is None
    assert project.script is None


def test_choosing_a_kind_brings_its_own_parameters(project: Project) -> None:
    from genlab_widgets.training.spec import defaults
    from genlab_widgets.widgets import TrainPage

    page = TrainPage(project, background=False)
    page.state.fill(epochs=7)
    page.state.fill(kind="classification")
    fields = page.state.form.fields
    assert fields["epochs"] == 7  # somebody set it
    assert fields["batch_size"] == defaults("classification", "automatic")["batch_size"]
    assert [item["label"] for item in page.form.readiness.labels][:2] == ["Child", "Adult"]
    page.state.fill(kind="all")
    assert {"Child", "Present"} <= {item["label"] for item in page.form.readiness.labels}
    assert not page.form.train.disabled


def test_no_page_or_part_hides_a_method_of_ipywidgets() -> None:
    """A method of the same name breaks what ipywidgets does with it, often only when a page is shown."""
    import inspect

    import ipywidgets

    from genlab_widgets import widgets
    from genlab_widgets.widgets import pages, parts

    base = set(dir(ipywidgets.Box)) | set(dir(ipywidgets.Button))
    meant = {"__init__", "__repr__", "__doc__", "__module__", "_repr_mimebundle_", "close", "children", "open"}
    for module in (widgets, pages, parts):
        for path in Path(module.__file__ or "").parent.glob("*.py"):
            found = __import__(f"{module.__name__}.{path.stem}", fromlist=["*"]) if path.stem != "__init__" else module
            for _, made in inspect.getmembers(found, inspect.isclass):
                if issubclass(made, ipywidgets.Widget) and made.__module__.startswith("genlab_widgets"):
                    own = {name for name, value in vars(made).items() if inspect.isfunction(value)}
                    assert not (own & base) - meant, made


def test_a_trial_opens_in_its_tile_and_asks_for_a_text(project: Project) -> None:
    from genlab_widgets.widgets.pages.models import ModelsPage
    from tests.samples import finish

    finish(project.workspace, project.spec(), project.name)
    page = ModelsPage(project, background=False)
    [tile] = page.tiles.values()
    tile.try_it.click()
    assert tile.trial in tile.children
    tile.trial.read.click()
    assert tile.trial.text.error == "Write or paste a text."
    tile.try_it.click()
    assert tile.trial is None


def test_what_a_model_found_is_shown_as_annotators_see_it(project: Project) -> None:
    from genlab_widgets.widgets.pages.models import ModelsPage
    from tests.samples import finish

    finish(project.workspace, project.spec(), project.name)
    [tile] = ModelsPage(project, background=False).tiles.values()
    tile.try_it.click()
    value = {"start": 3, "end": 8, "text": "<b>fe", "labels": ["PROBLEM"]}
    tile.trial._show(("No <b>fever", [{"from_name": "label", "to_name": "text", "type": "labels", "value": value}]))
    assert "1 found" in tile.trial.answer.value
    assert "&lt;b&gt;fe" in tile.trial.answer.value
    assert "<b>fe" not in tile.trial.answer.value
    assert "How sure the model is" not in tile.trial.answer.value
    item = {"from_name": "label", "to_name": "text", "type": "labels", "value": value}
    tile.trial._show(("No <b>fever", [{**item, "score": 0.876}, item]))
    assert "How sure the model is" in tile.trial.answer.value
    assert "0.88" in tile.trial.answer.value
    assert "<b>fe" not in tile.trial.answer.value
    tile.trial._show(("", []))
    assert "Nothing found" in tile.trial.answer.value
