"""Files to words: an image by OCR, a PDF by its text layer or, page by page, by OCR.

Everything is refused that would need more memory than a page is worth, before it is decoded.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from genlab_widgets.errors import BadInput, GenlabError, NotFound
from genlab_widgets.projects.pages import layout as layouts
from genlab_widgets.projects.pages.layout import Layout, Word

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp")
SUFFIXES = (*IMAGES, ".pdf")
MOST_PIXELS = 100_000_000
MOST_PAGES = 500
LONGEST_SIDE = 2000
"""Pixels to which a page is reduced for OCR, whose models see no more."""
_MARK_WITHIN = 1024
"""Bytes from the start in which the mark of a PDF may stand."""
_EXTRA = "pip install 'genlab-widgets[visual]'"


class PageWords(NamedTuple):
    """A page as it was read.

    Attributes:
        words: Its words in shares of the upright page, in any order.
        width: Width of the upright page in pixels (points, for a PDF).
        height: Height, likewise.
        turn: Quarter turns clockwise that made the file's page upright.
    """

    words: tuple[Word, ...]
    width: int
    height: int
    turn: int = 0


def read(source: bytes, name: str) -> list[PageWords]:
    """Reads all pages of an image or PDF.

    Args:
        source: Content of the file.
        name: Its name or suffix; errors quote it, and the content decides what it is.

    Raises:
        BadInput: Empty, damaged, too large, locked by a password, or neither image nor PDF.
        NotFound: The packages of the extra ``visual`` are not installed.
    """
    return list(pages(source, name))


def pages(source: bytes, name: str) -> Iterator[PageWords]:
    """Reads the pages of an image or PDF one by one; see :func:`read`."""
    if not source:
        raise refused(name, "The file is empty (0 bytes)")
    if is_pdf(source):
        from genlab_widgets.projects.pages import pdf

        yield from pdf.pages(source, name)
        return
    from genlab_widgets.projects.pages import ocr

    for number, image in enumerate(frames(source, name)):
        yield ocr.page(image, number)


def layout_of(pages: Sequence[PageWords]) -> Layout:
    """Returns the words of all pages in reading order."""
    return layouts.in_order([word for page in pages for word in page.words])


def page_sizes(file: Path) -> list[tuple[int, int]]:
    """Returns width and height of each page as a viewer shows it, from the file's header: nothing is decoded.

    Raises:
        BadInput: As :func:`read`.
        NotFound: Pillow or pypdfium2 is not installed.
        OSError: The file cannot be opened.
    """
    with file.open("rb") as source:
        start = source.read(_MARK_WITHIN)
        if not start:
            raise refused(file.name, "The file is empty (0 bytes)")
        if is_pdf(start):
            from genlab_widgets.projects.pages import pdf

            return pdf.sizes(start + source.read(), file.name)
        source.seek(0)
        image = opened(source, file.name)
        return [_shown_size(image)] * _frame_count(image, file.name)


def frames(source: bytes, name: str) -> Iterator[Image]:
    """Yields the pictures of an image file (a TIFF may have several), upright by EXIF and reduced for OCR.

    Raises:
        BadInput: Damaged, too large or no image.
    """
    from PIL import ImageOps

    with opened(io.BytesIO(source), name) as image:
        for number in range(_frame_count(image, name)):
            try:
                image.seek(number)
                image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded at half or a quarter
                shown = ImageOps.exif_transpose(image.convert("RGB"))
            except Exception as error:  # Pillow's plug-ins raise what they like
                raise refused(name, f"The image is damaged: {error}") from error
            shown.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            yield shown


def opened(source: BinaryIO, name: str) -> Image:
    """Opens an image without decoding it.

    Raises:
        BadInput: Too large, or no image.
        NotFound: Pillow is not installed.
    """
    image_module: Any = module("PIL.Image", "Pillow")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", image_module.DecompressionBombWarning)
            image: Image = image_module.open(source)
    except image_module.DecompressionBombError as error:
        raise refused(name, f"It is too large: {MOST_PIXELS // 1_000_000} million pixels are allowed", True) from error
    except Exception as error:
        kind = "damaged or no image" if PurePosixPath(name).suffix.lower() in SUFFIXES else "no image and no PDF"
        raise refused(name, f"It is {kind}") from error
    if image.width * image.height > MOST_PIXELS:
        size = f"{image.width:,} by {image.height:,} pixels"
        raise refused(name, f"It is too large: {size}, {MOST_PIXELS // 1_000_000} million are allowed", True)
    return image


def is_pdf(source: bytes) -> bool:
    """Tells a PDF by its content; readers allow some bytes before the mark."""
    return b"%PDF-" in source[:_MARK_WITHIN]


def refused(name: str, why: str, too_large: bool = False) -> BadInput:
    """Says that a file cannot be read, and why."""
    step = "Make it smaller" if too_large else "Replace the file"
    shown = name if PurePosixPath(name).stem.strip(".") else f"The file {name}".strip()
    return BadInput(f"{shown} cannot be read.", f"{why}.", f"{step} and try again.", path=name)


def module(name: str, package: str) -> object:
    """Imports a module of the extra ``visual``.

    Raises:
        NotFound: It is not installed; the message says how to install it.
    """
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise missing(package) from error


def missing(package: str) -> GenlabError:
    """Says how to install what reading pages needs."""
    return NotFound("Pages cannot be read here.", f"{package} is not installed.", f"Install it: {_EXTRA}.")


def _frame_count(image: Image, name: str) -> int:
    count = int(getattr(image, "n_frames", 1)) if image.format in ("TIFF", "MPO") else 1
    if image.format == "MPO":  # a phone's second picture is a preview
        return 1
    if count > MOST_PAGES:
        raise refused(name, f"It has {count:,} pages, {MOST_PAGES} are allowed", True)
    return count


def _shown_size(image: Image) -> tuple[int, int]:
    base: Any = module("PIL.Image", "Pillow")
    exif = base.Image.getexif(image)  # a PNG's own getexif decodes the picture
    turned = exif.get(0x0112) in (5, 6, 7, 8)  # orientation: the camera was held on its side
    return (image.height, image.width) if turned else (image.width, image.height)
