"""Pretrained labels: the models that a config names, and those that can be added to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets

from genlab_widgets.errors import GenlabError, WrongParameters
from genlab_widgets.models.registry import covered_part, named_model
from genlab_widgets.projects.config_editing import with_model
from genlab_widgets.projects.config_marks import marks_images
from genlab_widgets.projects.labeling_config import Covered, LabelingConfig
from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.pages.page import card, row, text
from genlab_widgets.widgets.parts import Field, Table, h, option
from genlab_widgets.widgets.parts.table import Column, Row

if TYPE_CHECKING:
    from genlab_widgets.widgets.pages.setup import SetupPage
    from genlab_widgets.workspace import Model

NAMED = (
    Column("model", "Model"),
    Column("covers", "Covers", wide=True),
    Column("source", "Source"),
    Column("trained", "Trained at"),
)
OFFERED = (
    Column("model", "Model", filter=True),
    Column("kind", "Kind", filter=True),
    Column("covers", "Finds", wide=True, filter=True),
    Column("source", "Source", filter=True),
    Column("trained", "Trained at"),
    Column("f1", "F1", numeric=True),
)


class PretrainedPanel(ipywidgets.Box):
    """The models that the config under edit names, and what each covers."""

    def __init__(self, page: SetupPage) -> None:
        super().__init__()
        self.add_class("genlab-stack")
        self._page = page
        self.table = Table(
            NAMED, noun="model", caption="Models that the labeling config names", actions=True, empty=_NONE
        )
        self.table.on_action(page.guarded(self._take_away))
        self.children = (card(text(h("h2", "Pretrained labels")), self.table),)

    def fill(self) -> None:
        """Shows the models of the config as it stands in the editor."""
        config = self._page.config.config
        known = {model.name: model for model in self._page.project.workspace.models()}
        self.table.fill(
            [_named_row(name, covers, known.get(named_model(name))) for name, covers in covered(config).items()]
        )

    def _take_away(self, action: str, name: str) -> None:
        config = self._page.config.readable()
        for part in parts(config):
            values = {value: None for value, model in config.named(part) if model == name}
            others = {value for value, model in config.named(part) if model != name}
            if values.keys() - others:
                config = config.with_models({value: None for value in values if value not in others}, part)
        self._page.config.replace(config)


class AddPanel(ipywidgets.Box):
    """Adds a trained model of any project, or one by its name, to the config under edit."""

    def __init__(self, page: SetupPage) -> None:
        super().__init__()
        self.add_class("genlab-stack")
        self._page = page
        self._names: list[str] = []
        self._places: dict[str, tuple[Covered, str]] = {}
        self.table = Table(
            OFFERED,
            noun="model",
            caption="Models trained in this workspace, in any project",
            actions=True,
            empty=_NO_MODEL,
        )
        self.table.on_action(page.guarded(lambda _, name: self.add(name)))
        self.value = Field(label="Label or choice", kind="select", value="")
        self.name = Field(label="Model by name", value="", hint="As the Models Hub lists it, for example ner_clinical.")
        self.put = page.button("Add by name", self.add_by_name)
        self.children = (
            card(
                text(
                    h(
                        "div",
                        h("h2", "Add a model"),
                        h(
                            "p",
                            "The editor above shows what changes; annotators see it after Save.",
                            class_="genlab-hint",
                        ),
                    )
                ),
                self.table,
                row(self.value, self.name, self.put, style="genlab-byname"),
            ),
        )

    def look(self) -> None:
        """Offers a model that was trained meanwhile."""
        if [model.name for model in self._page.project.workspace.models()] != self._names:
            self.fill()

    def fill(self) -> None:
        """Offers the models of the workspace, and the labels and choices of the config under edit."""
        models = self._page.project.workspace.models()
        self._names = [model.name for model in models]
        config = self._page.config.config
        named = {named_model(name) for name in covered(config)}
        self.table.fill([_offered_row(model, model.name in named) for model in models if _fits(model, config)])
        found = [(part, value) for part in parts(config) for value, _ in (config.named(part) if config else [])]
        self._places = {f"{place}": item for place, item in enumerate(dict.fromkeys(found))}
        options = [option(key, _title(part, value)) for key, (part, value) in self._places.items()]
        with self.value.hold_sync():
            if self.value.options != options:
                self.value.options = options
            if self.value.value not in self._places:
                self.value.value = next(iter(self._places), "")

    def add(self, name: str) -> None:
        """Puts a trained model into the config under edit, with the labels or choices that it lacks.

        Raises:
            NotFound: The model is gone.
            BadLabelingConfig: What the editor holds cannot be read.
            WrongParameters: The config has no place for it.
        """
        model = self._page.project.workspace.model(name)
        config = self._page.config.readable()
        changed = with_model(config, covered_part(model.row), model.labels, model.name, _takes_several(model))
        self._page.config.replace(changed)
        self._page.banner.say(
            f"{model.name} was put into the editor.", "It is not saved yet.", "Look at the preview, then Save."
        )

    def add_by_name(self) -> None:
        """Lets one label or choice name a model that is typed.

        Raises:
            WrongParameters: No label is chosen, or the name is none.
            BadLabelingConfig: What the editor holds cannot be read.
        """
        name = str(self.name.value or "").strip()
        place = self._places.get(str(self.value.value))
        self.name.error = "" if name and not any(sign.isspace() for sign in name) else "Type a name without blanks."
        if self.name.error:
            return
        if place is None:
            raise WrongParameters(
                "There is no label that could name a model.", "", "Write a label into the labeling config first."
            )
        part, value = place
        self._page.config.replace(self._page.config.readable().with_models({value: name}, part))


_NONE = "No label names a model yet: annotators start without suggestions."
_NO_MODEL = "No model was trained in this workspace yet, or none passes the filters."


def parts(config: LabelingConfig | None) -> list[Covered]:
    """Returns the parts of a config that can name models, in the order of the pages."""
    names = dict.fromkeys(control.name for control in config.choices if control.name) if config else {}
    return [Covered("entities"), Covered("assertion"), *(Covered("choices", name) for name in names)]


def covered(config: LabelingConfig | None) -> dict[str, list[str]]:
    """Returns by model name what it covers, one sentence a part."""
    found: dict[str, list[str]] = {}
    for part in parts(config) if config else []:
        values: dict[str, list[str]] = {}
        for value, model in config.named(part) if config else []:
            if model:
                values.setdefault(model, []).append(value)
        for model, named in values.items():
            lead = f"{part.choices}: " if part.kind == "choices" else ""
            found.setdefault(model, []).append(lead + ", ".join(dict.fromkeys(named)))
    return found


def _fits(model: Model, config: LabelingConfig | None) -> bool:
    """Tells whether a model reads what the config shows: words on pages, or texts; other kinds fit everywhere."""
    if config is None or model.kind not in ("ner", "visual_ner"):
        return True
    on_pages = marks_images(list(config.tree().iter()))
    return not config.labels or on_pages is (model.kind == "visual_ner")


def _title(part: Covered, value: str) -> str:
    return {"entities": value, "assertion": f"{value} (assertion)", "choices": f"{part.choices}: {value}"}[part.kind]


def _origin(model: Model) -> dict[str, str]:
    return {"text": model.project, "small": f"{wording.SOURCES.get(model.source, model.source)}, by {model.user}"}


def _named_row(name: str, covers: list[str], model: Model | None) -> Row:
    source = _origin(model) if model else {"text": "Not trained here", "small": "Models Hub, or another workspace"}
    trained = model.created_at if model else None
    cells = {
        "model": {"text": name, "small": wording.KINDS.get(model.kind, model.kind) if model else ""},
        "covers": {"text": "; ".join(covers)},
        "source": source,
        "trained": {"text": wording.moment(trained)},
    }
    sort = {key: cell["text"] for key, cell in cells.items()}
    return Row(name, name, cells, sort, ({"name": "remove", "text": "Take away"},))


def _offered_row(model: Model, named: bool) -> Row:
    cells = {
        "model": {"text": model.name},
        "kind": {"text": wording.KINDS.get(model.kind, model.kind)},
        "covers": {"text": ", ".join(model.labels)},
        "source": _origin(model),
        "trained": {"text": wording.moment(model.created_at)},
        "f1": {"text": wording.score(model.f1)},
    }
    sort = {key: cell["text"] for key, cell in cells.items()} | {"f1": model.f1}
    return Row(model.name, model.name, cells, sort, ({"name": "add", "text": "Add again" if named else "Add"},))


def _takes_several(model: Model) -> bool:
    """Tells whether a classifier gives several classes: its own project's Choices says so; one, where that is gone."""
    try:
        choices = model.workspace.project(model.row.project_place).labeling_config.choices
    except GenlabError:
        return False
    name = covered_part(model.row).choices
    return any(control.multiple for control in choices if control.name == name)
