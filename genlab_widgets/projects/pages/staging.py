"""Pages at the import: each task learns its pages' files and sizes, and words by OCR where the export has none.

What cannot be read is named and the task stays: its completions may still be looked at, and a later import may bring
the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from genlab_widgets.errors import BadInput
from genlab_widgets.projects.pages import cache, format, reading
from genlab_widgets.projects.pages.boxes import Box, turned
from genlab_widgets.projects.pages.format import PAGES, WORDS, Page


class _Place(NamedTuple):
    """A page as the task names it: its file, if that is there, and the page's number in it."""

    named: str
    file: Path | None
    number: int
    size: tuple[int, int]
    problem: str


@dataclass
class Stage:
    """Prepares the tasks of one import.

    Args:
        folder: The export's ``images``; need not exist.
        image_key: The key of ``data`` that names the pages.
        progress: Called after each page that OCR reads, with its number and their count.
    """

    folder: Path
    image_key: str
    progress: Callable[[int, int], None] | None = None
    _read: int = 0
    _wanted: int = 0

    def __post_init__(self) -> None:
        files = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        self._by_name = {path.name: path for path in reversed(files)}
        self._by_path = {path.relative_to(self.folder).as_posix(): path for path in files}

    def count(self, tasks: Iterable[Any]) -> None:
        """Counts the pages whose words are missing, for the progress; tasks that cannot be read are left out."""
        for raw in tasks:
            try:
                self._wanted += len(self._without_words(*self._parts(raw)))
            except (TypeError, ValueError, AttributeError):  # the import itself will name it
                continue

    def prepare(self, raw: Any) -> list[str]:
        """Adds files, sizes and missing words to a task, in place.

        Returns:
            What is wrong with its pages, a sentence without its full stop each.

        Raises:
            TypeError: A field has the wrong shape.
            ValueError: Likewise.
            NotFound: Words are missing, and the packages of the extra ``visual`` are not installed.
        """
        if not isinstance(raw, dict) or not isinstance(raw.get("data"), dict):
            return []  # reading the task will name it
        data, (places, words) = raw["data"], self._parts(raw)
        shapes, earlier = format.shapes(raw), format.read_pages(data)
        pages = [
            self._page(place, earlier[number] if number < len(earlier) else Page())
            for number, place in enumerate(places)
        ]
        problems = list(dict.fromkeys(place.problem for place in places if place.problem))
        words += [None] * (len(places) - len(words))
        for file in dict.fromkeys(
            places[number].file for number in self._without_words(places, words) if not places[number].problem
        ):
            if file is not None:
                problems += self._by_ocr(file, places, pages, words, shapes)
        pages += [Page()] * (len(words) - len(pages))
        data[WORDS], data[PAGES] = words, [page._asdict() for page in pages]
        for number, page in enumerate(pages):
            if words[number] and not page.width and not shapes:
                problems.append(f"page {number + 1}: its size is not known, so its words have no place")
        return problems

    def _parts(self, raw: dict[str, Any]) -> tuple[list[_Place], list[list[Any] | None]]:
        data = raw["data"]
        named = format.references(data, self.image_key)
        words = list(format.words_by_page(data))
        return [place for name in named for place in self._places(name)], words

    def _places(self, named: str) -> Iterator[_Place]:
        file = self._find(named)
        if file is None:
            yield _Place(named, None, 0, (0, 0), f"{named} is not in the export")
            return
        try:
            sizes = reading.page_sizes(file)
        except BadInput as error:
            yield _Place(named, file, 0, (0, 0), f"{error.what.rstrip('.')}: {error.why.rstrip('.')}")
            return
        for number, size in enumerate(sizes):
            yield _Place(named, file, number, size, "")

    def _find(self, named: str) -> Path | None:
        """Finds a file of the export by the name that a task gives it; nothing outside the export is looked at."""
        parts = urlsplit(named)
        asked = parse_qs(parts.query).get("d", [parts.path])[0]  # Label Studio: /data/local-files/?d=folder/page.png
        path = unquote(asked).replace("\\", "/").strip("/")
        inside = path.removeprefix(f"{self.folder.name}/")
        return self._by_path.get(inside) or self._by_name.get(path.rsplit("/", 1)[-1])

    def _page(self, place: _Place, earlier: Page) -> Page:
        """Returns a page; what an earlier import found stays where the file is gone, and what it was turned by."""
        file = "" if place.file is None else f"{self.folder.name}/{place.file.relative_to(self.folder).as_posix()}"
        width, height = place.size if place.size[0] else (earlier.width, earlier.height)
        return Page(file, place.number, width, height, earlier.turn)

    def _without_words(self, places: list[_Place], words: list[list[Any] | None]) -> list[int]:
        return [
            number
            for number in range(len(places))
            if (number >= len(words) or words[number] is None) and places[number].file is not None
        ]

    def _by_ocr(
        self,
        file: Path,
        places: list[_Place],
        pages: list[Page],
        words: list[list[Any] | None],
        shapes: dict[int, format.Shape],
    ) -> list[str]:
        """Reads a file, and gives its pages the words that they lack, in the unit of what is marked on them."""
        try:
            found = cache.read(file, self._one_more)
        except BadInput as error:
            return [f"{error.what.rstrip('.')}: {error.why.rstrip('.')}"]
        problems = []
        for number, place in enumerate(places):
            if place.file == file and words[number] is None and place.number < len(found):
                read = found[place.number]
                shape = shapes.get(number)
                size = (shape.width, shape.height) if shape else place.size
                words[number] = _as_export(read, *size)
                pages[number] = pages[number]._replace(width=size[0], height=size[1], turn=read.turn)
                if not read.words:
                    problems.append(f"{place.named}, page {place.number + 1}: no word was found on it")
        return problems

    def _one_more(self) -> None:
        self._read += 1
        if self.progress is not None:
            self.progress(self._read, max(self._read, self._wanted))


def _as_export(page: reading.PageWords, width: float, height: float) -> list[dict[str, Any]]:
    """Returns words as exports write them: on the file as it lies, which is so many units wide and high."""
    words = []
    for word in page.words:
        box = Box(word.left, word.top, word.right - word.left, word.bottom - word.top)
        lying = turned(box, -page.turn, 1, 1).scaled(width, height)
        sides = {name: round(getattr(lying, name), 2) for name in ("x", "y", "width", "height")}
        words.append({**sides, "rotation": 0, "text": word.text})
    return words
