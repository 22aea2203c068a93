"""A labeling config as annotators see it: headers, labels as chips, a text with its regions, choices to tick."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from genlab_widgets.projects.html_text import HtmlText
from genlab_widgets.widgets.parts.markup import Markup, h

if TYPE_CHECKING:
    from genlab_widgets.projects.tasks import Completion, Region, Task

MOST_CHARACTERS = 4_000
"""Characters of a sample that are shown."""
MOST_ITEMS = 200
"""Labels or choices of one control that are shown."""
_HEADINGS = {1: "h2", 2: "h2", 3: "h3"}
_NOT_SHOWN = frozenset({"Style", "Relations", "Label", "Choice", "Relation"})


@dataclass(frozen=True)
class Sample:
    """A task to show, with the answer of one person.

    Attributes:
        task: The task.
        completion: What was answered; None shows the text alone.
        text_key: The key of the task's data that the answer's regions are counted in.
        picture: The first page of the task as JPEG; empty where there is none.
        boxes: What was marked on that page: label, and left, top, width and height in percent of the page.
    """

    task: Task
    completion: Completion | None
    text_key: str
    picture: bytes = b""
    boxes: tuple[tuple[str, tuple[float, float, float, float]], ...] = ()


@dataclass(frozen=True)
class Preview:
    """Draws one config.

    Args:
        colours: Colour by label value; safe inside a style.
        sample: The task to show; None where the project has none.
        assertions: The values of assertion labels.
        group: A name that radio buttons of this preview have in front of theirs, unique in the browser's page.
    """

    colours: Mapping[str, str]
    sample: Sample | None
    assertions: frozenset[str] = field(default_factory=frozenset)
    group: str = "preview"

    def draw(self, root: Any) -> Markup:
        """Returns the markup of an element tree (lxml)."""
        return h("div", self._element(root), class_="genlab-interface")

    def _element(self, item: Any) -> Markup | None:
        if not isinstance(item.tag, str) or item.tag in _NOT_SHOWN:
            return None
        makers: dict[str, Callable[[Any], Markup]] = {
            "Header": self._header,
            "Labels": self._labels,
            "HyperTextLabels": self._labels,
            "RectangleLabels": self._labels,
            "Text": self._text,
            "HyperText": self._text,
            "Image": self._image,
            "Choices": self._choices,
            "TextArea": self._field,
            "Number": self._field,
            "DateTime": self._field,
        }
        made = makers.get(item.tag)
        if made is not None:
            return made(item)
        children = [self._element(child) for child in item]
        if item.tag == "View" or any(child is not None for child in children):
            return h("div", children, class_="genlab-view")
        return h(
            "p", f"{item.tag} {item.get('name', '')}".strip(), " is drawn by the annotation tool.", class_="genlab-hint"
        )

    def _header(self, item: Any) -> Markup:
        size = str(item.get("size", "4"))
        tag = _HEADINGS.get(int(size) if size.isdecimal() and len(size) == 1 else 4, "h4")
        return h(tag, self._value(item.get("value", "")))

    def _labels(self, item: Any) -> Markup:
        labels = list(item.iter("Label"))
        chips = [self._chip(label) for label in labels[:MOST_ITEMS]]
        return h(
            "ul", chips, _more(len(labels)), class_="genlab-chips", aria_label=f"Labels {item.get('name', '')}".strip()
        )

    def _chip(self, label: Any) -> Markup:
        value = str(label.get("value", ""))
        key = label.get("hotkey")
        is_assertion = str(label.get("assertion", "")).lower() == "true"
        return h(
            "li",
            h("span", str(label.get("alias") or value)),
            h("small", "assertion") if is_assertion else None,
            h("kbd", str(key)) if key else None,
            class_="genlab-entity genlab-assertion" if is_assertion else "genlab-entity",
            style=f"--label:{self.colours.get(value, 'gray')}",
            title=f"Model: {label.get('model')}" if label.get("model") else None,
        )

    def _text(self, item: Any) -> Markup:
        value = str(item.get("value", ""))
        if not value.startswith("$"):
            return h("p", value)
        if self.sample is None:
            return h("p", f"The project has no task to show in {value}.", class_="genlab-sample genlab-quiet")
        key = value[1:]
        found = self.sample.task.data.get(key)
        if not isinstance(found, str):
            told = f"Task {self.sample.task.id} has nothing under {key!r}: annotators would see an empty text."
            return h("p", told, class_="genlab-sample genlab-quiet")
        if key == self.sample.text_key:
            return _sample_text(self._marked(self.sample.task.text))
        return _sample_text(
            HtmlText.read(found).text[:MOST_CHARACTERS] if item.tag == "HyperText" else found[:MOST_CHARACTERS]
        )

    def _image(self, item: Any) -> Markup:
        sample = self.sample
        if sample is None or not sample.picture:
            told = "The project has no page to show." if sample is None else f"Task {sample.task.id} has no picture."
            return h("p", told, class_="genlab-sample genlab-quiet")
        known = [(label, box) for label, box in sample.boxes if label in self.colours]
        marks = [
            h(
                "div",
                h("span", label, class_="genlab-tag"),
                class_="genlab-pagebox",
                style=f"--label:{self.colours[label]};left:{left:.2f}%;top:{top:.2f}%;width:{wide:.2f}%;height:{high:.2f}%",
            )
            for label, (left, top, wide, high) in known[:MOST_ITEMS]
        ]
        counted = Counter(label for label, _ in known)
        told = ", ".join(f"{count} {label}" for label, count in counted.items()) or "nothing marked"
        data = base64.b64encode(sample.picture).decode()
        picture = h("img", src=f"data:image/jpeg;base64,{data}", alt=f"Page 1 of task {sample.task.id}: {told}")
        return h("div", picture, marks, class_="genlab-samplepage")

    def _marked(self, text: str) -> list[object]:
        """Returns the text with the regions of the sample; equal and overlapping ones share their part of it."""
        completion = self.sample.completion if self.sample is not None else None
        regions = [region for region in completion.regions if self._known(region)] if completion is not None else []
        end = min(len(text), MOST_CHARACTERS)
        regions = [region for region in regions if 0 <= region.start < region.end <= end]
        cuts = sorted({0, end, *(place for region in regions for place in (region.start, region.end))})
        pieces: list[object] = []
        for start, stop in pairwise(cuts):
            over = [region for region in regions if region.start <= start and stop <= region.end]
            pieces.append(self._piece(text[start:stop], over, stop) if over else text[start:stop])
        return [*pieces, " \u2026" if end < len(text) else None]

    def _known(self, region: Region) -> bool:
        return any(label in self.colours for label in region.labels)

    def _piece(self, text: str, over: list[Region], stop: int) -> Markup:
        over = sorted(over, key=lambda region: any(label in self.assertions for label in region.labels))
        first = next(label for label in over[0].labels if label in self.colours)
        names = [label for region in over if region.end == stop for label in region.labels if label in self.colours]
        tags = [
            h("span", name, class_="genlab-tag", style=f"--label:{self.colours[name]}") for name in dict.fromkeys(names)
        ]
        return h("mark", text, tags, class_="genlab-region", style=f"--label:{self.colours[first]}")

    def _choices(self, item: Any) -> Markup:
        name = str(item.get("name", ""))
        multiple = str(item.get("choice", "single")).startswith("multi")
        choices = list(item.iter("Choice"))
        ticked = self._ticked(name)
        options = [
            h(
                "label",
                h(
                    "input",
                    type="checkbox" if multiple else "radio",
                    name=f"{self.group}-{name}",
                    checked=str(choice.get("value", "")) in ticked,
                ),
                h("span", str(choice.get("alias") or choice.get("value", ""))),
                h("kbd", str(choice.get("hotkey"))) if choice.get("hotkey") else None,
                class_="genlab-tick",
                title=f"Model: {choice.get('model')}" if choice.get("model") else None,
            )
            for choice in choices[:MOST_ITEMS]
        ]
        inline = str(item.get("showInLine", item.get("showInline", ""))).lower() == "true"
        legend = h("legend", name or "Choices", h("small", " several choices" if multiple else " one choice"))
        return h(
            "fieldset", legend, options, _more(len(choices)), class_="genlab-many" if inline else "genlab-onebelow"
        )

    def _ticked(self, name: str) -> frozenset[str]:
        completion = self.sample.completion if self.sample is not None else None
        answers = completion.choices if completion is not None else ()
        return frozenset(value for answer in answers if answer.from_name == name for value in answer.choices)

    def _field(self, item: Any) -> Markup:
        name = str(item.get("name", "")) or str(item.tag)
        return h("input", type="text", placeholder=str(item.get("placeholder") or name), aria_label=name)

    def _value(self, value: Any) -> str:
        """Returns a text of the config, or the task's own where it names one."""
        text = str(value)
        if text.startswith("$") and self.sample is not None:
            return str(self.sample.task.data.get(text[1:], text))
        return text


def _sample_text(content: object) -> Markup:
    return h("div", content, class_="genlab-sample", tabindex="0", aria_label="Sample task")


def _more(count: int) -> Markup | None:
    return h("span", f"and {count - MOST_ITEMS:,} more", class_="genlab-quiet") if count > MOST_ITEMS else None
