"""The figures of a run, drawn with matplotlib's object API in one style, each with an alt text that tells the finding.

Backgrounds are transparent and text is a mid grey with a contrast of over 4 to 1 on white and on JupyterLab's dark
theme, so a figure stored in a notebook can be read in both. Label names are foreign text: they are drawn as they are
(a dollar sign starts no formula), on one line and cut to a length that leaves room for the figure.
"""

from __future__ import annotations

import base64
import html
import io
import math
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from genlab_widgets.training.scores import Benchmark, Confusion

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from genlab_widgets.training.epochs import Epoch

INK = "#767676"
GRID = "#9e9e9e55"
ACCENT = "#1976d2"
SECOND = "#e07b00"
PALETTE = ("#1976d2", "#e07b00", "#2e9e5b", "#b455c8", "#d6453d", "#00a0a8", "#9a7b00", "#6c6fd8", "#c2528b", "#5f8a00")
"""Colours of labels that have none of their own, by position."""
_FONT: dict[str, Any] = {"fontsize": 9, "color": INK}
_CELL_INCHES = 0.42
_LEAST_INCHES = 2.6
_DPI = 110
_MOST_PIXELS = 40_000_000
"""Of one image; matplotlib takes 4 bytes for each."""
_MOST_LABELS = 60
"""In one figure; the rest is drawn as one."""
_LONGEST_NAME = 32


class Drawing:
    """A figure with its alt text; shows itself in notebooks as an image that screen readers can tell.

    Attributes:
        figure: The matplotlib figure.
        alt: One or two sentences: what it shows and what it says.
    """

    def __init__(self, figure: Figure, alt: str) -> None:
        self.figure = figure
        self.alt = alt

    def __iter__(self) -> Any:
        """Unpacks to figure and alt text."""
        return iter((self.figure, self.alt))

    def png(self, dpi: int = _DPI) -> bytes:
        """Renders the figure as PNG; a very large one with fewer dots per inch."""
        stream = io.BytesIO()
        dpi = min(dpi, int(math.sqrt(_MOST_PIXELS / math.prod(self.figure.get_size_inches()))))
        with _any_script():
            self.figure.savefig(stream, format="png", dpi=dpi, transparent=True, bbox_inches="tight", pad_inches=0.08)
        return stream.getvalue()

    def svg(self) -> str:
        """Renders the figure as SVG text."""
        stream = io.StringIO()
        with _any_script():
            self.figure.savefig(stream, format="svg", transparent=True, bbox_inches="tight", pad_inches=0.08)
        return stream.getvalue()

    def _repr_html_(self) -> str:
        width = round(self.figure.get_figwidth() * _DPI)
        data = base64.b64encode(self.png(2 * _DPI)).decode()
        return (
            '<div style="overflow-x:auto">'
            f'<img alt="{html.escape(self.alt, quote=True)}" style="width:{width}px;max-width:none" '
            f'src="data:image/png;base64,{data}"></div>'
        )


def loss_curve(epochs: Sequence[Epoch], baseline_f1: float | None = None, baseline_title: str = "CRF") -> Drawing:
    """Draws loss and, where epochs were scored, micro F1 (token level) by epoch.

    Args:
        epochs: In order; a loss that was no number leaves a gap.
        baseline_f1: The baseline's F1 of the same kind, as a dashed line.
        baseline_title: What the baseline is.
    """
    figure = blank_figure(7.2, 3.4)
    axes = _axes(figure)
    numbers = [epoch.number for epoch in epochs]
    losses = [float("nan") if epoch.loss is None else epoch.loss for epoch in epochs]
    axes.plot(numbers, losses, color=ACCENT, marker="o", markersize=3, linewidth=1.8)
    axes.set_ylabel("loss", color=ACCENT, fontsize=9)
    axes.set_ylim(bottom=0)
    _whole_numbers(axes, epochs)
    scored = [(epoch.number, f1) for epoch in epochs if (f1 := _f1(epoch)) is not None]
    if scored or baseline_f1 is not None:
        right = axes.twinx()
        _plain(right)
        right.set_ylim(0, 1)
        right.set_ylabel("F1", color=SECOND, fontsize=9)
        right.plot(
            [n for n, _ in scored], [f1 for _, f1 in scored], color=SECOND, marker="s", markersize=3, linewidth=1.8
        )
        if baseline_f1 is not None:
            right.axhline(baseline_f1, color=INK, linestyle=(0, (5, 4)), linewidth=1)
            place: dict[str, Any] = {"xy": (0.99, baseline_f1), "xycoords": ("axes fraction", "data")}
            offset: dict[str, Any] = {"xytext": (0, 3), "textcoords": "offset points", "ha": "right", "va": "bottom"}
            right.annotate(f"baseline ({baseline_title}) {baseline_f1:.2f}", **place, **offset, **_FONT)
    return Drawing(figure, _curve_alt(epochs, scored, baseline_f1))


