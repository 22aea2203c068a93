"""What the Train form holds, without any widget: fields, step and view, their rules, and how they are kept.

Wizard and one page draw the same :class:`FormState`, so switching between them loses nothing. Fields hold what the
user typed, also while it is wrong; :meth:`TrainForm.problems` says what is wrong, field by field.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from genlab_widgets.errors import WrongParameters
from genlab_widgets.training.offers import ALL, architecture_fits, embeddings_fit, has_field, unused
from genlab_widgets.training.spec import TrainingSpec, defaults

View = Literal["wizard", "one_page"]
STEPS = ("Model", "Data and parameters", "Train")
EACH_ITS_OWN = "each kind\u2019s own"
"""What an empty parameter stands for where all kinds are trained."""
_GROUPED = re.compile(r"[1-9]\d{0,2}([,.\s])\d{3}(\1\d{3})*")
"""A whole number with a sign between thousands."""
_NOT_IN_FORM = {"project", "source", "deploy"}
"""Fields of the spec that the page sets when the training starts."""
FIELDS = tuple(name for name in TrainingSpec.model_fields if name not in _NOT_IN_FORM)


class Parameter(NamedTuple):
    """How a training parameter is asked for.

    Attributes:
        name: Field of the spec.
        hint: What it does, and what happens when it is too low or too high.
        rule: What is allowed, said when the input is wrong.
        whole: Whether it is a whole number.
    """

    name: str
    hint: str
    rule: str
    whole: bool = False

    @property
    def title(self) -> str:
        """The label of the input."""
        return str(TrainingSpec.model_fields[self.name].title)


PARAMETERS = (
    Parameter(
        "epochs",
        "Passes over the tasks. Too few: it has not learned yet. Too many: slow, and it learns tasks by heart.",
        "Give a whole number from 1 to 1,000.",
        whole=True,
    ),
    Parameter(
        "learning_rate",
        "Size of a learning step. Too low: it learns slowly. Too high: the loss jumps or stops being a number.",
        "Give a number above 0, up to 1; 0.003 is usual.",
    ),
    Parameter(
        "decay",
        "How fast the steps shrink. Too low: late epochs still jump. Too high: learning stops early.",
        "Give a number from 0 to 1; 0.005 is usual.",
    ),
    Parameter(
        "dropout",
        "Share of signals left out while learning. Too low: it learns tasks by heart. Too high: it learns too little.",
        "Give a number from 0 to below 1; 0.3 is usual.",
    ),
    Parameter(
        "batch_size",
        "Sentences or pages in a step. Too low: epochs take longer. Too high: memory, and few steps in small projects.",
        "Give a whole number from 1 to 1,024.",
        whole=True,
    ),
)
SPLIT = Parameter(
    "validation_split",
    "Share of the tasks that test the model. Too low: the scores are uncertain. Too high: too few tasks teach it.",
    "Give a percentage above 0 and below 100; 20 is usual.",
)
SEED = Parameter(
    "seed",
    "The same seed splits the tasks in the same way, so that trainings can be compared.",
    "Give a whole number from 0 to 2,147,483,647.",
    whole=True,
)
_NUMBERS = {item.name: item for item in (*PARAMETERS, SPLIT, SEED)}
_STEP_OF = {
    "kind": 1,
    "classifier": 1,
    "head": 1,
    "library": 1,
    "architecture": 1,
    "embeddings": 1,
    "leave_out_labels": 1,
}


def step_of(name: str) -> int:
    """Returns the step whose form has this field."""
    return _STEP_OF.get(name, 2)


def default_fields() -> dict[str, Any]:
    """Returns the spec's defaults for the fields of the form."""
    plain = {name: _plain(TrainingSpec.model_fields[name].default) for name in FIELDS}
    return {**plain, **defaults(plain["kind"], plain["architecture"])}


