"""Pictures of the pages of a project: from below its ``images/`` only, and scaled down before they go anywhere."""

from __future__ import annotations

import io
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from genlab_widgets.errors import BadInput, NotFound
from genlab_widgets.projects.importing import IMAGES
from genlab_widgets.projects.pages import pdf, reading

if TYPE_CHECKING:
    from PIL.Image import Image

    from genlab_widgets.projects.pages.format import Page

LONGEST_SIDE = 1400
"""Pixels: enough to read a page at twice its size on a screen, and some hundred KB."""
_QUALITY = 82


def jpeg(project: Path, page: Page) -> bytes:
    """Returns the picture of a page as JPEG; empty where the export brought none.

    Args:
        project: The project's folder.
        page: Where the picture is.

    Raises:
        NotFound: It is gone, or the packages that read it are not installed.
        BadInput: It cannot be read.
    """
    picture = upright(project, page)
    if picture is None:
        return b""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return stream.getvalue()


def upright(project: Path, page: Page) -> Image | None:
    """Returns the picture of a page as it is read, no side longer than :data:`LONGEST_SIDE`; see :func:`jpeg`."""
    if not page.file:
        return None
    source = _content(project, page.file)
    if reading.is_pdf(source):
        picture = pdf.picture(source, page.file, page.number)
    else:
        found = next(islice(reading.frames(source, page.file), page.number, None), None)
        if found is None:
            raise BadInput(f"{page.file} has no page {page.number + 1}.", "", "Import the export again.")
        picture = found
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return picture.rotate(-90 * page.turn, expand=True) if page.turn else picture


def _content(project: Path, file: str) -> bytes:
    """Reads a picture's file; a name that leads out of ``images/`` is as good as one that is not there."""
    root, path = (project / IMAGES).resolve(), (project / file).resolve()
    try:
        if path.is_relative_to(root):
            return path.read_bytes()
    except OSError:
        pass
    step = "Import the export again, with its images."
    raise NotFound(f"The picture {file} is not in the project.", "", step, image=file)
