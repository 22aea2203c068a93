"""The Infrastructure page: what this machine has, what runs and waits on it, what each trainer needs, and licences."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import ipywidgets

from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.pages.infrastructure_rows import (
    JOBS,
    LICENSES,
    NEEDS,
    cards,
    job_row,
    license_row,
    need_row,
)
from genlab_widgets.widgets.pages.page import Page, card, row, show, text
from genlab_widgets.widgets.parts import Log, Table, h
from genlab_widgets.workspace import Workspace

if TYPE_CHECKING:
    from genlab_widgets.widgets.parts import Banner
    from genlab_widgets.workspace import Run
    from genlab_widgets.workspace._infrastructure import Machine, Server

_EVERY = 2
"""A look at all processes takes a moment: one in two ticks is enough."""
_ABOUT_LICENSES = (
    "The open-source trainers need none. A licence file goes into the folder that GENLAB_LICENSES "
    "names (~/.johnsnowlabs/licenses by default), or its token into SPARK_NLP_LICENSE or SPARK_OCR_LICENSE."
)


class _Look(NamedTuple):
    """What one look at the outside brought."""

    machine: Machine
    servers: list[Server]
    log: tuple[str, int] | None


class InfrastructurePage(Page):
    """This machine and everything that runs on it, over all projects of a workspace.

    Args:
        workspace: The workspace; None opens the one that ``GENLAB_HOME`` names.
        background: False does everything at once in the caller's thread (tests).
        banner: Where messages are shown; None makes one for this page.
    """

    def __init__(
        self, workspace: Workspace | None = None, background: bool = True, banner: Banner | None = None
    ) -> None:
        super().__init__(workspace or Workspace(), background, banner)
        self._here = self.workspace.infrastructure
        self._ticks = 0
        self._shown: Run | None = None
        self._offset = 0
        self.about = text()
        self.meters = ipywidgets.Box()
        self.meters.add_class("genlab-meters")
        self.jobs = Table(
            JOBS, noun="job", caption="Trainings that run or wait, of all projects", actions=True, empty=_NO_JOB
        )
        self.jobs.on_action(self.guarded(self._act))
        self.log_title, self.lines = text(), Log()
        self.log_box = ipywidgets.Box(
            (row(self.log_title, self.button("Close logs", self._close_log), style="genlab-between"), self.lines)
        )
        self.log_box.add_class("genlab-stack")
        show(self.log_box, False)
        self.needs = Table(NEEDS, noun="trainer", caption="Figures of our own trainers are measured on two cores")
        self.licenses = Table(
            LICENSES, noun="licence", caption="Tokens are never shown or logged", empty="None was found."
        )
        self.content.children = (
            self.about,
            self.meters,
            card(text(h("h2", "Running and queued")), self.jobs, self.log_box, style="genlab-tablecard"),
            card(text(h("h2", "What each trainer needs")), self.needs, style="genlab-tablecard"),
            card(
                text(h("div", h("h2", "Licences"), h("p", _ABOUT_LICENSES, class_="genlab-hint"))),
                self.licenses,
                style="genlab-tablecard",
            ),
        )
        with self.lock:
            self.attempt(self._begin)
        self.background.start()

    def _begin(self) -> None:
        self.needs.fill([need_row(fit) for fit in self._here.fits()])
        self._draw(self._look())

    def tick(self) -> None:
        """Looks at the machine and its jobs."""
        self._ticks += 1
        if self._ticks % _EVERY:
            return
        seen = self._look()
        with self.lock:
            self._draw(seen)

    def _look(self) -> _Look:
        shown = self._shown
        return _Look(self._here.machine(), self._here.servers(), shown.log(self._offset) if shown else None)

    def _draw(self, seen: _Look) -> None:
        machine = seen.machine
        told = f"{machine.name} \u00b7 {wording.plural(machine.slots, 'training')} at once"
        self.about.value = h(
            "div", h("h1", "Infrastructure"), h("span", told, class_="genlab-hint"), class_="genlab-title"
        )
        drawn = cards(machine)
        if len(self.meters.children) != len(drawn):
            self.meters.children = tuple(text(style="genlab-card") for _ in drawn)
        for widget, markup in zip(self.meters.children, drawn, strict=True):
            widget.value = markup
        may = {server.row.project: self.workspace.can(server.row.project, "stop") for server in seen.servers}
        self.jobs.fill([job_row(server, may[server.row.project]) for server in seen.servers])
        self.licenses.fill([license_row(item) for item in self._here.licenses()])
        if seen.log is not None and seen.log[1] > self._offset:
            said, self._offset = seen.log
            self.lines.append(said)

    def _act(self, name: str, run_id: str) -> None:
        run = self.workspace.run(run_id)
        if name == "logs":
            self._open_log(run)
        elif name == "stop":
            run.stop()
            self.banner.say(f"{run.id} was stopped.", "What it has logged stays.", "The next queued training starts.")
            self._draw(self._look())

    def _open_log(self, run: Run) -> None:
        self._shown, self._offset = run, 0
        self.lines.clear()
        self.log_title.value = h("h3", f"Log of {run.id}")
        show(self.log_box, True)
        said, self._offset = run.log_tail()
        self.lines.append(said)

    def _close_log(self) -> None:
        self._shown = None
        show(self.log_box, False)


_NO_JOB = "Nothing runs or waits. The Train page starts a training."
