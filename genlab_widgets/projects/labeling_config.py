"""The labeling config: read safely, linted with line and column, edited without touching any other byte."""

from __future__ import annotations

import codecs
import difflib
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Literal
from xml.sax.saxutils import escape

from lxml import etree

from genlab_widgets.errors import BadLabelingConfig
from genlab_widgets.projects.config_marks import (
    CONTROLS,
    LABEL_CONTROLS,
    is_classifier,
    marks_images,
    task_format,
    to_names,
)
from genlab_widgets.projects.tasks import TaskFormat

MAX_BYTES = 2_000_000
MAX_DEPTH = 64
MAX_ELEMENTS = 20_000
LAYOUT = frozenset(
    {"View", "Header", "Filter", "Style", "Label", "Choice", "Relation", "HyperText", "Text", "Image", "Pdf"}
)
MOST_FINDINGS = 500
# Possessive throughout: whatever text comes in, no pattern goes back over it.
_TAG = re.compile(rb"<(/?)([A-Za-z_][\w.-]*+)((?:[^<>\"'/]++|\"[^\"]*+\"|'[^']*+'|/(?!>))*+)(/?)>")
_ATTRIBUTE = re.compile(rb"(?<![\w:.-])([A-Za-z_:][\w:.-]*+)\s*+=\s*+(\"[^\"]*+\"|'[^']*+')")
_NOT_MARKUP = re.compile(rb"<!--|<!\[CDATA\[|<\?")
_ENDS = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}


@dataclass(frozen=True, slots=True)
class Label:
    """One ``<Label>`` of a control that marks spans."""

    value: str
    model: str | None
    assertion: bool
    background: str | None
    line: int
    elsewhere: bool = False
    """Whether it stands on another text than the one whose regions train."""


@dataclass(frozen=True, slots=True)
class ChoicesControl:
    """One ``<Choices>`` control: a classifier of the project. Of nested choices those count that hold no others."""

    name: str
    multiple: bool
    train: bool
    values: tuple[str, ...]
    line: int
    models: tuple[str | None, ...] = ()
    """The model that each value names, in their order."""


