"""A labeling config for an export that brings none: what people marked says which controls they had.

It knows only labels and choices that somebody used, and no assertion labels: nothing in the tasks tells them apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import quoteattr

from genlab_widgets.projects.labeling_config import LabelingConfig

_LABELS = {"labels": "Labels", "hypertextlabels": "HyperTextLabels", "rectanglelabels": "RectangleLabels"}
"""Controls by the key under which a region has its labels."""
_USUAL = {"Text": ("text",), "HyperText": ("html", "text"), "Image": ("image", "pdf")}
"""Keys of a task's data that hold what is marked, by what it is, where none is called like it."""
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class _Control:
    """A control as its results show it: its values in the order of the tasks, and whether several came at once."""

    values: dict[str, None] = field(default_factory=dict)
    multiple: bool = False


@dataclass
class _Found:
    """What the tasks tell: controls by tag, name and ``toName``, what each name is, and how much text a key holds."""

    controls: dict[tuple[str, str, str], _Control] = field(default_factory=dict)
    marked: dict[str, str] = field(default_factory=dict)
    keys: Counter[str] = field(default_factory=Counter)

    def add(self, item: dict[str, Any]) -> None:
        """Takes one result of a completion; what trains no model is passed over."""
        value = item.get("value")
        if not isinstance(value, dict):
            return
        on_page = "width" in value or "width_px" in value
        key = next((key for key in _LABELS if value.get(key)), "")
        about_a_region = on_page or "start" in value
        if key:
            to_name = _name(item, "to_name", "image" if on_page else "text")
            self.marked[to_name] = "Image" if on_page else "HyperText" if key == "hypertextlabels" else "Text"
            self._control(_LABELS[key], _name(item, "from_name", "label"), to_name, value[key])
        elif value.get("choices") and not about_a_region:
            to_name = _name(item, "to_name", "text")
            self._control("Choices", _name(item, "from_name", "choice"), to_name, value["choices"])

    def _control(self, tag: str, name: str, to_name: str, values: Any) -> None:
        listed = [values] if isinstance(values, str) else values
        usable = [str(value) for value in listed if _usable(str(value))] if isinstance(listed, list) else []
        if usable:
            control = self.controls.setdefault((tag, name, to_name), _Control())
            control.values.update(dict.fromkeys(usable))
            control.multiple |= len(usable) > 1

    def xml(self) -> Iterator[str]:
        """Yields the lines of the config."""
        yield "<View>"
        for (tag, name, to_name), control in self.controls.items():
            kind = f' choice="{"multiple" if control.multiple else "single"}"' if tag == "Choices" else ""
            yield f"  <{tag} name={quoteattr(name)} toName={quoteattr(to_name)}{kind}>"
            element = "Choice" if tag == "Choices" else "Label"
            yield from (f"    <{element} value={quoteattr(value)}/>" for value in control.values)
            yield f"  </{tag}>"
        for to_name in dict.fromkeys(to_name for _, _, to_name in self.controls):
            tag = self.marked.get(to_name) or self._shown(to_name)
            yield f"  <{tag} name={quoteattr(to_name)} value={quoteattr('$' + self._key(to_name, tag))}/>"
        yield "</View>"

    def _shown(self, to_name: str) -> str:
        """Returns what a name stands for that carries choices only."""
        if "text" in self.keys or to_name in _USUAL["Text"]:
            return "Text"
        return next((tag for tag, keys in _USUAL.items() if any(key in self.keys for key in keys)), "Text")

    def _key(self, to_name: str, tag: str) -> str:
        """Returns the key of the data that a name stands for; of texts, where none is called so, the longest."""
        known = next((key for key in (to_name, *_USUAL[tag]) if key in self.keys), None)
        longest = self.keys.most_common(1)[0][0] if self.keys and tag != "Image" else _USUAL[tag][0]
        return known or longest


def derive(tasks: Iterable[Any]) -> LabelingConfig | None:
    """Returns the config that the completions of these tasks tell of; None where they mark and choose nothing.

    Args:
        tasks: As parsed JSON; those that cannot be read are left out, the import itself names them.
    """
    found = _Found()
    for raw in tasks:
        if isinstance(raw, dict):
            found.keys.update(_lengths(raw.get("data")))
            for item in _results(raw):
                found.add(item)
    return LabelingConfig.parse("\n".join([*found.xml(), ""])) if found.controls else None


def told(config: LabelingConfig) -> str:
    """Returns the sentence that says what a derived config holds."""
    parts = [f"the labels {', '.join(label.value for label in config.labels)}"] if config.labels else []
    for control in config.choices:
        several = "several" if control.multiple else "one"
        parts.append(f"{control.name} ({several} of {', '.join(control.values)})")
    return (
        f"The export has no labeling config, so one was made from what people marked: {'; '.join(parts)}. "
        "Check it in Setup: labels that nobody used are missing, and assertion labels count as entities."
    )


def _lengths(data: Any) -> dict[str, int]:
    pairs = data.items() if isinstance(data, dict) else ()
    return {key: len(value) if isinstance(value, str) else 0 for key, value in pairs}


def told_of_kept(config: LabelingConfig, derived: LabelingConfig | None) -> str:
    """Returns the sentence that says that a project keeps its config, and what people marked that it does not have."""
    used = [value for value, _ in derived.all_named()] if derived is not None else []
    known = {value for value, _ in config.all_named()} | {alias for _, alias in config.task_format.aliases}
    missing = ", ".join(dict.fromkeys(value for value in used if value not in known))
    lacks = f" It lacks {missing}, which people used: add that in Setup." if missing else ""
    return f"The export has no labeling config: the project keeps its own.{lacks}"


def _results(raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for answers in (raw.get("completions"), raw.get("annotations")):
        for answer in answers if isinstance(answers, list) else ():
            result = answer.get("result") if isinstance(answer, dict) else None
            yield from (item for item in (result if isinstance(result, list) else ()) if isinstance(item, dict))


def _name(item: dict[str, Any], key: str, usual: str) -> str:
    name = str(item.get(key) or "").split(",")[0].strip()
    return name if _usable(name) else usual


def _usable(value: str) -> bool:
    return bool(value.strip()) and not _NOT_IN_XML.search(value)
