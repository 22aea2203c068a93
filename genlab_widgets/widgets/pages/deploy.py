"""Deploying a model: the change of the labeling config first, then the change, then the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets

from genlab_widgets.widgets.pages.page import Page, row, show, text
from genlab_widgets.widgets.parts import Markup, h

if TYPE_CHECKING:
    from genlab_widgets.models.deployment import Deployment
    from genlab_widgets.workspace import Model


class DeployPanel(ipywidgets.Box):
    """Shows what would change and asks; closed until :meth:`ask` opens it.

    Args:
        page: The page it belongs to.
        changed: Called after a deployment was made or taken back.
    """

    def __init__(self, page: Page, changed: Callable[[], None]) -> None:
        super().__init__()
        self.add_class("genlab-panel")
        self.add_class("genlab-stack")
        self._changed = changed
        self._page = page
        self._model: Model | None = None
        self._change: Deployment | None = None
        self._undo = False
        self.question = text()
        self.confirm = page.button("Deploy", self._confirm, "Changing the labeling config \u2026", "primary")
        self.cancel = page.button("Cancel", self.close_panel)
        self.children = (self.question, row(self.confirm, self.cancel))
        show(self, False)

    def ask(self, model: Model, undo: bool = False) -> None:
        """Opens the panel with the difference that deploying (or taking back) would make."""
        change = model.undo_preview() if undo else model.deploy_preview()
        self._model, self._change, self._undo = model, change, undo
        self.question.value = _question(model.name, change, undo)
        self.confirm.description = "Undo the deployment" if undo else "Deploy"
        show(self.confirm, bool(change.diff))
        self.cancel.description = "Cancel" if change.diff else "Close"
        show(self, True)

    def close_panel(self) -> None:
        """Closes the panel; nothing changes."""
        self._model = self._change = None
        show(self, False)

    def _confirm(self) -> None:
        model, change = self._model, self._change
        if model is None or change is None:
            return
        if self._undo:
            model.undo_deploy(change)
            self._page.banner.say(
                f"The deployment of {model.name} was taken back.", "The labeling config is as it was before."
            )
        else:
            model.deploy(change)
            self._page.banner.say(
                f"{model.name} is deployed.",
                f"The labeling config of {model.project} now names it.",
                "Undo is beside the model, here and on the Models page.",
            )
        self.close_panel()
        self._changed()


def _question(name: str, change: Deployment, undo: bool) -> Markup:
    if not change.diff:
        return h("p", f"The labeling config names {name} already: there is nothing to change.")
    labels = ", ".join(change.labels)
    what = f"Taking {name} back changes" if undo else f"Deploying {name} changes"
    return h(
        "div",
        h("p", h("strong", f"{what} the labeling config on {labels}.")),
        h(
            "p",
            "Nothing has changed yet. Lines with \u2212 go, lines with + come; all others stay as they are.",
            class_="genlab-hint",
        ),
        diff_markup(change.diff),
    )


def diff_markup(diff: str) -> Markup:
    """Returns a unified difference with its lines marked by sign and colour."""
    lines = []
    for line in diff.splitlines():
        if line.startswith(("---", "+++")):
            continue
        if line.startswith("@@"):
            lines.append(h("span", "\u22ef\n", class_="genlab-quiet"))
        elif line.startswith("+"):
            lines.append(h("ins", f"+ {line[1:]}\n"))
        elif line.startswith("-"):
            lines.append(h("del", f"\u2212 {line[1:]}\n"))
        else:
            lines.append(h("span", f"  {line[1:]}\n"))
    return h("pre", lines, class_="genlab-diff", tabindex="0", aria_label="Difference of the labeling config")
