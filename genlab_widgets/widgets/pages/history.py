"""The History page: every training, filtered, compared, repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.pages.colours import label_colours
from genlab_widgets.widgets.pages.compare import ComparePanel
from genlab_widgets.widgets.pages.notebook_view import NotebookView
from genlab_widgets.widgets.pages.page import Page, card, row, show, text
from genlab_widgets.widgets.pages.run_card import Actions, RunCard
from genlab_widgets.widgets.parts import Download, Table, h
from genlab_widgets.widgets.parts.table import Column, Row

if TYPE_CHECKING:
    from genlab_widgets.runs.store import RunRow
    from genlab_widgets.widgets.parts import Banner
    from genlab_widgets.workspace import Project, Run

COLUMNS = (
    Column("model", "Model", filter=True, wide=True),
    Column("kind", "Kind", filter=True),
    Column("source", "Source", filter=True),
    Column("data", "Data", filter=True, wide=True),
    Column("started", "Started", filter=True),
    Column("duration", "Duration", numeric=True),
    Column("status", "Status", filter=True, options=tuple(wording.STATUS.values())),
    Column("f1", "F1", numeric=True),
    Column("who", "Who", filter=True),
)


class HistoryPage(Page):
    """The runs of a project, newest first.

    Args:
        project: The project.
        background: False does everything at once in the caller's thread (tests).
        banner: Where messages are shown; None makes one for this page.
    """

    def __init__(self, project: Project, background: bool = True, banner: Banner | None = None) -> None:
        super().__init__(project.workspace, background, banner)
        self.project = project
        self._seen: tuple[Any, ...] = ()
        self.table = Table(
            COLUMNS,
            noun="training",
            caption=f"Trainings of {project.name}",
            selectable=True,
            actions=True,
            empty="No training yet, or none that passes the filters.",
        )
        self.table.on_action(self.guarded(self._act))
        self.compare_button = self.button("Compare", self._compare_selected, "Comparing \u2026", "primary")
        self.delete_button = self.button("Delete", self._ask_delete)
        self.deletion = text()
        self.delete_panel = row(
            self.deletion,
            self.button("Delete for good", self._delete_selected, "Deleting \u2026", "danger"),
            self.button("Keep", lambda: show(self.delete_panel, False)),
            style="genlab-panel",
        )
        self.hint = text()
        self.table.observe(self.guarded(lambda _: self._draw_hint()), "selected")
        actions = Actions(self._open_details, lambda *_: None, lambda *_: None, self.fill)
        self.details = RunCard(self, actions, self._colours)
        self.comparison = ComparePanel(self, self._colours)
        self.document = NotebookView(self)
        self.download = Download(text="Save the logs")
        self.download.serve(self._pack)
        self.save_row = row(
            text(), self.download, self.button("Close", lambda: show(self.save_row, False)), style="genlab-panel"
        )
        self._packed: Run | None = None
        self.close_details = self.button("Close details", self._close_details)
        self.content.children = (
            row(
                text(h("h1", f"History of {project.name}")),
                row(self.hint, self.compare_button, self.delete_button),
                style="genlab-between",
            ),
            self.delete_panel,
            self.save_row,
            self.comparison,
            self.document,
            self.close_details,
            self.details,
            card(self.table, style="genlab-tablecard"),
        )
        for part in (self.delete_panel, self.save_row, self.details, self.close_details):
            show(part, False)
        with self.lock:
            self.attempt(self.fill)
            self._draw_hint()
        self.background.start()

    def fill(self) -> None:
        """Reads all runs of the project by one query and shows them."""
        runs = self.project.runs(limit=None)
        # .row of an open run asks the database again; one query has brought them all just now.
        self.table.fill([table_row(run._known) for run in runs])

    def tick(self) -> None:
        """Shows new runs and new states; asks for the counts only while nothing changes."""
        counts = tuple(sorted(self.project.workspace.counts(self.project.name).items()))
        seen = self.details.read() if self.details.run is not None and not self.details.ended else None
        if counts == self._seen and seen is None:
            return
        with self.lock:
            self._seen = counts
            self.fill()
            if seen is not None:
                self.details.draw(seen)

    def _colours(self) -> dict[str, str]:
        return label_colours(self.project.labeling_config)

    def _draw_hint(self) -> None:
        chosen = len(self.table.selected)
        self.compare_button.disabled = chosen != 2
        self.delete_button.disabled = not chosen
        show(self.delete_panel, False)
        told = {0: "Select two to compare them.", 1: "Select one more to compare.", 2: ""}.get(
            chosen, "Select only two to compare."
        )
        self.hint.value = h("p", told, class_="genlab-hint")

    def _ask_delete(self) -> None:
        count = len(self.table.selected)
        told = f"Delete {wording.plural(count, 'training')} with notebook, log and model? It cannot be taken back."
        self.deletion.value = h("p", told, role="status")
        show(self.delete_panel, True)

    def _delete_selected(self) -> None:
        chosen = [str(run_id) for run_id in self.table.selected]
        if self.details.run is not None and self.details.run.id in chosen:
            self._close_details()
        self.project.workspace.delete_runs(chosen)
        self.table.selected = []
        self.fill()
        self.banner.say(f"{wording.plural(len(chosen), 'training')} deleted.")

    def _act(self, name: str, run_id: str) -> None:
        run = self.project.workspace.run(run_id)
        if name == "details":
            self._open_details(run)
        elif name == "notebook":
            self.document.present(run.notebook, run.id)
        elif name == "logs":
            self._offer_logs(run)
        elif name == "again":
            count = sum(run.workspace.counts(run.project).values())
            started = run.train_again(key=f"again:{run.id}:{count}")
            self.banner.say(
                f"{started.id} was started with the settings of {run.id}.",
                next_step="It is the first row here, and on the Train page.",
            )
            self.fill()

    def _open_details(self, run: Run) -> None:
        self.details.present(run)
        show(self.details, True)
        show(self.close_details, True)

    def _close_details(self) -> None:
        self.details.run = None
        show(self.details, False)
        show(self.close_details, False)

    def _offer_logs(self, run: Run) -> None:
        self._packed = run
        self.save_row.children[0].value = h("p", f"Log, notebook, spec and result of {run.id}, in one zip.")
        show(self.save_row, True)

    def _pack(self) -> tuple[str, bytes]:
        run = self._packed
        if run is None:
            return "logs.zip", b""
        return f"{run.id}-logs.zip", self.attempt(run.logs_zip) or b""

    def _compare_selected(self) -> None:
        workspace = self.project.workspace
        chosen = [workspace.run(run_id) for run_id in self.table.selected]
        earlier, later = sorted(chosen, key=lambda run: (run.created_at, run.number))
        self.comparison.present(workspace.compare(earlier, later))


def table_row(run: RunRow) -> Row:
    """Returns a run as the table shows it; reads nothing but the row."""
    status = str(run.status)
    seconds = (run.ended_at - run.started_at).total_seconds() if run.started_at and run.ended_at else None
    spec = run.spec
    split = (
        "Test/Train tags"
        if spec.get("test_train_tags")
        else f"random {spec.get('validation_split', 0.2):.0%}, seed {spec.get('seed')}"
    )
    tags = ", ".join(spec.get("tags") or ()) or "all tasks"
    reviewed = ", only reviewed" if spec.get("completion_status") == "reviewed" else ""
    cells = {
        "model": {"text": run.model or run.id, "small": run.id if run.model else "", "title": run.id},
        "kind": {"text": wording.KINDS.get(run.kind, run.kind)},
        "source": {"text": wording.SOURCES.get(run.source, run.source)},
        "data": {"text": f"{tags}{reviewed}", "small": split},
        "started": {"text": wording.moment(run.started_at or run.created_at)},
        "duration": {"text": wording.duration(seconds)},
        "status": {"text": wording.STATUS[status], "chip": wording.tone(status), "title": run.message},
        "f1": {"text": wording.score(run.f1)},
        "who": {"text": run.user},
    }
    sort: dict[str, Any] = {name: cell["text"] for name, cell in cells.items()}
    sort |= {"started": run.created_at.timestamp(), "duration": seconds, "f1": run.f1}
    ended = run.status.ended
    actions = (
        {"name": "details", "text": "Details"},
        {"name": "notebook", "text": "Notebook"},
        {"name": "logs", "text": "Logs"},
        {"name": "again", "text": "Train again", "disabled": not ended},
    )
    return Row(run.id, run.model or run.id, cells, sort, actions)
