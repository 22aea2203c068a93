"""Active learning in the form: whether the project trains again by itself, after how much, and how far it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets

from genlab_widgets.errors import GenlabError
from genlab_widgets.projects.active_learning import USUAL
from genlab_widgets.training.offers import ALL
from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.pages.page import Page, row, show, text
from genlab_widgets.widgets.parts import Field, h
from genlab_widgets.widgets.parts.inputs import option

if TYPE_CHECKING:
    from genlab_widgets.projects.active_learning import ActiveLearning
    from genlab_widgets.workspace import Project

_HINT = "New ones come with the next import. A better model is deployed by itself."


class ActiveLearningPanel(ipywidgets.Box):
    """Switches active learning on and off at once, and says how many completions are new.

    Args:
        page: The page; its tick calls :meth:`draw`.
        project: The project.
        settings: Returns the fields of the spec that the form shows now; raises where one of them is wrong.
    """

    def __init__(self, page: Page, project: Project, settings: Callable[[], dict[str, Any]]) -> None:
        super().__init__()
        self.add_class("genlab-stack")
        self.add_class("genlab-active")
        self._project, self._settings = project, settings
        self._drawing, self._drawn = False, ""
        self.active = Field(label="Train again when new completions arrive", kind="checkbox", hint=_HINT)
        self.threshold = Field(
            label="New completions", kind="select", options=_options(*USUAL), value=str(USUAL[0]), disabled=True
        )
        self.told = text()
        self.renew = page.button("Use the present settings", self._begin)
        self.renewal = row(self.renew)
        self.active.observe(page.guarded(lambda _: self._changed()), "value")
        self.threshold.observe(page.guarded(lambda _: self._changed()), "value")
        self.children = (
            text(h("h2", "Active learning")),
            row(self.active, self.threshold, style="genlab-fields"),
            self.told,
            self.renewal,
        )
        self.draw()

    def draw(self) -> None:
        """Shows what is stored; others may have changed it."""
        try:
            state, problem = self._project.active_learning, ""
        except GenlabError as error:
            state, problem = None, str(error)
        told = _told(state, self._project.new_completions) if state else problem
        differs = state is not None and state.fields != self._now()
        drawn = f"{state and state.threshold} {told} {differs}"
        if drawn == self._drawn:
            return
        self._drawn, self._drawing = drawn, True
        try:
            self.active.value = state is not None
            self.threshold.disabled = state is None
            if state is not None:
                self.threshold.options = _options(*sorted({*USUAL, state.threshold}))
                self.threshold.value = str(state.threshold)
        finally:
            self._drawing = False
        self.told.value = h("p", told, class_="genlab-hint", role="status") if told else ""
        show(self.told, bool(told))
        show(self.renewal, differs)

    def _changed(self) -> None:
        if self._drawing:
            return
        if self.active.value:
            self._begin()
        else:
            self._do(self._project.stop_active_learning)

    def _begin(self) -> None:
        self._do(lambda: self._project.start_active_learning(int(self.threshold.value), **self._settings()))

    def _do(self, change: Callable[[], Any]) -> None:
        """Changes what is stored; what was refused is shown as it still is."""
        try:
            change()
        finally:
            self._drawn = ""
            self.draw()

    def _now(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(json.dumps(self._settings()))  # as it is stored
            return found
        except GenlabError:
            return None


def _options(*counts: int) -> list[dict[str, Any]]:
    return [option(str(count), f"after {count:,}") for count in counts]


def _told(state: ActiveLearning, new: int) -> str:
    kind = str(state.fields.get("kind", ""))
    what = "every kind" if kind == ALL else wording.KINDS.get(kind, "a model")
    counted = f"{new:,} of {wording.plural(state.threshold, 'new completion')} so far."
    told = f"{counted} Then {what} is trained, for {state.user}."
    return f"{told} The last training could not be started: {state.problem}" if state.problem else told
