"""The Train page: the form, or the run that it started."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import ipywidgets

from genlab_widgets.errors import GenlabError, NotFound
from genlab_widgets.projects.language import name_of
from genlab_widgets.training.offers import ALL, default_kind
from genlab_widgets.widgets.pages import evidence, wording
from genlab_widgets.widgets.pages.active_learning import ActiveLearningPanel
from genlab_widgets.widgets.pages.colours import label_colours
from genlab_widgets.widgets.pages.form import FormState, TrainForm
from genlab_widgets.widgets.pages.page import Page, row, show, text
from genlab_widgets.widgets.pages.run_card import Actions, RunCard, Snapshot
from genlab_widgets.widgets.pages.starting import Starter
from genlab_widgets.widgets.pages.train_form import ScriptActions, TrainFormView
from genlab_widgets.widgets.parts import h

if TYPE_CHECKING:
    from genlab_widgets.projects.selection import Reason
    from genlab_widgets.training.offers import Offer
    from genlab_widgets.training.readiness import Readiness
    from genlab_widgets.training.spec import TrainingSpec
    from genlab_widgets.widgets.parts import Banner
    from genlab_widgets.workspace import Project, Run

PREFERENCES = "train"
"""Under this key the page keeps its state among the project's preferences."""
_ENOUGH = 40
_STRIP = 5
_MODEL_FIELDS = (
    *("kind", "library", "architecture", "classifier", "head", "embeddings", "custom_script"),
    *("epochs", "batch_size", "validation_split", "seed"),
)
_CHECKED = (*_MODEL_FIELDS, "test_train_tags", "tags", "completion_status", "leave_out_labels")
"""Fields that the check depends on."""


class _Found(NamedTuple):
    """What a look at the outside brought: the runs that are open, and the shown one."""

    open: list[Run]
    seen: Snapshot | None


