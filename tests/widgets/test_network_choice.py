"""The network of the Train form: what it has no use for is closed, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genlab_widgets.training.spec import defaults
from genlab_widgets.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path


def test_a_crf_closes_what_only_networks_have(home: Path, demo_export: Path) -> None:
    from genlab_widgets.widgets import TrainPage

    page = TrainPage(Workspace(home).import_project(demo_export).project, background=False)
    form = page.form
    closed = ("embeddings", "learning_rate", "decay", "dropout", "batch_size")
    assert not any(form.fields[name].disabled for name in closed)
    hint = form.fields["dropout"].hint
    page.state.fill(architecture="crf")
    assert page.state.form.fields["epochs"] == defaults("ner", "crf")["epochs"]
    assert all(form.fields[name].disabled for name in closed)
    assert form.fields["dropout"].hint == "The chosen network has no use for this."
    assert not form.fields["epochs"].disabled
    assert "CRF on words" in str(form.summary.value)
    assert "epochs 100" in str(form.summary.value)
    assert "dropout" not in str(form.summary.value)
    page.state.fill(architecture="fine_tuned")
    assert not any(form.fields[name].disabled for name in closed)
    assert form.fields["dropout"].hint == hint
    page.state.fill(architecture="crf")
    page.state.fill(kind="classification")
    assert page.state.form.fields["architecture"] == "automatic"
