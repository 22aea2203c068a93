"""Classes of whole texts: each choice that people ticked is a span over its text.

One Choices control is one classifier, of the text that it marks. ``choice="single"`` gives each text one class,
``choice="multiple"`` any number. A Choices about each region (``perRegion``) is none. Without a name in the spec the
control with ``train="true"`` trains, else the first name in alphabetical order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from genlab_widgets.errors import WrongParameters
from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.findings import Finding, plural
from genlab_widgets.training.kinds.base import Drawn, clean_text, tasks_finding

if TYPE_CHECKING:
    from genlab_widgets.projects.labeling_config import ChoicesControl, LabelingConfig
    from genlab_widgets.projects.selection import Selected
    from genlab_widgets.training.spec import Architecture, TrainingSpec


class Classification:
    """See :class:`genlab_widgets.training.kinds.base.Kind`."""

    name = "classification"
    title = "Classification"
    average: Literal["micro", "macro"] = "micro"
    spans_matter = False
    counts: Literal["spans", "words"] = "spans"
    baseline_title = "most frequent class"
    baseline_architecture: Architecture | None = None

    def complete(self, spec: TrainingSpec, config: LabelingConfig) -> TrainingSpec:
        """Chooses the classifier.

        Raises:
            WrongParameters: There is no such Choices, or two have ``train="true"``.
        """
        if spec.classifier is not None:
            control_of(spec, config)
            return spec
        return spec.model_copy(update={"classifier": default_classifier(config)})

    def labels(self, spec: TrainingSpec, config: LabelingConfig) -> tuple[str, ...]:
        """Returns the classes of the chosen Choices."""
        values = control_of(spec, config).values
        return tuple(dict.fromkeys(value for value in values if value not in spec.leave_out_labels))

    def draw(self, usable: Sequence[Selected], spec: TrainingSpec, config: LabelingConfig) -> Drawn:
        """Takes tasks with a class; in a multiple choice those without a tick too, since none can be right."""
        control, labels = control_of(spec, config), self.labels(spec, config)
        marked = config.marked_by(control.name)
        drawn = Drawn()
        unanswered, several, empty = [], [], []
        strangers: Counter[str] = Counter()
        for entry in usable:
            task_id, text = entry.task.id, clean_text(entry.task.text_of(marked))
            ticked = _ticked(entry, control.name)
            strangers.update(value for value in ticked if value not in control.values)
            chosen = [value for value in ticked if value in labels]
            if not text.strip():
                empty.append(task_id)
            elif not control.multiple and len(chosen) > 1:
                several.append(task_id)
            elif not chosen and (ticked or not control.multiple):
                unanswered.append(task_id)
            else:
                spans = tuple(Span(0, len(text), value) for value in chosen)
                drawn.examples[task_id] = Example(task_id, text, spans)
        drawn.findings = [
            *_alone(drawn, control),
            *_strange(strangers, control),
            *tasks_finding(
                "no_choice",
                unanswered,
                f"have no choice of {control.name}, so they do not train",
                "Answer it there, and submit again.",
                f"has no choice of {control.name}, so it does not train",
            ),
            *tasks_finding(
                "several_choices",
                several,
                f"have several choices of {control.name}, which is a single choice, so they do not train",
                'Correct them, or set choice="multiple" in the labeling config.',
                f"has several choices of {control.name}, which is a single choice, so it does not train",
            ),
            *tasks_finding("no_text", empty, "have no text, so they do not train", "", "has no text: it cannot train"),
        ]
        return drawn

    def baseline(self, train: Sequence[Example], test: Sequence[Example], seed: int) -> list[Example]:
        """Predicts for every test text what most training texts have."""
        return most_frequent(train, test)


def control_of(spec: TrainingSpec, config: LabelingConfig) -> ChoicesControl:
    """Returns the Choices control that a spec trains.

    Raises:
        WrongParameters: The labeling config has none of that name.
    """
    for control in config.choices:
        if control.name and control.name == spec.classifier:
            return control
    if spec.classifier in config.per_region:
        raise WrongParameters(
            f"{spec.classifier} cannot be trained as a classifier.",
            "It is asked for each region (perRegion), and a classifier reads whole texts.",
            "Choose another one, or leave the choice to the labeling config.",
            fields={"classifier": "It is asked for each region, not for whole texts."},
        )
    names = ", ".join(names_of(config)) or "none"
    raise WrongParameters(
        f"There is no classifier {spec.classifier!r} in the labeling config.",
        f"Its Choices have these names: {names}.",
        "Choose one of them, or leave the choice to the labeling config.",
        fields={"classifier": f"Known are: {names}."},
    )


def names_of(config: LabelingConfig) -> list[str]:
    """Returns the names of the classifiers of a config, in alphabetical order."""
    return sorted(
        {control.name for control in config.choices if control.name}, key=lambda name: (name.casefold(), name)
    )


def default_classifier(config: LabelingConfig) -> str:
    """Returns the classifier that trains when nobody names one.

    Raises:
        WrongParameters: There is none with a name, or ``train="true"`` stands on more than one.
    """
    names = names_of(config)
    if not names:
        line = f" (line {config.choices[0].line})" if config.choices else ""
        raise WrongParameters(
            "There is no classifier to train.",
            f"The Choices of the labeling config have no name{line}."
            if config.choices
            else "The Choices of the labeling config are asked for each region (perRegion), not for whole texts."
            if config.per_region
            else "The labeling config has no Choices.",
            "Give the Choices a name: the model is named after it.",
        )
    wanted = [control for control in config.choices if control.train and control.name]
    if len(wanted) > 1:
        listed = " and ".join(f"{control.name} (line {control.line})" for control in wanted)
        raise WrongParameters(
            "The labeling config does not say which classifier shall train.",
            f'train="true" stands on {listed}.',
            "Keep it on one of them, or choose the classifier here.",
        )
    return wanted[0].name if wanted else names[0]


def most_frequent(train: Sequence[Example], test: Sequence[Example]) -> list[Example]:
    """Predicts the set of labels that most training examples have, on the bounds that each test example needs."""
    counted = Counter(tuple(sorted({span.label for span in item.spans})) for item in train if item.spans)
    labels = min(counted, key=lambda found: (-counted[found], found)) if counted else ()
    return [
        Example(item.task_id, item.text, tuple(Span(0, len(item.text), label) for label in labels)) for item in test
    ]


def _ticked(entry: Selected, name: str) -> list[str]:
    choices = entry.completion.choices if entry.completion is not None else ()
    return list(dict.fromkeys(value for choice in choices if choice.from_name == name for value in choice.choices))


def _alone(drawn: Drawn, control: ChoicesControl) -> list[Finding]:
    """Returns a blocking finding where there is nothing to tell apart."""
    taught = {span.label for item in drawn.examples.values() for span in item.spans}
    if control.multiple or len(taught) != 1:
        return []
    message = (
        f"All tasks have the same choice of {control.name} ({next(iter(taught))}): there is nothing to tell apart."
    )
    return [Finding("fail", "one_class", message, "Complete tasks of another class.")]


def _strange(strangers: Counter[str], control: ChoicesControl) -> list[Finding]:
    return [
        Finding(
            "warn",
            "label_unknown",
            f"{plural(count, 'task')} with the choice {value}: the Choices {control.name} do not have it.",
            f"Add {value} to the Choices {control.name}.",
            value,
        )
        for value, count in strangers.most_common()
    ]


CLASSIFICATION = Classification()