def confusion_matrix(confusion: Confusion) -> Drawing:
    """Draws two matrices side by side: counts, and shares of each gold label (rows).

    Cells keep their size, so the figure grows with the labels: forty stay legible, and the page scrolls. Of more than
    sixty, those with the fewest spans are drawn as one.
    """
    alt = _matrix_alt(confusion.labels, confusion.counts)
    names, counts = _largest(confusion)
    side = max(_LEAST_INCHES, _CELL_INCHES * len(names))
    margin = 0.4 + 0.085 * max(len(_shown(name)) for name in names)
    figure = blank_figure(2 * (side + margin) + 0.4, side + margin + 0.5)
    width, height = figure.get_size_inches()
    shares = [[count / total if (total := sum(row)) else 0.0 for count in row] for row in counts]
    panels: tuple[tuple[str, Sequence[Sequence[float]]], ...] = (("count", counts), ("share of the gold label", shares))
    for index, (title, values) in enumerate(panels):
        left = margin + index * (side + margin + 0.4)
        axes = figure.add_axes((left / width, 0.1 / height, side / width, side / height))
        _plain(axes)
        _matrix(axes, names, values, shares, title)
    return Drawing(figure, alt)


def label_bars(counts: Mapping[str, int], colours: Mapping[str, str] | None = None) -> Drawing:
    """Draws one horizontal bar a label.

    Args:
        counts: Examples by label, in the order to draw.
        colours: Colours from the labeling config; others come from the palette by position.
    """
    names, values = list(counts), list(counts.values())
    figure, axes = _bars(names, values, [f"{value:,}" for value in values], label_colours(names, colours))
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.set_xlim(0, 1.12 * max([*values, 1]))
    if not counts:
        return Drawing(figure, "No labels.")
    most, least = max(counts, key=lambda name: counts[name]), min(counts, key=lambda name: counts[name])
    alt = f"Examples of {len(counts)} labels: most of {most} ({counts[most]:,}), fewest of {least} ({counts[least]:,})."
    return Drawing(figure, alt)


def label_f1(benchmark: Benchmark, colours: Mapping[str, str] | None = None) -> Drawing:
    """Draws exact F1 of each label that was tested, with its support."""
    scores = [score for score in benchmark.by_label if score.support]
    names = [score.label for score in scores]
    texts = [f"{score.exact.f1:.2f}  ({score.support:,})" for score in scores]
    drawn = label_colours(benchmark.labels, colours, names)
    figure, axes = _bars(names, [score.exact.f1 for score in scores], texts, drawn)
    axes.set_xlim(0, 1.18)
    axes.set_xticks([0, 0.5, 1])
    if not scores:
        return Drawing(figure, "No label was tested.")
    best, worst = max(scores, key=lambda s: s.exact.f1), min(scores, key=lambda s: s.exact.f1)
    alt = f"F1 by label: best {best.label} ({best.exact.f1:.2f}), worst {worst.label} ({worst.exact.f1:.2f})."
    return Drawing(figure, alt)


def label_colours(
    names: Sequence[str], colours: Mapping[str, str] | None = None, wanted: Sequence[str] | None = None
) -> list[str]:
    """Returns a colour for each wanted label: its own if matplotlib knows it, else the palette's by its place."""
    from matplotlib.colors import is_color_like

    own = {name: colour for name, colour in (colours or {}).items() if is_color_like(colour)}
    palette = {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(names)}
    return [own.get(name) or palette.get(name, ACCENT) for name in (names if wanted is None else wanted)]


def _bars(
    names: Sequence[str], values: Sequence[float], texts: Sequence[str], colours: Sequence[str]
) -> tuple[Figure, Axes]:
    """Draws one horizontal bar a name, the first on top; of very many the first ones, and how many are left out."""
    drawn = names[:_MOST_LABELS]
    figure = blank_figure(7.2, 0.6 + 0.3 * max(1, len(drawn)))
    axes = _axes(figure)
    # The outline shows bars in the colour of the page, and those that a labeling config made transparent.
    bars = axes.barh(range(len(drawn)), values[: len(drawn)], color=colours[: len(drawn)], height=0.68)
    for bar in bars:
        bar.set(edgecolor=INK, linewidth=0.5)
    axes.bar_label(bars, labels=texts[: len(drawn)], padding=4, **_FONT)
    axes.set_yticks(range(len(drawn)), [_shown(name) for name in drawn], parse_math=False)
    axes.invert_yaxis()
    if len(names) > len(drawn):
        axes.set_title(f"The first {len(drawn)} of {len(names):,} labels.", loc="left", **_FONT)
    return figure, axes


def _shown(name: str) -> str:
    """Returns a label's name as it is drawn: on one line, without signs that have no look, cut in its middle."""
    seen = (" " if unicodedata.category(sign)[0] in "ZC" else sign for sign in name)
    line = " ".join("".join(seen).split())
    if len(line) <= _LONGEST_NAME:
        return line
    half = (_LONGEST_NAME - 1) // 2
    return f"{line[:half]}\u2026{line[-half:]}"


