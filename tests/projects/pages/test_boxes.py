"""Boxes: rotation about the corner, turns of the page, what lies in what."""

from __future__ import annotations

import pytest

from genlab_widgets.projects.pages.boxes import Box, turned


def test_a_quarter_turn_about_the_corner() -> None:
    assert Box(10, 20, 30, 5, 90).upright[:4] == pytest.approx((5, 20, 5, 30))


@pytest.mark.parametrize("quarters", range(-4, 9))
def test_turning_on_and_back_gives_the_same_box(quarters: int) -> None:
    box = Box(10, 20, 30, 5)
    width, height = (400, 100) if quarters % 2 else (100, 400)
    assert turned(turned(box, quarters, 100, 400), -quarters, width, height) == box


def test_a_clockwise_turn_brings_the_left_edge_to_the_top() -> None:
    assert turned(Box(0, 300, 10, 50), 1, 100, 400) == Box(50, 0, 50, 10)


def test_covered_is_the_share_of_the_smaller_box() -> None:
    mark = Box(0, 0, 100, 20)
    assert mark.covered(Box(90, 0, 20, 20)) == 0.5
    assert mark.covered(Box(10, 5, 20, 10)) == 1.0
    assert Box(12, 6, 2, 2).covered(Box(10, 5, 20, 10)) == 1.0
    assert mark.covered(Box(200, 0, 20, 20)) == mark.covered(Box(0, 50, 20, 20)) == mark.covered(Box(5, 5, 0, 9)) == 0.0


def test_a_rotated_box_covers_what_lies_under_it() -> None:
    lying = Box(100, 50, 60, 20, 90)  # it hangs down to the left of its corner
    assert lying.covered(Box(82, 55, 16, 40)) == pytest.approx(1.0)
    assert lying.covered(Box(102, 55, 16, 40)) == 0.0