@dataclass(frozen=True, slots=True)
class Covered:
    """The part of a config that one model covers: its entity labels, its assertion labels, or one Choices."""

    kind: Literal["entities", "assertion", "choices"]
    choices: str = ""

    def holds(self, tag: _Tag) -> bool:
        """Tells whether a tag belongs to it."""
        if self.kind == "choices":
            return tag.name == "Choice" and tag.choices == self.choices
        return tag.name == "Label" and tag.is_assertion is (self.kind == "assertion")


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One remark about the config. ``line`` and ``column`` count from 1."""

    severity: Literal["error", "warning"]
    line: int
    column: int
    message: str


@dataclass(frozen=True)
class LabelingConfig:
    """A parsed labeling config; ``source`` holds exactly the bytes that were given."""

    source: bytes
    labels: tuple[Label, ...]
    choices: tuple[ChoicesControl, ...]
    task_format: TaskFormat
    controls: tuple[str, ...]
    per_region: tuple[str, ...] = ()
    """Names of the Choices that are asked for each region (``perRegion``): they are no classifiers."""

    @classmethod
    def parse(cls, xml: bytes | str) -> LabelingConfig:
        """Parses a config.

        Raises:
            BadLabelingConfig: Not well-formed, too large, too deep or with a DOCTYPE; details hold line and column.
        """
        source = xml.encode() if isinstance(xml, str) else xml
        root = _read_tree(source)
        elements = [item for item in root.iter() if isinstance(item.tag, str)]
        form = task_format(elements)
        choices = [item for item in elements if item.tag == "Choices"]
        return cls(
            source=source,
            labels=tuple(_label(item, form) for item in elements if item.tag == "Label" and _marks_spans(item)),
            choices=tuple(_choices(item) for item in choices if is_classifier(item)),
            task_format=form,
            controls=tuple(str(item.tag) for item in elements if item.tag in CONTROLS or item.get("toName")),
            per_region=tuple(str(item.get("name", "")) for item in choices if not is_classifier(item)),
        )

    @property
    def text_key(self) -> str:
        """The key of a task's ``data`` that holds its text."""
        return self.task_format.text_key

    @property
    def entity_labels(self) -> tuple[Label, ...]:
        """The labels a NER model learns: all on its text that aren't assertion labels."""
        return tuple(label for label in self.labels if not label.assertion and not label.elsewhere)

    @property
    def assertion_labels(self) -> tuple[Label, ...]:
        """The labels that an assertion model learns."""
        return tuple(label for label in self.labels if label.assertion and not label.elsewhere)

    def kinds(self) -> tuple[str, ...]:
        """Returns the kinds of model that this config describes, in the order of the pages."""
        on_images = marks_images(list(self.tree().iter()))
        return tuple(
            kind
            for kind, offered in (
                ("ner", bool(self.entity_labels) and not on_images),
                ("assertion", bool(self.assertion_labels)),
                ("classification", bool(self.choices)),
                ("visual_ner", bool(self.entity_labels) and on_images),
            )
            if offered
        )

    def lint(self) -> list[LintFinding]:
        """Returns what is wrong or risky, errors first, each with its place."""
        found = islice(_findings(self), MOST_FINDINGS)
        return sorted(found, key=lambda finding: (finding.severity, finding.line, finding.column))

    def named(self, part: Covered) -> list[tuple[str, str | None]]:
        """Returns the values of a part with the models that they name, in the order of the config."""
        if part.kind == "choices":
            controls = (control for control in self.choices if control.name == part.choices)
            return [pair for control in controls for pair in zip(control.values, control.models, strict=True)]
        wanted = part.kind == "assertion"
        return [(label.value, label.model) for label in self.labels if label.assertion is wanted]

    def all_named(self) -> list[tuple[str, str | None]]:
        """Returns every value of labels and choices with the model that it names."""
        parts = [Covered("entities"), Covered("assertion"), *(Covered("choices", item.name) for item in self.choices)]
        return [pair for part in parts for pair in self.named(part)]

    def control_of(self, label: str) -> str:
        """Returns the name of the control that holds a label; empty where none does."""
        return self._control_by_label.get(label, "")

    def marked_by(self, control: str) -> str:
        """Returns the name of what a control marks (its ``toName``); empty where there is no such control."""
        return self._marked_by_control.get(control, ("", ""))[1]

    def tag_of(self, control: str) -> str:
        """Returns the tag of a control (``Labels``); empty where there is no such control."""
        return self._marked_by_control.get(control, ("", ""))[0]

    # Read once: predictions ask for every item that a model found.
    @cached_property
    def _control_by_label(self) -> dict[str, str]:
        """Of two controls with the same label, the one on the text that is read comes first."""
        found: dict[str, str] = {}
        elsewhere: dict[str, str] = {}
        for item in self.tree().iter("Label"):
            around = next((parent for parent in item.iterancestors() if parent.tag in LABEL_CONTROLS), None)
            if around is not None:
                names = elsewhere if _is_elsewhere(around, self.task_format) else found
                names.setdefault(str(item.get("value", "")), str(around.get("name", "")))
        return elsewhere | found

    @cached_property
    def _marked_by_control(self) -> dict[str, tuple[str, str]]:
        """Tag and first ``toName`` by name."""
        found: dict[str, tuple[str, str]] = {}
        for item in self.tree().iter():
            if item.get("name") is not None and (names := to_names(item)):
                found.setdefault(str(item.get("name")), (str(item.tag), names[0]))
        return found

    def with_models(self, models: Mapping[str, str | None], part: Covered | None = None) -> LabelingConfig:
        """Returns a config whose labels or choices name these models; every other byte stays.

        Args:
            models: Model name by value; None takes the model away.
            part: Only these labels or choices; None takes all labels.
        """
        changed = bytearray()
        kept_until = 0
        for tag in _tags(self.source):
            value = tag.attributes.get("value")
            if value is None or value.text not in models:
                continue
            if not (part.holds(tag) if part is not None else tag.name == "Label"):
                continue
            start, end, text = _model_edit(tag, models[value.text], self.source)
            changed += self.source[kept_until:start] + text
            kept_until = end
        return LabelingConfig.parse(bytes(changed + self.source[kept_until:]))

    def tree(self) -> etree._Element:
        """Returns the root of a fresh element tree, for what shows the whole config."""
        return _read_tree(self.source)

    def closing(self, tag: str, name: str = "") -> int | None:
        """Returns the byte place of the closing tag of the first ``tag`` with this ``name``; None if nothing closes it.

        An empty ``name`` takes the first of any.
        """
        depth = 0
        for match in _TAG.finditer(_markup(self.source)):
            if match.group(2).decode() != tag or match.group(4):
                continue
            if not match.group(1):
                attributes = _attributes(match)
                depth += bool(depth or not name or ("name" in attributes and attributes["name"].text == name))
            elif depth:
                depth -= 1
                if depth == 0:
                    return match.start()
        return None

    def diff(self, other: LabelingConfig) -> str:
        """Returns the unified difference from this config to ``other``, empty when they are equal."""
        return difference(self.source, other.source)


