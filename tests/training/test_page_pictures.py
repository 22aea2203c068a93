"""Pictures of pages: from an image, turned upright, or from a PDF; never from outside ``images/``."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from genlab_widgets.errors import BadInput, NotFound
from genlab_widgets.projects.pages.format import Page
from genlab_widgets.training import page_pictures


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with a wide picture whose left half is black, and a PDF of two pages."""
    images = tmp_path / "images"
    images.mkdir()
    wide = Image.new("RGB", (400, 200), "white")
    wide.paste("black", (0, 0, 200, 200))
    wide.save(images / "wide.png")
    pages = [Image.new("RGB", (210, 297), colour) for colour in ("white", "black")]
    pages[0].save(images / "two.pdf", save_all=True, append_images=pages[1:])
    (images / "half.png").write_bytes((images / "wide.png").read_bytes()[:60])
    (images / "out").symlink_to(tmp_path)
    (tmp_path / "secret.png").write_bytes((images / "wide.png").read_bytes())
    return tmp_path


def test_a_page_without_a_file_has_no_picture(project: Path) -> None:
    assert page_pictures.jpeg(project, Page()) == b""


@pytest.mark.parametrize(
    ("turn", "size", "black"), [(0, (400, 200), (10, 10)), (1, (200, 400), (10, 10)), (3, (200, 400), (10, 390))]
)
def test_a_page_is_turned_upright(project: Path, turn: int, size: tuple[int, int], black: tuple[int, int]) -> None:
    with Image.open(io.BytesIO(page_pictures.jpeg(project, Page("images/wide.png", 0, 400, 200, turn)))) as picture:
        assert picture.size == size
        assert max(picture.getpixel(black)) < 30
        assert min(picture.getpixel((size[0] - 10, 10 if black[1] > 10 else size[1] - 10))) > 220


def test_each_page_of_a_pdf_has_its_picture(project: Path) -> None:
    for number, light in ((0, True), (1, False)):
        picture = page_pictures.upright(project, Page("images/two.pdf", number, 210, 297))
        assert picture is not None
        assert max(picture.size) == page_pictures.LONGEST_SIDE
        assert (min(picture.getpixel((50, 50))) > 220) is light
    with pytest.raises(BadInput, match="no page 3"):
        page_pictures.jpeg(project, Page("images/two.pdf", 2))
    with pytest.raises(BadInput, match="no page 2"):
        page_pictures.jpeg(project, Page("images/wide.png", 1))


@pytest.mark.parametrize(
    "file", ["secret.png", "images/../secret.png", "images/out/secret.png", "images", "/etc/hosts"]
)
def test_nothing_outside_the_images_is_read(project: Path, file: str) -> None:
    with pytest.raises(NotFound, match="is not in the project"):
        page_pictures.jpeg(project, Page(file))


def test_a_damaged_picture_says_so(project: Path) -> None:
    with pytest.raises(BadInput, match="half.png cannot be read"):
        page_pictures.jpeg(project, Page("images/half.png"))
