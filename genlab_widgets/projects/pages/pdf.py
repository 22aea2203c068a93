"""Pages of a PDF by pypdfium2: the words of their text layer, or a picture for OCR where a page has none."""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from threading import RLock
from typing import TYPE_CHECKING, Any

from genlab_widgets.projects.pages import ocr, reading
from genlab_widgets.projects.pages.boxes import Box, turned

if TYPE_CHECKING:
    from PIL.Image import Image

LEAST_WORDS = 5
"""A text layer with fewer is the stamp of a scanner, not the page's text."""
_GRID = 100_000
"""Units across a page into which PDFium turns its points: a page's rotation and crop are its business."""
_ONE_AT_A_TIME = RLock()  # PDFium is not made for threads


def pages(source: bytes, name: str) -> Iterator[reading.PageWords]:
    """Reads the pages one by one; errors as :func:`genlab_widgets.projects.pages.reading.read`."""
    pdfium: Any = reading.module("pypdfium2", "pypdfium2")
    with _ONE_AT_A_TIME, closing(_opened(source, name)) as document:
        for number in range(len(document)):
            try:
                with closing(document[number]) as page:
                    found = _page(page, number)
            except pdfium.PdfiumError as error:
                raise reading.refused(name, f"Page {number + 1} is damaged: {error}") from error
            yield found


def sizes(source: bytes, name: str) -> list[tuple[int, int]]:
    """Returns width and height of each page in points."""
    with _ONE_AT_A_TIME, closing(_opened(source, name)) as document:
        return [_size(document.get_page_size(number)) for number in range(len(document))]


def picture(source: bytes, name: str, number: int) -> Image:
    """Returns one page as a picture, reduced for OCR.

    Raises:
        BadInput: The PDF or the page is damaged, or it has no such page.
    """
    pdfium: Any = reading.module("pypdfium2", "pypdfium2")
    with _ONE_AT_A_TIME, closing(_opened(source, name)) as document:
        if not 0 <= number < len(document):
            raise reading.refused(name, f"It has no page {number + 1}")
        try:
            with closing(document[number]) as page:
                return _rendered(page)
        except pdfium.PdfiumError as error:
            raise reading.refused(name, f"Page {number + 1} is damaged: {error}") from error


def _opened(source: bytes, name: str) -> Any:
    pdfium: Any = reading.module("pypdfium2", "pypdfium2")
    try:
        document = pdfium.PdfDocument(source)
    except pdfium.PdfiumError as error:
        locked = "password" in str(error).lower()
        why = "It is locked by a password" if locked else f"The PDF is damaged: {error}"
        raise reading.refused(name, why) from error
    if not 0 < len(document) <= reading.MOST_PAGES:
        count = len(document)
        document.close()
        raise reading.refused(name, f"It has {count:,} pages, 1 to {reading.MOST_PAGES} are allowed", True)
    return document


def _size(points: tuple[float, float]) -> tuple[int, int]:
    return max(1, round(points[0])), max(1, round(points[1]))


def _page(page: Any, number: int) -> reading.PageWords:
    words, turn = _layer(page)
    width, height = _size(page.get_size())
    if len(words) < LEAST_WORDS:
        scanned = ocr.page(_rendered(page), number)
        if len(scanned.words) >= len(words):
            width, height = _upright(width, height, scanned.turn)
            return scanned._replace(width=width, height=height)
    placed = ((text, turned(box, turn, _GRID, _GRID)) for text, box in words)
    upright = tuple(ocr.word_on(text, box, _GRID, _GRID, number) for text, box in placed)
    return reading.PageWords(upright, *_upright(width, height, turn), turn)


def _rendered(page: Any) -> Image:
    picture: Image = page.render(scale=reading.LONGEST_SIDE / max(page.get_size())).to_pil().convert("RGB")
    return picture


def _upright(width: int, height: int, turn: int) -> tuple[int, int]:
    return (height, width) if turn % 2 else (width, height)


def _layer(page: Any) -> tuple[list[tuple[str, Box]], int]:
    """Returns the words of the text layer as a viewer shows them, and the turn that makes most of them upright.

    A word ends at a blank, or where the next character stands elsewhere.
    """
    raw: Any = reading.module("pypdfium2.raw", "pypdfium2")
    with closing(page.get_textpage()) as text:
        words: list[tuple[str, Box]] = []
        angles: Counter[int] = Counter()
        word, around = "", Box(0, 0, 0, 0)
        for index in range(text.count_chars()):
            character = text.get_text_range(index, 1).strip()
            box = _on_grid(page, text.get_charbox(index, loose=True)) if character else None
            if word and (box is None or not _touch(around, box)):
                words.append((word, around))
                word = ""
            if box is not None:
                around = _joined(around, box) if word else box
                word += character
                angles[round(max(raw.FPDFText_GetCharAngle(text.raw, index), 0.0) / (math.pi / 2)) % 4] += 1
        words += [(word, around)] if word else []
    leaning = angles.most_common(1)[0][0] if angles else 0
    return words, -(leaning + page.get_rotation() // 90) % 4


def _on_grid(page: Any, box: tuple[float, float, float, float]) -> Box:
    """Turns a box in the page's points into the picture that a viewer shows."""
    raw: Any = reading.module("pypdfium2.raw", "pypdfium2")
    corners = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page.raw, 0, 0, _GRID, _GRID, 0, x, y, ctypes.byref(across), ctypes.byref(down))
        corners.append((across.value, down.value))
    (x1, y1), (x2, y2) = corners
    return Box(min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1))


def _touch(word: Box, character: Box) -> bool:
    """Tells whether a character stands at a word, nearer than half its own size."""
    across = max(word.x - character.x - character.width, character.x - word.x - word.width)
    down = max(word.y - character.y - character.height, character.y - word.y - word.height)
    return across <= character.width / 2 and down <= character.height / 2


def _joined(one: Box, other: Box) -> Box:
    left, top = min(one.x, other.x), min(one.y, other.y)
    right = max(one.x + one.width, other.x + other.width)
    bottom = max(one.y + one.height, other.y + other.height)
    return Box(left, top, right - left, bottom - top)