def difference(before: bytes, after: bytes) -> str:
    """Returns the unified difference of two configs that need not be readable, empty when their lines are equal."""
    old, new = (source.decode(errors="replace").splitlines() for source in (before, after))
    return "\n".join(difflib.unified_diff(old, new, "before", "after", lineterm=""))


@dataclass(frozen=True, slots=True)
class _Attribute:
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Tag:
    """An opening tag with the byte places of its attributes."""

    name: str
    name_end: int
    start: int
    attributes: dict[str, _Attribute]
    choices: str = ""
    """Name of the Choices that it stands in."""

    @property
    def is_assertion(self) -> bool:
        """Whether the tag says ``assertion="true"``."""
        found = self.attributes.get("assertion")
        return found is not None and found.text.lower() == "true"


def _tags(source: bytes) -> Iterator[_Tag]:
    """Yields opening tags, with byte offsets into ``source``."""
    choices = ""
    for match in _TAG.finditer(_markup(source)):
        name = match.group(2).decode()
        if match.group(1):
            choices = "" if name == "Choices" else choices
            continue
        attributes = _attributes(match)
        if name == "Choices":
            choices = attributes["name"].text if "name" in attributes and not match.group(4) else ""
        yield _Tag(name, match.end(2), match.start(), attributes, choices)


def _attributes(match: re.Match[bytes]) -> dict[str, _Attribute]:
    """Returns the attributes of a tag that ``_TAG`` found."""
    return {
        found.group(1).decode(): _Attribute(
            _unescape(found.group(2)[1:-1]), match.start(3) + found.start(), match.start(3) + found.end()
        )
        for found in _ATTRIBUTE.finditer(match.group(3))
    }


def _markup(source: bytes) -> bytes:
    """Returns the source with blanks for comments, CDATA and processing instructions, at the same offsets."""
    kept, place = bytearray(), 0
    for found in _NOT_MARKUP.finditer(source):
        if found.start() < place:
            continue
        end = source.find(_ENDS[found.group()], found.end())
        stop = len(source) if end < 0 else end
        kept += source[place : found.start()] + b" " * (stop - found.start())
        place = stop
    return bytes(kept + source[place:])


def _unescape(raw: bytes) -> str:
    """Returns an attribute's value as XML has it: line ends and tabs in it are blanks."""
    return html.unescape(re.sub(r"\r\n|[\r\n\t]", " ", raw.decode(errors="replace")))


def _model_edit(tag: _Tag, model: str | None, source: bytes) -> tuple[int, int, bytes]:
    """Returns the byte range to replace and its new text."""
    present = tag.attributes.get("model")
    if model is None:
        if present is None:
            return tag.start, tag.start, b""
        start = present.start
        while source[start - 1 : start].isspace():  # the blank that came with the attribute goes with it
            start -= 1
        return start, present.end, b""
    quoted = f'model="{escape(model, {chr(34): "&quot;"})}"'.encode()
    if present is not None:
        return present.start, present.end, quoted
    after = tag.attributes["value"].end
    return after, after, b" " + quoted