@dataclass(frozen=True)
class TrainForm:
    """One state of the form.

    Attributes:
        fields: The spec's fields that a user chooses, as they were typed.
        step: The wizard's step, 1 to 3.
        reached: The furthest step that was opened.
        view: ``wizard`` or ``one_page``.
        shown_run: The run that the page shows in place of the form, if any.
    """

    fields: Mapping[str, Any] = field(default_factory=default_fields)
    step: int = 1
    reached: int = 1
    view: View = "wizard"
    shown_run: str | None = None

    @classmethod
    def restore(cls, kept: Any) -> TrainForm:
        """Reads what :meth:`keep` wrote; anything unknown or damaged gets its default."""
        kept = kept if isinstance(kept, dict) else {}
        given = kept.get("fields") if isinstance(kept.get("fields"), dict) else {}
        fields = default_fields()
        fields |= {name: _same_shape(fields[name], given[name]) for name in fields if name in given}
        reached = _between(kept.get("reached"), 1, len(STEPS))
        shown = kept.get("shown_run")
        return cls(
            fields=fields,
            step=min(reached, _between(kept.get("step"), 1, len(STEPS))),
            reached=reached,
            view="one_page" if kept.get("view") == "one_page" else "wizard",
            shown_run=shown if isinstance(shown, str) else None,
        )

    def keep(self) -> dict[str, Any]:
        """Returns the state as JSON-able values."""
        return {**self.__dict__, "fields": dict(self.fields)}

    def with_fields(self, **changes: Any) -> TrainForm:
        """Returns the form with other values of some fields.

        Raises:
            KeyError: There is no such field.
        """
        for name in changes:
            if name not in self.fields:
                raise KeyError(name)
        return replace(self, fields={**self.fields, **changes})

    def reset(self) -> TrainForm:
        """Returns the form with the default parameters; model, split and tasks stay as they are."""
        return self.with_fields(**self.defaults())

    def defaults(self) -> dict[str, Any]:
        """Returns the default parameters of what is chosen to train; empty where each kind has its own."""
        if self.fields["kind"] == ALL:
            return {item.name: "" for item in PARAMETERS}
        found = defaults(str(self.fields["kind"]), str(self.fields["architecture"]))
        return {item.name: found[item.name] for item in PARAMETERS}

    @property
    def placeholder(self) -> str:
        """What an empty parameter stands for."""
        return EACH_ITS_OWN if self.fields["kind"] == ALL else ""

    def has(self, name: str) -> bool:
        """Tells whether the chosen kind has a field; the form hides the others."""
        return has_field(str(self.fields["kind"]), name)

    def unused(self, multiple: bool = False) -> dict[str, str]:
        """Returns the fields that the chosen network has no use for, each with the reason; the form closes them.

        Args:
            multiple: Whether a text may have several classes; the project's labeling config says it.
        """
        kind, architecture, head = (str(self.fields[name]) for name in ("kind", "architecture", "head"))
        return unused(kind, architecture, head, multiple)

    def chosen(self, **changes: Any) -> TrainForm:
        """Returns the form with another kind or architecture; parameters that nobody touched take its defaults."""
        before, changed = self.defaults(), self.with_fields(**changes)
        if not architecture_fits(str(changed.fields["kind"]), str(changed.fields["architecture"])):
            changed = changed.with_fields(architecture="automatic")
        kind, architecture, embeddings = (str(changed.fields[name]) for name in ("kind", "architecture", "embeddings"))
        if not embeddings_fit(kind, embeddings, architecture):
            changed = changed.with_fields(embeddings="automatic")
        after = changed.defaults()
        untouched = {name: after[name] for name, value in before.items() if self._value(name) == value}
        return changed.with_fields(**untouched)

    def among(self, kinds: Collection[str], usual: str) -> TrainForm:
        """Returns the form with a kind that the project has: its own, else the usual one."""
        return self if not kinds or self.fields["kind"] in kinds else self.chosen(kind=usual)

    def spec_fields(self) -> dict[str, Any]:
        """Returns the fields for ``Project.train``: numbers read from what was typed, empty text as None.

        What the form hides or closes is left out, so it can neither train nor stop anything; so are parameters that
        nobody set where all kinds are trained: each has its own.
        """
        return {name: self._value(name) for name in self.fields if self._counts(name)}

    def problems(self) -> dict[str, str]:
        """Returns what is wrong, a sentence by field; empty when a training could be asked for."""
        try:
            fields = self.spec_fields()
            TrainingSpec.parse({**fields, "kind": "ner" if fields["kind"] == ALL else fields["kind"], "project": "any"})
        except WrongParameters as error:
            return {_field(name): self._sentence(_field(name), told) for name, told in error.details["fields"].items()}
        embeddings = str(fields.get("embeddings", ""))
        if embeddings.endswith(":"):
            return {"embeddings": "Give the path of the embeddings." if embeddings != "hub:" else "Give a name."}
        return {}

    def problems_of(self, step: int) -> dict[str, str]:
        """Returns the problems of one step's fields; the last step has those of all."""
        found = self.problems()
        return found if step == len(STEPS) else {name: text for name, text in found.items() if step_of(name) == step}

    def _counts(self, name: str) -> bool:
        if name == "validation_split" and self.fields["test_train_tags"]:
            return False
        empty = self.fields["kind"] == ALL and name in self.defaults() and not str(self.fields[name]).strip()
        return self.has(name) and name not in self.unused() and not empty

    def _value(self, name: str) -> Any:
        value = self.fields[name]
        if name in ("classifier", "custom_script"):
            return value or None
        if name in _NUMBERS:
            return _number(value, _NUMBERS[name].whole)
        return tuple(value) if isinstance(value, list) else value

    def _sentence(self, name: str, told: str) -> str:
        if name in _NUMBERS:
            return _NUMBERS[name].rule
        return told[:1].upper() + told[1:].rstrip(".") + "."


