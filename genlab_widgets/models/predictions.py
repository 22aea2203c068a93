"""What models found, as the result items and predictions of an export.

A score is how sure a model was, 0 to 1, as its pipeline tells it; ``docs/user-guide.md`` says what the figures mean. It
stands where each annotation tool looks for it: ``value.confidence`` (Generative AI Lab) and ``score`` (Label Studio) of
an item; ``score`` of the prediction is their mean. Where a model tells none, all of them are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from genlab_widgets.projects.html_text import HtmlText

if TYPE_CHECKING:
    from genlab_widgets.projects.labeling_config import Covered, LabelingConfig
    from genlab_widgets.training.dataset import Example, Span

AUTHOR = "SparkNLP Pre-annotation"
"""Who made a prediction, as the exports of Generative AI Lab say it."""


def prediction(number: int, items: Sequence[Mapping[str, Any]], models: Sequence[str], made: str) -> dict[str, Any]:
    """Returns the prediction of a task. Label Studio shows its models as ``model_version``.

    Args:
        number: Its id.
        items: The items that the models found; all but choices get an id.
        models: Names of the models.
        made: When it was made, in ISO 8601.
    """
    scores = [item["score"] for item in items if "score" in item]
    return {
        "id": number,
        "created_username": AUTHOR,
        "created_ago": made,
        "model": ", ".join(models),
        "model_version": ", ".join(models),
        **({"score": fmean(scores)} if scores else {}),
        "result": [
            {"id": f"p{place}", **item} if item["type"] != "choices" else dict(item)
            for place, item in enumerate(items, 1)
        ],
    }


def text_items(example: Example, config: LabelingConfig, part: Covered, html: str = "") -> list[dict[str, Any]]:
    """Returns the spans of an example as result items of an export.

    Args:
        example: A text with what a model found in it; a class covers the whole text.
        config: Names the controls.
        part: What the model answers. Its classes are one item, whose score is the mean of theirs.
        html: The HTML of which the example's text was read, so that its spans get XPaths, too.
    """
    if part.kind == "choices":
        chosen = [span.label for span in example.spans]
        told = [score for _, score in example.scored if score is not None]
        score = fmean(told) if told and len(told) == len(chosen) else None
        control = {"from_name": part.choices, "to_name": config.marked_by(part.choices), "type": "choices"}
        return [_item(control, {"choices": chosen}, score)] if chosen else []
    shown = HtmlText.read(html) if html else None
    if shown is not None and len(shown.text) != len(example.text):  # the model read something else
        shown = None
    items = []
    for span, score in example.scored:
        name = config.control_of(span.label)
        kind = "hypertextlabels" if config.tag_of(name) == "HyperTextLabels" else "labels"
        place = _in_html(span, shown) if config.task_format.is_html else {"start": span.start, "end": span.end}
        value = {**place, "text": example.text[span.start : span.end], kind: [span.label]}
        items.append(_item({"from_name": name, "to_name": config.marked_by(name), "type": kind}, value, score))
    return items


def _in_html(span: Span, shown: HtmlText | None) -> dict[str, Any]:
    """Returns the place of a span as annotations of HTML have it; without XPaths where the HTML is not known."""
    whole = {"start": span.start, "end": span.end}
    if shown is None:
        return {**whole, "globalOffsets": whole}
    (start, first), (end, last) = shown.place(span.start), shown.place(span.end, is_end=True)
    return {"start": start, "end": end, "startOffset": first, "endOffset": last, "globalOffsets": whole}


def page_item(region: Mapping[str, Any], sizes: Sequence[Mapping[str, int]], config: LabelingConfig) -> dict[str, Any]:
    """Returns a region of a page as a result item of an export.

    Args:
        region: Label, text, score, page (from 0) and box in shares of the page, as the saved pipeline gives them.
        sizes: Width and height of each page in pixels; empty where they are not known.
        config: Names the controls.
    """
    name = config.control_of(region["label"])
    shares = {
        "x": region["left"],
        "y": region["top"],
        "width": region["right"] - region["left"],
        "height": region["bottom"] - region["top"],
    }
    value: dict[str, Any] = {side: 100 * share for side, share in shares.items()} | {"rotation": 0}
    item: dict[str, Any] = {"from_name": name, "to_name": config.marked_by(name), "type": "rectanglelabels"}
    item |= {"pageNumber": region["page"] + 1, "image_rotation": 0}
    if region["page"] < len(sizes):
        width, height = sizes[region["page"]]["width"], sizes[region["page"]]["height"]
        item |= {"original_width": width, "original_height": height}
        whole = {"x": width, "y": height, "width": width, "height": height}
        value |= {f"{side}_px": round(share * whole[side]) for side, share in shares.items()}
    value |= {"rectanglelabels": [region["label"]], "text": [region["text"]]}
    return _item(item, value, region["score"])


def _item(item: dict[str, Any], value: dict[str, Any], score: float | None) -> dict[str, Any]:
    if score is None:
        return {**item, "value": value}
    return {**item, "value": {**value, "confidence": score}, "score": score}
