"""OCR by rapidocr: its models come inside its wheel, so nothing is fetched and nothing leaves the machine.

A line that it reads is split into words by their share of the line's characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from genlab_widgets.projects.pages import reading
from genlab_widgets.projects.pages.boxes import Box, turned
from genlab_widgets.projects.pages.layout import Word

if TYPE_CHECKING:
    from PIL.Image import Image

_LINES_ASKED = 8
"""Longest lines of a page that say whether it stands on its head."""
_LETTERS_ASKED = 4
_ONE_AT_A_TIME = Lock()


class _Line(NamedTuple):
    """A line of text with its four corners, clockwise from where its text begins, in pixels."""

    text: str
    corners: tuple[tuple[float, float], ...]

    @property
    def from_its_end(self) -> _Line:
        """The line of a page that stands on its head: its text begins where the line seems to end."""
        return self._replace(corners=self.corners[2:] + self.corners[:2])

    @property
    def is_tall(self) -> bool:
        (left, top), _, (right, bottom), _ = self.corners
        return abs(bottom - top) > 1.5 * abs(right - left)


def page(image: Image, number: int) -> reading.PageWords:
    """Reads one page, upright or turned by a quarter, a half or three quarters.

    Args:
        image: The picture, in RGB.
        number: Its place in the file, from 0.

    Raises:
        NotFound: rapidocr or onnxruntime is not installed.
    """
    lines, turn = _lines(image), 0
    asked = [line for line in lines if len(line.text) >= _LETTERS_ASKED]
    if sum(line.is_tall for line in asked) > len(asked) / 2:
        image, turn = image.rotate(-90, expand=True), 1
        lines = _lines(image)
    width, height = image.size
    on_head = _stands_on_its_head(image, lines)
    boxes = [word for line in lines for word in _words(line.from_its_end if on_head else line)]
    if on_head:
        boxes, turn = [(text, turned(box, 2, width, height)) for text, box in boxes], turn + 2
    words = tuple(word_on(text, box, width, height, number) for text, box in boxes)
    return reading.PageWords(words, width, height, turn)


def word_on(text: str, box: Box, width: float, height: float, number: int) -> Word:
    """Returns a word from its box in pixels, cut at the edges of the page."""

    def share(value: float, whole: float) -> float:
        return min(max(value / whole, 0.0), 1.0)

    right, bottom = box.x + box.width, box.y + box.height
    return Word(text, share(box.x, width), share(box.y, height), share(right, width), share(bottom, height), number)


def version() -> str:
    """Returns what reads here, for the name of a cached reading."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return f"rapidocr-{installed('rapidocr')}"
    except PackageNotFoundError as error:
        raise reading.missing("rapidocr") from error


@lru_cache(maxsize=1)
def _engine() -> Any:
    rapidocr: Any = reading.module("rapidocr", "rapidocr")
    reading.module("onnxruntime", "onnxruntime")
    return rapidocr.RapidOCR(params={"Global.log_level": "error"})


def _ask(image: Image, **parts: bool) -> Any:
    """Asks rapidocr, which counts colours as blue, green, red, and keeps the parts it was asked for."""
    import numpy as np

    steps = {"use_det": True, "use_cls": True, "use_rec": True, **parts}
    with _ONE_AT_A_TIME:
        return _engine()(np.ascontiguousarray(np.asarray(image)[:, :, ::-1]), **steps)


def _lines(image: Image) -> list[_Line]:
    found = _ask(image)
    if getattr(found, "txts", None) is None or found.boxes is None:
        return []
    corners = (tuple((float(x), float(y)) for x, y in box) for box in found.boxes)
    return [_Line(text, box) for text, box in zip(found.txts, corners, strict=True) if text.strip()]


def _stands_on_its_head(image: Image, lines: Sequence[_Line]) -> bool:
    """Lets rapidocr's classifier look at the longest lines: it turns such lines silently before reading them."""
    longest = sorted(lines, key=lambda line: -len(line.text))[:_LINES_ASKED]
    votes = [_ask(image.crop(_around(line)), use_det=False, use_rec=False).cls_res[0] for line in longest]
    against = [label for label, _ in votes if label == "180"]
    return len(against) > len(votes) / 2


def _around(line: _Line) -> tuple[int, int, int, int]:
    xs, ys = zip(*line.corners, strict=True)
    return int(min(xs)), int(min(ys)), int(max(xs)) + 1, int(max(ys)) + 1


def _words(line: _Line) -> Iterator[tuple[str, Box]]:
    """Yields the words of a line with the boxes that their characters take, in pixels."""
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = line.corners
    for text, first, last in split(line.text):
        xs = [x1 + (x2 - x1) * first, x1 + (x2 - x1) * last, x4 + (x3 - x4) * first, x4 + (x3 - x4) * last]
        ys = [y1 + (y2 - y1) * first, y1 + (y2 - y1) * last, y4 + (y3 - y4) * first, y4 + (y3 - y4) * last]
        yield text, Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def split(text: str) -> list[tuple[str, float, float]]:
    """Splits a text at its blanks into words, each with the share of the text before and up to its end."""
    words, place = [], 0
    for word in text.split():
        start = text.index(word, place)
        place = start + len(word)
        words.append((word, start / len(text), place / len(text)))
    return words
