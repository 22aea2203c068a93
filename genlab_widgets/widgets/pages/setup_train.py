"""Train Now: the shortest way from a project's completions to a model, and what came of the last training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import ipywidgets

from genlab_widgets.errors import GenlabError
from genlab_widgets.widgets.pages import last_training, wording
from genlab_widgets.widgets.pages.deploy import DeployPanel
from genlab_widgets.widgets.pages.form import PARAMETERS, FormState, TrainForm
from genlab_widgets.widgets.pages.page import card, row, show, stack, text
from genlab_widgets.widgets.pages.run_card import show_progress
from genlab_widgets.widgets.pages.starting import DEPLOY_QUESTION, Starter
from genlab_widgets.widgets.parts import Choice, Download, Field, Progress, h, option
from genlab_widgets.workspace import logs_of

if TYPE_CHECKING:
    from genlab_widgets.runs.store import RunRow
    from genlab_widgets.training.readiness import Readiness
    from genlab_widgets.training.runfolder import Progress as Standing
    from genlab_widgets.widgets.pages.setup import SetupPage
    from genlab_widgets.workspace import Run

PREFERENCES = "setup_train"
"""Under this key the card keeps its fields among the project's preferences."""
SHOWN = ("epochs", "batch_size")
"""Parameters that are asked for here; the Train page has all."""
_HINT = (
    "Trains with the default parameters apart from these, on the completions of this project. "
    "The Train page has every parameter, embeddings and the custom script."
)


class _Seen(NamedTuple):
    """What one look at the trainings of the project brought."""

    runs: list[Run]
    open: RunRow | None
    standing: Standing | None


