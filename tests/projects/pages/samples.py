"""Pages made of words, in shares of the page, for the tests of reading order."""

from __future__ import annotations

import math

from genlab_widgets.projects.pages.layout import Word

WIDTH, HEIGHT = 800.0, 1100.0
LETTER, LINE = 9.0, 20.0


def line(text: str, x: float, y: float) -> list[Word]:
    """Lays the words of a text on one line from a place in pixels."""
    words, left = [], x
    for word in text.split():
        right = left + LETTER * len(word)
        words.append(Word(word, left / WIDTH, y / HEIGHT, right / WIDTH, (y + LINE) / HEIGHT))
        left = right + LETTER
    return words


def skewed(words: list[Word], degrees: float) -> list[Word]:
    """Turns a page about its middle as a scanner does: boxes stay upright, their places turn."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    turned = []
    for word in words:
        x = (word.left + word.right) / 2 * WIDTH - WIDTH / 2
        y = (word.top + word.bottom) / 2 * HEIGHT - HEIGHT / 2
        across, down = x * cosine - y * sine + WIDTH / 2, x * sine + y * cosine + HEIGHT / 2
        width, height = (word.right - word.left) * WIDTH / 2, (word.bottom - word.top) * HEIGHT / 2
        turned.append(
            Word(
                word.text,
                (across - width) / WIDTH,
                (down - height) / HEIGHT,
                (across + width) / WIDTH,
                (down + height) / HEIGHT,
                word.page,
            )
        )
    return turned
