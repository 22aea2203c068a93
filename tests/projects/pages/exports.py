"""Exports of image projects as small as can be, in both dialects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CONFIG = """<View>
  <RectangleLabels name="label" toName="image"><Label value="SHOP"/><Label value="TOTAL"/></RectangleLabels>
  <Image name="image" value="$image"/>
</View>
"""
WIDTH, HEIGHT = 500, 400


def word(text: str, x: float, y: float, width: float | None = None, **more: Any) -> dict[str, Any]:
    """A word in pixels, 10 a letter and 20 high."""
    return {"x": x, "y": y, "width": width or 10 * len(text), "height": 20, "rotation": 0, "text": text, **more}


PAGE = [word("CORNER", 40, 30), word("SHOP", 110, 30), word("TOTAL", 40, 90), word("10.34", 400, 90)]


def region(label: str, x: float, y: float, width: float, height: float, page: int = 0, **more: Any) -> dict[str, Any]:
    """A region given in pixels of a page of 500 by 400, as Generative AI Lab exports it."""
    return {
        "id": f"{label}-{x}-{y}-{page}",
        "from_name": "label",
        "to_name": "image",
        "type": "rectanglelabels",
        "pageNumber": page + 1,
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
        "value": {
            "x": 100 * x / WIDTH,
            "y": 100 * y / HEIGHT,
            "width": 100 * width / WIDTH,
            "height": 100 * height / HEIGHT,
            "rotation": 0,
            "rectanglelabels": [label],
        },
        **more,
    }


SHOP, TOTAL = region("SHOP", 38, 28, 120, 24), region("TOTAL", 398, 88, 60, 24)


def task(number: int, *regions: dict[str, Any], **data: Any) -> dict[str, Any]:
    """A task of one submitted completion."""
    completion = {"id": number * 1000, "created_username": "ann", "submitted_at": "2024-01-01", "result": list(regions)}
    return {"id": number, "data": {"image": ["/images/a.png"], **data}, "completions": [completion]}


def write_export(folder: Path, tasks: list[dict[str, Any]], **images: bytes) -> Path:
    """Writes an export; ``_`` in the name of an image stands for its dot."""
    (folder / "images").mkdir(parents=True)
    (folder / "config.xml").write_text(CONFIG)
    (folder / "result.json").write_text(json.dumps(tasks))
    for name, content in images.items():
        (folder / "images" / name.replace("_", ".")).write_bytes(content)
    return folder
