"""Boxes on a page: pixels of the file as it lies, turned about their top left corner as annotation tools do it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple


class Box(NamedTuple):
    """A rectangle in any unit. ``rotation`` is in degrees, clockwise about its top left corner."""

    x: float
    y: float
    width: float
    height: float
    rotation: float = 0.0

    @classmethod
    def read(cls, item: dict[str, Any]) -> Box:
        """Reads ``x``, ``y``, ``width``, ``height`` and ``rotation``.

        Raises:
            ValueError: One of them is missing, or no finite number.
        """
        x, y, width, height = (float(item[name]) for name in ("x", "y", "width", "height"))
        rotation = float(item.get("rotation") or 0.0)
        if not all(map(math.isfinite, (x, y, width, height, rotation))):
            raise ValueError("a box has a side that is no number")
        return cls(x, y, width, height, rotation % 360)

    def scaled(self, across: float, down: float) -> Box:
        """Returns the box with its sides multiplied."""
        return Box(self.x * across, self.y * down, self.width * across, self.height * down, self.rotation)

    def moved(self, along: float) -> Box:
        """Returns the box moved along its own upper side."""
        sine, cosine = _direction(self.rotation)
        return self._replace(x=self.x + along * cosine, y=self.y + along * sine)

    @property
    def upright(self) -> Box:
        """The smallest box without rotation around this one."""
        if not self.rotation:
            return self
        sine, cosine = _direction(self.rotation)
        xs = [self.x + a * self.width * cosine - b * self.height * sine for a in (0, 1) for b in (0, 1)]
        ys = [self.y + a * self.width * sine + b * self.height * cosine for a in (0, 1) for b in (0, 1)]
        return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))

    @property
    def area(self) -> float:
        """Width by height."""
        return self.width * self.height

    def covered(self, other: Box) -> float:
        """Returns how much of the smaller of two boxes lies in both, from 0 to 1.

        Args:
            other: A box without rotation, the word's; this one may be rotated.
        """
        x, y, width, height = other.x, other.y, other.width, other.height
        if self.rotation:  # turn the word's middle back into the upright frame of this box
            sine, cosine = _direction(-self.rotation)
            across, down = x + width / 2 - self.x, y + height / 2 - self.y
            middle = self.x + across * cosine - down * sine, self.y + across * sine + down * cosine
            if abs(sine) > abs(cosine):
                width, height = height, width
            x, y = middle[0] - width / 2, middle[1] - height / 2
        high = min(self.y + self.height, y + height) - max(self.y, y)
        if high <= 0:
            return 0.0
        wide = min(self.x + self.width, x + width) - max(self.x, x)
        least = min(self.area, other.area)
        return wide * high / least if wide > 0 and least > 0 else 0.0


def turned(box: Box, quarters: int, width: float, height: float) -> Box:
    """Returns where an upright box lies once its page was turned clockwise.

    Args:
        box: A box without rotation.
        quarters: Quarter turns.
        width: Width of the page before, in the unit of the box.
        height: Height of the page before.
    """
    for _ in range(quarters % 4):
        box = Box(height - box.y - box.height, box.x, box.height, box.width)
        width, height = height, width
    return box


def _direction(degrees: float) -> tuple[float, float]:
    return math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