class FormState:
    """The one form of a page, and whoever watches it.

    Args:
        form: The state to begin with.
    """

    def __init__(self, form: TrainForm) -> None:
        self.form = form
        self._watchers: list[Callable[[TrainForm, TrainForm], None]] = []

    def watch(self, watcher: Callable[[TrainForm, TrainForm], None]) -> None:
        """Calls ``watcher(before, after)`` after each change."""
        self._watchers.append(watcher)

    def set(self, form: TrainForm) -> bool:
        """Takes another state; tells whether anything changed."""
        before = self.form
        if form == before:
            return False
        self.form = form
        for watcher in self._watchers:
            watcher(before, form)
        return True

    def change(self, **changes: Any) -> bool:
        """Changes step, view or another attribute of the form."""
        return self.set(replace(self.form, **changes))

    def fill(self, **fields: Any) -> bool:
        """Changes fields of the spec."""
        if {"kind", "architecture"} & fields.keys() and not {item.name for item in PARAMETERS} & fields.keys():
            return self.set(self.form.chosen(**fields))
        return self.set(self.form.with_fields(**fields))

    def go(self, step: int) -> bool:
        """Opens a step, if the ones before it have no problem; else stays on the first one that has.

        Returns:
            Whether the step was opened.
        """
        wanted = _between(step, 1, len(STEPS))
        for earlier in range(1, wanted):
            if self.form.problems_of(earlier):
                self.change(step=earlier, reached=max(self.form.reached, earlier))
                return False
        self.change(step=wanted, reached=max(self.form.reached, wanted))
        return True


def _number(value: Any, whole: bool) -> Any:
    """Reads a number from text; what is none stays as it is, for the spec to refuse.

    A comma is a decimal sign, but in a whole number one between thousands, as the rule in red writes them.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    if whole and _GROUPED.fullmatch(text):
        text = re.sub(r"\D", "", text)
    try:
        number = float(re.sub(r"\s", "", text).replace(",", "."))
    except ValueError:
        return value
    if not math.isfinite(number):
        return value
    return int(number) if whole and number == int(number) else number


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _same_shape(default: Any, value: Any) -> Any:
    """Returns a kept value if it has the shape of the default; numbers may have been typed as text."""
    if isinstance(default, list):
        return [str(item) for item in value] if isinstance(value, list) else default
    if isinstance(default, bool):
        return value if isinstance(value, bool) else default
    if isinstance(default, (int, float)):
        return value if isinstance(value, (int, float, str)) and not isinstance(value, bool) else default
    return value if value is None or isinstance(value, str) else default


def _between(value: Any, low: int, high: int) -> int:
    return min(high, max(low, value)) if isinstance(value, int) and not isinstance(value, bool) else low


def _field(name: str) -> str:
    """A rule over several fields is told by pydantic under no name; it concerns the tags."""
    head = name.split(".")[0]
    return head if head in FIELDS else "tags"
