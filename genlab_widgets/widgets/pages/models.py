"""The Models page: what was trained, how good it is, where it is deployed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ipywidgets

from genlab_widgets.errors import GenlabError
from genlab_widgets.projects.language import name_of
from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.pages.benchmark import BenchmarkPanel, facts, interval, network
from genlab_widgets.widgets.pages.colours import label_colours
from genlab_widgets.widgets.pages.deploy import DeployPanel
from genlab_widgets.widgets.pages.page import Page, close_all_of, row, show, text
from genlab_widgets.widgets.pages.preannotate import PreannotatePanel
from genlab_widgets.widgets.pages.try_it import TryPanel
from genlab_widgets.widgets.parts import Markup, h

if TYPE_CHECKING:
    from genlab_widgets.widgets.parts import Banner
    from genlab_widgets.workspace import Model, Project

TILES = 12
"""Tiles that are shown at first."""


class ModelsPage(Page):
    """The models of a project as tiles, the newest first.

    Args:
        project: The project.
        background: False does everything at once in the caller's thread (tests).
        banner: Where messages are shown; None makes one for this page.
    """

    def __init__(self, project: Project, background: bool = True, banner: Banner | None = None) -> None:
        super().__init__(project.workspace, background, banner)
        self.project = project
        self.tiles: dict[str, Tile] = {}
        self._shown = TILES
        self._names: list[str] = []
        self.grid = ipywidgets.Box()
        self.grid.add_class("genlab-tiles")
        self.empty = text()
        self.more = self.button("Show more", self._show_more)
        self.preannotation = PreannotatePanel(self, project)
        head = text(h("h1", f"Models of {project.name}"))
        self.content.children = (head, self.empty, self.preannotation, self.grid, row(self.more))
        with self.lock:
            self.attempt(self.fill)
        self.background.start()

    def fill(self) -> None:
        """Shows the models as they are now."""
        models = self.project.models()
        self._names = [model.name for model in models]
        shown = models[: self._shown]
        deployed = self.project.workspace.deployed()
        for model in shown:
            if model.name not in self.tiles:
                self.tiles[model.name] = Tile(self, model)
            self.tiles[model.name].draw(model.named_by(deployed))
        self.grid.children = tuple(self.tiles[model.name] for model in shown)
        for name in self.tiles.keys() - {model.name for model in shown}:
            close_all_of(self.tiles.pop(name))  # a newer model took its place; a trial in it ends
        told = h("p", "No model yet. The Train page trains the first one.", class_="genlab-empty")
        self.empty.value = "" if models else told
        show(self.empty, not models)
        show(self.preannotation, bool(models))
        show(self.more, len(models) > len(shown))

    def tick(self) -> None:
        """Shows a model that was trained meanwhile, and how far the pre-annotation is."""
        with self.lock:
            self.preannotation.draw()
        names = [model.name for model in self.project.models()]
        if names != self._names:
            with self.lock:
                self.fill()

    def _show_more(self) -> None:
        self._shown += TILES
        self.fill()


class Tile(ipywidgets.Box):
    """One model."""

    def __init__(self, page: ModelsPage, model: Model) -> None:
        super().__init__()
        self.add_class("genlab-card")
        self.add_class("genlab-tile")
        self._page, self.model = page, model
        self.about = text()
        self.measure = page.button("Benchmark", self._toggle, "Drawing \u2026")
        self.deploy = page.button("Deploy", lambda: self.panel.ask(model), style="primary")
        self.undo = page.button("Undo deployment", lambda: self.panel.ask(model, undo=True))
        self.trial: TryPanel | None = None
        self.try_it = page.button("Try it", self._try)
        for made in (self.measure, self.deploy, self.undo, self.try_it):
            made.tooltip = f"{made.description}: {model.name}"
        self.panel = DeployPanel(page, page.fill)
        self.benchmark = BenchmarkPanel(page)
        self.buttons = row(self.deploy, self.undo, self.measure, self.try_it)
        self._lay_out()
        show(self.benchmark, False)
        show(self.try_it, model.kind != "visual_ner")

    def draw(self, projects: Sequence[str]) -> None:
        """Shows the model as it is now; ``projects`` are those whose labeling config names it."""
        deployed = self.model.deployed
        self.about.value = tile_markup(self.model, projects)
        show(self.deploy, not deployed)
        show(self.undo, deployed)

    def _try(self) -> None:
        """Opens the text box, or closes it and lets the model go."""
        trial, self.trial = self.trial, None if self.trial else TryPanel(self._page, self.model)
        self.try_it.description = "Close the trial" if self.trial else "Try it"
        self._lay_out()
        if trial is not None:
            close_all_of(trial)
        self._fit()

    def _lay_out(self) -> None:
        trial = [] if self.trial is None else [self.trial]
        self.children = (self.about, self.buttons, self.panel, *trial, self.benchmark)

    def _fit(self) -> None:
        """Takes the whole width while something large is open."""
        wide = self.trial is not None or self.benchmark.layout.display != "none"
        (self.add_class if wide else self.remove_class)("genlab-wide")

    def _toggle(self) -> None:
        visible = self.benchmark.layout.display == "none"
        if visible:
            run = self.model.run
            if run.result is None:
                self._page.banner.say(
                    f"The files of {self.model.run_id} are gone.", next_step="Train again to measure it.", tone="warn"
                )
                return
            self.benchmark.fill(run, label_colours(self._page.project.labeling_config))
        show(self.benchmark, visible)
        self._fit()
        self.measure.description = "Hide benchmark" if visible else "Benchmark"


def tile_markup(model: Model, projects: Sequence[str]) -> Markup:
    """Returns what a tile says of its model and of the projects that use it."""
    try:
        result = model.result
    except GenlabError:
        result = None
    benchmark = result.benchmark if result else None
    spread = h("small", f" ({interval(benchmark)})") if benchmark else None
    chip = (
        h("span", "Deployed", class_="genlab-chip genlab-ok")
        if projects
        else h("span", "Not deployed", class_="genlab-chip genlab-quiet")
    )
    regions = model.scores.get("regions")
    whole = f", whole regions {wording.score(regions['f1'])}" if regions else None
    place = f"labeling config of {', '.join(projects)}" if projects else "nowhere"
    rows = [
        ("Kind", wording.KINDS.get(model.kind, model.kind)),
        *([("Network", network(result))] if result else []),
        ("Version", str(model.version)),
        (
            "Trained",
            f"{wording.moment(model.created_at)}, {wording.SOURCES.get(model.source, model.source)}, by {model.user}",
        ),
        ("Language", name_of(model.language)),
        ("Labels", ", ".join(model.labels)),
        ("Deployed in", place),
        ("Size", wording.size(model.size)),
    ]
    return h(
        "div",
        h("div", h("h2", model.name), chip, class_="genlab-title"),
        h("p", "F1 ", h("b", wording.score(model.f1)), spread, whole, class_="genlab-big"),
        facts(rows),
    )
