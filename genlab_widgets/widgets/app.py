"""The app: project, pages and import in one frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import ipywidgets

from genlab_widgets.widgets.pages import environment
from genlab_widgets.widgets.pages.history import HistoryPage
from genlab_widgets.widgets.pages.imports import ImportCard
from genlab_widgets.widgets.pages.infrastructure import InfrastructurePage
from genlab_widgets.widgets.pages.models import ModelsPage
from genlab_widgets.widgets.pages.page import Page, show
from genlab_widgets.widgets.pages.setup import SetupPage
from genlab_widgets.widgets.pages.train import TrainPage
from genlab_widgets.widgets.parts import Header
from genlab_widgets.workspace import ImportReport, Project, Workspace


class Entry(NamedTuple):
    """A page of the app: its name in the address, its title in the navigation, and what makes it."""

    name: str
    title: str
    make: Callable[..., Page]


PAGES = (
    Entry("train", "Train", TrainPage),
    Entry("history", "History", HistoryPage),
    Entry("models", "Models", ModelsPage),
    Entry("setup", "Setup", SetupPage),
    Entry("infrastructure", "Infrastructure", lambda project, **more: InfrastructurePage(project.workspace, **more)),
)


class App(Page):
    """The whole app over one workspace.

    Errors are shown in the page: the cell that makes it never fails because of a workspace or a project.

    Args:
        workspace: The workspace; None opens the one that ``GENLAB_HOME`` names.
        background: False does everything at once in the caller's thread (tests).
        page: The page to begin with; None begins with the first.
        project: The project to begin with; None takes the one that was trained last.
    """

    def __init__(
        self,
        workspace: Workspace | None = None,
        background: bool = True,
        page: str | None = None,
        project: str | None = None,
    ) -> None:
        super().__init__(workspace or Workspace(), background)
        self._asked = {"page": page, "project": project, **environment.query()}
        self.add_class("genlab-app")
        self._background = background
        self._page: Page | None = None
        self.header = Header(pages=[{"name": page.name, "title": page.title} for page in PAGES], page=PAGES[0].name)
        self.header.standalone = environment.in_voila()
        self.header.on("project", self.guarded(lambda name: self.show_page(project=str(name))))
        self.header.on("page", self.guarded(lambda name: self.show_page(page=str(name))))
        self.header.on("import", self.guarded(self._toggle_import))
        self.importing = ImportCard(self, self._imported)
        self.place = ipywidgets.VBox()
        self.children = (self._own[0], self.header, self.banner, self.importing, self.place)
        with self.lock:
            self.attempt(self._begin)
        self.background.start()

    def show_page(self, project: str | None = None, page: str | None = None) -> None:
        """Opens a page of a project; None keeps the one that is open.

        Raises:
            NotFound: There is no such project.
        """
        known = [entry.name for entry in PAGES]
        if page in known:
            self.header.page = page
        projects = self.workspace.projects()
        names = [found.name for found in projects]
        if names != self.header.projects:  # somebody imported one meanwhile
            self._list(projects)
        chosen = self.workspace.project(project or self.header.project or (self._busiest(names) if names else ""))
        self.header.project = chosen.name
        self.banner.clear()
        self._leave()
        entry = PAGES[known.index(self.header.page)]
        self._page = entry.make(chosen, background=self._background, banner=self.banner)
        self.place.children = (self._page,)

    def reconcile(self) -> None:
        """Finds out what ended; a workspace without a project has no runs, and stays without a database."""
        if self.header.projects:
            super().reconcile()

    def tick(self) -> None:
        """Counts what runs and waits."""
        if not self.header.projects:
            return
        told = _counts(self.workspace.counts())
        with self.lock:
            if self.header.counts != told:
                self.header.counts = told

    def _begin(self) -> None:
        projects = self.workspace.projects()
        self._list(projects)
        if projects:
            names = [project.name for project in projects]
            chosen = self._asked["project"]
            self.show_page(chosen if chosen in names else self._busiest(names), self._asked["page"])
            self._tick()

    def _busiest(self, names: list[str]) -> str:
        """Returns the project that was trained last: most likely the one to look at."""
        latest = next((run.project for run in self.workspace.runs(limit=1)), None)
        return latest if latest in names else names[0]

    def _list(self, projects: list[Project]) -> None:
        self.header.titles = {project.name: project.title for project in projects}
        self.header.projects = [project.name for project in projects]
        self.importing.draw(empty=not projects)
        show(self.importing, not projects or self.header.importing)

    def _toggle_import(self) -> None:
        self.header.importing = not self.header.importing
        show(self.importing, self.header.importing)

    def _imported(self, report: ImportReport) -> None:
        self.header.importing = False
        self._list(self.workspace.projects())
        self.show_page(project=report.project.name, page="train")
        more = f"{report.warning_count:,} remarks, the first: {report.warnings[0]}" if report.warnings else ""
        self.banner.say(report.sentence, more)

    def _leave(self) -> None:
        """Ends the page that is left."""
        page, self._page = self._page, None
        self.place.children = ()
        if page is not None:
            page.leave()


def _counts(found: dict[str, int]) -> str:
    running = sum(found[state] for state in ("STARTING", "RUNNING", "CANCELLING"))
    return f"{running} running \u00b7 {found['QUEUED']} queued"
