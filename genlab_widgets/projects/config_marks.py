"""What the controls of a labeling config mark: texts, HTML, or the pages of a task.

Of several texts the first that labels stand on is the one whose regions train; a Choices may be about another.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from genlab_widgets.projects.tasks import TaskFormat, TextSource

CONTROLS = frozenset(
    {"Labels", "HyperTextLabels", "RectangleLabels", "Choices", "Relations", "TextArea", "Rating", "Number", "Pairwise",
     "Ranker", "DateTime", "Taxonomy", "PolygonLabels", "Rectangle", "Brush", "BrushLabels"}
)  # fmt: skip
IMAGES = ("Image", "Pdf")
LABEL_CONTROLS = ("Labels", "HyperTextLabels", "RectangleLabels")


def task_format(elements: list[etree._Element]) -> TaskFormat:
    """Finds the Text or HyperText that controls mark; one that shows a fixed text names no key of the tasks."""
    texts = [item for item in elements if item.tag in ("Text", "HyperText") and str(item.get("value", ""))[:1] == "$"]
    marked = {name for item in elements if item.tag in CONTROLS for name in to_names(item)}
    chosen = _chosen(texts, elements)
    image_key = ""
    if chosen is None or marks_images(elements):
        image_key = _image_key(elements, marked) or ("image" if marks_images(elements) else "")
    main = _source(chosen) if chosen is not None else TextSource("text")
    classified = {name for item in elements if is_classifier(item) for name in to_names(item)}
    return TaskFormat(
        text_key=main.key,
        is_html=main.is_html,
        aliases=dict(_aliases(elements)),
        image_key=image_key,
        choices_texts={
            str(item.get("name")): _source(item)
            for item in texts
            if item.get("name") in classified and (item is not chosen or image_key)
        },
        elsewhere=frozenset(
            str(item.get("name")) for item in elements if item.get("name") and not to_names(item) and item is not chosen
        ),
    )


def to_names(control: etree._Element) -> list[str]:
    """Returns the names of what a control marks."""
    return [name.strip() for name in str(control.get("toName") or "").split(",") if name.strip()]


def is_classifier(element: etree._Element) -> bool:
    """Tells whether it is a Choices about whole texts; one about each region is no classifier."""
    return element.tag == "Choices" and str(element.get("perRegion", "")).lower() != "true"


def _chosen(texts: list[etree._Element], elements: list[etree._Element]) -> etree._Element | None:
    """Returns the text that is read: the first that labels stand on, else that choices are about, else any."""
    by_name = {str(item.get("name")): item for item in reversed(texts)}
    labelled = [item for item in elements if item.tag in LABEL_CONTROLS]
    classifiers = [item for item in elements if is_classifier(item)]
    others = [item for item in elements if item.tag in CONTROLS]
    names = (name for control in (*labelled, *classifiers, *others) for name in to_names(control))
    return next((by_name[name] for name in names if name in by_name), texts[0] if texts else None)


def _source(text: etree._Element) -> TextSource:
    return TextSource(str(text.get("value"))[1:] or "text", text.tag == "HyperText")


def _aliases(elements: list[etree._Element]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yields the values that stand under an alias; two controls may have the same one."""
    for item in elements:
        if item.tag in ("Label", "Choice") and item.get("alias"):
            control = next((parent for parent in item.iterancestors() if parent.tag in CONTROLS), None)
            name = str(control.get("name", "")) if control is not None else ""
            yield (name, str(item.get("alias"))), str(item.get("value", ""))


def _image_key(elements: list[etree._Element], marked: set[str]) -> str:
    """Returns the key under which tasks name the pages that a control marks (``valueList`` where there are several)."""
    for item in elements:
        value = str(item.get("value") or item.get("valueList") or "")
        if item.tag in IMAGES and value[:1] == "$" and item.get("name") in marked:
            return value[1:]
    return ""


def marks_images(elements: list[etree._Element]) -> bool:
    """Tells whether labels stand on an image: RectangleLabels, or Labels whose ``toName`` is one."""
    images = {str(item.get("name")) for item in elements if item.tag in IMAGES}
    return any(
        item.tag == "RectangleLabels" or images & set(to_names(item)) for item in elements if item.tag in LABEL_CONTROLS
    )