@contextmanager
def _any_script() -> Iterator[None]:
    """Keeps quiet about scripts that the font lacks: boxes are drawn, and the tables have the names."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def _largest(confusion: Confusion) -> tuple[list[str], list[list[int]]]:
    """Returns names and counts with the labels of fewest spans joined to one, if there are too many to draw."""
    names, counts = confusion.labels, confusion.counts
    if len(names) <= _MOST_LABELS:
        return names, counts
    nothing = len(names) - 1
    spans = [sum(counts[place]) + sum(row[place] for row in counts) for place in range(nothing)]
    kept = sorted(sorted(range(nothing), key=lambda place: -spans[place])[: _MOST_LABELS - 2])
    place_of = {place: index for index, place in enumerate(kept)} | {nothing: len(kept) + 1}
    joined = [[0] * (len(kept) + 2) for _ in range(len(kept) + 2)]
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            joined[place_of.get(row, len(kept))][place_of.get(column, len(kept))] += count
    return [*(names[place] for place in kept), f"{nothing - len(kept)} others", names[nothing]], joined


def blank_figure(width: float, height: float) -> Figure:
    """Returns an empty figure on a transparent ground; width and height in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DPI)
    FigureCanvasAgg(figure)
    figure.patch.set_alpha(0)
    return figure


def _axes(figure: Figure) -> Axes:
    axes = figure.add_subplot()
    _plain(axes)
    axes.grid(axis="both", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    return axes


def _plain(axes: Axes) -> None:
    axes.set_facecolor("none")
    axes.tick_params(colors=INK, labelsize=9, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _whole_numbers(axes: Axes, epochs: Sequence[Epoch]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(0.5, max((epoch.total for epoch in epochs), default=1) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel("epoch", **_FONT)


def _f1(epoch: Epoch) -> float | None:
    scores = epoch.test or epoch.validation
    return scores.micro.f1 if scores is not None and scores.micro is not None else None


def _curve_alt(epochs: Sequence[Epoch], scored: Sequence[tuple[int, float]], baseline: float | None) -> str:
    if not epochs:
        return "No epoch has ended yet."
    first, last = epochs[0], epochs[-1]
    parts = [f"Loss and F1 by epoch, {last.number} of {last.total}."]
    if first.loss is not None and last.loss is not None:
        parts.append(f"Loss goes from {first.loss:.4g} to {last.loss:.4g}.")
    if any(epoch.diverged for epoch in epochs):
        parts.append("In some epochs the loss was not a number.")
    if scored:
        best = max(scored, key=lambda item: item[1])
        parts.append(f"F1 ends at {scored[-1][1]:.2f}, best {best[1]:.2f} in epoch {best[0]}.")
    if baseline is not None:
        parts.append(f"The baseline has {baseline:.2f}.")
    return " ".join(parts)


def _matrix(
    axes: Axes, names: Sequence[str], values: Sequence[Sequence[float]], shares: Sequence[Sequence[float]], title: str
) -> None:
    """Draws one matrix; both are shaded by the share of the row, the right answers blue and the errors orange."""
    from matplotlib.patches import Rectangle

    for row, line in enumerate(values):
        for column, value in enumerate(line):
            if not value:
                continue
            share = shares[row][column]
            colour = ACCENT if row == column else SECOND
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, alpha=0.12 + 0.88 * share))
            text = f"{value:,}" if isinstance(value, int) else f"{value:.0%}"
            # On a dark cell white reads best; on a light one the theme shines through, so the mid grey.
            ink = "white" if share > 0.5 else INK
            size = 8 if len(text) <= 5 else 6.5
            axes.text(column, row, text, ha="center", va="center", fontsize=size, color=ink)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    shown = [_shown(name) for name in names]
    axes.set_xticks(range(len(names)), shown, rotation=90, parse_math=False)
    axes.set_yticks(range(len(names)), shown, parse_math=False)
    axes.xaxis.tick_top()
    for position in range(len(names) + 1):
        axes.axhline(position - 0.5, color=GRID, linewidth=0.5)
        axes.axvline(position - 0.5, color=GRID, linewidth=0.5)
    axes.set_ylabel("gold", **_FONT)
    axes.set_xlabel(title, **_FONT)


def _matrix_alt(names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    total = sum(map(sum, counts))
    right = sum(counts[index][index] for index in range(len(names)))
    errors = [
        (count, names[row], names[column])
        for row, line in enumerate(counts)
        for column, count in enumerate(line)
        if row != column and count
    ]
    alt = f"Confusion matrix of {len(names) - 1} labels and O (nothing): {right:,} of {total:,} spans on the diagonal."
    if errors:
        count, gold, predicted = max(errors)
        alt += f" Most frequent error: {gold} taken for {predicted}, {count:,} times."
    return alt
