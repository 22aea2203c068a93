"""What the controls of a labeling config mark: a text, HTML, or the pages of a task."""

from __future__ import annotations

from lxml import etree

from genlab_widgets.projects.tasks import TaskFormat

CONTROLS = frozenset(
    {"Labels", "HyperTextLabels", "RectangleLabels", "Choices", "Relations", "TextArea", "Rating", "Number", "Pairwise",
     "Ranker", "DateTime", "Taxonomy", "PolygonLabels", "Rectangle", "Brush", "BrushLabels"}
)  # fmt: skip
IMAGES = ("Image", "Pdf")
LABEL_CONTROLS = ("Labels", "HyperTextLabels", "RectangleLabels")


def task_format(elements: list[etree._Element]) -> TaskFormat:
    """Finds the Text or HyperText that a control marks; one that shows a fixed text names no key of the tasks."""
    texts = [item for item in elements if item.tag in ("Text", "HyperText") and str(item.get("value", ""))[:1] == "$"]
    marked = {name for item in elements if item.tag in CONTROLS for name in str(item.get("toName", "")).split(",")}
    chosen = next((item for item in texts if item.get("name") in marked), texts[0] if texts else None)
    image_key = ""
    if chosen is None or marks_images(elements):
        image_key = _image_key(elements, marked) or ("image" if marks_images(elements) else "")
    aliases = {
        str(item.get("alias")): str(item.get("value", ""))
        for item in elements
        if item.tag in ("Label", "Choice") and item.get("alias")
    }
    if chosen is None:
        return TaskFormat(aliases=aliases, image_key=image_key)
    return TaskFormat(str(chosen.get("value"))[1:] or "text", chosen.tag == "HyperText", aliases, image_key)


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
        item.tag == "RectangleLabels" or images & set(str(item.get("toName", "")).split(","))
        for item in elements
        if item.tag in LABEL_CONTROLS
    )
