"""Files to words: OCR of upright and turned pages, text layers of PDFs, and everything that cannot be read."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from genlab_widgets.errors import BadInput, NotFound
from genlab_widgets.projects.pages import reading
from genlab_widgets.projects.pages.ocr import split
from tests.projects.pages.files import RECEIPT, encoded, pdf, picture

pytest.importorskip("rapidocr")


def text_of(source: bytes, name: str) -> str:
    return reading.layout_of(reading.read(source, name)).text


def without_blanks(text: str) -> str:
    return text.replace(" ", "")


@pytest.mark.parametrize(("degrees", "turn"), [(0, 0), (90, 3), (180, 2), (270, 1)])
def test_a_page_is_read_upright_however_it_lies(degrees: int, turn: int) -> None:
    (page,) = reading.read(encoded(picture().rotate(-degrees, expand=True)), "page.png")
    assert (page.width, page.height, page.turn) == (500, 400, turn)
    lines = reading.layout_of([page]).text.split("\n")
    assert [without_blanks(line) for line in lines] == [without_blanks(line) for line in RECEIPT]
    total = next(word for word in page.words if word.text == "TOTAL")
    assert total.left == pytest.approx(0.08, abs=0.03)
    assert total.top == pytest.approx(0.69, abs=0.05)


def test_a_photo_is_turned_as_its_exif_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    source = encoded(picture().rotate(90, expand=True), "JPEG", exif=exif)
    (page,) = reading.read(source, "photo.jpg")
    assert (page.width, page.height, page.turn) == (500, 400, 0)
    assert page.words[0].text == "CORNER"


def test_the_size_comes_from_the_header(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, content, sizes in (
        ("a.png", encoded(picture()), [(500, 400)]),
        ("b.jpg", encoded(picture(), "JPEG", exif=exif), [(400, 500)]),
        ("c.pdf", pdf([RECEIPT, RECEIPT]), [(400, 600)] * 2),
        ("d.tif", encoded(picture(), "TIFF", save_all=True, append_images=[picture()]), [(500, 400)] * 2),
    ):
        (tmp_path / name).write_bytes(content)
        assert reading.page_sizes(tmp_path / name) == sizes


def test_a_page_without_words_has_none() -> None:
    (page,) = reading.read(encoded(Image.new("RGB", (300, 200), "white")), "empty.png")
    assert page.words == ()


def test_a_pdf_gives_the_words_of_its_text_layer() -> None:
    pages = reading.read(pdf([RECEIPT, ["second page of this file here"]]), "two.pdf")
    assert reading.layout_of(pages).text.split("\n") == [
        *(" ".join(line.split()) for line in RECEIPT),
        "second page of this file here",
    ]
    assert [word.page for word in pages[1].words] == [1] * 6
    corner = pages[0].words[0]
    assert corner.left == pytest.approx(0.1, abs=0.01)
    assert corner.bottom == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize(
    ("rotate", "lying", "turn"), [(90, False, 3), (180, False, 2), (270, False, 1), (0, True, 1), (90, True, 0)]
)
def test_a_turned_page_of_a_pdf_is_read_upright(rotate: int, lying: bool, turn: int) -> None:
    (page,) = reading.read(pdf([RECEIPT], rotate=rotate, lying=lying), "turned.pdf")
    assert (page.width, page.height) == ((600, 400) if lying else (400, 600))
    assert page.turn == turn
    assert reading.layout_of([page]).text.split("\n") == [" ".join(line.split()) for line in RECEIPT]
    assert page.words[0].left == pytest.approx(40 / page.width, abs=0.02)


def test_a_page_of_a_pdf_without_text_layer_is_read_by_ocr() -> None:
    out = io.BytesIO()
    picture().save(out, "PDF", resolution=72)
    (page,) = reading.read(out.getvalue(), "scan.pdf")
    assert without_blanks(reading.layout_of([page]).text) == without_blanks("\n".join(RECEIPT))
    assert (page.width, page.height) == (500, 400)


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is large, and is some bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("source", "name", "why"),
    [
        (b"", "empty.png", "0 bytes"),
        (b"not an image at all", "broken.png", "damaged or no image"),
        (b"some notes", "notes.docx", "no image and no PDF"),
        (encoded(picture())[:900], "cut.png", "damaged"),
        (bomb(20_000, 20_000), "huge.png", "too large"),
        (bomb(11_000, 11_000), "large.png", "11,000 by 11,000 pixels"),
        (pdf([RECEIPT], locked=True), "locked.pdf", "password"),
        (b"%PDF-1.4 and nothing more", "broken.pdf", "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_name(source: bytes, name: str, why: str) -> None:
    with pytest.raises(BadInput, match=name) as caught:
        reading.read(source, name)
    assert why in caught.value.why
    assert caught.value.next_step


def test_a_missing_package_is_named_with_how_to_install_it() -> None:
    with pytest.raises(NotFound, match=r"pip install 'genlab-widgets\[visual\]'"):
        reading.module("no_such_module_here", "rapidocr")


def test_a_line_is_split_by_its_characters() -> None:
    assert split("ab  cd") == [("ab", 0, 2 / 6), ("cd", 4 / 6, 1)]
    assert split("  ") == []