def _read_tree(source: bytes) -> etree._Element:
    if len(source) > MAX_BYTES:
        raise _bad(f"it has {len(source):,} bytes, {MAX_BYTES:,} are allowed", 1, 1)
    try:
        source.decode()
    except UnicodeDecodeError as error:
        raise _bad("it is not UTF-8", *_place(source, error.start)) from error
    forbidden = re.search(rb"<!(DOCTYPE|ENTITY)", source, re.IGNORECASE)
    if forbidden:
        raise _bad("a DOCTYPE or an entity definition is not allowed", *_place(source, forbidden.start()))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, encoding="utf-8")
    try:
        root = etree.fromstring(_repaired(source), parser)
    except etree.XMLSyntaxError as error:
        unclosed = _unclosed(source)
        if unclosed is not None:
            raise _bad(f"<{unclosed[0]}> is never closed", unclosed[1], unclosed[2]) from error
        line, column = error.position
        raise _bad(str(error.msg).split(", line")[0], max(line, 1), max(column, 1)) from error
    _check_size(root)
    return root


def _check_size(root: etree._Element) -> None:
    stack, count = [(root, 1)], 0
    while stack:
        element, depth = stack.pop()
        count += 1
        if depth > MAX_DEPTH or count > MAX_ELEMENTS:
            raise _bad(f"it is deeper than {MAX_DEPTH} levels or has over {MAX_ELEMENTS:,} elements", 1, 1)
        stack.extend((child, depth + 1) for child in element)


def _repaired(source: bytes) -> bytes:
    """Escapes ``<`` inside attribute values (``allowed="A<>B"``), which exports write although XML forbids it."""
    return _ATTRIBUTE.sub(lambda match: match.group().replace(b"<", b"&lt;"), source)


def _unclosed(source: bytes) -> tuple[str, int, int] | None:
    """Finds the innermost tag that is opened and never closed, by its own line and column."""
    opened: list[tuple[str, int]] = []
    for match in _TAG.finditer(_markup(source)):
        name = match.group(2).decode()
        if match.group(4):
            continue
        if not match.group(1):
            opened.append((name, match.start()))
        elif opened and opened[-1][0] == name:
            opened.pop()
        elif any(name == other for other, _ in opened):
            break
        else:
            return None
    if not opened:
        return None
    name, offset = opened[-1]
    return name, *_place(source, offset)


def _place(source: bytes, offset: int) -> tuple[int, int]:
    """Returns line and column (from 1, in characters) of a byte offset."""
    before = source[:offset].removeprefix(codecs.BOM_UTF8)
    return before.count(b"\n") + 1, len(before.rsplit(b"\n", 1)[-1].decode(errors="replace")) + 1


def _bad(why: str, line: int, column: int) -> BadLabelingConfig:
    return BadLabelingConfig(
        "The labeling config cannot be used.",
        f"Line {line}, column {column}: {why}.",
        "Correct config.xml there and import again.",
        line=line,
        column=column,
    )


def _marks_spans(element: etree._Element) -> bool:
    return any(parent.tag in LABEL_CONTROLS for parent in element.iterancestors())


def _is_true(element: etree._Element, name: str) -> bool:
    return str(element.get(name, "")).lower() == "true"


def _line_of(element: etree._Element) -> int:
    line: Any = element.sourceline  # lxml's stubs do not say that it is a number
    return int(line or 1)


def _is_elsewhere(control: etree._Element, form: TaskFormat) -> bool:
    """Tells whether a control of labels stands on another text than the one that is read."""
    names = to_names(control)
    return not form.image_key and bool(names) and form.elsewhere.issuperset(names)


def _label(element: etree._Element, form: TaskFormat) -> Label:
    control = next(parent for parent in element.iterancestors() if parent.tag in LABEL_CONTROLS)
    return Label(
        value=str(element.get("value", "")),
        model=element.get("model"),
        assertion=_is_true(element, "assertion"),
        background=element.get("background"),
        line=_line_of(element),
        elsewhere=_is_elsewhere(control, form),
    )


