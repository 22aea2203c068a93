"""Importing a project: a file from the browser, a path on this machine, or the demo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets

from genlab_widgets.errors import BadInput
from genlab_widgets.projects.importing import RESULT
from genlab_widgets.projects.language import LANGUAGES
from genlab_widgets.projects.store import ABOUT
from genlab_widgets.widgets.pages.page import Page, row, show, stack, text
from genlab_widgets.widgets.parts import Field, Progress, Upload, h, option
from genlab_widgets.widgets.parts.upload import LIMIT

if TYPE_CHECKING:
    from genlab_widgets.workspace import ImportReport, Workspace

_WHAT = (
    "An export is a folder or a zip with result.json, config.xml and, for pages, images/; or one JSON file and its "
    "config.xml. Without a config.xml the project keeps the one that it has, or gets one made from what people marked."
)


class ImportCard(ipywidgets.Box):
    """Three ways to a project; nothing is stored unless all of it can be read.

    Args:
        page: The app.
        imported: Called with the report of an import.
    """

    def __init__(self, page: Page, imported: Callable[[ImportReport], None]) -> None:
        super().__init__()
        for name in ("genlab-card", "genlab-stack", "genlab-import"):
            self.add_class(name)
        self._page, self._imported = page, imported
        self.title = text()
        limit = LIMIT // 2**20
        self.upload = Upload(
            page.guarded(self._from_upload),
            label="Drop a zip here, or a JSON file with its config.xml, or choose them",
            hint=f"Up to {limit} MB through the browser. A larger export, or a folder, is read from its path.",
            accept=".zip,.json,.xml",
            several=True,
        )
        self.path = Field(
            label="Or the path of a folder, zip or JSON file on the machine that runs Jupyter", kind="text"
        )
        self.called = Field(
            label="Name of the project", kind="text", hint="Empty: as the export says, else as its file is called."
        )
        self.language = Field(
            label="Language of the texts",
            kind="select",
            value="",
            options=[
                option("", "As the export says, else English"),
                *(option(code, name) for code, name in LANGUAGES.items()),
            ],
        )
        self.start = page.button("Import", self._from_path, "Importing \u2026", "primary")
        self.demo = page.button("Try the demo project", self._demo, "Writing 300 notes \u2026")
        self.progress = Progress(label="Import")
        show(self.progress, False)
        self.demo_box = stack(
            text(
                h(
                    "div",
                    h("h2", "No project at hand?"),
                    h(
                        "p",
                        "The demo project has 300 clinical-style notes that this program writes itself.",
                        class_="genlab-hint",
                    ),
                )
            ),
            row(self.demo),
        )
        self.children = (
            self.title,
            self.upload,
            row(self.path, self.start, style="genlab-pathrow"),
            row(self.called, self.language, style="genlab-fields"),
            self.progress,
            self.demo_box,
        )

    def draw(self, empty: bool) -> None:
        """Shows the card as the welcome of an empty workspace, or as the way to a further project."""
        self.title.value = h("div", h("h1" if empty else "h2", "Import a project"), h("p", _WHAT, class_="genlab-hint"))

    @property
    def _workspace(self) -> Workspace:
        return self._page.workspace

    def _from_upload(self, *files: Path) -> None:
        """Imports what was chosen at once: an export, and beside a JSON file its config.xml and project.json."""
        configs = [path for path in files if path.suffix.lower() == ".xml"]
        exports = [path for path in files if path not in configs and path.name != ABOUT]
        if len(exports) != 1 or len(configs) > 1:
            names = ", ".join(path.name for path in files)
            step = "Choose one zip, or one JSON file and with it its config.xml."
            raise BadInput("Nothing was imported.", f"This is not one export: {names}.", step)
        if exports[0].name == RESULT and not self._name and not any(path.name == ABOUT for path in files):
            step = "Give the name of the project below, then choose the file again."
            raise BadInput("Nothing was imported.", f"{RESULT} does not say which project it is of.", step)
        self._import(lambda: self._bring(exports[0], configs[0] if configs else None))

    def _from_path(self) -> None:
        given = str(self.path.value or "").strip()
        self.path.error = "" if given else "Give the path of an export."
        if given:
            self._import(lambda: self._bring(Path(given).expanduser()))

    def _demo(self) -> None:
        self._import(lambda: self._workspace.import_demo())

    @property
    def _name(self) -> str | None:
        return str(self.called.value or "").strip() or None

    def _bring(self, path: Path, config: Path | None = None) -> ImportReport:
        language = str(self.language.value or "") or None
        return self._workspace.import_project(
            path, name=self._name, progress=self._count, language=language, on_page=self._read, config=config
        )

    def _import(self, bring: Callable[[], ImportReport]) -> None:
        self.progress.status, self.progress.fraction = "Reading the tasks \u2026", -1.0
        show(self.progress, True)
        try:
            report = bring()
        finally:
            show(self.progress, False)
        self.called.value = ""  # the next import is of another project
        self._imported(report)

    def _read(self, page: int, pages: int) -> None:
        self.progress.fraction, self.progress.detail = page / max(1, pages), f"page {page:,} of {pages:,}"
        if page == 1:
            self.progress.status = "Reading the words of the pages \u2026"

    def _count(self, tasks: int) -> None:
        self.progress.detail = f"{tasks:,} tasks so far"
