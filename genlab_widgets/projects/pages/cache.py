"""Readings of files by their SHA-256, one file each in the cache folder: a page is read by OCR once on a machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from genlab_widgets.errors import WorkspaceUnusable
from genlab_widgets.projects.pages import ocr, reading
from genlab_widgets.projects.pages.layout import Word
from genlab_widgets.projects.store import publish
from genlab_widgets.settings import load_settings

FORMAT = 1
"""Another number, another folder: raised when the words of the same file come out differently."""


def read(file: Path, on_page: Callable[[], None]) -> list[reading.PageWords]:
    """Reads all pages of a file, or takes what an earlier reading found.

    Args:
        file: An image or PDF.
        on_page: Called after each page.

    Raises:
        BadInput: The file cannot be read; see :func:`genlab_widgets.projects.pages.reading.read`.
        NotFound: The packages of the extra ``visual`` are not installed.
        OSError: The file cannot be opened.
    """
    source = file.read_bytes()
    place = folder() / f"{hashlib.sha256(source).hexdigest()}.json"
    found = _stored(place)
    if found is not None:
        for _ in found:
            on_page()
        return found
    found = []
    for page in reading.pages(source, file.name):
        found.append(page)
        on_page()
    _store(place, found)
    return found


def folder() -> Path:
    """Returns where the readings of the installed OCR lie."""
    return load_settings().cache / "ocr" / f"{ocr.version()}-{FORMAT}"


def _stored(place: Path) -> list[reading.PageWords] | None:
    try:
        pages = json.loads(place.read_text(encoding="utf-8"))
        return [
            reading.PageWords(tuple(Word(*word) for word in page["words"]), page["width"], page["height"], page["turn"])
            for page in pages
        ]
    except (OSError, ValueError, KeyError, TypeError):  # not there, or damaged: it is read again
        return None


def _store(place: Path, pages: list[reading.PageWords]) -> None:
    """Keeps a reading; a cache that cannot be written only costs time."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        publish(place, json.dumps([page._asdict() for page in pages]).encode())
    except (OSError, WorkspaceUnusable):
        return