class TrainNowPanel(ipywidgets.Box):
    """A form of four fields, Train Now, and the last training. :attr:`corner` goes to the top right of the page.

    Args:
        page: The page that it belongs to.
    """

    def __init__(self, page: SetupPage) -> None:
        super().__init__()
        self.add_class("genlab-stack")
        self._page, self.project = page, page.project
        self._by_tags, self._drawing = False, False
        self.starter = Starter(self.project)
        self._told: str | None = None
        self._offered_for = b""
        self._refused = True
        self._runs: list[Run] = []
        self.state = FormState(TrainForm.restore(page.project.preferences().get(PREFERENCES)))
        self.progress = Progress()
        self.last_chip = text()
        self.corner = stack(self.last_chip, self.progress, style="genlab-corner")
        self.kind = self._bound("kind", Choice(label="What to train"))
        self.numbers = {
            item.name: self._bound(item.name, Field(label=item.title, kind="number", hint=item.hint))
            for item in PARAMETERS
            if item.name in SHOWN
        }
        self.tasks = Choice(label="Tasks")
        self.tasks.observe(page.guarded(lambda change: self._choose_tasks(str(change["new"]))), "value")
        self.tags = self._bound("tags", Field(label="Only tasks with one of these tags", kind="many"))
        self.ready = text()
        self.train = page.button("Train Now", self.ask, style="primary")
        self.stop = page.button("Stop", self._stop, "Stopping \u2026", "danger")
        self.question = self._question()
        self.last = text()
        self.deploy = page.button("Deploy", lambda: self._deploy(), style="primary")
        self.undo = page.button("Undo deployment", lambda: self._deploy(undo=True))
        self.logs = Download(text="Download logs")
        self.logs.serve(self._pack)
        self.deployment = DeployPanel(page, self._deployed)
        self.state.watch(self._changed)
        form = stack(
            self.kind, row(*self.numbers.values(), style="genlab-fields"), self.tasks, self.tags, self.ready,
            row(self.train, self.stop), self.question,
        )  # fmt: skip
        past = stack(text(h("h2", "Last training")), self.last, row(self.deploy, self.undo, self.logs), self.deployment)
        halves = ipywidgets.Box((form, past))
        halves.add_class("genlab-halves")
        halves.add_class("genlab-grow")
        about = text(h("div", h("h2", "Train now"), h("p", _HINT, class_="genlab-hint")))
        self.children = (card(about, halves),)
        for part in (self.progress, self.stop, self.deploy, self.undo, self.logs, self.tags):
            show(part, False)

    def begin(self) -> None:
        """Offers what this project can train, checks it, and shows the last training."""
        self.offer()
        self._page.background.submit("train tags", lambda: self.project.tags, self._offer_tags)
        self.draw()
        self.check()
        self.show_seen(self.look())

    def offer(self) -> None:
        """Offers the kinds of the stored labeling config; pages of an image come first."""
        self._offered_for = self.project.config_source
        offered = [item for item in self.project.offers() if item.field == "kind" and item.enabled]
        offered.sort(key=lambda item: item.value != "visual_ner")
        self.kind.options = [option(str(item.value), item.title) for item in offered]
        names = [str(item.value) for item in offered]
        self.state.set(self.state.form.among(names, next(iter(names), "")))

    def offer_again(self) -> None:
        """Notices that another labeling config was stored: then something else can be trained."""
        if self.project.config_source != self._offered_for:
            self.offer()
            self.check()

    def look(self) -> _Seen:
        """Looks at the training that runs, else at the newest, with the group that it belongs to; touches no widget."""
        self._page.reconcile()
        workspace = self.project.workspace
        going = [row for row in workspace.run_rows.open() if row.project == self.project.name]
        current = next((row for row in going if str(row.status) != "QUEUED"), next(iter(going), None))
        run = workspace.run(current.id) if current else next(iter(self.project.runs(limit=1)), None)
        if run is None:
            return _Seen([], None, None)
        return _Seen(run.group or [run], current, run.progress() if current else None)

    def show_seen(self, seen: _Seen) -> None:
        """Shows what a look brought: the bar while something trains, else what came of it."""
        training = seen.open is not None
        if seen.open is not None:
            show_progress(self.progress, seen.open, seen.standing)
        show(self.progress, training)
        show(self.stop, training)
        self._runs = seen.runs
        told = ",".join(f"{run.id} {run.row.status}" for run in seen.runs)
        if told != self._told:
            self._told = told
            self._draw_last()
        self._draw_button()

    def check(self) -> None:
        """Asks whether the chosen training could start; the answer is shown with its figures."""
        if self.state.form.problems() or not self.kind.options:
            self._draw_button()
            return
        fields = self.state.form.spec_fields()
        self._page.background.submit("train check", lambda: self._checked(fields), self._show_check)

    def ask(self) -> None:
        """Asks whether to deploy when the training is done."""
        self.starter.ask()
        show(self.question, True)

    def start(self, deploy: str) -> None:
        """Starts the training.

        Raises:
            GenlabError: See :meth:`genlab_widgets.workspace.Project.train`; no training was started.
        """
        show(self.question, False)
        self.starter.start(self.state.form, deploy)
        self.show_seen(self.look())

    def draw(self) -> None:
        """Shows the fields as they stand; what a widget shows already is left alone, so that typing goes on."""
        fields, problems = self.state.form.fields, self.state.form.problems()
        self._drawing = True
        try:
            for name, made in (("kind", self.kind), *self.numbers.items()):
                if made.value != str(fields[name]):
                    made.value = str(fields[name])
            for name, made in self.numbers.items():
                made.error, made.placeholder = problems.get(name, ""), self.state.form.placeholder
            self.tags.value = list(fields["tags"])
            by_tags = self._by_tags or bool(fields["tags"])
            self.tasks.value = "split" if fields["test_train_tags"] else "tags" if by_tags else "all"
            show(self.tags, self.tasks.value == "tags")
        finally:
            self._drawing = False
        self._draw_button()

    def _bound(self, name: str, made: Any) -> Any:
        def changed(change: Any) -> None:
            if not self._drawing:
                self.state.fill(**{name: change["new"]})

        made.observe(self._page.guarded(changed), "value")
        return made

    def _choose_tasks(self, which: str) -> None:
        if self._drawing:
            return
        self._by_tags = which == "tags"
        tags = self.state.form.fields["tags"] if self._by_tags else []
        self.state.fill(test_train_tags=which == "split", tags=tags)
        self.draw()

    def _changed(self, _: TrainForm, after: TrainForm) -> None:
        kept = self.project.preferences()
        self._page.attempt(lambda: self.project.save_preferences({**kept, PREFERENCES: after.keep()}))
        self.draw()
        self.check()

    def _offer_tags(self, tags: dict[str, int]) -> None:
        others = {tag: count for tag, count in tags.items() if tag.casefold() not in ("test", "train")}
        tested = sum(count for tag, count in tags.items() if tag.casefold() == "test")
        self.tags.options = [option(tag, f"{tag} ({count:,})") for tag, count in others.items()]
        self.tasks.options = [
            option("all", "All", "A random part of them tests the model."),
            option("tags", "With tags", "" if others else "No task has a tag of its own.", disabled=not others),
            option(
                "split",
                "Test/Train tags",
                f"{tested:,} tasks are tagged Test." if tested else "No task is tagged Test.",
                disabled=not tested,
            ),
        ]
        self.draw()

    def _checked(self, fields: dict[str, Any]) -> Readiness | GenlabError:
        try:
            found = self.project.check(**fields)
            found.raise_if_not_ready()
        except GenlabError as error:
            return error
        return found

    def _show_check(self, found: Readiness | GenlabError) -> None:
        self._refused = isinstance(found, GenlabError)
        if isinstance(found, GenlabError):
            self.ready.value = last_training.refusal(found)
        else:
            cost = found.estimate
            told = (
                f"{found.train:,} tasks train, {found.test:,} test",
                wording.about(cost.seconds),
                f"{wording.memory(cost.memory_mb)} of memory",
            )
            self.ready.value = h("p", " \u00b7 ".join(told), class_="genlab-estimate", role="status")
        self._draw_button()

    def _draw_button(self) -> None:
        allowed = self.project.workspace.can(self.project, "train")
        wrong = bool(self.state.form.problems()) or not self.kind.options
        self.train.disabled = not allowed or wrong or self._refused
        self.train.tooltip = "" if allowed else "A Project Owner or a Manager may train."

    def _draw_last(self) -> None:
        runs: Sequence[Run] = self._runs
        if not runs:
            self.last.value = h("p", "Nothing was trained yet.", class_="genlab-quiet")
            self.last_chip.value = ""
            return
        self.last.value = last_training.details(runs)
        newest = runs[0].row
        status = str(newest.status)
        chip = h("span", wording.STATUS[status], class_=f"genlab-chip genlab-{wording.tone(status)}")
        score = "" if newest.f1 is None else f"F1 {wording.score(newest.f1)}"
        self.last_chip.value = h(
            "div", h("span", f"Training {newest.id}", class_="genlab-hint"), chip, score, class_="genlab-title"
        )
        show(self.logs, True)
        self._draw_deployment()

    def _trained(self) -> list[Run]:
        return [run for run in self._runs if run.model]

    def _draw_deployment(self) -> None:
        models = [run.workspace.model(run.model or "") for run in self._trained()]
        deployed = [model.deployed for model in models]
        show(self.deploy, False in deployed)
        show(self.undo, bool(deployed) and all(deployed))

    def _deploy(self, undo: bool = False) -> None:
        """Opens the question for the first model of the last training that is not deployed yet (or that is)."""
        for run in self._trained():
            model = run.workspace.model(run.model or "")
            if model.deployed == undo:
                self.deployment.ask(model, undo=undo)
                return

    def _deployed(self) -> None:
        self._draw_deployment()
        self._page.config.look()

    def _stop(self) -> None:
        for run in self._runs:
            if not run.refresh().ended:
                run.stop()
        self.show_seen(self.look())

    def _pack(self) -> tuple[str, bytes]:
        runs = self._runs
        packed: Any = self._page.attempt(lambda: logs_of(runs) if len(runs) > 1 else runs[0].logs_zip())
        return f"{runs[0].row.group or runs[0].id}-logs.zip", packed or b""

    def _question(self) -> ipywidgets.Box:
        button = self._page.button
        asked = stack(
            text(h("div", h("h3", "Deploy when done?"), h("p", DEPLOY_QUESTION, class_="genlab-hint"))),
            row(
                button("Deploy when done", lambda: self.start("immediately"), "Starting \u2026", "primary"),
                button("Deploy if better", lambda: self.start("if_better"), "Starting \u2026"),
                button("Just train", lambda: self.start("none"), "Starting \u2026"),
                button("Cancel", lambda: show(asked, False)),
            ),
            style="genlab-panel",
        )
        show(asked, False)
        return asked
