"""Pre-annotation on the Models page: the deployed models read what nobody has completed, and people download it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets

from genlab_widgets.errors import GenlabError
from genlab_widgets.training.findings import listed
from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.pages.page import Page, row, show, text
from genlab_widgets.widgets.parts import Download, Field, Progress, h

if TYPE_CHECKING:
    from genlab_widgets.widgets.parts import Markup
    from genlab_widgets.workspace import Project
    from genlab_widgets.workspace._reading import State

_PROBLEMS_SHOWN = 10


class PreannotatePanel(ipywidgets.Box):
    """Starts the pre-annotation of a project, shows how far it is, and offers what came of it.

    Args:
        page: The page; its tick calls :meth:`draw`.
        project: The project.
    """

    def __init__(self, page: Page, project: Project) -> None:
        super().__init__()
        self.add_class("genlab-card")
        self.add_class("genlab-stack")
        self._project, self._reading = project, project.preannotation
        self._drawn: tuple[object, ...] | None = None
        self.about, self.result = text(), text()
        self.everything = Field(label="Also tasks that people have completed", kind="checkbox")
        self.doubtful = Field(
            label="Doubtful ones first", kind="checkbox", hint="Tasks in which the models are least sure of something."
        )
        self.start = page.button("Pre-annotate", self._start, style="primary")
        self.stop = page.button("Stop reading", self._stop, "Stopping \u2026")
        self.progress = Progress(label="Reading")
        self.download = Download(text="Download predictions")
        self.download.serve(self._pack)
        self.choices = row(self.everything, self.doubtful, style="genlab-fields")
        self.children = (
            text(h("h2", "Pre-annotation")),
            self.about,
            self.choices,
            row(self.start, self.stop, self.download),
            self.progress,
            self.result,
        )
        self.draw()

    def draw(self) -> None:
        """Shows where it stands; draws only what changed."""
        models, state = self._models(), self._reading.state
        if self._drawn == (models, state):
            return
        self._drawn = (models, state)
        self.about.value = _about(models)
        self.start.disabled = not models
        running = state is not None and state.ended_at is None
        show(self.start, not running)
        show(self.choices, not running and bool(models))
        show(self.stop, running)
        show(self.progress, running)
        show(self.download, not running and state is not None and state.items is not None)
        if state is not None and running:
            self.progress.status = "Loads the models, some 20 seconds \u2026" if not state.read else "Reads \u2026"
            self.progress.detail = f"{wording.plural(state.read, 'task')} read" if state.read else ""
        self.result.value = _result(state) if state is not None and not running else ""
        show(self.result, bool(self.result.value))

    def _models(self) -> tuple[str, ...]:
        try:
            return tuple(model.name for model in self._project.deployed_models())
        except GenlabError:  # the labeling config is broken: its own page says where
            return ()

    def _start(self) -> None:
        self._reading.start(bool(self.everything.value), bool(self.doubtful.value))
        self.draw()

    def _stop(self) -> None:
        self._reading.stop()
        self.draw()

    def _pack(self) -> tuple[str, bytes]:
        return f"{self._project.name}-predictions.zip", self._reading.packed()


def _about(models: tuple[str, ...]) -> Markup:
    if not models:
        told = "The labeling config names no model that was trained here. Deploy one first."
        return h("p", told, class_="genlab-hint")
    told = f"{listed(models)} read{'s' if len(models) == 1 else ''} the tasks that nobody has completed."
    return h("p", f"{told} Import the result into the annotation tool, where people correct it.")


def _result(state: State) -> Markup:
    """Returns what came of the last one."""
    when = wording.moment(state.ended_at) if state.ended_at else ""
    if state.items is None:
        return h("p", f"Nothing was written ({when}). {state.error}", role="status", class_="genlab-warn")
    found = f"{wording.plural(state.items, 'predicted item')} in {wording.plural(state.read, 'task')} ({when})."
    if not state.read:
        found = f"Every task has a completion; there was nothing to read ({when})."
    problems = [h("li", problem) for problem in state.problems[:_PROBLEMS_SHOWN]]
    more = len(state.problems) - len(problems)
    rest = h("p", f"{more:,} more could not be read.") if more > 0 else None
    return h("div", h("p", found, role="status"), h("ul", problems) if problems else None, rest)
