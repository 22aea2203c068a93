"""A project of pages that needs no sample data: bills drawn by Pillow, with their words and the boxes people drew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.samples import MEMBERS

LABELS = ("SHOP", "TOTAL")
CONFIG = """<View>
  <RectangleLabels name="label" toName="image">
    <Label value="SHOP" background="#1976d2"/><Label value="TOTAL" background="#d6453d"/>
  </RectangleLabels>
  <Image name="image" value="$image"/>
</View>
"""
WIDTH, HEIGHT, LETTER, LINE = 600, 800, 14, 28
Word = dict[str, Any]


def write_bills(folder: Path, tasks: int = 20) -> Path:
    """Writes an export; every fifth task is tagged Test, every fourth has a second page that marks nothing."""
    (folder / "images").mkdir(parents=True)
    listed = [_task(folder, number) for number in range(1, tasks + 1)]
    (folder / "result.json").write_text(json.dumps(listed), encoding="utf-8")
    (folder / "config.xml").write_text(CONFIG, encoding="utf-8")
    (folder / "project.json").write_text(json.dumps({"name": folder.name, "members": MEMBERS}))
    return folder


def _task(folder: Path, number: int) -> dict[str, Any]:
    shop = _line(f"Shop{number} Ltd", 60, 80 + 10 * (number % 5))
    total = _line(f"{number}.50", 400, 500 + 20 * (number % 4))
    pages = [[*shop, *_line("Item 1 2.00", 60, 300), *_line("Total", 60, 500 + 20 * (number % 4)), *total]]
    if number % 4 == 0:
        pages.append(_line("Thank you for your visit", 60, 100))
    names = [_draw(folder, f"{number}_{place}.png", words) for place, words in enumerate(pages)]
    completion = {
        "id": number,
        "created_username": "noah",
        "created_ago": "2026-01-02T10:00:00Z",
        "submitted_at": "2026-01-02T10:01:00Z",
        "result": [_region(f"{number}-shop", "SHOP", shop), _region(f"{number}-total", "TOTAL", total)],
    }
    data = {"image": names, "title": f"bill {number}", "ocr_text": pages}
    tags = ["Test" if number % 5 == 0 else "Train"]
    return {"id": number, "data": data, "tags": tags, "completions": [completion]}


def _line(text: str, left: int, top: int) -> list[Word]:
    words = []
    for part in text.split():
        width = LETTER * len(part)
        words.append({"x": left, "y": top, "width": width, "height": LINE, "rotation": 0, "text": part})
        left += width + LETTER
    return words


def _draw(folder: Path, name: str, words: list[Word]) -> str:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(22)
    for word in words:
        draw.text((word["x"], word["y"]), word["text"], fill="black", font=font)
    image.save(folder / "images" / name)
    return f"/images/{name}"


def _region(name: str, label: str, words: list[Word]) -> dict[str, Any]:
    left, top = min(word["x"] for word in words), min(word["y"] for word in words)
    width = max(word["x"] + word["width"] for word in words) - left
    box = {
        "x": 100 * left / WIDTH, "y": 100 * top / HEIGHT, "width": 100 * width / WIDTH, "height": 100 * LINE / HEIGHT,
    }  # fmt: skip
    return {
        "id": name,
        "from_name": "label",
        "to_name": "image",
        "type": "rectanglelabels",
        "pageNumber": 1,
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "value": {**box, "rotation": 0, "rectanglelabels": [label]},
    }
