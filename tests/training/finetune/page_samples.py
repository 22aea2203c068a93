"""Pages that a tagger can learn in seconds: an amount is a TOTAL where it stands below, a DATE is on the right."""

from __future__ import annotations

import numpy as np

from genlab_widgets.projects.pages.layout import Layout, Word
from genlab_widgets.training.dataset import Example, Span


def layout(lines: list[list[str]], pages: int = 1) -> Layout:
    """Sets words on a grid: a line each, a tenth of the page for each word."""
    numbers = np.linspace(0, pages, len(lines), endpoint=False).astype(int)
    placed = []
    for number, line in enumerate(lines):
        top = (number - int((numbers < numbers[number]).sum())) * 0.05
        row = [
            Word(text, 0.1 * place, top, 0.1 * place + 0.08, top + 0.03, int(numbers[number]))
            for place, text in enumerate(line)
        ]
        placed.append(row)
    return Layout.of(placed)


def example(task_id: int, lines: list[list[str]], labels: dict[tuple[int, int], str], pages: int = 1) -> Example:
    """Makes an example; labels are given by line and place in the line."""
    made = layout(lines, pages)
    place_of, spans = {}, []
    for place, line in enumerate(made.lines):
        place_of[line, place - made.lines.index(line)] = place
    for key, label in labels.items():
        start = made.starts[place_of[key]]
        spans.append(Span(start, start + len(made.words[place_of[key]].text), label))
    return Example(task_id, made.text, tuple(spans), made)


def receipts(count: int, seed: int = 0) -> list[Example]:
    """Makes receipts of some lines: the last line's amount is the TOTAL, and so is the same amount elsewhere."""
    numbers = np.random.default_rng(seed)
    found = []
    for task_id in range(count):
        amounts = [f"{number}.00" for number in numbers.choice(np.arange(1, 99), 3, replace=False)]
        lines = [["bank", "river"], *(["the", amount] for amount in amounts), ["old", amounts[0]]]
        found.append(example(task_id, lines, {(0, 0): "ORG", (1, 1): "TOTAL", (4, 1): "TOTAL"}))
    return found
