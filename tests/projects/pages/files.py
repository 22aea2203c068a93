"""Image and PDF files, written by the tests themselves."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

RECEIPT = ("CORNER SHOP LTD", "12 High Street", "Wholemeal bread   2.35", "Coffee beans   7.99", "TOTAL 10.34")


def picture(lines: Sequence[str] = RECEIPT, size: tuple[int, int] = (500, 400)) -> Image.Image:
    """Draws lines of text, black on white."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for place, text in enumerate(lines):
        draw.text((40, 30 + 60 * place), text, fill="black", font=ImageFont.load_default(28))
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Returns an image as a file's content."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def pdf(pages: Sequence[Sequence[str]], rotate: int = 0, locked: bool = False, lying: bool = False) -> bytes:
    """Writes a PDF of 400 by 600 points with a text layer.

    ``lying`` writes from the bottom to the top, ``locked`` asks for a password that nobody knows.
    """
    objects = [b"", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for lines in pages:
        place = "0 1 -1 0 {1} 40 Tm" if lying else "1 0 0 1 40 {0} Tm"
        text = "".join(
            f"BT /F1 18 Tf {place.format(540 - 40 * n, 60 + 40 * n)} ({line}) Tj ET\n" for n, line in enumerate(lines)
        ).encode()
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text))
        kids.append(len(objects) + 1)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 600] /Rotate %d /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (rotate, len(objects))
        )
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    listed = " ".join(f"{kid} 0 R" for kid in kids).encode()
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (listed, len(kids))
    trailer = b"/Root 1 0 R"
    if locked:
        mark = b"<" + b"ab" * 32 + b">"
        objects.append(b"<< /Filter /Standard /V 1 /R 2 /P -4 /O %s /U %s >>" % (mark, mark))
        trailer += b" /Encrypt %d 0 R /ID [<00><00>]" % len(objects)
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, start)


def write(folder: Path, **files: bytes) -> None:
    """Writes files; ``_`` in a name stands for its dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)
