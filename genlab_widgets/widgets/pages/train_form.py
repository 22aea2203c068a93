"""The Train form: three groups of inputs over one state, as a wizard or on one page."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import ipywidgets

from genlab_widgets.training.offers import ARCHITECTURES, is_multiple
from genlab_widgets.widgets.pages import form as forms
from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.pages.embeddings_list import AUTOMATIC, EmbeddingsList, named_by
from genlab_widgets.widgets.pages.form import FormState, TrainForm
from genlab_widgets.widgets.pages.page import Page, card, row, show, stack, text
from genlab_widgets.widgets.pages.starting import DEPLOY_QUESTION
from genlab_widgets.widgets.parts import Choice, Field, Markup, ReadinessView, Steps, Upload, h, option

if TYPE_CHECKING:
    from genlab_widgets.projects.labeling_config import LabelingConfig
    from genlab_widgets.training.embeddings import EmbeddingsChoice
    from genlab_widgets.training.offers import Offer
    from genlab_widgets.training.readiness import Readiness

_EMBEDDINGS_HINT = "Automatic takes the best embeddings that this machine has for the project\u2019s language."
_CLASSIFIER_HINT = 'The Choices with train="true", else the first name in alphabetical order.'
_HEAD_HINT = "Automatic tries both on a part of the training tasks and takes the better."
_HINTS = {
    "embeddings": _EMBEDDINGS_HINT,
    "head": _HEAD_HINT,
    **{item.name: item.hint for item in forms.PARAMETERS},
}
"""Hints of the fields that some networks have no use for."""
_HEADS = (
    ("automatic", AUTOMATIC),
    ("logistic_regression", "Logistic regression"),
    ("classifier_dl", "ClassifierDL"),
)
_SCRIPT_HINT = "Code that you trust: it runs with your rights. Only an owner of the project may change it."


class ScriptActions(NamedTuple):
    """What the form does with training scripts: takes an uploaded file, or brings the default training back."""

    upload: Callable[[Path], None]
    remove: Callable[[], None]


class TrainFormView(ipywidgets.Box):
    """Draws a :class:`FormState`. Every input writes to the state, and every change of the state is drawn.

    Args:
        page: The page it belongs to.
        state: The form.
        train: Called with ``none``, ``if_better`` or ``immediately`` when the user has answered how to deploy.
        asked: Called when the question is put, before it is answered.
        scripts: What to do with a training script of one's own.
        learning: The part of the last step that says when the project trains again by itself.
    """

    def __init__(
        self,
        page: Page,
        state: FormState,
        train: Callable[[str], None],
        asked: Callable[[], None],
        scripts: ScriptActions,
        learning: ipywidgets.Widget,
    ) -> None:
        super().__init__()
        self.add_class("genlab-stack")
        self.state, self._page, self._train, self._asked, self._scripts = state, page, train, asked, scripts
        self._learning, self._embeddings = learning, EmbeddingsList()
        self._config: LabelingConfig | None = None
        self._readiness: Readiness | None = None
        self._may_train, self._why_not = True, ""
        self.fields: dict[str, Any] = {}
        self.steps = Steps(titles=list(forms.STEPS))
        self.steps.on("step", page.guarded(lambda step: self._go(int(step))))
        self.steps.on("view", page.guarded(lambda view: state.change(view=str(view))))
        self.readiness = ReadinessView()
        self.model, self.data, self.last = self._model_group(), self._data_group(), self._last_group()
        self.ready_card = card(text(h("h2", "Readiness")), self.readiness, style="genlab-readycard")
        self.back = page.button("Back", lambda: self._go(state.form.step - 1))
        self.next = page.button("Next", lambda: self._go(state.form.step + 1), style="primary")
        self.body = ipywidgets.Box()
        self.children = (self.steps, self.body)
        state.watch(lambda _before, after: self.draw(after))

    def offer(self, offers: Sequence[Offer], config: LabelingConfig) -> None:
        """Sets what can be chosen and why the rest cannot, and the labeling config that it is offered for."""
        self._config = config
        for name in ("kind", "library", "architecture"):
            self.fields[name].options = [
                option(str(item.value), item.title, item.reason, not item.enabled)
                for item in offers
                if item.field == name
            ]
        names = [str(item.value) for item in offers if item.field == "classifier"]
        self.fields["classifier"].options = [
            option("", "As the labeling config says"),
            *(option(name, name) for name in names),
        ]
        self.fields["head"].options = [option(name, title) for name, title in _HEADS]
        refused = next((item for item in offers if item.field == "use_gpu" and not item.enabled), None)
        self.fields["use_gpu"].disabled = refused is not None
        self.fields["use_gpu"].hint = refused.reason if refused else ""
        scripts = [item for item in offers if item.field == "custom_script" and item.enabled]
        self.fields["custom_script"].options = [
            option("", "None: GenLab\u2019s own training"),
            *(option(str(item.value), item.title) for item in scripts),
        ]
        show(self.remove_script, bool(scripts))

    def offer_embeddings(self, found: Sequence[EmbeddingsChoice]) -> None:
        """Sets the embeddings to choose from; those that cannot be used say why."""
        self._embeddings.know(found)
        self.draw(self.state.form)

    def offer_tags(self, tags: Mapping[str, int]) -> None:
        """Sets the tags of the project with their numbers of tasks."""
        self.fields["tags"].options = [option(tag, f"{tag} ({count:,})") for tag, count in tags.items()]
        folded = {tag.casefold(): count for tag, count in tags.items()}
        found = folded.get("test", 0)
        hint = f"{found:,} tasks are tagged Test." if found else "No task is tagged Test."
        self.fields["test_train_tags"].options = [
            option("no", "Random", "By task, seeded."),
            option("yes", "Test/Train tags", hint, disabled=not found),
        ]

    def allow(self, allowed: bool, why_not: str) -> None:
        """Sets whether the user may train here; if not, the button says why."""
        self._may_train, self._why_not = allowed, why_not
        self.draw(self.state.form)

    def ready(self, found: Readiness | None) -> None:
        """Takes what the check found; None while it runs."""
        self._readiness = found
        self.draw(self.state.form)

    def draw(self, form: TrainForm) -> None:
        """Shows a state of the form."""
        problems = form.problems()
        embeddings = str(form.fields["embeddings"])
        kind, architecture = str(form.fields["kind"]), str(form.fields["architecture"])
        self.fields["embeddings"].options = self._embeddings.options(kind, embeddings, architecture)
        for name, field in self.fields.items():
            self._fill(name, field, form, problems)
        show(self.fields["seed"], True)
        show(self.fields["validation_split"], not form.fields["test_train_tags"])
        for name in ("classifier", "head", "architecture"):
            show(self.fields[name], form.has(name))
        show(self.script_box, form.has("custom_script"))
        self._close_unused(form, problems)
        own = self._embeddings.is_own(embeddings)
        show(self.embeddings_place, own)
        self._show_place(embeddings.partition(":")[2], problems.get("embeddings", "") if own else "")
        self.embedding_facts.value = self._embeddings.facts(embeddings)
        with self.steps.hold_sync():
            self.steps.view, self.steps.current, self.steps.reached = form.view, form.step, form.reached
            self.steps.problems = sorted({forms.step_of(name) for name in problems})
        self.summary.value = self._summary(form)
        show(self.summary_box, form.view == "wizard")
        self.estimate.value = self._estimate()
        blocked = self._blocked(problems)
        self.train.disabled = bool(blocked)
        self.why_not.value = h("p", blocked, class_="genlab-error") if blocked else h("p")
        self._arrange(form)

    def _close_unused(self, form: TrainForm, problems: Mapping[str, str]) -> None:
        """Disables what the chosen network has no use for, and says so in place of the hint."""
        unused = self._unused(form)
        for name, hint in _HINTS.items():
            self.fields[name].disabled = name in unused and name not in problems
            self.fields[name].hint = unused.get(name, hint)
        for item in forms.PARAMETERS:
            self.fields[item.name].placeholder = form.placeholder

    def _unused(self, form: TrainForm) -> dict[str, str]:
        classifier = form.fields["classifier"]
        return form.unused(self._config is not None and is_multiple(self._config, classifier))

    def ask(self) -> None:
        """Asks whether to deploy when the training is done."""
        self._asked()
        show(self.train_row, False)
        show(self.question, True)

    def dismiss(self) -> None:
        """Takes the question away."""
        show(self.question, False)
        show(self.train_row, True)

    def _blocked(self, problems: Mapping[str, str]) -> str:
        if not self._may_train:
            return self._why_not
        if problems:
            return "Correct the fields with a red line first."
        if self._readiness is not None and not self._readiness.ready:
            first = next(item for item in self._readiness.findings if item.level == "fail")
            return f"{first.message} {first.next_step}".strip()
        return ""

    def _go(self, step: int) -> None:
        if not self.state.go(step):
            self._page.banner.say(
                "This step is not complete yet.", next_step="Correct the fields with a red line.", tone="warn"
            )

    # The three groups.

    def _model_group(self) -> ipywidgets.Box:
        kind = self._field("kind", Choice(label="What to train"))
        library = self._field("library", Choice(label="Library"))
        architecture = self._field("architecture", Choice(label="Network"))
        classifier = self._field("classifier", Field(label="Classifier", kind="select", hint=_CLASSIFIER_HINT))
        head = self._field("head", Field(label="How to classify", kind="select", hint=_HEAD_HINT))
        embeddings = self._field(
            "embeddings", Field(label="Embeddings", kind="select", hint=_EMBEDDINGS_HINT), read=named_by
        )
        self.embedding_facts = text(style="genlab-facts-line")
        embeddings.shown = self._embeddings.line
        self.embeddings_place = Field(label="Path or name of the embeddings", kind="text")
        self._bind(self.embeddings_place, self._place_embeddings)
        return card(
            text(h("h2", "Model")),
            kind,
            classifier,
            head,
            embeddings,
            self.embeddings_place,
            self.embedding_facts,
            architecture,
            library,
            style="genlab-group",
        )

    def _data_group(self) -> ipywidgets.Box:
        split = self._field(
            "test_train_tags", Choice(label="Train and test tasks"), _tagged, lambda value: value == "yes"
        )
        part = self._field(
            "validation_split",
            Field(label="Test part", kind="number", unit="%", hint=forms.SPLIT.hint),
            _percent,
            _share,
        )
        seed = self._field("seed", Field(label="Seed", kind="number", hint=forms.SEED.hint))
        status = self._field("completion_status", Choice(label="Completions"))
        status.options = [
            option("submitted", "All submitted", "Those that a reviewer rejected are never used."),
            option("reviewed", "Only reviewed", "Only those that a reviewer accepted."),
        ]
        tags = self._field(
            "tags", Field(label="Only tasks with one of these tags", kind="many", hint="None chosen: all tasks.")
        )
        parameters = [
            self._field(item.name, Field(label=item.title, kind="number", hint=item.hint)) for item in forms.PARAMETERS
        ]
        reset = self._page.button("Reset", lambda: self.state.set(self.state.form.reset()))
        reset.tooltip = "Bring the default parameters back"
        script = self._field(
            "custom_script",
            Field(label="Custom training script (NER)", kind="select", hint=_SCRIPT_HINT),
            read=lambda value: value or None,
        )
        self.upload = Upload(
            self._page.guarded(self._scripts.upload),
            label="Drop a .py or .ipynb here, or choose one",
            hint="It is checked, not run, and stored with its hash and your name.",
            accept=".py,.ipynb",
        )
        self.remove_script = self._page.button("Bring the default training back", self._scripts.remove)
        self.script_box = stack(script, self.upload, row(self.remove_script))
        gpu = self._field("use_gpu", Field(label="Use available GPU", kind="checkbox"))
        return card(
            text(h("h2", "Data")), split, row(part, seed, style="genlab-fields"), status, tags,
            row(text(h("h2", "Parameters")), reset, style="genlab-between"),
            row(*parameters, style="genlab-fields"),
            gpu,
            self.script_box,
            style="genlab-group",
        )  # fmt: skip

    def _last_group(self) -> ipywidgets.Box:
        self.estimate, self.summary, self.why_not = text(), text(), text()
        change = [
            self._page.button(f"Change {title.lower()}", functools.partial(self._go, step))
            for step, title in ((1, "model"), (2, "data and parameters"))
        ]
        self.summary_box = stack(text(h("h2", "Summary")), self.summary, row(*change))
        self.train = self._page.button("Train model", self.ask, style="primary")
        self.train.add_class("genlab-large")
        self.train_row = row(self.train, self.why_not)
        self.question = self._question()
        return card(
            self._learning,
            self.summary_box,
            stack(
                text(h("h2", "Estimate"), "genlab-wizardonly"),
                self.estimate,
                self.train_row,
                self.question,
                style="genlab-go",
            ),
            style="genlab-group genlab-last",
        )

    def _question(self) -> ipywidgets.Box:
        def answer(deploy: str) -> Callable[[], None]:
            def start() -> None:
                self._train(deploy)
                self.dismiss()

            return start

        buttons = row(
            self._page.button("Deploy", answer("immediately"), "Starting \u2026", "primary"),
            self._page.button("Deploy if better", answer("if_better"), "Starting \u2026"),
            self._page.button("Just train", answer("none"), "Starting \u2026"),
            self._page.button("Cancel", self.dismiss),
        )
        asked = stack(
            text(h("div", h("h3", "Deploy when done?"), h("p", DEPLOY_QUESTION, class_="genlab-hint"))),
            buttons,
            style="genlab-panel",
        )
        show(asked, False)
        return asked

    # Between inputs and state.

    def _field(
        self,
        name: str,
        made: Any,
        shown: Callable[[Any], Any] = lambda value: value,
        read: Callable[[Any], Any] = lambda value: value,
    ) -> Any:
        made.shown = shown
        self.fields[name] = made
        self._bind(made, lambda value: self.state.fill(**{name: read(value)}))
        return made

    def _bind(self, made: Any, write: Callable[[Any], Any]) -> None:
        def changed(change: Any) -> None:
            if not self._drawing:
                write(change["new"])

        made.observe(self._page.guarded(changed), "value")

    _drawing = False

    def _fill(self, name: str, made: Any, form: TrainForm, problems: Mapping[str, str]) -> None:
        """Shows a field's value and problem; what the widget shows already is left alone, so that typing goes on."""
        self._drawing = True
        try:
            value = made.shown(form.fields[name])
            wanted = value if isinstance(value, (bool, list)) else "" if value is None else str(value)
            if made.value != wanted:
                made.value = wanted
            if isinstance(made, Field):
                made.error = problems.get(name, "")
        finally:
            self._drawing = False

    def _show_place(self, place: str, problem: str) -> None:
        self._drawing = True
        try:
            if self.embeddings_place.value != place:
                self.embeddings_place.value = place
            self.embeddings_place.error = problem
            if problem:
                self.fields["embeddings"].error = ""
        finally:
            self._drawing = False

    def _arrange(self, form: TrainForm) -> None:
        """Puts the groups where the view wants them; a group that is there already is not drawn again."""
        if form.view == "one_page":
            children: tuple[Any, ...] = (self.model, self.data, self.ready_card, self.last)
        else:
            self.next.layout.display = "" if form.step < len(forms.STEPS) else "none"
            self.back.layout.display = "" if form.step > 1 else "none"
            group = {1: (self.model, self.ready_card), 2: (self.data,), 3: (self.last,)}[form.step]
            children = (*group, self._footer)
        for name, wanted in (("genlab-onepage", form.view == "one_page"), ("genlab-wizard", form.view == "wizard")):
            (self.body.add_class if wanted else self.body.remove_class)(name)
        if self.body.children != children:
            self.body.children = children

    @property
    def _footer(self) -> ipywidgets.Box:
        if not hasattr(self, "_footer_row"):
            self._footer_row = row(self.back, self.next, style="genlab-footer")
        return self._footer_row

    def _place_embeddings(self, typed: Any) -> None:
        family, colon, _ = str(self.state.form.fields["embeddings"]).partition(":")
        if colon:
            self.state.fill(embeddings=f"{family}:{str(typed or '').strip()}")

    # What is said.

    def _estimate(self) -> Markup:
        found = self._readiness
        if found is None:
            return h("p", "Checking the tasks \u2026", class_="genlab-hint")
        cost = found.estimate
        if not cost.seconds:
            return h("p", "No estimate: see what Readiness says.", class_="genlab-hint")
        parts = [
            wording.about(cost.seconds),
            f"{wording.memory(cost.memory_mb)} of memory",
            f"{found.train:,} tasks train, {found.test:,} test",
        ]
        return h("p", " \u00b7 ".join(parts), class_="genlab-estimate")

    def _summary(self, form: TrainForm) -> Markup:
        from genlab_widgets.widgets.pages.benchmark import facts

        fields = form.spec_fields()
        split = (
            "Test/Train tags"
            if fields["test_train_tags"]
            else f"random, {_percent(fields['validation_split'])} % for test, seed {fields['seed']}"
        )
        tags = ", ".join(fields["tags"]) or "all"
        status = {"submitted": "all submitted", "reviewed": "only reviewed"}[str(fields["completion_status"])]
        left_out = ", ".join(fields["leave_out_labels"])
        unused = self._unused(form)
        used = [item for item in forms.PARAMETERS if item.name not in unused]
        rows = [
            (
                "What to train",
                wording.KINDS.get(str(fields["kind"]), str(fields["kind"]))
                + (f", without {left_out}" if left_out else ""),
            ),
            ("Network", ARCHITECTURES[str(fields.get("architecture", "automatic"))]),
            *([] if "embeddings" in unused else [("Embeddings", self._embeddings.title(str(fields["embeddings"])))]),
            ("Train and test", split),
            ("Tasks", f"tags: {tags}; completions: {status}"),
            ("Parameters", ", ".join(_parameter(item, form) for item in used) or "chosen by the training itself"),
        ]
        return facts(rows)


def _parameter(item: forms.Parameter, form: TrainForm) -> str:
    return f"{item.title.lower()} {str(form.fields[item.name]).strip() or form.placeholder}"


def _tagged(value: Any) -> str:
    return "yes" if value else "no"


def _percent(value: Any) -> str:
    """Shows a share as a percentage; what is no number stays as it was typed."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{100 * value:.6g}"
    return str(value)


def _share(typed: Any) -> Any:
    """Reads a percentage as a share."""
    try:
        return round(float(str(typed).strip().rstrip("%").replace(",", ".")) / 100, 8)
    except ValueError:
        return typed