def _choices(element: etree._Element) -> ChoicesControl:
    choices = [item for item in element.iter("Choice") if next(item.iterdescendants("Choice"), None) is None]
    return ChoicesControl(
        name=str(element.get("name", "")),
        multiple=str(element.get("choice", "single")).startswith("multi"),
        train=_is_true(element, "train"),
        values=tuple(str(item.get("value", "")) for item in choices),
        line=_line_of(element),
        models=tuple(item.get("model") for item in choices),
    )


def _findings(config: LabelingConfig) -> Iterator[LintFinding]:
    assertion_models: set[str] = set()
    names: set[str] = set()
    trained: list[str] = []
    for tag in _tags(config.source):
        attributes = {name: found.text for name, found in tag.attributes.items()}
        remarks: list[tuple[Literal["error", "warning"], str]] = []
        if tag.name not in CONTROLS | LAYOUT:
            remarks.append(("warning", f"<{tag.name}> is not a control that training knows."))
        if tag.name == "Label":
            remarks.extend(_label_remarks(attributes, tag.is_assertion, assertion_models))
        if tag.name in LABEL_CONTROLS:
            remarks.extend(_elsewhere_remarks(attributes, config.task_format))
        if tag.name == "Choices":
            remarks.extend(_choices_remarks(attributes, trained, names))
        if tag.name == "Choice":
            remarks.extend(_choice_remarks(attributes))
        if remarks:
            place = _place(config.source, tag.start)
            yield from (LintFinding(severity, *place, message) for severity, message in remarks)


def _elsewhere_remarks(
    attributes: Mapping[str, str], form: TaskFormat
) -> Iterator[tuple[Literal["error", "warning"], str]]:
    marked = [name.strip() for name in attributes.get("toName", "").split(",")]
    if not form.image_key and form.elsewhere.issuperset(marked):
        name = attributes.get("name", "these labels")
        yield "warning", f"Models of entities learn from one text, ${form.text_key}: regions of {name} do not train."


def _choices_remarks(
    attributes: Mapping[str, str], trained: list[str], names: set[str]
) -> Iterator[tuple[Literal["error", "warning"], str]]:
    name = attributes.get("name", "")
    if not name:
        yield "error", "Choices needs a name: the model is named after it."
    elif name in names:
        yield "error", f"Two Choices have the name {name}: a model would not know which it answers."
    names.add(name)
    if attributes.get("perRegion", "").lower() == "true":
        yield "warning", f"{name} is asked for each region (perRegion): no classifier of texts learns it."
    elif attributes.get("train", "").lower() == "true":
        trained.append(name)
        if len(trained) > 1:
            yield "error", f'train="true" stands on {trained[0]} and {name}: only one may train.'


def _choice_remarks(attributes: Mapping[str, str]) -> Iterator[tuple[Literal["error", "warning"], str]]:
    value, model = attributes.get("value", ""), attributes.get("model", "")
    if not value.strip():
        yield "error", "A Choice needs a value."
    if model.startswith(("ner_", "assertion_")):
        yield "error", f"{value} is a choice, but {model} is no classifier."


def _label_remarks(
    attributes: Mapping[str, str], is_assertion: bool, assertion_models: set[str]
) -> Iterator[tuple[Literal["error", "warning"], str]]:
    value, model = attributes.get("value", ""), attributes.get("model", "")
    if not value.strip():
        yield "error", "A Label needs a value."
    elif re.search(r"\s", value):
        yield "warning", f"The label {value!r} has a space: models may cut the name there."
    if is_assertion and model.startswith("ner_"):
        yield "error", f"{value} is an assertion label, but {model} is a NER model."
    if model.startswith("classification_"):
        yield "error", f"{value} is a label, but {model} is a classifier: it belongs to the choices of a Choices."
    if not is_assertion and model.startswith("assertion_"):
        yield "error", f'{value} names the assertion model {model}, but lacks assertion="true".'
    if is_assertion and model and not model.startswith(("ner_", "classification_")) and model not in assertion_models:
        assertion_models.add(model)
        if len(assertion_models) > 1:
            yield "error", f"A project can use one assertion model only: {', '.join(sorted(assertion_models))}."
