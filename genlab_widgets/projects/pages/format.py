"""Pages as exports write them, in both dialects: words with boxes, sizes of pages, and what people marked on them.

Generative AI Lab: ``data.ocr_text`` holds the words of each page in pixels of ``original_width`` and
``original_height``; a region has ``pageNumber`` from 1. Label Studio: ``item_index`` counts pages from 0, and one
region may be spread over items that share an id (rectangle, labels, textarea). Boxes of regions are percents, and all
boxes lie on the file as it is: ``image_rotation`` only says how its viewer turned the page to read it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from genlab_widgets.projects.pages.boxes import Box
from genlab_widgets.projects.pages.ocr import split

WORDS, PAGES = "ocr_text", "page_files"
"""Keys of a task's ``data``: the export's words, and what the import found out about each page."""


class Page(NamedTuple):
    """One page of a task.

    Attributes:
        file: Path below the project's folder; empty where the export brought none.
        number: Its place in that file, from 0.
        width: Width in the unit in which its words count (pixels, for most); 0 where nothing tells.
        height: Height, likewise.
        turn: Quarter turns clockwise that make it upright.
    """

    file: str = ""
    number: int = 0
    width: float = 0
    height: float = 0
    turn: int = 0


@dataclass
class Mark:
    """One region as people drew it, in percent of its page."""

    id: str
    page: int
    box: Box
    from_name: str = ""
    labels: list[str] = field(default_factory=list)
    text: str = ""


class Shape(NamedTuple):
    """What regions say of their page."""

    width: float
    height: float
    turn: int


def references(data: dict[str, Any], key: str) -> list[str]:
    """Returns what a task names as its images or PDFs, in the order of its pages."""
    found: Any = next((data[name] for name in (key, "image", "pdf") if data.get(name)), [])
    listed = [found] if isinstance(found, str) else found
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise TypeError(f"its {key} is no file name and no list of them")
    return listed


def words_by_page(data: dict[str, Any]) -> list[list[Any] | None]:
    """Returns the words of each page as the export has them; None for a page whose words are missing."""
    found = data.get(WORDS)
    if found is None:
        return []
    if not isinstance(found, list):
        raise TypeError(f"its {WORDS} is no list of pages")
    if found and all(isinstance(item, dict) for item in found):  # one page, without the list of pages around it
        return [found]
    if not all(page is None or isinstance(page, list) for page in found):
        raise TypeError(f"its {WORDS} holds a page that is no list of words")
    return found


def read_words(page: Iterable[Any]) -> Iterator[tuple[str, Box]]:
    """Yields the words of a page with their boxes; text with blanks is split by its characters.

    Raises:
        TypeError: An entry is no object.
        ValueError: A box is damaged.
    """
    for item in page:
        if not isinstance(item, dict):
            raise TypeError(f"its {WORDS} holds a word that is no object")
        if any(item.get(name) is None for name in ("x", "y", "width", "height")):
            raise ValueError(f"the word {str(item.get('text'))[:40]!r} has no whole box")
        text, box = str(item.get("text") or ""), Box.read(item)
        for word, first, last in split(text):
            along = Box(box.x, box.y, box.width * (last - first), box.height, box.rotation)
            yield word, along.moved(box.width * first)


def read_pages(data: dict[str, Any]) -> list[Page]:
    """Returns what the import wrote about the pages of a task."""
    return [Page(**page) for page in data.get(PAGES) or []]


def shapes(raw: dict[str, Any]) -> dict[int, Shape]:
    """Returns size and turn of the pages that regions name, by page; the most frequent of each wins."""
    sizes: dict[int, Counter[tuple[float, float]]] = defaultdict(Counter)
    turns: dict[int, Counter[int]] = defaultdict(Counter)
    for item in _items(raw):
        width, height = (_number(item.get(name)) for name in ("original_width", "original_height"))
        if width > 0 and height > 0:
            sizes[page_of(item)][width, height] += 1
            turns[page_of(item)][round(_number(item.get("image_rotation")) / 90) % 4] += 1
    return {page: Shape(*found.most_common(1)[0][0], turns[page].most_common(1)[0][0]) for page, found in sizes.items()}


def page_of(item: dict[str, Any]) -> int:
    """Returns the page of a region, from 0."""
    number = item.get("pageNumber")
    return int(number) - 1 if number else int(item.get("item_index") or 0)


def read_marks(items: Iterable[dict[str, Any]]) -> list[Mark]:
    """Returns the labelled boxes among the items of a completion.

    Raises:
        ValueError: A box is damaged.
    """
    marks: dict[tuple[str, int], Mark] = {}
    for place, item in enumerate(items):
        value = item.get("value")
        if not isinstance(value, dict) or not {"width", "height"} <= value.keys() | {
            name.removesuffix("_px") for name in value
        }:
            continue
        name, page = str(item.get("id") or f"#{place}"), page_of(item)
        mark = marks.setdefault((name, page), Mark(name, page, _percents(item, value)))
        labels = value.get("rectanglelabels") or value.get("labels") or []
        if labels:
            mark.labels += [str(label) for label in ([labels] if isinstance(labels, str) else labels)]
            mark.from_name = str(item.get("from_name", ""))
        text = value.get("text")
        mark.text = mark.text or (" ".join(map(str, text)) if isinstance(text, list) else str(text or ""))
    return [mark for mark in marks.values() if mark.labels]


def _percents(item: dict[str, Any], value: dict[str, Any]) -> Box:
    sides = ("x", "y", "width", "height")
    if all(value.get(name) is not None for name in sides):
        return Box.read(value)
    width, height = _number(item.get("original_width")), _number(item.get("original_height"))
    if width <= 0 or height <= 0 or any(value.get(f"{name}_px") is None for name in sides):
        raise ValueError(f"the region {item.get('id')} has no whole box")
    pixels = Box.read({**{name: value[f"{name}_px"] for name in sides}, "rotation": value.get("rotation")})
    return pixels.scaled(100 / width, 100 / height)


def _items(raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for answers in (raw.get("completions"), raw.get("annotations"), raw.get("predictions")):
        for answer in answers if isinstance(answers, list) else ():
            result = answer.get("result") if isinstance(answer, dict) else None
            yield from (item for item in (result if isinstance(result, list) else ()) if isinstance(item, dict))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