class TrainPage(Page):
    """Trains models of one project: wizard or one page, live progress, the result.

    Args:
        project: The project.
        background: False does everything at once in the caller's thread (tests).
        banner: Where messages are shown; None makes one for this page.
    """

    def __init__(self, project: Project, background: bool = True, banner: Banner | None = None) -> None:
        super().__init__(project.workspace, background, banner)
        self.project = project
        self.add_class("genlab-trainpage")
        self._reasons: dict[str, list[dict[str, Any]]] = {}
        self._titles: dict[int, dict[str, Any]] = {}
        self.starter = Starter(project)
        self.state = FormState(TrainForm.restore(self._kept().get(PREFERENCES)))
        scripts = ScriptActions(self._upload_script, self._remove_script)
        self.learning = ActiveLearningPanel(self, project, lambda: self.state.form.spec_fields())
        self.form = TrainFormView(self, self.state, self._train, self.starter.ask, scripts, self.learning)
        actions = Actions(self.show_run, self._leave_out, self._change_settings, lambda: None)
        self.card = RunCard(self, actions, lambda: label_colours(project.labeling_config))
        self.fresh = self.button("New training", self.show_form)
        self.strip = ipywidgets.Box()
        self.strip.add_class("genlab-strip")
        self.about = text()
        self.content.children = (
            row(self.about, self.fresh, style="genlab-between"),
            self.strip,
            self.form,
            self.card,
        )
        self._strip_ids: list[tuple[str, str]] = []
        self.state.watch(self._changed)
        self.state.watch(lambda *_: self.learning.draw())
        readiness = self.form.readiness
        readiness.on("why", self.guarded(self._why))
        readiness.on("show", self.guarded(self._show_tasks))
        readiness.on("leave_out", self.guarded(lambda label: self._set_left_out(label, True)))
        readiness.on("take_in", self.guarded(lambda label: self._set_left_out(label, False)))
        with self.lock:
            self.attempt(self._begin)
        self.background.start()

    # What the user does.

    def show_run(self, run: Run) -> None:
        """Shows a run in place of the form, also after a reload."""
        self.state.change(shown_run=run.id)
        self.card.present(run)
        self._place()

    def show_form(self) -> None:
        """Shows the form; a run that is open goes on and stays in reach above it."""
        self.state.change(shown_run="")
        self.card.run = None
        self._place()
        self._check()
        self.tick()

    def _train(self, deploy: str) -> None:
        self.banner.clear()
        self.show_run(self.starter.start(self.state.form, deploy))

    def _upload_script(self, path: Path) -> None:
        script = self.project.upload_script(path)
        self._offer()
        self.state.fill(custom_script=script.reference)
        self.banner.say(f"{script.name} was checked and stored.", "The next NER training runs it.")

    def _remove_script(self) -> None:
        self.project.remove_script()
        self.state.fill(custom_script=None)
        self._offer()
        self.banner.say("The default training is back.", "Earlier runs keep the script that they were trained with.")

    def _leave_out(self, run: Run, labels: list[str]) -> None:
        self._take_fields(run)
        left_out = [*self.state.form.fields["leave_out_labels"], *labels]
        self.state.fill(leave_out_labels=list(dict.fromkeys(left_out)))
        self.show_form()

    def _change_settings(self, run: Run) -> None:
        self._take_fields(run)
        self.show_form()

    def _take_fields(self, run: Run) -> None:
        given = run.spec.parameters()
        self.state.fill(**{name: given[name] for name in self.state.form.fields})

    def _set_left_out(self, label: str, out: bool) -> None:
        others = [item for item in self.state.form.fields["leave_out_labels"] if item != label]
        self.state.fill(leave_out_labels=[*others, label] if out else others)

    # State.

    def _begin(self) -> None:
        project = self.project
        language = name_of(project.language)
        told = f"{wording.plural(project.task_count, 'task')} \u00b7 {language}"
        self.about.value = h(
            "div", h("h1", f"Train {project.name}"), h("span", told, class_="genlab-hint"), class_="genlab-title"
        )
        offers = self._offer()
        kinds = {str(item.value) for item in offers if item.field == "kind" and item.enabled}
        self.state.set(self.state.form.among(kinds, default_kind(project.labeling_config)))
        workspace = project.workspace
        allowed = workspace.can(project, "train")
        role = project.members.roles.get(workspace.user, "")
        self.form.allow(
            allowed, "" if allowed else f"{workspace.user} is {role} here; a Project Owner or a Manager may train."
        )
        self.background.submit("tags", lambda: project.tags, self.form.offer_tags)
        self.background.submit("embeddings", project.embeddings, self.form.offer_embeddings)
        self._find_run()
        self._place()
        self.form.draw(self.state.form)
        self._check()

    def _offer(self) -> list[Offer]:
        offers = self.project.offers()
        self.form.offer(offers, self.project.labeling_config)
        return offers

    def _find_run(self) -> None:
        """Comes back to the run that was shown, or to one that somebody else has started."""
        workspace, shown = self.project.workspace, self.state.form.shown_run
        open_runs = self._open_runs()
        if shown:
            try:
                self.card.present(workspace.run(shown))
            except NotFound:
                self.state.change(shown_run=None)
        elif shown is None and open_runs:
            self.show_run(open_runs[-1])

    def _open_runs(self) -> list[Run]:
        workspace = self.project.workspace
        counted = workspace.counts(self.project.name)
        states = [state for state in ("QUEUED", "STARTING", "RUNNING", "CANCELLING") if counted[state]]
        found = [run for state in states for run in workspace.runs(project=self.project.name, status=state)]
        return sorted(found, key=lambda run: run.number)

    def _place(self) -> None:
        running = self.card.run is not None
        show(self.card, running)
        show(self.form, not running)
        show(self.fresh, running)

    def _changed(self, before: TrainForm, after: TrainForm) -> None:
        self.attempt(lambda: self._keep(after))
        if any(before.fields[name] != after.fields[name] for name in _CHECKED):
            self.form.readiness.expanded, self.form.readiness.shown = False, ""
            self._reasons = {}
            self._check()

    def _kept(self) -> dict[str, Any]:
        return self.project.preferences()

    def _keep(self, form: TrainForm) -> None:
        self.project.save_preferences({**self._kept(), PREFERENCES: form.keep()})

    # Readiness.

    def _check(self) -> None:
        if self.card.run is not None:
            return
        problems = self.state.form.problems()
        fields = self.state.form.spec_fields()
        if problems:
            return
        self.form.readiness.busy = True
        self.form.ready(None)
        self.background.submit("check", lambda: self._checked(fields), self._show_readiness)

    def _checked(self, fields: dict[str, Any]) -> Readiness | GenlabError:
        try:
            return self.project.check(**fields)
        except GenlabError as error:
            return error

    def _show_readiness(self, found: Readiness | GenlabError) -> None:
        view = self.form.readiness
        if isinstance(found, GenlabError):
            view.busy = False
            view.headline = "This cannot be trained."
            view.findings = [
                {"level": "fail", "message": f"{found.what} {found.why}".strip(), "next_step": found.next_step}
            ]
            self.form.allow(False, str(found))
            return
        self._readiness = found
        allowed = self.project.workspace.can(self.project, "train")
        if allowed:
            self.form.allow(True, "")
        with view.hold_sync():
            view.busy = False
            view.headline = _headline(found)
            view.can_leave_out = sum(1 for _ in found.labels) > 1
            view.findings = [
                {"level": item.level, "message": item.message, "next_step": item.next_step} for item in _told(found)
            ]
        self._draw_labels()
        self._draw_reasons()
        self.form.ready(found)

    _readiness: Readiness | None = None

    def _draw_labels(self) -> None:
        if self._readiness is None:
            return
        colours = label_colours(self.project.labeling_config)
        concerned: dict[str, list[int]] = {}
        for finding in self._readiness.findings:
            if finding.label and finding.task_ids:
                concerned.setdefault(finding.label, []).extend(finding.task_ids)
        items = [
            {
                "label": count.label,
                "total": count.total,
                "grade": count.grade,
                "more": max(0, _ENOUGH - count.total) if 0 < count.total < _ENOUGH else 0,
                "colour": colours.get(count.label, "#767676"),
                "tasks": [
                    self._titles.get(task, {"id": task, "title": ""})
                    for task in dict.fromkeys(concerned.get(count.label, ()))
                ],
                "left_out": False,
            }
            for count in self._readiness.labels
        ]
        shown = {item["label"] for item in items}
        items += [
            {
                "label": label,
                "total": 0,
                "grade": "none",
                "more": 0,
                "colour": "transparent",
                "tasks": [],
                "left_out": True,
            }
            for label in self.state.form.fields["leave_out_labels"]
            if label not in shown
        ]
        self.form.readiness.labels = items

    def _draw_reasons(self) -> None:
        if self._readiness is None:
            return
        self.form.readiness.reasons = [
            {
                "sentence": _sentence(reason),
                "count": count,
                "trains": bool(getattr(reason, "trains", False)),
                "tasks": [] if getattr(reason, "trains", False) else self._reasons.get(str(reason), []),
            }
            for reason, count in self._readiness.selection.most_common()
        ]

    def _why(self) -> None:
        view = self.form.readiness
        view.expanded = not view.expanded
        if view.expanded and not self._reasons:
            fields = self.state.form.spec_fields()
            kinds = [offer.value for offer in self.project.offers() if offer.field == "kind" and offer.enabled]
            kind = kinds[0] if fields["kind"] == ALL else fields["kind"]
            spec: TrainingSpec = self.project.spec(**{**fields, "kind": kind})
            self.background.submit("why", lambda: evidence.by_reason(self.project, spec), self._show_reasons)

    def _show_reasons(self, found: dict[str, list[dict[str, Any]]]) -> None:
        self._reasons = found
        self._draw_reasons()

    def _show_tasks(self, label: str) -> None:
        self.form.readiness.shown = label
        listed: list[dict[str, Any]] = next(
            (item["tasks"] for item in self.form.readiness.labels if item["label"] == label), []
        )
        missing = [task["id"] for task in listed if task["id"] not in self._titles]
        if missing:
            self.background.submit("titles", lambda: evidence.titles(self.project, missing), self._show_titles)

    def _show_titles(self, found: dict[int, dict[str, Any]]) -> None:
        self._titles |= found
        self._draw_labels()

    # What happens outside.

    def tick(self) -> None:
        """Looks at the shown run and at the others that are open."""
        run = self.card.run
        seen = self.card.read() if run is not None and not self.card.ended else None
        found = _Found(self._open_runs(), seen)
        with self.lock:
            if found.seen is not None:
                self.card.draw(found.seen)
            self._draw_strip(found.open)
            self.learning.draw()

    def _draw_strip(self, runs: list[Run]) -> None:
        shown = self.card.run.id if self.card.run is not None else ""
        others = [run for run in runs if run.id != shown][:_STRIP]
        states = [(run.id, str(run.row.status)) for run in others]
        if states == self._strip_ids:
            return
        self._strip_ids = states
        self.strip.children = tuple(
            self._strip_line(run, status) for run, (_, status) in zip(others, states, strict=True)
        )

    def _strip_line(self, run: Run, status: str) -> ipywidgets.Box:
        chip = h("span", wording.STATUS[status], class_=f"genlab-chip genlab-{wording.tone(status)}")
        told = run.row.message if status == "QUEUED" else ""
        said = text(h("span", chip, h("strong", run.id), h("span", told, class_="genlab-hint"), class_="genlab-title"))
        return row(said, self.button(f"Show {run.id}", lambda: self.show_run(run)), style="genlab-between")


def _sentence(reason: Reason | str) -> str:
    return str(getattr(reason, "sentence", reason))


def _headline(found: Readiness) -> str:
    total = sum(found.selection.values())
    used = sum(count for reason, count in found.selection.items() if getattr(reason, "trains", False))
    rest = [
        f"{count:,} {_sentence(reason)}"
        for reason, count in found.selection.most_common()
        if not getattr(reason, "trains", False)
    ]
    why = f": {', '.join(rest)}" if rest else ""
    return f"{used:,} of {wording.plural(total, 'task')} train{why}."


def _told(found: Readiness) -> list[Any]:
    """Leaves out what the page says elsewhere: counts of tasks, and labels with few examples (in the bars)."""
    kept = [item for item in found.findings if item.code not in ("completions", "label_few") or item.level == "fail"]
    return [item for item in kept if item.level != "ok"] + [item for item in kept if item.level == "ok"]
